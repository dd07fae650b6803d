"""What editors ask of sources: on all examples, at every place, and after edits of any kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.assets import DiskAssets, NoAssets
from clawc.compiler.pipeline import check, read
from clawc.compiler.service.completion import completions
from clawc.compiler.service.document import Document
from clawc.compiler.service.hover import hover
from clawc.compiler.service.names import names_of
from clawc.compiler.service.observed import observe
from clawc.compiler.service.rename import Refused, references, renamed
from clawc.compiler.service.shown import fenced, one_line, value_text
from clawc.compiler.service.signature import signature
from clawc.compiler.service.situation import situation
from clawc.compiler.service.slices import slice_at
from clawc.compiler.service.symbols import folds, symbols
from clawc.spec.ast import Span
from clawc.stdlib.checks.values import Table

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "examples").glob("*.claw")) + sorted((ROOT / "examples" / "golden").rglob("*.claw"))[:20]
LETTERS = ROOT / "examples" / "overdue_letters.claw"
IDS = [p.stem for p in SOURCES]


def nothing(_: str, __: str) -> None:
    return None


def no_files(_: str) -> list[str]:
    return []


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_names_stand_where_they_are_said_to(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = names_of(Document.of(str(path), text))
    assert names.declarations
    for declared in names.declarations:
        assert text[declared.span.start : declared.span.end].strip("`") == declared.name
    for reference in names.references:
        assert text[reference.span.start : reference.span.end].strip("`") == reference.to.name


@pytest.mark.sampled(3)
@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_a_name_is_changed_everywhere_it_is_used(path: Path) -> None:
    """After each renaming the file means what it meant: it checks, with the same tasks."""
    text = path.read_text(encoding="utf-8")
    assets = DiskAssets(path.parent)
    if check(str(path), text, assets).diagnostics:
        pytest.skip("the example is there for its findings")
    document = Document.of(str(path), text)
    columns: set[Span] = set()
    for piece in document.pieces:
        columns |= observe(document.path, slice_at(document, piece.start), assets).columns
    names = names_of(document, columns=frozenset(columns))
    for declared in names.declarations:
        if declared.kind in ("column", "imported", "task", "param"):
            continue
        edits = renamed(declared, f"{declared.name}_renamed", [names])
        changed = text
        for place in sorted(edits.places, key=lambda r: r.span.start, reverse=True):
            changed = changed[: place.span.start] + edits.text + changed[place.span.end :]
        found = [d for d in check(str(path), changed, assets).diagnostics if d.severity == "error"]
        assert not found, (declared.name, declared.kind, [(d.code, d.message) for d in found])


def test_what_cannot_be_renamed() -> None:
    text = LETTERS.read_text(encoding="utf-8")
    names = names_of(Document.of(str(LETTERS), text))
    by_name = {d.name: d for d in names.declarations}
    for name, to in (
        ("full_name", "n"),
        ("client", "c"),
        ("late", "totals"),
        ("late", "let"),
        ("late", "a b"),
        ("late", ""),
    ):
        with pytest.raises(Refused):
            renamed(by_name[name], to, [names])
    assert len(references(by_name["late"], [names])) == 10


@pytest.mark.sampled(4)
@pytest.mark.parametrize("path", SOURCES[:7], ids=IDS[:7])
def test_every_place_of_a_file_can_be_asked(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = Document.of(str(path), text)
    names = names_of(document)
    seen = observe(document.path, slice_at(document, len(text) // 2), DiskAssets(path.parent))
    shown = 0
    for offset in range(0, len(text) + 1, 17):
        where = situation(text, offset)
        assert text[where.start : offset].startswith(where.word) or where.kind == "text"
        signature(document, offset, names)
        shown += hover(document, offset, names, seen) is not None
    assert shown > 8
    for offset in range(0, len(text) + 1, 401):
        found = completions(document, offset, DiskAssets(path.parent), nothing, no_files)
        assert found.start <= offset <= found.end


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(
            ["", "x", "{", "}", "\n", '"', '"""', "{{", "#", "task t {\n}\n", "let a = 1\n", "| where ", "claw 1\n", "\u2028", "\r", "\ud800"]
        )),
        max_size=6,
    )
)  # fmt: skip
def test_edits_leave_the_same_as_reading_anew(edits: list[tuple[float, int, str]]) -> None:
    text = LETTERS.read_text(encoding="utf-8") + "\nlet a = 1\n"
    document = Document.of("a.claw", text)
    for place, removed, written in edits:
        at = int(place * len(text))
        text = text[:at] + written + text[at + removed :]
        document = Document.of("a.claw", text, document)
        assert "".join(piece.text for piece in document.pieces) == text
        for said in document.diagnostics():
            assert 0 <= said.diagnostic.span.start + said.shift <= len(text) + 1
        assert len(symbols(document)) <= len(list(document.items()))
        assert all(span.start < span.end for span in folds(document))
        offset = min(at, len(text))
        completions(document, offset, NoAssets(), nothing, no_files)
        hover(document, offset, names_of(document), observe(document.path, slice_at(document, offset), NoAssets()))


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_long_blocks_that_are_cut_say_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")

    def said(document: Document) -> dict[str, object]:
        names = names_of(document)
        return {
            "declared": sorted((d.span, d.name, d.kind) for d in names.declarations),
            "used": sorted((r.span, r.to.name, r.to.span) for r in names.references),
            "symbols": symbols(document), "folds": folds(document),
            "syntax": sorted((s.diagnostic.code, s.diagnostic.span.start + s.shift) for s in document.diagnostics()),
        }  # fmt: skip

    for changed in (text, text.replace("expect ", "expect = ", 1), text.replace("| where", "| | where", 1)):
        plain = said(Document.of(str(path), changed))
        with monkeypatch.context() as patched:
            patched.setattr("clawc.compiler.service.document.LONG", 3)
            cut = Document.of(str(path), changed)
            if changed == text:
                assert any(piece.inner for piece in cut.pieces)
            assert said(cut) == plain
            again = Document.of(str(path), changed, Document.of(str(path), text))
            assert said(again) == plain


def test_a_slice_holds_what_a_place_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = LETTERS.read_text(encoding="utf-8")
    monkeypatch.setattr("clawc.compiler.service.document.LONG", 3)
    document = Document.of(str(LETTERS), text)
    assets = DiskAssets(LETTERS.parent)
    for where, needed, left in (
        (
            "expect rows(totals) == la",
            ("let late", "deliver totals", "file ledger", "data invoices", "param region"),
            ("forbid strangers",),
        ),
        ("| where reg", ("file ledger", "data invoices", "file clients"), ("deliver", "verify")),
        ("forbid strang", ("deliver letters", "let late"), ("check totals_right",)),
    ):
        offset = text.index(where) + len(where)
        part = slice_at(document, offset)
        assert not part.complete
        assert all(word in part.text for word in needed) and not any(word in part.text for word in left), where
        assert text[part.inside.start : part.inside.end] in part.text
        for there, here, length in part.seams:
            assert part.text[there : there + length] == text[here : here + length]
        whole = observe(document.path, slice_at(document, offset, whole=True), assets)
        some = observe(document.path, part, assets)
        inside = {
            s: v.type for s, (_, v) in some.typed.items() if part.inside.start <= s.start and s.end <= part.inside.end
        }
        assert inside and inside == {s: whole.typed[s][1].type for s in inside}


def test_a_keystroke_reads_one_item() -> None:
    text = LETTERS.read_text(encoding="utf-8")
    body = text.split("\n", 3)[3]
    whole = "claw 1\n\nuse std.people (full_name, email)\n" + "".join(
        body.replace("overdue_letters", f"t{n}") for n in range(12)
    )
    before = Document.of("a.claw", whole)
    after = Document.of("a.claw", whole.replace("sort -owed, client", "sort -owed, clien", 1), before)
    same = [one.parsed is other.parsed for one, other in zip(before.pieces, after.pieces, strict=True)]
    assert same.count(False) == 1
    assert [(p.start, p.text) for p in after.pieces] == [
        (p.start, p.text) for p in Document.of("a.claw", after.text).pieces
    ]


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_pieces_show_what_the_whole_file_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for broken in (text, text.replace("=", "= =", 3), text.replace("check ", "chekc ", 1)):
        whole = {(d.code, d.span.start) for d in read(str(path), broken).diagnostics.sorted()}
        pieces = {
            (s.diagnostic.code, s.diagnostic.span.start + s.shift) for s in Document.of(str(path), broken).diagnostics()
        }
        assert pieces == whole


def test_values_are_shown_without_harm() -> None:
    hostile = Table(["a\n`", "\u202eb"], [{"a\n`": "```\n# x", "\u202eb": "<script>"}] * 20)
    shown = value_text(hostile)
    assert "\u202e" not in shown
    assert shown.count("\n") == 9
    block = fenced(shown)
    fence = block.split("\n", 1)[0]
    assert fence == "````" and block.count(fence) == 2
    assert len(one_line("x" * 10_000)) <= 200
    assert one_line({"a": [1, "\x1b[31m"]}) == '{a: [1, "\ufffd[31m"]}'
