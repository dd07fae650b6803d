"""What was found out about the check library, kept for the next process: an SQLite file in the cache folder of the user.

The file is named after the library, the compiler's own emitting code and the interpreter, so another version has another
one. What goes wrong with it costs time, never a result.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import clawc.compiler.emit
from clawc.commands.check_cache import LIBRARIES
from clawc.compiler.emit import memo
from clawc.compiler.emit.shake import library_sha256
from clawc.runtime.cache_folder import cache_folder


class LibraryCache:
    """A Store of `memo`; what is put is written at `close`."""

    def __init__(self, path: Path) -> None:
        self._new: dict[str, str] = {}
        self._path = path
        self._database: sqlite3.Connection | None = None
        if path.exists():
            with suppress(sqlite3.Error):
                self._database = _connected(path)

    def get(self, key: str) -> str | None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                row = self._database.execute("select value from memo where key = ?", (key,)).fetchone()
                if row is not None and isinstance(row[0], str):
                    return row[0]
        return self._new.get(key)

    def put(self, key: str, value: str) -> None:
        self._new[key] = value

    def close(self) -> None:
        """Keep what was put."""
        try:
            if self._new:
                if self._database is None:
                    with suppress(FileExistsError):
                        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                    self._database = _connected(self._path)
                    self._database.execute(
                        "create table if not exists memo (key text primary key, value text) without rowid"
                    )
                with self._database:
                    self._database.executemany("insert or ignore into memo values (?, ?)", self._new.items())
        except (sqlite3.OperationalError, OSError):
            pass  # somebody else has it, or the disk is full
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self._path.unlink()  # damaged: the next process begins it anew
        if self._database is not None:
            self._database.close()


def open_library_cache() -> LibraryCache | None:
    """Remember what is found out from here on, until the caller closes it; None where nothing can be kept."""
    with suppress(OSError):
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return None  # somebody else could write there
        found = LibraryCache(folder / f"{LIBRARIES}{_version()}.sqlite")
        memo.remember_in(found)
        return found
    return None


@cache
def _version() -> str:
    digest = hashlib.sha256(f"{sys.version} {library_sha256()}".encode())
    for path in sorted(Path(str(clawc.compiler.emit.__file__)).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=2)
    database.execute("pragma synchronous = off")  # a lost cache costs a moment
    return database
