"""Results of checks, kept for files that have not changed: an SQLite file in the cache folder of the user.

A result counts as long as the source, all that it read and the compiler are the same, by their content. Where the system
says that a file was not touched since, its content is not read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import clawc.compiler
import clawc.spec
import clawc.stdlib
from clawc import __version__
from clawc.compiler.assets import stamp
from clawc.runtime.cache_database import open_cache
from clawc.runtime.cache_folder import cache_folder

LAYOUT = 1
_TABLE = "checks (key text primary key, compiler text, at integer, digest text, reads text, state text, result text)"
WORD_LISTS = "mimesis"  # as compiler/word_lists.py reads them, which is not imported here
# Names of the files that kept_library.py keeps, one for each version, and how many of other versions stay.
LIBRARIES = "library-"
_OTHER_LIBRARIES = 4
MAX_ROWS = 200_000
# A file that was written so shortly before it was read may have been written again within the same tick of the clock.
_SETTLED_NS = 2_000_000_000


class Source(NamedTuple):
    """A file to check: its path as shown and as stored, and the root of its project."""

    shown: str
    path: str
    root: str

    @property
    def key(self) -> str:
        return json.dumps([self.path, self.shown, self.root])


class Kept(NamedTuple):
    """What is kept: the digest of the source, what it read by kind and path, and the result as JSON data."""

    digest: str
    reads: list[tuple[str, str, str]]
    result: Any


def compiler_id() -> str:
    """Changes with every change of the compiler, its tables, its library and its word lists, and with the interpreter."""
    listed: list[str] = [__version__, sys.version, _word_lists()]
    for package in (clawc.spec, clawc.compiler, clawc.stdlib):
        for folder, folders, files in os.walk(os.path.dirname(str(package.__file__))):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            with os.scandir(folder) as entries:
                listed += sorted(
                    f"{folder}/{e.name} {s.st_size} {s.st_mtime_ns}"
                    for e in entries
                    if e.name in files
                    for s in (e.stat(),)
                )
    return hashlib.sha256("\n".join(listed).encode("utf-8", "surrogateescape")).hexdigest()


def _word_lists() -> str:
    """Which installation of the word lists there is: without it, what was kept may say that they are missing."""
    spec = find_spec(WORD_LISTS)
    if spec is None or spec.origin is None:
        return ""
    with suppress(OSError):
        found = os.stat(spec.origin)
        return f"{spec.origin} {found.st_size} {found.st_mtime_ns}"
    return ""


def thin_library_caches() -> None:
    """Drop the files of versions that were not used for the longest time."""
    with suppress(OSError):
        files = sorted(cache_folder().glob(f"{LIBRARIES}*.sqlite"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[: max(0, len(files) - 1 - _OTHER_LIBRARIES)]:
            path.unlink()


class CheckCache:
    """Opened for one command. What goes wrong with it costs time, never a result: then nothing is kept."""

    def __init__(self, folder: Path) -> None:
        self._database: sqlite3.Connection | None = None
        self._id = ""
        with suppress(OSError, sqlite3.Error):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
                return  # somebody else could write there
            # Written without waiting for the disk: a lost cache costs one check.
            self._database = open_cache(folder / f"check-{LAYOUT}.sqlite", _TABLE, "off")
            self._id = compiler_id()

    def close(self) -> None:
        """Keeps what was put."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.commit()
            self._database.close()
            self._database = None

    def find(self, sources: Sequence[Source]) -> dict[Source, Any]:
        """The results that still hold."""
        found: dict[Source, Any] = {}
        touched: list[tuple[str, str]] = []
        if self._database is None:
            return found
        for source in sources:
            try:
                row = self._database.execute(
                    "select at, digest, reads, state, result from checks where key = ? and compiler = ?",
                    (source.key, self._id),
                ).fetchone()
                if row is None:
                    continue
                at, digest, reads, state, result = row
                now = _state(source, json.loads(reads))
                if now != json.loads(state) or _newest(now) > at - _SETTLED_NS:
                    if not _holds(source, digest, json.loads(reads)):
                        continue
                    touched.append((source.key, json.dumps(now)))
                found[source] = json.loads(result)
            except (sqlite3.Error, ValueError, TypeError, OSError):
                continue
        with suppress(sqlite3.Error):
            now_ns = time.time_ns()
            self._database.executemany(
                "update checks set at = ?, state = ? where key = ?",
                [(now_ns, state, key) for key, state in touched],
            )
        return found

    def put(self, source: Source, kept: Kept, began_ns: int) -> None:
        """Keeps a result; `began_ns` is when the check began to read."""
        if self._database is None:
            return
        with suppress(sqlite3.Error, OSError):
            state = json.dumps(_state(source, kept.reads))
            self._database.execute(
                "insert or replace into checks values (?, ?, ?, ?, ?, ?, ?)",
                (source.key, self._id, began_ns, kept.digest, json.dumps(kept.reads), state, json.dumps(kept.result)),
            )

    def trim(self) -> None:
        """Drops what other versions kept, and the oldest beyond a bound."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.execute("delete from checks where compiler <> ?", (self._id,))
                self._database.execute(
                    "delete from checks where key in (select key from checks order by at desc limit -1 offset ?)",
                    (MAX_ROWS,),
                )


def _holds(source: Source, digest: str, reads: Iterable[tuple[str, str, str]]) -> bool:
    """Are the contents the same, although files were touched?"""
    with open(source.path, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != digest:
            return False
    return all(stamp(Path(source.root), kind, path) == was for kind, path, was in reads)


def _state(source: Source, reads: Iterable[Sequence[str]]) -> list[list[int]]:
    """What the system says of the source and the files that it read: times, size, number; -1 where there is none.

    A folder says nothing of what lies below it, so it always counts as touched.
    """
    return [_stat(source.path), *(_stat(path) if kind == "file" else [time.time_ns()] for kind, path, _ in reads)]


def _stat(path: str) -> list[int]:
    try:
        s = os.stat(path)
    except OSError:
        return [-1]
    return [s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino]


def _newest(state: Iterable[Sequence[int]]) -> int:
    return max(max(of[:2]) for of in state)
