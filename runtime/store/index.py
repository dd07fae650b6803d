"""What a run's journal holds, in short: an SQLite file beside it, so that continuing a run need not read every record.

The journal decides and the index is a cache: it counts only if this user wrote it (a keyed seal over all of it) for the
very bytes that the journal begins with; otherwise it is made anew. It is opened by the run's only writer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.records import EpisodeRecord, Outcome

INDEX = "index.sqlite"
LAYOUT = 1
_BATCH = 512
_CHUNK = 1 << 20
_TABLES = (
    "CREATE TABLE entries (offset INTEGER PRIMARY KEY, length INTEGER NOT NULL, key TEXT NOT NULL,"
    " episode TEXT NOT NULL, attempt INTEGER NOT NULL, task TEXT NOT NULL, outcome TEXT NOT NULL, score TEXT,"
    " score_checks TEXT, failed TEXT NOT NULL)",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
# What SQLite leaves beside a file while it changes it. Ours are never kept there, and a stranger's could name other files.
_BESIDE = ("-journal", "-wal", "-shm")


class Entry(NamedTuple):
    """One attempt; its line of the journal has `length` bytes from `offset` on. `failed` are the names of the checks that
    did not pass, as a JSON list; scores as in the record."""

    offset: int
    length: int
    key: str
    episode: str
    attempt: int
    task: str
    outcome: Outcome
    score: str | None
    score_checks: str | None
    failed: str

    @property
    def failed_checks(self) -> list[str]:
        return cast("list[str]", json.loads(self.failed))


def entry_of(record: EpisodeRecord, offset: int, length: int) -> Entry:
    """The entry of a record whose line is at `offset`."""
    failed = json.dumps([check.name for check in record.checks if not check.passed])
    return Entry(offset, length, record.key, record.episode, record.attempt, record.task, record.outcome,
                 record.score, record.score_checks, failed)  # fmt: skip


class Index:
    """Entries of a journal in its order, made by `open_index`. `covered` is where the last one ends."""

    def __init__(self, path: Path, run_id: str) -> None:
        self.entries: list[Entry] = []
        self.covered = 0
        self._path = path
        self._run_id = run_id
        self._journal = hashlib.sha256()
        self._rows = hashlib.sha256()
        self._saved = 0
        self._usable = True
        self._database: sqlite3.Connection | None = None

    def add(self, entry: Entry, line: bytes) -> None:
        """Add the entry of the `line`, line break and all, that stands where the last one ended; now and then all is
        saved."""
        self._take(entry)
        self._journal.update(line)
        if len(self.entries) - self._saved >= _BATCH:
            self.save()

    def save(self) -> None:
        """Write what was added. An index that cannot be written is none: it is removed."""
        if not self._usable or self._saved == len(self.entries):
            return
        try:
            if self._database is None:
                _remove(self._path)
                self._database = _connect(self._path, "rwc")
                for table in _TABLES:
                    self._database.execute(table)
                self._saved = 0
            self._database.execute("BEGIN")
            self._database.executemany(
                f"INSERT INTO entries VALUES ({', '.join('?' * len(Entry._fields))})", self.entries[self._saved :]
            )
            self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", self._meta().items())
            self._database.execute("COMMIT")
            self._saved = len(self.entries)
        except (sqlite3.Error, OSError):
            self.drop()

    def close(self) -> None:
        self.save()
        if self._database is not None:
            self._database.close()
            self._database = None

    def drop(self) -> None:
        """Remove the file and write it no more: the journal was cut below what it covers, or it cannot be written."""
        self._usable = False
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None
        with suppress(OSError):
            _remove(self._path)

    def load(self, journal: BinaryIO) -> bool:
        """Take over what the file holds. False if not all of it is sound: then this object is of no use."""
        try:
            if not _plain(self._path):
                return False
            self._database = _connect(self._path, "rw")
            sound = self._loaded(self._database, journal)
        except (sqlite3.Error, OSError, ValueError, TypeError, KeyError, OverflowError):
            sound = False
        if not sound and self._database is not None:
            self._database.close()
        return sound

    def _loaded(self, database: sqlite3.Connection, journal: BinaryIO) -> bool:
        # Before anything else, so that no view or trigger of a stranger's can stand in the place of a table.
        schema = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        if [row[0] for row in schema] != list(_TABLES):
            return False
        stored = dict(cast("list[tuple[str, str]]", database.execute("SELECT name, value FROM meta").fetchmany(9)))
        covered = int(stored["covered"])
        if not 0 <= covered <= os.fstat(journal.fileno()).st_size:
            return False
        for row in cast("Iterable[tuple[object, ...]]", database.execute("SELECT * FROM entries ORDER BY offset")):
            entry = Entry._make(cast("tuple[int, int, str, str, int, str, Outcome, str, str, str]", row))
            if entry.offset != self.covered or entry.length < 1 or entry.offset + entry.length > covered:
                return False
            self._take(entry)
        journal.seek(0)
        left = covered
        while left and (data := journal.read(min(left, _CHUNK))):
            self._journal.update(data)
            left -= len(data)
        self._saved = len(self.entries)
        return left == 0 and hmac.compare_digest(stored["seal"].encode(), self._meta()["seal"].encode())

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.covered = entry.offset + entry.length
        self._rows.update(json.dumps(entry).encode())

    def _meta(self) -> dict[str, str]:
        sealed = [LAYOUT, self._run_id, self.covered, self._journal.hexdigest(), self._rows.hexdigest()]
        seal = hmac.new(_user_key(), json.dumps(sealed).encode(), "sha256").hexdigest()
        return {"covered": str(self.covered), "seal": seal}


def open_index(folder: Path, run_id: str, journal: BinaryIO) -> Index:
    """The index of the journal as far as the file in `folder` covers it: what follows is to be added by the caller."""
    index = Index(folder / INDEX, run_id)
    return index if index.load(journal) else Index(folder / INDEX, run_id)


def _plain(path: Path) -> bool:
    """Whether the file is a regular one with nothing beside it that SQLite would take for a part of it."""
    if any(os.path.lexists(f"{path}{suffix}") for suffix in _BESIDE):
        return False
    found = os.lstat(path)
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _remove(path: Path) -> None:
    """Raises OSError where a folder stands in the place of a file."""
    for suffix in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """Nothing but this file is written: the way back of a change is kept in memory, and a kill in its midst costs the
    index alone."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    try:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "locking_mode=EXCLUSIVE", "journal_mode=MEMORY",
                       "synchronous=OFF", "temp_store=MEMORY"):  # fmt: skip
            database.execute(f"PRAGMA {pragma}")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 16 << 20)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    except sqlite3.Error:
        database.close()
        raise
    return database


_key: list[bytes] = []


def _user_key() -> bytes:
    """The key of this user's seals, from the cache folder; where none can be kept, one for this process alone."""
    if not _key:
        _key.append(_stored_key() or secrets.token_bytes(32))
    return _key[0]


def _stored_key() -> bytes | None:
    try:
        path = cache_folder() / "index.key"
        if path.is_file():
            return path.read_bytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(FileExistsError):
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                os.link(fresh, path)  # the first of several processes at once
            finally:
                os.unlink(fresh)
        return path.read_bytes()
    except (OSError, RuntimeError):
        return None
