"""Changes that can never matter, or that the author left open, are no findings."""

from __future__ import annotations

import pytest

from clawc.compiler.adequacy import findings, query_mutants
from tests.compiler.adequacy.queries import compiled, mutants_of, task_of

ITEMS = {"t.csv": "item,price,kind\na,4,x\nb,5,y\nc,9,x\n"}

EQUIVALENT = [
    ("unordered(csv(t) | select item | sort item)", "sort_key", ""),
    ("csv(t) | sort item | group kind, n = count() | sort kind", "sort_key", ""),
    ("csv(t) | sort -item | group kind, n = count() | sort kind", "sort_key", "sort item"),
    ("csv(t) | group kind, n = count() | distinct | sort kind", "distinct", ""),
    ("csv(t) | group kind, n = count() | sort kind, n", "sort_key", "sort kind"),
    ("csv(t) | select item, cost = price * 1 | sort item", "arithmetic", "price"),
    ("csv(t) | select item, cost = round(price, 1) | sort item", "rounding", "round(price, 1) to 2 decimals"),
    ("csv(t) | where price >= 5 | where price > 4 | select item | sort item", "filter", ""),
    ("csv(t) | group kind, item = first(item), n = count() | select kind, n | sort kind", "aggregate", "last(item)"),
    ("csv(t) | select item, kind | distinct item, kind | distinct | sort item, kind", "distinct", ""),
    ("csv(t) | select item, kind = trim(kind) | sort item", "spelling", "kind"),  # blanks around texts never count
]


@pytest.mark.parametrize(("query", "operator", "after"), EQUIVALENT, ids=[f"{q} to {a}" for q, _, a in EQUIVALENT])
def test_equivalent(query: str, operator: str, after: str) -> None:
    source = task_of(query, ITEMS)
    task = compiled(source)
    found = [m for m in query_mutants(task.task, task.sealer) if (m.operator, m.after) == (operator, after)]
    assert found and "not_applicable" in [m.status for m in found], [(m.status, m.row) for m in found]


def test_whole_numbers_have_no_limit_between_them() -> None:
    found = mutants_of(task_of("csv(t) | where price > 4 | select item | sort item", ITEMS))
    assert ("bound", "price > 3") not in found  # it is `price >= 4`
    assert found["comparison", "price >= 4"].status == "changed"


def test_a_difference_within_the_tolerance_is_hidden_by_it() -> None:
    source = task_of(
        "csv(t) | select item, third = round(price / 3, 2) | sort item", ITEMS, "rows(answer) == wanted within 0.02"
    )
    mutant = mutants_of(source)["rounding", "round(price / 3, 2) cut off"]
    assert mutant.status == "changed" and mutant.hidden and not mutant.sure


def test_a_rule_for_ties_matters_only_where_it_is_told() -> None:
    query = "csv(t) | select item, cost = round(size, 1) | sort item"
    files = {"t.csv": "item,size\na,1.25\nb,2.54\n"}
    key = ("rounding", "round(size, 1) half to even")
    silent = mutants_of(task_of(query, files))[key]
    assert (silent.status, silent.reason) == ("not_applicable", "the agent is told no rule for ties")
    told = "Read {{ path.t }} and write {{ path.answer }}, rounded half up, sorted by item."
    assert mutants_of(task_of(query, files, told=told))[key].status == "changed"


def test_keys_that_go_together_are_no_finding() -> None:
    files = {"t.csv": "client,name,amount\nC1,Ann,5\nC1,Ann,6\nC2,Bo,1\n"}
    task = compiled(task_of("csv(t) | group client, name, total = sum(amount) | sort client", files))
    mutants = query_mutants(task.task, task.sealer)
    keys = [m for m in mutants if m.operator == "group_key"]
    assert {m.status for m in keys} == {"not_applicable"}
    assert not [f for f in findings(task.task, mutants) if any(m.operator == "group_key" for m in f.mutants)]


def test_rows_that_no_input_can_have_are_not_asked_for() -> None:
    """A negative price, half a piece and the number of another row are no rows of this table."""
    files = {"t.csv": "id,price,pieces\n1,4.50,1\n2,7.25,2\n3,9.00,3\n"}
    task = compiled(task_of("csv(t) | where price > 0 and pieces >= 1 | select id, price | sort id", files))
    for mutant in query_mutants(task.task, task.sealer):
        for row in mutant.row.rows if mutant.row is not None else ():
            id, price, pieces = row.split(",")
            assert id not in ("1", "2", "3") and not price.startswith("-") and "." not in pieces, mutant
