"""Regular files read within a bound: a folder, FIFO or device in their place is an error and never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple


class FileContent(NamedTuple):
    """What was read, with the owner and the permission bits that the file had then."""

    data: bytes
    owner: int
    mode: int


def read_regular(path: str | Path, limit: int, *, folder: int | None = None, follow: bool = True) -> FileContent:
    """The content of a regular file of at most `limit` bytes; `path` is taken from the open `folder`, if one is given. Raises
    OSError, of which `strerror` says why."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    fd = os.open(path, flags, dir_fd=folder)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a regular file", str(path))
        if found.st_size > limit:
            raise OSError(0, f"it has {found.st_size} bytes, of {limit} that it may have", str(path))
        data = b""
        while len(data) <= limit and (part := os.read(fd, limit + 1 - len(data))):
            data += part
        return FileContent(data[: limit + 1], found.st_uid, stat.S_IMODE(found.st_mode))
    finally:
        os.close(fd)
