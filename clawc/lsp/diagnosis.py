"""What is known to be wrong with an open file, while it is being changed: older findings stay where their lines went, until newer
ones of the same lines are there."""

from __future__ import annotations

from typing import Any

from clawc.compiler.service.edits import common_ends

Json = Any


class Diagnosis:
    """Of one file. `line` is where it was changed last, from 0; None before the first change."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.line: int | None = None
        self._lines: list[str] = []
        self._syntax: list[Json] = []
        self._checked: list[Json] = []
        self._unchecked = ""

    def changed(self, text: str) -> None:
        """The file has this text now: findings of lines that were changed are gone, those behind move with their lines."""
        lines = text.split("\n")
        old = self._lines
        self._lines = lines
        if not old:
            return
        head, tail = common_ends(old, lines)
        self.line = min(head, len(lines) - 1)
        self._checked = [
            moved
            for f in self._checked
            if (moved := _moved(f, head, len(old) - tail, len(lines) - len(old))) is not None
        ]

    def syntax(self, found: list[Json] | None) -> None:
        """What each item alone shows, of the text as it is now."""
        self._syntax = found or []

    def item(self, found: Json) -> None:
        """What is wrong with the item that was changed; what was known of it before is gone, of a part of a task its errors."""
        if found is None:
            return
        first, last = found["first"], found["last"]
        old = [
            f for f in self._checked
            if not first <= f["range"][0] <= last or not (found["complete"] or f["severity"] == "error")
        ]  # fmt: skip
        self._checked = old + found["found"]

    def whole(self, found: list[Json] | None) -> None:
        """All that is wrong with the file."""
        if found is not None:
            self._checked, self._syntax, self._unchecked = found, [], ""

    def unchecked(self, why: str) -> None:
        """The check did not end."""
        self._unchecked = why

    def found(self) -> list[Json]:
        """What is to be shown, in the order of the file; one that both the syntax and the check show once."""
        unique: dict[tuple[Any, ...], Json] = {}
        for f in [*self._checked, *self._syntax]:
            unique.setdefault((*f["range"], f["code"], f["message"]), f)
        if self._unchecked:
            said = f"this file could not be checked: {self._unchecked}"
            unique[("unchecked",)] = {
                "range": [0, 0, 0, 0], "code": "W0000", "severity": "warning", "message": said, "title": "", "fix": None,
                "help": "it may ask for too much; a change starts another try",
            }  # fmt: skip
        return sorted(unique.values(), key=lambda f: (tuple(f["range"]), f["code"]))


def _moved(f: Json, first: int, last: int, by: int) -> Json | None:
    """A finding after lines `first` to `last` (excluded) were replaced by `by` more; None where it stood in them."""
    start, _, end, _ = f["range"]
    if start < first and end < first:
        return f
    if start < last:
        return None
    r, fix = f["range"], f["fix"]
    moved = {**f, "range": [r[0] + by, r[1], r[2] + by, r[3]]}
    if fix is not None:
        x = fix["range"]
        inside = x[0] >= last
        moved["fix"] = {**fix, "range": [x[0] + by, x[1], x[2] + by, x[3]]} if inside else None
    return moved
