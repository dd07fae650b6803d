"""Numbers and arithmetic: exact on integers, 34 significant digits elsewhere, null where an operand is null.

The operators also join texts and lists, and move dates by durations.
"""

from __future__ import annotations

import datetime
import decimal
import re
from decimal import Decimal
from typing import Any, Callable, Optional, Tuple

from clawc.stdlib.checks.dates import date_of, datetime_of
from clawc.stdlib.checks.kinds import (
    DATE,
    DURATION,
    LIST,
    NUMBER,
    TEXT,
    TIME,
    bounded,
    converted,
    is_null,
    number_in_text,
    shown,
    tag_of,
)
from clawc.stdlib.checks.values import NUMBERS, Cell, Number, Range, Unmet, Unordered

MAX_JOINED_TEXT = 64_000_000
MAX_JOINED_LIST = 1_000_000
# Wide enough to shift and round every number that `bounded` lets through without losing a digit.
WIDE_NUMBERS = decimal.Context(prec=4_000, rounding=decimal.ROUND_HALF_EVEN, Emin=-9_999, Emax=9_999)

_BOUNDS = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*(?:-|–|\.\.|to)\s*(-?[0-9]+(?:\.[0-9]+)?)\Z")


def number(v: Any) -> Optional[Number]:
    """The number that a value is or a text spells, such as `-3`, `0.50` or `1e6`; else null."""
    if isinstance(v, str):
        return number_in_text(v)
    if isinstance(v, (int, Decimal)) and not isinstance(v, bool):
        return bounded(v)
    return None


def integer(v: Any) -> Optional[int]:
    """The whole number that a value is or a text spells (`4.0` is one); else null."""
    x = number(v)
    if x is None or (isinstance(x, Decimal) and x != x.to_integral_value()):
        return None
    return int(x)


def arithmetic_number(v: Any) -> Optional[Number]:
    """A number, or a cell that spells one; plain text is none, whatever it spells."""
    return None if isinstance(v, str) and not isinstance(v, Cell) else number(v)


def operands(a: Any, b: Any) -> Tuple[Any, Any]:
    """Both operands, a cell as a value of the other's type; two cells as numbers if both are, else as
    texts."""
    if isinstance(a, Cell) and isinstance(b, Cell):
        x, y = number(a), number(b)
        return (str(a), str(b)) if x is None or y is None else (x, y)
    if isinstance(a, Cell):
        return _cell_beside(a, b), b
    return (a, _cell_beside(b, a)) if isinstance(b, Cell) else (a, b)


def _cell_beside(cell: Cell, other: Any) -> Any:
    """A cell as an operand beside another; beside a duration it is what is moved."""
    tag = tag_of(other)
    if tag is DURATION:
        return date_of(cell) or datetime_of(cell)
    return converted(cell, tag) if tag in (NUMBER, DATE, TIME, TEXT) else None


def exactly(operation: Callable[[Decimal, Decimal], Decimal], a: Number, b: Number) -> Number:
    """A decimal operation within the bounds of numbers."""
    try:
        return bounded(operation(Decimal(bounded(a)), Decimal(bounded(b))))
    except decimal.DecimalException:
        raise Unmet("number is too large") from None


def microseconds_of(d: datetime.timedelta) -> int:
    """The length of a duration in microseconds, which is exact."""
    return (d.days * 86_400 + d.seconds) * 1_000_000 + d.microseconds


def duration_of(microseconds: Decimal) -> datetime.timedelta:
    """The duration of so many microseconds, rounded half even."""
    if microseconds.adjusted() > 20:
        raise Unmet("the duration is too long")
    try:
        return datetime.timedelta(microseconds=int(microseconds.to_integral_value(decimal.ROUND_HALF_EVEN)))
    except OverflowError:
        raise Unmet("the duration is too long") from None


def moved(day: Any, distance: datetime.timedelta) -> Any:
    """A date, time or duration moved by a duration."""
    try:
        return day + distance
    except OverflowError:
        raise Unmet("the date is out of range") from None


def add(a: Any, b: Any) -> Any:
    """The sum; two texts or lists joined; a date or time later by a duration. Null when there is none."""
    a, b = operands(a, b)
    left, right = tag_of(a), tag_of(b)
    if left is NUMBER and right is NUMBER:
        if isinstance(a, int) and isinstance(b, int):
            return bounded(a + b)
        return exactly(NUMBERS.add, a, b)
    if left is TEXT and right is TEXT:
        if len(a) + len(b) > MAX_JOINED_TEXT:
            raise Unmet("the text is too long")
        return a + b
    if left is LIST and right is LIST:
        if len(a) + len(b) > MAX_JOINED_LIST:
            raise Unmet("the list is too long")
        joined = [*a, *b]
        return Unordered(joined) if isinstance(a, Unordered) or isinstance(b, Unordered) else joined
    if right is DURATION and left in (DATE, TIME, DURATION):
        return moved(a, b)
    if left is DURATION and right in (DATE, TIME):
        return moved(b, a)
    return None


def sub(a: Any, b: Any) -> Any:
    """The difference; between two dates or times a duration; a date or time earlier by a duration. Else
    null."""
    a, b = operands(a, b)
    left, right = tag_of(a), tag_of(b)
    if left is NUMBER and right is NUMBER:
        if isinstance(a, int) and isinstance(b, int):
            return bounded(a - b)
        return exactly(NUMBERS.subtract, a, b)
    if right is DURATION and left in (DATE, TIME, DURATION):
        return moved(a, duration_of(Decimal(-microseconds_of(b))))
    if left is DATE and right is DATE:
        return a - b
    if left in (DATE, TIME) and right in (DATE, TIME):
        start, end = datetime_of(b), datetime_of(a)
        if start is not None and end is not None and (start.tzinfo is None) == (end.tzinfo is None):
            return end - start  # a local time and one with an offset have no distance
    return None


def mul(a: Any, b: Any) -> Any:
    """The product; a duration so many times. Else null."""
    if isinstance(b, datetime.timedelta):
        a, b = b, a
    y = arithmetic_number(b)
    if y is None:
        return None
    if isinstance(a, datetime.timedelta):
        return duration_of(WIDE_NUMBERS.multiply(Decimal(microseconds_of(a)), Decimal(y)))
    x = arithmetic_number(a)
    if x is None:
        return None
    if isinstance(x, int) and isinstance(y, int):
        return bounded(x * y)
    return exactly(NUMBERS.multiply, x, y)


def div(a: Any, b: Any) -> Any:
    """The quotient; a part of a duration, or how often one duration goes into another. Null by 0, else
    where none is."""
    if isinstance(a, datetime.timedelta) and isinstance(b, datetime.timedelta):
        a, b = microseconds_of(a), microseconds_of(b)
    y = arithmetic_number(b)
    if not y:
        return None
    if isinstance(a, datetime.timedelta):
        return duration_of(WIDE_NUMBERS.divide(Decimal(microseconds_of(a)), Decimal(y)))
    x = arithmetic_number(a)
    if x is None:
        return None
    if isinstance(x, int) and isinstance(y, int) and x % y == 0:
        return x // y
    return exactly(NUMBERS.divide, x, y)


def neg(a: Any) -> Any:
    """The number or duration with the other sign."""
    if isinstance(a, datetime.timedelta):
        return duration_of(Decimal(-microseconds_of(a)))
    x = arithmetic_number(a)
    return None if x is None else -x if isinstance(x, int) else x.copy_negate()


def coalesce(a: Any, b: Any) -> Any:
    """The first, unless it is null; then the second."""
    return b if is_null(a) else a


def round_to(x: Any, n: Any = 0, half: Any = "up") -> Optional[Number]:
    """Rounded to n decimals (below 0: to tens, hundreds). A tie goes away from zero, or with half="even"
    to even."""
    value, places = arithmetic_number(x), integer(n)
    if half not in ("up", "even"):
        raise Unmet("numbers are rounded half `up` or half `even`")
    if value is None or places is None:
        return None
    if not -1_000 <= places <= 1_000:
        raise Unmet("a number cannot be rounded to more than 1,000 digits")
    if isinstance(value, int) and places >= 0:
        return value
    rounding = decimal.ROUND_HALF_UP if half == "up" else decimal.ROUND_HALF_EVEN
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding, WIDE_NUMBERS)
    return bounded(int(rounded)) if places <= 0 else bounded(rounded)


def floor_of(x: Any) -> Optional[int]:
    """The next whole number below."""
    value = arithmetic_number(x)
    return None if value is None else int(Decimal(value).to_integral_value(decimal.ROUND_FLOOR))


def ceil_of(x: Any) -> Optional[int]:
    """The next whole number above."""
    value = arithmetic_number(x)
    return None if value is None else int(Decimal(value).to_integral_value(decimal.ROUND_CEILING))


def abs_of(x: Any) -> Any:
    """The number or duration without its sign."""
    if isinstance(x, datetime.timedelta):
        return duration_of(Decimal(abs(microseconds_of(x))))
    value = arithmetic_number(x)
    return None if value is None else abs(value) if isinstance(value, int) else value.copy_abs()


def ln(x: Any) -> Optional[Number]:
    """The natural logarithm; null at 0 and below."""
    value = arithmetic_number(x)
    return None if value is None or value <= 0 else Decimal(value).ln(NUMBERS)


def log10(x: Any) -> Optional[Number]:
    """The decimal logarithm; null at 0 and below."""
    value = arithmetic_number(x)
    return None if value is None or value <= 0 else Decimal(value).log10(NUMBERS)


def sqrt(x: Any) -> Optional[Number]:
    """The square root; null below 0."""
    value = arithmetic_number(x)
    return None if value is None or value < 0 else bounded(Decimal(value).sqrt(NUMBERS))


def root(x: Any, n: Any) -> Optional[Number]:
    """The n-th root; null below 0, and where n is not above 0."""
    value, degree = arithmetic_number(x), arithmetic_number(n)
    if value is None or degree is None or value < 0 or degree <= 0:
        return None
    if not value:
        return 0
    try:
        return bounded(NUMBERS.power(Decimal(value), NUMBERS.divide(Decimal(1), Decimal(degree))))
    except decimal.DecimalException:
        raise Unmet("number is too large") from None


def format_number(x: Any, decimals: Any, sep: Any = "") -> str:
    """A number written with so many decimals (half up), with `sep` between thousands; null is empty text."""
    if is_null(x):
        return ""
    value, places = arithmetic_number(x), integer(decimals)
    if value is None:
        raise Unmet("%s is not a number" % shown(x))
    if places is None or not 0 <= places <= 100:
        raise Unmet("a number is written with 0 to 100 decimals")
    if not isinstance(sep, str):
        raise Unmet("thousands are separated by text, not by %s" % shown(sep))
    rounded = Decimal(round_to(value, places) or 0)
    text = format(WIDE_NUMBERS.quantize(rounded.copy_abs(), Decimal(1).scaleb(-places)), "f")
    whole, point, decimals_text = text.partition(".")
    groups = [whole[max(0, end - 3) : end] for end in range(len(whole), 0, -3)]
    return ("-" if rounded < 0 else "") + sep.join(reversed(groups)) + point + decimals_text


def fraction(v: Any) -> Optional[Number]:
    """`12 %` as 0.12; a number as it is."""
    if not isinstance(v, str) or not v.strip().endswith("%"):
        return number(v)
    x = number_in_text(v.strip()[:-1])
    return None if x is None else bounded(Decimal(x).scaleb(-2, WIDE_NUMBERS))


def bounds(s: Any) -> Optional[Range]:
    """`3-5`, `3..5` or `3 to 5` as a range; else null."""
    match = _BOUNDS.match(s.strip()) if isinstance(s, str) and len(s) <= 1_000 else None
    return None if match is None else Range(number(match.group(1)), number(match.group(2)))
