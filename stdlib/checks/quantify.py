"""Conditions on all rows. A row that cannot be judged does not hold; where none can, neither can the
whole."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from clawc.stdlib.checks.kinds import CELL, DATE, NUMBER, TEXT, TIME, because, cut, holds, list_in, shown, tag_of
from clawc.stdlib.checks.tables import row_of, rows_of
from clawc.stdlib.checks.values import No, Truth, Unmet


class Tally:
    """What a condition gave for the rows: how many hold, and which is the first that does or does not."""

    def __init__(self, t: Any, pred: Callable[[Any], Any]) -> None:
        values = list_in(t)
        rows: List[Any] = rows_of(t) if values is None else list(map(row_of, values))
        self.size = len(rows)
        self.held = 0
        self.first_held = ""
        self.first_failed = ""
        self.unmet: Optional[Unmet] = None
        self.judged = 0
        for place, row in enumerate(rows, 1):
            try:
                found = pred(row)
            except Unmet as problem:
                self.unmet = self.unmet or problem
                self.first_failed = self.first_failed or "%s: %s" % (row_name(place, row), problem)
                continue
            self.judged += 1
            if holds(found):
                self.held += 1
                self.first_held = self.first_held or row_name(place, row)
            elif not self.first_failed:
                self.first_failed = "%s: %s" % (row_name(place, row), _reason(found))


def row_name(place: int, row: Any) -> str:
    """How messages call a row: its place, and the first of its values that is short."""
    for name, value in row.items():
        tag = tag_of(value)
        if tag in (TEXT, CELL, NUMBER, DATE, TIME):
            label = "" if name == "value" and len(row) == 1 else "%s " % cut(str(name), 40)
            return "row %d (%s%s)" % (place, label, shown(value))
    return "row %d" % place


def _reason(found: Any) -> str:
    if isinstance(found, No):
        return found.reason
    return "it does not hold" if isinstance(found, bool) else "the condition has no value"


def all_rows(t: Any, pred: Callable[[Any], Any]) -> Truth:
    """Does a condition hold for every row? The share counts the rows for which it does."""
    tally = Tally(t, pred)
    if tally.held == tally.size:
        return True
    if tally.unmet is not None and not tally.judged:
        raise tally.unmet
    return because(tally.first_failed, tally.held / tally.size)


def any_row(t: Any, pred: Callable[[Any], Any]) -> Truth:
    """Does a condition hold for at least one row?"""
    tally = Tally(t, pred)
    if tally.held:
        return True
    if tally.unmet is not None:
        raise tally.unmet
    return because("no row holds; %s" % tally.first_failed if tally.size else "there are no rows")


def none_row(t: Any, pred: Callable[[Any], Any]) -> Truth:
    """Does a condition hold for no row?"""
    tally = Tally(t, pred)
    if tally.held:
        share = (tally.judged - tally.held) / tally.size
        return because("%s holds" % tally.first_held, share)
    if tally.unmet is not None:
        raise tally.unmet
    return True
