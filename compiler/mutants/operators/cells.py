"""Cells with another value: just too far off, in another unit, of another kind, from another row or column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from clawc.compiler.mutants import values
from clawc.compiler.mutants.grid import Grid
from clawc.compiler.mutants.model import Answer, Operator, Variant

Change = Callable[[Answer, Grid, int, Any, frozenset[str]], Any]


def _cells(answer: Answer, change: Change, word: str, spots: int = 1) -> Iterator[Variant]:
    """One variant for each column, at the first rows where the change makes a difference."""
    for grid in answer.grids:
        for column, name in enumerate(grid.columns):
            pinned = answer.pins.column(name)
            made = 0
            for row in range(len(grid.rows) - 1, -1, -1):
                cell = grid.rows[row][column]
                new = change(answer, grid, column, cell, pinned)
                if new is None or new == cell:
                    continue
                what = f"row {row + 1}, `{name}`: `{_shown(new)}` instead of `{_shown(cell)}` ({word})"
                yield Variant(grid.with_cell(row, column, new), grid.place(name), what, pinned, bool(pinned))
                made += 1
                if made == spots:
                    break


def _shown(cell: Any) -> str:
    text = "null" if cell is None else str(cell)
    return text if len(text) <= 40 else text[:39] + "…"


def _outside(answer: Answer, _: Grid, __: int, cell: Any, pinned: frozenset[str]) -> Any:
    if values.number_of(cell) is not None:
        return values.outside(cell, answer.pins.farthest(values.number_of(cell), pinned))
    return values.moved(cell, 1) if values.day_of(cell) is not None else None


def _far(_: Answer, grid: Grid, column: int, cell: Any, __: frozenset[str]) -> Any:
    return values.made_up(cell)


def _borrowed(answer: Answer, grid: Grid, column: int, cell: Any, pinned: frozenset[str]) -> Any:
    """The value of another row."""
    new = values.other(cell, (row[column] for row in grid.rows))
    reach = answer.pins.farthest(values.number_of(cell), pinned) if values.number_of(cell) is not None else Decimal(0)
    return None if values.is_same_number(cell, new, reach) else new


def _unit(answer: Answer, _: Grid, __: int, cell: Any, pinned: frozenset[str]) -> Any:
    new = values.doubled_digits(cell)
    return None if new is None or _near(answer, cell, new, pinned) else new


def _rounded(answer: Answer, _: Grid, __: int, cell: Any, pinned: frozenset[str]) -> Any:
    new = values.rounded_off(cell)
    return None if new is None or _near(answer, cell, new, pinned) else new


def _near(answer: Answer, cell: Any, new: Any, pinned: frozenset[str]) -> bool:
    return values.is_same_number(cell, new, answer.pins.farthest(values.number_of(cell), pinned))


def _flipped(_: Answer, grid: Grid, column: int, cell: Any, __: frozenset[str]) -> Any:
    new = values.flipped(cell)
    return new if isinstance(new, str) or not isinstance(cell, str) else str(new)


def _blank(_: Answer, grid: Grid, column: int, cell: Any, __: frozenset[str]) -> Any:
    return "" if isinstance(cell, str) and cell else None


def _swapped(answer: Answer) -> Iterator[Variant]:
    """The cells of two columns of a row in each other's place."""
    for grid in answer.grids:
        for a in range(len(grid.columns) - 1):
            b = a + 1
            pinned = answer.pins.column(grid.columns[a]) | answer.pins.column(grid.columns[b])
            for at, row in enumerate(grid.rows):
                x, y = row[a], row[b]
                if _differ(answer, x, y, pinned) and _differ(answer, y, x, pinned):
                    new = [*row[:a], y, x, *row[b + 1 :]]
                    rows = [*grid.rows[:at], new, *grid.rows[at + 1 :]]
                    names = f"`{grid.columns[a]}` and `{grid.columns[b]}`"
                    yield Variant(
                        grid.with_rows(rows),
                        grid.place(grid.columns[a]),
                        f"row {at + 1}: {names} are exchanged",
                        pinned,
                        bool(pinned),
                    )
                    break


def _shifted(answer: Answer) -> Iterator[Variant]:
    """A column whose values have all moved down by a row."""
    for grid in answer.grids:
        for column, name in enumerate(grid.columns):
            cells = [row[column] for row in grid.rows]
            moved = [*cells[-1:], *cells[:-1]]
            pinned = answer.pins.column(name)
            rest = {repr([*row[:column], *row[column + 1 :]]) for row in grid.rows}
            # Rows that differ in this column alone are the same rows afterwards.
            if (
                len(grid.columns) < 2
                or len(rest) < len(grid.rows)
                or not any(_differ(answer, x, y, pinned) for x, y in zip(cells, moved))
            ):
                continue
            rows = [[*row[:column], new, *row[column + 1 :]] for row, new in zip(grid.rows, moved)]
            # The other columns may be compared by none.
            certain = bool(pinned) and sum(1 for c in grid.columns if answer.pins.column(c)) > 1
            yield Variant(
                grid.with_rows(rows), grid.place(name), f"the values of `{name}` stand a row too low", pinned, certain
            )


def _differ(answer: Answer, x: Any, y: Any, pinned: frozenset[str]) -> bool:
    return x != y and not values.is_same_number(x, y, answer.pins.farthest(values.number_of(x) or Decimal(0), pinned))


def _dropped(answer: Answer) -> Iterator[Variant]:
    for grid in answer.grids:
        for column, name in enumerate(grid.columns):
            if len(grid.columns) > 1:
                names = [*grid.columns[:column], *grid.columns[column + 1 :]]
                rows = [[*row[:column], *row[column + 1 :]] for row in grid.rows]
                demanded = (
                    answer.deliver.columns is not None and name in answer.deliver.columns and answer.kind != "markdown"
                )
                checks = answer.readers if demanded else answer.pins.column(name)
                yield Variant(
                    grid.write(names, rows), grid.place(name), f"the column `{name}` is missing", checks, bool(checks)
                )


def _renamed(answer: Answer) -> Iterator[Variant]:
    for grid in answer.grids[:1]:
        for column, name in list(enumerate(grid.columns))[:2]:
            names = [*grid.columns[:column], f"{name}_2", *grid.columns[column + 1 :]]
            demanded = (
                answer.deliver.columns is not None and name in answer.deliver.columns and answer.kind != "markdown"
            )
            checks = answer.readers if demanded else answer.pins.column(name)
            yield Variant(
                grid.write(names, grid.rows),
                grid.place(name),
                f"the column `{name}` is called `{name}_2`",
                checks,
                bool(checks),
            )


OPERATORS = (
    Operator("outside_tolerance", "wrong", lambda a: _cells(a, _outside, "just too far off")),
    Operator("other_value", "wrong", lambda a: _cells(a, _far, "another value")),
    Operator("value_of_another_row", "wrong", lambda a: _cells(a, _borrowed, "from another row")),
    Operator("wrong_unit", "wrong", lambda a: _cells(a, _unit, "in another unit")),
    Operator("wrong_rounding", "wrong", lambda a: _cells(a, _rounded, "with a decimal less")),
    Operator("type_flip", "wrong", lambda a: _cells(a, _flipped, "of another kind")),
    Operator("blank_cell", "wrong", lambda a: _cells(a, _blank, "empty")),
    Operator("swap_fields", "wrong", _swapped),
    Operator("shifted_column", "wrong", _shifted),
    Operator("drop_column", "wrong", _dropped),
    Operator("rename_column", "wrong", _renamed),
)
