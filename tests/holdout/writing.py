"""Grids and trees of values as files, in the layout that most programs write."""

from __future__ import annotations

import csv
import datetime
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from decimal import Decimal
from html import escape

from tests.holdout.model import Cell, Grid, Value

_EPOCH = datetime.date(1899, 12, 30)
_OPEN = "http://schemas.openxmlformats.org"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_OPEN}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        '<Override PartName="/xl/styles.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_OPEN}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{_OPEN}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_OPEN}/spreadsheetml/2006/main" xmlns:r="{_OPEN}/officeDocument/2006/relationships">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_OPEN}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_OPEN}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OPEN}/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId3" Type="{_OPEN}/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>"
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_OPEN}/spreadsheetml/2006/main"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
        '<xf numFmtId="4" applyNumberFormat="1"/></cellXfs></styleSheet>'
    ),
}


def grid_bytes(form: str, grid: Grid, name: str = "") -> bytes:
    """A grid as a file of a format; `name` is that of the table in a database."""
    if form in ("csv", "tsv"):
        return separated(grid, "," if form == "csv" else "\t")
    if form in ("json_rows", "jsonl"):
        records: list[Value] = [dict(zip(grid.header, row)) for row in grid.rows]
        if form == "json_rows":
            return (json_text(records, 2) + "\n").encode()
        return "".join(json_text(record) + "\n" for record in records).encode()
    if form == "sqlite":
        return database(grid, name)
    return html_page(grid) if form == "html" else workbook(grid)


def plain(cell: Cell) -> str:
    """A cell as text."""
    if cell is None:
        return ""
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def separated(
    grid: Grid, delimiter: str, ends: str = "\n", quoting: int = csv.QUOTE_MINIMAL, blank: bool = False
) -> bytes:
    """Separated text; `blank` puts a blank behind each separator."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    writer.writerows([grid.header, *([plain(cell) for cell in row] for row in grid.rows)])
    return (out.getvalue().replace(delimiter, delimiter + " ") if blank else out.getvalue()).encode()


def json_text(value: Value, indent: int | str | None = None, ascii_only: bool = False, sort: bool = False) -> str:
    """JSON in which a decimal is written with the digits that it has."""
    numbers: list[str] = []

    def marked(part: Value) -> object:
        if isinstance(part, Decimal):
            numbers.append(format(part, "f"))
            return f"\0{len(numbers) - 1}\0"
        if isinstance(part, (datetime.date, datetime.datetime)):
            return part.isoformat()
        if isinstance(part, list):
            return [marked(element) for element in part]
        return {key: marked(element) for key, element in part.items()} if isinstance(part, dict) else part

    text = json.dumps(marked(value), indent=indent, ensure_ascii=ascii_only, sort_keys=sort)
    for place, number in enumerate(numbers):
        text = text.replace(f'"\\u0000{place}\\u0000"', number)
    return text


def html_page(grid: Grid, title: str = "") -> bytes:
    """A page with one table."""
    rows = ["".join(f"<th>{escape(name)}</th>" for name in grid.header)]
    rows += ["".join(f"<td>{escape(plain(cell))}</td>" for cell in row) for row in grid.rows]
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    head = f"<h1>{escape(title)}</h1>\n" if title else ""
    return f"<!doctype html>\n<html><body>\n{head}<table>\n{body}</table>\n</body></html>\n".encode()


def workbook(grid: Grid, shared: bool = False, money: bool = False) -> bytes:
    """A workbook of one sheet with texts in place or `shared`; `money` shows numbers with a separator of thousands."""
    texts: list[str] = []

    def cell(place: str, value: Cell) -> str:
        if value is None:
            return ""
        if isinstance(value, datetime.date):
            return f'<c r="{place}" s="1"><v>{value.toordinal() - _EPOCH.toordinal()}</v></c>'
        if isinstance(value, Decimal):
            return f'<c r="{place}"{" s=" + chr(34) + "2" + chr(34) if money else ""}><v>{format(value, "f")}</v></c>'
        if shared:
            texts.append(str(value))
            return f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'

    lines = "".join(
        f'<row r="{n}">' + "".join(cell(f"{chr(65 + column)}{n}", v) for column, v in enumerate(row)) + "</row>"
        for n, row in enumerate([grid.header, *grid.rows], 1)
    )
    sheet = f'<worksheet xmlns="{_OPEN}/spreadsheetml/2006/main"><sheetData>{lines}</sheetData></worksheet>'
    strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    table = f'<sst xmlns="{_OPEN}/spreadsheetml/2006/main">{strings}</sst>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in {**_PARTS, "xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": table}.items():
            archive.writestr(zipfile.ZipInfo(path), _HEAD + text)
    return out.getvalue()


def database(grid: Grid, name: str, types: bool = True, more: str = "") -> bytes:
    """A database with one table, and what the script `more` adds."""
    base = sqlite3.connect(":memory:")
    kinds = [
        ("REAL" if any(isinstance(c, Decimal) and c % 1 for c in column) else "INTEGER")
        if all(isinstance(c, Decimal) for c in column) else "TEXT"
        for column in zip(*grid.rows)
    ]  # fmt: skip
    columns = ", ".join(
        f'"{c}" {kind if types else ""}' for c, kind in zip(grid.header, kinds or [""] * len(grid.header))
    )
    base.execute(f'CREATE TABLE "{name}" ({columns})')
    holes = ", ".join("?" for _ in grid.header)
    for row in grid.rows:
        base.execute(f'INSERT INTO "{name}" VALUES ({holes})', [_stored(cell) for cell in row])
    base.executescript(more)
    base.commit()
    data = base.serialize()
    base.close()
    return data


def _stored(cell: Cell) -> object:
    if isinstance(cell, Decimal):
        return int(cell) if cell == int(cell) else float(cell)
    return cell if cell is None or isinstance(cell, str) else str(cell)


def tree_bytes(form: str, value: Value) -> bytes:
    """A tree of values as a file of a format; raises ValueError where the format cannot hold it."""
    writers: dict[str, Callable[[Value], str]] = {
        "json": lambda v: json_text(v, 2) + "\n", "yaml": lambda v: yaml_text(v), "toml": toml_text, "ini": ini_text,
    }  # fmt: skip
    return writers[form](value).encode()


def yaml_text(value: Value, depth: int = 0) -> str:
    """YAML in block style, texts in double quotes."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        return "".join(
            f"{pad}{key}:" + (f"\n{yaml_text(part, depth + 1)}" if isinstance(part, (dict, list)) and part else f" {json_text(part)}\n")
            for key, part in value.items()
        )  # fmt: skip
    if isinstance(value, list) and value:
        return "".join(f"{pad}- {json_text(part)}\n" for part in value)
    return f"{pad}{json_text(value)}\n"


def toml_text(value: Value, dotted: bool = False) -> str:
    """TOML with a table for each record, or with `dotted` keys."""
    if not isinstance(value, dict):
        raise ValueError("TOML holds records")
    if dotted:
        return "".join(f"{key} = {toml_value(part)}\n" for key, part in _leaves(value, ""))
    lines = [f"{key} = {toml_value(part)}\n" for key, part in value.items() if not isinstance(part, dict)]
    for key, part in value.items():
        if isinstance(part, dict):
            lines.append(f"\n[{key}]\n" + "".join(f"{name} = {toml_value(v)}\n" for name, v in part.items()))
    return "".join(lines)


def _leaves(value: dict[str, Value], prefix: str) -> list[tuple[str, Value]]:
    return [
        leaf
        for key, part in value.items()
        for leaf in (_leaves(part, f"{prefix}{key}.") if isinstance(part, dict) else [(prefix + key, part)])
    ]


def toml_value(value: Value) -> str:
    """A value on one line; raises ValueError for null, which TOML has not."""
    if value is None:
        raise ValueError("TOML has no null")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(part)}" for key, part in value.items()) + " }"
    return "[" + ", ".join(map(toml_value, value)) + "]" if isinstance(value, list) else json_text(value)


def ini_text(value: Value, joint: str = " = ") -> str:
    """INI with a section for each record; raises ValueError for anything deeper."""
    if not isinstance(value, dict) or not all(isinstance(part, dict) for part in value.values()):
        raise ValueError("INI holds sections")
    sections: list[str] = []
    for name, part in value.items():
        fields = part.items() if isinstance(part, dict) else ()
        if any(isinstance(v, (dict, list)) for _, v in fields):
            raise ValueError("INI holds single values")
        cells = [(k, v) for k, v in fields if not isinstance(v, (dict, list))]
        sections.append(
            f"[{name}]\n" + "".join(f"{k}{joint}{v if isinstance(v, str) else json_text(v)}\n" for k, v in cells)
        )
    return "\n".join(sections)
