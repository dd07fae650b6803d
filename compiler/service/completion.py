"""What can be written where the cursor is: words of the language by its tables, names in scope, columns of the very rows, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from clawc.compiler.assets import Assets
from clawc.compiler.elaborate.context import (
    Binding,
    BlockBinding,
    CheckBinding,
    CoreBinding,
    DefBinding,
    DeliverableBinding,
    InputBinding,
    LetBinding,
    ProviderBinding,
    TreeBinding,
)
from clawc.compiler.service.document import Document
from clawc.compiler.service.names import Declaration, Load, Names, Scope, names_of
from clawc.compiler.service.observed import MARKER, Place, observe
from clawc.compiler.service.shown import fenced, type_text
from clawc.compiler.service.situation import Situation, situation_at
from clawc.compiler.service.slices import slice_at
from clawc.spec import taxonomy
from clawc.spec.blocks import BY_KIND, FORMATS, TOP_LEVEL, BlockKind
from clawc.spec.functions import AGGREGATES, BY_NAME, PROVIDERS, TABLE, VERBS, Function
from clawc.spec.types import ANY, ListType, RecordType, TableType, Type

Kind = Literal[
    "keyword", "block", "attribute", "function", "verb", "name", "column", "file", "module", "value", "parameter"
]
# Names in a folder beside the source, by its path from the folder of the source; those of folders end in "/".
Listing = Callable[[str], list[str]]

_FILES = frozenset(("from", "use", "files", "seeds", "tasks", "without"))
_ASSETS = frozenset(("file", "tree", "skill", "change"))
_CONSTANTS = ("true", "false", "null")
_BOUND = {
    "path": "the path of an input or deliverable", "param": "a parameter of this instance", "workspace": "all files",
    "transcript": "what the agent did", "final_message": "its last message",
}  # fmt: skip
_LABELS = {"name": "${%d:name}", "path": '"${%d:path}"', "title": '"${%d:title}"', "code": '"""\n$%d\n"""'}
_HIDDEN_GROUPS = frozenset(("dirt", "testing"))


@dataclass(frozen=True, slots=True)
class Completion:
    """`insert` replaces the word at the cursor; a `snippet` has `$1` and `${1:word}` where an author goes on. `rank` orders kinds,
    lower first."""

    label: str
    kind: Kind
    insert: str
    detail: str = ""
    doc: str = ""
    snippet: bool = False
    rank: int = 5


@dataclass(frozen=True, slots=True)
class Completions:
    """What fits, and the offsets that it replaces."""

    start: int
    end: int
    items: tuple[Completion, ...]


def completions(document: Document, offset: int, assets: Assets, load: Load, listing: Listing) -> Completions:
    """What can be written at an offset; never raises on what the file holds."""
    found = _Asked(document, offset, situation_at(document, offset), assets, load, listing)
    start, items = found.items()
    seen: dict[str, Completion] = {}
    for item in items:
        seen.setdefault(item.label, item)
    return Completions(start, offset, tuple(sorted(seen.values(), key=lambda c: (c.rank, c.label))))


class _Asked:
    """One request."""

    def __init__(
        self,
        document: Document,
        offset: int,
        where: Situation,
        assets: Assets,
        load: Load,
        listing: Listing,
    ) -> None:
        self.document = document
        self.offset = offset
        self.where = where
        self.start = where.start
        self.assets = assets
        self.load = load
        self.listing = listing

    def items(self) -> tuple[int, Iterator[Completion]]:
        kind, attribute = self.where.kind, self.where.attribute
        if kind == "nothing":
            return self.start, iter(())
        if kind == "item":
            return self.start, self._of_block()
        if attribute in ("category", "operations") and kind in ("value", "member"):
            return self._of_taxonomy(attribute)
        if kind == "module":
            return self._modules()
        if kind == "module_name":
            return self.start, self._of_module()
        if kind == "text":
            return self._paths()
        if kind == "label":
            return self.start, self._labels()
        if kind == "path":
            return self.start, self._behind_path()
        if kind == "member":
            return self.start, self._members()
        return self.start, self._values()

    def _of_block(self) -> Iterator[Completion]:
        """Attributes that the block lacks, blocks that it may hold, and statements."""
        inner = self.where.blocks[-1] if self.where.blocks else ""
        row = BY_KIND.get(inner)
        if not inner:
            yield from (_block(BY_KIND[kind], outside=True) for kind in TOP_LEVEL)
            yield from _statements(("let", "def", "use"))
        elif row is not None:
            for name, attribute in (row.attributes or {}).items():
                if name not in self.where.given and not attribute.later:
                    yield Completion(
                        name, "attribute", f"{name} = ", attribute.type, attribute.doc, rank=2 - attribute.required
                    )
            for kind in row.children:
                if not BY_KIND[kind].later:
                    yield _block(BY_KIND[kind])
            yield from _statements(row.statements)

    def _of_taxonomy(self, attribute: str) -> tuple[int, Iterator[Completion]]:
        table = taxonomy.CATEGORIES if attribute == "category" else taxonomy.OPERATIONS
        start = self.start
        while start and (self.document.text[start - 1].isalnum() or self.document.text[start - 1] in "._"):
            start -= 1
        return start, (Completion(name, "value", name, rank=1) for name in taxonomy.dotted(table))

    def _modules(self) -> tuple[int, Iterator[Completion]]:
        start = self.start - len(self.where.source)
        return start, (Completion(name, "module", name) for name in standard_modules())

    def _of_module(self) -> Iterator[Completion]:
        source = self.where.source
        for row in PROVIDERS:
            if source == f"std.{row.group}":
                yield _function(row, 1, call=False)
        module = self.load(self.document.path, source)
        if module is not None:
            for name, declared in names_of(module, self.load).file.names.items():
                yield Completion(name, "name", name, declared.kind, rank=1)

    def _paths(self) -> tuple[int, Iterator[Completion]]:
        where = self.where
        wanted = where.attribute in _FILES or (not where.attribute and where.call in _ASSETS) or where.call == "from"
        if not wanted:
            return self.start, iter(())
        folder, _, _ = where.word.rpartition("/")
        names = self.listing(folder)
        start = self.start + len(folder) + 1 if folder else self.start
        fit = (n for n in names if where.attribute != "use" or n.endswith(("/", ".claw")))
        return start, (
            Completion(n, "file", n, rank=1 if n.endswith("/") else 2) for n in fit if n.isprintable() and '"' not in n
        )

    def _labels(self) -> Iterator[Completion]:
        """Behind the verb of a solution, mutant or test: what it changes."""
        if self.where.call in ("write", "edit", "replace"):
            for declared in self._visible().values():
                if declared.kind == "deliverable":
                    yield Completion(declared.name, "name", declared.name, "deliverable", rank=1)

    def _behind_path(self) -> Iterator[Completion]:
        if self.where.object == "param":
            yield from (Completion(n, "parameter", n, "param", rank=1) for s in self._scopes() for n in s.params)
            return
        for declared in self._visible().values():
            if declared.kind in ("input", "deliverable"):
                yield Completion(declared.name, "name", declared.name, declared.kind, rank=1)

    def _members(self) -> Iterator[Completion]:
        place = self._place()
        of: Type | None = place.object if place is not None else None
        if isinstance(of, ListType):
            of = of.element
        if isinstance(of, (RecordType, TableType)):
            for name, inner in of.fields if isinstance(of, RecordType) else of.columns:
                yield Completion(name, "column", _quoted(name), type_text(inner), rank=1)

    def _values(self) -> Iterator[Completion]:
        where = self.where
        row = (
            BY_KIND[where.blocks[-1]].attribute(where.attribute)
            if where.blocks and where.blocks[-1] in BY_KIND
            else None
        )
        if row is not None and row.type == "format":
            yield from (Completion(f, "value", f, rank=1) for f in FORMATS)
            return
        if row is not None and row.type == "bool":
            yield from (Completion(c, "value", c, rank=1) for c in _CONSTANTS[:2])
            return
        named = self._of_names(where.attribute) if row is not None and row.type == "names" else None
        if named is not None:
            yield from named
            return
        if where.call == "passed":
            yield from (Completion(n, "name", n, "check", rank=1) for n in self._checks())
            return
        place = self._place()
        if where.kind == "stage":
            yield from (_function(verb, 1, kind="verb", call=False) for verb in VERBS)
        if where.kind == "argument" and where.call in BY_NAME:
            for parameter in BY_NAME[where.call].parameters:
                if not parameter.required and not parameter.rest:
                    yield Completion(
                        f"{parameter.name} =", "parameter", f"{parameter.name} = ", f"of {where.call}", rank=1
                    )
        if place is not None:
            yield from (Completion(n, "column", _quoted(n), type_text(t), rank=0) for n, t in place.columns.items())
            yield from _bound(place.names)
        yield from (
            Completion(d.name, "name", _quoted(d.name), d.kind, rank=2)
            for d in self._visible().values()
            if d.kind not in ("task", "column", "block")
        )
        aggregates = where.call in ("group", "window")
        yield from (_function(f, 3, call=where.kind != "stage") for f in (AGGREGATES if aggregates else ()))
        yield from (_function(f, 4, call=True) for f in TABLE if f.group not in _HIDDEN_GROUPS or _fits_here(f, where))
        yield from (_function(f, 5, call=True) for f in AGGREGATES)
        if where.kind != "stage":
            yield from (Completion(w, "keyword", w, doc, rank=4) for w, doc in _BOUND.items())
            yield from (Completion(w, "keyword", w, rank=6) for w in (*_CONSTANTS, "if", "not"))

    def _of_names(self, attribute: str) -> list[Completion] | None:
        """Names for attributes that take some; None where any expression may stand."""
        if attribute == "start":
            return [Completion(w, "value", w, rank=1) for w in ("solution", "inputs")]
        if attribute == "after":
            return [Completion(n, "name", n, "check", rank=1) for n in self._checks()]
        kind = {"reads": "deliverable", "edits": "input", "to": "input"}.get(attribute)
        if kind is None:
            return None
        return [Completion(d.name, "name", d.name, d.kind, rank=1) for d in self._visible().values() if d.kind == kind]

    def _checks(self) -> list[str]:
        return list(dict.fromkeys(n for scope in self._scopes() for n in scope.checks))

    def _scopes(self) -> Iterator[Scope]:
        """The scopes around the cursor, innermost first."""
        scope: Scope | None = self._names().scope_at(self.offset)
        while scope is not None:
            yield scope
            scope = scope.parent

    def _names(self) -> Names:
        return names_of(self.document, self.load)

    def _visible(self) -> dict[str, Declaration]:
        return self._names().scope_at(self.offset).visible()

    def _place(self) -> Place | None:
        """What elaboration knows of the place, with a name that nobody writes put there, and brackets closed."""
        text = self.document.text
        behind = self.offset
        while behind < len(text) and (text[behind].isalnum() or text[behind] == "_"):
            behind += 1
        for closers in dict.fromkeys(("", self.where.closers)):
            asked = text[: self.start] + MARKER + closers + text[behind:]
            changed = Document.of(self.document.path, asked, self.document)
            place = observe(changed.path, slice_at(changed, self.start), self.assets).place
            if place is not None:
                return place
        return None


def _fits_here(row: Function, where: Situation) -> bool:
    return (row.group == "testing" and "test" in where.blocks) or (row.group == "dirt" and where.attribute == "dirt")


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else f"`{name}`"


def _statements(words: Iterable[str]) -> Iterator[Completion]:
    shapes = {
        "let": "let ${1:name} = $0", "def": "def ${1:name}(${2:x}) = $0", "use": "use ${1:std.people} (${2:name})",
        "expect": "expect $0", "write": "write ${1:deliverable} = $0", "edit": "edit ${1:deliverable} = $0",
        "replace": "replace ${1:deliverable} = $0",
    }  # fmt: skip
    return (Completion(w, "keyword", shapes.get(w, f"{w} "), snippet=w in shapes, rank=3) for w in words)


def _block(row: BlockKind, *, outside: bool = False) -> Completion:
    labels = row.outside if outside and row.outside is not None else row.labels
    head = " ".join([row.kind, *(_LABELS[label] % number for number, label in enumerate(labels, 1))])
    return Completion(row.kind, "block", head + " {\n  $0\n}", " ".join(labels), row.doc, snippet=True, rank=3)


def _function(row: Function, rank: int, *, kind: Kind = "function", call: bool) -> Completion:
    insert = f"{row.name}($0)" if call and row.parameters else f"{row.name}()" if call else row.name
    doc = f"{fenced(row.signature, 'claw')}\n{row.doc}"
    return Completion(row.name, kind, insert, row.signature, doc, snippet=call and bool(row.parameters), rank=rank)


_KINDS: tuple[tuple[type, str], ...] = (
    (LetBinding, "let"), (InputBinding, "input"), (TreeBinding, "input"), (DeliverableBinding, "deliverable"),
    (CoreBinding, "value"),
)  # fmt: skip


def _bound(names: dict[str, Binding]) -> Iterator[Completion]:
    """Names in scope, with their types where these are known."""
    for name, binding in names.items():
        if isinstance(binding, (BlockBinding, CheckBinding)) or name == MARKER:
            continue
        if isinstance(binding, DefBinding):
            detail = f"{name}({', '.join(binding.params)})"
            yield Completion(name, "function", f"{name}($0)", detail, snippet=True, rank=2)
        elif isinstance(binding, ProviderBinding):
            yield _function(binding.row, 2, call=True)
        else:
            word = next((w for kind, w in _KINDS if isinstance(binding, kind)), "")
            yield Completion(name, "name", _quoted(name), _type_of(binding) or word, rank=2)


def _type_of(binding: Binding) -> str:
    value = binding.value if isinstance(binding, (LetBinding, CoreBinding)) else None
    if value is not None and value.type is not ANY:
        return type_text(value.type)
    if isinstance(binding, InputBinding):
        return f"{binding.file.kind} file"
    return f"{binding.kind} file, delivered" if isinstance(binding, DeliverableBinding) else ""


def standard_modules() -> list[str]:
    """The modules of the standard library, as `use` writes them."""
    written = {
        e.name.removesuffix(".claw") for e in resources.files("clawc.stdlib").iterdir() if e.name.endswith(".claw")
    }
    return sorted(f"std.{name}" for name in written | {row.group for row in PROVIDERS})
