"""YAML in block style: a scalar changes at its place, entries come and go with their lines."""

from __future__ import annotations

import re
from typing import Any

from clawc.compiler.render_yaml import block_lines, inline, is_filled, key_text, literal, quoted
from clawc.compiler.witness.patch_flow import Dialect, edit_flow
from clawc.compiler.witness.spans import STAYS, Edits, Entry, Node, Slot, Unpatchable, same, slots
from clawc.compiler.witness.yaml_nodes import yaml_tree
from clawc.stdlib.checks.kinds import list_in, record_in
from clawc.stdlib.checks.yaml_reader import yaml_value

_SINGLE = re.compile(r"[ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]*\Z")


def edit_yaml(edits: Edits, wanted: Any) -> None:
    """Changes a YAML text with one document to a wanted value."""
    attempts: list[Any] = [STAYS, None, _Unlike()] if "*" in edits.text else [None]
    for marked in attempts:
        # Aliases stay if their anchors change as is wanted of them; else those differ that are to; else all do, as
        # none may say any longer what its anchor says.
        edits.changes.clear()
        root = yaml_tree(edits.text)
        if marked is not None:
            _mark_aliases(root, marked)
        _edit_root(edits, root, wanted)
        if len(attempts) == 1 or same(yaml_value(edits.applied()), wanted):
            return


class _Unlike:
    """No value equals it."""


def _mark_aliases(node: Node, value: Any) -> None:
    for entry in node.entries or []:
        if entry.node.style == "*":
            entry.node.value = value
        _mark_aliases(entry.node, value)


def _edit_root(edits: Edits, root: Node, wanted: Any) -> None:
    if root.entries is not None and not root.flow:
        found = _found(root, wanted)
        if not found:
            raise Unpatchable
        _edit_entries(edits, root, found)
    else:
        edit_flow(edits, root, wanted, DIALECT)


def _found(node: Node, wanted: Any) -> list[Slot]:
    """The wanted entries, if the node can be changed entry by entry: something of it has to stay."""
    if not is_filled(wanted) or (record_in(node.value) is None) != (record_in(wanted) is None):
        return []
    found = slots(node, wanted)
    return found if any(slot.old is not None for slot in found) else []


def _edit_entries(edits: Edits, node: Node, found: list[Slot]) -> None:
    entries = node.entries or []
    kept = {slot.old for slot in found if slot.old is not None}
    last: Entry | None = None
    fresh: list[str] = []
    indent = " " * (entries[0].start - edits.line_start(entries[0].start))
    for slot in found:
        if slot.old is None:
            fresh += [(indent + line).rstrip(" ") if line else "" for line in _entry_lines(edits, node, slot)]
            continue
        entry = entries[slot.old]
        if fresh:
            _insert(edits, last, entry, fresh, indent)
        _edit_value(edits, entry, slot.value, len(indent))
        last, fresh = entry, []
    if fresh:
        assert last is not None
        _insert(edits, last, last, fresh, indent)
    _delete(edits, entries, kept)


def _insert(edits: Edits, before: Entry | None, behind: Entry, fresh: list[str], indent: str) -> None:
    if before is not None:
        edits.add_lines(max(before.after, before.node.end), fresh)
    else:
        edits.insert(behind.start, "\n".join(fresh).removeprefix(indent) + "\n" + indent)


def _delete(edits: Edits, entries: list[Entry], kept: set[int]) -> None:
    gone = [n for n in range(len(entries)) if n not in kept]
    if gone and gone[0] == 0 and edits.indent(entries[0].start) is None:
        # Its line begins with the dash of an outer sequence: the first entry that stays moves up to it, unless a
        # comment is between them.
        first = min(kept)
        ends = [max(entries[n].after, entries[n].node.end) for n in range(first)]
        starts = [entries[n].start for n in range(1, first + 1)]
        if not any("#" in edits.text[end:start] for end, start in zip(ends, starts)):
            edits.delete(entries[0].start, entries[first].start)
            gone = [n for n in gone if n > first]
        else:
            edits.delete(len(edits.text[: entries[0].start].rstrip(" ")), ends[0])
            gone = gone[1:]
    for n in gone:
        edits.delete_lines(entries[n].start, max(entries[n].after, entries[n].node.end))


def _edit_value(edits: Edits, entry: Entry, wanted: Any, column: int) -> None:
    node = entry.node
    if node.value is STAYS or same(node.value, wanted):
        return
    if node.entries is not None and not node.flow:
        found = _found(node, wanted)
        if found:
            _edit_entries(edits, node, found)
            return
    elif node.flow and node.entries and is_filled(wanted) and _found(node, wanted):
        edit_flow(edits, node, wanted, DIALECT)
        return
    _replace_value(edits, entry, wanted, column)


def _replace_value(edits: Edits, entry: Entry, wanted: Any, column: int) -> None:
    """Another kind of value, or another scalar, in the place of one."""
    node = entry.node
    empty = node.start >= node.end
    block = node.entries is not None and not node.flow
    if not is_filled(wanted) and not block:
        new = _scalar(wanted, node, column)
        if empty:
            edits.insert(entry.after, " " + new)
        else:
            edits.replace(node.start, node.end, new)
        return
    # What stands behind the key or dash on its line, such as a comment, stays; the value goes with its own lines.
    head_end = edits.line_end(entry.after)
    if block and edits.line_start(node.start) != edits.line_start(entry.after):
        edits.delete(head_end, edits.line_end(node.end))
    elif not empty:
        edits.delete(entry.after, node.end)
        head_end = edits.line_end(node.end)
        if not edits.rest_is_free(node.end, "#"):
            raise Unpatchable
    if not is_filled(wanted):
        edits.insert(entry.after, " " + inline(wanted))
        return
    lines = [" " * (column + 2) + line if line else "" for line in block_lines(wanted)]
    edits.insert(head_end, "".join("\n" + line for line in lines))


def _entry_lines(edits: Edits, node: Node, slot: Slot) -> list[str]:
    """A new entry of a block, in the style of its neighbours, without indentation."""
    entries = node.entries or []
    if record_in(node.value) is None:
        return block_lines([slot.value])
    sample = next((e.node for e in entries if list_in(e.node.value)), None)
    lines = block_lines({slot.key: slot.value})
    dedent = sample is not None and not sample.flow and _column(edits, sample.start) == _column(edits, entries[0].start)
    if dedent and list_in(slot.value):
        return [lines[0], *(line.removeprefix("  ") for line in lines[1:])]
    return lines


def _column(edits: Edits, at: int) -> int:
    return at - edits.line_start(at)


def _scalar(value: Any, node: Node, column: int = 0) -> str:
    """A scalar as the present one is quoted, where its type can be kept so."""
    if isinstance(value, str):
        if node.style == "'" and _SINGLE.match(value):
            return "'" + value.replace("'", "''") + "'"
        if node.style == '"':
            return quoted(value)
        lines = literal(value) if node.style in ("|", ">") else None
        if lines is not None:
            return "\n".join([lines[0], *(" " * (column + 2) + line if line else "" for line in lines[1:])])
    return inline(value, flow=True)


def _block(value: Any, indent: str, unit: str) -> str:
    return inline(value)


def _key(key: str, sample: str) -> str:
    return key_text(key) + ": "


DIALECT = Dialect(inline, _scalar, _key, _block, "#")
