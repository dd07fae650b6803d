"""Rows held against rules: policies, accounts, normal ranges, totals, devices. What breaks a rule is a row of the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import cast

import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, rounded, shown, value_of
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

Document = Mapping[str, object]


def loaded(work: Work, path: str) -> object:
    form = work.form(path)
    if form == "json":
        return cast(object, json.loads(work.text(path), parse_float=Decimal, parse_int=Decimal))
    if form == "yaml":
        return cast(object, yaml.safe_load(work.text(path)))
    raise Unsolvable(f"a document in the format {form!r}")


def document(found: object) -> Document:
    if not isinstance(found, dict):
        raise Unsolvable(f"{found!r} is no mapping")
    return cast(dict[str, object], found)


def _entries(found: object) -> list[Document]:
    if not isinstance(found, list):
        raise Unsolvable(f"{found!r} is no list")
    return [document(entry) for entry in cast(list[object], found)]


def _day(value: Value) -> date:
    if not isinstance(value, str):
        raise Unsolvable(f"{value!r} is no day")
    return date.fromisoformat(value[:10])


def _days(start: Value, end: Value) -> int:
    return (_day(end) - _day(start)).days


# A policy, and what breaks it.


def begin(work: Work, asked: Asked) -> None:
    """The rows so far are what is checked; the findings become the rows."""
    work.checked, work.begun, work.rows = work.rows, asked, []
    work.counts["count all"] = Decimal(len(work.checked))


def _found(work: Work, asked: Asked, fits: Callable[[Row], bool]) -> None:
    into = work.asked().text("into")
    work.rows = [*work.rows, *({**row, into: asked.text("name")} for row in work.checked if fits(row))]


def breach(work: Work, asked: Asked) -> None:
    policy = document(loaded(work, work.asked().text("policy")))
    how, limit = asked.text("how"), asked.text("limit")
    if how == "above":
        column, by = asked.text("column"), asked.text("by")
        limits = {value_of(entry[by]): value_of(entry[limit]) for entry in _entries(policy[asked.text("under")])}

        def above(row: Row) -> bool:
            bound = limits.get(cell(row, by))
            return bound is not None and number(cell(row, column), column) > number(bound, limit)

        _found(work, asked, above)
    elif how == "days above":
        start, end = asked.texts("column")
        most = number(value_of(policy[limit]), limit)
        _found(work, asked, lambda row: _days(cell(row, start), cell(row, end)) > most)
    elif how == "equal":
        refused, state = value_of(policy[limit]), asked.text("column")
        _found(work, asked, lambda row: cell(row, state) == refused)
    else:
        raise Unsolvable(f"breach: unknown kind {how!r}")


# Accounts.


def _holder(work: Work, names: set[Value]) -> str:
    """The column of the accounts that names people, which is told by the names that occur in it."""
    table = work.table(work.source(0))
    columns = [column for column in table[0] if any(cell(row, column) in names for row in table)] if table else []
    if len(columns) != 1:
        raise Unsolvable(f"finding: which of the columns {columns} names people?")
    return columns[0]


def _leavers(work: Work, path: str) -> Mapping[Value, str]:
    left: dict[Value, str] = {}
    for row in work.table(path):
        name, day = row.values()
        left[name] = _day(day).isoformat()
    return left


def finding(work: Work, asked: Asked) -> None:
    how = asked.text("how")
    if how == "silent":
        column, today, days = asked.text("column"), asked.text("today"), asked.whole("days")
        _found(work, asked, lambda row: _days(cell(row, column), today) > days)
        return
    left = _leavers(work, work.source(1))
    holder = _holder(work, set(left))
    if how == "left":
        today = asked.text("today")
        _found(work, asked, lambda row: cell(row, holder) in left and left[cell(row, holder)] <= today)
    elif how == "not approved":
        column, value = asked.text("column"), asked.value("value")
        approved = {line.strip() for line in work.text(asked.text("path")).splitlines()}
        _found(work, asked, lambda row: cell(row, column) == value and shown(cell(row, holder)) not in approved)
    else:
        raise Unsolvable(f"finding: unknown kind {how!r}")


def note_on_review(work: Work, asked: Asked) -> None:
    into, name = work.asked().text("into"), asked.text("name")
    account = next(iter(work.table(work.source(0))[0]))
    accounts = dict.fromkeys(shown(cell(row, account)) for row in work.rows if cell(row, into) == name)
    text = f"The list has {len(work.rows)} rows. {name}: {', '.join(accounts) or 'nobody'}.\n"
    if len(text.split()) > asked.whole("words"):
        raise Unsolvable("note on review: more words than allowed")
    work.made[work.target(asked)] = text.encode()


# Normal ranges.

_BY = "\0beyond"


def outside(work: Work, asked: Asked) -> None:
    """Both ends are inside."""
    column, by, into = asked.text("column"), asked.text("by"), asked.text("into")
    low, high = asked.texts("bounds")
    under, over = asked.texts("names")
    ranges = {cell(row, by): (number(cell(row, low), low), number(cell(row, high), high)) for row in _last(work)}
    made: list[Row] = []
    for row in work.rows:
        if cell(row, by) not in ranges:
            continue
        least, most = ranges[cell(row, by)]
        value = number(cell(row, column), column)
        if value < least:
            made.append({**row, into: under, _BY: least - value})
        elif value > most:
            made.append({**row, into: over, _BY: value - most})
    work.rows = made


def _last(work: Work) -> Rows:
    return work.table(work.source(1))


def distance(work: Work, asked: Asked) -> None:
    into = asked.text("into")
    work.rows = [{**row, into: row[_BY]} for row in work.rows]


# Totals that somebody typed in.


def wrong_sums(work: Work, asked: Asked) -> None:
    work.begun = asked
    _sums(work, asked, lambda amount: amount)


def discount(work: Work, asked: Asked) -> None:
    """A line of more than the bound counts so many percent less, rounded by itself."""
    above, percent = Decimal(asked.whole("above")), Decimal(asked.whole("percent"))
    _sums(
        work,
        work.asked(),
        lambda amount: rounded(amount * (100 - percent) / 100, 2) if amount > above else amount,
    )


def _sums(work: Work, asked: Asked, counted: Callable[[Decimal], Decimal]) -> None:
    items, (count, price), stated = asked.text("items"), asked.texts("column"), asked.text("stated")
    right, error = asked.texts("into")
    documents = _entries(loaded(work, work.source(0)))
    made: list[Row] = []
    for document in documents:
        total = sum(
            (
                counted(number(value_of(item[count]), count) * number(value_of(item[price]), price))
                for item in _entries(document[items])
            ),
            Decimal(0),
        )
        said = number(value_of(document[stated]), stated)
        if said != total:
            plain = {name: value_of(value) for name, value in document.items() if name != items}
            made.append({**plain, right: total, error: said - total})
    work.rows = made
    work.counts["count all"] = Decimal(len(documents))


# Devices.


def device_rules(work: Work, asked: Asked) -> None:
    """What each kind is to have by its reading."""
    column = asked.text("column")
    then, otherwise = asked.texts("names")
    rules = {rule.text("kind_of_device"): (rule.text("compare"), rule.whole("bound")) for rule in asked.parts("rules")}

    def command(row: Row) -> Value:
        compare, bound = rules[shown(cell(row, "kind"))]
        reading = number(cell(row, column), column)
        if compare not in ("below", "above"):
            raise Unsolvable(f"device rules: unknown comparison {compare!r}")
        return then if (reading < bound if compare == "below" else reading > bound) else otherwise

    work.checked = work.rows
    work.rows = [{**row, "command": command(row)} for row in work.rows if shown(cell(row, "kind")) in rules]


def only_changes(work: Work, asked: Asked) -> None:
    column, unwanted = asked.text("column"), asked.text("not")
    work.rows = [
        row for row in work.rows if cell(row, column) != unwanted and cell(row, "state") != cell(row, "command")
    ]


def command_columns(work: Work, asked: Asked) -> None:
    work.columns = asked.texts("columns")
    work.rows = [{name: cell(row, name) for name in work.columns} for row in work.rows]
