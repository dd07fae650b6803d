"""One-line items of a body: their texts, and how neighbours of one kind are lined up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clawc.compiler.format.width import WIDTH, columns


class Row(NamedTuple):
    """An item over tokens first to end. `cells` is what it takes on one line, or None where it takes several.

    Rows of one `family` that follow each other are lined up: each cell but the last is as wide as the widest.
    """

    first: int
    end: int
    cells: tuple[str, ...] | None
    family: tuple[str, int] | None = None


def lined_up(rows: Sequence[Row], apart: Sequence[bool], indent: int) -> list[str | None]:
    """The line of each row, None where there is none. `apart[k]`: row k has nothing to do with the one before it."""
    lines: list[str | None] = []
    at = 0
    while at < len(rows):
        run = [rows[at]]
        cells = rows[at].cells
        if cells is None or rows[at].family is None:
            lines.append("".join(cells) if cells is not None else None)
            at += 1
            continue
        widths = _widths(cells)
        wide = list(widths)
        tail = columns(cells[-1])
        at += 1
        while at < len(rows) and not apart[at] and rows[at].family == run[0].family:
            following = rows[at].cells
            if following is None:
                break
            own = _widths(following)
            wider = [max(pair) for pair in zip(wide, own)]
            # One that is too long for the columns of those before it begins columns of its own.
            longest = max(tail, columns(following[-1]))
            if indent + sum(wider) + longest > WIDTH:
                break
            wide, tail = wider, longest
            run.append(rows[at])
            at += 1
        lines.extend(_line(row.cells or (), wide) for row in run)
    return lines


def _widths(cells: tuple[str, ...]) -> list[int]:
    return [columns(cell) for cell in cells[:-1]]


def _line(cells: tuple[str, ...], wide: list[int]) -> str:
    padded = [cell + " " * (width - columns(cell)) for cell, width in zip(cells, wide)]
    return ("".join(padded) + cells[-1]).rstrip(" ")
