"""Comparison of single values: what a cell is beside another value, which numbers are the same, which is
less."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Callable, Hashable, List, Optional, Set, Tuple

from clawc.stdlib.checks.keys import is_long, keyer, sort_keys
from clawc.stdlib.checks.kinds import (
    CELL,
    DATE,
    DURATION,
    NUMBER,
    TEXT,
    TIME,
    Tag,
    because,
    bounded,
    converted,
    is_null,
    list_in,
    listed,
    number_in_text,
    shown,
    tag_of,
)
from clawc.stdlib.checks.numbers import WIDE_NUMBERS, number
from clawc.stdlib.checks.text import normalise
from clawc.stdlib.checks.values import Cell, No, Number, Range, Table, Truth, Unordered


class Percent:
    """A tolerance relative to the expected number: `Percent(5)` is 5 %."""

    def __init__(self, value: Number) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "%s%%" % self.value


class Margin:
    """How far a value may be from the one expected: a number, a Percent of it, or a duration."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "within %s" % (self.value,)


class OneOf:
    """An expected value with several right answers."""

    def __init__(self, values: List[Any]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return "one of %r" % (self.values,)


def one_of(*values: Any) -> OneOf:
    """Equal to whatever equals one of the values."""
    return OneOf(list(values))


def unordered(v: Any) -> Any:
    """A list or table whose order does not count, whatever it was sorted by."""
    if isinstance(v, Table):
        return Table(v.columns, v.rows, [len(v.rows)] if v.rows else [])
    values = list_in(v)
    return v if values is None else Unordered(values)


def ordered(v: Any) -> Any:
    """A list or table whose order counts, row by row."""
    if isinstance(v, Table):
        return Table(v.columns, v.rows, [1] * len(v.rows))
    values = list_in(v)
    return v if values is None else [*values]


def is_unordered(t: Table) -> bool:
    """Was it said that its rows may stand in any order? A table that was never sorted leaves that open."""
    return t.blocks is not None and len(t.blocks) == 1 and t.blocks[0] > 1 and not t.spare


def paired(a: Any, b: Any) -> Tuple[Tag, Any, Tag, Any]:
    """Both values with the names of their types, after a cell, or a text beside a date, took the other's
    type.

    A cell that spells no value of that type stays a text.
    """
    tag_a, tag_b = tag_of(a), tag_of(b)
    if tag_a is CELL and tag_b is CELL:
        x, y = number_in_text(a), number_in_text(b)
        if x is not None and y is not None:
            return NUMBER, x, NUMBER, y
        return TEXT, str(a), TEXT, str(b)
    if tag_a is CELL or (tag_a is TEXT and tag_b in (DATE, TIME)):
        a = _beside_typed(a, tag_b)
    elif tag_b is CELL or (tag_b is TEXT and tag_a in (DATE, TIME)):
        b = _beside_typed(b, tag_a)
    if isinstance(a, No):
        a = False
    if isinstance(b, No):
        b = False
    return tag_of(a), a, tag_of(b), b


def _beside_typed(text: str, tag: str) -> Any:
    """A text as a value of a type where it spells one, null where it is an empty cell."""
    value = converted(text, tag)
    if value is None and not (isinstance(text, Cell) and not text.strip()):
        return str(text)
    return value


def same_number(a: Number, b: Number, within: Optional[Margin] = None) -> bool:
    """Are they equal, or no further apart than `within` (the limit counts as within)?

    A number with more than 15 digits and a fraction may come from a float: for such a pair one unit in the
    15th digit is no difference.
    """
    a, b = bounded(a), bounded(b)
    if a == b:
        return True
    reach = tolerance(b, within.value) if isinstance(within, Margin) else Decimal(0)
    if is_long(a) or is_long(b):
        reach = WIDE_NUMBERS.add(reach, float_unit(max(Decimal(a).copy_abs(), Decimal(b).copy_abs())))
    return bool(reach) and abs(WIDE_NUMBERS.subtract(Decimal(a), Decimal(b))) <= reach


def tolerance(b: Number, within: Any) -> Decimal:
    """How far a number may be from `b`."""
    if isinstance(within, Percent):
        share = WIDE_NUMBERS.multiply(abs(Decimal(b)), Decimal(bounded(within.value)))
        return share.scaleb(-2, WIDE_NUMBERS)
    reach = None if isinstance(within, str) else number(within)
    return Decimal(0) if reach is None else Decimal(reach)


def float_unit(x: Number) -> Decimal:
    """One unit in the 15th significant digit of a number."""
    return Decimal(1).scaleb(Decimal(x).adjusted() - 14)


def _compare(a: Any, b: Any, holds_for: Callable[[Any, Any], bool], words: str) -> Truth:
    """A comparison by order; false with a reason when one is null or they have no common order."""
    tag_a, x, tag_b, y = paired(a, b)
    in_order = False
    if tag_a in (DATE, TIME) and tag_b in (DATE, TIME):
        start, end = (x, y) if tag_a is DATE and tag_b is DATE else (_midnight(x, y), _midnight(y, x))
        local = [getattr(moment, "tzinfo", None) is None for moment in (start, end)]
        in_order = local[0] == local[1] and holds_for(start, end)
    elif tag_a is NUMBER and tag_b is NUMBER:
        in_order = holds_for(bounded(x), bounded(y))
    elif tag_a is TEXT and tag_b is TEXT:
        in_order = holds_for(normalise(x), normalise(y))
    elif tag_a is DURATION and tag_b is DURATION:
        in_order = holds_for(x, y)
    if in_order:
        return True
    return because("expected %s %s, found %s" % (words, *described(b, a)))


def _midnight(value: Any, other: Any) -> datetime.datetime:
    """A date as the time at which it begins, in the zone of the time that it is compared with."""
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime(value.year, value.month, value.day, tzinfo=other.tzinfo)


def described(expected: Any, found: Any) -> Tuple[str, str]:
    """Two values for a message, with the word `text` where one is text and the other is not."""
    texts = [isinstance(v, str) for v in (expected, found)]
    cell = isinstance(expected, Cell) or isinstance(found, Cell)
    word = "" if cell or texts[0] == texts[1] else "the text "
    return (word if texts[0] else "") + shown(expected), (word if texts[1] else "") + shown(found)


def less(a: Any, b: Any) -> Truth:
    """Is the first less, earlier, shorter, or before the second in the order of code points?"""
    return _compare(a, b, lambda x, y: bool(x < y), "less than")


def at_most(a: Any, b: Any) -> Truth:
    """Less or equal."""
    return _compare(a, b, lambda x, y: bool(x <= y), "at most")


def more(a: Any, b: Any) -> Truth:
    """Greater."""
    return _compare(a, b, lambda x, y: bool(x > y), "more than")


def at_least(a: Any, b: Any) -> Truth:
    """Greater or equal."""
    return _compare(a, b, lambda x, y: bool(x >= y), "at least")


def in_range(x: Any, r: Range) -> Truth:
    """Does a value lie in a range? Its ends belong to it; one that is null is open."""
    if is_null(x):
        return because("expected a value in %s, found %s" % (shown(r), shown(x)))
    low = True if r.low is None else at_least(x, r.low)
    high = True if r.high is None else at_most(x, r.high)
    return True if low and high else because("expected a value in %s, found %s" % (shown(r), shown(x)))


def subset(a: Any, b: Any) -> Truth:
    """Is every value of the first list in the second?"""
    values, others = listed(a), listed(b)
    key = keyer([*values, *others])
    known = {key(value) for value in others}
    strange = [value for value in values if key(value) not in known]
    if not strange:
        return True
    return because("%s is not among the values" % shown(strange[0]), 1 - len(strange) / len(values))


def unique(v: Any) -> Truth:
    """Does no value of a list occur twice? Nulls do not count."""
    values = listed(v)
    key = keyer(values)
    seen: Set[Hashable] = set()
    for value in values:
        found = key(value)
        if found in seen and not is_null(value):
            return because("%s occurs more than once" % shown(value))
        seen.add(found)
    return True


def is_sorted(v: Any) -> Truth:
    """Does a list ascend, equal neighbours allowed and nulls last?"""
    values = listed(v)
    keys = sort_keys(values)
    for place in range(1, len(keys)):
        if keys[place] < keys[place - 1]:
            return because("%s stands after %s" % (shown(values[place]), shown(values[place - 1])))
    return True
