"""Other spellings of the same table, as right programs and people write them."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random

from tests.holdout.model import Answer, Cell, Files, Grid, Instance, Kind, TableTruth, Value
from tests.holdout.operators import Operator, in_page, on_grids, on_texts
from tests.holdout.reading import grid_of
from tests.holdout.truth import number_of
from tests.holdout.writing import database, grid_bytes, html_page, json_text, plain, separated, workbook
from tests.holdout.wrong_tables import INSIDE_MARGIN, columns_of, is_date, is_number

SEPARATED = ("csv", "tsv")
JSON = ("json_rows", "jsonl")


def _in(
    forms: tuple[str, ...], name: str, write: Callable[[Grid, str, str], Iterator[bytes]], kind: Kind = "promised"
) -> Operator:
    """Other bytes of the same grid, for some formats; `write` also gets the form and the name of the table."""

    def apply(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
        if answer.form in forms and isinstance(answer.truth, TableTruth):
            grid = grid_of(answer.form, data, answer.truth.name)
            if grid is not None:
                for made in write(grid, answer.form, answer.truth.name):
                    written = in_page(data, made) if answer.form == "html" else made
                    if written != data:
                        yield {answer.path: written}

    return Operator(name, kind, apply)


def _sign(form: str) -> str:
    return "," if form == "csv" else "\t"


def _free_order(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    """Rows in any order, where the truth has none."""
    truth = answer.truth
    if isinstance(truth, TableTruth) and not truth.ordered:
        grid = grid_of(answer.form, data, truth.name)
        assert grid is not None
        for _n in range(3):
            rows = tuple(random.sample(grid.rows, len(grid.rows)))
            yield {answer.path: grid_bytes(answer.form, replace(grid, rows=rows), truth.name)}


def _columns(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    """Columns in another order, where the task does not fix it."""
    truth = answer.truth
    grid = grid_of(answer.form, data, truth.name) if isinstance(truth, TableTruth) and not truth.fixed else None
    for _n in range(2 if grid is not None and isinstance(truth, TableTruth) else 0):
        assert grid is not None and isinstance(truth, TableTruth)
        places = random.sample(range(len(grid.header)), len(grid.header))
        turned = Grid(tuple(grid.header[p] for p in places), tuple(tuple(row[p] for p in places) for row in grid.rows))
        written = grid_bytes(answer.form, turned, truth.name)
        yield {answer.path: in_page(data, written) if answer.form == "html" else written}


def _respelled(
    shape: Callable[[Decimal], str], forms: tuple[str, ...] = SEPARATED
) -> Callable[[Grid, str, str], Iterator[bytes]]:
    """Every number of a text table in another spelling of the same value."""

    def write(grid: Grid, form: str, _: str) -> Iterator[bytes]:
        numbers = [
            p
            for p in columns_of(grid, is_number)
            if not any(str(row[p])[:1] == "0" and len(str(row[p])) > 1 and "." not in str(row[p]) for row in grid.rows)
        ]
        rows = tuple(
            tuple(
                shape(number_of(c) or Decimal(0)) if p in numbers and c not in ("", None) else c
                for p, c in enumerate(row)
            )
            for row in grid.rows
        )
        if form in ("csv", "tsv"):
            yield separated(replace(grid, rows=rows), _sign(form))
        else:
            yield html_page(replace(grid, rows=rows))

    del forms
    return write


def _two(number: Decimal) -> str:
    cents = number.quantize(Decimal("0.01"))
    return format(cents if cents == number else number, "f")


def _forms(text: str, _: Random) -> Iterator[str]:
    yield "\ufeff" + text
    yield text.replace("\n", "\r\n")
    yield text.rstrip("\n")
    yield text.rstrip("\n") + "\n\n"
    yield "\ufeff" + text.replace("\n", "\r\n").rstrip()


def _json_rows(grid: Grid, form: str, _: str) -> Iterator[bytes]:
    records: list[dict[str, Value]] = [dict(zip(grid.header, row)) for row in grid.rows]
    turned: list[dict[str, Value]] = [dict(reversed([*record.items()])) for record in records]
    if form == "json_rows":
        for text in (
            json_text([*records]), json_text([*records], "\t"), json_text([*records], 4), json_text([*records], 2, ascii_only=True),
            json_text([*records], 1, sort=True), json_text([*turned], 2),
        ):  # fmt: skip
            yield text.encode()
    else:
        for lines in (
            [json_text(r, ascii_only=True) for r in records], [json_text(r) for r in turned],
            [json.dumps(json.loads(json_text(r)), separators=(",", ":")) for r in records],
        ):  # fmt: skip
            yield "\n".join(lines).encode()
            yield ("\r\n".join(lines) + "\r\n").encode()
            yield ("\n\n".join(lines) + "\n").encode()


def _json_numbers(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    """3 as 3.0, as 3e0; 12.5 as 125.0E-1; not in a file that is edited in place."""
    if answer.form in (*JSON, "json") and not answer.path.startswith("deploy/"):
        text = data.decode()
        for changed in _other_numbers(text):
            if changed != text:
                yield {answer.path: changed.encode()}


def _other_numbers(text: str) -> Iterator[str]:
    yield re.sub(r"(\": |^\s*)(-?[0-9]+)(?=[,}\n])", r"\1\2.0", text, flags=re.M)
    yield re.sub(r"(\": )(-?[0-9]+)(?=[,}\n])", r"\1\2e0", text)
    yield re.sub(
        r"(\": )(-?[1-9][0-9]*)\.([0-9])([0-9]*)(?=[,}\n])", lambda m: f"{m[1]}{m[2]}{m[3]}.{m[4] or 0}E-1", text
    )


def _decomposed(text: str, _: Random) -> Iterator[str]:
    yield unicodedata.normalize("NFD", text)


def _dates(change: Callable[[str], str]) -> Callable[[Grid, str, str], Iterator[bytes]]:
    """Dates in another ISO spelling."""

    def write(grid: Grid, form: str, _: str) -> Iterator[bytes]:
        columns = columns_of(grid, is_date)
        rows = tuple(tuple(change(plain(c)) if p in columns else c for p, c in enumerate(row)) for row in grid.rows)
        if columns and form in SEPARATED:
            yield separated(replace(grid, rows=rows), _sign(form))
        elif columns:
            yield "".join(json_text(dict(zip(grid.header, row))) + "\n" for row in rows).encode()

    return write


def _pages(text: str, _: Random) -> Iterator[str]:
    yield re.sub(r"</?(td|th|tr|h1|table)", lambda m: m[0].upper(), text)
    yield re.sub(r"</(td|th|tr)>", "", text)
    yield re.sub(r"<(td|tr|table)>", r'<\1 class="x" style="text-align: right">', text)
    yield re.sub(r"<td>(.*?)</td>", r"<td>\n  <b>\1</b>\n</td>", text)
    yield (
        text.replace("ö", "&ouml;")
        .replace("ü", "&#252;")
        .replace("û", "&#xfb;")
        .replace("è", "&egrave;")
        .replace("é", "&eacute;")
    )
    yield text.replace("<table>", "<!-- made today --><table><caption>Stock</caption>")
    yield text.replace("<h1>", "<p>Dear all,</p><h1 id=top>").replace("</html>", "<p>Kind regards</p></html>")
    head, rest = text.split("<table>", 1)
    first, body = rest.split("</tr>", 1)
    yield f"{head}<table><thead>{first}</tr></thead><tbody>{body.replace('</table>', '</tbody></table>')}"
    yield text.replace("<h1>", "<h1>\n   ").replace("</h1>", "\n</h1>")


def _workbooks(grid: Grid, _: str, __: str) -> Iterator[bytes]:
    yield workbook(grid)
    yield workbook(grid, shared=True)
    yield workbook(grid, money=True)
    yield workbook(replace(grid, rows=(*grid.rows, tuple(None for _ in grid.header))))
    yield workbook(
        replace(grid, rows=tuple(tuple(plain(c) if isinstance(c, Decimal) else c for c in row) for row in grid.rows))
    )
    yield workbook(replace(grid, rows=tuple(tuple(plain(c) for c in row) for row in grid.rows)), shared=True)


def _databases(grid: Grid, _: str, name: str) -> Iterator[bytes]:
    places = range(len(grid.header))[::-1]
    turned = Grid(
        tuple(grid.header[p] for p in places), tuple(tuple(row[p] for p in places) for row in grid.rows[::-1])
    )
    yield database(turned, name)
    yield database(grid, name, types=False)
    yield database(grid, name, more="CREATE TABLE notes (a); INSERT INTO notes VALUES (1); CREATE INDEX i ON notes (a)")
    yield database(grid, name, more="PRAGMA user_version = 3; VACUUM")
    yield database(grid, "stage", more=f'CREATE VIEW "{name}" AS SELECT * FROM stage')


def _quoted(quoting: int) -> Callable[[Grid, str, str], Iterator[bytes]]:
    def write(grid: Grid, form: str, _: str) -> Iterator[bytes]:
        yield separated(grid, _sign(form), quoting=quoting)
        yield separated(grid, _sign(form), ends="\r\n", quoting=quoting)

    return write


def _padded(cell: Cell) -> Cell:
    return f" {cell} " if isinstance(cell, str) and cell else cell


RIGHT_TABLES = (
    on_texts("byte order mark, line ends, last line end", (*SEPARATED, "lines", "html"), _forms, "promised"),
    _in(SEPARATED, "everything quoted", _quoted(csv.QUOTE_ALL)),
    _in(SEPARATED, "texts quoted", _quoted(csv.QUOTE_NONNUMERIC)),
    Operator("columns in other order", "promised", _columns),
    Operator("inside the tolerance", "promised", INSIDE_MARGIN),
    Operator("rows in other order where that is free", "promised", _free_order),
    _in((*SEPARATED, "html"), "numbers with two decimals", _respelled(_two)),
    _in((*SEPARATED, "html"), "numbers with a zero more", _respelled(lambda n: _two(n) + "0")),
    _in(("html",), "thousands by commas in a page", _respelled(lambda n: f"{n:,}")),
    _in(SEPARATED, "numbers without zeros at their end", _respelled(lambda n: format(n.normalize(), "f"))),
    _in(SEPARATED, "numbers with an exponent", _respelled(lambda n: f"{n:.6e}")),
    _in(JSON, "layout and order of keys", _json_rows),
    Operator("numbers of JSON in another form", "promised", _json_numbers),
    on_texts("normal form D", (*SEPARATED, *JSON, "json", "yaml", "toml", "ini", "html", "xml", "markdown", "text", "lines", "ics", "email"), _decomposed, "promised"),
    _in(("tsv",), "midnight behind dates", _dates(lambda d: f"{d}T00:00:00"), "sensible"),
    _in(("jsonl",), "a blank in times", _dates(lambda d: d.replace("T", " "))),
    _in(("jsonl",), "fractions in times", _dates(lambda d: f"{d}.000")),
    on_texts("page written otherwise", ("html",), _pages, "promised"),
    _in(("xlsx",), "workbook written otherwise", _workbooks),
    _in(("sqlite",), "database written otherwise", _databases),
    on_grids("blanks around texts", lambda g, _: iter([replace(g, rows=tuple(tuple(map(_padded, row)) for row in g.rows))]), "sensible"),
)  # fmt: skip
