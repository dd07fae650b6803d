"""Whatever a file holds, checking it ends soon and gives diagnostics, never an exception.

Three kinds of input: specs that are mutated, texts that the grammar derives, and bytes. CI runs 4,000; `CLAWC_FUZZ=100000`
runs more, spread over the workers of pytest-xdist.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawc.commands.sources import check_data
from clawc.compiler.assets import DiskAssets
from clawc.compiler.elaborate.context import Context
from clawc.compiler.format.formatting import formatted
from clawc.compiler.pipeline import build, check
from clawc.compiler.report import as_json, as_text
from clawc.spec.ast import Span
from clawc.spec.functions import BY_NAME
from tests.compiler.derived_texts import Node, Writer, heights_of, read

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "examples").rglob("*.claw"), *(ROOT / "tests" / "golden" / "diagnostics").rglob("*.claw")])
COUNT = int(os.environ.get("CLAWC_FUZZ", "4000"))
BATCH = 250
CALLS = min(120, COUNT // 100)  # of each function
SECONDS = 10  # far above what any file of this size takes

TOKEN = re.compile(r'"""|"[^"\n]*"|\w+|\s+|[^\w\s]')
PIECES = (
    '"', '"""', "{", "}", "{{", "}}", "(", ")", "[", "]", "|", "=", "==", ",", ";", ":", ".", "..", "-", "@2026-02-30", "@",
    "re\"(\"", "re\"a{3}\"", "\\", "#", "##", "\n", "\r\n", "\r", "\t", "\0", "\ufeff", "é", "\u202e", "\U0001f600", "\ud800",
    "9" * 70, "1e5", "0.", "3d", "5%", "64MiB", "not", "in", "within", "on", "if", "then", "else", "let", "def", "expect",
    "use", "null", "true", "task", "check", "deliver", "path", "path.", "claw 1", "count()", "group", "select", "take 0",
    "sort -", "csv(", "json(", "rows(", "run([\"x\"])", "from(\"x\")", "mentions(", "unchanged(workspace)", "`a b`", "??",
)  # fmt: skip


class Shelf:
    """Assets in memory: the files that the examples name, and nothing else."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"spec.claw": b'claw 1\nuse "spec.claw" (a)\nlet a = 1\n'}
        for folder in sorted({spec.parent for spec in SPECS}):
            for path in folder.rglob("*"):
                if path.is_file() and path.stat().st_size < 100_000:
                    self.files.setdefault(path.relative_to(folder).as_posix(), path.read_bytes())

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        below = {p[len(path) + 1 :]: (data, False) for p, data in self.files.items() if p.startswith(path + "/")}
        if not below:
            cx.error("E0703", span, f"there is no folder `{path}` beside the source")
        return below or None

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        if path not in self.files:
            cx.error("E0703", span, f"there is no file `{path}` beside the source")
        return self.files.get(path)


SHELF = Shelf()
# The examples hold more of the language than the goldens, and nothing wrong that hides the later passes.
TEXTS = [spec.read_bytes().decode("utf-8") for spec in SPECS for _ in range(8 if "examples" in spec.parts else 1)]


@contextmanager
def bounded(text: str) -> Generator[None]:
    """Fails with the text when the block takes too long."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"checking took more than {SECONDS} s:\n{text}")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of processor time: other programs may be busy
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def survive(text: str) -> None:
    """Checks a text, and builds what is sound; its diagnostics can be shown, and each lies inside its file."""
    with bounded(text):
        try:
            result = check("spec.claw", text, SHELF)
            as_text(result.diagnostics)
            as_json(result.diagnostics, files=1).encode("ascii")
            assert not formatted("spec.claw", text).fault
            for task in result.tasks:
                build(task)
        except TimeoutError:
            raise
        except BaseException as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n--- {text!r}") from error
    for found in result.diagnostics:
        start, end = found.span
        assert 0 <= start <= end <= len(found.source.text), (found, text)


def mutate(rng: random.Random, text: str) -> str:
    """One to six edits: of tokens, lines, characters, or of the whole."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        text = rng.choice((tokens, tokens, values, values, lines, characters, whole, splice))(rng, text)
    return text


def tokens(rng: random.Random, text: str) -> str:
    parts = TOKEN.findall(text) or [""]
    at, to = rng.randrange(len(parts)), rng.randrange(len(parts))
    action = rng.randrange(5)
    if action == 0:
        del parts[at]
    elif action == 1:
        parts.insert(at, parts[at])
    elif action == 2:
        parts[at], parts[to] = parts[to], parts[at]
    elif action == 3:
        parts[at] = rng.choice(PIECES)
    else:
        parts.insert(at, rng.choice(PIECES))
    return "".join(parts)


def values(rng: random.Random, text: str) -> str:
    """A name, number, text or operator becomes another one of the same kind, so that the grammar still holds."""
    kind = rng.choice((r"\b[a-z_]+\b", r"\b\d+\b", r'"[^"\n]*"', r"[-+*/<>]|==|!=|<=|>=|\b(?:and|or|in)\b", r"\| \w+"))
    found = list(re.finditer(kind, text))
    if not found:
        return text
    at = rng.choice(found)
    other: str = rng.choice((rng.choice(found).group(), *(("0", "2026") if at.group().isdigit() else ())))
    return text[: at.start()] + other + text[at.end() :]


def lines(rng: random.Random, text: str) -> str:
    parts = text.split("\n")
    at, to = sorted((rng.randrange(len(parts)), rng.randrange(len(parts))))
    action = rng.randrange(4)
    if action == 0:
        rng.shuffle(parts)
    elif action == 1:
        parts[at:to] = []
    elif action == 2:
        parts[at:at] = parts[at : min(to, at + 10)]
    else:
        parts[at] = " " * rng.randrange(8) + parts[at].strip()
    return "\n".join(parts)


def characters(rng: random.Random, text: str) -> str:
    parts = list(text)
    for _ in range(rng.randrange(1, 8)):
        if parts:
            at = rng.randrange(len(parts))
            parts[at : at + rng.randrange(2)] = rng.choice((*PIECES, chr(rng.randrange(0x250))))
    return "".join(parts)


def whole(rng: random.Random, text: str) -> str:
    action = rng.randrange(5)
    at = rng.randrange(len(text) + 1)
    if action == 0:
        return text[:at]
    if action == 1:
        return text.replace("\n", "\r\n")
    if action == 2:
        deep = rng.choice("([{")
        return text[:at] + deep * rng.choice((30, 120, 3000)) + text[at:]
    if action == 3:
        noise = bytes(rng.randrange(256) for _ in range(20))
        return text[:at] + noise.decode("latin-1") + text[at:]
    return text.replace(rng.choice(PIECES), rng.choice(PIECES))


def splice(rng: random.Random, text: str) -> str:
    other = rng.choice(TEXTS).split("\n")
    at = rng.randrange(len(other))
    parts = text.split("\n")
    place = rng.randrange(len(parts) + 1)
    return "\n".join(parts[:place] + other[at : at + rng.randrange(1, 12)] + parts[place:])


def batches(share: float) -> range:
    """Seeds of the batches that make up a share of all inputs."""
    return range(max(1, round(COUNT * share / BATCH)))


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", batches(0.6))
def test_mutated_specs(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(BATCH):
        survive(mutate(rng, rng.choice(TEXTS)))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", batches(0.25))
def test_texts_of_the_grammar(seed: int) -> None:
    """Half of them of the grammar that knows blocks and attributes; every third one is mutated."""
    rng = random.Random(seed)
    for number in range(BATCH):
        rules, heights = grammar(cut=number % 2 == 1)
        text = derived(Writer(rules, heights, f"fuzz/{seed}/{number}", 10 + number % 150), rules["root"])
        survive(mutate(rng, text) if number % 3 == 0 else text)


def derived(writer: Writer, root: Node) -> str:
    """The text that a writer makes of a rule, however deep."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 50_000))
    try:
        return writer.text(root)
    finally:
        sys.setrecursionlimit(before)


@cache
def grammar(cut: bool) -> tuple[dict[str, Node], dict[str, int]]:
    rules = read("gbnf", cut)
    return rules, heights_of(rules)


@pytest.mark.parametrize("seed", batches(0.15))
def test_bytes(seed: int, tmp_path: Path) -> None:
    """Noise, and specs with bytes changed, as files are read."""
    rng = random.Random(seed)
    for number in range(BATCH):
        data = bytearray(rng.choice(TEXTS).encode("utf-8")) if number % 4 else bytearray()
        for _ in range(rng.choice((1, 4, 30)) if data else 1):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(4)] = rng.randbytes(rng.choice((0, 1, 3, 200)))
        try:
            survive(bytes(data).decode("utf-8-sig"))
        except UnicodeDecodeError:
            found = check_data("spec.claw", bytes(data), DiskAssets(tmp_path)).diagnostics
            assert [d.code for d in found] == ["E0702"] and as_text(found)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.text(st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    survive(text)
    survive(f"claw 1\ntask t {{\n  let a = {text}\n}}\n")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_pieces(pieces: list[str]) -> None:
    text = " ".join(pieces)
    survive(f"claw 1\n{text}")
    survive(f'claw 1\ntask t {{\n  file a "a.csv"\n  verify {{ check c {{ expect {text}\n }}}}\n}}\n')


ARGUMENTS = (
    'get({x: csv(f)}, "x")', 'get({x: 1}, "x")', 'get({x: "t"}, "x")', 'get({x: [1]}, "x")', 'get({x: {y: 1}}, "x")',
    "1", "0", "-2.5", "1000000000000", "12%", "3d", "64MiB", "true", "null", '""', '"Ada"', '"2026-01-31"', '"%Y"', "@2026-01-31",
    "@2026-01-31T09:30Z", "[]", "[1, 2]", '["a", null, 3]', "[[1], [2]]", "{}", "{a: 1}", '{a: "number"}', "1..3",
    "@2026-01-01..@2026-02-01", 're"a"', 're"(?P<a>\\d+)"', "f", "d", "csv(f)", "json(j)", "text(d)", "rows(d)", "a", "b", "f.a", "x",
    "csv(f).a", "workspace", "count()", "sum(a)", "lower", "path.d", "a > 1", "a == b", "k = a", "k = sum(a)", "keys = a",
    "values = sum(b)", "-a", "json(j) | sort a", "one_of(1, 2)", "unordered([2, 1])", "if a then b else 1", 'run(["true"])',
)  # fmt: skip


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_any_call(name: str) -> None:
    rng = random.Random(name)
    for _ in range(CALLS):
        given = ", ".join(rng.choice(ARGUMENTS) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))))
        call = rng.choice(
            (f"{name}({given})", f"csv(f) | {name} {given}", f"json(j) | {name} {given}", f"rows(d) | {name} {given}")
        )
        if rng.random() < 0.2:
            call = f"csv(f) | group b, k = {name}({given})"
        survive(
            'claw 1\ntask t {\n  title = "T"\n  workspace {\n    file f "f.csv" { content = "a,b\\n1,x\\n2,\\n" }\n'
            '    file j "j.json" { content = """[{"a": 1, "b": [1]}, {"a": null}]""" }\n  }\n  deliver d "d.csv"\n'
            f'  instruction = "{{{{ path.d }}}}"\n  let x = {call if rng.random() < 0.6 else 1}\n'
            f"  verify {{\n    check c {{ expect rows(d) == x }}\n    check e {{ expect {call} }}\n  }}\n}}\n"
        )


def expression(text: str, before: str = "") -> str:
    return (
        "claw 1\n" + before + '\ntask t {\n  title = "T"\n  workspace { file f "f.csv" { content = "a,b\\n1,2\\n" } }\n'
        f'  deliver d "d.csv"\n  instruction = "{{{{ path.d }}}}"\n  let x = {text}\n'
        "  verify { check c { expect rows(d) == x } }\n}\n"
    )


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "text",
    [
        expression("(" * 5000 + "1" + ")" * 5000),
        expression("[" * 5000),
        expression("-" * 5000 + "1"),
        expression("not " * 5000 + "true"),
        expression("1 + " * 5000 + "1"),
        expression("1 ?? " * 5000 + "1"),
        expression("x" + ".a" * 5000),
        expression("csv(f)" + " | where a > 0" * 3000),
        expression("csv(f)" + " | where (csv(f)" * 90 + " | any true)" * 90),
        expression("if true then 1 else " * 3000 + "1"),
        expression("round(" * 99 + "1" + ")" * 99),
        expression("{a: " * 5000 + "1" + "}" * 5000),
        expression("d99", "\n".join(["let d0 = 1", *(f"let d{i} = d{i - 1} + d{i - 1}" for i in range(1, 100))])),
        expression("d999", "\n".join(["let d0 = 1", *(f"let d{i} = d{i - 1} + 1" for i in range(1, 1000))])),
        expression(
            "f40(1)", "\n".join(["def f0(n) = n", *(f"def f{i}(n) = f{i - 1}(n) + f{i - 1}(n)" for i in range(1, 41))])
        ),
        expression("d60", "\n".join(['let d0 = "x"', *(f"let d{i} = d{i - 1} + d{i - 1}" for i in range(1, 61))])),
        expression("d60", "\n".join(["let d0 = [1]", *(f"let d{i} = d{i - 1} + d{i - 1}" for i in range(1, 61))])),
        expression("csv(f)" + " | cross_join (csv(f) | rename c = a, d = b)" * 40),
        expression("dates(@0001-01-01..@9999-12-31)"),
        expression("9" * 60 + " * " + "9" * 60 + "".join(" * " + "9" * 60 for _ in range(60))),
        "{" * 100_000,
        '"' * 100_001,
        "claw 1\n" + "a {\n" * 20_000,
        "claw 1\n" + "let a = 1\n" * 20_000,
        "claw 1\ntask t {" + "x = 1;" * 20_000 + "}",
        'claw 1\ntask t { instruction = "' + "{{" * 20_000 + '" }',
        'claw 1\ntask t { instruction = "' + "{{ 1 }}" * 5_000 + '" }',
        "claw 1\n" + "\\" * 50_000,
        "claw 1\n" + "#" * 50_000 + "\n" * 50_000,
        "claw 1\n" + "use std.numbers (percent)\n" * 500,
    ],
    ids=lambda text: re.sub(r"\W+", "_", text[:24] + text[-60:-20]),
)
def test_hostile_shapes(text: str) -> None:
    survive(text)
