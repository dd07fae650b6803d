"""Databases of results that may be lost: one that is damaged is begun anew. Works on every system."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Literal


def open_cache(path: Path, table: str, synchronous: Literal["off", "normal"]) -> sqlite3.Connection:
    """The database in a file of this user's own, made if it is not there, with the table that `create table` begins as `table` says.
    Raises OSError, and sqlite3.Error where somebody else has it or the disk is full."""
    try:
        return _begun(path, table, synchronous)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(f"{path}{suffix}")
        return _begun(path, table, synchronous)


def _begun(path: Path, table: str, synchronous: str) -> sqlite3.Connection:
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    database = sqlite3.connect(path, timeout=2)
    database.execute("pragma journal_mode = wal")
    database.execute(f"pragma synchronous = {synchronous}")
    database.execute(f"create table if not exists {table} without rowid")
    return database
