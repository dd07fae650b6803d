"""Crash reports, one a line, and the faults that they tell of."""

from __future__ import annotations

import re
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Value, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

# Each word in capitals stands for one part of a line; all other signs stand for themselves.
_PARTS = {
    "ERROR": ("error", r"[A-Za-z]\w*"),
    "PLACE": ("place", r"\S+:\d+"),
    "TIME": ("at", r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?"),
    "USER": ("who", r"\w+"),
    "RELEASE": ("release", r"\d+(?:\.\d+)*"),
}


def crash_lines(work: Work, asked: Asked) -> None:
    """A line of another form is no report, so it is not among all reports either."""
    form = re.sub(r"\b[A-Z]+\b", _part, re.escape(asked.text("entry")))
    lines = work.text(work.source(0)).splitlines()
    work.rows = [dict(found.groupdict()) for line in lines if (found := re.fullmatch(form, line.strip())) is not None]
    work.counts["count all"] = Decimal(len(work.rows))


def _part(found: re.Match[str]) -> str:
    if found[0] not in _PARTS:
        return found[0]
    column, signs = _PARTS[found[0]]
    return f"(?P<{column}>{signs})"


def crashes(work: Work, asked: Asked) -> None:
    """What is left out before counts no more: figures beside the result are on the reports that its rows are made of."""
    by = asked.texts("by")
    reports, users, first, fourth = asked.texts("into")
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in work.rows:
        groups.setdefault(tuple(cell(row, column) for column in by), []).append(row)
    work.counts["count"] = Decimal(len(work.rows))
    work.counts["count users"] = _different(work.rows, "who")

    def fault(key: tuple[Value, ...], rows: Rows) -> Row:
        times = [shown(cell(row, "at")) for row in rows]
        return {
            **dict(zip(by, key)),
            reports: Decimal(len(rows)),
            users: _different(rows, "who"),
            first: min(times),
            fourth: max(times) if asked.yes("last") else _different(rows, "release"),
        }

    work.rows = [fault(key, rows) for key, rows in groups.items()]


def _different(rows: Rows, column: str) -> Decimal:
    return Decimal(len({cell(row, column) for row in rows}))
