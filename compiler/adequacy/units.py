"""The smallest step between the values of a column: what lies beside a bound, and how it is written."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clawc.compiler.adequacy.sources import decimals
from clawc.stdlib.checks.kinds import plain

# Finer values are computed, and do not stop at a bound.
MAX_PLACES = 6
Step = int | Decimal | timedelta


def step_of(values: list[Any], bound: Any) -> Step | None:
    """One unit of the precision of some values and a bound; None where they have none in common."""
    found = [v for v in [*values, bound] if v is not None]
    if all(isinstance(v, datetime) for v in found):
        return timedelta(seconds=1) if any(v.second for v in found) else timedelta(minutes=1)
    if all(isinstance(v, date) and not isinstance(v, datetime) for v in found):
        return timedelta(days=1)
    if any(isinstance(v, bool) or not isinstance(v, (int, Decimal)) for v in found):
        return None
    places = max(map(decimals, found), default=0)
    if places > MAX_PLACES:
        return None
    return Decimal(1).scaleb(-places) if places else 1


def moved(value: Any, step: Step, times: int) -> Any:
    """A value some steps further; None where there is none, as after the last day of the calendar."""
    try:
        return value + times * step
    except (OverflowError, TypeError):
        return None


def written(step: Step) -> str:
    """A step as the source writes it."""
    if not isinstance(step, timedelta):
        return plain(step)
    return "1d" if step == timedelta(days=1) else "1min" if step == timedelta(minutes=1) else "1s"
