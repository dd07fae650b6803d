"""What a worker answers: one method a question of an editor, over the buffers that are open. Results are JSON data.

Positions and ranges are those of the protocol: lines from 0, characters in the encoding that was agreed on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from clawc.commands.allowed import Sieve
from clawc.compiler.assets import Assets, DiskAssets, NoAssets
from clawc.compiler.elaborate.context import Context
from clawc.compiler.finding import Finding, finding
from clawc.compiler.format.formatting import formatted
from clawc.compiler.pipeline import build, check
from clawc.compiler.service.columns import column_made
from clawc.compiler.service.completion import completions, standard_modules
from clawc.compiler.service.document import Document
from clawc.compiler.service.edits import common_ends
from clawc.compiler.service.hover import hover
from clawc.compiler.service.names import Declaration, Names, names_of
from clawc.compiler.service.observed import Observed, observe
from clawc.compiler.service.rename import Refused, references, renamed
from clawc.compiler.service.signature import signature
from clawc.compiler.service.slices import Slice, slice_at
from clawc.compiler.service.symbols import Symbol, folds, symbols
from clawc.exits import UserError
from clawc.lsp.positions import UTF16, Positions, Range
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.bundle import CHECKER
from clawc.spec.diagnostics import BY_CODE

Json = Any
MAX_NAMES = 2000  # in a folder that are offered
MAX_SOURCES = 5000  # of a workspace that are looked through for a name
MAX_SOURCE = 2 << 20
_SKIPPED = frozenset(("node_modules", "__pycache__", "build", "dist"))


class Refusal(Exception):
    """An answer that is no: why, for the user."""


class OpenAssets(DiskAssets):
    """Files beside a source; one that is open in the editor is as it stands there."""

    def __init__(self, root: Path, buffers: Mapping[str, str]) -> None:
        super().__init__(root)
        self._buffers = buffers

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        data = super().read(cx, path, span)
        held = self._buffers.get(os.path.normpath(os.path.join(self._base(cx), path))) if data is not None else None
        return data if held is None else held.encode("utf-8", "replace")


class Desk:
    """The open buffers, by the path of their file; "untitled:…" for one that has none."""

    def __init__(self, encoding: str = UTF16) -> None:
        self._encoding = encoding
        self._buffers: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        self._documents: dict[str, Document] = {}
        self._seen: tuple[tuple[str, Slice], Observed] | None = None

    def answer(self, method: str, params: Mapping[str, Any]) -> Json:
        """Raises Refusal for what cannot be done, KeyError for a method that there is not."""
        return _METHODS[method](self, **params)

    def put(self, path: str, text: str, root: str) -> Json:
        """The text of a buffer, and the folder that files beside it must not leave; "" if it has no files."""
        self._buffers[path] = text
        self._roots[path] = root

    def drop(self, path: str) -> Json:
        """The buffer is closed."""
        for held in (self._buffers, self._roots, self._documents):
            held.pop(path, None)

    def syntax(self, path: str) -> Json:
        """What each item shows alone."""
        document = self._document(path)
        where = self._positions(document.text)
        return [_said(finding(s.diagnostic), where, s.shift) for s in document.diagnostics()]

    def task(self, path: str, line: int) -> Json:
        """What is wrong with the item on a line, and the lines that it has: far cheaper than the whole file. Of a long task only the
        errors of the part that was changed are known so."""
        document = self._document(path)
        where = self._positions(document.text)
        part = slice_at(document, where.offset(line, 0))
        checked = check(path, part.text, self._assets(path))
        found: list[Json] = []
        for f in self._kept(path, (finding(d) for d in checked.diagnostics)):
            span = part.here(Span(f.start.offset, f.end.offset)) if f.path == path else None
            if (
                span is not None
                and part.inside.start <= span.start <= part.inside.end
                and (part.complete or f.severity == "error")
            ):
                found.append(_said(f, where, span.start - f.start.offset))
        first, last = (
            where.position(part.inside.start)[0],
            where.position(max(part.inside.start, part.inside.end - 1))[0],
        )
        return {"first": first, "last": last, "complete": part.complete, "found": found}

    def check(self, path: str) -> Json:
        """All that is wrong with a file."""
        document = self._document(path)
        where = self._positions(document.text)
        checked = check(path, document.text, self._assets(path))
        return [self._of_file(f, document, where) for f in self._kept(path, (finding(d) for d in checked.diagnostics))]

    def checker(self, path: str, task: str) -> Json:
        """The checker of a task, as `clawc build` writes it."""
        checked = check(path, self._text(path), self._assets(path))
        compiled = next((c for c in checked.tasks if c.task.name == task), None)
        if compiled is None:
            raise Refusal(f"`{task}` has mistakes, so that there is no checker yet")
        return build(compiled).files[CHECKER].decode("utf-8")

    def hover(self, path: str, line: int, character: int) -> Json:
        document, where, offset = self._place(path, line, character)
        seen = self._observed(document, offset)
        found = hover(document, offset, self._names(document, seen), seen)
        return None if found is None else {"text": found.text, "range": where.range(found.span)}

    def completion(self, path: str, line: int, character: int) -> Json:
        document, where, offset = self._place(path, line, character)
        found = completions(
            document, offset, self._assets(path), self._load, lambda folder: self._listing(path, folder)
        )
        whole = where.range(Span(found.start, found.end))
        items = [
            {"label": c.label, "kind": c.kind, "insert": c.insert, "detail": c.detail, "doc": c.doc, "snippet": c.snippet, "rank": c.rank}
            for c in found.items
        ]  # fmt: skip
        return {"range": whole, "items": items}

    def signature(self, path: str, line: int, character: int) -> Json:
        document, _, offset = self._place(path, line, character)
        found = signature(document, offset, self._names(document))
        return None if found is None else found._asdict()

    def definition(self, path: str, line: int, character: int) -> Json:
        document, where, offset = self._place(path, line, character)
        module = self._module_at(document, offset)
        if module is not None:
            return {"path": module, "range": (0, 0, 0, 0)}
        seen = self._observed(document, offset)
        names = self._names(document, seen)
        found = names.declared_at(offset)
        if found is None:
            word = _word_at(document.text, offset)
            made = column_made(document, offset, word, names) if _is_column(seen, offset) else None
            return None if made is None else {"path": path, "range": where.range(made)}
        return {"path": _on_disk(found.path), "range": self._range(found.path, found.span)}

    def references(self, path: str, line: int, character: int, folders: list[str], declaration: bool = True) -> Json:
        document, _, offset = self._place(path, line, character)
        names = self._names(document, self._columns(document, offset))
        to = names.declared_at(offset)
        if to is None:
            return []
        found = references(to, [names, *self._others(to, path, folders)])
        return [
            {"path": _on_disk(r.path), "range": self._range(r.path, r.span)}
            for r in found
            if declaration or r.span != to.span or r.path != to.path
        ]

    def highlight(self, path: str, line: int, character: int) -> Json:
        document, where, offset = self._place(path, line, character)
        names = self._names(document, self._columns(document, offset))
        to = names.declared_at(offset)
        return [] if to is None else [where.range(r.span) for r in references(to, [names]) if r.path == path]

    def renamable(self, path: str, line: int, character: int) -> Json:
        document, where, offset = self._place(path, line, character)
        names = self._names(document, self._columns(document, offset))
        to = names.declared_at(offset)
        if to is None:
            raise Refusal("there is no name here that could be changed")
        self._rename(to, to.name + "_", [names])
        here = next(r for r in references(to, [names]) if r.path == path and r.span.start <= offset <= r.span.end)
        return {"range": where.range(here.span), "name": to.name}

    def rename(self, path: str, line: int, character: int, name: str, folders: list[str]) -> Json:
        document, _, offset = self._place(path, line, character)
        names = self._names(document, self._columns(document, offset))
        to = names.declared_at(offset)
        if to is None:
            raise Refusal("there is no name here that could be changed")
        return self._rename(to, name, [names, *self._others(to, path, folders)])

    def _rename(self, to: Declaration, name: str, files: list[Names]) -> Json:
        try:
            edits = renamed(to, name, files)
        except Refused as refused:
            raise Refusal(str(refused)) from refused
        return [
            {"path": _on_disk(r.path), "range": self._range(r.path, r.span), "text": edits.text} for r in edits.places
        ]

    def symbols(self, path: str) -> Json:
        document = self._document(path)
        where = self._positions(document.text)

        def of(symbol: Symbol) -> Json:
            return {"name": symbol.name, "detail": symbol.detail, "kind": symbol.kind, "range": where.range(symbol.whole),
                    "name_range": where.range(symbol.name_span), "children": [of(c) for c in symbol.children]}  # fmt: skip

        return [of(symbol) for symbol in symbols(document)]

    def folds(self, path: str) -> Json:
        document = self._document(path)
        where = self._positions(document.text)
        ranges = [where.range(span) for span in folds(document)]
        return [[r[0], r[2]] for r in ranges if r[2] > r[0]]

    def lenses(self, path: str) -> Json:
        """The tasks of a file with the line of their head."""
        document = self._document(path)
        where = self._positions(document.text)
        found: list[Json] = []
        for item in document.items():
            node = item.node
            if isinstance(node, ast.Block) and node.kind.text == "task" and node.labels:
                label = node.labels[0]
                if isinstance(label, ast.Ident):
                    found.append({"task": label.text, "range": where.range(item.span(node.head))})
        return found

    def format(self, path: str) -> Json:
        """The edit that gives the one layout; None where there is nothing to change."""
        text = self._text(path)
        result = formatted(path, text)
        if result.left:
            raise Refusal(f"not formatted: {result.left}")
        if result.text == text:
            return None
        start, end, replacement = _changed(text, result.text)
        return {"range": self._positions(text).range(Span(start, end)), "text": replacement}

    # What the methods share.

    def _positions(self, text: str) -> Positions:
        return Positions(text, self._encoding)

    def _text(self, path: str) -> str:
        return self._buffers[path]

    def _document(self, path: str) -> Document:
        text, before = self._buffers[path], self._documents.get(path)
        if before is None or before.text != text:
            before = self._documents[path] = Document.of(path, text, before)
        return before

    def _place(self, path: str, line: int, character: int) -> tuple[Document, Positions, int]:
        document = self._document(path)
        where = self._positions(document.text)
        return document, where, where.offset(line, character)

    def _assets(self, path: str) -> Assets:
        root = self._roots.get(path, "")
        return OpenAssets(Path(root), self._buffers) if root else NoAssets()

    def _observed(self, document: Document, offset: int, *, whole: bool = False) -> Observed:
        part = slice_at(document, offset, whole=whole)
        if self._seen is None or self._seen[0] != (document.path, part):
            self._seen = (document.path, part), observe(document.path, part, self._assets(document.path))
        return self._seen[1]

    def _columns(self, document: Document, offset: int) -> Observed:
        """All columns of the tasks that hold the word at an offset, so that none is taken for a name."""
        found = Observed()
        word = _word_at(document.text, offset)
        for piece in document.pieces:
            if word and word in piece.text:
                found.columns |= self._observed(document, piece.start, whole=True).columns
        return found

    def _names(self, document: Document, seen: Observed | None = None) -> Names:
        return names_of(document, self._load, frozenset(seen.columns) if seen is not None else frozenset())

    def _kept(self, path: str, found: Iterable[Finding]) -> list[Finding]:
        """Without the warnings that the project allows."""
        if not self._roots.get(path):
            return list(found)
        try:
            return Sieve(None).sift(found)[0]
        except UserError:
            return list(found)  # `clawc check` says what is wrong with the settings

    def _of_file(self, f: Finding, document: Document, where: Positions) -> Json:
        """What is said of a module stands at the `use` of it."""
        if f.path == document.path:
            return _said(f, where, 0)
        name = os.path.basename(f.path)
        span = next(
            (
                i.span(i.node.source_span)
                for i in document.items()
                if isinstance(i.node, ast.Use) and name in i.node.source
            ),
            Span(0, 0),
        )
        said = _said(f, where, 0)
        return {
            **said,
            "range": where.range(span),
            "message": f"{name}, line {f.start.line}: {said['message']}",
            "fix": None,
        }

    def _listing(self, path: str, folder: str) -> list[str]:
        """Names in a folder beside a source, inside its root."""
        root = self._roots.get(path, "")
        if not root:
            return []
        target = os.path.realpath(os.path.join(os.path.dirname(path), folder))
        if not Path(target).is_relative_to(os.path.realpath(root)):
            return []
        try:
            with os.scandir(target) as entries:
                found = [
                    e.name + "/" * e.is_dir() for e, _ in zip(entries, range(MAX_NAMES)) if not e.name.startswith(".")
                ]
        except OSError:
            return []
        return sorted(found)

    def _load(self, path: str, source: str) -> Document | None:
        """The module that `use` names, for `names_of`."""
        if not source.startswith('"'):
            return _standard(source) if source in standard_modules() else None
        root = self._roots.get(path, "") or self._root_of(path)
        wanted = os.path.normpath(os.path.join(os.path.dirname(path), source[1:-1]))
        if not root or not Path(os.path.realpath(wanted)).is_relative_to(os.path.realpath(root)):
            return None
        self._roots.setdefault(wanted, root)
        return self._load_path(wanted)

    def _root_of(self, path: str) -> str:
        return next((root for root in self._roots.values() if root and Path(path).is_relative_to(root)), "")

    def _load_path(self, path: str) -> Document | None:
        if path in self._buffers:
            return self._document(path)
        if path.startswith("std/"):
            return _standard("std." + path[4:].removesuffix(".claw"))
        text = _read(path)
        return None if text is None else Document.of(path, text)

    def _range(self, path: str, span: Span) -> Range:
        document = self._load_path(path)
        return self._positions(document.text if document is not None else "").range(span)

    def _module_at(self, document: Document, offset: int) -> str | None:
        """The file that a `use` at this offset names."""
        for item in document.items():
            if (
                isinstance(item.node, ast.Use)
                and item.span(item.node.source_span).start <= offset <= item.span(item.node.source_span).end
            ):
                module = self._load(document.path, item.node.source)
                return None if module is None else _on_disk(module.path)
        return None

    def _others(self, to: Declaration, path: str, folders: list[str]) -> Iterator[Names]:
        """Other files that may use what is declared outermost in one: those of the workspace that `use` something and hold the name."""
        if to.scope.parent is not None:
            return
        for other in _sources(folders, self._buffers):
            text = self._buffers.get(other) or _read(other)
            if other != path and text is not None and to.name in text and ("use " in text or other == to.path):
                root = self._roots.get(path, "")
                self._roots.setdefault(other, root)
                yield names_of(
                    self._document(other) if other in self._buffers else Document.of(other, text), self._load
                )


def _is_column(seen: Observed, offset: int) -> bool:
    return any(span.start <= offset <= span.end for span in seen.columns)


def _word_at(text: str, offset: int) -> str:
    start = end = offset
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[start:end]


@cache
def _standard(source: str) -> Document | None:
    name = source.removeprefix("std.") + ".claw"
    file = resources.files("clawc.stdlib") / name
    return Document.of(f"std/{name}", file.read_text(encoding="utf-8")) if file.is_file() else None


def _on_disk(path: str) -> str:
    """Where a module of the standard library lies."""
    return str(resources.files("clawc.stdlib") / path.removeprefix("std/")) if path.startswith("std/") else path


def _read(path: str) -> str | None:
    from clawc.runtime.regular_file import read_regular

    try:
        return read_regular(Path(path), MAX_SOURCE).data.decode("utf-8-sig")
    except (OSError, ValueError):
        return None


def _sources(folders: list[str], buffers: Mapping[str, str]) -> list[str]:
    """The sources of a workspace, links not followed, and those that are open."""
    found = dict.fromkeys(p for p in buffers if p.endswith(".claw"))
    for top in folders:
        for folder, inner, files in os.walk(top):
            inner[:] = sorted(f for f in inner if f not in _SKIPPED and not f.startswith("."))
            for name in sorted(files):
                if name.endswith(".claw"):
                    found[os.path.join(folder, name)] = None
            if len(found) > MAX_SOURCES:
                return list(found)[:MAX_SOURCES]
    return list(found)


def _said(f: Finding, where: Positions, shift: int) -> Json:
    fix = f.fix
    span = Span(f.start.offset + shift, f.end.offset + shift)
    return {
        "range": where.range(span), "code": f.code, "severity": f.severity, "message": f.message, "help": f.help,
        "title": BY_CODE[f.code].title,
        "fix": None if fix is None else {
            "title": fix.title, "range": where.range(Span(fix.start + shift, fix.end + shift)), "text": fix.replacement,
        },
    }  # fmt: skip


def _changed(before: str, after: str) -> tuple[int, int, str]:
    """The one stretch that differs, whole lines: where it begins and ends before, and what stands there after."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head, tail = common_ends(old, new)
    start = sum(map(len, old[:head]))
    end = len(before) - sum(map(len, old[len(old) - tail :]))
    return start, end, "".join(new[head : len(new) - tail])


_METHODS = {
    name: getattr(Desk, name)
    for name in (
        "put", "drop", "syntax", "task", "check", "checker", "hover", "completion", "signature", "definition", "references",
        "highlight", "renamable", "rename", "symbols", "folds", "lenses", "format",
    )
}  # fmt: skip
