"""One value out of many rows: totals of a group, key figures of a result. A figure over no rows is nothing, except counts and sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Rows, Unsolvable, Value, number, order, rounded
from clawc.stdlib.archetypes.solvers.writing import cell

# Where a mean is asked for, the text says so: "rounded half up to two decimals".
_MEAN_DECIMALS = 2


def figure(rows: Rows, asked: Asked) -> Value:
    how = asked.text("how")
    if how == "count":
        return Decimal(len(rows))
    column = asked.text("column")
    values = [cell(row, column) for row in rows]
    if how == "mean":
        return _mean(values, column, asked.decimals(otherwise=_MEAN_DECIMALS))
    if how not in _FIGURES:
        raise Unsolvable(f"a figure of unknown kind {how!r}")
    return _FIGURES[how](values, column)


def _sum(values: Sequence[Value], column: str) -> Value:
    return sum((number(value, column) for value in values if value is not None), Decimal(0))


def _mean(values: Sequence[Value], column: str, decimals: int) -> Value:
    known = [number(value, column) for value in values if value is not None]
    return rounded(sum(known, Decimal(0)) / len(known), decimals) if known else None


def _smallest(values: Sequence[Value], column: str) -> Value:
    return min((value for value in values if value is not None), key=order, default=None)


def _largest(values: Sequence[Value], column: str) -> Value:
    return max((value for value in values if value is not None), key=order, default=None)


def _first(values: Sequence[Value], column: str) -> Value:
    return values[0] if values else None


_FIGURES: Mapping[str, Callable[[Sequence[Value], str], Value]] = {
    "sum": _sum,
    "min": _smallest,
    "max": _largest,
    "first": _first,
}
