"""Files of a sandbox, read and written as a process inside it. Standard library of CPython 3.9 only."""

from __future__ import annotations

import os
import stat


def put(path: str, data: bytes, mode: int, at: int) -> None:
    """Write a regular file from the offset `at` on, with which it ends before; its folders are made. A FIFO or device in its place
    is refused without blocking."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    with open(fd, "wb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("is not a regular file")
        os.ftruncate(fd, at)
        file.seek(at)
        file.write(data)


def get(path: str, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("is not a regular file")
        if found.st_size > limit:
            raise ValueError(f"is larger than {limit} bytes")
        return file.read(limit)
