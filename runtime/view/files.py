"""Files of an attempt: what it was given, what it has left, and what differs. All of them may be a stranger's: they are bounded, never
followed out of their folder, and shown as text or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.bundle import Bundle, safe_path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import Change, EpisodeRecord
from clawc.runtime.store.run_folder import FOLDERS
from clawc.runtime.trajectory.strangers import open_inside
from clawc.runtime.web.differences import BYTES, DiffLine, differences, lines_of
from clawc.spec.bundle import WORKSPACE


class FileDiff(NamedTuple):
    """A file that was changed. `lines` are its differences, or all of it where it is new; `note` says why there are none."""

    change: Change
    lines: tuple[DiffLine, ...]
    note: str


def left_by(folder: Path, key: str, path: str, limit: int = BYTES) -> bytes | None:
    """At most `limit` + 1 bytes of a file of the collected workspace; None where there is no regular file inside of it."""
    if not safe_path(path):
        return None
    try:
        stored = open_inside(folder, f"{FOLDERS}/{key}/workspace/{path}")
    except RuntimeFault:
        return None
    if stored is None:
        return None
    with stored.file:
        return stored.file.read(limit + 1)


def given_to(bundle: Bundle | None, path: str) -> bytes | None:
    """A file as the agent found it; None where it found none, or it is not known."""
    name = f"{WORKSPACE}/{path}"
    if bundle is None or name not in bundle.files:
        return None
    try:
        return bundle.read(name)
    except RuntimeFault:
        return None


def diffs_of(folder: Path, record: EpisodeRecord, bundle: Bundle | None, most: int) -> Iterator[FileDiff]:
    """What the first `most` changed files of an attempt were and are."""
    for change in record.changes.listed[:most] if record.changes else ():
        yield diff_of(folder, record, bundle, change)


def diff_of(folder: Path, record: EpisodeRecord, bundle: Bundle | None, change: Change) -> FileDiff:
    """One changed file."""
    before = b"" if change.kind == "added" else given_to(bundle, change.path)
    after = b"" if change.kind == "removed" else left_by(folder, record.key, change.path)
    if after is None:
        return FileDiff(change, (), "what was left here is not in the run folder")
    if before is None and change.kind != "added":
        shown = lines_of(after)
        if shown is None or change.kind == "removed":
            return FileDiff(change, (), "its bundle is not there, so what it was is not known")
        lines = tuple(DiffLine("", line) for line in shown)
        return FileDiff(change, lines, "its bundle is not there: this is what was left, not what was changed")
    old, new = lines_of(before), lines_of(after)
    if old is None or new is None:
        return FileDiff(change, (), "not a text, or too large to be shown")
    return FileDiff(change, tuple(differences(old, new)), "")
