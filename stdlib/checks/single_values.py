"""Equality of values that have no parts, and what a comparison may overlook."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple, Optional, Sequence, Tuple

from clawc.stdlib.checks.compare import Margin, described, paired, same_number
from clawc.stdlib.checks.kinds import DATE, DURATION, NULL, NUMBER, OTHER, TEXT, TIME, TRUTH, because, shown
from clawc.stdlib.checks.text import Folding, compared_text
from clawc.stdlib.checks.values import Truth


class Terms(NamedTuple):
    """What a comparison overlooks: small distances, differences of text, keys that may be absent."""

    within: Optional[Margin]
    ignore: Optional[Folding]
    optional: Tuple[str, ...]


def terms_of(within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Terms:
    """The terms that the arguments of a comparison say."""
    return Terms(None if within is None else Margin(within), Folding(ignore) if ignore else None, tuple(optional))


def equal_single(a: Any, b: Any, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Truth:
    """As `equal`, where what is expected has no parts and one right answer."""
    return same_single(a, b, terms_of(within, ignore, optional))


def same_single(a: Any, b: Any, terms: Terms) -> Truth:
    """Equality of values that have no parts."""
    tag_a, x, tag_b, y = paired(a, b)
    if tag_a is tag_b:
        if tag_a is NUMBER:
            same = same_number(x, y, terms.within)
        elif tag_a is TEXT:
            x, y = compared_text(x, terms.ignore), compared_text(y, terms.ignore)
            if x == y:
                return True
            return because("expected %s, found %s" % text_difference(y, x))
        elif tag_a in (TIME, DURATION):
            same = x == y or (isinstance(terms.within, Margin) and near_in_time(x, y, terms.within.value))
        elif tag_a is OTHER:
            same = x is y
        else:
            same = tag_a is NULL or (tag_a in (TRUTH, DATE) and x == y)
        if same:
            return True
    return because("expected %s, found %s" % described(b, a))


def near_in_time(x: Any, y: Any, within: Any) -> bool:
    """Are two times or durations no further apart than a duration?"""
    if not isinstance(within, datetime.timedelta):
        return False
    if isinstance(x, datetime.datetime) and (x.tzinfo is None) != (y.tzinfo is None):
        return False
    return bool(-within <= x - y <= within)


def text_difference(expected: str, found: str) -> Tuple[str, str]:
    """Two texts for a message; of long ones the first line that differs, from shortly before the
    difference."""
    if max(len(expected), len(found)) <= 60 and "\n" not in expected + found:
        return shown(expected), shown(found)
    lines = expected.split("\n"), found.split("\n")
    number = next((n for n, (x, y) in enumerate(zip(*lines)) if x != y), min(map(len, lines)))
    here = [side[number] if number < len(side) else "" for side in lines]
    place = next((n for n, (x, y) in enumerate(zip(*here)) if x != y), min(map(len, here)))
    begin = max(0, place - 20)
    pieces = [shown(line[begin : begin + 60]) for line in here]
    for side in (0, 1):
        if number == len(lines[side]):
            pieces[side] = "the end of the text"
    return pieces[0], "%s in line %d" % (pieces[1], number + 1)
