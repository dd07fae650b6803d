"""Verbs on tables: each gives a new table and keeps what is known of the order of its rows.

A list may stand for a table: records are its rows, any other value is a row with the one column `value`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Hashable, List, Mapping, Optional, Sequence, Tuple

from clawc.stdlib.checks.keys import distinct_values, first_places, row_keys, sort_keys
from clawc.stdlib.checks.kinds import cut, holds, list_in, listed, record_in, shown
from clawc.stdlib.checks.numbers import integer
from clawc.stdlib.checks.text import as_text, regex_of, searched
from clawc.stdlib.checks.values import MISSING, Cell, Row, Table, Unmet, Unordered, Unsorted

MAX_TABLE_CELLS = 500_000

RowFunction = Callable[[Any], Any]


def require_fit(height: int, width: int) -> None:
    """Raises Unmet when a table of so many rows and columns would be too large."""
    if height * max(1, width) > MAX_TABLE_CELLS:
        raise Unmet("table is too large")


def row_of(value: Any) -> Any:
    """A value of a list as a row."""
    record = record_in(value)
    return {"value": value} if record is None else record


def table(v: Any) -> Table:
    """A table as it is; records under all their keys, in the order in which they come; other values under
    `value`."""
    if isinstance(v, Table):
        return v
    values = list_in(v)
    if values is None:
        raise Unmet("%s is not a table" % shown(v))
    records = [record for record in map(record_in, values) if record is not None]
    if not records:
        require_fit(len(values), 1)
        return Table(["value"] if values else [], [{"value": value} for value in values])
    if len(records) < len(values):
        place, odd = next((n, value) for n, value in enumerate(values, 1) if record_in(value) is None)
        raise Unmet("the list is not a table: value %d is %s, not a record" % (place, shown(odd)))
    columns: Dict[Any, None] = {}
    for record in records:
        columns.update(dict.fromkeys(record))
        require_fit(len(records), len(columns))
    if not all(isinstance(name, str) for name in columns):
        raise Unmet("a record of the list has a key that is not text")
    return Table(columns, [{name: record.get(name, MISSING) for name in columns} for record in records])


def rows_of(v: Any) -> List[Row]:
    """The rows of a table, or of a list that stands for one."""
    return table(v).rows


def require_column(t: Table, name: Any) -> None:
    """Raises Unmet when a table lacks a column."""
    if name not in t.columns:
        known = ", ".join("`%s`" % cut(column, 40) for column in t.columns[:12])
        raise Unmet("the table has no column %s; it has %s" % (shown(name), known or "none"))


def shrunk(blocks: Optional[Sequence[int]], kept: Sequence[int]) -> Optional[List[int]]:
    """The blocks of the rows at the places `kept`, in ascending order."""
    if blocks is None:
        return None
    sizes = [0] * len(blocks)
    number, end = -1, 0
    for place in kept:
        while place >= end:
            number += 1
            end += blocks[number]
        sizes[number] += 1
    return [size for size in sizes if size]


def rows_at(t: Table, kept: Sequence[int], spare: Sequence[Row] = ()) -> Table:
    """A table of the rows at some places, in ascending order."""
    return Table(t.columns, [t.rows[place] for place in kept], shrunk(t.blocks, kept), spare)


def remade(t: Table, columns: Sequence[str], remake: Callable[[Row], Row]) -> Table:
    """A table with every row remade; the order of the rows stays."""
    require_fit(len(t.rows) + len(t.spare), len(columns))
    return Table(columns, [remake(row) for row in t.rows], t.blocks, [remake(row) for row in t.spare])


def each(t: Any, fn: RowFunction) -> List[Any]:
    """What a function gives for every row, in order."""
    values = list_in(t)
    if values is not None:
        return like_list(t, [fn(row_of(value)) for value in values])
    source = table(t)
    return in_order_of(source, [fn(row) for row in source.rows])


def in_order_of(t: Table, values: List[Any]) -> List[Any]:
    """Values made from the rows of a table: their order counts as far as that of the rows does."""
    if t.blocks is None:
        return Unsorted(values)
    return Unordered(values) if order_is_free(t) else values


def like_list(source: Any, values: List[Any]) -> List[Any]:
    """Values made from a list: their order counts if its order does."""
    if isinstance(source, Unsorted):
        return Unsorted(values)
    return Unordered(values) if isinstance(source, Unordered) else values


def order_is_free(t: Table) -> bool:
    """Is there no order at all among the rows, as `unordered` or no `sort` leaves it?"""
    return t.blocks is None or (len(t.blocks) == 1 and t.blocks[0] > 1)


def where(t: Any, pred: RowFunction) -> Any:
    """The rows, or values of a list, for which a condition holds."""
    values = list_in(t)
    if values is not None:
        return like_list(t, [value for value in values if holds(pred(row_of(value)))])
    source = table(t)
    kept = [place for place, row in enumerate(source.rows) if holds(pred(row))]
    spare: List[Row] = []
    if source.blocks and kept and kept[-1] >= len(source.rows) - source.blocks[-1]:
        spare = [row for row in source.spare if holds(pred(row))]
    return rows_at(source, kept, spare)


def derive(t: Any, columns: Mapping[str, RowFunction]) -> Table:
    """Further columns, computed row by row; later ones see the earlier ones."""
    source = table(t)

    def remake(row: Row) -> Row:
        made = dict(row)
        for name, fn in columns.items():
            made[name] = fn(made)
        return made

    return remade(source, list(dict.fromkeys([*source.columns, *columns])), remake)


def select(t: Any, columns: Mapping[str, RowFunction]) -> Table:
    """Only these columns, computed row by row."""
    return remade(table(t), list(columns), lambda row: {name: fn(row) for name, fn in columns.items()})


def drop(t: Any, names: Sequence[str]) -> Table:
    """Without these columns."""
    source = table(t)
    for name in names:
        require_column(source, name)
    kept = [name for name in source.columns if name not in names]
    return remade(source, kept, lambda row: {name: row.get(name, MISSING) for name in kept})


def rename(t: Any, names: Mapping[str, str]) -> Table:
    """Columns under new names, given as new: old."""
    source = table(t)
    for old in names.values():
        require_column(source, old)
    new_names = {old: new for new, old in names.items()}
    pairs = [(new_names.get(name, name), name) for name in source.columns]
    columns = [new for new, _ in pairs]
    if len(set(columns)) < len(columns):
        raise Unmet("after renaming two columns have the same name")
    return remade(source, columns, lambda row: {new: row.get(old, MISSING) for new, old in pairs})


def sort(t: Any, keys: Sequence[Tuple[RowFunction, bool]]) -> Any:
    """Rows by keys, each with whether it descends; nulls come last either way. Rows with equal keys are
    one block."""
    values = list_in(t)
    rows = table(t).rows if values is None else list(map(row_of, values))
    ranked = [(sort_keys([fn(row) for row in rows]), descending) for fn, descending in keys]
    places = list(range(len(rows)))
    for sort_values, descending in reversed(ranked):
        if descending:  # nulls are turned over too, to stay last
            sort_values = [(not null, rank, value) for null, rank, value in sort_values]
        places.sort(key=sort_values.__getitem__, reverse=descending)
    if values is not None:
        return [values[place] for place in places]
    source = table(t)
    blocks: List[int] = []
    for before, place in zip([-1, *places], places):
        if before >= 0 and all(known[before] == known[place] for known, _ in ranked):
            blocks[-1] += 1
        else:
            blocks.append(1)
    return Table(source.columns, [rows[place] for place in places], blocks)


def take(t: Any, n: Any) -> Any:
    """The first n rows or values. Rows that tie with the last one taken are kept as `spare`: any of them
    is as good."""
    count = integer(n)
    if count is None or count < 0:
        raise Unmet("%s is not a number of rows" % shown(n))
    values = list_in(t)
    if values is not None:
        return like_list(t, values[:count])
    source = table(t)
    if count >= len(source.rows) or source.blocks is None:
        return Table(source.columns, source.rows[:count], source.blocks, source.spare)
    blocks: List[int] = []
    end = 0
    for size in source.blocks:
        if end >= count:
            break
        blocks.append(min(size, count - end))
        end += size
    spare = source.rows[count:end] if blocks else []
    if spare and end == len(source.rows):
        spare = [*spare, *source.spare]
    return Table(source.columns, source.rows[:count], blocks, spare)


def distinct(t: Any, keys: Optional[Sequence[RowFunction]] = None) -> Any:
    """The first of the rows or values that agree, in all columns or in the keys."""
    values = list_in(t)
    if values is not None and not keys:
        return like_list(t, distinct_values(values))
    source = table(t)
    columns = [[fn(row) for row in source.rows] for fn in keys or ()] or columns_in(source, source.columns)
    return Table(source.columns, [source.rows[place] for place in first_places(row_keys(columns, columns))])


def columns_in(t: Table, names: Sequence[str]) -> List[List[Any]]:
    """The values of some columns."""
    return [[row.get(name, MISSING) for row in t.rows] for name in names]


def grouped(source: Table, columns: Sequence[Sequence[Any]]) -> List[List[int]]:
    """The places of the rows of each group, in the order of first occurrence; one group when there are no
    keys."""
    if not columns:
        return [list(range(len(source.rows)))]
    groups: Dict[Hashable, List[int]] = {}
    for place, key in enumerate(row_keys(columns, columns)):
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def group(t: Any, keys: Mapping[str, RowFunction], results: Mapping[str, RowFunction]) -> Table:
    """One row for each combination of keys, with results computed from the table of its rows."""
    source = table(t)
    columns = [[fn(row) for row in source.rows] for fn in keys.values()]
    made: List[Row] = []
    for places in grouped(source, columns):
        row = {name: values[places[0]] for name, values in zip(keys, columns)}
        subtable = rows_at(source, places)
        row.update((name, fn(subtable)) for name, fn in results.items())
        made.append(row)
    require_fit(len(made), len(keys) + len(results))
    return Table([*keys, *results], made)


def window(t: Any, keys: Sequence[str], results: Mapping[str, RowFunction]) -> Table:
    """Further columns, computed from the table of all rows with the same keys: a list with a value for each."""
    source = table(t)
    for name in keys:
        require_column(source, name)
    made = [dict(row) for row in source.rows]
    for places in grouped(source, [[row.get(name) for row in source.rows] for name in keys]):
        subtable = rows_at(source, places)
        for name, fn in results.items():
            for place, value in zip(places, fn(subtable)):
                made[place][name] = value
    require_fit(len(made), len(source.columns) + len(results))
    return Table(list(dict.fromkeys([*source.columns, *results])), made, source.blocks)


def repeated(value: Any, t: Table) -> List[Any]:
    """The value of a window, for each of its rows."""
    return [value] * len(t)


def row_numbers(t: Table) -> List[int]:
    """The places of rows, from 1."""
    return list(range(1, len(t) + 1))


def lagged(values: List[Any]) -> List[Any]:
    """For each row the value of the row before; null for the first."""
    return [None, *values[:-1]] if values else []


def unnest(t: Any, name: str, fn: RowFunction) -> Table:
    """One row for each value of a list, under `name`; a row without values vanishes."""
    source = table(t)
    columns = list(dict.fromkeys([*source.columns, name]))
    made: List[Row] = []
    sizes: List[int] = []
    for row in source.rows:
        found = fn(row)
        values: List[Any] = []
        if isinstance(found, Table):
            values.extend(found.rows)
        elif found is not None and found is not MISSING:
            values = listed(found)
        require_fit(len(made) + len(values), len(columns))
        made.extend({**row, name: value} for value in values)
        sizes.append(len(values))
    return Table(columns, made, widened(source.blocks, sizes))


def widened(blocks: Optional[Sequence[int]], sizes: Sequence[int]) -> Optional[List[int]]:
    """Blocks after each row became as many rows as `sizes` says."""
    if blocks is None:
        return None
    made: List[int] = []
    begin = 0
    for block in blocks:
        made.append(sum(sizes[begin : begin + block]))
        begin += block
    return [block for block in made if block]


def pivot(t: Any, key_cols: Sequence[str], keyfn: RowFunction, valuefn: RowFunction) -> Table:
    """One row for each combination of key columns, and a column for each value of `keyfn`, filled from its
    rows."""
    source = table(t)
    for name in key_cols:
        require_column(source, name)
    heads = [as_text(keyfn(row)) for row in source.rows]
    names = list(dict.fromkeys(heads))
    clash = [name for name in names if name in key_cols]
    if clash:
        raise Unmet("the table has two columns %s" % shown(clash[0]))
    groups = grouped(source, columns_in(source, key_cols)) if source.rows else []
    require_fit(len(groups), len(key_cols) + len(names))
    made: List[Row] = []
    for places in groups:
        row = {name: source.rows[places[0]].get(name, MISSING) for name in key_cols}
        for head in names:
            row[head] = valuefn(rows_at(source, [place for place in places if heads[place] == head]))
        made.append(row)
    return Table([*key_cols, *names], made)


def unpivot(t: Any, cols: Sequence[str]) -> Table:
    """One row for each of some columns: the other columns, the `name` of the column and its `value`."""
    source = table(t)
    for name in cols:
        require_column(source, name)
    rest = [name for name in source.columns if name not in cols]
    for name in ("name", "value"):
        if name in rest:
            raise Unmet("the table has a column `%s` already" % name)
    require_fit(len(source.rows) * len(cols), len(rest) + 2)
    made: List[Row] = []
    for row in source.rows:
        kept = {name: row.get(name, MISSING) for name in rest}
        made.extend({**kept, "name": name, "value": row.get(name, MISSING)} for name in cols)
    return Table([*rest, "name", "value"], made, widened(source.blocks, [len(cols)] * len(source.rows)))


def parse(lines: Any, pattern: Any) -> Table:
    """The named groups of a regex as cells of a row, for each line that matches; other lines are left out."""
    regex = regex_of(pattern)
    names = sorted(regex.groupindex, key=lambda name: regex.groupindex[name])
    made: List[Row] = []
    for line in listed(lines):
        match = regex.search(searched(line)) if isinstance(line, str) else None
        if match is not None:
            parts = match.groupdict()
            made.append({name: None if parts[name] is None else Cell(parts[name]) for name in names})
    require_fit(len(made), len(names))
    return Table(names, made)
