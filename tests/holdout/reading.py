"""Answers read by the standard library alone; None means that a format's own rules are broken."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import sqlite3
import tomllib
import zipfile
from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

from tests.holdout.model import Cell, Grid, Value

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_EPOCH = datetime.datetime(1899, 12, 30)
BROKEN = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    csv.Error,
    sqlite3.Error,
    zipfile.BadZipFile,
    ElementTree.ParseError,
)


def text_of(data: bytes) -> str:
    """UTF-8 without byte order mark, line ends as `\\n`; raises ValueError for other bytes."""
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def grid_of(form: str, data: bytes, name: str = "") -> Grid | None:
    """A table file as a grid, or None where it is none."""
    try:
        return _GRIDS[form](data, name)
    except BROKEN:
        return None


def tree_of(form: str, data: bytes) -> Value | None:
    """A tree of values, or None where the file holds none."""
    try:
        return _TREES[form](text_of(data))
    except BROKEN:
        return None


def _pairs(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def json_of(text: str) -> Value:
    """JSON with decimal numbers; raises ValueError where a key stands twice."""
    found: Value = json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_pairs)
    return found


def _separated(delimiter: str) -> Callable[[bytes, str], Grid]:
    def read(data: bytes, _: str) -> Grid:
        rows = [
            row for row in csv.reader(io.StringIO(text_of(data), newline=""), delimiter=delimiter, strict=True) if row
        ]
        if any(len(row) != len(rows[0]) for row in rows):
            raise ValueError("rows of different lengths")
        return Grid(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))

    return read


def _records(values: Value) -> Grid:
    if not isinstance(values, list) or not values:
        raise ValueError("no list of records")
    records = [value for value in values if isinstance(value, dict)]
    header = tuple(records[0])
    if len(records) < len(values) or any(set(record) != set(header) for record in records):
        raise ValueError("records of different keys")
    return Grid(header, tuple(tuple(_single(record[key]) for key in header) for record in records))


def _single(value: Value) -> Cell:
    if isinstance(value, (list, dict)):
        raise ValueError("a cell with parts")
    return value


class _Tables(HTMLParser):
    """Collects the cells of the first table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.cell = False
        self.tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tables += tag == "table"
        if self.tables != 1:
            return
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.cell = tag in ("td", "th") or (self.cell and tag != "tr")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cell and self.tables == 1:
            self.rows[-1][-1] += data


def _html(data: bytes, _: str) -> Grid:
    parser = _Tables()
    parser.feed(text_of(data))
    rows = [[" ".join(cell.split()) for cell in row] for row in parser.rows if row]
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("rows of different lengths")
    return Grid(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))


def _sqlite(data: bytes, name: str) -> Grid:
    if not data.startswith(b"SQLite format 3\0"):
        raise ValueError("no database")
    base = sqlite3.connect(":memory:")
    try:
        base.deserialize(data)
        found = base.execute(f'SELECT * FROM "{name}"')
        header = tuple(column[0] for column in found.description)
        return Grid(header, tuple(tuple(_stored(value) for value in row) for row in found))
    finally:
        base.close()


def _stored(value: object) -> Cell:
    return Decimal(str(value)) if isinstance(value, (int, float)) else None if value is None else str(value)


def _xlsx(data: bytes, _: str) -> Grid:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        first = book.findall(f"{_SHEET}sheets/{_SHEET}sheet")[0].attrib[_RELATION]
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        target = next(r.attrib["Target"] for r in relations if r.attrib["Id"] == first)
        shared: list[str] = []
        dates: set[int] = set()
        if "xl/sharedStrings.xml" in archive.namelist():
            shared = ["".join(i.itertext()) for i in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))]
        if "xl/styles.xml" in archive.namelist():
            dates = _date_styles(ElementTree.fromstring(archive.read("xl/styles.xml")))
        sheet = ElementTree.fromstring(archive.read("xl/" + target.removeprefix("/xl/")))
    rows = [{_column(c.attrib["r"]): _cell(c, shared, dates) for c in row} for row in sheet.iter(f"{_SHEET}row")]
    rows = [row for row in rows if row]
    width = max(max(row) for row in rows) + 1
    filled = [tuple(row.get(place) for place in range(width)) for row in rows]
    return Grid(tuple(str(name) for name in filled[0]), tuple(filled[1:]))


def _column(reference: str) -> int:
    number = 0
    for sign in re.sub("[0-9]", "", reference):
        number = number * 26 + ord(sign) - 64
    return number - 1


def _date_styles(styles: ElementTree.Element) -> set[int]:
    own = {f.attrib["numFmtId"] for f in styles.iter(f"{_SHEET}numFmt") if "yy" in f.attrib["formatCode"].lower()}
    cells = styles.find(f"{_SHEET}cellXfs")
    formats = [] if cells is None else [x.attrib.get("numFmtId", "0") for x in cells]
    return {place for place, number in enumerate(formats) if number in own or number in ("14", "22")}


def _cell(cell: ElementTree.Element, shared: list[str], dates: set[int]) -> Cell:
    kind, value = cell.attrib.get("t", "n"), cell.findtext(f"{_SHEET}v")
    if kind == "inlineStr":
        return "".join(cell.itertext())
    if value is None:
        return None
    if kind == "s":
        return shared[int(value)]
    if kind == "b":
        return value == "1"
    if kind in ("str", "d"):
        return value
    if int(cell.attrib.get("s", "0")) in dates:
        moment = _EPOCH + datetime.timedelta(days=float(value))
        return moment.date() if float(value) == int(float(value)) else moment
    return Decimal(value)


def _yaml(text: str) -> Value:
    from tests.holdout.yaml_values import yaml_value

    return yaml_value(text)


def _toml(text: str) -> Value:
    found: Value = tomllib.loads(text, parse_float=Decimal)
    return _decimal(found)


def _decimal(value: Value) -> Value:
    if type(value) is int:  # of TOML, whose numbers are of Python's types
        return Decimal(value)
    if isinstance(value, list):
        return [_decimal(element) for element in value]
    return {key: _decimal(element) for key, element in value.items()} if isinstance(value, dict) else value


def _ini(text: str) -> Value:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=True, default_section="\0", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except Error as error:
        raise ValueError(str(error)) from error
    return {name: dict(parser.items(name)) for name in parser.sections()}


_GRIDS: dict[str, Callable[[bytes, str], Grid]] = {
    "csv": _separated(","),
    "tsv": _separated("\t"),
    "json_rows": lambda data, _: _records(json_of(text_of(data))),
    "jsonl": lambda data, _: _records([json_of(line) for line in text_of(data).split("\n") if line.strip()]),
    "html": _html,
    "xlsx": _xlsx,
    "sqlite": _sqlite,
}
_TREES: dict[str, Callable[[str], Value]] = {"json": json_of, "yaml": _yaml, "toml": _toml, "ini": _ini}
