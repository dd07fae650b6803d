"""Verbs on two tables or lists. Keys are equal as values are; a null key has no partner."""

from __future__ import annotations

from typing import Any, Dict, Hashable, List, Sequence, Set, Tuple

from clawc.stdlib.checks.keys import first_places, row_keys
from clawc.stdlib.checks.kinds import is_null, list_in, listed, shown
from clawc.stdlib.checks.tables import columns_in, require_column, require_fit, rows_at, table
from clawc.stdlib.checks.values import MISSING, Row, Table, Unmet, Unordered

Keys = Sequence[Tuple[str, str]]


def partners_of(t: Table, u: Table, on: Keys) -> List[List[int]]:
    """For each row of `t` the places of the rows of `u` that agree in the key columns (of `t`, of `u`)."""
    for left_name, right_name in on:
        require_column(t, left_name)
        require_column(u, right_name)
    ours = columns_in(t, [name for name, _ in on])
    theirs = columns_in(u, [name for _, name in on])
    samples = [[*one, *other] for one, other in zip(ours, theirs)]
    places: Dict[Hashable, List[int]] = {}
    for place, key in enumerate(row_keys(theirs, samples)):
        if not any(is_null(column[place]) for column in theirs):
            places.setdefault(key, []).append(place)
    found: List[List[int]] = []
    for place, key in enumerate(row_keys(ours, samples)):
        found.append([] if any(is_null(column[place]) for column in ours) else places.get(key, []))
    return found


def joined(t: Table, u: Table, on: Keys, partners: Sequence[Sequence[int]], keep: bool) -> Table:
    """Pairs of rows; with `keep` a row without partner stays, with nulls. Key columns of one name are kept
    once."""
    shared = {right for left, right in on if left == right}
    added = [name for name in u.columns if name not in shared]
    for name in added:
        if name in t.columns:
            raise Unmet("both tables have a column %s; rename one" % shown(name))
    height = sum(len(places) or (1 if keep else 0) for places in partners)
    require_fit(height, len(t.columns) + len(added))
    made: List[Row] = []
    for row, places in zip(t.rows, partners):
        for place in places:
            other = u.rows[place]
            made.append({**row, **{name: other.get(name, MISSING) for name in added}})
        if keep and not places:
            made.append({**row, **dict.fromkeys(added)})
    return Table([*t.columns, *added], made)


def join(t: Any, u: Any, on: Keys) -> Table:
    """Every pair of rows that agree in the key columns."""
    left, right = table(t), table(u)
    return joined(left, right, on, partners_of(left, right, on), keep=False)


def left_join(t: Any, u: Any, on: Keys) -> Table:
    """The same, with the rows of the first table that have no partner."""
    left, right = table(t), table(u)
    return joined(left, right, on, partners_of(left, right, on), keep=True)


def semi_join(t: Any, u: Any, on: Keys) -> Table:
    """The rows of the first table that have a partner, in their order."""
    left = table(t)
    return rows_at(left, [n for n, places in enumerate(partners_of(left, table(u), on)) if places])


def anti_join(t: Any, u: Any, on: Keys) -> Table:
    """The rows of the first table that have no partner, in their order."""
    left = table(t)
    return rows_at(left, [n for n, places in enumerate(partners_of(left, table(u), on)) if not places])


def cross_join(t: Any, u: Any) -> Table:
    """Every pair of rows."""
    left, right = table(t), table(u)
    require_fit(len(left.rows) * len(right.rows), len(left.columns) + len(right.columns))
    everywhere = list(range(len(right.rows)))
    return joined(left, right, (), [everywhere] * len(left.rows), keep=False)


def nest_join(t: Any, name: str, u: Any, on: Keys) -> Table:
    """The first table, with the partners of each row as a table in the column `name`."""
    left, right = table(t), table(u)
    if name in left.columns:
        raise Unmet("the table has a column %s already" % shown(name))
    require_fit(len(left.rows), len(left.columns) + 1)
    partners = partners_of(left, right, on)
    require_fit(sum(map(len, partners)), len(right.columns))
    made = [{**row, name: rows_at(right, places)} for row, places in zip(left.rows, partners)]
    return Table([*left.columns, name], made, left.blocks)


def is_plain_list(v: Any) -> bool:
    """Is it a list of values that are no records?"""
    values = list_in(v)
    return values is not None and not any(isinstance(value, dict) for value in values)


def union(*tables: Any) -> Any:
    """The rows of all tables, or the values of all lists, duplicates kept; a column that a table lacks is
    null there."""
    if tables and all(is_plain_list(part) for part in tables):
        values: List[Any] = [value for part in tables for value in part]
        require_fit(len(values), 1)
        return Unordered(values)
    parts = [table(part) for part in tables]
    columns = list(dict.fromkeys(name for part in parts for name in part.columns))
    require_fit(sum(len(part.rows) for part in parts), len(columns))
    return Table(columns, [{name: row.get(name) for name in columns} for part in parts for row in part.rows])


def _compared(a: Any, b: Any) -> Tuple[List[List[Any]], List[List[Any]]]:
    """The values of two lists, or of two tables with the same columns, by columns."""
    if is_plain_list(a):
        return [listed(a)], [listed(b)]
    left = table(a)
    right = Table(left.columns, [(value,) for value in listed(b)]) if is_plain_list(b) and b else table(b)
    if right.rows and set(left.columns) != set(right.columns):
        raise Unmet("the tables have different columns")
    return columns_in(left, left.columns), columns_in(right, left.columns)


def _distinct_rows(a: Any, b: Any, in_both: bool) -> Any:
    """The distinct rows or values of the first that are (or are not) in the second, in their order."""
    ours, theirs = _compared(a, b)
    samples = [[*one, *other] for one, other in zip(ours, theirs)]
    known: Set[Hashable] = set(row_keys(theirs, samples))
    keys = row_keys(ours, samples)
    places = [place for place in first_places(keys) if (keys[place] in known) == in_both]
    if is_plain_list(a):
        values = [ours[0][place] for place in places]
        return Unordered(values) if isinstance(a, Unordered) else values
    source = table(a)
    return Table(source.columns, [source.rows[place] for place in places])


def except_rows(a: Any, b: Any) -> Any:
    """The distinct rows or values of the first that the second lacks."""
    return _distinct_rows(a, b, in_both=False)


def intersect(a: Any, b: Any) -> Any:
    """The distinct rows or values that both have."""
    return _distinct_rows(a, b, in_both=True)
