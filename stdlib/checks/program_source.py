"""Python programs as text: what they define, import, call and say. Nothing is run."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.readers import source_name, text_of
from clawc.stdlib.checks.values import Row, Table, Truth, Unmet

MAX_PROGRAM_TEXT = 128 << 10
MAX_CHAIN = 2_000

_PYTHON_MARK = re.compile(r"\\\n|[()\[\]{},;:=\n]|[.+*/%@&|^<>~-]+")


class ProgramParts(NamedTuple):
    """What a program holds: definitions under dotted names, then names and texts in the order of the source."""

    functions: List[Tuple[str, Any]]
    classes: List[str]
    imports: List[str]
    calls: List[str]
    strings: List[str]


def python_source(source: Any) -> Row:
    """The functions, classes, imports, calls and texts of a Python program; methods are called `Class.method`."""
    parts = _program_parts(_python_tree(source))
    rows = [(name, _argument_names(node.args), node.lineno, _doc_of(node)) for name, node in parts.functions]
    return {
        "functions": Table(["name", "args", "line", "doc"], rows),
        "classes": parts.classes,
        "imports": parts.imports,
        "calls": parts.calls,
        "strings": parts.strings,
    }


def defines(source: Any, name: Any) -> Truth:
    """Does a Python program define this function, class, or `Class.method`?"""
    parts = _program_parts(_python_tree(source))
    return name in parts.classes or name in [function for function, _ in parts.functions]


def imported_modules(source: Any) -> List[str]:
    """The modules that a Python program imports, as it writes them."""
    return _program_parts(_python_tree(source)).imports


def _python_tree(source: Any) -> ast.Module:
    """The syntax tree of a program that is small and flat enough to be parsed."""
    text, name = text_of(source), source_name(source)
    if len(text) > MAX_PROGRAM_TEXT:
        raise Unmet(f"{name} is too large for a program: more than {MAX_PROGRAM_TEXT >> 10} KiB")
    if _longest_chain(text) > MAX_CHAIN:
        raise Unmet(f"{name} has an expression of more than {MAX_CHAIN} operators")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise Unmet(f"{name} is not Python: line {error.lineno or 1}: {cut(error.msg or 'bad syntax', 160)}") from None
    except (RecursionError, MemoryError):
        raise Unmet(f"{name} is nested too deep to be parsed") from None
    except (ValueError, OverflowError):
        raise Unmet(f"{name} is not Python: it holds a character or number that cannot be") from None


def _longest_chain(text: str) -> int:
    """About the most operators, calls and brackets that are nested in one expression.

    Older parsers recurse over such a chain without a limit. Texts and comments are looked at as if they were code.
    """
    longest, chain, inner = 0, 0, 0  # `inner` is the longest chain of the parts inside the brackets, before this part
    outside: List[Tuple[int, int]] = []
    for found in _PYTHON_MARK.finditer(text):
        mark = found.group()
        if mark in "([{":
            outside.append((chain + 1, inner))
            chain = inner = 0
        elif mark in ")]}":
            if outside:
                before, inner_before = outside.pop()
                chain, inner = before + max(chain, inner), inner_before
        elif (mark == "\n" and outside) or mark == "\\\n":
            continue
        elif mark in ",;:=\n":
            inner = max(inner, chain)
            chain = 0
        else:
            chain += 1
        longest = max(longest, chain)
    return longest


def _program_parts(tree: ast.Module) -> ProgramParts:
    """One walk over the tree in the order of the source, without recursion."""
    functions: List[Tuple[str, Any]] = []
    classes: List[str] = []
    strings: List[str] = []
    imports: Dict[str, None] = {}
    calls: Dict[str, None] = {}
    waiting: List[Tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, prefix = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions.append((prefix + node.name, node))
            prefix += node.name + "."
        elif isinstance(node, ast.ClassDef):
            classes.append(prefix + node.name)
            prefix += node.name + "."
        elif isinstance(node, ast.Import):
            imports.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            imports["." * node.level + (node.module or "")] = None
        elif isinstance(node, ast.Call):
            calls[_dotted_name(node.func)] = None
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.append(node.value)
        waiting.extend((child, prefix) for child in reversed(list(ast.iter_child_nodes(node))))
    calls.pop("", None)
    return ProgramParts(functions, classes, list(imports), list(calls), strings)


def _dotted_name(node: Any) -> str:
    """`a.b.c`, or `.c` where what stands before is no name; empty for what has no name at all."""
    parts: List[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id, *reversed(parts)])
    return "." + parts[0] if parts else ""


def _argument_names(given: Any) -> List[str]:
    """The parameters of a function, those that collect the rest with their stars."""
    names = [argument.arg for argument in [*given.posonlyargs, *given.args]]
    if given.vararg is not None:
        names.append("*" + given.vararg.arg)
    names += [argument.arg for argument in given.kwonlyargs]
    return names if given.kwarg is None else [*names, "**" + given.kwarg.arg]


def _doc_of(node: Any) -> Optional[str]:
    """The docstring, its lines without indentation."""
    doc = ast.get_docstring(node, clean=False)
    return None if doc is None else "\n".join(line.strip() for line in doc.strip().split("\n"))
