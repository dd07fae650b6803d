"""Calls for which a primitive with less behind it gives the same, by what is known when the task is compiled.

`tests/checks/test_lean_equality.py` holds each against the general one.
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
from clawc.stdlib.checks.values import MISSING, Cell, Table, Unordered

# What `rows` reads a file with, by the kind of the file.
ROW_READERS = {"csv": "csv_table", "tsv": "tsv_table", "jsonl": "jsonl_table", "json": "json_rows"}
READERS = frozenset({*ROW_READERS.values(), "rows", "md_table"})
# What takes parts of a value, and what makes a table of each row of another.
PARTS = frozenset({"get", "get_path", "item", "value_at"})
ROW_BY_ROW = frozenset({"select", "derive", "rename", "drop"})


def lean(call: core.Call, kinds: Mapping[str, str]) -> core.Call:
    """The same call of a leaner primitive, if there is one."""
    if call.function == "rows" and len(call.args) == 1:
        file = call.args[0]
        reader = ROW_READERS.get(kinds.get(file.name, "")) if isinstance(file, core.Deliverable) else None
        return call if reader is None else replace(call, function=reader)
    if call.function == "equal" and len(call.args) == 2:
        found, expected = call.args
        function = _equality(found, _known(expected))
        return call if function is None else replace(call, function=function)
    return call


def _equality(found: Core, expected: Any) -> str | None:
    """What compares a value with one that is known."""
    if isinstance(expected, Table):
        if not _is_read(found) or not expected.rows or not _has_plain_cells(expected):
            return None
        ranked = expected.blocks is not None and all(size == 1 for size in expected.blocks) and not expected.spare
        return "equal_rows" if ranked else "equal_plain_table"
    if _is_plain(expected):
        return None if _has_choice(found) else "equal_single"
    return "equal_parts" if _is_plain_tree(expected) and _is_json(found) else None


def _known(node: Core) -> Any:
    """The value of a constant; a list without order, which is never plain, for anything else."""
    node = _behind(node)
    return node.value if isinstance(node, core.Const) else Unordered()


def _behind(node: Core) -> Core:
    """What a name stands for."""
    while isinstance(node, core.LetRef):
        node = node.value
    return node


def _is_plain(value: Any) -> bool:
    """Has it no parts, and only one right answer?"""
    if isinstance(value, Cell):
        return False
    return value is None or value is MISSING or isinstance(value, (str, bool, int, Decimal, date, timedelta))


def _is_plain_tree(value: Any) -> bool:
    """Is it made of records, lists in order and plain values?"""
    if type(value) is list:
        return all(map(_is_plain_tree, value))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        return all(map(_is_plain_tree, value.values()))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return _is_plain(value)


def _has_plain_cells(table: Table) -> bool:
    return all(_is_plain(value) for row in [*table.rows, *table.spare] for value in row.values())


def _is_json(node: Core) -> bool:
    """Is it a value of JSON, or a part of one: nothing but records, lists in order and plain values?"""
    node = _behind(node)
    if not isinstance(node, core.Call):
        return False
    return node.function == "json_value" or (node.function in PARTS and _is_json(node.args[0]))


def _is_read(node: Core) -> bool:
    """Is it surely a table, and one that says nothing of its order?"""
    node = _behind(node)
    if not isinstance(node, core.Call):
        return False
    if node.function == "table":
        return _is_json(node.args[0])
    return node.function in READERS or (node.function in ROW_BY_ROW and _is_read(node.args[0]))


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
