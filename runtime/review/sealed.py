"""What a check compares with: the named values that were sealed into it when the task was compiled, and where the source computes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clawc.runtime.engine.untyped import listing, mapping
from clawc.spec.ir import CallNode, CheckIR, ConstNode, LambdaNode, LetNode, ListNode, LogicNode, Node, RecordNode

_ROWS, _COLUMNS, _CHARACTERS = 15, 12, 160


class Sealed(NamedTuple):
    """A value by its name: a table with `columns` and `rows`, of which `more` are not shown, or a `text`. `source` is the line of the `let`."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int
    text: str
    source: str


def sealed(check: CheckIR, source: str) -> tuple[Sealed, ...]:
    """The named values of a check, each once; `source` is the text of the file that declares the task."""
    found: dict[str, Sealed] = {}
    for expect in check.expects:
        for node in _constants(expect.condition):
            if node.name and node.name not in found:
                found[node.name] = _value(node, source)
    return tuple(found.values())


def block(source: str, kind: str, name: str) -> str:
    """The lines of the source that declare `kind name`, with what is indented below; "" if it is not found."""
    lines = source.split("\n")
    begins = re.compile(rf"(\s*){re.escape(kind)}\s+{re.escape(name)}\b")
    for at, line in enumerate(lines):
        match = begins.match(line)
        if match is None:
            continue
        end = at + 1
        while end < len(lines) and _within(lines[end], len(match[1])):
            end += 1
        if end < len(lines) and line.rstrip().endswith("{") and lines[end].strip() == "}":
            end += 1
        found = [each[len(match[1]) :] for each in lines[at:end]]
        return "\n".join(found).strip("\n")
    return ""


def plain(value: object, depth: int = 0) -> str:
    """A value of the representation in words; what has a tag stands for itself."""
    if depth > 6:
        return "…"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    fields, members = mapping(value), listing(value)
    if members or value == []:
        return _cut("[" + ", ".join(plain(each, depth + 1) for each in members[:_ROWS]) + "]")
    if fields or value == {}:
        tagged = [name for name in fields if name.startswith("$")]
        if len(fields) == 1 and tagged:
            return plain(fields[tagged[0]], depth + 1)
        return _cut(
            "{" + ", ".join(f"{name}: {plain(each, depth + 1)}" for name, each in list(fields.items())[:_ROWS]) + "}"
        )
    return _cut(str(value))


def _within(line: str, indent: int) -> bool:
    return not line.strip() or len(line) - len(line.lstrip()) > indent


def _constants(node: Node) -> Iterator[ConstNode]:
    """All constants below a node, in the order of the source."""
    if isinstance(node, ConstNode):
        yield node
    elif isinstance(node, LetNode):
        yield from _constants(node.value)
    elif isinstance(node, LambdaNode):
        yield from _constants(node.body)
    elif isinstance(node, CallNode):
        for each in (*node.args, *node.kwargs.values()):
            yield from _constants(each)
    elif isinstance(node, ListNode):
        for each in node.items:
            yield from _constants(each)
    elif isinstance(node, RecordNode):
        for key, value in node.entries:
            yield from _constants(key)
            yield from _constants(value)
    elif isinstance(node, LogicNode):
        for each in node.operands:
            yield from _constants(each)


def _value(node: ConstNode, source: str) -> Sealed:
    table = mapping(mapping(node.value).get("$table"))
    where = block(source, "let", node.name)
    if not table:
        return Sealed(node.name, (), (), 0, plain(node.value), where)
    rows = listing(table.get("rows"))
    columns = tuple(_cut(str(each)) for each in listing(table.get("columns"))[:_COLUMNS])
    shown = tuple(tuple(plain(cell) for cell in listing(row)[:_COLUMNS]) for row in rows[:_ROWS])
    return Sealed(node.name, columns, shown, max(0, len(rows) - _ROWS), "", where)


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
