"""When values count as the same in hashes and in orders, column by column.

What cells mean is decided by the typed values of their column; without any they are numbers if all are, else
text.
"""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Callable, Dict, Hashable, Iterable, List, Optional, Sequence, Tuple

from clawc.stdlib.checks.kinds import (
    DATE,
    DURATION,
    LIST,
    MIXED,
    NOTHING,
    NULL,
    NUMBER,
    RANGE,
    RECORD,
    TEXT,
    TIME,
    TRUTH,
    Tag,
    bounded,
    converted,
    is_null,
    number_in_text,
    shown,
    tag_of,
    too_deep,
)
from clawc.stdlib.checks.text import Folding, compared_text, normalise
from clawc.stdlib.checks.values import Cell, No, Number, Unmet, Unordered

# What a binary float keeps of a decimal number.
FIFTEEN_DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN, Emin=-9_999, Emax=9_999)
ORDER_RANKS = {"number": 0, "text": 1, "truth": 2, "date": 3, "datetime": 4, "duration": 6}
NULL_KEY = ("null", 0)


def is_long(x: Number) -> bool:
    """Has it more than 15 significant digits, some of them after the point? Such a number may come from a
    float."""
    return isinstance(x, Decimal) and len(x.as_tuple().digits) > 15 and x != x.to_integral_value()


def number_key(x: Number) -> Number:
    """A number for hashing: one that may come from a float is rounded to 15 digits."""
    x = bounded(x)
    return FIFTEEN_DIGITS.plus(x) if isinstance(x, Decimal) and is_long(x) else x


def column_tag(values: Iterable[Any]) -> Tag:
    """The type that the cells of a column take: that of its other values, MIXED when these differ."""
    cells: List[str] = []
    tags: Dict[Tag, None] = {}
    for value in values:
        if isinstance(value, Cell):
            if value.strip():
                cells.append(value)
        elif not is_null(value):
            tags[tag_of(value)] = None
    if not tags:
        return NUMBER if cells and all(number_in_text(cell) is not None for cell in cells) else TEXT
    if len(tags) == 2 and TEXT in tags:  # JSON has dates as text
        other = next(tag for tag in tags if tag is not TEXT)
        if other in (DATE, TIME):
            return other
    return next(iter(tags)) if len(tags) == 1 else MIXED


def keyer(samples: Iterable[Any], ignore: Optional[Folding] = None) -> Callable[[Any], Hashable]:
    """A function from the values of a column to keys that are equal where the values are; `samples` give
    its type."""
    tag = column_tag(samples)

    def key(value: Any) -> Hashable:
        return value_key(value, tag, ignore, 0)

    return key


def value_key(v: Any, tag: Tag, ignore: Optional[Folding], level: int) -> Hashable:
    """The key of one value in a column of the type `tag`."""
    too_deep(level)
    v = typed_value(v, tag)
    kind = tag_of(v)
    if kind is NULL:
        return NULL_KEY
    if kind is NUMBER:
        return (kind, number_key(v))
    if kind is TEXT:
        return (kind, compared_text(v, ignore))
    if kind is TRUTH:
        return (kind, False if isinstance(v, No) else v)
    if kind is TIME:
        return (kind, v.tzinfo is None, v)
    if kind in (DATE, DURATION):
        return (kind, v)
    if kind is LIST:
        parts = [value_key(part, MIXED, ignore, level + 1) for part in v]
        return ("bag", frozenset(counts_of(parts).items())) if isinstance(v, Unordered) else (kind, tuple(parts))
    if kind is RECORD:
        return (kind, frozenset((name, value_key(part, MIXED, ignore, level + 1)) for name, part in v.items()))
    if kind is RANGE:
        return (kind, value_key(v.low, MIXED, ignore, level + 1), value_key(v.high, MIXED, ignore, level + 1))
    return (kind, 0 if kind is NOTHING else id(v))


def typed_value(v: Any, tag: str) -> Any:
    """A value in a column: a cell (or a text among dates) as a value of its type, else as text; empty
    cells are null."""
    if not isinstance(v, str) or (not isinstance(v, Cell) and tag not in (DATE, TIME)):
        return v
    known = tag in (TEXT, NUMBER, DATE, TIME, TRUTH)
    value = converted(v, tag) if known else number_in_text(v)
    if value is not None:
        return value
    return None if isinstance(v, Cell) and not v.strip() else str(v)


def counts_of(keys: Iterable[Hashable]) -> Dict[Hashable, int]:
    """How often each key occurs, in the order of first occurrence."""
    counts: Dict[Hashable, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts


def row_keys(columns: Sequence[Sequence[Any]], samples: Sequence[Sequence[Any]]) -> List[Tuple[Hashable, ...]]:
    """The key of each row, from the values of each column; the samples of a column give its type."""
    keyed = [list(map(keyer(sample), column)) for column, sample in zip(columns, samples)]
    return list(zip(*keyed))


def first_places(keys: Iterable[Hashable]) -> List[int]:
    """The places of keys that differ from all before them."""
    seen: Dict[Hashable, int] = {}
    for place, key in enumerate(keys):
        seen.setdefault(key, place)
    return list(seen.values())


def distinct_values(values: Sequence[Any]) -> List[Any]:
    """The first of all values that are the same."""
    return [values[place] for place in first_places(map(keyer(values), values))]


def sort_keys(values: Sequence[Any]) -> List[Tuple[bool, int, Any]]:
    """For each value of a column: is it null, the rank of its type, and what it is ordered by within the
    type."""
    tag = column_tag(values)
    return [_sort_key(value, tag) for value in values]


def _sort_key(v: Any, tag: str) -> Tuple[bool, int, Any]:
    if is_null(v):
        return (True, 0, 0)
    v = typed_value(v, tag)
    kind = tag_of(v)
    if kind not in ORDER_RANKS:
        raise Unmet("%s has no order" % shown(v))
    rank = ORDER_RANKS[kind]
    if kind is NUMBER:
        return (False, rank, bounded(v))
    if kind is TEXT:
        return (False, rank, normalise(v))
    if kind is TRUTH:
        return (False, rank, v is True)
    if isinstance(v, datetime.datetime) and v.tzinfo is not None:
        rank += 1
    return (False, rank, v)
