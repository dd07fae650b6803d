"""Rows left out, added, repeated or moved."""

from __future__ import annotations

from collections.abc import Iterator

from clawc.compiler.mutants.grid import Grid, Rows
from clawc.compiler.mutants.model import FEWER, FROM_INPUTS, MADE_UP, MORE, ORDER, Answer, Operator, Variant
from clawc.compiler.mutants.values import made_up
from clawc.compiler.mutants.wording import orders_rows


def _spots(grid: Grid) -> list[int]:
    """The first, last and middle row."""
    n = len(grid.rows)
    return list(dict.fromkeys([n - 1, 0, n // 2])) if n else []


def _place(grid: Grid, place: str) -> str:
    return f"{place} of `{grid.title}`" if grid.title else place


def _drop(answer: Answer) -> Iterator[Variant]:
    for grid in answer.grids:
        pinned = answer.pins.rows
        for at in _spots(grid):
            rows = [*grid.rows[:at], *grid.rows[at + 1 :]]
            yield Variant(grid.with_rows(rows), _place(grid, FEWER), f"row {at + 1} is left out", pinned, bool(pinned))


def _none(answer: Answer) -> Iterator[Variant]:
    for grid in answer.grids:
        if grid.rows:
            checks = answer.pins.rows or answer.readers
            yield Variant(grid.with_rows([]), _place(grid, FEWER), "there are no rows", checks, bool(answer.pins.rows))


def _extra(answer: Answer) -> Iterator[Variant]:
    for grid in answer.grids:
        pinned = answer.pins.rows
        for at in _spots(grid)[:2]:
            row = [made_up(cell) for cell in grid.rows[at]]
            place = _place(grid, MADE_UP)
            yield Variant(grid.with_rows([*grid.rows, row]), place, "there is a row more", pinned, bool(pinned))


def _random(answer: Answer) -> Iterator[Variant]:
    """As many rows, all cells made up: the form alone is right."""
    for grid in answer.grids:
        rows = [[made_up(cell) for cell in row] for row in grid.rows]
        if rows and rows != grid.rows:
            pinned = answer.pins.rows
            yield Variant(
                grid.with_rows(rows),
                _place(grid, FEWER),
                "every value is made up",
                pinned or answer.readers,
                bool(pinned),
            )


def _from_inputs(answer: Answer) -> Iterator[Variant]:
    """Rows that the inputs have and the answer has not: whoever lists everything has listed the right ones, too."""
    for grid in answer.grids:
        if not grid.rows:
            continue
        texts = [isinstance(cell, str) for cell in grid.rows[0]]
        known = {repr([str(cell) for cell in row]) for row in grid.rows}
        for listed in answer.inputs_like(grid.columns):
            rows = [[str(v[c]) if text else v[c] for c, text in zip(grid.columns, texts)] for v in listed]
            more = [row for row in rows if repr([str(cell) for cell in row]) not in known]
            pinned = answer.pins.rows
            if more:
                one, all_ = grid.with_rows([*grid.rows, more[0]]), grid.with_rows([*grid.rows, *more])
                what = "a row of the inputs is listed that does not belong there"
                yield Variant(one, _place(grid, FROM_INPUTS), what, pinned, bool(pinned))
                yield Variant(
                    all_, _place(grid, FROM_INPUTS), "all rows of the inputs are listed", pinned, bool(pinned)
                )
                break


def _repeated(answer: Answer) -> Iterator[Variant]:
    for grid in answer.grids:
        pinned = answer.pins.rows
        for at in _spots(grid)[:2]:
            rows = [*grid.rows[: at + 1], *grid.rows[at:]]
            yield Variant(
                grid.with_rows(rows), _place(grid, MORE), f"row {at + 1} is there twice", pinned, bool(pinned)
            )


def _moved(answer: Answer) -> Iterator[Variant]:
    """Two rows that do not tie in each other's place, where the order counts."""
    blocks = answer.pins.blocks
    if blocks is None or len(answer.grids) != 1:
        return
    grid = answer.grids[0]
    if sum(blocks) != len(grid.rows):
        return
    edges = [sum(blocks[: n + 1]) for n in range(len(blocks) - 1)]
    for edge in list(dict.fromkeys([*edges[:1], *edges[-1:]])):
        rows: Rows = list(grid.rows)
        rows[edge - 1], rows[edge] = rows[edge], rows[edge - 1]
        if _shown(answer, grid, rows) != _shown(answer, grid, grid.rows):
            what = f"rows {edge} and {edge + 1} stand in each other's place"
            yield Variant(grid.with_rows(rows), ORDER, what, answer.pins.order)


def _reversed(answer: Answer) -> Iterator[Variant]:
    blocks = answer.pins.blocks
    if blocks is None or len(blocks) < 2 or len(answer.grids) != 1:
        return
    grid = answer.grids[0]
    rows = grid.rows[::-1]
    if sum(blocks) == len(rows) and _shown(answer, grid, rows[: blocks[0]]) != _shown(
        answer, grid, grid.rows[: blocks[0]]
    ):
        yield Variant(grid.with_rows(rows), ORDER, "the rows stand in the opposite order", answer.pins.order)


def _shown(answer: Answer, grid: Grid, rows: Rows) -> list[list[object]]:
    """The cells of the columns that are compared."""
    kept = [n for n, c in enumerate(grid.columns) if answer.pins.column(c)]
    return [[row[n] for n in kept] for row in rows]


def _free_order(answer: Answer) -> Iterator[Variant]:
    """Rows in another order, where it does not count."""
    if not answer.pins.rows or answer.pins.order or answer.pins.of("column", "lines") or answer.pins.opaque:
        return
    for grid in answer.grids:
        if len(grid.rows) > 1:
            yield Variant(grid.with_rows(grid.rows[::-1]), ORDER, "the rows stand in another order", answer.pins.rows)


def _unasked_order(answer: Answer) -> Iterator[Variant]:
    """Rows in another order, which a check compares although nobody asks for one."""
    if not answer.pins.order or not answer.pins.rows or answer.pins.opaque or orders_rows(answer.task.told):
        return
    for grid in answer.grids[:1]:
        rows = grid.rows[::-1]
        if _shown(answer, grid, rows) != _shown(answer, grid, grid.rows):
            what = "the rows stand in another order, and nobody asks for one"
            yield Variant(grid.with_rows(rows), ORDER, what, answer.pins.order)


def _free_ties(answer: Answer) -> Iterator[Variant]:
    """Rows that tie in another order."""
    blocks = answer.pins.blocks
    if blocks is None or len(answer.grids) != 1 or answer.pins.of("column", "lines") or answer.pins.opaque:
        return
    grid, rows, at = answer.grids[0], list[list[object]](), 0
    for size in blocks:
        rows += grid.rows[at : at + size][::-1]
        at += size
    if rows != grid.rows and len(rows) == len(grid.rows):
        yield Variant(grid.with_rows(rows), ORDER, "rows that tie stand in another order", answer.pins.rows)


OPERATORS = (
    Operator("drop_row", "wrong", _drop),
    Operator("no_rows", "wrong", _none),
    Operator("extra_row", "wrong", _extra),
    Operator("random_values", "wrong", _random),
    Operator("row_from_inputs", "wrong", _from_inputs),
    Operator("duplicate_row", "wrong", _repeated),
    Operator("wrong_order", "wrong", _moved),
    Operator("reversed_order", "wrong", _reversed),
    Operator("free_order", "equivalent", _free_order),
    Operator("free_ties", "equivalent", _free_ties),
    Operator("unasked_order", "equivalent", _unasked_order),
)
