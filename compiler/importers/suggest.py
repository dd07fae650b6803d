"""Proposals of checks in our language beside a program that is kept, where what it asks for is recognisable.

The program is read, never run. A proposal is a reading of one comparison, not a translation: what stands around it, such as a
loop or a branch, is not followed. They are written to `suggested.claw`, as a `verifier` that nothing includes yet.
"""

from __future__ import annotations

import ast
import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.importers.claw_text import RESERVED, name_of, quoted
from clawc.compiler.importers.model import ImportedTask
from clawc.compiler.importers.python_code import MAX_CODE, NotPython, parsed
from clawc.compiler.paths import path_problem

MAX_CHECKS = 60
_ENDINGS = frozenset(
    ["csv", "tsv", "json", "jsonl", "md", "txt", "yaml", "yml", "html", "xml", "ini", "toml", "log", "py"]
)


class Proposal(NamedTuple):
    """A condition over the file at `path`; in `condition` stands `{file}` for it. `line` counts from 1."""

    path: str
    condition: str
    where: str
    line: int


class _Value(NamedTuple):
    """What a variable holds: a path, the text or the JSON value of the file there, or the rows of a table; `at` are keys."""

    kind: str
    path: str
    at: tuple[str, ...] = ()


def suggest(task: ImportedTask) -> None:
    """Adds proposals to the task."""
    found: list[Proposal] = []
    for grader in task.graders:
        for path, data in sorted(grader.files.items()):
            if path.endswith(".py") and len(data) <= MAX_CODE:
                found += proposals(path, data)
    distinct = {(one.path, one.condition): one for one in reversed(found)}
    task.suggested = written(list(reversed(distinct.values()))[:MAX_CHECKS])


def proposals(where: str, data: bytes) -> list[Proposal]:
    """What a file of Python asks of files, as far as it is recognised; none where it is no Python."""
    try:
        tree = parsed(data)
    except NotPython:
        return []
    reader = _Reader(where)
    try:
        reader.visit(tree)
    except RecursionError:
        return []
    return reader.found


class _Reader(ast.NodeVisitor):
    """Walks a program in the order of its text, and remembers what its variables hold."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[Proposal] = []
        self.names: dict[str, _Value] = {}
        self.given: dict[str, _Value] = {}  # by fixtures

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """What a function calls its own is its own; what a fixture of pytest gives has its name in the tests."""
        kept = dict(self.names)
        self.names |= {arg.arg: self.given[arg.arg] for arg in node.args.args if arg.arg in self.given}
        self.generic_visit(node)
        if any(_name(d.func if isinstance(d, ast.Call) else d) == "fixture" for d in node.decorator_list):
            for inner in ast.walk(node):
                value = self._value(inner.value) if isinstance(inner, ast.Return) and inner.value is not None else None
                if value is not None:
                    self.given[node.name] = value
        self.names = kept

    def visit_Assign(self, node: ast.Assign) -> None:
        """`data = json.loads(path.read_text())` and the like."""
        self.generic_visit(node)
        value = self._value(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                if value is None:
                    self.names.pop(target.id, None)
                else:
                    self.names[target.id] = value

    def visit_With(self, node: ast.With) -> None:
        """`with open(path) as f`."""
        for item in node.items:
            value = self._value(item.context_expr)
            if value is not None and isinstance(item.optional_vars, ast.Name):
                self.names[item.optional_vars.id] = value
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """`path.exists()`, `os.path.isfile(path)`, `re.search(pattern, text)`."""
        self.generic_visit(node)
        name = _name(node.func)
        if name in ("exists", "is_file", "isfile"):
            method = isinstance(node.func, ast.Attribute) and not node.args
            of = [node.func.value] if method and isinstance(node.func, ast.Attribute) else node.args[:1]
            value = self._value(of[0]) if of else None
            if value is not None and value.kind == "path":
                self._add(value, "exists({file})", node.lineno)
        elif name == "search" and len(node.args) >= 2 and isinstance(node.args[0], ast.Constant):
            value, pattern = self._value(node.args[1]), node.args[0].value
            if (
                value is not None
                and value.kind == "text"
                and isinstance(pattern, str)
                and '"' not in pattern
                and "\n" not in pattern
            ):
                self._add(value, f'matches(text({{file}}), re"{pattern}")', node.lineno)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`"word" in text`, `data["key"] == 5`, `len(rows) == 3`."""
        self.generic_visit(node)
        if len(node.ops) != 1:
            return
        left, op, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(op, ast.In) and isinstance(left, ast.Constant) and isinstance(left.value, str):
            value = self._value(right)
            if value is not None and value.kind == "text" and left.value.strip():
                self._add(value, f"contains(text({{file}}), {quoted(left.value)})", node.lineno)
        elif isinstance(op, ast.Eq):
            for of, other in ((left, right), (right, left)):
                literal = _literal(other)
                if literal is not None and self._equal(of, literal, node.lineno):
                    return

    def _equal(self, of: ast.expr, literal: str, line: int) -> bool:
        counted = isinstance(of, ast.Call) and _name(of.func) == "len" and len(of.args) == 1
        value = self._value(of.args[0] if counted and isinstance(of, ast.Call) else of)
        if value is None or value.kind not in ("json", "rows"):
            return False
        shown = "rows({file})" if value.kind == "rows" else _keyed("json({file})", value.at)
        if counted:
            self._add(value, f"length({shown}) == {literal}", line)
        elif value.kind == "json" and value.at:
            self._add(value, f"{shown} == {literal}", line)
        else:
            return False
        return True

    def _add(self, value: _Value, condition: str, line: int) -> None:
        if not path_problem(value.path) and value.path.rsplit(".", 1)[-1].lower() in _ENDINGS:
            self.found.append(Proposal(value.path, condition, self.where, line))

    def _value(self, node: ast.expr) -> _Value | None:
        """What an expression holds, or None where that is not known."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._joined([node.left, node.right])
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return _inside(self._value(node.value), node.slice.value)
        return self._call(node) if isinstance(node, ast.Call) else None

    def _call(self, node: ast.Call) -> _Value | None:
        name = _name(node.func)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name == "join" and owner is not None and _name(owner) == "path":
            return self._joined(list(node.args))
        if name == "get" and owner is not None and node.args and isinstance(node.args[0], ast.Constant):
            return _inside(self._value(owner), node.args[0].value)
        given = [
            value
            for arg in (*([owner] if owner is not None else []), *node.args)
            if (value := self._value(arg)) is not None
        ]
        first = given[0] if given else None
        if first is None:
            return None
        kind = name.lower()
        if "json" in kind or (kind in ("load", "loads") and first.kind in ("path", "text")):
            return first._replace(kind="json") if first.kind in ("path", "text") else None
        if "csv" in kind or kind in ("dictreader", "reader") or (kind == "list" and first.kind == "rows"):
            return first._replace(kind="rows")
        if kind in ("open", "path", "str", "resolve"):
            return first
        if "read" in kind or kind in ("lower", "strip", "splitlines", "load_text"):
            return first._replace(kind="text") if first.kind in ("path", "text") and kind != "lower" else None
        return None

    def _joined(self, parts: list[ast.expr]) -> _Value | None:
        """A path below the workspace, from the parts that are texts; the first part is the workspace, or a path below it."""
        head = self._value(parts[0])
        texts = [part.value for part in parts[1:] if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if len(texts) != len(parts) - 1 or not texts:
            return None
        if head is None and not (isinstance(parts[0], (ast.Name, ast.Attribute)) and _is_workspace(_name(parts[0]))):
            return None
        before = [head.path] if head is not None and head.kind == "path" else []
        return _Value("path", "/".join([*before, *(text.strip("/") for text in texts)]))


def _is_workspace(name: str) -> bool:
    return any(word in name.lower() for word in ("workspace", "ws", "root", "base", "work_dir", "workdir"))


def _name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _inside(value: _Value | None, key: object) -> _Value | None:
    if value is None or value.kind != "json" or not isinstance(key, str):
        return None
    return value._replace(at=(*value.at, key))


def _keyed(shown: str, keys: tuple[str, ...]) -> str:
    for key in keys:
        shown += f".{key}" if key.isidentifier() and key.islower() and key not in RESERVED else f"[{quoted(key)}]"
    return shown


def _literal(node: ast.expr) -> str | None:
    """A constant of Python as one of ours."""
    try:
        value: Any = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return _spelled(value)


def _spelled(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (int, float)) and abs(value) < 10**15:
        text = format(Decimal(repr(value)), "f")
        return text if value >= 0 else f"-{text.lstrip('-')}"
    if isinstance(value, (list, tuple)) and len(value) <= 40:  # pyright: ignore[reportUnknownArgumentType]
        parts = [_spelled(part) for part in json.loads(json.dumps(value))]
        return None if any(part is None for part in parts) else "[" + ", ".join(p for p in parts if p) + "]"
    return None


def _gist(condition: str) -> str:
    """A few words of a condition, for its name."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|\{file\}|\b(?:json|text|rows)\b|==.*', "", condition)


def written(found: list[Proposal]) -> str:
    """The text of the file; "" without proposals."""
    if not found:
        return ""
    taken: set[str] = set()
    files = {
        path: name_of(path.rsplit("/", 1)[-1].replace(".", "_"), taken, prefix="file")
        for path in sorted({p.path for p in found})
    }
    lines = [
        "claw 1",
        "",
        "# Read from the program that judges this task, comparison by comparison; nothing about it is proved.",
        "# To use it, declare the files in the task and include the verifier:",
        *(f"#   deliver {name} {quoted(path)}" for path, name in files.items()),
        f"#   verify {{ include = [suggested({', '.join(files.values())})] }}",
        "verifier suggested {",
        f"  params = [{', '.join(files.values())}]",
    ]
    names: set[str] = set(files.values())
    for one in found:
        name = name_of(files[one.path] + "_" + _gist(one.condition), names)
        lines += [
            "",
            f"  ## {one.where}, line {one.line}.",
            f"  check {name} {{",
            f"    expect {one.condition.replace('{file}', files[one.path])}",
            "  }",
        ]
    return "\n".join([*lines, "}"]) + "\n"
