"""Advisory locks on open files; they end with the process, however it ends."""

from __future__ import annotations

import fcntl


def lock_file(fd: int) -> bool:
    """Take the lock for this process, or say that another one holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
