"""Cells as exact values: texts, decimal numbers, nothing. No step ever meets a binary float, so that halves round as people do it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

Value = str | Decimal | bool | None
Row = Mapping[str, Value]
Rows = Sequence[Row]

# Zeros in front are kept, because they belong to codes and not to numbers.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


class Unsolvable(Exception):
    """The facts ask for something that no function here can do, or the files do not hold what the facts name."""


def value_of(cell: object) -> Value:
    """A cell of a format that has types of its own."""
    if cell is None or isinstance(cell, (bool, str, Decimal)):
        return cell
    if isinstance(cell, (int, float)):
        return Decimal(str(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    raise Unsolvable(f"a cell that is no single value: {cell!r}")


def typed(rows: Sequence[Mapping[str, str]]) -> list[Row]:
    """Rows of a format without types: a column holds numbers when all its cells look like one; an empty cell is nothing."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    numeric = {name for name in names if _all_numbers([row.get(name, "") for row in rows])}
    return [{name: _cell(text, name in numeric) for name, text in row.items()} for row in rows]


def _all_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


def _cell(text: str, numeric: bool) -> Value:
    if not text:
        return None
    return Decimal(text) if numeric else text


def number(value: Value, column: str) -> Decimal:
    if not isinstance(value, Decimal):
        raise Unsolvable(f"{column}: {value!r} is no number")
    return value


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Half up, as the instructions say wherever they round."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def shown(value: Value) -> str:
    """As it stands in a text: no exponent, no zeros behind the last decimal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def plain(value: Value) -> str | int | float | bool | None:
    """As JSON and YAML hold it: whole numbers without a point."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def order(value: Value) -> tuple[int, Decimal, str]:
    """A key to sort by: nothing first, then numbers, then texts by code point."""
    if value is None:
        return 0, Decimal(0), ""
    if isinstance(value, Decimal):
        return 1, value, ""
    return 2, Decimal(0), shown(value)
