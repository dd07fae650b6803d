"""YAML with the places of its values, as the vendored composer marks them."""

from __future__ import annotations

import re
from typing import Any

from clawc.compiler.witness.spans import Entry, Node, Unpatchable
from clawc.stdlib.checks.vendoring import vendored
from clawc.stdlib.checks.yaml_reader import yaml_composer, yaml_scalar

# Tags and anchors before a value.
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]*)*")
_BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*(?:\n|\Z))*")


def yaml_tree(text: str) -> Node:
    """The one document of a valid text."""
    composer = yaml_composer(text, "the text")
    alias = vendored("yaml", "events").AliasEvent
    compose = composer.compose_node

    def compose_node(parent: Any, index: Any) -> Any:
        return _Alias(composer, compose, parent, index) if composer.check_event(alias) else compose(parent, index)

    composer.compose_node = compose_node
    if not composer.check_node():
        raise Unpatchable
    return _Reader(text).node(composer.get_node(), 0)


class _Alias:
    """A use of an anchor, with its own place."""

    id = "alias"

    def __init__(self, composer: Any, compose: Any, parent: Any, index: Any) -> None:
        event = composer.peek_event()
        self.start_mark, self.end_mark = event.start_mark, event.end_mark
        self.target = compose(parent, index)


class _Reader:
    """Makes nodes of the composer's; a node ends where its text does, without comments and blanks behind it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[int, Any] = {}  # of composed nodes, for aliases

    def node(self, made: Any, behind: int) -> Node:
        """The node of a composed one; `behind` is where the search for its first dash may begin."""
        if made.id == "alias":
            if id(made.target) not in self.values:
                raise Unpatchable
            return Node(self.values[id(made.target)], made.start_mark.index, made.end_mark.index, style="*")
        start, end = made.start_mark.index, made.end_mark.index
        if made.id == "scalar":
            node = self._scalar(made, start, end)
        elif made.flow_style:
            node = self._collection(made, start, end, True)
        else:
            node = self._collection(made, start, -1, False)
        self.values[id(made)] = node.value
        return node

    def _scalar(self, made: Any, start: int, end: int) -> Node:
        value = yaml_scalar(made.value, made.tag, "the text")
        properties = _PROPERTIES.match(self.text, start, end)
        begin = start if properties is None else properties.end()
        style = made.style or ""
        if style in ("|", ">"):
            end = begin + len(self.text[begin:end].rstrip())
        return Node(value, begin, max(begin, end), style=style)

    def _collection(self, made: Any, start: int, end: int, flow: bool) -> Node:
        entries: list[Entry] = []
        value: Any = {} if made.id == "mapping" else []
        at = self._properties(start)
        begin = at
        at += flow
        for part in made.value:
            if made.id == "mapping":
                entry = self._pair(part)
                value[entry.key] = entry.node.value
            else:
                entry = self._item(part, at, flow)
                value.append(entry.node.value)
            at = entry.node.end
            if flow:
                comma = self._skip(at)
                if self.text[comma : comma + 1] == ",":
                    entry.comma, at = comma, comma + 1
            entries.append(entry)
        return Node(value, begin, end if flow else at, entries, flow)

    def _pair(self, part: Any) -> Entry:
        key, made = part
        if key.id != "scalar" or self.text[key.start_mark.index] == "?":
            raise Unpatchable
        colon = self._skip(key.end_mark.index)
        if self.text[colon : colon + 1] != ":":
            raise Unpatchable  # a key without a value, or one written with `?`
        node = self.node(made, colon + 1)
        return Entry(key.value, key.start_mark.index, colon + 1, node)

    def _item(self, made: Any, at: int, flow: bool) -> Entry:
        if flow:
            node = self.node(made, at)
            return Entry("", made.start_mark.index, made.start_mark.index, node)
        dash = self._skip(at)
        if self.text[dash : dash + 1] != "-":
            raise Unpatchable
        return Entry("", dash, dash + 1, self.node(made, dash + 1))

    def _properties(self, start: int) -> int:
        """The place of a collection's first entry or bracket, behind its tag and anchor."""
        while True:
            found = _PROPERTIES.match(self.text, start)
            end = start if found is None else found.end()
            if end == start:
                return start
            start = self._skip(end)

    def _skip(self, at: int) -> int:
        found = _BETWEEN.match(self.text, at)
        return at if found is None else found.end()
