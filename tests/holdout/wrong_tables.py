"""Mistakes that a script or a model makes with the rows and cells of a table."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from random import Random

from tests.holdout.model import Answer, Cell, Files, Grid, Instance, TableTruth
from tests.holdout.operators import Apply, Operator, on_grids
from tests.holdout.reading import grid_of
from tests.holdout.truth import number_of
from tests.holdout.writing import grid_bytes

Rows = tuple[tuple[Cell, ...], ...]
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(.*)", re.S)


def columns_of(grid: Grid, fits: Callable[[Cell], bool]) -> list[int]:
    """The columns of which every filled cell fits, and one is filled."""
    columns = [[row[place] for row in grid.rows] for place in range(len(grid.header))]
    return [
        p for p, cells in enumerate(columns) if any(map(_filled, cells)) and all(fits(c) for c in cells if _filled(c))
    ]


def _filled(cell: Cell) -> bool:
    return cell is not None and cell != ""


def is_number(cell: Cell) -> bool:
    return number_of(cell) is not None


def is_date(cell: Cell) -> bool:
    return isinstance(cell, datetime.date) or (isinstance(cell, str) and bool(_ISO.fullmatch(cell)))


def is_text(cell: Cell) -> bool:
    return isinstance(cell, str) and not is_number(cell) and not is_date(cell)


def spelled(cell: Cell, number: Decimal) -> Cell:
    """A number in the type of the cell that it replaces."""
    return number if isinstance(cell, Decimal) else format(number, "f")


def with_cell(grid: Grid, row: int, column: int, cell: Cell) -> Grid:
    rows = [list(r) for r in grid.rows]
    rows[row][column] = cell
    return replace(grid, rows=tuple(tuple(r) for r in rows))


def _one(fits: Callable[[Cell], bool], change: Callable[[Cell], Cell]) -> Callable[[Grid, Random], Iterator[Grid]]:
    """Changes one cell of each column that fits."""

    def edit(grid: Grid, random: Random) -> Iterator[Grid]:
        for column in columns_of(grid, fits):
            filled = [place for place, row in enumerate(grid.rows) if _filled(row[column])]
            row = random.choice(filled)
            yield with_cell(grid, row, column, change(grid.rows[row][column]))

    return edit


def _whole(fits: Callable[[Cell], bool], change: Callable[[Cell], Cell]) -> Callable[[Grid, Random], Iterator[Grid]]:
    """Changes every filled cell of a column that fits."""

    def edit(grid: Grid, _: Random) -> Iterator[Grid]:
        for column in columns_of(grid, fits):
            yield replace(
                grid,
                rows=tuple(
                    tuple(change(c) if p == column and _filled(c) else c for p, c in enumerate(row))
                    for row in grid.rows
                ),
            )

    return edit


def _number(change: Callable[[Decimal], Decimal]) -> Callable[[Cell], Cell]:
    return lambda cell: spelled(cell, change(number_of(cell) or Decimal(0)))


def _as_text(shape: Callable[[Decimal], str]) -> Callable[[Cell], Cell]:
    return lambda cell: shape(number_of(cell) or Decimal(0))


def _date(change: Callable[[str, str, str], str]) -> Callable[[Cell], Cell]:
    def changed(cell: Cell) -> Cell:
        found = _ISO.fullmatch(str(cell))
        assert found is not None
        text = change(found[1], found[2], found[3]) + found[4]
        if isinstance(cell, str):
            return text
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            return text

    return changed


def _rows(*edits: Callable[[Rows, Random], Rows]) -> Callable[[Grid, Random], Iterator[Grid]]:
    def edit(grid: Grid, random: Random) -> Iterator[Grid]:
        for change in edits:
            yield replace(grid, rows=change(grid.rows, random))

    return edit


def _totals(grid: Grid, _: Random) -> Iterator[Grid]:
    numbers = columns_of(grid, is_number)
    sums = {p: sum((number_of(row[p]) or Decimal(0) for row in grid.rows), Decimal(0)) for p in numbers}
    first = grid.rows[0]
    row = tuple(spelled(first[p], sums[p]) if p in sums else "Total" if p == 0 else "" for p in range(len(first)))
    yield replace(grid, rows=(*grid.rows, row))


def _stranger(grid: Grid, random: Random) -> Iterator[Grid]:
    """A row that belongs to another group: a known key with the cells of another row."""
    a, b = random.choice(grid.rows), random.choice(grid.rows)
    place = random.randint(0, len(grid.rows))
    yield replace(grid, rows=(*grid.rows[:place], (a[0], *b[1:]), *grid.rows[place:]))
    numbers = columns_of(grid, is_number)
    if numbers:
        spent = spelled(a[numbers[-1]], (number_of(a[numbers[-1]]) or Decimal(0)) + 7)
        row = (*a[: numbers[-1]], spent, *a[numbers[-1] + 1 :])
        yield replace(grid, rows=(*grid.rows[:place], row, *grid.rows[place:]))


def _shifted(grid: Grid, _: Random) -> Iterator[Grid]:
    """A column joined by the wrong key: its cells one row further down."""
    for column in range(len(grid.header)):
        cells = [row[column] for row in grid.rows]
        turned = [cells[-1], *cells[:-1]]
        yield replace(grid, rows=tuple((*r[:column], c, *r[column + 1 :]) for r, c in zip(grid.rows, turned)))


def _swapped_labels(grid: Grid, random: Random) -> Iterator[Grid]:
    a, b = random.sample(range(len(grid.header)), 2)
    header = list(grid.header)
    header[a], header[b] = header[b], header[a]
    yield replace(grid, header=tuple(header))


def _without_column(grid: Grid, random: Random) -> Iterator[Grid]:
    column = random.randrange(len(grid.header))
    yield Grid(
        (*grid.header[:column], *grid.header[column + 1 :]),
        tuple((*row[:column], *row[column + 1 :]) for row in grid.rows),
    )


def _renamed(grid: Grid, random: Random) -> Iterator[Grid]:
    column = random.randrange(len(grid.header))
    name = grid.header[column]
    for other in (f"{name} name", name[:-1], f"{name}_eur", f"my {name}"):
        yield replace(grid, header=(*grid.header[:column], other, *grid.header[column + 1 :]))


def _indexed(grid: Grid, _: Random) -> Iterator[Grid]:
    """The index that a data frame writes as a first column."""
    first = isinstance(grid.rows[0][-1], Decimal)
    rows = tuple((Decimal(n) if first else str(n), *row) for n, row in enumerate(grid.rows))
    yield Grid(("Unnamed: 0", *grid.header), rows)


def _unsorted(grid: Grid, random: Random) -> Iterator[Grid]:
    rows = list(grid.rows)
    random.shuffle(rows)
    yield replace(grid, rows=tuple(rows))
    yield replace(grid, rows=tuple(sorted(grid.rows, key=lambda row: [str(c) for c in row])))
    for column in columns_of(grid, is_number):
        yield replace(grid, rows=tuple(sorted(grid.rows, key=lambda row: str(row[column]))))


def _missing(value: Cell, only_empty: bool) -> Callable[[Grid, Random], Iterator[Grid]]:
    """A value where none is, or none where a value is."""

    def edit(grid: Grid, random: Random) -> Iterator[Grid]:
        cells = [(r, c) for r, row in enumerate(grid.rows) for c, cell in enumerate(row) if _filled(cell) != only_empty]
        if cells:
            yield with_cell(grid, *random.choice(cells), value)

    return edit


def _accents_lost(cell: Cell) -> Cell:
    return "".join(s for s in unicodedata.normalize("NFD", str(cell)) if not unicodedata.combining(s)).replace(
        "ß", "ss"
    )


def _garbled(cell: Cell) -> Cell:
    return str(cell).encode().decode("latin-1")


def _header_repeated(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    if answer.form in ("csv", "tsv"):
        lines = data.decode().splitlines(keepends=True)
        place = random.randint(1, len(lines))
        yield {answer.path: "".join([*lines[:place], lines[0], *lines[place:]]).encode()}
        yield {answer.path: "".join(lines[1:]).encode()}
        yield {answer.path: ("Report\n\n" + "".join(lines)).encode()}
        yield {answer.path: ("```csv\n" + "".join(lines) + "```\n").encode()}


def _other_separator(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    if answer.form in ("csv", "tsv"):
        text = data.decode()
        for sign in (";", "|", "\t" if answer.form == "csv" else ","):
            yield {answer.path: text.replace("," if answer.form == "csv" else "\t", sign).encode()}


def _near_margin(share: Decimal) -> Apply:
    """Each column of numbers with one off by a share of the tolerance."""

    def apply(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
        truth = answer.truth
        if isinstance(truth, TableTruth) and truth.margin:
            grid = grid_of(answer.form, data, truth.name)
            for sign in (1, -1):
                edit = _one(is_number, _number(lambda n, sign=sign: n + sign * share * truth.margin))  # type: ignore[misc]
                for edited in edit(grid, random) if grid else ():
                    yield {answer.path: grid_bytes(answer.form, edited, truth.name)}

    return apply


INSIDE_MARGIN = _near_margin(Decimal("0.7"))
_DECIMAL = Decimal("0.1")
WRONG_TABLES = (
    on_grids("last or first row lost", _rows(lambda r, _: r[:-1], lambda r, _: r[1:])),
    on_grids("row lost inside", _rows(lambda r, x: tuple(v for n, v in enumerate(r) if n != len(r) // 2))),
    on_grids("row twice", _rows(lambda r, x: (*r, x.choice(r)), lambda r, _: (*r[:1], *r))),
    on_grids("rows doubled", _rows(lambda r, _: r + r)),
    on_grids("totals row", _totals),
    on_grids("row of another group", _stranger),
    on_grids("neighbours swapped", _rows(lambda r, x: (*r[:1], *r[2:3], *r[1:2], *r[3:]))),
    on_grids("descending", _rows(lambda r, _: r[::-1])),
    on_grids("sorted otherwise", _unsorted),
    on_grids("wrong key joined", _shifted),
    on_grids("labels of columns swapped", _swapped_labels),
    on_grids("column lost", _without_column),
    on_grids("column renamed", _renamed),
    on_grids("labels in other case", lambda g, _: iter([replace(g, header=tuple(h.title() for h in g.header)), replace(g, header=tuple(h.upper() for h in g.header))])),
    Operator("just outside the tolerance", "wrong", _near_margin(Decimal("1.7"))),
    on_grids("index column", _indexed),
    on_grids("off by one", _one(is_number, _number(lambda n: n + 1))),
    on_grids("a cent off", _one(is_number, _number(lambda n: n + Decimal("0.01")))),
    on_grids("cents for euros", _whole(is_number, _number(lambda n: n * 100))),
    on_grids("thousands for ones", _one(is_number, _number(lambda n: n / 1000))),
    on_grids("percent as fraction", _whole(is_number, _number(lambda n: n / 100))),
    on_grids("decimals cut", _whole(is_number, _number(lambda n: n.to_integral_value(ROUND_DOWN)))),
    on_grids("one decimal", _whole(is_number, _number(lambda n: n.quantize(_DECIMAL, ROUND_HALF_UP)))),
    on_grids("sign turned", _one(is_number, _number(lambda n: -n))),
    on_grids("amount with unit", _one(is_number, _as_text(lambda n: f"{n} EUR"))),
    on_grids("currency sign", _whole(is_number, _as_text(lambda n: f"€{n}"))),
    on_grids("decimal comma", _whole(is_number, _as_text(lambda n: f"{n:.2f}".replace(".", ",")))),
    on_grids("thousands as decimals", _one(is_number, _as_text(lambda n: f"{n * 1000:,.0f}".replace(",", ".")))),
    on_grids("blank that does not break", _whole(is_number, _as_text(lambda n: f"{n}\u00a0"))),
    on_grids("digits without zeros", _whole(lambda c: str(c).isdigit() and str(c)[:1] == "0" and len(str(c)) > 1, lambda c: str(int(str(c))))),
    on_grids("day and month swapped", _one(is_date, _date(lambda y, m, d: f"{y}-{d}-{m}"))),
    on_grids("year off", _one(is_date, _date(lambda y, m, d: f"{int(y) - 1}-{m}-{d}"))),
    on_grids("date as day first", _whole(is_date, _date(lambda y, m, d: f"{d}/{m}/{y}"))),
    on_grids("upper case", _one(is_text, lambda c: str(c).upper())),
    on_grids("lower case", _whole(is_text, lambda c: str(c).lower())),
    on_grids("first word alone", _one(is_text, lambda c: str(c).split()[0])),
    on_grids("accents lost", _whole(is_text, _accents_lost)),
    on_grids("latin-1 read as such", _whole(is_text, _garbled)),
    on_grids("text in quotes", _one(is_text, lambda c: f'"{c}"')),
    on_grids("zero for missing", _missing("0", True)),
    on_grids("a word for missing", _missing("None", True)),
    on_grids("missing for a value", _missing("", False)),
    Operator("header repeated or lost", "wrong", _header_repeated),
    Operator("other separator", "wrong", _other_separator),
)  # fmt: skip
