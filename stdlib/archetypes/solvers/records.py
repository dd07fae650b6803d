"""Key figures of a result and of what it was made from: each is a fact of its own, and all stand in one mapping."""

from __future__ import annotations

from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.figures import figure
from clawc.stdlib.archetypes.solvers.spread import median
from clawc.stdlib.archetypes.solvers.values import Rows, Unsolvable, Value, number
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, mapping


def record(work: Work, asked: Asked) -> None:
    facts = {fact.text("name"): _fact(work, fact) for fact in asked.parts("facts")}
    work.made[work.target(asked)] = mapping(facts, asked.text("format"))


def _fact(work: Work, fact: Asked) -> Value:
    how = fact.text("how")
    if how in work.counts:
        return work.counts[how]
    if how in ("count", "count where"):
        return Decimal(len(_with_value(work, fact)))
    if how == "count distinct":
        return Decimal(len({cell(row, fact.text("column")) for row in work.rows}))
    if how == "median":
        column = fact.text("column")
        return median([number(cell(row, column), column) for row in work.checked])
    if how in ("sum", "min", "max"):
        return figure(work.rows, fact)
    raise Unsolvable(f"record: unknown figure {how!r}")


def _with_value(work: Work, fact: Asked) -> Rows:
    """All rows, or those with a value; a column that the result does not have is one of what was checked."""
    if not fact.has("value"):
        return work.rows
    column, value = fact.text("column"), fact.value("value")
    rows = work.checked if work.columns is not None and column not in work.columns else work.rows
    return [row for row in rows if cell(row, column) == value]
