"""Copies the primitives that a checker needs, with all that they need, word for word from the library."""

from __future__ import annotations

import ast
import hashlib
import inspect
from functools import cache
from typing import NamedTuple

from clawc.compiler.emit.vendor import vendor_files
from clawc.stdlib.checks import modules

OURS = "clawc.stdlib.checks."


class Definition(NamedTuple):
    """A top-level definition: its source, the names that it uses, and the vendored modules that it imports."""

    module: str
    place: int
    source: str
    uses: frozenset[str]
    vendored: frozenset[tuple[str, str]]


class Library(NamedTuple):
    """All definitions by name, and the statement that imports each name of the standard library."""

    definitions: dict[str, Definition]
    imports: dict[str, str]
    sha256: str


@cache
def library() -> Library:
    """The check library as source."""
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    digest = hashlib.sha256()
    place = 0
    for module in modules():
        text = inspect.getsource(module)
        digest.update(text.encode())
        lines = text.splitlines()
        for node in ast.parse(text).body:
            place += 1
            if isinstance(node, ast.Import):
                imports.update({a.asname or a.name: f"import {a.name}" for a in node.names})
            elif isinstance(node, ast.ImportFrom):
                if not (node.module or "").startswith(OURS):
                    imports.update({a.name: f"from {node.module} import {a.name}" for a in node.names})
            else:
                _define(definitions, module.__name__, place, node, lines)
    for path, data in vendor_files({m for d in definitions.values() for m in d.vendored}).items():
        digest.update(path.encode() + data)
    imports.pop("annotations", None)
    return Library(definitions, imports, digest.hexdigest())


def _define(definitions: dict[str, Definition], module: str, place: int, node: ast.stmt, lines: list[str]) -> None:
    names: list[str] = []
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        names = [node.name]
    elif isinstance(node, ast.Assign):
        names = [t.id for t in node.targets if isinstance(t, ast.Name)]
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        names = [node.target.id]
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    while start > 1 and lines[start - 2].startswith("#"):
        start -= 1  # the comment above belongs to it
    source = "\n".join(lines[start - 1 : node.end_lineno])
    uses = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    vendored = frozenset(asked for n in ast.walk(node) if (asked := _asked(n)) is not None)
    for name in names:
        assert name not in definitions, f"{name} is defined in {module} and in {definitions[name].module}"
        definitions[name] = Definition(module, place, source, uses, vendored)


def _asked(node: ast.AST) -> tuple[str, str] | None:
    """Package and module of a call `vendored("package", "module")`, which has to name them literally."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vendored"):
        return None
    package, module = (ast.literal_eval(argument) for argument in node.args)
    return package, module


class Shaken(NamedTuple):
    """Import lines, the sources of the definitions, both in a stable order, and the vendored modules they import."""

    imports: list[str]
    sources: list[str]
    vendored: set[tuple[str, str]]


def shake(wanted: set[str]) -> Shaken:
    """Everything that `wanted` names need, in the order of the library."""
    lib = library()
    found: dict[str, Definition] = {}
    imported: set[str] = set()
    queue = sorted(wanted)
    while queue:
        name = queue.pop()
        if name in lib.imports:
            imported.add(lib.imports[name])
        elif name in lib.definitions and name not in found:
            found[name] = lib.definitions[name]
            queue.extend(lib.definitions[name].uses)
    ordered = sorted({d.place: d.source for d in found.values()}.items())
    plain = sorted(line for line in imported if line.startswith("import "))
    members: dict[str, list[str]] = {}
    for line in sorted(imported - set(plain)):
        module, name = line.removeprefix("from ").split(" import ")
        members.setdefault(module, []).append(name)
    froms = [f"from {module} import {', '.join(names)}" for module, names in sorted(members.items())]
    asked = {module for d in found.values() for module in d.vendored}
    return Shaken([*plain, *froms], [source for _, source in ordered], asked)
