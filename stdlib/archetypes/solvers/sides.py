"""Two sources about the same things: what only one has, where they differ, one register out of both, claims about a table."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.figures import figure
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, order
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

# Columns that one step leaves for the next, under names that no file has.
_OURS, _THEIRS, _ORIGIN = "\0ours", "\0theirs", "\0origin"


def _keyed(rows: Rows, on: str) -> Mapping[Value, Row]:
    found: dict[Value, Row] = {}
    for row in rows:
        if cell(row, on) is None:
            raise Unsolvable(f"a row without {on}, of which the text says nothing")
        if cell(row, on) in found:
            raise Unsolvable(f"two rows for {cell(row, on)!r}")
        found[cell(row, on)] = row
    return found


def _second(work: Work) -> Rows:
    return work.table(work.source(1))


def reconcile(work: Work, asked: Asked) -> None:
    on, column, into = asked.text("on"), asked.text("column"), asked.text("into")
    only_ours, only_theirs, differs = asked.texts("names")
    slack = asked.whole("slack") if asked.has("slack") else 0
    ours, theirs = _keyed(work.rows, on), _keyed(_second(work), on)
    made: list[Row] = []
    for key in dict.fromkeys([*ours, *theirs]):
        left = cell(ours[key], column) if key in ours else None
        right = cell(theirs[key], column) if key in theirs else None
        if key in ours and key in theirs and _alike(left, right, slack):
            continue
        name = only_ours if key not in theirs else only_theirs if key not in ours else differs
        made.append({into: name, on: key, _OURS: left, _THEIRS: right})
    work.rows = made


def _alike(left: Value, right: Value, slack: int) -> bool:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return abs(left - right) <= slack
    return left == right


def both_values(work: Work, asked: Asked) -> None:
    left, right = asked.texts("into")
    work.rows = [{**row, left: row[_OURS], right: row[_THEIRS]} for row in work.rows]


def merge(work: Work, asked: Asked) -> None:
    """Each thing once; of two entries the one with the later day. An entry that is alone needs no day."""
    on, newest = asked.text("on"), asked.text("newest")
    ours, theirs = _keyed(work.rows, on), _keyed(_second(work), on)
    made: list[Row] = []
    for key in dict.fromkeys([*ours, *theirs]):
        entries = [{**side[key], _ORIGIN: Decimal(at)} for at, side in enumerate((ours, theirs)) if key in side]
        if len(entries) == 2 and any(cell(entry, newest) is None for entry in entries):
            raise Unsolvable(f"merge: an entry of {key!r} has no {newest}")
        days = [order(cell(entry, newest)) for entry in entries]
        if len(days) == 2 and days[0] == days[1]:
            raise Unsolvable(f"merge: neither entry of {key!r} is the later one")
        made.append(entries[days.index(max(days))])
    work.rows = made


def origin(work: Work, asked: Asked) -> None:
    into, names = asked.text("into"), asked.texts("names")
    work.rows = [{**row, into: names[int(str(row[_ORIGIN]))]} for row in work.rows]


def conflicts(work: Work, asked: Asked) -> None:
    on = asked.text("on")
    name, left, right = asked.texts("into")
    ours, theirs = _keyed(work.rows, on), _keyed(_second(work), on)
    work.begun, work.checked = asked, [row for row in work.rows if cell(row, on) in theirs]
    work.rows = [
        {on: key, name: column, left: cell(ours[key], column), right: cell(theirs[key], column)}
        for key in ours
        if key in theirs
        for column in asked.texts("columns")
        if cell(ours[key], column) != cell(theirs[key], column)
    ]


def verify(work: Work, asked: Asked) -> None:
    """Claims are the second source; what they are held against are the rows that still count."""
    by, into, claim = asked.text("by"), asked.text("into"), asked.text("claim")
    right, wrong, nothing = asked.texts("names")
    made: list[Row] = []
    for row in _second(work):
        rows = [entry for entry in work.rows if cell(entry, by) == cell(row, by)]
        found = _figure(rows, asked) if rows else None
        name = nothing if not rows else right if found == cell(row, claim) else wrong
        made.append({**row, into: name, _OURS: found})
    work.rows = made


def _figure(rows: Rows, asked: Asked) -> Value:
    return Decimal(len(rows)) if asked.text("how") == "count" else figure(rows, asked)


def shown_value(work: Work, asked: Asked) -> None:
    into = asked.text("into")
    work.rows = [{**row, into: row[_OURS]} for row in work.rows]
