"""Spreadsheets without a library. Only the first sheet counts; a cell formatted as a date reads as its ISO text."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from clawc.stdlib.archetypes.solvers.values import Unsolvable, Value, shown

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# The ids below 164 are built in; these are its dates and times.
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(45, 48)})
_FIRST_DAY = datetime(1899, 12, 30)


def cells(data: bytes) -> list[list[Value]]:
    """The first sheet, row by row; a gap in a row is nothing."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        shared = _shared(book)
        dates = _date_styles(book)
        sheet = ElementTree.fromstring(book.read(_first_sheet(book)))
    grid: list[list[Value]] = []
    for row in sheet.iter(f"{_MAIN}row"):
        found: dict[int, Value] = {}
        for cell in row.iter(f"{_MAIN}c"):
            at = _column(cell.get("r", "")) if cell.get("r") else len(found)
            found[at] = _value(cell, shared, dates)
        grid.append([found.get(at) for at in range(max(found, default=-1) + 1)])
    return grid


def _first_sheet(book: zipfile.ZipFile) -> str:
    sheet = ElementTree.fromstring(book.read("xl/workbook.xml")).find(f"{_MAIN}sheets/{_MAIN}sheet")
    relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    for relation in relations:
        if sheet is not None and relation.get("Id") == sheet.get(_ID):
            return posixpath.join("xl", relation.get("Target", "")).lstrip("/")
    raise Unsolvable("a spreadsheet without a sheet")


def _shared(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    table = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    return [_text(entry) for entry in table.findall(f"{_MAIN}si")]


def _text(holder: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in holder.iter(f"{_MAIN}t"))


def _date_styles(book: zipfile.ZipFile) -> frozenset[int]:
    """Places in the list of cell formats that show a day."""
    if "xl/styles.xml" not in book.namelist():
        return frozenset()
    styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    own = {
        int(entry.get("numFmtId", "0"))
        for entry in styles.iter(f"{_MAIN}numFmt")
        if re.search(r"[yd]", re.sub(r'"[^"]*"|\\.|\[[^]]*\]', "", entry.get("formatCode", "")))
    }
    formats = styles.find(f"{_MAIN}cellXfs")
    listed = [] if formats is None else list(formats)
    return frozenset(at for at, entry in enumerate(listed) if int(entry.get("numFmtId", "0")) in own | _BUILT_IN_DATES)


def _column(reference: str) -> int:
    at = 0
    for letter in re.sub(r"[^A-Z]", "", reference):
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1


def _value(cell: ElementTree.Element, shared: Sequence[str], dates: frozenset[int]) -> Value:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell) or None
    text = cell.findtext(f"{_MAIN}v")
    if text is None:
        return None
    if kind == "s":
        return shared[int(text)] or None
    if kind == "b":
        return text == "1"
    if kind != "n":
        return text or None
    if int(cell.get("s", "0")) in dates:
        moment = _FIRST_DAY + timedelta(days=float(text))
        return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat()
    return Decimal(text)


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def sheet_file(grid: Sequence[Sequence[Value]]) -> bytes:
    """A workbook with one sheet. Numbers are numbers there, all else is text."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN[1:-1]}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN[1:-1]}"><sheetData>'
        + "".join(f"<row>{''.join(_cell(value) for value in row)}</row>" for row in grid)
        + "</sheetData></worksheet>",
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(zipfile.ZipInfo(name), _HEAD + text)
    return target.getvalue()


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def _cell(value: Value) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, Decimal):
        return f"<c><v>{shown(value)}</v></c>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
