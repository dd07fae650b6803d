"""Advisory locks on open files; they end with the process, however it ends."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_AGAIN_S = 0.2


def lock_file(fd: int) -> bool:
    """Take the lock for this process, or say that another one holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """One process at a time makes a folder; others wait for it. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "wb") as file:
        while not lock_file(file.fileno()):
            time.sleep(_AGAIN_S)
        yield
