"""The entries of a session file, version 3, and the path that leads to the last of them.

A file is refused if its entries are no tree: an id that is there twice, a parent that is not there, a cycle.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.records import Document
from clawc.runtime.trajectory.strangers import Given, Stored, each_object

_VERSION = 3
_HEADER = frozenset({"type", "version", "id", "timestamp"})
_MEND = "Give another file, or leave this one out."


class Entry(NamedTuple):
    """A line. `parent` is empty for a root."""

    id: str
    parent: str
    type: str
    given: Given


class Session(NamedTuple):
    """`path` leads from a root to the last entry, `beside` counts the entries that do not lie on it, `more` is what the header says
    beyond the rest."""

    id: str
    started: str
    header: Given
    more: Document
    path: tuple[Entry, ...]
    beside: int


def read_session(stored: Stored) -> Session:
    """Raises RuntimeFault R0902 to R0904 for what is no such file, R0905 for entries that are no tree."""
    given = each_object(stored)
    header = next(given, None)
    if header is None:
        raise RuntimeFault("R0904", f"`{stored.name}` is empty", _MEND)
    if header.text("type") != "session":
        header.refuse("it is no header of a session", "Give a session file of OpenClaw or pi.")
    version = header.number("version")
    if version != _VERSION:
        header.refuse(
            f"the session has version {'1' if version is None else version}, and {_VERSION} is read",
            "Open it once in OpenClaw or pi, which brings it to version 3."
            if (version or 1) < _VERSION
            else "Install a newer clawc.",
        )
    entries: dict[str, Entry] = {}
    last: Entry | None = None
    for line in given:
        last = _entry(line)
        if last.id in entries:
            _no_tree(line, f"the id `{last.id[:40]}` is there twice")
        entries[last.id] = last
    path = _path(entries, last)
    return Session(
        header.text("id"), header.text_or("timestamp"), header, header.rest(_HEADER), path, len(entries) - len(path)
    )


def _entry(line: Given) -> Entry:
    if "parentId" not in line.fields:
        line.wrong("parentId", "text or null")
    return Entry(line.text("id"), line.text_or("parentId"), line.text("type"), line)


def _path(entries: dict[str, Entry], last: Entry | None) -> tuple[Entry, ...]:
    path: list[Entry] = []
    seen: set[str] = set()
    entry = last
    while entry is not None:
        if entry.id in seen:
            _no_tree(entry.given, f"`{entry.id[:40]}` is its own ancestor")
        seen.add(entry.id)
        path.append(entry)
        if entry.parent and entry.parent not in entries:
            _no_tree(entry.given, f"the parent `{entry.parent[:40]}` is not in the file")
        entry = entries.get(entry.parent) if entry.parent else None
    return tuple(reversed(path))


def _no_tree(line: Given, why: str) -> NoReturn:
    raise RuntimeFault("R0905", f"`{line.where}`: {why}", _MEND)
