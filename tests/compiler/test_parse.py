"""Reading: tokens, texts with their escapes and holes, literals, the tree, and going on after a mistake."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clawc.compiler.assets import NoAssets
from clawc.compiler.elaborate.context import Context, TaskState
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.elaborate.literals import regex_problem, text_pieces
from clawc.compiler.passes.evaluate import evaluate
from clawc.compiler.passes.lex import lex
from clawc.compiler.passes.parse import parse, parse_expression
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.stdlib.checks.compare import Percent


def read(text: str) -> tuple[ast.File, list[str]]:
    """The tree of a text, and `line code` of what was wrong."""
    source, diagnostics = Source.of("spec.claw", text), Diagnostics()
    file = parse(source, diagnostics).file
    return file, [f"{source.position(d.span.start)[0]} {d.code}" for d in diagnostics.sorted()]


def context(text: str) -> Context:
    return Context(Source.of("spec.claw", text), Diagnostics(), TaskState(assets=NoAssets()))


def tree(text: str) -> ast.Expr:
    cx = context(text)
    node = parse_expression(cx.source, Span(0, len(text)), cx.diagnostics)
    assert not cx.diagnostics.sorted(), [d.message for d in cx.diagnostics.sorted()]
    return node


def value(text: str) -> Any:
    """What a static expression evaluates to."""
    cx = context(text)
    core = expression(cx, parse_expression(cx.source, Span(0, len(text)), cx.diagnostics))
    assert not cx.diagnostics.sorted(), [d.message for d in cx.diagnostics.sorted()]
    return evaluate(core, cx.task)


def codes(text: str) -> list[str]:
    """The mistakes of an expression."""
    cx = context(text)
    expression(cx, parse_expression(cx.source, Span(0, len(text)), cx.diagnostics))
    return [d.code for d in cx.diagnostics.sorted()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12), ("0.50", Decimal("0.50")), ("12%", Percent(12)), ("90s", timedelta(seconds=90)),
        ("5min", timedelta(minutes=5)), ("1.5h", timedelta(minutes=90)), ("250ms", timedelta(milliseconds=250)),
        ("2w", timedelta(days=14)), ("64MiB", 64 << 20), ("@2026-01-31", date(2026, 1, 31)),
        ("@2026-01-31T09:30", datetime(2026, 1, 31, 9, 30)),
        ("@2026-01-31T09:30:15Z", datetime(2026, 1, 31, 9, 30, 15, tzinfo=UTC)),
        ("true", True), ("null", None), ("[1, [2,],]", [1, [2]]), ('{a: 1, "b c": 2, [lower("D")]: 3}', {"a": 1, "b c": 2, "d": 3}),
        ("1 + 2 * 3 - 4 / 2", 5), ("-2 * 3", -6), ("(1 + 2) * 3", 9), ("null ?? 3", 3), ("not 1 == 2 and true", True),
        ("if 1 > 2 then 3 else if true then 4 else 5", 4), ("2 in 1..3", True), ("5 not in [1, 4]", True),
        ('"a" + "b"', "ab"), ('"{{ 1 + 1 }} of {{ 3d - 2d }}"', "2 of 86400s"), ('"{{{{ name }}"', "{{ name }}"),
        ('re"a\\"b"', re.compile('a"b')), ("[1, 2, 3] | where value > 1 | count", 2),
    ],
)  # fmt: skip
def test_value(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected or repr(found) == repr(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@2026-02-30", "E0105"), ("@2026-1-3", "E0105"), ("@2026-01-31T25:00", "E0105"), ("9" * 61, "E0410"),
        ("999999w", "E0410"), ('re"("', "E0409"), ('re"(a+)+"', "E0409"), ('"\\q"', "E0110"), ('"{{ 1"', "E0109"),
        ('"abc', "E0103"), ("1 §", "E0104"), ("1 +", "E0101"), ("", "E0101"), ("a within 1", "E0407"),
        ('"\\ud800"', "E0110"), ("1 == 2 == 3", "E0101"), ("3dd", "E0101"),
    ],
)  # fmt: skip
def test_mistake_in_an_expression(text: str, code: str) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (r'"a\n\t\"\\\r"', 'a\n\t"\\\r'), (r'"\u00e9"', "é"), (r'"\{\{ x \}\}"', "{{ x }}"), ('""', ""),
        ('"""one line"""', "one line"),
        ('"""\n    a\n      b\n\n    c\n    """', "a\n  b\n\nc\n"),
        ('"""\r\n    a\r\n    b\r\n    """', "a\nb\n"),
        ('"""\n  a\n  b"""', "a\nb"),
        ('"""\n\ta\n\t\tb\n\t"""', "a\n\tb\n"),
        ('"""say "yes" and ""no"" """', 'say "yes" and ""no"" '),
        ('"""\n    """', ""),
    ],
)  # fmt: skip
def test_text_without_quotes_indents_and_escapes(raw: str, expected: str) -> None:
    cx = context(raw)
    pieces = text_pieces(cx, ast.Text(raw, Span(0, len(raw))), template=False)
    assert "".join(p.text for p in pieces) == expected
    assert not cx.diagnostics.sorted()


def test_holes_do_not_disturb_the_indent() -> None:
    raw = '"""\n    Dear {{ name }},\n      {{ a }} and {{{{ b\n    """'
    pieces = text_pieces(context(raw), ast.Text(raw, Span(0, len(raw))), template=True)
    assert [raw[p.hole.start : p.hole.end].strip() if p.hole else p.text for p in pieces] == [
        "Dear ", "name", ",\n  ", "a", " and {{ b\n",
    ]  # fmt: skip


def test_only_templates_have_holes() -> None:
    raw = '"a {{ b }} c"'
    assert [p.text for p in text_pieces(context(raw), ast.Text(raw, Span(0, len(raw))), template=False)] == [
        "a {{ b }} c"
    ]


def test_an_open_hole_does_not_swallow_the_next() -> None:
    assert codes('"{{ 1 and {{ 2 + }}"') == ["E0109", "E0101"]


@pytest.mark.parametrize("pattern", ["a+b", "(ab){1,5}c*", "^(?P<x>\\d+) (.*)$", "(a|b)+", "a{3}"])
def test_usable_regex(pattern: str) -> None:
    assert regex_problem(pattern) == ""


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a*b*)*", "((a{2,})+)x", "(?:a|b+)*c", "(", "a" * 1001, "[z-a]", "(?P<1>a)"]
)
def test_unusable_regex(pattern: str) -> None:
    assert regex_problem(pattern)


def test_precedence_and_positions() -> None:
    node = tree("a.b + 2 == c[0] within 1 and not d or e")
    assert isinstance(node, ast.Binary) and node.op == "or"
    assert isinstance(node.left, ast.Binary) and node.left.op == "and"
    compare = node.left.left
    assert isinstance(compare, ast.Compare) and compare.op == "==" and compare.within is not None
    assert compare.op_span == Span(8, 10)
    node = tree("t | where a > 1 | join u on k == l, m | take 3")
    assert isinstance(node, ast.Pipeline) and [s.verb.text for s in node.stages] == ["where", "join", "take"]
    assert [(k.left.text, k.right.text) for k in node.stages[1].on] == [("k", "l"), ("m", "m")]


def test_soft_words_are_names_elsewhere() -> None:
    node = tree("f(x).on")
    assert isinstance(node, ast.Attr) and node.name.text == "on"
    file, found = read("claw 1\nlet within = 1\nlet on = within\n")
    assert found == [] and len(file.items) == 2


def test_lines_go_on_behind_operators_commas_and_before_pipes() -> None:
    file, found = read(
        "claw 1\nlet a = 1 +\n  2\nlet b = f(\n  1,\n  2, # why\n)\nlet c = t\n  # why\n  | take 1\n\n\nlet d = 4\nb { d = 4; e = 5 }\n"
    )
    assert found == [] and len(file.items) == 5


def test_a_block_has_its_doc_comment_labels_and_items() -> None:
    file, found = read(
        'claw 1\n\n## What it is,\n## and why.\ntask t { title = "x"; file a "b.csv"\n  file c "d.csv" {}\n}\n'
    )
    task = file.items[0]
    assert found == [] and isinstance(task, ast.Block) and task.doc == "What it is, and why."
    assert [type(i).__name__ for i in task.items] == ["Attribute", "Block", "Block"]
    assert [i.has_body for i in task.items if isinstance(i, ast.Block)] == [False, True]


def test_a_comment_behind_code_is_no_doc_of_the_block_below() -> None:
    file, found = read("claw 1\nlet a = f(\n  ## inside\n  1) ## behind\nb {}\nlet c = 1\n## above\nd {}\n")
    assert found == [] and [i.doc for i in file.items if isinstance(i, ast.Block)] == ["", "above"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = = 1\nb = 2\n", ["2 E0101"]),
        ("a = 1 +\nb = 2\n", ["2 E0101"]),
        ("a = (1\nb = 2\n", ["2 E0101"]),
        ("a = [1, 2\nb = 2\n", ["2 E0101"]),
        ("a = f(1,\nb = 2\nc = 3 3\n", ["2 E0101", "4 E0101"]),
        ("t {\n  a = f(1 }\nb = 1 1\n", ["3 E0101", "4 E0101"]),
        ("t {\n  a = f(\n    x = 1\n    y = 2\n  )\n}\n", ["5 E0101"]),
        ("a = " + "(" * 9000 + "\nb = 1 1\n", ["2 E0108", "3 E0101"]),
        ("t {\n  a = 1\nb = 2\n", ["2 E0106"]),
        ("t {\n  a = 1\n}\n}\nb = 2\n", ["5 E0107"]),
        ("t {\n  u { x = 1 }}\n  v { y = 2 }\n}\n", ["3 E0107"]),
        ("t {\n  u {\n    x = 1\n  v {\n    y = 2\n  }\n}\n", ["3 E0106"]),
        ("t {\n  u {\n    x = $\n    y = 2 2\n  }\n  v { y = = 2; z = 1 1 }\n}\n", ["4 E0104", "5 E0101", "7 E0101", "7 E0101"]),
        ('a = "x\nb = "y\n', ["2 E0103", "3 E0103"]),
        ('a = """\n  x\nb = 1 1\n', ["2 E0103", "4 E0101"]),
        ("expect a\n  and b\nc = 1 1\n", ["3 E0101", "4 E0101"]),
        ("let = 1\ndef f( = 2\nuse std.x\n", ["2 E0101", "3 E0101", "4 E0101"]),
        ("a = if b then c\nd = 1 1\n", ["2 E0101", "3 E0101"]),
        ("t | where a\nb = 1 1\n", ["2 E0101", "3 E0101"]),
        (") ] =\nb = 1 1\n", ["2 E0101", "3 E0101"]),
    ],
)  # fmt: skip
def test_reading_goes_on_behind_a_mistake(body: str, expected: list[str]) -> None:
    assert read("claw 1\n" + body)[1] == expected


def test_one_brace_missing_and_one_too_many() -> None:
    text = "claw 1\nt {\n  a {\n    x = 1\n  b {\n    y = 2\n  }\n  c {\n    z = 1\n  }}\n  d {\n    z = 1\n  }\n  e {\n    z = 1\n  }\n  f {\n    z = 1\n  }\n}\n"
    file, found = read(text)
    assert found == ["3 E0106", "10 E0107"]
    task = file.items[0]
    assert isinstance(task, ast.Block)
    assert [i.kind.text for i in task.items if isinstance(i, ast.Block)] == ["a", "b", "c", "d", "e", "f"]


def test_braces_that_pair_are_believed() -> None:
    """Models indent oddly; what is balanced, and stands where it may, is no mistake."""
    text = 'claw 1\ntask t {\n      workspace {\n  file a "a" {\n content = "x"\n        }\n }\n    verify {\n  check c {\n expect 1\n}\n      }\n  }\n'
    assert read(text)[1] == []


def test_an_edition_of_many_digits() -> None:
    assert read(f"claw {'9' * 5000}\nlet a = 1\n")[1] == []


def test_what_a_broken_item_may_declare_is_kept() -> None:
    file, _ = read("claw 1\nlet total = 3 3\ndeliver d 4 {}\nlet good = 1\n")
    broken = [i.names for i in file.items if isinstance(i, ast.BrokenItem)]
    assert broken == [("total",), ("deliver", "d")]
    assert isinstance(file.items[-1], ast.Let)


@pytest.mark.parametrize("text", ["task t {}\n", "\n\n# why\ntask t {}\n", "clow 1\ntask t {}\n"])
def test_a_missing_edition_is_one_mistake(text: str) -> None:
    assert [f.split()[1] for f in read(text)[1]][:1] == ["E0102"]


def test_tokens_cover_the_text() -> None:
    text = 'claw 1\r\n\ttask t { # why\n  a = re"x" | b @2026-01-01 `c d` 1..5 ?? "é" }\n'
    lexed = lex(text)
    assert not [t for t in lexed.tokens if t.kind == "BAD"]
    assert [c.text for c in lexed.comments] == ["# why"]
    assert all(text[t.start : t.end] == t.text for t in lexed.tokens)
