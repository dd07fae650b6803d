"""Other values in place of one: just outside a tolerance, inside it, of another kind, or any other of the same kind.

Cells of text formats are texts; a changed number keeps the way in which it was written.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

_NUMBER = re.compile(r"[+-]?(\d{1,30})(\.\d{1,30})?")
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(.*)", re.DOTALL)
_DIGITS = 12  # a number of more digits may have been printed from a binary one, and is compared so


def number_of(cell: Any) -> Decimal | None:
    """The number that a cell holds, also as text."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, (int, Decimal)):
        return Decimal(cell)
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) and not _is_code(cell.strip()):
        return Decimal(cell.strip())
    return None


def day_of(cell: Any) -> datetime.date | None:
    """The day that a cell begins with."""
    if isinstance(cell, datetime.date):
        return cell
    found = _DAY.fullmatch(cell) if isinstance(cell, str) else None
    try:
        return datetime.date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def plus(cell: Any, amount: Decimal) -> Any:
    """A number plus an amount, written as the cell is."""
    number = number_of(cell)
    assert number is not None
    return _written(cell, number + amount)


def unit_of(cell: Any) -> Decimal:
    """One unit in the last decimal that a number is written with, but none beyond its first twelve digits."""
    number = number_of(cell) or Decimal(0)
    exponent = int(number.as_tuple().exponent)
    unit = Decimal(1).scaleb(min(0, exponent))
    return max(unit, Decimal(1).scaleb(number.adjusted() + 1 - _DIGITS)) if number else unit


def outside(cell: Any, reach: Decimal) -> Any:
    """The number least above all that lie within `reach`, in the decimals of the cell."""
    unit = unit_of(cell)
    steps = (reach / unit).to_integral_value(ROUND_FLOOR) + 1
    return plus(cell, steps * unit)


def inside(cell: Any, reach: Decimal) -> Any | None:
    """Another number within `reach`, with up to two more decimals than the cell; None where there is none."""
    if reach <= 0:
        return None
    unit = unit_of(cell) / 100
    steps = (reach / unit * Decimal("0.9")).to_integral_value(ROUND_FLOOR)
    return plus(cell, steps * unit) if steps >= 1 else None


def other(cell: Any, beside: Iterable[Any] = ()) -> Any:
    """Another value of the same kind: one of those beside it, else one that is made up."""
    for value in beside:
        if value != cell and type(value) is type(cell) and value not in ("", None):
            return value
    return made_up(cell)


def made_up(cell: Any) -> Any:
    """Another value of the same kind, which has little to do with it."""
    if isinstance(cell, bool):
        return not cell
    if cell is None:
        return "none"
    if number_of(cell) is not None:
        return plus(cell, 37 * max(unit_of(cell), Decimal(1)))
    day = day_of(cell)
    if day is not None:
        return moved(cell, 400)
    if isinstance(cell, str):
        if cell.strip().lower() in ("true", "false", "yes", "no"):
            return {"true": "false", "false": "true", "yes": "no", "no": "yes"}[cell.strip().lower()]
        return f"{cell} Quux" if cell.strip() else "Quux"
    if isinstance(cell, list):
        return [*cell, "Quux"]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(cell, dict):
        return {"quux": "Quux"}
    return "Quux"


def moved(cell: Any, days: int) -> Any:
    """A day, or a time on a day, moved by whole days."""
    day = day_of(cell)
    assert day is not None
    try:
        new = day + datetime.timedelta(days=days)
    except OverflowError:
        new = day - datetime.timedelta(days=abs(days))
    if isinstance(cell, str):
        return f"{new.isoformat()[:10]}{cell[10:]}"
    return new


def flipped(cell: Any) -> Any:
    """A value of another kind, which cannot be read as the one that was there."""
    if isinstance(cell, bool) or cell is None:
        return "maybe"
    if number_of(cell) is not None:
        return "many"
    if isinstance(cell, (list, dict)):
        return "Quux"
    if isinstance(cell, (datetime.date, datetime.datetime)) or (isinstance(cell, str) and not cell.isdigit()):
        return 4711
    return "Quux" if isinstance(cell, str) else [f"{cell}", "Quux"]


def doubled_digits(cell: Any) -> Any | None:
    """A number in another unit: a hundred times as much."""
    number = number_of(cell)
    return _written(cell, number * 100) if number else None


def rounded_off(cell: Any) -> Any | None:
    """A number with a decimal less, rounded away from zero where that changes it; None for whole numbers."""
    number = number_of(cell)
    if number is None:
        return None
    exponent = int(number.as_tuple().exponent)
    if exponent >= 0:
        return None
    rule = ROUND_CEILING if number > 0 else ROUND_FLOOR
    made = number.quantize(Decimal(1).scaleb(exponent + 1), rounding=rule)
    return _written(cell, made) if made != number else None


def is_same_number(a: Any, b: Any, reach: Decimal) -> bool:
    """Are both numbers, and no further apart than `reach`?"""
    x, y = number_of(a), number_of(b)
    return x is not None and y is not None and abs(x - y) <= reach


def _is_code(text: str) -> bool:
    """Digits that are no number: leading zeros, or as many as those of an account."""
    digits = text.lstrip("+-")
    return (len(digits) > 1 and digits[0] == "0" and digits[1] != ".") or len(digits) >= 16 or text[0] == "+"


def _written(cell: Any, number: Decimal) -> Any:
    try:
        if isinstance(cell, str):
            exponent = int(number_of(cell).as_tuple().exponent)  # type: ignore[union-attr]
            own = int(number.normalize().as_tuple().exponent)
            return f"{number:.{max(0, -exponent, -own)}f}"
        if isinstance(cell, int) and number == number.to_integral_value():
            return int(number)
    except (InvalidOperation, AttributeError):
        return cell
    return number
