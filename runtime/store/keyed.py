"""Journals whose lines are records with keys of their own, as re-scorings and judgements are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.store.journal import (
    Journal,
    Line,
    lines,
    make_folder,
    open_journal,
    open_to_read,
    real_folder,
    sync_folder,
)

_NAME = re.compile(r"([0-9a-f]{16})\.jsonl")


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


_Record = TypeVar("_Record", bound=Keyed)


def journal_ids(folder: Path) -> list[str]:
    """The ids of the journals `<id>.jsonl` in a folder of a run; none where it is not."""
    if not os.path.lexists(folder):
        return []
    real_folder(folder)
    return sorted(found[1] for name in os.listdir(folder) if (found := _NAME.fullmatch(name)))


def keyed(path: Path, parse: Callable[[bytes, str], _Record]) -> Iterator[tuple[_Record, Line]]:
    """The records of a journal with their lines. `parse` gets a line and where it stands. Raises RuntimeFault R0205 and R0206, also
    for a key that comes twice."""
    seen: set[str] = set()
    with open_to_read(path) as file:
        for line in lines(file, path):
            where = f"{path}, line {line.number}"
            try:
                record = parse(line.data, where)
            except RuntimeFault as fault:
                if fault.code == "R0206" and line.last:
                    return  # written by a machine that then lost power
                raise
            if record.key in seen:
                raise RuntimeFault("R0206", f"`{where}` repeats the key of another line", "Remove one of them.")
            seen.add(record.key)
            yield record, line


def open_keyed(path: Path, parse: Callable[[bytes, str], _Record], found: Callable[[_Record], object]) -> Journal:
    """Begin or continue a journal, its folder with it; `found` gets the records that it has. Raises as `open_journal` and `keyed`."""
    make_folder(path.parent)
    journal = open_journal(path)
    try:
        end = 0
        for record, line in keyed(path, parse):
            found(record)
            end = line.offset + len(line.data) + 1
        if end < journal.end:
            journal.cut(end)
        sync_folder(path.parent)
    except BaseException:
        os.close(journal.fd)
        raise
    return journal
