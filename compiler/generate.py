"""Generated rows: random values that are the same on every machine for the same task, name and seed. Compile time only."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import wraps
from typing import Any

from clawc.stdlib.checks.values import Table, Unmet

PLACES = Decimal("0.000000000001")


class Source:
    """The random numbers of one cell."""

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("\0".join(str(part) for part in seed))

    def unit(self) -> Decimal:
        """From 0 up to, but without, 1."""
        return Decimal(int(self._random.random() * 2**53)) / 2**53

    def below(self, n: int) -> int:
        """0 to n - 1."""
        return min(int(self.unit() * n), n - 1)


def _drawn(draw: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but what is no number, or too large a one, gives Unmet."""

    @wraps(draw)
    def checked(*args: Any) -> Any:
        try:
            return draw(*args)
        except (TypeError, ArithmeticError, ValueError):
            raise Unmet("nothing can be drawn from these values") from None

    return checked


@_drawn
def pick_one(source: Source, of: Any) -> Any:
    """One element of a list, or one key of a record of weights."""
    if isinstance(of, Table):
        of = [row[of.columns[0]] for row in of.rows] if len(of.columns) == 1 else list(of.rows)
    if isinstance(of, dict):
        total = sum(of.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if not of or total <= 0 or any(w < 0 for w in of.values()):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            raise Unmet("weights are positive numbers")
        at = source.unit() * total
        for key, weight in of.items():  # pyright: ignore[reportUnknownVariableType]
            at -= weight  # pyright: ignore[reportUnknownVariableType]
            if at < 0:
                return key  # pyright: ignore[reportUnknownVariableType]
        return next(reversed(of))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if not isinstance(of, list) or not of:
        raise Unmet("there is nothing to pick from")
    return of[source.below(len(of))]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


@_drawn
def any_date(source: Source, first: Any, last: Any) -> date:
    """A day between two days, both included."""
    if not isinstance(first, date) or not isinstance(last, date) or last < first:
        raise Unmet("the last day lies before the first")
    return first + timedelta(days=source.below((last - first).days + 1))


@_drawn
def any_integer(source: Source, low: Any, high: Any) -> int:
    """A whole number between two, both included."""
    if high < low:
        raise Unmet("the upper bound lies below the lower one")
    return int(low) + source.below(int(high) - int(low) + 1)


@_drawn
def any_uniform(source: Source, low: Any, high: Any) -> Decimal:
    """Evenly spread between two numbers."""
    return (Decimal(low) + (Decimal(high) - Decimal(low)) * source.unit()).quantize(PLACES)


@_drawn
def any_normal(source: Source, mean: Any, deviation: Any) -> Decimal:
    """Normally distributed, by the polar method of Marsaglia in decimals."""
    return (Decimal(mean) + Decimal(deviation) * _standard(source)).quantize(PLACES)


@_drawn
def any_lognormal(source: Source, mu: Any, sigma: Any) -> Decimal:
    """e to the power of a normal number."""
    with localcontext() as context:
        context.prec = 34
        return (Decimal(mu) + Decimal(sigma) * _standard(source)).exp().quantize(PLACES)


def _standard(source: Source) -> Decimal:
    with localcontext() as context:
        context.prec = 34
        while True:
            u, v = 2 * source.unit() - 1, 2 * source.unit() - 1
            s = u * u + v * v
            if 0 < s < 1:
                return u * (-2 * s.ln() / s).sqrt()


@_drawn
def any_chance(source: Source, share: Any) -> bool:
    """True in this share of cases."""
    return source.unit() < Decimal(share)
