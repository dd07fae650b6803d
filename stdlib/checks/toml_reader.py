"""TOML 1.1 over the vendored parser: exact numbers, dates as dates, bounded in size and depth."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

from clawc.stdlib.checks.kinds import cut, list_in, record_in
from clawc.stdlib.checks.readers import MAX_DIGITS, source_name, text_of
from clawc.stdlib.checks.values import Row, Unmet
from clawc.stdlib.checks.vendoring import vendored

MAX_TOML_TEXT = 512 << 10
MAX_TOML_DEPTH = 50
MAX_TOML_MARKS = 100_000

# Reading so many digits as one number takes time in their square.
_TOML_LONG_NUMBER = re.compile(r"(?<![0-9_])[0-9_]{4000}")
_TOML_WIDE_EXPONENT = re.compile(r"[eE][-+]?[0_]*[1-9]_?[0-9]_?[0-9]_?[0-9]")


def toml_value(source: Any) -> Row:
    """The record that a TOML text is; a time without a date is text."""
    text, name = text_of(source), source_name(source)
    if not text.strip():
        raise Unmet(f"{name} is empty, not TOML")
    if len(text) > MAX_TOML_TEXT:
        raise Unmet(f"{name} is too large for TOML: more than {MAX_TOML_TEXT >> 10} KiB")
    if text.count(",") + text.count("=") > MAX_TOML_MARKS:
        raise Unmet(f"{name} is too large: more than {MAX_TOML_MARKS} values")
    if _TOML_LONG_NUMBER.search(text):
        raise Unmet(f"{name} is not accepted: more than 4000 digits stand in a row")
    parser = vendored("tomli", "_parser")
    # Limits of the parser's own, which is ours alone: each part of a long key costs time for all before it.
    parser.MAX_KEY_PARTS = parser.MAX_INLINE_NESTING = MAX_TOML_DEPTH
    try:
        record: Row = _toml_plain(parser.loads(text, parse_float=_toml_decimal), name, 0)
        return record
    except parser.TOMLDecodeError as error:
        problem = error.msg[:1].lower() + error.msg[1:]
        raise Unmet(f"{name} is not TOML: line {error.lineno}, column {error.colno}: {cut(problem, 160)}") from None
    except _TomlNumber as problem_inside:
        raise Unmet(f"{name} is not accepted: {problem_inside}") from None
    except (ValueError, OverflowError) as error:
        raise Unmet(f"{name} is not TOML: {cut(str(error), 160)}") from None
    except RecursionError:
        raise Unmet(f"{name} is nested deeper than {MAX_TOML_DEPTH} levels") from None


class _TomlNumber(Exception):
    """A number that cannot be compared."""


def _toml_decimal(text: str) -> Decimal:
    """A float of TOML with the digits of its spelling."""
    if text.lstrip("+-") in ("inf", "nan"):
        raise _TomlNumber(f"`{text}` is not a number that can be compared")
    if len(text) > MAX_DIGITS or _TOML_WIDE_EXPONENT.search(text):
        raise _TomlNumber(f"the number `{cut(text, 60)}` is too large")
    return Decimal(text.replace("_", ""))


def _toml_plain(value: Any, name: str, level: int) -> Any:
    """The value with times as text, in containers of its own."""
    if level > 2 * MAX_TOML_DEPTH:
        raise Unmet(f"{name} is nested deeper than {MAX_TOML_DEPTH} levels")
    record, items = record_in(value), list_in(value)
    if record is not None:
        return {key: _toml_plain(inner, name, level + 1) for key, inner in record.items()}
    if items is not None:
        return [_toml_plain(inner, name, level + 1) for inner in items]
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, int) and not -(10**MAX_DIGITS) < value < 10**MAX_DIGITS:
        raise _TomlNumber("a number has more than 1,000 digits")
    return value
