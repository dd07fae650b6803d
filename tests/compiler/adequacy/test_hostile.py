"""Specs that ask for too much end within their budgets, without a traceback."""

from __future__ import annotations

import pytest

from clawc.compiler.adequacy import findings, query_mutants
from clawc.compiler.adequacy.evaluation import MAX_COST, MAX_STEPS_EACH
from clawc.compiler.adequacy.query import MAX_MUTANTS, Ground
from tests.compiler.adequacy.queries import compiled, task_of

ITEMS = {"t.csv": "item,price\na,4\nb,7\nc,9\n"}


def test_the_number_of_mutants_is_bounded() -> None:
    terms = " + ".join(f"price * {n}" for n in range(2, 92))
    task = compiled(task_of(f"csv(t) | select item, cost = {terms} | sort item", ITEMS))
    assert len(query_mutants(task.task, task.sealer)) == MAX_MUTANTS


def test_the_cost_of_all_is_bounded() -> None:
    rows = "\n".join(f"i{n},{n % 7}" for n in range(250))
    query = "csv(t) | cross_join (csv(t) | rename other = item, cost = price) | where price + cost > 3 and price * cost < 20 | group item, total = sum(cost) | sort -total, item"
    task = compiled(task_of(query, {"t.csv": f"item,price\n{rows}\n"}))
    ground = Ground(task.task, task.sealer)
    found = ground.mutants()
    # The last one that was begun may overrun: by its steps, and the cells of the tables that it makes.
    assert ground.budget.left > -MAX_STEPS_EACH - 6 * 500_000
    assert len(found) < 40 and {m.status for m in found} <= {"changed", "same", "fault", "not_applicable"}
    assert MAX_COST < 10**7


@pytest.mark.parametrize("query", [
    "csv(t) | where price / 0 > 1 or price > 3 | select item | sort item",
    "csv(t) | where price < 9999999999999999999999999999 | select item | sort item",
    "csv(t) | select item, day = @9999-12-31 + 0d | where day >= @9999-12-31 | sort item",
    "csv(t) | where price in 0..9 | select item, cost = round(price, -3) | sort item",
    'csv(t) | where lower(item) in ["", "a", "b"] | select item, s = left(item, 1) | sort item',
    "csv(t) | select item, cost = price * 99999999999999999999999 * 99999999999999999999999 | sort item",
    "csv(t) | derive cost = price * 1" + "0" * 58 + " | where cost * cost * cost < cost * cost * cost * 10 | select item | sort item",
    "csv(t) | where price > 100 | group item, total = sum(price), far = max(price) | sort item",
])  # fmt: skip
def test_odd_values_end_in_no_error(query: str) -> None:
    task = compiled(task_of(query, ITEMS))
    found = query_mutants(task.task, task.sealer)
    assert found and findings(task.task, found) is not None


def test_definitions_of_definitions_are_changed_in_all_their_uses() -> None:
    query = "cheap(cheap(csv(t))) | select item | sort item"
    source = task_of(query, ITEMS).replace("  let wanted", "  def cheap(t) = t | where price < 8\n  let wanted")
    task = compiled(source)
    mutant = next(m for m in query_mutants(task.task, task.sealer) if m.operator == "comparison")
    assert len(mutant.replaced) == 2 and mutant.let == "cheap" and mutant.status == "same"
    lost = next(m for m in query_mutants(task.task, task.sealer) if m.operator == "filter")
    assert lost.status == "changed"  # left out in both places


def test_hostile_cells_are_shown_on_one_line() -> None:
    files = {"t.csv": 'item,price,note\n"a ""b"", c",4,"|x\ny"\nd,7,`y`\n'}
    task = compiled(task_of("csv(t) | where price > 5 | select item, note | sort item", files))
    for found in findings(task.task, query_mutants(task.task, task.sealer)):
        assert "\n" not in found.message + found.help
