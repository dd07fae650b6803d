"""Mistakes do not hide each other and make no further ones: together they are reported as each is alone."""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple

import pytest

from clawc.compiler.assets import NoAssets
from clawc.compiler.pipeline import check

BASE = r'''claw 1

task totals {
  title    = "Total the hours"
  category = office.records

  workspace {
    file hours "input/hours.csv" { content = "name,hours,note\nAda,3,late\nBo,4,ill\n" }
    file rates "input/rates.csv" { content = "name,rate\nAda,10\nBo,12\n" }
  }

  let least = 2
  let wanted = csv(hours)
    | where hours > 1
    | left_join csv(rates) on name
    | group name, hours = sum(hours), pay = sum(hours * rate)
    | sort name

  deliver totals "output/totals.csv" { columns = [name, hours] }
  deliver summary "output/summary.json"

  instruction = """
    Write {{ path.totals }} and {{ path.summary }},
    with the total hours of each name, sorted by name, and total, least and day.
    """

  verify {
    check totals_right {
      weight  = 2
      because = "sorted by name"
      expect rows(totals) == wanted
    }
    check sum_right {
      expect json(summary).total == sum(wanted.hours) within 0.1
      expect json(summary).least == least
      expect json(summary).day == @2026-01-31
    }
    require kept { expect unchanged(workspace) }
  }
}
'''


class Mistake(NamedTuple):
    """What stands in BASE and what stands there instead; each on a line of its own."""

    code: str
    old: str
    new: str


MISTAKES = [
    Mistake("E0102", "claw 1\n", "\n"),
    Mistake("E0204", "task totals {", "task {"),
    Mistake("E0103", '"Total the hours"', '"Total the hours'),
    Mistake("E0211", "office.records", "office.record"),
    Mistake("E0206", 'csv" { content = "name,hours', 'csv" { from = "x.csv"; content = "name,hours'),
    Mistake("E0205", 'csv" { content = "name,rate', 'csv" { owner = 1; content = "name,rate'),
    Mistake("E0101", "let least = 2\n", "let least = 2 +\n"),
    Mistake("E0402", "where hours > 1", "where hour > 1"),
    Mistake("E0402", "csv(rates) on name", "csv(rates) on nmae"),
    Mistake("E0302", "pay = sum(hours * rate)", "pay = summ(hours * rate)"),
    Mistake("E0402", "| sort name\n", "| sort nmae\n"),
    Mistake("E0701", '"output/totals.csv"', '"/output/totals.csv"'),
    Mistake("E0205", 'summary.json"', 'summary.json" { sorted = true }'),
    Mistake("E0301", "{{ path.totals }} and", "{{ path.totals }}{{ path.total }} and"),
    Mistake("E0108", "total hours of", "total {{ " + "-" * 120 + "1 }} hours of"),
    Mistake("E0205", "weight  = 2", "wait    = 2"),
    Mistake("E0605", '"sorted by name"', '"sorted by names"'),
    Mistake("E0401", "rows(totals)", "rows(totals, 1)"),
    Mistake("E0104", "within 0.1", "within $0.1"),
    Mistake("E0406", "json(summary).least == least", "json(summary).least == least and words(totals)"),
    Mistake("E0105", "@2026-01-31", "@2026-02-31"),
    Mistake("E0107", "unchanged(workspace) }", "unchanged(workspace) }}"),
]


def planted(*mistakes: Mistake) -> str:
    text = BASE
    for _, old, new in mistakes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def reported(text: str) -> list[tuple[str, str]]:
    """Code and line of every diagnostic; the line by its text, which no other mistake moves."""
    found = check("spec.claw", text, NoAssets()).diagnostics
    return [(d.code, d.source.line(d.source.position(d.span.start)[0]).strip()) for d in found]


def test_the_base_is_sound() -> None:
    assert reported(BASE) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.code} {m.new.strip()[:30]}")
def test_one_mistake(mistake: Mistake) -> None:
    assert [code for code, _ in reported(planted(mistake))] == [mistake.code]


def assert_independent(*mistakes: Mistake) -> None:
    together = Counter(code for code, _ in reported(planted(*mistakes)))
    assert together == Counter(m.code for m in mistakes), mistakes
    alone = {found for m in mistakes for found in reported(planted(m))}
    assert {line for _, line in reported(planted(*mistakes))} <= {line for _, line in alone}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("first", range(len(MISTAKES)))
def test_every_pair(first: int) -> None:
    for second in range(first + 1, len(MISTAKES)):
        assert_independent(MISTAKES[first], MISTAKES[second])


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(40))
def test_ten_at_once(seed: int) -> None:
    assert_independent(*random.Random(seed).sample(MISTAKES, 10))
