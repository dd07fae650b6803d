"""Parts of what a column says, each a place of its own: a check may read the column and overlook the part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from clawc.compiler.mutants import values
from clawc.compiler.mutants.grid import Grid
from clawc.compiler.mutants.model import Answer, Operator, Variant

_CASE = re.compile(r"\b(capitals?|capitali[sz]ed?|upper[- ]?case|lower[- ]?case|case)\b", re.IGNORECASE)


def _open_columns(answer: Answer) -> Iterator[tuple[Grid, int, str]]:
    """Columns that no check demands as a whole."""
    for grid in answer.grids:
        for column, name in enumerate(grid.columns):
            if not answer.pins.column(name):
                yield grid, column, name


def _part(grid: Grid, part: str, name: str) -> str:
    return f"{part} in {grid.place(name)}"


def _changed(grid: Grid, row: int, column: int, new: Any, part: str, word: str) -> Variant:
    name = grid.columns[column]
    what = f"row {row + 1}, `{name}`: `{new}` instead of `{grid.rows[row][column]}` ({word})"
    return Variant(grid.with_cell(row, column, new), _part(grid, part, name), what, certain=False)


def _days(answer: Answer) -> Iterator[Variant]:
    for grid, column, _ in _open_columns(answer):
        for row, cells in enumerate(grid.rows):
            if values.day_of(cells[column]) is not None:
                yield _changed(grid, row, column, values.moved(cells[column], -1), "the day", "a day earlier")
                break


def _decimals(answer: Answer) -> Iterator[Variant]:
    """The last decimal is another one, where no check has a tolerance."""
    if any(answer.pins.within.get(c) for c in answer.readers):
        return
    for grid, column, _ in _open_columns(answer):
        for row, cells in enumerate(grid.rows):
            number = values.number_of(cells[column])
            if number is not None and int(number.as_tuple().exponent) < 0:
                new = values.plus(cells[column], values.unit_of(cells[column]))
                yield _changed(grid, row, column, new, "the decimals", "off in the last decimal")
                break


def _case(answer: Answer) -> Iterator[Variant]:
    """Letters in the other case, where the request speaks of it."""
    if not _CASE.search(answer.task.told):
        return
    for grid, column, _ in _open_columns(answer):
        for row, cells in enumerate(grid.rows):
            cell = cells[column]
            if isinstance(cell, str) and cell.swapcase() != cell:
                yield _changed(grid, row, column, cell.swapcase(), "the case", "in the other case")
                break


def _middle(answer: Answer) -> Iterator[Variant]:
    """A row between the first and the last."""
    for grid, column, _ in _open_columns(answer):
        if len(grid.rows) > 2:
            row = len(grid.rows) // 2
            new = values.made_up(grid.rows[row][column])
            yield _changed(grid, row, column, new, "the rows between the first and the last", "another value")


def _compensated(answer: Answer) -> Iterator[Variant]:
    """One number is larger and another one smaller by the same amount: sums and means stay."""
    for grid, column, name in _open_columns(answer):
        numbers = [n for n, cells in enumerate(grid.rows) if values.number_of(cells[column]) is not None]
        if len(numbers) < 2:
            continue
        first, last = numbers[0], numbers[-1]
        rows = [list(cells) for cells in grid.rows]
        rows[first][column] = values.plus(rows[first][column], Decimal(1))
        rows[last][column] = values.plus(rows[last][column], Decimal(-1))
        what = f"`{name}` is 1 larger in row {first + 1} and 1 smaller in row {last + 1}"
        yield Variant(grid.with_rows(rows), _part(grid, "single values", name), what, certain=False)


OPERATORS = (
    Operator("day_off", "wrong", _days),
    Operator("last_decimal", "wrong", _decimals),
    Operator("other_case", "wrong", _case),
    Operator("middle_row", "wrong", _middle),
    Operator("compensated", "wrong", _compensated),
)
