"""Aggregates over a list: nulls and empty cells are skipped, cells count as what they spell."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, List, Optional

from clawc.stdlib.checks.dates import dates_in
from clawc.stdlib.checks.keys import column_tag, distinct_values, sort_keys
from clawc.stdlib.checks.kinds import converted, holds, is_null, list_in, listed, record_in, shown
from clawc.stdlib.checks.numbers import add, arithmetic_number, div, integer, mul, number, sqrt, sub
from clawc.stdlib.checks.values import Cell, Number, Range, Table, Unmet, Unordered


def count_all(v: Any) -> int:
    """How many rows, keys, values that are not null, or whole numbers or days in a range there are."""
    if list_in(v) is not None and not isinstance(v, Table):
        return len(present(v))
    for parts in (v.rows if isinstance(v, Table) else None, record_in(v)):
        if parts is not None:
            return len(parts)
    if isinstance(v, Range):
        low, high = integer(v.low), integer(v.high)
        return len(dates_in(v)) if low is None or high is None else max(0, high - low + 1)
    raise Unmet("%s cannot be counted" % shown(v))


def present(v: Any) -> List[Any]:
    """The values of a list that are not null."""
    return [value for value in listed(v) if not is_null(value)]


def count_values(v: Any) -> int:
    """How many values are not null."""
    return len(present(v))


def count_if(v: Any) -> int:
    """How many conditions hold."""
    return sum(1 for value in listed(v) if holds(value))


def share_of(v: Any) -> Optional[Number]:
    """The share of conditions that hold, from 0 to 1."""
    quotient: Optional[Number] = div(count_if(v), len(listed(v)))
    return quotient


def numbers_in(v: Any) -> List[Number]:
    """The values of a list that are not null, all numbers; raises Unmet for any other value."""
    found: List[Number] = []
    for value in present(v):
        x = arithmetic_number(value)
        if x is None:
            raise Unmet("%s is not a number" % shown(value))
        found.append(x)
    return found


def durations_in(v: Any) -> List[datetime.timedelta]:
    """The values of a list that are not null if all are durations; else none."""
    values = present(v)
    return values if all(isinstance(value, datetime.timedelta) for value in values) else []


def total(v: Any) -> Any:
    """The sum of numbers or of durations; 0 of nothing."""
    values: List[Any] = [*durations_in(v)] or [*numbers_in(v)]
    found = values[0] if values else 0
    for value in values[1:]:
        found = add(found, value)
    return found


def running_sums(v: Any) -> List[Any]:
    """The sum of the values up to each place; nulls are skipped."""
    found: List[Any] = []
    sum_: Any = 0
    for value in listed(v):
        sum_ = sum_ if is_null(value) else add(sum_, arithmetic_number(value))
        found.append(sum_)
    return found


def mean(v: Any) -> Any:
    """The arithmetic mean of numbers or of durations; null of nothing."""
    return div(total(v), len(present(v)))


def median(v: Any) -> Optional[Number]:
    """The middle number, or the mean of the two in the middle; null of nothing."""
    return quantile(v, Decimal("0.5"))


def quantile(v: Any, p: Any) -> Optional[Number]:
    """The value below which a share `p` of the numbers lies, linear between neighbours; null of nothing."""
    share = number(p)
    if share is None or not 0 <= share <= 1:
        raise Unmet("a quantile lies between 0 and 1, not at %s" % shown(p))
    values = sorted(numbers_in(v))
    if not values:
        return None
    place = Decimal(share) * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    if place == below:
        return values[below]
    between: Optional[Number] = add(values[below], mul(sub(values[above], values[below]), place - below))
    return between


def _spread(v: Any, lost: int) -> Optional[Number]:
    """The root of the squared distances from the mean, divided by their number less `lost`."""
    values = numbers_in(v)
    if len(values) <= lost:
        return None
    centre = mean(values)
    squares = [mul(sub(value, centre), sub(value, centre)) for value in values]
    return sqrt(div(total(squares), len(values) - lost))


def stddev(v: Any) -> Optional[Number]:
    """The standard deviation of a sample (n - 1); null of fewer than two."""
    return _spread(v, 1)


def stddev_pop(v: Any) -> Optional[Number]:
    """The standard deviation of a population (n); null of nothing."""
    return _spread(v, 0)


def _in_order(v: Any) -> List[Any]:
    """The values that are not null, in ascending order; raises Unmet when they are not of one type."""
    values = present(v)
    keys = sort_keys(values)
    ranks = {key[1] for key in keys}
    if len(ranks) > 1:
        raise Unmet("values of different types have no order: %s" % shown(values))
    places = sorted(range(len(values)), key=lambda place: keys[place][1:])
    tag = column_tag(values)
    return [converted(values[n], tag) if isinstance(values[n], Cell) else values[n] for n in places]


def smallest(v: Any) -> Any:
    """The least number, date, duration or text; null of nothing."""
    values = _in_order(v)
    return values[0] if values else None


def largest(v: Any) -> Any:
    """The greatest number, date, duration or text; null of nothing."""
    values = _in_order(v)
    return values[-1] if values else None


def first(v: Any) -> Any:
    """The first value of a list or row of a table; null of nothing."""
    values = v.rows if isinstance(v, Table) else listed(v)
    return values[0] if values else None


def last(v: Any) -> Any:
    """The last value of a list or row of a table; null of nothing."""
    values = v.rows if isinstance(v, Table) else listed(v)
    return values[-1] if values else None


def all_of(v: Any) -> List[Any]:
    """Every value, as a list."""
    return listed(v)


def set_of(v: Any) -> List[Any]:
    """Every distinct value, in any order."""
    return Unordered(distinct_values(listed(v)))
