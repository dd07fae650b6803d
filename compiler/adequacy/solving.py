"""The value of a cell that gives an expression the value that is wanted: two points and a straight line through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clawc.compiler.adequacy.evaluation import Values
from clawc.compiler.adequacy.lineage import Lineage, Origin
from clawc.compiler.adequacy.substitute import rebuilt
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.stdlib.checks.numbers import WIDE_NUMBERS
from clawc.stdlib.checks.values import NUMBERS

MAX_PLACES = 6


def solved(
    expression: Core, lineage: Lineage, origin: Origin, rows: Mapping[str, dict[str, Any]], wanted: Any, values: Values
) -> Iterator[Any]:
    """Values for the column `origin` with which the expression, over one row of each input, is `wanted`."""

    def at(cell: Any) -> Any:
        given = {**rows, origin.input.key: {**rows[origin.input.key], origin.column: cell}}
        try:
            return values.of(_filled(expression, lineage, given))
        except EvaluationFault:
            return None

    start = rows[origin.input.key].get(origin.column)
    for further in _steps(start):
        one, two, goal = _as_number(at(start)), _as_number(at(further)), _as_number(wanted)
        first, second = _as_number(start), _as_number(further)
        if one is None or two is None or goal is None or first is None or second is None or one == two:
            continue
        slope = NUMBERS.divide(two - one, second - first)
        cell = first + NUMBERS.divide(goal - one, slope)
        places = origin.input.columns[origin.column].places
        found = _as_cell(cell, start, min(places, MAX_PLACES))
        if found is not None and _as_number(at(found)) == goal:
            yield found
        return


def _filled(node: Core, lineage: Lineage, rows: Mapping[str, dict[str, Any]]) -> Core:
    """The expression with the cells of rows in place of columns."""
    if isinstance(node, core.Col):
        found = lineage.column(node)
        value = rows.get(found.input.key, {}).get(found.column) if isinstance(found, Origin) else None
        return Const(value, node.type, node.span)
    if not node.free:
        return node
    made = rebuilt(node, lambda part: _filled(part, lineage, rows))
    return core.call(made.function, made.args, made.type, made.span, **dict(made.kwargs)) if isinstance(made, core.Call) else (
        core.logic(made.op, made.operands, made.type, made.span) if isinstance(made, core.Logic) else made)  # fmt: skip


def _steps(start: Any) -> Iterator[Any]:
    if isinstance(start, date):
        yield start + timedelta(days=1) if start.year < 9999 else start - timedelta(days=1)
    elif isinstance(start, (int, Decimal)) and not isinstance(start, bool):
        yield start + 1


def _as_number(value: Any) -> Decimal | None:
    """Numbers as they are, days and durations as their number of days."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, timedelta):
        return Decimal(value // timedelta(microseconds=1)) / (86_400 * 10**6)
    if isinstance(value, datetime):
        return None if value.tzinfo else Decimal(value.toordinal()) + Decimal(value.hour * 60 + value.minute) / 1440
    return Decimal(value.toordinal()) if isinstance(value, date) else None


def _as_cell(value: Decimal, like: Any, places: int) -> Any:
    """A number as a cell like another one; None where it is none."""
    if isinstance(like, datetime) or not value.is_finite() or abs(value.adjusted()) > 30:
        return None
    if isinstance(like, date):
        day = int(value.to_integral_value())
        return date.fromordinal(day) if 1 <= day <= date.max.toordinal() else None
    rounded = value.quantize(Decimal(1).scaleb(-places), context=WIDE_NUMBERS)
    return int(rounded) if not places else rounded
