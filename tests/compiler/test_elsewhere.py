"""Names of other languages: each stands for one name of this one, and is none of its own; mistakes stand where they are made."""

from __future__ import annotations

import pytest

from clawc.compiler.elaborate import elsewhere
from clawc.compiler.pipeline import check
from clawc.compiler.source import Diagnostic
from clawc.spec.functions import BY_NAME

SPEC = """claw 1

task t {{
  title = "T"
  workspace {{ file f "f.csv" {{ content = "k,n,d\\nA,1,2026-01-05\\nB,2,2026-01-06\\n" }} }}
  let t = csv(f)
  let u = {}
  deliver r "r.csv" {{ columns = [k, n] }}
  instruction = "Copy k and n of {{{{ path.f }}}} to {{{{ path.r }}}}."
  verify {{ check c {{ expect rows(r) == (csv(f) | select k, n) }} }}
}}
"""


def only(value: str) -> Diagnostic:
    """The one mistake of a value."""
    found = [d for d in check("t.claw", SPEC.format(value)).diagnostics if d.code != "W0301"]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("table", [elsewhere.FUNCTIONS, elsewhere.VERBS], ids=["functions", "verbs"])
def test_names_lead_to_names_that_there_are(table: dict[str, str]) -> None:
    assert {other for other in table if other in BY_NAME} == set()
    assert {name for name in table.values() if name not in BY_NAME} == set()
    assert table.keys() & elsewhere.OTHERWISE.keys() == set()


def test_what_is_written_otherwise_is_no_function() -> None:
    assert elsewhere.OTHERWISE.keys() & BY_NAME.keys() == set()


@pytest.mark.parametrize("name", sorted(elsewhere.FUNCTIONS))
def test_functions_of_other_languages(name: str) -> None:
    found = only(f"{name}(t.n)")
    assert (found.code, found.fix and found.fix.replacement) == ("E0302", elsewhere.FUNCTIONS[name])


ARGUMENTS = {"take": "2", "join": "t on k", "left_join": "t on k", "semi_join": "t on k", "anti_join": "t on k",
             "cross_join": "(t | select k)", "where": "n > 1", "any": "n > 1", "all": "n > 1"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(elsewhere.VERBS))
def test_verbs_of_other_languages(name: str) -> None:
    verb = elsewhere.VERBS[name]
    found = check("t.claw", SPEC.format(f"t | {name} {ARGUMENTS.get(verb, 'n')}")).diagnostics
    told = [d for d in found if d.code == "E0302"]
    assert [d.fix and d.fix.replacement for d in told] == [verb]


@pytest.mark.parametrize(
    ("value", "at", "help"),
    [
        ("t\n    | sort n\n    | pivot k, key = d, values = sum(n)", "key", "`pivot` takes"),
        ("t\n    | sort n\n    | take 1, 2", "2", ""),
        ("t\n    | sort n\n    | take -1", "-1", "the other way round"),
        ("t\n    | sort n\n    | where k, n", "n", "by `and`"),
        ("t\n    | where n > 1\n    | sort", "sort", ""),
        ("t\n    | where n > 1\n    | join csv(f)", "join", "write `on k`"),
        (
            "t\n    | where n > 1\n    | join (csv(f) | select k, n) on k",
            "(csv(f) | select k, n)",
            "rename other_n = n",
        ),
        ("t\n    | where n > 1\n    | unnest k", "k", ""),
        ("t\n    | where n > 1\n    | rename d = due", "d = due", "`due = d`"),
        ("t\n    | where n > 1\n    | upper", "upper", "upper("),
        ("t\n    | where n > 1\n    | mean", "mean", "mean(t.column)"),
        ("t\n    | where n > 1\n    | unique k", "unique", ""),
        ("t\n    | where n > 1\n    | length\n    | sort n", "sort", ""),
        ("f\n    | where n > 1", "f", "csv(f)"),
        ("t | where n > mean(n)", "n", "`mean(t.n)`"),
        ("t | where n > 1 | where n > mean(n)", "n", "by `let t = …`"),
        ("t | max(n)", "max", "`max(t.n)`"),
        ("t | count(n)", "count", "`group n, n = count()`"),
        ("t | first 2", "first", "`take 2`"),
        ("t | where d < today()", "today", "no clock"),
        ("t | where d < now", "now", "no clock"),
        ('t | derive z = "2026-02-01" - d', "-", "`@2026-02-01`"),
        ("t | derive z = d + 3", "+", "`3d`"),
        ("t | derive z = n - k", "-", "number(k)"),
        ("add_months(1, @2026-03-08)", "1, @2026-03-08", "add_months("),
        ('split("a,b", sep = ",")', "sep", "split("),
        ("round(1.25, places = 1)", "places", "round("),
        ("text(f, t)", "t", "text("),
        ("coalesce(1, 2)", "coalesce", "??"),
        ('t | group k, z = sum("n")', '"n"', "`n`"),
        ('t | where "k" == "A"', '"k"', "`k`"),
    ],
)
def test_mistakes_stand_where_they_are_made(value: str, at: str, help: str) -> None:
    found = only(value)
    assert found.source.slice(found.span) == at
    assert help in found.help


def test_a_poor_guess_is_neither_read_nor_written() -> None:
    found = only("foo(t.n) and true")
    assert (found.code, found.fix) == ("E0302", None)
