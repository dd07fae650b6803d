"""TOML with the places of its statements: tables under headers or dotted keys, lists of tables, values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Union

from clawc.compiler.render_toml import key_text
from clawc.compiler.witness.spans import Entry, Node, Unpatchable
from clawc.stdlib.checks.toml_reader import toml_value

_BLANKS = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|' + r"'''.*?'''(?:'{0,2})|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'", re.DOTALL
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_OTHER = re.compile(r"[^,\]}#\n]+")


@dataclass(slots=True)
class TomlTable:
    """A table: its header (None for the root, for tables that only hold tables, and for those made by dotted keys),
    what it holds, and where the pairs of its own stand."""

    path: tuple[str, ...]
    header: tuple[int, int] | None = None
    dotted: str = ""  # what its keys begin with, where dotted keys make it
    parts: dict[str, Part] = field(default_factory=dict[str, "Part"])
    pairs: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def value(self) -> dict[str, Any]:
        return {key: part_value(part) for key, part in self.parts.items()}

    def statements(self) -> list[tuple[int, int]]:
        """The places of all statements that make it and what it holds."""
        found = [*self.pairs] if self.header is None else [self.header, *self.pairs]
        for part in self.parts.values():
            for table in [part] if isinstance(part, TomlTable) else part if isinstance(part, list) else []:
                found += table.statements()
        return sorted(set(found))


@dataclass(slots=True)
class TomlPair:
    """A value with the place of its whole statement."""

    start: int
    node: Node


Part = Union[TomlPair, TomlTable, "list[TomlTable]"]


def part_value(part: Part) -> Any:
    """The value of what a key stands for."""
    if isinstance(part, TomlPair):
        return part.node.value
    return part.value() if isinstance(part, TomlTable) else [table.value() for table in part]


def toml_tree(text: str) -> TomlTable:
    """The root table of a valid text."""
    root = TomlTable(())
    current = root
    at = skip(text, 0)
    while at < len(text):
        start = at
        if text[at] == "[":
            element = text.startswith("[[", at)
            keys, at = _keys(text, at + 1 + element)
            at = text.index("]", at) + 1 + element
            current = _opened(root, keys, element, (start, at))
        else:
            keys, at = _keys(text, at)
            node = _node(text, text.index("=", at) + 1)
            at = node.end
            _add(current, keys, TomlPair(start, node))
        at = skip(text, at)
    return root


def _opened(root: TomlTable, keys: list[str], element: bool, place: tuple[int, int]) -> TomlTable:
    """The table that a header opens."""
    table = root
    for key in keys[:-1]:
        table = _inner(table, key)
    path = (*table.path, keys[-1])
    if element:
        listed = table.parts.setdefault(keys[-1], [])
        if not isinstance(listed, list):
            raise Unpatchable
        listed.append(TomlTable(path, place))
        return listed[-1]
    opened = table.parts.setdefault(keys[-1], TomlTable(path))
    if not isinstance(opened, TomlTable):
        raise Unpatchable
    opened.header = place
    return opened


def _inner(table: TomlTable, key: str) -> TomlTable:
    """The table, or the last one of a list, that a key leads to."""
    found = table.parts.setdefault(key, TomlTable((*table.path, key)))
    if isinstance(found, TomlPair):
        raise Unpatchable
    return found[-1] if isinstance(found, list) else found


def _add(table: TomlTable, keys: list[str], pair: TomlPair) -> None:
    """A pair in the body of a table; dotted keys make tables in it."""
    place = (pair.start, pair.node.end)
    table.pairs.append(place)
    dotted = table.dotted
    for key in keys[:-1]:
        table = _inner(table, key)
        dotted += f"{key_text(key)}."
        table.dotted = dotted
        table.pairs.append(place)
    table.parts[keys[-1]] = pair


def _keys(text: str, at: int) -> tuple[list[str], int]:
    """The parts of a key, and the place behind them."""
    keys: list[str] = []
    while True:
        at = skip(text, at)
        found = _TEXT.match(text, at) or _BARE_KEY.match(text, at)
        if found is None:
            raise Unpatchable
        word = found.group()
        keys.append(str(toml_value(f"v = {word}")["v"]) if word[0] in "\"'" else word)
        at = skip(text, found.end())
        if text[at : at + 1] != ".":
            return keys, at
        at += 1


def _node(text: str, at: int) -> Node:
    """The node of a value that begins behind `at`."""
    start = skip(text, at)
    if text[start] not in "[{":
        found = _TEXT.match(text, start) or _OTHER.match(text, start)
        if found is None:
            raise Unpatchable
        word = found.group().rstrip()
        return Node(toml_value(f"v = {word}")["v"], start, start + len(word), style=word[0])
    table = text[start] == "{"
    entries: list[Entry] = []
    value: dict[str, Any] = {}
    plain_keys = True
    at = skip(text, start + 1)
    while text[at] not in "]}":
        begin, key = at, ""
        if table:
            keys, at = _keys(text, at)
            key, at = keys[0], at + 1
            plain_keys = plain_keys and len(keys) == 1
        node = _node(text, at)
        entry = Entry(key, begin, node.start, node)
        at = skip(text, node.end)
        if text[at] == ",":
            entry.comma = at
            at = skip(text, at + 1)
        entries.append(entry)
        value[key] = node.value
    if not plain_keys:  # one that is only replaced as a whole
        return Node(toml_value(f"v = {text[start : at + 1]}")["v"], start, at + 1)
    return Node(value if table else [e.node.value for e in entries], start, at + 1, entries)


def skip(text: str, at: int) -> int:
    """The place of the next sign that is neither blank nor in a comment."""
    found = _BLANKS.match(text, at)
    return at if found is None else found.end()
