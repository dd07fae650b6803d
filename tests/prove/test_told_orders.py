"""What a request says of the order of rows, and what it does not."""

from __future__ import annotations

import pytest

from clawc.compiler.mutants.values import flipped
from clawc.compiler.mutants.wording import orders_rows
from clawc.compiler.pipeline import check
from clawc.compiler.prove.plan import judge_here, plan_of


@pytest.mark.parametrize(
    "told",
    [
        "Order the rows by falling frames, then by ob.", "Order them by date.", "The latest day goes on top.", "The months go from old to new.",
        "Sort by total.", "Largest total on top; where two are equal, by name.", "Rank them, ties from A to Z.", "List them by rising price.",
    ],
)  # fmt: skip
def test_an_order_is_asked_for(told: str) -> None:
    assert orders_rows(told)


@pytest.mark.parametrize(
    "told",
    ["One row per customer with the columns customer and total.", "Write the orders into a file.", "Take the orders from input/orders.csv.", "Give the sum over all orders."],
)  # fmt: skip
def test_no_order_is_asked_for(told: str) -> None:
    assert not orders_rows(told)


_SHEET = """claw 1

task days {
  title = "Days"
  category = office.records
  operations = [files.write]
  data visits {
    count = 8
    visit = serial("V-{{ n }}")
    diet = pick(["fish", "none"])
    seen = any_date(@2026-01-01, @2026-02-28)
  }
  workspace { file visits_file "in/visits.csv" { content = csv(visits) } }
  deliver report "out/visits.xlsx" { columns = [visit, diet, seen] }
  instruction = "Copy {{ path.visits_file }} to {{ path.report }}, sorted by visit, with the columns visit, diet and seen."
  verify { check right { expect rows(report) == (csv(visits_file) | sort visit) } }
}
"""


def test_days_in_spreadsheets_and_columns_like_attributes() -> None:
    """A day is flipped to what a cell of a spreadsheet can hold; `diet` is a column, not a slip of `dirt`."""
    checked = check("days.claw", _SHEET)
    assert [d.message for d in checked.diagnostics] == []
    plan = plan_of(checked.tasks[0], "admit")
    assert len(plan.mutants) > 10 and all(not isinstance(v, str) for v in judge_here(plan))
    assert flipped(visits := __import__("datetime").date(2026, 1, 31)) != visits


def test_a_slip_of_dirt_is_still_one() -> None:
    text = (
        _SHEET.replace('diet = pick(["fish", "none"])', "dirts = [duplicate_rows(2)]")
        .replace("diet, ", "")
        .replace(", diet", "")
    )
    assert [d.code for d in check("days.claw", text).diagnostics][:1] == ["E0205"]
