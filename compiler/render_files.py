"""Values as the bytes of databases, workbooks and archives: the same bytes on every machine. Compile time only."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from clawc.compiler.render import bytes_of
from clawc.stdlib.checks.kinds import is_null, plain, shown
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Table, Unmet

MAX_STORED = 2**63
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP file can tell
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# Styles by place: general, date, date with time, duration.
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="166" formatCode="[h]:mm:ss"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/>'
    '<xf numFmtId="166" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def named_tables(value: Any, what: str) -> dict[str, Table]:
    """The tables of a record, by name."""
    if not isinstance(value, Mapping) or not value:
        raise Unmet(f"{what} is written from a record of tables, such as `{{orders: t}}`")
    return {str(name): table(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def packed(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file, its members stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, data in files.items():
            info = zipfile.ZipInfo(path, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def render_zip(value: Any) -> bytes:
    """A ZIP file of a record from paths to contents."""
    if not isinstance(value, Mapping):
        raise Unmet("a ZIP file is written from a record of paths and contents")
    contents: dict[str, bytes] = {str(path): bytes_of(inner) for path, inner in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return packed(contents)


def render_sqlite(value: Any) -> bytes:
    """An SQLite database of a record of tables. Dates are stored as ISO text, conditions as 0 and 1."""
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA page_size=4096")
    for name, rows in named_tables(value, "a database").items():
        kinds = {c: _stored_type([row.get(c) for row in rows.rows]) for c in rows.columns}
        columns = ", ".join(f"{_quoted(c)} {kinds[c]}".rstrip() for c in rows.columns)
        try:
            database.execute(f"CREATE TABLE {_quoted(name)} ({columns})")
        except sqlite3.Error as problem:
            raise Unmet(f"the table {shown(name)} cannot be stored: {problem}") from None
        marks = ", ".join("?" for _ in rows.columns)
        stored = [[_stored(row.get(c)) for c in rows.columns] for row in rows.rows]
        database.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", stored)
    database.commit()
    data = bytearray(database.serialize())
    database.close()
    data[96:100] = bytes(4)  # which version of the library wrote it
    return bytes(data)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored_type(values: list[Any]) -> str:
    found = [v for v in values if v is not None and v is not MISSING]
    if any(isinstance(v, int) and not -MAX_STORED <= v < MAX_STORED for v in found):
        return ""  # stored as text, which a numeric column would round
    if found and all(isinstance(v, int) for v in found):
        return "INTEGER"
    if found and all(isinstance(v, (int, Decimal)) and not isinstance(v, bool) for v in found):
        return "REAL"
    return "TEXT" if all(isinstance(v, (str, date)) for v in found) else ""


def _stored(value: Any) -> Any:
    if value is None or value is MISSING:
        return None
    if isinstance(value, (bool, int)) and -MAX_STORED <= value < MAX_STORED:
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    return as_text(value)


def render_xlsx(value: Any) -> bytes:
    """A workbook of one table, or of a record of tables, one for each sheet."""
    sheets = named_tables(value, "a workbook") if isinstance(value, Mapping) else {"Sheet1": table(value)}
    numbers = range(1, len(sheets) + 1)
    for name in sheets:
        if not 0 < len(name) <= 31 or any(sign in name for sign in "[]:*?/\\"):
            raise Unmet(f"{shown(name)} cannot be the name of a sheet")
    listed = "".join(f'<sheet name={quoteattr(n)} sheetId="{i}" r:id="rId{i}"/>' for i, n in zip(numbers, sheets))
    links = "".join(_link(f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in numbers)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_content_type("worksheet")}"/>'
        for i in numbers
    )
    files = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_content_type("sheet.main")}"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_content_type("styles")}"/>{parts}</Types>',
        "_rels/.rels": _links(_link("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _links(links + _link(f"rId{len(sheets) + 1}", "styles", "styles.xml")),
        "xl/styles.xml": _STYLES,
    }
    for i, rows in zip(numbers, sheets.values()):
        files[f"xl/worksheets/sheet{i}.xml"] = _sheet(rows)
    return packed({path: text.encode("utf-8") for path, text in files.items()})


def _content_type(kind: str) -> str:
    return f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"


def _link(id: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{id}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _links(inner: str) -> str:
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _sheet(rows: Table) -> str:
    lines: list[list[Any]] = [list(rows.columns), *[[row.get(c) for c in rows.columns] for row in rows.rows]]
    parts = [f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>']
    for number, line in enumerate(lines, 1):
        cells = "".join(_sheet_cell(f"{_letters(place)}{number}", v) for place, v in enumerate(line, 1))
        parts.append(f'<row r="{number}">{cells}</row>')
    return "".join(parts) + "</sheetData></worksheet>"


def _letters(place: int) -> str:
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _sheet_cell(place: str, value: Any) -> str:
    if is_null(value) or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, Decimal)):
        return f'<c r="{place}"><v>{plain(value)}</v></c>'
    if isinstance(value, timedelta):
        return f'<c r="{place}" s="3"><v>{_days(value)}</v></c>'
    if (
        isinstance(value, date)
        and not (isinstance(value, datetime) and value.tzinfo is not None)
        and value.year >= 1901
    ):
        clock = isinstance(value, datetime)
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return f'<c r="{place}" s="{2 if clock else 1}"><v>{_days(moment - datetime(1899, 12, 30))}</v></c>'
    text = as_text(value)
    if any(ord(sign) < 32 and sign not in "\t\n\r" for sign in text):
        raise Unmet(f"{shown(text)} holds a control character, which a workbook cannot")
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _days(distance: timedelta) -> str:
    return plain(Decimal(distance // timedelta(microseconds=1)) / Decimal(86_400_000_000))
