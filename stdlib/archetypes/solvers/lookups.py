"""Tables that a program looks things up in: remainders, turns, places in a line, waits before retries, and rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, mapping


def only(work: Work, asked: Asked) -> None:
    """Rows that say something else are out before anything is looked up."""
    column, value = asked.text("column"), asked.value("value")
    work.rows = [row for row in work.rows if cell(row, column) == value]


def lookup(work: Work, asked: Asked) -> None:
    how = asked.text("how")
    if how not in _LOOKUPS:
        raise Unsolvable(f"lookup: unknown kind {how!r}")
    work.rows = _LOOKUPS[how](work, asked)


def _whole(row: Row, column: str) -> int:
    """A number or a length is counted: it is never a fraction and never below nothing."""
    value = number(cell(row, column), column)
    if value != value.to_integral_value() or value < 0:
        raise Unsolvable(f"{column}: {value} is no count")
    return int(value)


def _added(asked: Asked, key: str) -> int:
    """A fact that is only there where something is added."""
    return asked.whole(key) if asked.has(key) else 0


def _in_order(rows: Rows, column: str) -> Rows:
    """Two rows with the same number would have no order."""
    if len({_whole(row, column) for row in rows}) != len(rows):
        raise Unsolvable(f"lookup: a number occurs twice under {column}")
    return sorted(rows, key=lambda row: _whole(row, column))


def _remainders(work: Work, asked: Asked) -> Rows:
    column, into = asked.text("column"), asked.text("into")
    divisor, first = asked.whole("divisor"), _added(asked, "first")
    return [{**row, into: Decimal(_whole(row, column) % divisor + first)} for row in work.rows]


def _turns(work: Work, asked: Asked) -> Rows:
    """There and back: whoever is at an end has two in a row."""
    kind, into, names = asked.text("kind"), asked.text("into"), asked.values("values")
    if kind not in ("around", "there and back"):
        raise Unsolvable(f"turns: {kind!r}")
    turn = names if kind == "around" else [*names, *reversed(names)]
    rows = _in_order(work.rows, asked.text("column"))
    return [{**row, into: turn[at % len(turn)]} for at, row in enumerate(rows)]


def _layout(work: Work, asked: Asked) -> Rows:
    """An inclusive end is the last character itself, an exclusive one the place behind it."""
    kind, width, gap = asked.text("kind"), asked.text("width"), _added(asked, "gap")
    start, end = asked.texts("columns")
    if kind not in ("inclusive", "exclusive"):
        raise Unsolvable(f"layout: {kind!r}")
    made: list[Row] = []
    place = asked.whole("first")
    for row in _in_order(work.rows, asked.text("column")):
        behind = place + _whole(row, width)
        made.append({**row, start: Decimal(place), end: Decimal(behind if kind == "exclusive" else behind - 1)})
        place = behind + gap
    return made


def _retries(work: Work, asked: Asked) -> Rows:
    base, cap, factor = asked.text("base"), asked.text("cap"), asked.whole("factor")
    attempt, wait = asked.texts("columns")
    made: list[Row] = []
    for row in work.rows:
        pause, most = number(cell(row, base), base), number(cell(row, cap), cap)
        for at in range(1, asked.whole("count") + 1):
            made.append({**row, attempt: Decimal(at), wait: min(pause, most)})
            pause *= factor
    return made


def _rights(work: Work, asked: Asked) -> Rows:
    """All pairs: who may is the first source, what is done the second."""
    column, least, kind, into = asked.text("column"), asked.text("least"), asked.text("kind"), asked.text("into")
    yes, no = asked.values("values")
    if kind not in ("at least", "above"):
        raise Unsolvable(f"rights: {kind!r}")

    def right(role: Row, action: Row) -> Value:
        has, needs = number(cell(role, column), column), number(cell(action, least), least)
        return yes if has > needs or (has == needs and kind == "at least") else no

    return [
        {**action, **role, into: right(role, action)} for role in work.rows for action in work.table(work.source(1))
    ]


_LOOKUPS: Mapping[str, Callable[[Work, Asked], Rows]] = {
    "remainder": _remainders,
    "turns": _turns,
    "layout": _layout,
    "retries": _retries,
    "rights": _rights,
}


def record(work: Work, asked: Asked) -> None:
    facts = {fact.text("name"): _fact(work.rows, fact) for fact in asked.parts("facts")}
    work.made[work.target(asked)] = mapping(facts, asked.text("format"))


def _fact(rows: Rows, fact: Asked) -> Value:
    """The text names a value as it is shown, be it a number or a text."""
    how = fact.text("how")
    if how == "count":
        return Decimal(len(rows))
    if how == "count where":
        column, value = fact.text("column"), shown(fact.value("value"))
        return Decimal(sum(shown(cell(row, column)) == value for row in rows))
    raise Unsolvable(f"record: unknown figure of a lookup {how!r}")
