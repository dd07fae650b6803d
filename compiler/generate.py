"""Random values that are the same on every machine for the same task, name and seed. Compile time only.

The bits are SHA-256 in counter mode over what names the value, so no two places share a stream, and adding one to a
spec moves no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from functools import wraps
from typing import Any, TypeVar

from clawc.stdlib.checks.values import Range, Table, Unmet

PLACES = Decimal("0.000000000001")
MAX_BITS = 1024
_CONTEXT = Context(prec=34)
_HALF = 1 << 53
Element = TypeVar("Element")


class Source:
    """The random numbers of one value; `attempt` counts how often it was drawn before, as it was taken already."""

    __slots__ = ("_blocks", "_left", "_seed", "attempt")

    def __init__(self, *seed: object, attempt: int = 0) -> None:
        self._seed: tuple[object, ...] | bytes = (*seed, attempt) if attempt else seed
        self._left: list[int] = []
        self._blocks = 0
        self.attempt = attempt

    def word(self) -> int:
        """64 bits."""
        if not self._left:
            if not isinstance(self._seed, bytes):
                self._seed = "\0".join(str(part) for part in self._seed).encode("utf-8", "surrogatepass")
            digest = hashlib.sha256(self._seed + self._blocks.to_bytes(8, "big")).digest()
            self._blocks += 1
            self._left = [int.from_bytes(digest[at : at + 8], "big") for at in (24, 16, 8, 0)]
        return self._left.pop()

    def unit(self) -> Decimal:
        """From 0 up to, but without, 1; 53 bits."""
        return _CONTEXT.divide(Decimal(self.word() >> 11), Decimal(_HALF))

    def below(self, n: int) -> int:
        """0 to n - 1, each as likely. Raises Unmet for more than 1024 bits."""
        bits = (n - 1).bit_length()
        if n < 1 or bits > MAX_BITS:
            raise Unmet("nothing can be drawn from a range of this size")
        words = -(-bits // 64)
        while True:
            value = 0
            for _ in range(words):
                value = value << 64 | self.word()
            value >>= 64 * words - bits
            if value < n:
                return value

    def pick(self, values: Sequence[Element]) -> Element:
        """One of at least one value."""
        return values[self.below(len(values))]

    def sample(self, size: int, n: int) -> list[int]:
        """`n` different places below `size`, in ascending order."""
        places = list(range(size))
        for at in range(min(n, size)):
            other = at + self.below(size - at)
            places[at], places[other] = places[other], places[at]
        return sorted(places[: min(n, size)])


def drawn(draw: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but what is no number, or too large a one, gives Unmet."""

    @wraps(draw)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            with localcontext(_CONTEXT):
                return draw(*args, **kwargs)
        except (TypeError, ArithmeticError, ValueError, AttributeError):
            raise Unmet("nothing can be drawn from these values") from None

    return checked


@drawn
def pick_one(source: Source, of: Any) -> Any:
    """One element of a list, one row of a table, or one key of a record of weights."""
    if isinstance(of, Table):
        of = [row[of.columns[0]] for row in of.rows] if len(of.columns) == 1 else list(of.rows)
    if isinstance(of, dict):
        weights: dict[str, Any] = {str(key): weight for key, weight in of.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        total = sum(weights.values())
        if not weights or total <= 0 or any(w < 0 for w in weights.values()):
            raise Unmet("weights are positive numbers")
        at = source.unit() * total
        for key, weight in weights.items():
            at -= weight
            if at < 0:
                return key
        return next(key for key in reversed(weights) if weights[key] > 0)
    if not isinstance(of, list) or not of:
        raise Unmet("there is nothing to pick from")
    return source.pick(of)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


@drawn
def any_date(source: Source, first: Any, last: Any) -> date:
    """A day between two days, both included."""
    days = [day.date() if isinstance(day, datetime) else day for day in (first, last)]
    if not all(isinstance(day, date) for day in days):
        raise Unmet("a day is drawn between two dates")
    if days[1] < days[0]:
        raise Unmet("the last day lies before the first")
    return days[0] + timedelta(days=source.below((days[1] - days[0]).days + 1))


@drawn
def any_integer(source: Source, low: Any, high: Any) -> int:
    """A whole number between two, both included."""
    if int(high) != high or int(low) != low:
        raise Unmet("the bounds of a whole number are whole numbers")
    if high < low:
        raise Unmet("the upper bound lies below the lower one")
    return int(low) + source.below(int(high) - int(low) + 1)


@drawn
def any_uniform(source: Source, low: Any, high: Any) -> Decimal:
    """Evenly spread between two numbers."""
    return (Decimal(low) + (Decimal(high) - Decimal(low)) * source.unit()).quantize(PLACES)


@drawn
def any_normal(source: Source, mean: Any, deviation: Any) -> Decimal:
    """Normally distributed, by the polar method of Marsaglia in decimals."""
    return (Decimal(mean) + Decimal(deviation) * _standard(source)).quantize(PLACES)


@drawn
def any_lognormal(source: Source, mu: Any, sigma: Any) -> Decimal:
    """e to the power of a normal number."""
    return (Decimal(mu) + Decimal(sigma) * _standard(source)).exp().quantize(PLACES)


def _standard(source: Source) -> Decimal:
    while True:
        u, v = 2 * source.unit() - 1, 2 * source.unit() - 1
        s = u * u + v * v
        if 0 < s < 1:
            return u * (-2 * s.ln() / s).sqrt()


@drawn
def any_chance(source: Source, share: Any) -> bool:
    """True in this share of cases."""
    if not 0 <= Decimal(share) <= 1:
        raise Unmet("a chance lies between 0 and 1")
    return source.unit() < Decimal(share)


@drawn
def any_of_range(source: Source, kind: str, span: Range, decimals: int) -> Any:
    """A value of a range, both ends included: a whole number, a number with so many decimals, or a day. Raises Unmet."""
    low, high = span.low, span.high
    if kind == "date":
        return any_date(source, low, high)
    if kind == "int":
        return any_integer(source, low, high)
    scale = 10**decimals
    with localcontext(Context(prec=200)):
        first, last = int(Decimal(low) * scale), int(Decimal(high) * scale)
        first += 1 if Decimal(first) < Decimal(low) * scale else 0
        last -= 1 if Decimal(last) > Decimal(high) * scale else 0
        if last < first:
            raise Unmet(f"no number with {decimals} decimals lies in this range")
        return Decimal(first + source.below(last - first + 1)).scaleb(-decimals)
