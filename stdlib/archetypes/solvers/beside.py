"""What is delivered beside the result: counts by one column, and lists of what nothing was found for.

Each goes into the file of its own path, or into the one named before it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from typing import cast

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, order, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, table


def named(work: Work, asked: Asked) -> None:
    """A file to be delivered, whose contents the next step tells."""
    work.named = asked.text("path")


def _put(work: Work, path: str, rows: Rows, columns: list[str]) -> None:
    """The format is that of the ending."""
    work.made[path] = table(rows, columns, path.rsplit(".", 1)[-1])


def _lines(work: Work, asked: Asked, values: set[Value]) -> None:
    lines = sorted(map(shown, values))
    work.made[work.target(asked)] = "".join(f"{line}\n" for line in lines).encode()


def _ordered(rows: Rows, key: str, count: str, asked: Asked) -> Rows:
    by_key = sorted(rows, key=lambda row: order(cell(row, key)))
    if asked.has("dir") and asked.text("dir") == "number down":
        return sorted(by_key, key=lambda row: number(cell(row, count), count), reverse=True)
    return by_key


def count_by(work: Work, asked: Asked) -> None:
    path, by, into = work.target(asked), asked.text("by"), asked.text("into")
    counts = Counter(cell(row, by) for row in work.rows)
    rows: list[Row] = [{by: key, into: Decimal(count)} for key, count in counts.items()]
    _put(work, path, _ordered(rows, by, into, asked), [by, into])


def clashes_by(work: Work, asked: Asked) -> None:
    path, by, shared = work.target(asked), asked.text("by"), work.asked().texts("into")[1]
    count, lost = asked.texts("into")
    groups: dict[Value, list[Decimal]] = {}
    for row in work.rows:
        groups.setdefault(cell(row, by), []).append(number(cell(row, shared), shared))
    rows: list[Row] = [
        {by: key, count: Decimal(len(times)), lost: sum(times, Decimal(0))} for key, times in groups.items()
    ]
    _put(work, path, _ordered(rows, by, count, asked), [by, count, lost])


def lines_without_clash(work: Work, asked: Asked) -> None:
    other = work.asked().texts("into")[0]
    clashing = {cell(row, column) for row in work.rows for column in ("id", other)}
    _lines(work, asked, {cell(row, "id") for row in work.checked} - clashing)


def lines_without_breach(work: Work, asked: Asked) -> None:
    column = asked.text("column")
    _lines(work, asked, {cell(row, column) for row in work.checked} - {cell(row, column) for row in work.rows})


def lines_of_clean_pages(work: Work, asked: Asked) -> None:
    pages = {cell(row, "page") for row in work.rows}
    names: set[Value] = set(work.folder(work.source(0)))
    _lines(work, asked, names - pages)


def count_replaced(work: Work, asked: Asked) -> None:
    path, words, into = work.target(asked), work.asked(), asked.text("into")
    wrong, right = asked.texts("columns")
    text = work.text(words.text("path"))
    entries = work.table(words.text("list"))
    each = "|".join(re.escape(shown(cell(row, wrong))) for row in sorted(entries, key=lambda row: -_length(row, wrong)))
    counts = Counter(re.findall(rf"\b(?:{each})\b", text))
    rows: list[Row] = [
        {
            wrong: cell(row, wrong),
            right: cell(row, right),
            into: Decimal(counts[shown(cell(row, wrong))]),
        }
        for row in entries
    ]
    _put(work, path, _ordered(rows, wrong, into, asked), [wrong, right, into])


def _length(row: Row, column: str) -> int:
    return len(shown(cell(row, column)))


# A meeting.


def minutes(work: Work, asked: Asked) -> None:
    path, prefix = work.target(asked), work.asked().text("decision")
    lines = work.text(work.source(0)).splitlines()
    decided = [line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)]
    to_do = [", ".join(shown(cell(row, column)) for column in ("owner", "task", "due")) for row in work.rows]
    text = "\n".join(
        f"## {name}\n\n" + "".join(f"- {entry}\n" for entry in entries)
        for name, entries in zip(asked.texts("sections"), (decided, to_do))
    )
    if len(text.split()) > asked.whole("words"):
        raise Unsolvable("minutes: more words than allowed")
    work.made[path] = text.encode()


# A translation.


def translate(work: Work, asked: Asked) -> None:
    work.begun = asked


def no_entry(work: Work, asked: Asked) -> None:
    path, how = work.target(work.asked()), asked.text("how")
    if how not in ("keep", "mark", "leave out"):
        raise Unsolvable(f"no entry: unknown meaning {how!r}")
    front = f"{asked.text('mark')} " if how == "mark" else ""
    known = _glossary(work)
    made = {
        key: known[text] if text in known else front + text
        for key, text in _strings(work).items()
        if text in known or how != "leave out"
    }
    work.made[path] = (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def lines_of_missing(work: Work, asked: Asked) -> None:
    known = _glossary(work)
    _lines(work, asked, {text for text in _strings(work).values() if text not in known})


def _glossary(work: Work) -> dict[str, str]:
    term, word = work.asked().texts("columns")
    rows = work.table(work.asked().text("glossary"))
    return {shown(cell(row, term)): shown(cell(row, word)) for row in rows}


def _strings(work: Work) -> dict[str, str]:
    """An object from key to text, or a list of objects with both."""
    strings = cast(object, json.loads(work.text(work.source(1))))
    if isinstance(strings, dict):
        return cast(dict[str, str], strings)
    key, text = work.asked().text("key"), work.asked().text("text")
    return {shown(cell(row, key)): shown(cell(row, text)) for row in work.table(work.source(1))}


# Letters, and two lists that agree.


def letter_list(work: Work, asked: Asked) -> None:
    who, total, count = asked.texts("columns")
    summed = work.asked().texts("column")[0]
    groups: dict[Value, list[Row]] = {}
    for row in work.checked:
        groups.setdefault(cell(row, who), []).append(row)
    work.rows = [
        {
            who: key,
            total: sum((number(cell(row, summed), summed) for row in rows), Decimal(0)),
            count: Decimal(len(rows)),
        }
        for key, rows in groups.items()
    ]


def lines_of_agreed(work: Work, asked: Asked) -> None:
    on = work.asked().text("on")
    _lines(work, asked, {cell(row, on) for row in work.checked} - {cell(row, on) for row in work.rows})
