"""A run's folder: `run.json`, `episodes.jsonl` (a journal of attempts), `episodes/<key>/`, `scores/<id>.jsonl` (a journal
of re-scorings) and `index.sqlite`.

The journals are the truth. An attempt is finished once its line is durable, so a kill loses at most what is in flight.
Nothing outside the folder is written, whatever stands in it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, RunInfo, attempt_key
from clawc.runtime.store.decode import episode_of, run_of
from clawc.runtime.store.index import Entry, Index, entry_of, open_index
from clawc.runtime.store.journal import (
    Journal,
    Line,
    fault_of,
    lines,
    make_folder,
    open_journal,
    open_to_read,
    read_small,
    sync_folder,
)
from clawc.runtime.store.scores import rescored

RUN = "run.json"
EPISODES = "episodes.jsonl"
FOLDERS = "episodes"


class Store:
    """A run that is being written; made by `open_store`. `last` is the last attempt of each episode."""

    def __init__(self, folder: Path, info: RunInfo, journal: Journal, index: Index) -> None:
        self.folder = folder
        self.info = info
        self.last: dict[str, Entry] = {}
        for entry in index.entries:
            _count(self.last, entry)
        self._journal = journal
        self._index = index

    async def attempt_folder(self, key: str) -> Path:
        """A new empty folder for an attempt, in place of what an unfinished one left."""
        from clawc.runtime.sandbox.finish import in_thread

        path = self.folder / FOLDERS / key
        make_folder(path.parent)
        if os.path.lexists(path):
            await in_thread(_remove, path)
        path.mkdir()
        return path

    async def append(self, record: EpisodeRecord) -> Entry:
        """Add a record; done once it is durable. Raises RuntimeFault R0203 on a full disk, and nothing is added."""
        line = record.model_dump_json().encode() + b"\n"
        offset = self._journal.end
        durable = self._journal.write(line)
        entry = entry_of(record, offset, len(line))
        self._index.add(entry, line)
        _count(self.last, entry)
        try:
            await durable
        except RuntimeFault:
            self._index.drop()
            raise
        return entry

    def records(self, entries: Iterable[Entry]) -> Iterator[EpisodeRecord]:
        """The records of entries, one at a time, from the journal."""
        return records_at(self.folder, entries)

    async def close(self) -> None:
        try:
            await self._journal.close()
        finally:
            self._index.close()


def open_store(folder: Path, info: RunInfo) -> Store:
    """Create the run folder, or continue the run in it; raises RuntimeFault R0201 to R0207."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fault_of(error, folder) from error
    journal = open_journal(folder / EPISODES)
    try:
        if os.path.lexists(folder / RUN):
            info = _same_run(folder, read_info(folder), info)
        elif journal.end:
            raise RuntimeFault("R0201", f"`{folder}` has episodes but no {RUN}", "Give another --out.")
        else:
            _write_info(folder, info)
        index = _indexed(folder, info.run_id, journal)
        return Store(folder, info, journal, index)
    except OSError as error:
        os.close(journal.fd)
        raise fault_of(error, folder) from error
    except BaseException:
        os.close(journal.fd)
        raise


def read_run(folder: Path, scoring: str = "latest") -> tuple[RunInfo, list[EpisodeRecord]]:
    """A run as far as it has got: the last attempt of each episode, in the order in which episodes first ended.

    `scoring` says which judgement the records carry: "original", the id of a re-scoring, or "latest", the newest of
    each attempt. Raises RuntimeFault R0201 where no run is, R0205 and R0206 for what cannot be read, R0209 for an
    unknown re-scoring.
    """
    info, attempts = read_attempts(folder)
    last: dict[str, EpisodeRecord] = {}
    for record in attempts:
        known = last.get(record.episode)
        if known is None or record.attempt >= known.attempt:
            last[record.episode] = record
    return info, rescored(folder, last.values(), scoring)


def read_attempts(folder: Path) -> tuple[RunInfo, list[EpisodeRecord]]:
    """All attempts of a run in the order in which they ended, as they were judged then; raises as `read_run`."""
    info = read_info(folder)
    found: dict[str, EpisodeRecord] = {}
    for record in each_attempt(folder):
        found[record.key] = record
    return info, list(found.values())


def each_attempt(folder: Path) -> Iterator[EpisodeRecord]:
    """The attempts of a run, one at a time, as in the journal; raises RuntimeFault R0205 and R0206."""
    path = folder / EPISODES
    try:
        file = open_to_read(path)
    except FileNotFoundError:
        return
    with file:
        for record, _ in _attempts(file, path, 0, 0, set()):
            yield record


def attempts_from(folder: Path, offset: int = 0, number: int = 0) -> Iterator[tuple[EpisodeRecord, Line]]:
    """The attempts whose lines begin at `offset` or later, with their lines; `number` lines are before it. Nothing where there is no
    journal yet; raises RuntimeFault R0205 and R0206."""
    path = folder / EPISODES
    try:
        file = open_to_read(path)
    except FileNotFoundError:
        return
    with file:
        yield from _attempts(file, path, offset, number, set())


def records_at(folder: Path, entries: Iterable[Entry]) -> Iterator[EpisodeRecord]:
    """The records that entries stand for."""
    path = folder / EPISODES
    with open_to_read(path) as file:
        for entry in entries:
            file.seek(entry.offset)
            yield episode_of(file.read(entry.length), f"{path}, byte {entry.offset}")


def _attempts(
    file: BinaryIO, path: Path, offset: int, number: int, keys: set[str]
) -> Iterator[tuple[EpisodeRecord, Line]]:
    """Records with their lines, from line `number` + 1 at `offset` on; `keys` are those of the lines before."""
    for line in lines(file, path, offset, number):
        where = f"{path}, line {line.number}"
        try:
            record = episode_of(line.data, where)
        except RuntimeFault as fault:
            if fault.code == "R0206" and line.last:
                return  # written by a machine that then lost power
            raise
        # Before attempts had keys of their own, the last record of a key was the one that counts.
        if record.key in keys and record.key == attempt_key(record.episode, record.attempt):
            raise RuntimeFault("R0206", f"`{where}` repeats the key of another line", "Remove one of them.")
        keys.add(record.key)
        yield record, line


def _indexed(folder: Path, run_id: str, journal: Journal) -> Index:
    """The index of all whole lines; what follows them is cut off."""
    path = folder / EPISODES
    with open_to_read(path) as file:
        index = open_index(folder, run_id, file)
        keys = {entry.key for entry in index.entries}
        for record, line in _attempts(file, path, index.covered, len(index.entries), keys):
            index.add(entry_of(record, line.offset, len(line.data) + 1), line.data + b"\n")
    if index.covered < journal.end:
        journal.cut(index.covered)
    return index


def _count(last: dict[str, Entry], entry: Entry) -> None:
    known = last.get(entry.episode)
    if known is None or entry.attempt >= known.attempt:
        last[entry.episode] = entry


def read_info(folder: Path) -> RunInfo:
    """What the run is made of; raises RuntimeFault R0201, R0205 and R0206."""
    try:
        if folder.is_file():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return run_of(read_small(folder / RUN), f"{folder / RUN}")
    except OSError as error:
        raise RuntimeFault("R0201", f"`{folder}` is not a run folder: {error.strerror}") from error


def _same_run(folder: Path, stored: RunInfo, wanted: RunInfo) -> RunInfo:
    """The stored run with as many episodes as wanted now; anything else that differs is another run."""
    _require_same(folder, stored, wanted.agent, wanted.seed, {task.bundle_id for task in wanted.tasks})
    if stored.suite != wanted.suite:
        raise RuntimeFault(
            "R0201", f"`{folder}` holds a run of {_suite(stored)}, not of {_suite(wanted)}", "Give another --out."
        )
    merged = stored.model_copy(update={"episodes": max(stored.episodes, wanted.episodes)})
    if merged != stored:
        _write_info(folder, merged)
    return merged


def _suite(info: RunInfo) -> str:
    if info.suite is None:
        return "no suite"
    return " ".join((info.suite.name, info.suite.version, info.suite.id[:12], *info.suite.splits))


def continues(folder: Path, agent: str, seed: int, bundle_ids: Set[str]) -> bool:
    """Whether such a run is in the folder; false where none is. Raises RuntimeFault R0201 for another run, R0205 to R0207."""
    if not os.path.lexists(folder / RUN):
        return False
    _require_same(folder, read_info(folder), agent, seed, bundle_ids)
    return True


def _require_same(folder: Path, stored: RunInfo, agent: str, seed: int, bundle_ids: Set[str]) -> None:
    for what, old, new in (
        ("agent", stored.agent, agent),
        ("seed", stored.seed, seed),
        ("task", {task.bundle_id for task in stored.tasks}, bundle_ids),
    ):
        if old != new:
            raise RuntimeFault(
                "R0201", f"`{folder}` holds a run with another {what}", "Give another --out, or the same arguments."
            )


def _write_info(folder: Path, info: RunInfo) -> None:
    """Replace `run.json` as a whole, durably."""
    fresh = folder / f"{RUN}.new"
    with suppress(FileNotFoundError):
        os.unlink(fresh)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "wb") as file:
        file.write(json.dumps(info.model_dump(mode="json"), indent=2).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, folder / RUN)
    sync_folder(folder)


def _remove(path: Path) -> None:
    from clawc.runtime.sandbox.remove import remove_tree

    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        remove_tree(path)
