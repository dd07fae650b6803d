"""Matching of rows whose order does not count: each row of one side with at most one equal row of the other.

Rows are bucketed by the columns that need exact equality. Inside a bucket, numbers under a tolerance are
matched so that as many rows as possible find a partner: nearness is not transitive, so taking the first fit
could fail.
"""

from __future__ import annotations

import datetime
import heapq
from bisect import bisect_left, bisect_right
from decimal import Decimal
from typing import Any, Callable, Dict, Hashable, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from clawc.stdlib.checks.compare import Margin, OneOf, float_unit, tolerance
from clawc.stdlib.checks.keys import column_tag, is_long, value_key
from clawc.stdlib.checks.kinds import (
    DURATION,
    MIXED,
    NUMBER,
    OTHER,
    RANGE,
    TABLE,
    TIME,
    Tag,
    bounded,
    converted,
    tag_of,
)
from clawc.stdlib.checks.numbers import WIDE_NUMBERS, microseconds_of
from clawc.stdlib.checks.text import Folding
from clawc.stdlib.checks.values import Cell, Truth

# How many pairs are looked at in one comparison: of numbers, and of whole rows. Beyond it rows are paired in
# order.
MAX_NEAR_PAIRS = 1_000_000
MAX_ROW_PAIRS = 50_000
EPOCH = datetime.datetime(1970, 1, 1)

Cells = Sequence[Any]
Span = Tuple[Decimal, Decimal]


class Bucket(NamedTuple):
    """The places of left and right rows that agree in the columns with exact keys."""

    left: List[int]
    right: List[int]


class Way:
    """How a column is matched: by keys of a type."""

    def __init__(self, tag: Tag) -> None:
        self.tag = tag


class NearWay(Way):
    """By the distance of numbers or times."""


class DeepWay(Way):
    """By comparing values one by one."""


class Likeness(NamedTuple):
    """How two cells are compared, and what numbers may differ by."""

    same: Callable[[Any, Any], Truth]
    within: Optional[Margin]
    ignore: Optional[Folding]


def match_rows(left: Sequence[Cells], right: Sequence[Cells], likeness: Likeness) -> List[Optional[int]]:
    """For each left row the place of its partner on the right, or None; as many as possible have one."""
    partners: List[Optional[int]] = [None] * len(left)
    width = len(right[0]) if right else 0
    ways: List[Way] = []
    for place in range(width):
        values = [row[place] for row in right]
        typed = any(not isinstance(value, Cell) and value is not None for value in values)
        ways.append(_way(values if typed else [*values, *(row[place] for row in left)], likeness))
    for bucket in _buckets(left, right, ways, likeness):
        pairs: Iterable[Tuple[int, int]] = zip(bucket.left, bucket.right)
        if isinstance(likeness.within, Margin) and any(isinstance(way, (NearWay, DeepWay)) for way in ways):
            pairs = _pairs_within(left, right, bucket, ways, likeness)
        for one, other in pairs:
            partners[one] = other
    _match_leftovers(left, right, partners, likeness)
    return partners


def _way(values: List[Any], likeness: Likeness) -> Way:
    """How a column with these values is matched."""
    tag = column_tag(values)
    if any(isinstance(value, (OneOf, list, dict)) for value in values) or tag in (TABLE, OTHER, RANGE):
        return DeepWay(tag)
    if isinstance(likeness.within, Margin):
        timed = isinstance(likeness.within.value, datetime.timedelta)
        if (tag in (TIME, DURATION)) if timed else tag is NUMBER:
            return NearWay(tag)
    return Way(tag)


def _pairs_within(
    left: Sequence[Cells], right: Sequence[Cells], bucket: Bucket, ways: Sequence[Way], likeness: Likeness
) -> List[Tuple[int, int]]:
    """The pairs of a bucket whose rows do not agree in every column yet."""
    near = [place for place, way in enumerate(ways) if isinstance(way, NearWay)]
    if len(near) == 1 and not any(isinstance(way, DeepWay) for way in ways):
        return _near_pairs(left, right, bucket, near[0], ways[near[0]].tag, likeness)
    return _free_pairs(left, right, bucket, near, ways, likeness)


def _buckets(left: Sequence[Cells], right: Sequence[Cells], ways: Sequence[Way], likeness: Likeness) -> List[Bucket]:
    """Rows by the keys of their columns, where both sides have some."""
    buckets: Dict[Hashable, Bucket] = {}
    for place, row in enumerate(right):
        buckets.setdefault(_row_key(row, ways, likeness), Bucket([], [])).right.append(place)
    for place, row in enumerate(left):
        bucket = buckets.get(_row_key(row, ways, likeness))
        if bucket is not None:
            bucket.left.append(place)
    return [bucket for bucket in buckets.values() if bucket.left]


def _row_key(row: Cells, ways: Sequence[Way], likeness: Likeness) -> Hashable:
    keys: List[Hashable] = []
    for value, way in zip(row, ways):
        if isinstance(way, NearWay):
            point = point_of(value, way.tag)
            keys.append("near" if point is not None else value_key(value, way.tag, likeness.ignore, 0))
        elif not isinstance(way, DeepWay):
            keys.append(value_key(value, way.tag, likeness.ignore, 0))
        elif not isinstance(likeness.within, Margin):
            keys.append(value_key(value, MIXED, likeness.ignore, 0))
    return tuple(keys)


def point_of(v: Any, tag: Tag) -> Optional[Decimal]:
    """A value of a column that is matched by nearness, as a number; None when it has no place there."""
    value: Any = converted(v, tag) if isinstance(v, Cell) or (isinstance(v, str) and tag is TIME) else v
    if tag_of(value) is not tag:
        return None
    if tag is NUMBER:
        return Decimal(bounded(value))
    if tag is DURATION:
        return Decimal(microseconds_of(value))
    if tag is not TIME:
        return None
    local = microseconds_of(value.replace(tzinfo=None) - EPOCH)
    if value.tzinfo is None:
        return Decimal(local)
    # A local time is never near to one with an offset: no duration spans this distance.
    return Decimal(local - microseconds_of(value.utcoffset()) + 10**30)


def span_of(v: Any, tag: Tag, within: Margin, floats: bool) -> Span:
    """The least and the greatest number that the expected value accepts."""
    point = point_of(v, tag) or Decimal(0)
    if isinstance(within.value, datetime.timedelta):
        reach = Decimal(microseconds_of(within.value))
    else:
        reach = tolerance(point, within.value)
        if floats or is_long(point):
            reach = WIDE_NUMBERS.add(reach, float_unit(point)) if point else reach
    return WIDE_NUMBERS.subtract(point, reach), WIDE_NUMBERS.add(point, reach)


def _points_and_spans(
    left: Sequence[Cells], right: Sequence[Cells], bucket: Bucket, place: int, tag: Tag, likeness: Likeness
) -> Tuple[List[Decimal], List[Span]]:
    """The points of the left rows of a bucket and the spans of its right rows, in one column."""
    points = [point_of(left[one][place], tag) or Decimal(0) for one in bucket.left]
    floats = any(is_long(point) for point in points)
    within = likeness.within or Margin(0)
    return points, [span_of(right[other][place], tag, within, floats) for other in bucket.right]


def _near_pairs(
    left: Sequence[Cells], right: Sequence[Cells], bucket: Bucket, place: int, tag: Tag, likeness: Likeness
) -> List[Tuple[int, int]]:
    """The most pairs in one column: each point, in ascending order, takes the span that ends first."""
    points, spans = _points_and_spans(left, right, bucket, place, tag, likeness)
    waiting = sorted(range(len(spans)), key=lambda n: spans[n], reverse=True)
    open_spans: List[Tuple[Decimal, int]] = []
    pairs: List[Tuple[int, int]] = []
    for n in sorted(range(len(points)), key=lambda n: points[n]):
        while waiting and spans[waiting[-1]][0] <= points[n]:
            opened = waiting.pop()
            heapq.heappush(open_spans, (spans[opened][1], opened))
        while open_spans and open_spans[0][0] < points[n]:
            heapq.heappop(open_spans)
        if open_spans:
            pairs.append((bucket.left[n], bucket.right[heapq.heappop(open_spans)[1]]))
    return pairs


def _free_pairs(
    left: Sequence[Cells], right: Sequence[Cells], bucket: Bucket, near: List[int], ways: Sequence[Way],
    likeness: Likeness,
) -> List[Tuple[int, int]]:  # fmt: skip
    """The most pairs where several columns decide: a matching in the graph of rows that agree in all of
    them."""
    measured = [_points_and_spans(left, right, bucket, place, ways[place].tag, likeness) for place in near]
    deep = [place for place, way in enumerate(ways) if isinstance(way, DeepWay)]

    def agree(n: int, m: int) -> bool:
        for points, spans in measured:
            if not spans[m][0] <= points[n] <= spans[m][1]:
                return False
        one, other = left[bucket.left[n]], right[bucket.right[m]]
        return all(likeness.same(one[place], other[place]) for place in deep)

    candidates = _windows(measured[0]) if measured else [range(len(bucket.right)) for _ in bucket.left]
    graph = _graph(candidates, agree, MAX_ROW_PAIRS if deep else MAX_NEAR_PAIRS)
    if graph is not None:
        return [(bucket.left[n], bucket.right[m]) for n, m in largest_matching(graph, len(bucket.right))]
    ones = sorted(range(len(bucket.left)), key=lambda n: [points[n] for points, _ in measured])
    others = sorted(range(len(bucket.right)), key=lambda m: [spans[m] for _, spans in measured])
    return [(bucket.left[n], bucket.right[m]) for n, m in zip(ones, others) if agree(n, m)]


def _windows(measured: Tuple[List[Decimal], List[Span]]) -> List[Sequence[int]]:
    """For each point the spans that can hold it, by their beginnings."""
    points, spans = measured
    order = sorted(range(len(spans)), key=lambda m: spans[m])
    begins = [spans[m][0] for m in order]
    widest = max(WIDE_NUMBERS.subtract(high, low) for low, high in spans)
    return [
        order[bisect_left(begins, WIDE_NUMBERS.subtract(point, widest)) : bisect_right(begins, point)]
        for point in points
    ]


def _graph(
    candidates: Sequence[Sequence[int]], agree: Callable[[int, int], bool], limit: int
) -> Optional[List[List[int]]]:
    """For each left node the right ones that agree with it; None when there are too many pairs to look at."""
    if sum(map(len, candidates)) > limit:
        return None
    return [[m for m in near if agree(n, m)] for n, near in enumerate(candidates)]


def largest_matching(graph: List[List[int]], right_size: int) -> List[Tuple[int, int]]:
    """A largest matching of a bipartite graph, by augmenting paths."""
    owner: List[Optional[int]] = [None] * right_size
    unmatched: List[int] = []
    for n, near in enumerate(graph):
        free = next((m for m in near if owner[m] is None), None)
        if free is None:
            unmatched.append(n)
        else:
            owner[free] = n
    for start in unmatched:
        _augment(graph, owner, start)
    return [(n, m) for m, n in enumerate(owner) if n is not None]


def _augment(graph: List[List[int]], owner: List[Optional[int]], start: int) -> None:
    """Gives `start` a partner by moving others along, breadth first, when that is possible."""
    reached_from: Dict[int, int] = {}
    partner_of = {n: m for m, n in enumerate(owner) if n is not None}
    queue, seen = [start], {start}
    for n in queue:
        for m in graph[n]:
            if m in reached_from:
                continue
            reached_from[m] = n
            holder = owner[m]
            if holder is None:
                _shift(owner, reached_from, partner_of, m)
                return
            if holder not in seen:
                seen.add(holder)
                queue.append(holder)


def _shift(owner: List[Optional[int]], reached_from: Dict[int, int], partner_of: Dict[int, int], m: int) -> None:
    """Moves everyone on the path that ends at `m` to the next partner."""
    while True:
        n = reached_from[m]
        owner[m] = n
        before = partner_of.get(n)
        if before is None:
            return
        m = before


def _match_leftovers(
    left: Sequence[Cells], right: Sequence[Cells], partners: List[Optional[int]], likeness: Likeness
) -> None:
    """Compares the rows without partner cell by cell: keys miss some equal pairs, such as floats at a
    rounding edge."""
    taken: Set[int] = {other for other in partners if other is not None}
    others = [place for place in range(len(right)) if place not in taken]
    ones = [place for place, other in enumerate(partners) if other is None]

    def agree(n: int, m: int) -> bool:
        return all(map(likeness.same, left[ones[n]], right[others[m]]))

    graph = _graph([range(len(others)) for _ in ones], agree, MAX_ROW_PAIRS)
    if graph is None:
        pairs = [(n, n) for n in range(min(len(ones), len(others))) if agree(n, n)]
    else:
        pairs = largest_matching(graph, len(others))
    for n, m in pairs:
        partners[ones[n]] = others[m]
