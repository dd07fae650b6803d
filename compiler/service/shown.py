"""Types and values as an editor shows them, on a few lines. What comes from a source or a workspace stands in code, never as markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from clawc.spec.types import FileType, ListType, RangeType, Simple, TableType, Type
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import File, Table, Unmet

ROWS = 8
ITEMS = 12
WIDTH = 200
_CELL = 40
_DEPTH = 4
# Characters that would change the lines or the direction of what is shown.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def type_text(t: Type, depth: int = 0) -> str:
    """A type, such as `table(client: text, owed: number)`."""
    if isinstance(t, Simple):
        return t.name
    if isinstance(t, FileType):
        return f"{t.kind} file"
    if isinstance(t, RangeType):
        return f"range of {type_text(t.element, depth + 1)}"
    if isinstance(t, ListType):
        return f"list of {type_text(t.element, depth + 1)}"
    parts = t.columns if isinstance(t, TableType) else t.fields
    word = "table" if isinstance(t, TableType) else "record"
    if depth >= _DEPTH:
        return word
    shown = [f"{name}: {type_text(inner, depth + 1)}" for name, inner in parts[:ITEMS]]
    rest = ["…"] if len(parts) > ITEMS or t.open else []
    return f"{word}({', '.join([*shown, *rest])})"


def value_text(value: Any) -> str:
    """A value, cut where it is long."""
    if isinstance(value, Table):
        return _table(value)
    if isinstance(value, (list, tuple)):
        shown: list[str] = [one_line(v) for v in islice(value, ITEMS)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        more = [f"… {len(value)} in all"] if len(value) > ITEMS else []  # pyright: ignore[reportUnknownArgumentType]
        return "[" + ", ".join([*shown, *more]) + "]"
    if isinstance(value, Files):
        return "\n".join([*islice(sorted(value.files), ITEMS)] + (["…"] if len(value.files) > ITEMS else []))
    return one_line(value)


def one_line(value: Any, width: int = WIDTH) -> str:
    """A value on one line of at most so many characters."""
    return cut(_plain(value, 0), width)


def cut(text: str, width: int = WIDTH) -> str:
    """A text on one line, cut where it is longer."""
    shown = _UNSEEN.sub(lambda m: {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(m.group(), "\ufffd"), text[: width + 1])
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def _plain(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return '"' + value[: WIDTH + 1] + '"'
    if isinstance(value, File):
        return value.path
    if isinstance(value, (Table, Files)) or callable(value) or depth > _DEPTH:
        return "…"
    if isinstance(value, dict):
        inner = [f"{k}: {_plain(v, depth + 1)}" for k, v in islice(value.items(), ITEMS)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return "{" + ", ".join(inner + (["…"] if len(value) > ITEMS else [])) + "}"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        inner = [_plain(v, depth + 1) for v in islice(value, ITEMS)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return "[" + ", ".join(inner + (["…"] if len(value) > ITEMS else [])) + "]"  # pyright: ignore[reportUnknownArgumentType]
    try:
        return as_text(value)
    except (TypeError, ValueError, Unmet):
        return type(value).__name__


def _table(table: Table) -> str:
    columns = table.columns[:ITEMS]
    cell: Callable[[Any], str] = lambda v: one_line(v, _CELL).strip('"') if isinstance(v, str) else one_line(v, _CELL)  # noqa: E731
    lines = [[cut(c, _CELL) for c in columns], *([cell(row.get(c)) for c in columns] for row in table.rows[:ROWS])]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    shown = ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join(shown + ([f"… {len(table.rows)} rows"] if len(table.rows) > ROWS else []))


def fenced(text: str, language: str = "") -> str:
    """Text in a block of code that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
