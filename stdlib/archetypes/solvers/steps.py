"""What each `do` means: one function per name, from the work so far and the particulars to the work after it.

Rows are never changed in place. Whoever adds a kind of step adds a function and its name in `ROWS`, or in `does.py` where it is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from clawc.stdlib.archetypes.solvers import history, pages, papers, units
from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.compare import COMPARISONS
from clawc.stdlib.archetypes.solvers.figures import figure
from clawc.stdlib.archetypes.solvers.notes import note
from clawc.stdlib.archetypes.solvers.reading import listed
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, order, rounded, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, mapping, slug, table


def _read(work: Work, asked: Asked) -> None:
    first = work.read(asked)
    if asked.has("tags"):
        work.begun, work.rows = asked, papers.notes_of(work.folder(asked.text("path")))
    elif asked.text("format") == "git":
        work.rows = history.commits(work, asked)
    elif first and work.told("release notes"):
        work.rows = history.exported(work, asked)
    elif asked.has("kind"):
        work.rows = pages.entries(work.folder(asked.text("path")), asked)
    elif first and asked.text("format") == "email":
        work.rows = papers.mails_of(work.folder(asked.text("path")))


# Which rows.


def _once(work: Work, asked: Asked) -> None:
    """The first of all rows with the same key."""
    column = asked.text("column")
    seen: dict[Value, Row] = {}
    for row in work.rows:
        seen.setdefault(cell(row, column), row)
    work.rows = list(seen.values())


def _keep(work: Work, asked: Asked) -> None:
    compare, column = asked.text("compare"), asked.text("column")
    if compare not in COMPARISONS:
        raise Unsolvable(f"keep: unknown comparison {compare!r}")
    fits = COMPARISONS[compare](asked)
    kept = [at for at, row in enumerate(work.rows) if fits(cell(row, column))]
    units.note_outliers(work, asked, kept)
    work.rows = [work.rows[at] for at in kept]


def _listed(work: Work, asked: Asked) -> None:
    column, how = asked.text("column"), asked.text("how")
    names = listed(work.file(asked.text("path")), asked.text("format"), column)
    if how not in ("only", "without"):
        raise Unsolvable(f"listed: unknown meaning {how!r}")
    work.rows = [row for row in work.rows if (cell(row, column) in names) == (how == "only")]


def _overdue(work: Work, asked: Asked) -> None:
    """Still in that state, although its day lies before today; today itself is not late."""
    (state, due), unsettled, today = asked.texts("column"), asked.value("value"), asked.text("today")
    work.rows = [row for row in work.rows if cell(row, state) == unsettled and _before(cell(row, due), today)]


def _before(value: Value, today: str) -> bool:
    return value is not None and _day(value) < _day(today)


def _latest(work: Work, asked: Asked) -> None:
    """One row for each value of `by`: the greatest day, then the greatest of what decides between equal days."""
    by, columns = asked.text("by"), asked.texts("column")
    best: dict[Value, Row] = {}
    for row in work.rows:
        known = best.setdefault(cell(row, by), row)
        if [order(cell(row, column)) for column in columns] > [order(cell(known, column)) for column in columns]:
            best[cell(row, by)] = row
    work.rows = list(best.values())


def _take(work: Work, asked: Asked) -> None:
    work.rows = work.rows[: asked.whole("count")]


# Further columns.


def _with(work: Work, into: str, made: Callable[[Row], Value]) -> None:
    work.rows = [{**row, into: made(row)} for row in work.rows]


def _month(work: Work, asked: Asked) -> None:
    column = asked.text("column")
    _with(work, asked.text("into"), lambda row: _day(cell(row, column)).strftime("%Y-%m"))


def _days(work: Work, asked: Asked) -> None:
    start, end = asked.texts("column")
    _with(work, asked.text("into"), lambda row: Decimal((_day(cell(row, end)) - _day(cell(row, start))).days))


def _day(value: Value) -> date:
    if not isinstance(value, str):
        raise Unsolvable(f"{value!r} is no day")
    return datetime.fromisoformat(value).date()


def _band(work: Work, asked: Asked) -> None:
    """A bound belongs to the band above it."""
    column, bounds, names = asked.text("column"), asked.numbers("bounds"), asked.texts("names")
    if len(names) != len(bounds) + 1:
        raise Unsolvable(f"band: {len(names)} names for {len(bounds)} bounds")
    _with(
        work, asked.text("into"), lambda row: names[sum(number(cell(row, column), column) >= bound for bound in bounds)]
    )


def _by_key(work: Work, asked: Asked) -> Mapping[Value, Row]:
    on = asked.text("on")
    found: dict[Value, Row] = {}
    for row in work.table(asked.text("path")):
        found.setdefault(cell(row, on), row)
    return found


def _look_up(work: Work, asked: Asked) -> None:
    """What the other table says of the same thing; nothing where it says nothing."""
    on, known = asked.text("on"), _by_key(work, asked)
    taken = asked.texts("take")

    def enriched(row: Row) -> Row:
        other = known.get(cell(row, on))
        return {**row, **{column: None if other is None else cell(other, column) for column in taken}}

    work.rows = [enriched(row) for row in work.rows]


def _times(work: Work, asked: Asked) -> None:
    on, known, decimals = asked.text("on"), _by_key(work, asked), asked.decimals()
    own, factor = asked.texts("column")

    def product(row: Row) -> Value:
        other = known.get(cell(row, on))
        return (
            None
            if other is None
            else rounded(number(cell(row, own), own) * number(cell(other, factor), factor), decimals)
        )

    _with(work, asked.text("into"), product)


def _minus(work: Work, asked: Asked) -> None:
    whole, part = asked.texts("column")
    _with(work, asked.text("into"), lambda row: number(cell(row, whole), whole) - number(cell(row, part), part))


def _share(work: Work, asked: Asked) -> None:
    """In percent of the sum over all rows."""
    column, decimals = asked.text("column"), asked.decimals()
    total = sum((number(cell(row, column), column) for row in work.rows), Decimal(0))
    _with(
        work,
        asked.text("into"),
        lambda row: rounded(100 * number(cell(row, column), column) / total, decimals) if total else None,
    )


# Totals, and what follows them.


def _group(work: Work, asked: Asked) -> None:
    by = asked.texts("by")
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in work.rows:
        groups.setdefault(tuple(cell(row, column) for column in by), []).append(row)
    results = asked.parts("results")
    work.rows = [
        {**dict(zip(by, key)), **{result.text("name"): figure(rows, result) for result in results}}
        for key, rows in groups.items()
    ]


def _sort(work: Work, asked: Asked) -> None:
    """By several columns; a minus before the name means from high to low."""
    work.rows = _sorted(work.rows, asked.texts("by"))


def _sorted(rows: Rows, keys: list[str]) -> Rows:
    for key in reversed(keys):
        rows = sorted(rows, key=_order_by(key.removeprefix("-")), reverse=key.startswith("-"))
    return rows


def _order_by(column: str) -> Callable[[Row], tuple[int, Decimal, str]]:
    return lambda row: order(cell(row, column))


def _running(work: Work, asked: Asked) -> None:
    column, so_far = asked.text("column"), Decimal(0)
    made: list[Row] = []
    for row in _sorted(work.rows, asked.texts("by")):
        so_far += number(cell(row, column), column)
        made.append({**row, asked.text("into"): so_far})
    work.rows = made


def _change(work: Work, asked: Asked) -> None:
    """The difference from the row before; nothing in the first."""
    column, before = asked.text("column"), None
    made: list[Row] = []
    for row in _sorted(work.rows, asked.texts("by")):
        now = number(cell(row, column), column)
        made.append({**row, asked.text("into"): None if before is None else now - before})
        before = now
    work.rows = made


# What is delivered.


def _write(work: Work, asked: Asked) -> None:
    work.made[asked.text("path")] = table(work.rows, asked.texts("columns"), asked.text("format"))


def _split(work: Work, asked: Asked) -> None:
    """One file for each value; all files have the same columns."""
    parts: dict[str, list[Row]] = {}
    for row in work.rows:
        parts.setdefault(slug(shown(cell(row, asked.text("by")))), []).append(row)
    form = asked.text("format")
    for name, rows in parts.items():
        work.made[f"{asked.text('path')}/{name}.{form}"] = table(rows, asked.texts("columns"), form)


def _lines(work: Work, asked: Asked) -> None:
    work.made[asked.text("path")] = "".join(f"{shown(cell(row, asked.text('column')))}\n" for row in work.rows).encode()


def _summary(work: Work, asked: Asked) -> None:
    facts = {fact.text("name"): figure(work.rows, fact) for fact in asked.parts("facts")}
    work.made[asked.text("path")] = mapping(facts, asked.text("format"))


def _note(work: Work, asked: Asked) -> None:
    work.made[asked.text("path")] = note(work.rows, asked)


ROWS: Mapping[str, Callable[[Work, Asked], None]] = {
    "read": _read,
    "once": _once,
    "keep": _keep,
    "listed": _listed,
    "overdue": _overdue,
    "latest": _latest,
    "take": _take,
    "month": _month,
    "days": _days,
    "band": _band,
    "look up": _look_up,
    "times": _times,
    "minus": _minus,
    "share": _share,
    "group": _group,
    "having": _keep,
    "sort": _sort,
    "running": _running,
    "change": _change,
    "write": _write,
    "split": _split,
    "lines": _lines,
    "summary": _summary,
    "note": _note,
}
