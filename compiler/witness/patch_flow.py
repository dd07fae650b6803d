"""Edits inside brackets: JSON, flow style of YAML, arrays and inline tables of TOML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from clawc.compiler.witness.spans import STAYS, Edits, Entry, Node, Slot, same, slots
from clawc.stdlib.checks.kinds import list_in, record_in


class Dialect(NamedTuple):
    """How a format writes: a value on one line, a scalar in place of another one, a key with what follows it, a
    value over several lines with an indentation and a unit of it; and what begins a comment."""

    inline: Callable[[Any], str]
    scalar: Callable[[Any, Node], str]
    key: Callable[[str, str], str]
    block: Callable[[Any, str, str], str]
    comment: str


def edit_flow(edits: Edits, node: Node, wanted: Any, dialect: Dialect) -> None:
    """Changes a value inside brackets to what is wanted."""
    if node.value is STAYS or same(node.value, wanted):
        return
    record, items = record_in(wanted), list_in(wanted)
    filled = bool(node.entries) and (record or items) and (record_in(node.value) is None) == (record is None)
    found = slots(node, wanted) if filled else []
    if any(slot.old is not None for slot in found):
        _edit_entries(edits, node, found, dialect)
    else:
        new = dialect.scalar(wanted, node) if record is None and items is None else dialect.inline(wanted)
        edits.replace(node.start, node.end, new)


def _edit_entries(edits: Edits, node: Node, found: list[Slot], dialect: Dialect) -> None:
    entries = node.entries or []
    kept = {slot.old for slot in found if slot.old is not None}
    lines = _one_a_line(edits, node, dialect)
    trailing = entries[-1].comma >= 0
    for slot in found:
        if slot.old is not None:
            edit_flow(edits, entries[slot.old].node, slot.value, dialect)
    last: Entry | None = None
    fresh: list[str] = []
    for place, slot in enumerate(found):
        comma = trailing or place < len(found) - 1
        if slot.old is None:
            fresh.append(_entry_text(edits, node, slot, dialect, lines) + ("," if comma else ""))
            continue
        entry = entries[slot.old]
        _insert(edits, last, entry, fresh, lines)
        last, fresh = entry, []
        if comma and entry.comma < 0:
            edits.insert(entry.node.end, ",")
        elif not comma and entry.comma >= 0:
            edits.delete(entry.comma, entry.comma + 1)
    _insert(edits, last, None, fresh, lines)
    _delete(edits, entries, kept, lines)


def _insert(edits: Edits, before: Entry | None, behind: Entry | None, fresh: list[str], lines: bool) -> None:
    """New entries behind one that stays, else before the first one that stays."""
    if before is None:
        assert behind is not None or not fresh
        gap = "\n" + (edits.indent(behind.start) or "") if lines and behind is not None else " "
        for text in fresh:
            edits.insert(behind.start if behind is not None else 0, text + gap)
        return
    end = before.comma + 1 if before.comma >= 0 else before.node.end
    for text in fresh:
        if lines:
            edits.add_lines(end, [(edits.indent(before.start) or "") + text])
        else:
            edits.insert(end, " " + text)


def _delete(edits: Edits, entries: list[Entry], kept: set[int], lines: bool) -> None:
    gone = [n for n in range(len(entries)) if n not in kept]
    for n in gone:
        entry = entries[n]
        end = entry.comma + 1 if entry.comma >= 0 else entry.node.end
        if lines:
            edits.delete_lines(entry.start, end)
        elif any(later in kept for later in range(n + 1, len(entries))):
            edits.delete(entry.start, entries[n + 1].start)
        else:
            edits.delete(entries[n - 1].comma + 1 if n else entry.start, end)


def _one_a_line(edits: Edits, node: Node, dialect: Dialect) -> bool:
    """Do all entries, and the closing bracket, begin lines of their own?"""
    entries = node.entries or []
    ends = [e.comma + 1 if e.comma >= 0 else e.node.end for e in entries]
    return all(edits.indent(at) is not None for at in (*(e.start for e in entries), node.end - 1)) and all(
        edits.rest_is_free(end, dialect.comment) for end in ends
    )


def _entry_text(edits: Edits, node: Node, slot: Slot, dialect: Dialect, lines: bool) -> str:
    """A new entry; over several lines where its neighbours stand on lines of their own."""
    first = (node.entries or [])[0]
    if lines:
        indent = edits.indent(first.start) or ""
        line = edits.text[edits.line_start(node.start) :]
        outer = line[: len(line) - len(line.lstrip(" \t"))]
        value = dialect.block(slot.value, indent, indent.removeprefix(outer) or "  ")
    else:
        value = dialect.inline(slot.value)
    if record_in(node.value) is None:
        return value
    return dialect.key(slot.key, edits.text[first.start : first.node.start]) + value
