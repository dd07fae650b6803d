"""Calls for which a primitive with less behind it gives the same, by what is known when the task is compiled.

`tests/compiler/test_lean.py` holds each against the general one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from clawc.spec import core
from clawc.spec.core import Core
from clawc.stdlib.checks.compare import OneOf
from clawc.stdlib.checks.values import MISSING, Cell, Table

# What `rows` reads a file with, by the kind of the file.
ROW_READERS = {"csv": "csv_table", "tsv": "tsv_table", "jsonl": "jsonl_table", "json": "json_rows"}
READERS = frozenset({*ROW_READERS.values(), "rows"})


def lean(call: core.Call, kinds: Mapping[str, str]) -> core.Call:
    """The same call of a leaner primitive, if there is one."""
    if call.function == "rows" and len(call.args) == 1:
        file = call.args[0]
        reader = ROW_READERS.get(kinds.get(file.name, "")) if isinstance(file, core.Deliverable) else None
        return call if reader is None else replace(call, function=reader)
    if call.function == "equal" and len(call.args) == 2:
        found, expected = call.args
        value = _known(expected)
        if isinstance(value, Table):
            if _is_read(found) and _is_plain_table(value):
                return replace(call, function="equal_rows")
        elif _is_plain(value) and not _has_choice(found):
            return replace(call, function="equal_single")
    return call


def _known(node: Core) -> Any:
    """The value of a constant; a list, which is never plain, for anything else."""
    while isinstance(node, core.LetRef):
        node = node.value
    return node.value if isinstance(node, core.Const) else []


def _is_plain(value: Any) -> bool:
    """Has it no parts, and only one right answer?"""
    if isinstance(value, Cell):
        return False
    return value is None or value is MISSING or isinstance(value, (str, bool, int, Decimal, date, timedelta))


def _is_plain_table(table: Table) -> bool:
    """Has every row its place, and every cell a plain value?"""
    if not table.rows or table.spare or table.blocks is None or any(size != 1 for size in table.blocks):
        return False
    return all(_is_plain(value) for row in table.rows for value in row.values())


def _is_read(node: Core) -> bool:
    """Does a reader give it, and nothing that could say that its order does not count?"""
    while isinstance(node, core.LetRef):
        node = node.value
    return isinstance(node, core.Call) and node.function in READERS


def _has_choice(node: Core) -> bool:
    """Could it have several right answers?"""
    if isinstance(node, core.Call) and node.function == "one_of":
        return True
    if isinstance(node, core.Const):
        return _holds_choice(node.value)
    return any(_has_choice(child) for child in core.children(node))


def _holds_choice(value: Any) -> bool:
    if isinstance(value, Table):
        return any(_holds_choice(part) for row in value.rows for part in row.values())
    if isinstance(value, dict):
        return any(map(_holds_choice, value.values()))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(value, (list, tuple)):
        return any(map(_holds_choice, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return isinstance(value, OneOf)
