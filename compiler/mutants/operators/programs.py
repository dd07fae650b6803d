"""Programs that do nothing, fail, or do something slightly else; and the same program with other layout.

A program with another comparison may do the same, so those are wrong only as far as a check says so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from clawc.compiler.mutants.model import WHOLE, Answer, Operator, Variant

_PROGRAM = "the program"
_MOST = 40  # changes of one program
_COMMENT = {
    "py": "#",
    "sh": "#",
    "rb": "#",
    "pl": "#",
    "js": "//",
    "mjs": "//",
    "ts": "//",
    "go": "//",
    "c": "//",
    "java": "//",
}


def _extension(answer: Answer) -> str:
    return answer.path.rpartition(".")[2].lower() if "." in answer.path else ""


def _is_program(answer: Answer) -> bool:
    return answer.kind == "program" or (
        answer.deliver.shape == "file" and _extension(answer) in ("py", "sh", "js", "mjs")
    )


def _stub(answer: Answer) -> Iterator[Variant]:
    if not _is_program(answer):
        return
    stub = {"py": b"pass\n", "sh": b"#!/bin/sh\nexit 0\n", "js": b"\n", "mjs": b"\n"}.get(_extension(answer), b"\n")
    yield Variant(stub, WHOLE, f"`{answer.path}` does nothing", answer.readers)


def _fails(answer: Answer) -> Iterator[Variant]:
    if not _is_program(answer):
        return
    body = {
        "py": b"raise SystemExit(3)\n",
        "sh": b"#!/bin/sh\nexit 3\n",
        "js": b"process.exit(3)\n",
        "mjs": b"process.exit(3)\n",
    }
    if _extension(answer) in body:
        yield Variant(body[_extension(answer)], WHOLE, f"`{answer.path}` fails at once", answer.readers)


def _broken(answer: Answer) -> Iterator[Variant]:
    if _is_program(answer) and answer.text is not None:
        yield Variant(b"((((\n" + answer.data, WHOLE, f"`{answer.path}` cannot be parsed", answer.readers)


def _claims(answer: Answer) -> Iterator[Variant]:
    """Prints that all went well, does nothing."""
    if _is_program(answer) and _extension(answer) == "py":
        yield Variant(b'print("ok")\nprint("done")\n', WHOLE, f"`{answer.path}` only claims success", answer.readers)


def _same_functions(answer: Answer) -> Iterator[Variant]:
    """Functions of the same names that give nothing."""
    tree = _parsed(answer)
    if tree is None:
        return
    made = False
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node in tree.body:
            node.body = [ast.Return(ast.Constant(None))]
            made = True
    if made:
        kept = [
            n
            for n in tree.body
            if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom, ast.ClassDef))
        ]
        text = ast.unparse(ast.fix_missing_locations(ast.Module(list(kept), [])))
        yield Variant(f"{text}\n".encode(), _PROGRAM, f"the functions of `{answer.path}` give nothing", answer.readers)


def _parsed(answer: Answer) -> ast.Module | None:
    if not _is_program(answer) or _extension(answer) != "py" or answer.text is None or len(answer.text) > 100_000:
        return None
    try:
        return ast.parse(answer.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Mult,
}  # fmt: skip


class _Change(ast.NodeTransformer):
    """Changes the n-th place that can be changed, and says what it did."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.seen = 0
        self.said = ""

    def _is_it(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.wanted

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        new = _COMPARED.get(type(node.ops[0]))
        if new is not None and self._is_it():
            before = ast.unparse(node)
            node.ops[0] = new()
            self.said = f"`{ast.unparse(node)}` instead of `{before}`"
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        new = _COMPUTED.get(type(node.op))
        if new is not None and self._is_it():
            before = ast.unparse(node)
            node.op = new()
            self.said = f"`{ast.unparse(node)}` instead of `{before}`"
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if self._is_it():
            before = ast.unparse(node)
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            self.said = f"`{ast.unparse(node)}` instead of `{before}`"
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, int) and not isinstance(node.value, bool) and self._is_it():
            self.said = f"`{node.value + 1}` instead of `{node.value}`"
            return ast.copy_location(ast.Constant(node.value + 1), node)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None and self._is_it():
            self.said = f"`return None` instead of `{ast.unparse(node)}`"
            return ast.copy_location(ast.Return(ast.Constant(None)), node)
        return node


def _changed(answer: Answer) -> Iterator[Variant]:
    if _parsed(answer) is None:
        return
    for number in range(_MOST):
        tree = _parsed(answer)
        assert tree is not None
        change = _Change(number)
        made = change.visit(tree)
        if not change.said:
            return
        text = ast.unparse(ast.fix_missing_locations(made))
        yield Variant(f"{text}\n".encode(), _PROGRAM, change.said, answer.readers, certain=False)


def _commented(answer: Answer) -> Iterator[Variant]:
    sign = _COMMENT.get(_extension(answer))
    if _is_program(answer) and sign is not None and answer.text is not None and not answer.pins.text:
        data = answer.data.rstrip(b"\n") + f"\n{sign} the end of it\n".encode()
        yield Variant(
            data,
            "the form",
            "a comment stands at the end",
            answer.readers,
            answer.base is None or not answer.pins.opaque,
        )


def _laid_out(answer: Answer) -> Iterator[Variant]:
    """The same program printed from its syntax tree: without comments, with other quotes and blank lines."""
    tree = _parsed(answer)
    if tree is not None and answer.base is None and not answer.pins.text:
        text = ast.unparse(tree)
        yield Variant(
            f"{text}\n".encode(),
            "the form",
            "the program is laid out otherwise, without comments",
            answer.readers,
            not answer.pins.opaque,
        )


OPERATORS = (
    Operator("program_stub", "wrong", _stub),
    Operator("program_fails", "wrong", _fails),
    Operator("program_broken", "wrong", _broken),
    Operator("program_claims", "wrong", _claims),
    Operator("program_without_results", "wrong", _same_functions),
    Operator("program_changed", "wrong", _changed),
    Operator("program_comment", "equivalent", _commented),
    Operator("program_layout", "equivalent", _laid_out),
)
