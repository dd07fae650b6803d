"""TOML of records: a table's own values first, then its tables, each under its header."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clawc.compiler.render_yaml import number_text
from clawc.stdlib.checks.kinds import list_in, record_in
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Table, Unmet

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def render_toml(value: Any) -> str:
    """The text of a record; raises Unmet for what TOML cannot say, such as null."""
    record = record_in(tomlable(value))
    if record is None:
        raise Unmet("a TOML file is a record")
    return "\n".join(table_lines(record, ())) + "\n"


def tomlable(value: Any) -> Any:
    """Tables as lists of records, without what is missing."""
    if isinstance(value, Table):
        return [{c: tomlable(row.get(c)) for c in value.columns if row.get(c) is not MISSING} for row in value.rows]
    record, items = record_in(value), list_in(value)
    if record is not None:
        return {str(k): tomlable(v) for k, v in record.items() if v is not MISSING}
    return value if items is None else [tomlable(v) for v in items]


def is_tables(value: Any) -> bool:
    """Is it a list that is written as `[[name]]` for each record?"""
    items = list_in(value) or []
    return bool(items) and all(isinstance(v, dict) for v in items)


def table_lines(record: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    """The lines of a table without its header, and of all tables inside it."""
    inner: dict[str, Any] = {k: v for k, v in record.items() if isinstance(v, dict) or is_tables(v)}
    lines = [f"{key_text(k)} = {inline(v)}" for k, v in record.items() if k not in inner]
    for key, value in inner.items():
        below, listed = (*path, key), isinstance(value, list)
        for element in list_in(value) or [value]:
            body = table_lines(element, below)
            # A table that only holds tables needs no header of its own; an element of a list always does.
            headed = (
                listed or not element or any(not isinstance(v, dict) and not is_tables(v) for v in element.values())
            )
            part = [header(below, listed), *body] if headed else body
            lines += ["", *part] if lines else part
    return lines


def header(path: tuple[str, ...], element: bool) -> str:
    """The header of a table, or of an element of a list of tables."""
    dotted = ".".join(key_text(part) for part in path)
    return f"[[{dotted}]]" if element else f"[{dotted}]"


def key_text(key: str) -> str:
    """A key, bare where that is possible."""
    return key if _BARE.match(key) else text_scalar(key)


def inline(value: Any) -> str:
    """A value on one line."""
    record, items = record_in(value), list_in(value)
    if record is not None:
        return "{" + ", ".join(f"{key_text(k)} = {inline(v)}" for k, v in record.items()) + "}"
    if items is not None:
        return "[" + ", ".join(inline(v) for v in items) + "]"
    if value is None or value is MISSING:
        raise Unmet("TOML has no null")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return number_text(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return text_scalar(value if isinstance(value, str) else as_text(value))


def text_scalar(text: str) -> str:
    """A basic string."""
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Unmet("a text with half a character cannot be written as TOML")
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
