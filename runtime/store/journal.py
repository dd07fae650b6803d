"""A file of lines that only grows. A line counts from the moment it is durable: it is written by one call, and a thread
syncs the file for all lines that were written meanwhile.

The file may stand in a stranger's folder: it is opened only if it is a regular file under one name, and lines are
bounded. What follows the last line break was torn by a kill, and is cut when the journal is opened to be continued.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from clawc.runtime.errors import RuntimeFault

LINE_BYTES = 16 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}
# What opening says of a link, a folder and a pipe or socket.
_OTHER = {errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO}
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_sync = getattr(os, "fdatasync", os.fsync)


class Line(NamedTuple):
    """A whole line, without its line break; `offset` is where it begins, `number` counts from 1. `last` if no whole line
    follows."""

    number: int
    offset: int
    data: bytes
    last: bool


class Journal:
    """A journal that this process alone writes, made by `open_journal`; used from one event loop."""

    def __init__(self, fd: int, folder: Path) -> None:
        self.fd = fd
        self.end = os.fstat(fd).st_size
        self._folder = folder
        self._durable = self.end
        self._waiting: list[asyncio.Future[None]] = []
        self._syncing: asyncio.Task[None] | None = None
        self._broken: OSError | None = None
        self._thread = ThreadPoolExecutor(1, "journal")

    def cut(self, end: int) -> None:
        """Drop what follows the whole lines, before anything is appended."""
        os.ftruncate(self.fd, end)
        self.end = self._durable = end

    def write(self, line: bytes) -> asyncio.Future[None]:
        """Write a line, which must hold no line break but its last byte; the future is done once it is durable.

        Raises RuntimeFault R0203 on a full disk, else R0207, and nothing of the line is left.
        """
        if self._broken is not None:
            raise fault_of(self._broken, self._folder)
        try:
            written = os.write(self.fd, line)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(self.fd, self.end)
            raise fault_of(error, self._folder) from error
        self.end += len(line)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._syncing is None:
            self._syncing = asyncio.get_running_loop().create_task(self._sync_all())
        return done

    async def _sync_all(self) -> None:
        """Sync until nobody waits. After a failed sync nothing is known of what was written since the last one, so that
        is cut off."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            end = self.end
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, _sync, self.fd)
            except OSError as error:
                self._broken = error
                os.ftruncate(self.fd, self._durable)
                self.end = self._durable
                for done in (*waiting, *self._waiting):
                    if not done.done():
                        done.set_exception(fault_of(error, self._folder))
                self._waiting.clear()
                break
            self._durable = end
            for done in waiting:
                if not done.done():
                    done.set_result(None)
        self._syncing = None

    async def close(self) -> None:
        """Close the file once no thread syncs it. Lines whose writers were cancelled are durable then, too."""
        from clawc.runtime.sandbox.finish import finish

        try:
            if self._syncing is not None:
                await finish(self._syncing)
        finally:
            self._thread.shutdown()
            os.close(self.fd)


def open_journal(path: Path) -> Journal:
    """Create or continue the journal `path`, whose folder is there; locked for this process. Raises RuntimeFault R0202
    if another one has it, R0206 if it is no file to append to, else R0203 or R0207."""
    from clawc.runtime.sandbox.lock import lock_file  # Linux only, unlike reading

    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _SAFE, 0o644)
    except OSError as error:
        if error.errno in _OTHER:
            raise _no_file(path) from error
        raise fault_of(error, path.parent) from error
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise _no_file(path)
        if not lock_file(fd):
            raise RuntimeFault(
                "R0202", f"another process is writing to `{path.parent}`", "Wait for it, or give another folder."
            )
        return Journal(fd, path.parent)
    except OSError as error:
        os.close(fd)
        raise fault_of(error, path.parent) from error
    except BaseException:
        os.close(fd)
        raise


def open_to_read(path: Path) -> BinaryIO:
    """A regular file, no link. Raises FileNotFoundError, and RuntimeFault R0206 for what is none, R0207 for what
    this user may not read."""
    try:
        fd = os.open(path, os.O_RDONLY | _SAFE)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _OTHER:
            raise _no_file(path) from error
        raise RuntimeFault("R0207", f"cannot read `{path}`: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _no_file(path)
    return os.fdopen(fd, "rb")


def read_small(path: Path) -> bytes:
    """The content of a regular file of at most one line's bound; raises as `open_to_read`."""
    with open_to_read(path) as file:
        data = file.read(LINE_BYTES + 1)
    if len(data) > LINE_BYTES:
        raise RuntimeFault("R0206", f"`{path}` is larger than {LINE_BYTES >> 20} MiB")
    return data


def lines(file: BinaryIO, path: Path, offset: int = 0, number: int = 0) -> Iterator[Line]:
    """The whole lines of a journal from `offset` on, where line `number` + 1 begins. Raises RuntimeFault R0206 for one
    that is too long."""
    file.seek(offset)
    data = _next(file, path, number + 1)
    while data is not None:
        number += 1
        following = _next(file, path, number + 1)
        yield Line(number, offset, data[:-1], following is None)
        offset += len(data)
        data = following


def _next(file: BinaryIO, path: Path, number: int) -> bytes | None:
    data = file.readline(LINE_BYTES + 1)
    if data.endswith(b"\n"):
        return data
    if len(data) > LINE_BYTES:
        raise RuntimeFault("R0206", f"`{path}, line {number}` is longer than {LINE_BYTES >> 20} MiB")
    return None


def make_folder(path: Path) -> None:
    """A folder within a run folder, where it is not yet. Raises RuntimeFault R0206 for a link in its place."""
    with suppress(FileExistsError):
        path.mkdir()
    real_folder(path)


def real_folder(path: Path) -> None:
    """Raises RuntimeFault R0206 if what stands there is no folder but, for example, a link to one."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise RuntimeFault("R0206", f"`{path}` is not a folder", "Give another run folder, or remove it.")


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(path, os.O_RDONLY | _SAFE)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fault_of(error: OSError, folder: Path) -> RuntimeFault:
    """A failure to write into a run folder, for people. Copying a tree tells of several files at once, as text only."""
    if error.errno in _FULL or (isinstance(error, shutil.Error) and any(f"[Errno {n}]" in str(error) for n in _FULL)):
        return RuntimeFault(
            "R0203",
            f"no space left for `{folder}`",
            "Free some space and run again: finished episodes are kept.",
        )
    return RuntimeFault("R0207", f"cannot write to `{folder}`: {error.strerror or 'files could not be copied'}")


def _no_file(path: Path) -> RuntimeFault:
    return RuntimeFault("R0206", f"`{path}` is not a regular file of its own", "Give another folder, or a copy of it.")
