"""Which values a condition lets through. The name of a comparison says what is KEPT, however the text turns it round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Unsolvable, Value

Fits = Callable[[Value], bool]


def _in(asked: Asked) -> Fits:
    values = set(asked.values("value"))
    return lambda value: value in values


def _not(asked: Asked) -> Fits:
    unwanted = asked.value("value")
    return lambda value: value != unwanted


def _at_least(asked: Asked) -> Fits:
    bound = asked.value("value")
    return lambda value: not _less(value, bound)


def _more_than(asked: Asked) -> Fits:
    bound = asked.value("value")
    return lambda value: _less(bound, value)


def _below(asked: Asked) -> Fits:
    """Also "before" a day: the bound itself is out."""
    bound = asked.value("value")
    return lambda value: _less(value, bound)


def _between(asked: Asked) -> Fits:
    """Both bounds are in."""
    low, high = asked.values("value")
    return lambda value: not _less(value, low) and not _less(high, value)


def _month(asked: Asked) -> Fits:
    """A month as the text writes it, with its name in English: March 2025."""
    month = datetime.strptime(asked.text("value"), "%B %Y").strftime("%Y-%m")
    return lambda value: isinstance(value, str) and value[:7] == month


def _at_most(asked: Asked) -> Fits:
    bound = asked.value("value")
    return lambda value: not _less(bound, value)


def _from(asked: Asked) -> Fits:
    """A day, or a day and a time of it: the bound itself is in."""
    bound = "T".join(asked.texts("value"))
    return lambda value: not _less(value, bound)


def _within_days(asked: Asked) -> Fits:
    """Not more than so many days after a day."""
    start, days = asked.values("value")
    last = (datetime.fromisoformat(str(start)) + timedelta(days=int(str(days)))).date().isoformat()
    return lambda value: not _less(last, value)


def _less(left: Value, right: Value) -> bool:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left < right
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    raise Unsolvable(f"keep: {left!r} and {right!r} have no order")


COMPARISONS: Mapping[str, Callable[[Asked], Fits]] = {
    "in": _in,
    "not": _not,
    "at least": _at_least,
    "from": _from,
    "at most": _at_most,
    "within days": _within_days,
    "more than": _more_than,
    "below": _below,
    "before": _below,
    "between": _between,
    "month": _month,
}
