"""Copies the primitives that a checker needs, with all that they need, from the library: without types, and without
branches that this checker never takes. What stays is the text of the library."""

from __future__ import annotations

import ast
import hashlib
import json
import symtable
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from clawc.compiler.emit import memo
from clawc.compiler.emit.prune import MOMENTS, NOTHING_REACHED, Pruner, Reached, reached_by
from clawc.compiler.emit.strip import stripped
from clawc.compiler.emit.vendor import every_vendor_file
from clawc.compiler.emit.walk import walk
from clawc.stdlib.checks import module_texts, sources

OURS = "clawc.stdlib.checks."
# Modules of the standard library that give no dates. A checker that imports another one keeps what is there for dates.
DATELESS = frozenset({
    "base64", "bisect", "codecs", "collections", "csv", "decimal", "fractions", "functools", "hashlib", "heapq", "html",
    "io", "itertools", "json", "math", "operator", "os", "re", "stat", "string", "struct", "sys", "unicodedata", "zlib",
})  # fmt: skip


class Definition(NamedTuple):
    """A top-level definition, with the types that it has in the library."""

    module: str
    place: int
    typed: str

    @property
    def source(self) -> str:
        """Its text without types."""
        return _stripped(self.typed)


@cache
def _stripped(typed: str) -> str:
    return memo.text("stripped", typed, lambda: stripped(typed))


class Functions(Mapping[str, ast.FunctionDef]):
    """The functions of the library by name; each is parsed when it is asked for."""

    def __init__(self, definitions: Mapping[str, Definition], names: Iterable[str]) -> None:
        self._definitions = definitions
        self._names = frozenset(names)
        self._parsed: dict[str, ast.FunctionDef] = {}

    def __getitem__(self, name: str) -> ast.FunctionDef:
        if name not in self._parsed:
            if name not in self._names:
                raise KeyError(name)
            node = ast.parse(self._definitions[name].typed).body[0]
            assert isinstance(node, ast.FunctionDef)
            self._parsed[name] = node
        return self._parsed[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


class Library(NamedTuple):
    """All definitions by name, and the statement that imports each name of the standard library."""

    definitions: dict[str, Definition]
    imports: dict[str, str]
    functions: Functions
    testable: frozenset[str]
    bases: dict[str, list[str]]
    sha256: str


@cache
def library_sha256() -> str:
    """Of the library's modules and of what is vendored with it."""
    digest = hashlib.sha256()
    for name, data in [*module_texts().items(), *every_vendor_file()]:
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


@cache
def library() -> Library:
    """The check library as source."""
    kept = memo.get("library")
    if kept is None:
        found = _read()
        memo.put("library", json.dumps([
            found.definitions, found.imports, sorted(found.functions), sorted(found.testable), found.bases, found.sha256,
        ]))  # fmt: skip
        return found
    raw, imports, functions, testable, bases, sha256 = json.loads(kept)
    definitions = {name: Definition(*fields) for name, fields in raw.items()}
    return Library(definitions, imports, Functions(definitions, functions), frozenset(testable), bases, sha256)


def _read() -> Library:
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {"namedtuple": "from collections import namedtuple"}
    functions: list[str] = []
    testable = {MOMENTS}
    bases: dict[str, list[str]] = {}
    place = 0
    for module in sources():
        lines = module.text.splitlines()
        for node in module.tree.body:
            place += 1
            if isinstance(node, ast.Import):
                imports.update({a.asname or a.name: f"import {a.name}" for a in node.names})
            elif isinstance(node, ast.ImportFrom):
                if not (node.module or "").startswith(OURS):
                    imports.update({a.name: f"from {node.module} import {a.name}" for a in node.names})
            else:
                _define(definitions, module.module, place, node, lines)
                testable.update(_testable(node))
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
                elif isinstance(node, ast.FunctionDef):
                    functions.append(node.name)
    imports.pop("annotations", None)
    known = Functions(definitions, functions)
    return Library(definitions, imports, known, frozenset(testable), bases, library_sha256())


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
    for name in names:
        assert name not in definitions, f"{name} is defined in {module} and in {definitions[name].module}"
        definitions[name] = Definition(module, place, source)


def _testable(node: ast.stmt) -> list[str]:
    """A class; or a tag or sentinel: a constant that is the only one with its value."""
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
        if node.value.func.id in ("Tag", "Missing"):
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


@cache
def _vendored(source: str) -> frozenset[tuple[str, str]]:
    """Packages and modules of calls `vendored("package", "module")`, which have to name them literally."""
    found: set[tuple[str, str]] = set()
    if "vendored(" not in source:
        return frozenset()
    for node in walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vendored":
            package, module = (ast.literal_eval(argument) for argument in node.args)
            found.add((package, module))
    return frozenset(found)


class Shaken(NamedTuple):
    """Import lines, and the sources of the definitions, both in a stable order; package and module of what is vendored."""

    imports: list[str]
    sources: list[str]
    vendored: set[tuple[str, str]]


def shake(task: str) -> Shaken:
    """Everything that the source of a task needs, in the order of the library."""
    lib = library()
    # A task is many statements: what it reaches hangs on nothing but itself.
    own = reached_by(task, lib.testable, lib.functions, NOTHING_REACHED)
    return _shaken(global_names(task) - assigned_names(task), own)


@lru_cache(maxsize=512)
def _shaken(asked: frozenset[str], own: Reached) -> Shaken:
    """As `shake`, of a task that asks for these names and reaches this."""
    lib = library()
    reached = NOTHING_REACHED
    while True:
        live, imported = _live(asked, reached)
        seen = [reached, own]
        seen += [_reached_by(name, _relevant(name, reached)) for name in live]
        made = set().union(*(s.made for s in seen))  # pyright: ignore[reportUnknownVariableType]
        for name in sorted(made):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            made.update(base for base in lib.bases.get(name, ()) if base in lib.testable)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        if any(line.split()[1] not in {*DATELESS, MOMENTS} for line in imported):
            made.add(MOMENTS)  # pyright: ignore[reportUnknownMemberType]
        now = Reached(
            frozenset(made),  # pyright: ignore[reportUnknownArgumentType]
            frozenset().union(*(s.passed for s in seen)),
            frozenset().union(*(s.attributes for s in seen)),
        )
        if now == reached:
            break
        reached = now
    ordered = sorted({lib.definitions[name].place: source for name, source in live.items()}.items())
    plain = sorted(line for line in imported if line.startswith("import "))
    members: dict[str, list[str]] = {}
    for line in sorted(imported - set(plain)):
        module, name = line.removeprefix("from ").split(" import ")
        members.setdefault(module, []).append(name)
    froms = [f"from {module} import {', '.join(names)}" for module, names in sorted(members.items())]
    vendored = {asked for source in live.values() for asked in _vendored(source)}
    return Shaken([*plain, *froms], [source for _, source in ordered], vendored)


def _live(asked: frozenset[str], reached: Reached) -> tuple[dict[str, str], set[str]]:
    """The definitions that names lead to, pruned, and the statements that import the rest."""
    lib = library()
    live: dict[str, str] = {}
    imported: set[str] = set()
    queue = sorted(asked)
    while queue:
        name = queue.pop()
        if name in lib.imports:
            imported.add(lib.imports[name])
        elif name in lib.definitions and name not in live:
            live[name] = _pruned(name, _relevant(name, reached))
            queue.extend(_global_names(live[name]))
    return live, imported


def _relevant(name: str, reached: Reached) -> Reached:
    """What is known that the source of a definition may depend on."""
    words = _words(name)
    return Reached(
        reached.made & words,
        _passed_to(reached.passed).get(name, frozenset()),
        reached.attributes & words,
    )


@lru_cache(maxsize=4)
def _passed_to(passed: frozenset[tuple[str, str]]) -> dict[str, frozenset[tuple[str, str]]]:
    """What is passed, by the function that gets it."""
    found: dict[str, set[tuple[str, str]]] = {}
    for pair in passed:
        found.setdefault(pair[0], set()).add(pair)
    return {name: frozenset(pairs) for name, pairs in found.items()}


@cache
def _words(name: str) -> frozenset[str]:
    """All names in the source of a definition, those of its methods too."""

    def find() -> str:
        nodes = walk(ast.parse(library().definitions[name].source))
        names = {n.id for n in nodes if isinstance(n, ast.Name)}
        return " ".join(sorted(names | {n.name for n in nodes if isinstance(n, ast.FunctionDef)}))

    return frozenset(memo.text("words", name, find).split())


@cache
def _pruned(name: str, reached: Reached) -> str:
    lib = library()
    return memo.text(
        "pruned", _key(name, reached), lambda: Pruner(lib.definitions[name].source, reached, lib.testable).pruned()
    )


@cache
def _reached_by(name: str, reached: Reached) -> Reached:
    lib = library()

    def find() -> str:
        found = reached_by(_pruned(name, reached), lib.testable, lib.functions, reached)
        return json.dumps([sorted(part) for part in found])

    made, passed, attributes = json.loads(memo.text("reached", _key(name, reached), find))
    return Reached(frozenset(made), frozenset((function, given) for function, given in passed), frozenset(attributes))


def _key(name: str, reached: Reached) -> str:
    return json.dumps([name, *(sorted(part) for part in reached)])


@cache
def _global_names(source: str) -> frozenset[str]:
    return frozenset(memo.text("names", source, lambda: " ".join(sorted(global_names(source)))).split())


def assigned_names(source: str) -> frozenset[str]:
    """The names that a piece of source defines at its top level."""
    table = symtable.symtable(source, "check.py", "exec")
    return frozenset(s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_namespace())


def global_names(source: str) -> frozenset[str]:
    """The names that a piece of source takes from the module around it."""
    found: set[str] = set()
    tables = [symtable.symtable(source, "check.py", "exec")]
    while tables:
        scope = tables.pop()
        top = scope.get_type() == "module"
        found.update(s.get_name() for s in scope.get_symbols() if s.is_referenced() and (top or s.is_global()))
        tables.extend(scope.get_children())
    return frozenset(found)
