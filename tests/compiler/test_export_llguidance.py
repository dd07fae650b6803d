"""llguidance reads the exported grammars, accepts every source, and what it lets through our parser reads, too.

Where llguidance is missing these are skipped; it comes with the extra `dev`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.compiler.passes.parse import parse, parse_expression
from clawc.compiler.passes.shape import check_shape
from clawc.compiler.source import Diagnostics, Source
from clawc.spec.ast import Span
from clawc.spec.blocks import TABLE
from clawc.spec.export.decoding import decoding_grammar
from clawc.spec.export.prepare import Start
from clawc.spec.export.scope import Scope, scope_of
from clawc.spec.functions import BY_NAME
from clawc.stdlib.archetypes.draw import Balance
from clawc.stdlib.archetypes.propose import propose

llguidance: Any = pytest.importorskip("llguidance", reason="llguidance is not installed: pip install -e '.[dev]'")

ROOT = Path(__file__).parents[2]
VALID = sorted([*(ROOT / "examples").rglob("*.claw"), *(ROOT / "tests" / "conformance" / "valid").glob("*.claw")])
EXAMPLES = [path for path in VALID if "examples" in path.parts]
WALKS = int(os.environ.get("CLAWC_WALKS", "1000"))
PARTS = 8  # walks are shared out over tests, so that they run side by side

NAMES = ("a", "b", "report", "rows", "re", "on", "within", "claw", "letx", "ore", "is_in", "path", "order_1", "T")
SIGNS = ("=", " = ", "(", ")", "[", "]", "{", "}", " {", " }", ", ", ",", ";", ": ", ".", "..", " | ", "|", "-", "+", " + ", " - ",
         "*", " / ", "<", " <= ", "==", " == ", " != ", ">", "??", " ?? ", " ", "  ", "\t", "# note", "`a b`", "`")  # fmt: skip
WORDS = ("let ", "def ", "use ", "expect ", "if ", " then ", " else ", " and ", " or ", "not ", " not in ", " in ", " on ",
         " within ", "let", "or", "and", "in", "not", "on", "within", "then", "true", "false", "null")  # fmt: skip
VALUES = ('"x"', '"a {{ b }}"', '""', '"', "\\", '\\"', '"""a\nb"""', '"""', 're"[a-z]+"', 're"', "@2026-01-31", "@2026-01-31T09:30Z",
          "@2026-01-31T09:30+02:00", "0", "12", "1.5", "5min", "3d", "10ms", "64MiB", "5%", "1..5", "1..", "é", "Ω")  # fmt: skip
SNIPPETS = (*NAMES, *SIGNS, *WORDS, *VALUES, "claw 1", "\r\n", "\\n")
_LABELS = {"name": "a", "path": '"a.csv"', "title": '"A b"', "code": '"""pass"""'}
TABLE_SNIPPETS = (
    *(" ".join([row.kind, *(_LABELS[label] for label in row.labels)]) for row in TABLE),
    *(" ".join([row.kind, *(_LABELS[label] for label in row.labels)]) + " {" for row in TABLE),
    *(f"{name} = " for row in TABLE for name in row.attributes or {}),
    *(f"{name}(" for name in BY_NAME),
    *(f" | {name} " for name in BY_NAME),
    "write a = ", "replace a = ", "[a, b]", "office.records", "[files.extract, data.join]", "program",
)  # fmt: skip
CLOSING = {"(": ")", "[": "]", "{": "}"}
BRACKETS = "()[]{}"


class _Tokens:
    """A tokenizer as llguidance wants it; the token for the end is the last one."""

    bos_token_id = None

    def __init__(self, tokens: list[bytes], encode: Callable[[bytes], list[int]]) -> None:
        self.tokens = [*tokens, b"<eos>"]
        self.eos_token_id = len(tokens)
        self.special_token_ids = [len(tokens)]
        self.encode = encode

    def __call__(self, text: str | bytes) -> list[int]:
        return self.encode(text if isinstance(text, bytes) else text.encode())


def _tokenizer(tokens: list[bytes], encode: Callable[[bytes], list[int]]) -> Any:
    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Tokens(tokens, encode)))


@cache
def tokenizer() -> Any:
    """One token for each byte."""
    return _tokenizer([bytes([i]) for i in range(256)], list)


def compiled(text: str) -> Any:
    """A matcher at its start; copies of it run."""
    grammar = llguidance.LLMatcher.grammar_from_lark(text)
    assert llguidance.LLMatcher.validate_grammar(grammar, tokenizer()) == ""
    return llguidance.LLMatcher(tokenizer(), grammar)


@cache
def whole(start: Start = "file") -> Any:
    return compiled(decoding_grammar("llguidance", start))


@cache
def cut() -> Any:
    return compiled(decoding_grammar("llguidance", cut=True))


@cache
def scope(path: Path) -> Scope:
    return scope_of(parse(Source.of(path.name, path.read_text(encoding="utf-8")), Diagnostics()).file)


@cache
def in_scope(path: Path) -> Any:
    return compiled(decoding_grammar("llguidance", cut=True, scope=scope(path)))


def refused_at(grammar: Any, text: bytes) -> int | None:
    """Where a mask forbids the next byte of the text, or its end; None when all of it is accepted."""
    running = grammar.deep_copy()
    for place, byte in enumerate(text):
        mask = running.compute_bitmask()
        if not (mask[byte >> 3] >> (byte & 7)) & 1 or not running.consume_token(byte):
            return place
    return None if running.is_accepting() else len(text)


def accepted(grammar: Any, text: str) -> bool:
    """Without a look at the masks."""
    running = grammar.deep_copy()
    return bool(running.consume_tokens(list(text.encode())) and running.is_accepting())


def test_llguidance_takes_every_grammar() -> None:
    for text in (
        decoding_grammar("llguidance"),
        decoding_grammar("llguidance", "expression"),
        decoding_grammar("llguidance", cut=True),
        decoding_grammar("llguidance", cut=True, scope=scope(VALID[0])),
        decoding_grammar("llguidance", "expression", cut=True, scope=scope(VALID[0])),
    ):
        compiled(text)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("path", VALID, ids=lambda p: p.parent.name + "_" + p.stem)
def test_every_source_is_accepted_byte_by_byte(path: Path) -> None:
    text = path.read_bytes()
    for grammar in (whole(), in_scope(path)):
        place = refused_at(grammar, text)
        assert place is None, text[max(0, place - 80) : place + 20]


def test_sources_without_definitions_need_no_scope() -> None:
    plain = [p for p in EXAMPLES if not {"def", "use"} & set(p.read_text(encoding="utf-8").split())]
    assert len(plain) > 5
    for path in plain:
        assert refused_at(cut(), path.read_bytes()) is None, path.name


@cache
def vocabulary() -> tuple[Any, Any]:
    """A tokenizer of 100,000 tokens, and its encoding."""
    vocabularies: Any = pytest.importorskip("bpe_openai", reason="bpe-openai is not installed: pip install -e '.[dev]'")
    encoding: Any = vocabularies.get_encoding("cl100k_base")
    tokens = [bytes(encoding.decode_bytes([i])) for i in range(100_256)]
    return _tokenizer(tokens, lambda data: list(encoding.encode(data.decode("utf-8", "replace")))), encoding


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", ["whole", "tables", "scope"])
def test_masks_over_a_large_vocabulary_stay_within_the_bounds_of_the_engine(kind: str) -> None:
    tokens, encoding = vocabulary()
    for path in EXAMPLES[-3:]:
        names = scope(path) if kind == "scope" else None
        if kind == "tables" and {"def", "use"} & set(path.read_text(encoding="utf-8").split()):
            continue
        text = decoding_grammar("llguidance", cut=kind != "whole", scope=names)
        running = llguidance.LLMatcher(tokens, llguidance.LLMatcher.grammar_from_lark(text))
        for token in encoding.encode(path.read_text(encoding="utf-8")):
            mask = running.compute_bitmask()
            assert (mask[token >> 3] >> (token & 7)) & 1, (path.name, encoding.decode([token]), running.get_error())
            assert running.consume_token(token)
        assert running.is_accepting(), path.name


REFUSED = {
    "claw 1\nletx": "a word that only begins like `let`",
    "claw 1\nexpectx": "a word that only begins like `expect`",
    "claw 1\nlet let = 1": "a reserved word as a name",
    "claw 1\nlet x = a orb": "a word that only begins like `or`",
    "claw 1\nlet x = 5dor b": "a number and a word that touch",
    'claw 1\nfile re"x"': "a name and a text that are a regex when they touch",
    "claw 1\nlet na\u00efve = 1": "a name with a letter outside of ASCII",
    "let x = 1": "a file without an edition",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda t: REFUSED[t].replace(" ", "_"))
def test_what_the_parser_refuses_is_refused(text: str) -> None:
    diagnostics = Diagnostics()
    parse(Source.of("t.claw", text), diagnostics)
    assert diagnostics.has_errors
    assert refused_at(whole(), text.encode()) is not None


CUT_REFUSED = (
    "claw 1\ntaks t { }",
    "claw 1\ntask t { check c { expect true } }",
    "claw 1\ntask t { titel = \"x\" }",
    "claw 1\ntask t { category = office.cooking }",
    "claw 1\ntask t { verify { check c { weight = \"four\" } } }",
    "claw 1\ntask t { verify { check c { expect cnt(a) == 1 } } }",
    "claw 1\ntask t { let x = a | sotr b }",
    "claw 1\ntask t { deliver d \"d.csv\" { format = docx } }",
    "claw 1\ntask t { workspace { file \"a.csv\" data } }",
)  # fmt: skip


@pytest.mark.parametrize("text", CUT_REFUSED)
def test_the_specialised_grammar_refuses_what_no_table_has(text: str) -> None:
    assert refused_at(whole(), text.encode()) is None
    assert refused_at(cut(), text.encode()) is not None


def test_only_names_in_scope_stand_for_values() -> None:
    path = ROOT / "examples" / "order_totals.claw"
    source = path.read_text(encoding="utf-8")
    grammar = in_scope(path)
    for old, new in (
        ("rows(report) == totals", "rows(reprot) == totals"),
        ("path.report", "path.reprot"),
        ("| sort -total", "| srot -total"),
    ):
        changed = source.replace(old, new)
        place = refused_at(grammar, changed.encode())
        # Holes in texts are not constrained; a column may have any name.
        assert (place is None) == (old == "path.report"), new
    assert refused_at(grammar, source.replace("sum(amount)", "sum(weight)").encode()) is None


class Walk(NamedTuple):
    """The longest accepted prefix of a walk, and a shorter one."""

    text: str
    shorter: str


def walks(grammar: Any, seed: int, number: int, words: tuple[str, ...], start: Start = "file") -> Iterator[Walk]:
    """Random texts that the grammar accepts: snippets at first, then whatever closes what is open."""
    for index in range(number):
        rng = random.Random(f"{seed}/{index}")
        walk = _walk(grammar, rng, words, start)
        if walk is not None:
            yield walk


def _walk(grammar: Any, rng: random.Random, words: tuple[str, ...], start: Start) -> Walk | None:
    running = grammar.deep_copy()
    out = bytearray()
    open_: list[str] = []
    ends: list[int] = []
    if start == "file":
        _take(running, out, rng.choice(("claw 1\n", "# first\nclaw 1\n", "claw 1\n\n")))
    steps = rng.randint(5, 60)
    for step in range(steps + 40):
        ending = step >= steps
        if running.is_accepting():
            ends.append(len(out))
            if ending and not open_:
                break
        taken = next((s for s in _pool(running, rng, words, out, open_, ending) if _take(running, out, s)), "")
        for sign in taken if taken.strip()[-1:] in BRACKETS else "":
            if sign in CLOSING:
                open_.append(sign)
            elif sign in BRACKETS and open_:
                open_.pop()
    if running.is_accepting():
        ends.append(len(out))
    if not ends:
        return None
    return Walk(out[: ends[-1]].decode(), out[: rng.choice(ends)].decode())


def _pool(
    running: Any, rng: random.Random, words: tuple[str, ...], out: bytearray, open_: list[str], ending: bool
) -> Iterator[str]:
    """What to try next, in this order; bracket by bracket as lines are indented by people."""
    mask = running.compute_bitmask()
    last = chr(out[-1]) if out else " "
    if open_ and rng.random() < (0.9 if ending else 0.1):
        yield CLOSING[open_[-1]]
        yield "\n" + "  " * (len(open_) - 1) + CLOSING[open_[-1]]
    if ending:
        yield from ('"', '"""', "`")
    line = "\n" + "  " * len(open_)
    if not last.isspace() and rng.random() < 0.3:
        yield line
    for snippet in rng.sample(words, min(len(words), 60)):
        first = snippet.encode()[0]
        glued = (last.isalnum() or last == "_") and (snippet[0].isalnum() or snippet[0] == "_")
        blank = last.isspace() and snippet.isspace()
        if (mask[first >> 3] >> (first & 7)) & 1 and not (blank or (glued and rng.random() < 0.9)):
            yield snippet
    yield from ("a", " ", "=", line, *(chr(rng.randint(32, 126)) for _ in range(4)))


def _take(running: Any, out: bytearray, snippet: str) -> bool:
    """Appends the snippet if the grammar goes along with every byte of it."""
    data = list(snippet.encode())
    if running.validate_tokens(data) != len(data):
        return False
    out += bytes(data)
    return all(running.consume_token(byte) for byte in data)


def _faults(text: str) -> list[str]:
    source = Source.of("walk.claw", text)
    diagnostics = Diagnostics()
    parse(source, diagnostics)
    return [f"{d.code} {d.message}" for d in diagnostics.sorted() if d.code.startswith("E01")]


def _shape_faults(text: str) -> list[str]:
    """What the specialised grammar promises: nothing unknown, nothing misplaced, labels in order."""
    source = Source.of("walk.claw", text)
    diagnostics = Diagnostics()
    check_shape(source, parse(source, diagnostics).file, diagnostics)
    may_be = ("E0206", "E0208", "E0210")  # given twice or missing: no grammar counts
    return [f"{d.code} {d.message}" for d in diagnostics.sorted() if d.code not in may_be]


@pytest.mark.parametrize("part", range(PARTS))
def test_what_the_grammar_lets_through_is_read(part: int) -> None:
    found = list(walks(whole(), part, WALKS // PARTS, SNIPPETS))
    for walk in found:
        for text in set(walk):
            assert _faults(text) == [], text
    assert len(found) > WALKS // PARTS * 0.9
    assert sum(len(w.text) > 60 for w in found) > len(found) // 4


def test_expressions_that_the_grammar_lets_through_are_read() -> None:
    found = list(walks(whole("expression"), 1, WALKS // 4, SNIPPETS, "expression"))
    assert len(found) > WALKS // 5
    for walk in found:
        for text in set(walk):
            diagnostics = Diagnostics()
            parse_expression(Source.of("t.claw", text), Span(0, len(text)), diagnostics)
            assert not diagnostics.has_errors, (text, [d.message for d in diagnostics.sorted()])


@pytest.mark.sampled(4)
@pytest.mark.parametrize("part", range(PARTS))
def test_what_a_specialised_grammar_lets_through_is_in_the_whole_one_and_in_the_tables(part: int) -> None:
    path = EXAMPLES[part % len(EXAMPLES)]
    grammar = cut() if part % 2 == 0 else in_scope(path)
    names = (*scope(path).values, *scope(path).functions)
    found = list(walks(grammar, part, WALKS // PARTS, (*TABLE_SNIPPETS, *SNIPPETS, *names)))
    for walk in found:
        for text in set(walk):
            assert accepted(whole(), text), text
            assert _faults(text) == [] and _shape_faults(text) == [], text
    assert len(found) > WALKS // PARTS * 0.9


def test_what_a_tidy_grammar_lets_through_is_in_the_specialised_one() -> None:
    """It has the tasks that archetypes write, in their layout; no comments and no wide gaps."""
    grammar = compiled(decoding_grammar("llguidance", cut=True, tidy=True))
    sources = [propose(1, number, Balance()).source.replace("\n\n\n", "\n\n") for number in range(40)]
    plain = [source for source in sources if not {"def", "use"} & set(source.split())]
    assert len(plain) > 10
    for source in plain:
        place = refused_at(grammar, source.encode())
        assert place is None, source[max(0, place - 80) : place + 20]
    for text in (
        "claw 1\n# note\n",
        "claw 1\n\n\n\ntask x {}\n",
        "claw 1\ntask  x {}\n",
        "claw 1\n" + " " * 14 + "task x {}\n",
        "claw 1 # note",
    ):
        assert not accepted(grammar, text) and accepted(cut(), text), text
    found = list(walks(grammar, 3, WALKS // PARTS, (*TABLE_SNIPPETS, *SNIPPETS)))
    for walk in found:
        for text in set(walk):
            assert accepted(cut(), text), text
            assert _faults(text) == [] and _shape_faults(text) == [], text
    assert len(found) > WALKS // PARTS * 0.9
