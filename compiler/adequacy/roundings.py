"""Other ways to round, which a program may use by mistake. Compile time only; the same on every machine."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

from clawc.stdlib.checks.numbers import WIDE_NUMBERS, arithmetic_number, integer
from clawc.stdlib.checks.values import Number

MAX_FLOAT = 300


def rounded_as_float(x: Any, n: Any = 0) -> Number | None:
    """Rounded as a binary float is: half to even of its exact value. Null where `x` is no number."""
    value, places = arithmetic_number(x), integer(n)
    if value is None or places is None or abs(Decimal(value).adjusted()) > MAX_FLOAT:
        return value
    return _at(Decimal(float(value)), places, decimal.ROUND_HALF_EVEN)


def truncated(x: Any, n: Any = 0) -> Number | None:
    """Cut off after n decimals. Null where `x` is no number."""
    value, places = arithmetic_number(x), integer(n)
    return value if value is None or places is None else _at(Decimal(value), places, decimal.ROUND_DOWN)


def _at(value: Decimal, places: int, rounding: str) -> Number:
    if not -1_000 <= places <= 1_000:
        return value
    made = value.quantize(Decimal(1).scaleb(-places), rounding, WIDE_NUMBERS)
    return int(made) if places <= 0 else made
