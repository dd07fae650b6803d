"""Files of an attempt: what it was given, what it has left, and what differs. All of them may be a stranger's: they are bounded, never
followed out of their folder, and shown as text or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from clawc.runtime.bundle import Bundle, load, safe_path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import Change, EpisodeRecord, RunInfo
from clawc.runtime.store.run_folder import FOLDERS
from clawc.runtime.trajectory.strangers import open_inside
from clawc.spec.bundle import WORKSPACE

# Bytes of a file that are read, lines and characters of a line that are compared.
BYTES = 256 << 10
LINES = 3_000
WIDTH = 2_000
_AROUND = 3
_PAIRS = 200_000
_BUNDLES = "bundles"

Kind = Literal["same", "added", "removed", "hunk"]


class DiffLine(NamedTuple):
    kind: Kind
    text: str


class FileDiff(NamedTuple):
    """A file that was changed. `lines` are its differences, or all of it where it is new; `note` says why there are none."""

    change: Change
    lines: tuple[DiffLine, ...]
    note: str


class Bundles:
    """The bundles of a run, as far as they are still there and whole: each is loaded once."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        # Where a run folder was moved, its own bundles moved along.
        self._paths = {
            task.bundle_id: (folder / _BUNDLES / Path(task.path).name, Path(task.path)) for task in info.tasks
        }
        self._known: dict[str, Bundle | None] = {}

    def of(self, bundle_id: str) -> Bundle | None:
        """The bundle of this id; None if it cannot be had."""
        if bundle_id not in self._known:
            if len(self._known) > 200:
                self._known.clear()
            found = (_loaded(path, bundle_id) for path in self._paths.get(bundle_id, ()))
            self._known[bundle_id] = next((bundle for bundle in found if bundle is not None), None)
        return self._known[bundle_id]


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
        shown = _text(after)
        if shown is None or change.kind == "removed":
            return FileDiff(change, (), "its bundle is not there, so what it was is not known")
        lines = tuple(DiffLine("same", line) for line in shown[:LINES])
        return FileDiff(change, lines, "its bundle is not there: this is what was left, not what was changed")
    old, new = _text(before or b""), _text(after)
    if old is None or new is None:
        return FileDiff(change, (), "not a text, or too large to be shown")
    return FileDiff(change, tuple(_difference(old, new)), "")


def text_lines(data: bytes) -> list[str] | None:
    """A text by lines; None for what is none, or too large."""
    return _text(data)


def _difference(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    """Changed lines with three around them. Where there are too many to be compared one with another, all of the old, then all of the
    new between what both begin and end with: the time is bounded for whatever texts."""
    most = min(len(old), len(new))
    begin = next((n for n in range(most) if old[n] != new[n]), most)
    end = next((n for n in range(most - begin) if old[-1 - n] != new[-1 - n]), most - begin)
    middle = old[begin : len(old) - end], new[begin : len(new) - end]
    if not middle[0] or not middle[1] or len(middle[0]) * len(middle[1]) > _PAIRS:
        first = max(0, begin - _AROUND)
        if first:
            yield DiffLine("hunk", f"@@ line {first + 1} @@")
        yield from (DiffLine("same", line) for line in new[first:begin])
        yield from (DiffLine("removed", line) for line in middle[0])
        yield from (DiffLine("added", line) for line in middle[1])
        yield from (DiffLine("same", line) for line in new[len(new) - end :][:_AROUND])
        return
    for number, line in enumerate(difflib.unified_diff(old, new, lineterm="", n=_AROUND)):
        if number < 2:
            continue  # names of files
        kind: Kind = (
            "hunk" if line.startswith("@@") else "added" if line[0] == "+" else "removed" if line[0] == "-" else "same"
        )
        yield DiffLine(kind, line if kind == "hunk" else line[1:])


def _text(data: bytes) -> list[str] | None:
    if len(data) > BYTES or b"\0" in data:
        return None
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return None
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) > LINES:
        return None
    return [line if len(line) <= WIDTH else f"{line[:WIDTH]}… ({len(line) - WIDTH} more characters)" for line in lines]


def _loaded(path: Path, bundle_id: str) -> Bundle | None:
    """Raises nothing: the path is what a run folder says, and need not be one."""
    try:
        bundle = load(path)
    except (RuntimeFault, OSError, ValueError):
        return None
    return bundle if bundle.manifest.id == bundle_id else None
