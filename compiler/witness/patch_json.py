"""JSON with the places of its values."""

from __future__ import annotations

import json
import re
from typing import Any

from clawc.compiler.render_json import json_line, render_json
from clawc.compiler.witness.patch_flow import Dialect, edit_flow
from clawc.compiler.witness.spans import Edits, Entry, Node
from clawc.stdlib.checks.kinds import list_in, record_in
from clawc.stdlib.checks.readers import json_value

_BLANKS = re.compile(r"[ \t\n]*")
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\]}]+')


def edit_json(edits: Edits, wanted: Any) -> None:
    """Changes a JSON text to a wanted value."""
    node, _ = json_node(edits.text, 0, json_value(edits.text))
    gap = " " if re.search(r'": ', edits.text) else ""

    def inline(value: Any) -> str:
        return _inline(value, gap)

    edit_flow(edits, node, wanted, Dialect(inline, _scalar, _key, _block, ""))


def _scalar(value: Any, node: Node) -> str:
    return json_line(value)


def _inline(value: Any, gap: str) -> str:
    """A value on one line, with or without blanks behind its marks."""
    record, items = record_in(value), list_in(value)
    if record:
        return "{" + f",{gap}".join(f"{json_line(k)}:{gap}{_inline(v, gap)}" for k, v in record.items()) + "}"
    if items:
        return "[" + f",{gap}".join(_inline(v, gap) for v in items) + "]"
    return json_line(value)


def json_node(text: str, at: int, value: Any) -> tuple[Node, int]:
    """The node of a value that begins at or behind `at`, and the place behind it; the text is valid."""
    start = _skip(text, at)
    record, items = record_in(value), list_in(value)
    if record is None and items is None:
        found = _SCALAR.match(text, start)
        end = start if found is None else found.end()
        return Node(value, start, end), end
    entries: list[Entry] = []
    at = _skip(text, start + 1)
    while text[at] not in "]}":
        begin, key = at, ""
        if record is not None:
            found = _SCALAR.match(text, at)
            assert found is not None
            key = json.loads(found.group(), strict=False)
            at = _skip(text, found.end()) + 1
        inner = record[key] if record is not None else (items or [])[len(entries)]
        node, at = json_node(text, at, inner)
        entry = Entry(key, begin, node.start, node)
        at = _skip(text, at)
        if text[at] == ",":
            entry.comma = at
            at = _skip(text, at + 1)
        entries.append(entry)
    return Node(value, start, at + 1, entries), at + 1


def _skip(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return at if found is None else found.end()


def _key(key: str, sample: str) -> str:
    """A key in the style of a neighbour, of which `sample` is all before its value."""
    between = sample[sample.rindex('"') + 1 :]
    return json.dumps(key, ensure_ascii=False) + (between if between.strip() == ":" else ": ")


def _block(value: Any, indent: str, unit: str) -> str:
    first, *rest = render_json(value).rstrip("\n").split("\n")
    lines = [indent + unit * ((len(line) - len(line.lstrip(" "))) // 2) + line.lstrip(" ") for line in rest]
    return "\n".join([first, *lines])
