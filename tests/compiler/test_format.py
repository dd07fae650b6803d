"""What the formatter makes of cases: goldens, single lines that must stay as they are, files with mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.format.formatting import formatted

ROOT = Path(__file__).parents[2]
CASES = sorted(path for path in (ROOT / "tests" / "golden" / "format").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_golden(case: Path, update_goldens: bool) -> None:
    text = (case / "input.claw").read_bytes().decode()
    result = formatted("input.claw", text)
    expected = case / "expected.claw"
    if update_goldens:
        expected.write_text(result.text, encoding="utf-8", newline="")
    assert not result.fault
    assert result.text == expected.read_bytes().decode()
    assert formatted("input.claw", result.text).text == result.text


@pytest.mark.parametrize("case", [case for case in CASES if "broken" not in case.name], ids=lambda path: path.name)
def test_carriage_returns_stay(case: Path) -> None:
    text = (case / "input.claw").read_bytes().decode().replace("\n", "\r\n")
    expected = (case / "expected.claw").read_bytes().decode().replace("\n", "\r\n")
    assert formatted("input.claw", text).text == expected


@pytest.mark.parametrize(
    "line",
    [
        "let a = -1",
        "let a = b - -1",
        "let a = --b",
        "let a = -(b)",
        "let a = not b",
        "let a = not (b)",
        "let a = b not in [1]",
        "let a = 1..2",
        "let a = -1..-b + 1",
        "let a = @2026-01-01..@2026-06-30",
        "let a = @2026-01-01 - 1d",
        "let a = b.c.`d e`[0][1].f",
        "let a = {b: 1}.b",
        "let a = [1][0]",
        'let a = "b"[0]',
        "let a = f()",
        "let a = f(b = [1], 2)",
        "let a = (b)",
        "let a = ((b))",
        "let a = if b then -1 else (c)",
        "let a = b ?? c",
        "let a = b == c within 0.5",
        "let a = b within (c)",
        "let a = b within -1",
        "let a = b within [1][0]",
        "let a = within",
        "let a = within(1) within within(2)",
        "let a = on within on",
        "let a = b | sort -c",
        "let a = b | sort within",
        "let a = b | sort (c)",
        "let a = b | sort [c]",
        "let a = b | sort {c: 1}",
        "let a = b | join c on d, e == f",
        "let a = b | on on on on",
        "let a = b | count",
        'let a = b | parse re"c d"',
        "let a = {[b]: 1, within: 2, `c`: 3}",
        "let a = f(b | where c)",
        "def f() = 1",
        "def f(a, b) = a",
        "use std.people (a, b)",
        'use "a.claw" (a)',
        "expect -a == (b)",
        "write a = 1",
        "file a",
        'file "a"',
        'file re "a"',
        "file within {}",
        "file within { a = 1 }",
        'file a """b""" { c = 1; d { e = f } }',
        "a {}",
    ],
)
def test_lines_that_stay(line: str) -> None:
    text = f"claw 1\n\n{line}\n"
    result = formatted("a.claw", text)
    assert not result.diagnostics
    assert result.text == text


def test_a_line_of_100_columns_stays() -> None:
    line = f'let a = f("{"x" * 82}", bcd)'
    assert len(line) == 100
    assert formatted("a.claw", f"claw 1\n\n{line}\n").text == f"claw 1\n\n{line}\n"
    longer = line.replace("bcd", "bcde")
    assert formatted("a.claw", f"claw 1\n\n{longer}\n").text.count("\n") > 3


def test_wide_characters_take_two_columns() -> None:
    line = f'let a = f("{"項" * 41}", bcd)'
    assert formatted("a.claw", f"claw 1\n\n{line}\n").text == f"claw 1\n\n{line}\n"
    longer = line.replace("bcd", "bcde")
    assert formatted("a.claw", f"claw 1\n\n{longer}\n").text.count("\n") > 3


def test_a_byte_order_mark_goes() -> None:
    assert formatted("a.claw", "\ufeffclaw 1\n\nlet a = 1\n").text == "claw 1\n\nlet a = 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n", ""),
        ("claw 1", "claw 1\n"),
        ("# only a comment", "# only a comment\n"),
        ("claw 1\nlet a = 1 # last", "claw 1\n\nlet a = 1  # last\n"),
        ("claw 1\r\nlet a = 1\r\nlet b = 2\n", "claw 1\r\n\r\nlet a = 1\r\nlet b = 2\r\n"),
        ("claw 1\nlet a = 1\r\nlet b = 2\n", "claw 1\n\nlet a = 1\nlet b = 2\n"),
        # A carriage return that is part of a text is not part of its line end.
        ('claw 1\nlet a = """\n  b\r\r\n  """\n', 'claw 1\n\nlet a = """\n  b\r\r\n  """\n'),
        ("claw 1\n# a\r\n# b\n# c\n", "claw 1\n\n# a\n# b\n# c\n"),
    ],
)
def test_ends(text: str, expected: str) -> None:
    assert formatted("a.claw", text).text == expected


def test_blocks_and_names_that_nobody_knows() -> None:
    text = "claw 1\n\nnonsense a {\n  b = c(d) | e f\n}\n"
    assert formatted("a.claw", text).text == text


def test_an_open_text_keeps_its_line() -> None:
    text = 'claw 1\ntask t {\n     title = "open\n     a=1\n}\n'
    result = formatted("a.claw", text)
    assert [d.code for d in result.diagnostics] == ["E0103"]
    assert result.text == 'claw 1\n\ntask t {\n     title = "open\n  a = 1\n}\n'


def test_a_broken_item_keeps_its_line_ends() -> None:
    text = "claw 1\nlet a  =  =\r\nlet   b = 1\nlet   c = 1\n"
    assert formatted("a.claw", text).text == "claw 1\n\nlet a  =  =\r\nlet b = 1\nlet c = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "claw 1\ntask t {\n   a=1\n",
        "claw 1\ntask t {\n   a=1\n}}\n",
        'claw 1\ntask t {\n   a="""\n   b\n}\n',
        "claw 1\n\ntask t { a = = 1; b=2 }\nlet  c = ( 1\n",
        "claw 1\rlet a = 1",
        "\0\n",
        "{" * 1000,
    ],
)
def test_uncertain_files_stay(text: str) -> None:
    result = formatted("a.claw", text)
    assert result.diagnostics
    assert not result.fault
    assert result.text == text


def test_examples_are_formatted() -> None:
    for path in sorted((ROOT / "examples").rglob("*.claw")):
        text = path.read_bytes().decode()
        assert formatted(path.name, text).text == text, path
