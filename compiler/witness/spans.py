"""A document as nodes with their places in its text, and edits of the text that leave all else as it is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from clawc.stdlib.checks.kinds import list_in, record_in, tag_of

MAX_ALIGNED = 2_000  # more elements are paired by place


STAYS = object()  # the value of a node that is left as it is, whatever is wanted


class Unpatchable(Exception):
    """The text cannot be changed in place to what is wanted."""


@dataclass(slots=True)
class Node:
    """A value and where it stands; `entries` are those of a mapping or sequence, None of a scalar."""

    value: Any
    start: int
    end: int
    entries: list[Entry] | None = None
    flow: bool = True
    style: str = ""  # how a scalar is quoted


@dataclass(slots=True)
class Entry:
    """An entry of a mapping or sequence: where it begins, where its value may begin, and the comma behind it."""

    key: str
    start: int
    after: int
    node: Node
    comma: int = -1


@dataclass(slots=True)
class Edits:
    """Changes of a text, applied together; a deletion swallows what overlaps it, insertions survive."""

    text: str
    changes: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])

    def replace(self, start: int, end: int, new: str) -> None:
        self.changes.append((start, end, new))

    def insert(self, at: int, new: str) -> None:
        self.changes.append((at, at, new))

    def delete(self, start: int, end: int) -> None:
        self.changes.append((start, end, ""))

    def applied(self) -> str:
        """The changed text; of changes at one place insertions come first, in the order in which they were made."""
        parts: list[str] = []
        position = 0
        for start, end, new in sorted(self.changes, key=lambda c: (c[0], c[1] > c[0])):
            parts += [self.text[position : max(start, position)], new]
            position = max(position, end)
        return "".join(parts) + self.text[position:]

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """The place of the line end behind `at`, or of the end of the text."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def indent(self, at: int) -> str | None:
        """What stands before `at` on its line; None if that is not only blanks."""
        before = self.text[self.line_start(at) : at]
        return None if before.strip(" \t") else before

    def rest_is_free(self, at: int, comment: str) -> bool:
        """Do only blanks and a comment follow on the line?"""
        rest = self.text[at : self.line_end(at)].strip(" \t")
        return not rest or bool(comment and rest.startswith(comment))

    def delete_lines(self, start: int, end: int) -> None:
        """Deletes the lines from the one of `start` to the one of `end`."""
        stop = self.line_end(end)
        begin = self.line_start(start)
        if stop == len(self.text) and begin > 0 and not self.text.endswith("\n"):
            begin -= 1  # the last line had no end; now the one before has none
        self.delete(begin, min(stop + 1, len(self.text)))

    def add_lines(self, after: int, lines: list[str]) -> None:
        """New lines below the one of `after`, which itself may go."""
        end = self.line_end(after)
        if end < len(self.text):
            self.insert(end + 1, "".join(line + "\n" for line in lines))
        else:
            self.insert(end, "".join("\n" + line for line in lines))


class Slot(NamedTuple):
    """An entry of the wanted mapping or sequence, and the present one that it comes from."""

    old: int | None
    key: str
    value: Any


def frozen(value: Any) -> Hashable:
    """A value that can be compared and hashed: numbers by value, records without order."""
    record, items = record_in(value), list_in(value)
    if record is not None:
        return ("record", frozenset((key, frozen(inner)) for key, inner in record.items()))
    if items is not None:
        return ("list", tuple(frozen(item) for item in items))
    return ("text", str(value)) if isinstance(value, str) else (tag_of(value), value)


def same(a: Any, b: Any) -> bool:
    """Are two values equal, types included?"""
    return frozen(a) == frozen(b)


def slots(node: Node, wanted: Any) -> list[Slot]:
    """The wanted entries in order: of a mapping the present ones first, of a sequence as they are wanted."""
    entries = node.entries or []
    record = record_in(wanted)
    if record is not None:
        kept = [Slot(n, e.key, record[e.key]) for n, e in enumerate(entries) if e.key in record]
        known = {slot.key for slot in kept}
        return kept + [Slot(None, key, value) for key, value in record.items() if key not in known]
    items = list_in(wanted) or []
    return [
        Slot(old, "", items[new]) for old, new in aligned([e.node.value for e in entries], items) if new is not None
    ]


def aligned(old: list[Any], new: list[Any]) -> list[tuple[int | None, int | None]]:
    """Pairs of places: what is equal in both, then what stands in its place; None where one side has nothing."""
    a, b = [frozen(v) for v in old], [frozen(v) for v in new]
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(len(a), len(b)) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    codes: Sequence[tuple[str, int, int, int, int]]
    if max(len(middle_a), len(middle_b)) > MAX_ALIGNED:
        codes = [("replace", 0, len(middle_a), 0, len(middle_b))]
    else:
        codes = SequenceMatcher(None, middle_a, middle_b, autojunk=False).get_opcodes()
    pairs: list[tuple[int | None, int | None]] = [(n, n) for n in range(head)]
    for _, i, i_end, j, j_end in codes:
        for step in range(max(i_end - i, j_end - j)):
            pairs.append((head + i + step if i + step < i_end else None, head + j + step if j + step < j_end else None))
    return pairs + [(len(a) - tail + n, len(b) - tail + n) for n in range(tail)]
