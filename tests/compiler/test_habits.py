"""Habits of other languages are answered by how it is written here: one message each, with the edit where one is sure."""

from __future__ import annotations

import pytest

from clawc.compiler.pipeline import check
from clawc.compiler.source import Diagnostic

SPEC = """claw 1

task t {{
  title = "T"
  workspace {{
    file f "f.csv" {{ content = "a,b\\n1,x\\n3,y\\n" }}
  }}
  let x = {}
  deliver d "d.csv" {{ columns = [a, b] }}
  instruction = "Copy a and b of {{{{ path.f }}}} to {{{{ path.d }}}}."
  verify {{ check c {{ expect rows(d) == csv(f) }} }}
}}
"""


def found(value: str) -> list[Diagnostic]:
    """What is wrong with a value, apart from that nothing uses it."""
    return [d for d in check("t.claw", SPEC.format(value)).diagnostics if d.code != "W0301"]


@pytest.mark.parametrize(
    ("value", "help", "mended"),
    [
        ("csv(f) | where a > 1 && a < 3", "`and`", "csv(f) | where a > 1 and a < 3"),
        ("csv(f) | where a > 1 || a < 0", "`or`", None),
        ("csv(f) | where !(a > 1)", "`not`", "csv(f) | where not (a > 1)"),
        ("csv(f) | where b == 'x'", "double quotes", 'csv(f) | where b == "x"'),
        ("csv(f) | where a <> 1", "`!=`", "csv(f) | where a != 1"),
        ("csv(f) | where a === 1", "`==`", "csv(f) | where a == 1"),
        ("csv(f) | where a =< 1", "`<=`", "csv(f) | where a <= 1"),
        ("csv(f) | where a > = 1", "`>=`", "csv(f) | where a >= 1"),
        ("csv(f) | where a \u2265 1", "`>=`", "csv(f) | where a >= 1"),
        ("csv(f) | where a is null", "== null", None),
        ('csv(f) | where b like "x%"', "contains", None),
        ("csv(f) | where 0 < a < 3", "do not chain", None),
        ("csv(f) | where a % 2 == 0", "remainder", None),
        ("csv(f) | where r => r.a > 1", "functions without a name", None),
        ("csv(f) | where lambda r: r.a > 1", "functions without a name", None),
        ("csv(f) where a > 1", "begins with `|`", "csv(f) | where a > 1"),
        ("csv(f)\n    where a > 1", "begins with `|`", "csv(f)\n    | where a > 1"),
        ("csv(f) | | where a > 1", "one `|`", "csv(f) | where a > 1"),
        ("csv(f) |> where a > 1", "`|` alone", "csv(f) | where a > 1"),
        ("csv(f) | where a > 1,\n    | take 1", "line's end", None),
        ("csv(f).where(a > 1)", "no methods", None),
        ("csv(f) | sort by a", "`sort a`", "csv(f) | sort a"),
        ("csv(f) | group by b, n = count()", "`group b`", "csv(f) | group b, n = count()"),
        ("csv(f) | group b, n = count(*)", "`count()`", None),
        ("csv(f) | derive n: a + 1", "`n = …`", "csv(f) | derive n = a + 1"),
        ("csv(f) | derive a + 1 as n", "name = value", None),
        ("csv(f) | rename a -> c", "new = old", None),
        ("csv(f) | select *", "all columns", None),
        ("csv(f) | join csv(f) using a", "`on`", None),
        ("csv(f) | derive k = a > 1 ? 2 : 3", "if … then", None),
        ("csv(f) | derive k = if a > 1 { 2 } else { 3 }", "if … then", None),
        ("csv(f) | derive k = a ** 2", "no powers", None),
        ("csv(f) | derive k = True", "`true`", "csv(f) | derive k = true"),
        ("csv(f) | where a != None", "`null`", "csv(f) | where a != null"),
        ("csv(f) | sort a\n    take 1", "begins with `|`", "csv(f) | sort a\n    | take 1"),
        ("csv(f)\n    distinct", "begins with `|`", None),
        ("2026-01-05", "write `@2026-01-05`", "@2026-01-05"),
        ("[csv(f) | take 1, 2]", "in parentheses", None),
        ("csv(f) | sort a desc", "sort -a", "csv(f) | sort -a"),
        ("csv(f) | where a > 1 AND a < 3", "`and`", "csv(f) | where a > 1 and a < 3"),
        ("csv(f) | where a > 1)", "closes nothing", "csv(f) | where a > 1"),
        ("csv(f) | where b == “x”", "straight double quotes", 'csv(f) | where b == "x"'),
        ("csv(f) | where matches(b, /^x\\d/)", 're"^x', 'csv(f) | where matches(b, re"^x\\d")'),
        ("csv(f) | where matches(b, re'x+')", 're"x+"', 'csv(f) | where matches(b, re"x+")'),
        ('csv(f) | where b.startswith("x")', "starts_with(x, prefix)", None),
        ("csv(f) | select(a, b)", "without parentheses", None),
        ("[5m]", "`5min`", "[5min]"),
        ("256MB", "`256MiB`", "256MiB"),
        ('csv(f)["a)', "not closed", None),
        ("[1 2]", "commas", "[1, 2]"),
        ("{a = 1}", "`key: value`", "{a: 1}"),
        ("{a: 1; b: 2}", "commas", "{a: 1, b: 2}"),
        ('f"{a}"', "holes", None),
        ("1,000", "not grouped", None),
        ("1_000", "not grouped", "1000"),
        (".5", "`0.5`", "0.5"),
        ("1e5", "exponent", None),
        ("10 s", "units", None),
        ("@2026-1-5", "dates are written", "@2026-01-05"),
        ("@2026-01-05 09:00", "behind a `T`", None),
        ("count csv(f)", "parentheses", None),
        ("csv(f) // rows", "begin with `#`", "csv(f) # rows"),
        ("[r.a for r in csv(f)]", "no loops", None),
    ],
)
def test_one_answer(value: str, help: str, mended: str | None) -> None:
    diagnostics = found(value)
    assert len(diagnostics) == 1, [(d.code, d.message) for d in diagnostics]
    (d,) = diagnostics
    assert help in d.help + d.message, (d.message, d.help)
    if mended is not None:
        assert d.fix is not None
        text = d.source.text[: d.fix.span.start] + d.fix.replacement + d.source.text[d.fix.span.end :]
        assert " ".join(text.split()) == " ".join(SPEC.format(mended).split())
        assert found(mended) == []


@pytest.mark.parametrize(
    ("line", "help", "mended"),
    [
        ("assert rows(d) == csv(f)", "`expect`", "expect rows(d) == csv(f)"),
        ("if exists(d) {\n expect count(rows(d)) == 2\n}\nexpect rows(d) == csv(f)", "unexpected `if`", None),
        ("expect rows(d) =< csv(f)", "`<=`", None),
        ("expect contains(text(d), 'a')", "double quotes", 'expect contains(text(d), "a")'),
    ],
)
def test_in_a_check(line: str, help: str, mended: str | None) -> None:
    text = SPEC.format("1").replace("expect rows(d) == csv(f)", f"\n{line}\n")
    (d,) = [d for d in check("t.claw", text).diagnostics if d.code not in ("W0301", "E0602", "E0601")]
    assert help in d.help + d.message, (d.message, d.help)
    if mended is not None:
        assert d.fix is not None
        assert text[: d.fix.span.start] + d.fix.replacement + text[d.fix.span.end :] == text.replace(line, mended)


@pytest.mark.parametrize(
    ("head", "help", "mended"),
    [
        ("require e: { expect unchanged(f) }", "no `:`", "require e { expect unchanged(f) }"),
        ("require my-check { expect unchanged(f) }", "`my_check`", "require my_check { expect unchanged(f) }"),
    ],
)
def test_heads_of_blocks(head: str, help: str, mended: str) -> None:
    text = SPEC.format("1").replace("verify {", f"verify {{\n    {head}\n   ")
    (d,) = [d for d in check("t.claw", text).diagnostics if d.code != "W0301"]
    assert help in d.help and d.fix is not None
    assert text[: d.fix.span.start] + d.fix.replacement + text[d.fix.span.end :] == text.replace(head, mended)


def test_a_path_without_quotes() -> None:
    text = SPEC.format("1").replace('"d.csv"', "out/d-1.csv")
    (d,) = [d for d in check("t.claw", text).diagnostics if d.code == "E0101"]
    assert d.fix is not None and d.fix.replacement == '"out/d-1.csv"'


def test_a_text_of_several_lines_of_another_language() -> None:
    text = (
        SPEC.format("1")
        .replace('"Copy a and b', "<<-EOT\n  Copy a and b")
        .replace('{{ path.d }}."', "{{ path.d }}.\n  EOT")
    )
    (d,) = [d for d in check("t.claw", text).diagnostics if d.code != "W0301"]
    assert (d.code, d.source.position(d.span.start)[0]) == ("E0104", 10) and '"""' in d.help


def test_a_let_of_another_language_gives_its_name() -> None:
    text = SPEC.format("1").replace("let x = 1", "var x = csv(f)").replace("== csv(f)", "== x")
    (d,) = check("t.claw", text).diagnostics
    assert d.code == "E0201" and d.fix is not None and d.fix.replacement == "let"


def test_a_mistake_far_away_wakes_no_bracket() -> None:
    text = SPEC.format("csv(f) | where a > 1 || a < 0").replace(
        "verify {",
        "solution {\n    write d = csv(table([\n      {a: 1, b: first((\n        csv(f)\n      )).b},\n    ]))\n  }\n  verify {",
    )
    assert [d.code for d in check("t.claw", text).diagnostics if d.code < "E02"] == ["E0101"]


def test_a_deliverable_is_written_by_its_name() -> None:
    text = SPEC.format("1").replace("verify {", "solution { write path.d = csv(f) }\n  verify {")
    (d,) = [d for d in check("t.claw", text).diagnostics if d.code != "W0301"]
    assert d.code == "E0101" and d.fix is not None and d.fix.replacement == "d"
