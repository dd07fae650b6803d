"""JSON of values, and the plain form in which other formats take them, too."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Range, Table


def render_json(value: Any) -> str:
    """Two spaces of indent, keys in order, numbers exact."""
    return _json(value, 0) + "\n"


def render_jsonl(value: Any) -> str:
    rows = table(value)
    return "".join(json_line({c: row.get(c) for c in rows.columns}) + "\n" for row in rows.rows)


def jsonable(value: Any) -> Any:
    """A value as JSON knows it; dates as ISO text, tables as lists of records."""
    if isinstance(value, Table):
        return [{c: jsonable(row.get(c)) for c in value.columns if row.get(c) is not MISSING} for row in value.rows]
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Range):
        return [jsonable(value.low), jsonable(value.high)]
    if isinstance(value, (date, datetime, timedelta)):
        return as_text(value)
    return value


def _json(value: Any, indent: int) -> str:
    value = jsonable(value)
    pad, inner = "  " * indent, "  " * (indent + 1)
    if isinstance(value, dict) and value:
        parts = [f"{inner}{_json_scalar(k)}: {_json(v, indent + 1)}" for k, v in value.items()]  # pyright: ignore
        return "{\n" + ",\n".join(parts) + f"\n{pad}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _json(v, indent + 1) for v in value) + f"\n{pad}]"  # pyright: ignore
    return _json_scalar(value)


def json_line(value: Any) -> str:
    """A value on one line."""
    value = jsonable(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json_scalar(k)}: {json_line(v)}" for k, v in value.items()) + "}"  # pyright: ignore
    if isinstance(value, list):
        return "[" + ", ".join(json_line(v) for v in value) + "]"  # pyright: ignore
    return _json_scalar(value)


def _json_scalar(value: Any) -> str:
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return plain(value)
    if value == {}:
        return "{}"
    if value == []:
        return "[]"
    return json.dumps(value if isinstance(value, (str, bool)) else as_text(value), ensure_ascii=False)
