"""Files below a folder whose content is hostile: neither `..` nor a link leads out of it, also if it changes meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import NamedTuple

# Where the folder is mounted for commands; agents may name files in it by this path.
MOUNT = "/w"
_MAX_LINKS = 40
_MAX_PATH = 4096
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class PathProblem(Exception):
    """The text says to the agent what is wrong with a path."""


class Piece(NamedTuple):
    """A part of a file, and whether there is more of it."""

    data: bytes
    more: bool


def read_below(root: str, path: str, offset: int, limit: int) -> Piece:
    """At most `limit` bytes of a regular file. Raises PathProblem."""
    with _Walk(root, path) as walk:
        try:
            with open(walk.file(os.O_RDONLY), "rb") as file:
                file.seek(offset)
                data = file.read(limit + 1)
        except OSError as error:
            raise _problem(error) from error
    return Piece(data[:limit], len(data) > limit)


def write_below(root: str, path: str, data: bytes) -> None:
    """Create or replace a regular file, with the folders above it. Raises PathProblem."""
    with _Walk(root, path, make=True) as walk:
        try:
            with open(walk.file(os.O_WRONLY | os.O_CREAT), "wb") as file:
                file.truncate(0)
                file.write(data)
        except OSError as error:
            raise _problem(error) from error


def delete_below(root: str, path: str) -> None:
    """Remove a file; fine if there is none. Raises PathProblem."""
    with _Walk(root, path) as walk:
        try:
            os.unlink(walk.name, dir_fd=walk.folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _problem(error) from error


def size_below(root: str, limit: int) -> int:
    """Bytes of all files, or something above `limit` as soon as it is exceeded."""
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
            if total > limit:
                return total
    return total


class _Walk:
    """The way to a path: `folder` is an open descriptor of the folder that `name` is in. Folders once passed stay open,
    so `..` leads back to where it came from."""

    def __init__(self, root: str, path: str, make: bool = False) -> None:
        self.name = ""
        self._make = make
        self._links = 0
        self._rest = _parts(path)
        self._way = [os.open(root, _FOLDER)]
        try:
            self._follow()
        except OSError as error:
            self.close()
            raise _problem(error) from error
        except PathProblem:
            self.close()
            raise

    @property
    def folder(self) -> int:
        return self._way[-1]

    def __enter__(self) -> _Walk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def file(self, flags: int) -> int:
        """A descriptor of the regular file at the end of the way."""
        try:
            fd = os.open(self.name, flags | _FILE, 0o644, dir_fd=self.folder)
        except OSError as error:
            raise _problem(error) from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise PathProblem("is not a file")
        return fd

    def close(self) -> None:
        for fd in self._way:
            os.close(fd)
        self._way = []

    def _follow(self) -> None:
        while self._rest:
            name = self._rest.pop(0)
            if name == "..":
                if len(self._way) == 1:
                    raise PathProblem("leads out of the workspace")
                os.close(self._way.pop())
            elif (target := _link(name, self.folder)) is not None:
                self._links += 1
                if target.startswith("/"):
                    raise PathProblem("leads out of the workspace, by an absolute link")
                if self._links > _MAX_LINKS:
                    raise PathProblem("goes through too many links")
                self._rest[:0] = [part for part in target.split("/") if part not in ("", ".")]
            elif not self._rest:
                self.name = name
            else:
                self._enter(name)
        if not self.name:
            raise PathProblem("is a folder")

    def _enter(self, name: str) -> None:
        if self._make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=self.folder)
        self._way.append(os.open(name, _FOLDER, dir_fd=self.folder))


def _parts(path: str) -> list[str]:
    if path == MOUNT or path.startswith(MOUNT + "/"):
        path = path[len(MOUNT) + 1 :]
    if path.startswith("/"):
        raise PathProblem("is not in the workspace")
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise PathProblem("is not Unicode text") from None
    if "\0" in path or size > _MAX_PATH:
        raise PathProblem("is no path")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or path.endswith("/"):
        raise PathProblem("is a folder")
    return parts


def _link(name: str, folder: int) -> str | None:
    """Where a link leads; None for anything else."""
    try:
        return os.readlink(name, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def _problem(error: OSError) -> PathProblem:
    return PathProblem((error.strerror or "cannot be had").lower())
