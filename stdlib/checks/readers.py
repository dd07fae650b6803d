"""Readers from bytes to values: whatever the bytes are, a value or Unmet, in linear time."""

from __future__ import annotations

import sys
import unicodedata
from decimal import Decimal
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple, cast

from clawc.stdlib.checks.dates import date_of, datetime_of
from clawc.stdlib.checks.kinds import cut, listed
from clawc.stdlib.checks.numbers import number
from clawc.stdlib.checks.values import MISSING, Cell, File, Row, Table, Unmet, require_bytes

KINDS = {
    "csv": "csv",
    "tsv": "tsv",
    "json": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "yaml": "yaml",
    "yml": "yaml",
    "toml": "toml",
    "ini": "ini",
    "diff": "diff",
    "patch": "diff",
    "md": "markdown",
    "markdown": "markdown",
    "py": "program",
    "sh": "program",
    "js": "program",
    "rb": "program",
    "pl": "program",
    "db": "sqlite",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "xlsx": "xlsx",
    "zip": "zip",
    "tar": "zip",
    "tgz": "zip",
    "eml": "email",
    "ics": "ics",
    "xml": "xml",
    "html": "html",
    "htm": "html",
}
# A task reads a file several times, so each reading has to take a part of a second only.
MAX_TEXT_BYTES = 16 << 20
MAX_LINES = 500_000
MAX_CELLS = 250_000
MAX_JSON_MARKS = 1_000_000
MAX_JSON_DEPTH = 100
MAX_DIGITS = 1_000


def kind_of(path: str) -> str:
    """The kind that a file has by the extension of its path."""
    if path.lower().endswith(".tar.gz"):
        return "zip"
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    return KINDS.get(extension.lower(), "text") if dot else "text"


def source_name(source: Any) -> str:
    """How messages name what is read: the path in backticks, or `the text`."""
    return f"`{source.path}`" if isinstance(source, File) else "the text"


def text_of(source: Any) -> str:
    """The text of a file (UTF-8) or of a value that is text: without BOM and with LF as line ending."""
    if isinstance(source, File):
        data = require_bytes(source)
        require_text_size(data, source_name(source))
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unmet(f"{source_name(source)} is not UTF-8 text (byte {error.start})") from None
    elif isinstance(source, str):
        text = source
    else:
        raise Unmet("there is no text to read" if source is None or source is MISSING else "the value is not text")
    if "\0" in text:
        raise Unmet(f"{source_name(source)} holds a NUL character")
    if text.startswith("\ufeff"):
        text = text[1:]
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def require_text_size(data: bytes, name: str) -> None:
    """Raises Unmet when a file is larger than what is read as text."""
    if len(data) > MAX_TEXT_BYTES:
        raise Unmet(f"{name} is too large to be read: more than {MAX_TEXT_BYTES >> 20} MiB")


def lines_of(source: Any) -> List[str]:
    """The lines without their ends; empty ones at the end of the text are none."""
    text = text_of(source)
    if text.count("\n") > MAX_LINES:
        raise Unmet(f"{source_name(source)} has more than {MAX_LINES} lines")
    lines = text.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    return lines


def exists(source: Any) -> bool:
    """Whether a regular file stands at the path."""
    return isinstance(source, File) and source.data is not None and not source.problem


def size_of(source: Any) -> int:
    """The size of a file in bytes."""
    if not isinstance(source, File):
        raise Unmet("there is no file to measure")
    return len(require_bytes(source))


def csv_records(text: str, delimiter: str, name: str) -> Iterator[Tuple[int, List[str]]]:
    """The records of a CSV text (RFC 4180) and the line each begins on; blank lines are skipped."""
    if text.count("\n") > MAX_LINES or text.count('"') > 4 * MAX_CELLS:
        raise Unmet(f"{name} is too large: more than {MAX_LINES} lines or quotes")
    position, line, stop = 0, 1, -1  # `stop` is the end of the line that an unquoted field lies in
    while position < len(text):
        if text.startswith("\n", position):
            position, line = position + 1, line + 1
            continue
        fields: List[str] = []
        start, after = line, delimiter
        while after == delimiter:
            if text.startswith('"', position):
                content, position = _quoted_field(text, position, name, line)
                line += content.count("\n")
            else:
                if stop < position:
                    stop = text.find("\n", position)
                    stop = len(text) if stop < 0 else stop
                end = text.find(delimiter, position, stop)
                end = stop if end < 0 else end
                content, position = text[position:end], end
            fields.append(content)
            if len(fields) > MAX_CELLS:
                raise Unmet(f"{name} line {start} has more than {MAX_CELLS} fields")
            after = text[position : position + 1]
            if after not in (delimiter, "\n", ""):
                raise Unmet(f"{name} line {line} has text after the closing quote of a field")
            position += 1
        line += 1
        yield start, fields


def _quoted_field(text: str, position: int, name: str, line: int) -> Tuple[str, int]:
    """The quoted field that begins at `position`, and the position after its closing quote."""
    parts: List[str] = []
    position += 1
    while True:
        end = text.find('"', position)
        if end < 0:
            raise Unmet(f"{name} line {line} opens a quote that is never closed")
        parts.append(text[position:end])
        if not text.startswith('"', end + 1):
            return "".join(parts), end + 1
        parts.append('"')
        position = end + 2


def csv_table(
    source: Any,
    delimiter: str = ",",
    types: Optional[Dict[str, str]] = None,
    header: Optional[List[str]] = None,
) -> Table:
    """A table of cells, or of values of `types`; `header` names the columns of a file without header line."""
    name = source_name(source)
    records = csv_records(text_of(source), delimiter, name)
    if header is None:
        first_record = next(records, None)
        if first_record is None:
            raise Unmet(f"{name} is empty: it has no header line")
        header = first_record[1]
    columns = [unicodedata.normalize("NFC", title).strip() for title in header]
    require_distinct(columns, name)
    body: List[Row] = []
    for line, fields in records:
        if len(fields) != len(columns):
            raise Unmet(f"{name} line {line} has {len(fields)} fields, but {len(columns)} columns")
        row: Row = {title: Cell(content) for title, content in zip(columns, fields)}
        if types:
            row = {title: typed(cell, types.get(title, "")) for title, cell in row.items()}
        body.append(row)
        require_size(len(body), len(columns), name)
    return Table(columns, body)


def tsv_table(source: Any, types: Optional[Dict[str, str]] = None, header: Optional[List[str]] = None) -> Table:
    """As `csv_table`, with tabs between the fields."""
    return csv_table(source, "\t", types, header)


def require_distinct(columns: List[str], name: str) -> None:
    """Raises Unmet when two columns have the same name."""
    seen: Set[str] = set()
    for title in columns:
        if title in seen:
            raise Unmet(f"{name} has the column `{cut(title, 60)}` twice")
        seen.add(title)


def require_size(height: int, width: int, name: str) -> None:
    """Raises Unmet when a table is larger than what is compared."""
    if height * max(width, 1) > MAX_CELLS:
        raise Unmet(f"{name} is too large: more than {MAX_CELLS} cells")


def typed(cell: Any, kind: str) -> Any:
    """A cell as a value of its title's type: number, date, datetime, bool or text.

    An empty cell is null, except in text. A cell that is no value of the type stays a cell: it equals nothing
    of the type, and is not taken for null.
    """
    if not isinstance(cell, str) or kind not in ("number", "date", "datetime", "bool", "text"):
        return cell
    if kind == "text":
        return str(cell)
    content = cell.strip()
    if not content:
        return None
    value: Any
    if kind == "number":
        value = number(cell)
    elif kind == "date":
        value = date_of(cell)
    elif kind == "datetime":
        value = datetime_of(cell)
    else:
        value = {"true": True, "false": False}.get(content.lower())
    return cell if value is None else value


def json_value(source: Any) -> Any:
    """The value of a JSON text (RFC 8259): decimal numbers, no duplicate keys, nothing after the value."""
    return json_of(text_of(source), source_name(source))


def json_of(text: str, name: str) -> Any:
    """The value of a JSON text; `name` is what messages call it."""
    if not text.strip():
        raise Unmet(f"{name} is empty, not JSON")
    bound_json(text, name)
    begin = len(text) - len(text.lstrip(" \t\n\r"))
    try:
        value, end = scanned_json(text, begin)
        rest = len(text[end:].lstrip(" \t\n\r"))
        if not rest:
            return value
        problem, place = "extra data", len(text) - rest
    except StopIteration as nothing:
        problem, place = "expecting value", int(nothing.value)
    except ValueError as error:
        message, place = str(getattr(error, "msg", error)), int(getattr(error, "pos", 0))
        problem = message[:1].lower() + message[1:]
    except Unmet as problem_inside:
        raise Unmet(f"{name} is not accepted: {problem_inside}") from None
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    raise Unmet(f"{name} is not JSON: line {line}, column {column}: {problem}")


def scanned_json(text: str, begin: int) -> Tuple[Any, int]:
    """The value of JSON at a place of a text, and where it ends."""
    scanner = json_scanner()
    try:
        return scanner(text, begin)
    except SystemError:  # the core words its errors with the package, which has to be there for that
        import json  # noqa: F401  # pyright: ignore[reportUnusedImport]

        return scanner(text, begin)


def json_scanner() -> Callable[[str, int], Tuple[Any, int]]:
    """What reads a value of JSON at a place of a text, and tells where it ends.

    It is the core of `json` alone: to import the package around it takes longer than to read most files.
    """
    try:
        if hasattr(sys, "gettotalrefcount"):  # a debug build stops at an error that the core cannot word
            raise ImportError
        import _json

        forms: Any = JsonForms
        return _json.make_scanner(forms)
    except (ImportError, AttributeError):  # another implementation of Python, or a later one
        import json

        decoder: Any = json.JSONDecoder(
            object_pairs_hook=JsonForms.object_pairs_hook,
            parse_int=JsonForms.parse_int,
            parse_float=JsonForms.parse_float,
            parse_constant=JsonForms.parse_constant,
        )
        scanner: Callable[[str, int], Tuple[Any, int]] = decoder.scan_once
        return scanner


def bound_json(text: str, name: str) -> None:
    """Raises Unmet when a JSON text is nested too deep or has too many values to be parsed safely."""
    if len(text) <= MAX_JSON_MARKS and text.count("[") + text.count("{") <= MAX_JSON_DEPTH:
        return
    import re

    depth, marks, position, quoted = 0, 0, 0, False
    pattern = re.compile(r'["\\\[\]{},]')
    while True:
        found = pattern.search(text, position)
        if found is None:
            return
        mark, position = found.group(), found.end()
        marks += 1
        if marks > MAX_JSON_MARKS:
            raise Unmet(f"{name} is too large: more than {MAX_JSON_MARKS} values")
        if mark == '"':
            quoted = not quoted
        elif quoted:
            position += mark == "\\"
        elif mark in "[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                line = text.count("\n", 0, position) + 1
                raise Unmet(f"{name} is nested deeper than {MAX_JSON_DEPTH} levels (line {line})")
        elif mark in "]}":
            depth -= 1


def _json_object(pairs: List[Tuple[str, Any]]) -> Row:
    """An object of JSON; a key that occurs twice makes its meaning unclear."""
    record: Row = {}
    for key, value in pairs:
        if key in record:
            raise Unmet(f"the key `{cut(key, 60)}` occurs twice in one object")
        record[key] = value
    return record


def _json_integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Unmet(f"the number `{cut(text, 60)}` is too large")
    return int(text)


def _json_decimal(text: str) -> Decimal:
    exponent = text.lower().partition("e")[2].lstrip("+-").lstrip("0")
    if len(text) > MAX_DIGITS or len(exponent) > 3:
        raise Unmet(f"the number `{cut(text, 60)}` is too large")
    return Decimal(text)


def _json_constant(text: str) -> Any:
    raise Unmet(f"`{text}` is not a number of JSON")


class JsonForms:
    """What objects and numbers of JSON become, under the names that its scanner asks for."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_json_object)
    parse_int = staticmethod(_json_integer)
    parse_float = staticmethod(_json_decimal)
    parse_constant = staticmethod(_json_constant)


def records_table(records: List[Any], name: str) -> Table:
    """Objects of JSON as rows; the columns are all keys, in the order in which they are first seen."""
    columns: Dict[str, None] = {}
    for index, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise Unmet(f"{name}: element {index} is not an object")
        columns.update(dict.fromkeys(cast(Row, record)))
    require_size(len(records), len(columns), name)
    return Table(columns, [{title: record.get(title, MISSING) for title in columns} for record in records])


def jsonl_table(source: Any) -> Table:
    """One JSON object a line as a table; blank lines are skipped."""
    name = source_name(source)
    text = text_of(source)
    if text.count("{") + text.count("[") + text.count(",") > MAX_JSON_MARKS:
        raise Unmet(f"{name} is too large: more than {MAX_JSON_MARKS} values")
    records: List[Any] = []
    for index, line in enumerate(lines_of(source), 1):
        if line.strip():
            records.append(json_of(line, f"{name} line {index}"))
            require_size(len(records), 1, name)
    return records_table(records, name)


def rows(source: Any) -> Table:
    """The rows of a file by its kind: CSV, TSV, JSON Lines, or a JSON array of objects."""
    kind = source.kind if isinstance(source, File) else ""
    if kind == "csv":
        return csv_table(source)
    if kind == "tsv":
        return tsv_table(source)
    if kind == "jsonl":
        return jsonl_table(source)
    if kind == "json":
        return json_rows(source)
    raise Unmet(f"{source_name(source)} is not a file of rows")


def json_rows(source: Any) -> Table:
    """The rows of a JSON array of objects."""
    value = json_value(source)
    if not isinstance(value, list):
        raise Unmet(f"{source_name(source)} is not a JSON array of objects")
    return records_table(listed(value), source_name(source))
