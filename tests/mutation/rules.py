"""What of a primitive is left unmutated: it carries no meaning, or none that a test should pin.

Left out are docstrings, imports, annotations, aliases of types, decorators, `__repr__`, texts shown to people (what goes
into `Unmet`, `No` and `because`, sentences elsewhere, functions that only write such texts), the exact size of a limit
(`MAX_…`), and the case of what is read in any case (encodings, SQL). Shares of credit stand beside a reason and
are mutated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

REASONS = frozenset({"Unmet", "No", "because"})
# They write texts for people, and nothing is decided by what they give.
FOR_PEOPLE = frozenset(
    {
        "_entry_kind", "_how_many", "_shown_number", "_shown_parts", "counted", "cut", "described", "escaped", "odd_rows",
        "quoted_names", "row_name", "shown", "shown_row", "text_difference", "verdict_line",
    }
)  # fmt: skip
ENCODINGS = re.compile(r"(?i)(utf-?(8|16)(-?(sig|le|be))?|ascii|us-ascii|latin-?1|cp1252)\Z")
SQL = re.compile(r"(SELECT|PRAGMA) ")
_SENTENCE = re.compile(r"[a-z`,;:] [a-z%`]")
_TYPING = frozenset({"Callable", "Dict", "List", "Optional", "Sequence", "Set", "Tuple", "Type", "TypeVar", "Union"})
_UNMUTATED = (cst.Import, cst.ImportFrom, cst.Annotation, cst.Decorator)


def called(node: cst.CSTNode) -> str:
    """The name that a call calls, or nothing."""
    return node.func.value if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) else ""


def is_sentence(node: cst.CSTNode) -> bool:
    """A literal with words of prose in it."""
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return isinstance(value, str) and bool(_SENTENCE.search(value))
    if isinstance(node, cst.ConcatenatedString):
        return is_sentence(node.left) or is_sentence(node.right)
    if isinstance(node, cst.FormattedString):
        return any(isinstance(p, cst.FormattedStringText) and _SENTENCE.search(p.value) for p in node.parts)
    return False


def is_limit(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value.lstrip("_").startswith("MAX_")


def _is_type(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Call):
        return called(node) in _TYPING
    return isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name) and node.value.value in _TYPING


def left_out(node: cst.CSTNode, inside_function: bool) -> bool:
    """Is this node left out, with all in it?"""
    if isinstance(node, _UNMUTATED):
        return True
    if isinstance(node, cst.FunctionDef):
        return node.name.value == "__repr__" or node.name.value in FOR_PEOPLE
    if isinstance(node, cst.Expr):
        return isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString))
    if isinstance(node, cst.Assign):
        return _is_type(node.value) or is_limit(node.targets[0].target)
    if isinstance(node, cst.BinaryOperation):
        return inside_function and isinstance(node.operator, cst.Modulo) and is_sentence(node.left)
    return inside_function and is_sentence(node)


def mutable_children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The children of a node, but for the text of a reason."""
    if isinstance(node, cst.Call) and called(node) in REASONS:
        yield from node.args[1:]
    else:
        yield from node.children


def is_pinned(node: cst.CSTNode, changed: cst.CSTNode) -> bool:
    """Would this change of a node alter only what no test should pin?"""
    if called(node) in REASONS:
        return True
    if isinstance(node, cst.SimpleString) and isinstance(changed, cst.SimpleString):
        before, after = ast.literal_eval(node.value), ast.literal_eval(changed.value)
        any_case = isinstance(before, str) and (ENCODINGS.match(before) or SQL.match(before))
        return before == after or bool(any_case and before.lower() == after.lower())
    return isinstance(node, cst.ComparisonTarget) and is_limit(node.comparator)
