"""Copies a finished workspace, a folder or a tar archive of one, into a plain folder. Its author is hostile: only regular
files and folders with UTF-8 names come along, no link is followed, and all is bounded."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import IO

from .archive import Member, members

MAX_FILES = 20_000
MAX_BYTES = 256 << 20
MAX_DEPTH = 100
MAX_PATH_BYTES = 2_000
# An archive may hold entries that are refused; so many are looked at.
_MAX_ENTRIES = 2 * MAX_FILES
_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Over(Exception):
    """A bound of the whole collection was met."""


class _Unwritten(Exception):
    """The copy cannot be written, which is nothing that the workspace says."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Count:
    """What was copied so far."""

    def __init__(self) -> None:
        self.files = 0
        self.seen = 0
        self.size = 0


def collect(workspace: str, dest: str) -> None:
    """Copy into the new folder `dest`; modes become 0644 or 0755. Raises OSError if the workspace itself cannot be opened, or
    the copy not be written."""
    if os.path.isdir(workspace):
        _mend(workspace, None, os.stat(workspace))
        folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _into(dest, folder)
        finally:
            os.close(folder)
    else:
        with open(os.open(workspace, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError("the workspace is neither a folder nor a file")
            _into(dest, file)


def collect_left(tree: str, dest: str) -> None:
    """As `collect`, of a folder that a program was run over: if that is no folder any more, nothing is left of it. Raises
    OSError if the copy cannot be written."""
    try:
        _mend(tree, None, os.lstat(tree))
        folder = os.open(tree, _FOLDER)
    except OSError:
        os.mkdir(dest, 0o755)
        return
    try:
        _into(dest, folder)
    finally:
        os.close(folder)


def _into(dest: str, source: int | IO[bytes]) -> None:
    os.mkdir(dest, 0o755)
    os.chmod(dest, 0o755)
    try:
        if isinstance(source, int):
            _folder(source, dest, "", 0, _Count())
        else:
            _archive(source, dest, _Count())
    except _Over:
        pass
    except _Unwritten as problem:
        raise problem.error from None


def _plain(path: str) -> bool:
    """Leads nowhere but down."""
    return _fits(path) and all(part not in ("", ".", "..") for part in path.split("/")) and "\0" not in path


def _fits(path: str) -> bool:
    try:
        return len(path.encode("utf-8")) <= MAX_PATH_BYTES
    except UnicodeEncodeError:
        return False


def _folder(source: int, dest: str, prefix: str, depth: int, count: _Count) -> None:
    with os.scandir(source) as entries:
        names: list[str] = []
        for entry in entries:
            count.seen += 1
            if count.seen > _MAX_ENTRIES:
                raise _Over
            names.append(entry.name)
    for name in sorted(names):
        path = prefix + name
        if not _fits(path):
            continue
        try:
            seen = os.stat(name, dir_fd=source, follow_symlinks=False)
            _mend(name, source, seen)
            if stat.S_ISREG(seen.st_mode):
                _copy_file(name, source, os.path.join(dest, name), count)
            elif stat.S_ISDIR(seen.st_mode) and depth + 1 < MAX_DEPTH:
                inner = os.open(name, _FOLDER, dir_fd=source)
                try:
                    _make(os.path.join(dest, name))
                    _folder(inner, os.path.join(dest, name), path + "/", depth + 1, count)
                finally:
                    os.close(inner)
        except OSError:  # may not be read, or is gone
            continue


def _mend(name: str, source: int | None, seen: os.stat_result) -> None:
    """Give its owner, if that is us, the rights that it lacks to read it."""
    wanted = 0o700 if stat.S_ISDIR(seen.st_mode) else 0o400
    if seen.st_uid == os.geteuid() != 0 and seen.st_mode & wanted != wanted and not stat.S_ISLNK(seen.st_mode):
        os.chmod(name, stat.S_IMODE(seen.st_mode) | wanted, dir_fd=source)


def _make(folder: str) -> None:
    try:
        os.mkdir(folder, 0o755)
    except OSError as error:
        raise _Unwritten(error) from error


def _copy_file(name: str, source: int, target: str, count: _Count) -> None:
    fd = os.open(name, _FILE, dir_fd=source)
    with open(fd, "rb") as file:
        seen = os.fstat(fd)
        if stat.S_ISREG(seen.st_mode):
            _write(file, target, bool(seen.st_mode & 0o100), count)


def _write(file: IO[bytes], target: str, executable: bool, count: _Count, size: int | None = None) -> None:
    """The next `size` bytes of a file, or all that there are. Half a file would be judged as if the agent had written it, so none
    is left of one that is over the bounds or not whole."""
    if count.files >= MAX_FILES:
        raise _Over
    try:
        new = open(target, "wb")  # noqa: SIM115 - whether it can be opened is another matter than what follows
    except OSError as error:
        raise _Unwritten(error) from error
    left = MAX_BYTES + 1 if size is None else size
    with new:
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                break
            left -= len(chunk)
            count.size += len(chunk)
            if count.size > MAX_BYTES:
                break
            try:
                new.write(chunk)
                new.flush()
            except OSError as error:
                raise _Unwritten(error) from error
    if count.size > MAX_BYTES or (left and size is not None):
        os.unlink(target)
        raise _Over
    os.chmod(target, 0o755 if executable else 0o644)
    count.files += 1


def _archive(file: IO[bytes], dest: str, count: _Count) -> None:
    """The last of several entries with one path counts; an entry below something that is no folder is left out."""
    for member in members(file):
        count.seen += 1
        if count.seen > _MAX_ENTRIES:
            raise _Over
        path = "" if member is None else os.fsdecode(member.name)
        path = (path[2:] if path.startswith("./") else path).rstrip("/")
        if member is not None and _plain(path) and path.count("/") < MAX_DEPTH:
            _member(file, member, dest, path.split("/"), count)


def _member(file: IO[bytes], member: Member, dest: str, parts: list[str], count: _Count) -> None:
    at = dest
    for part in parts if member.folder else parts[:-1]:
        at = os.path.join(at, part)
        if not os.path.isdir(at):
            if os.path.lexists(at) or len(os.fsencode(part)) > 255:
                return
            _make(at)
    if not member.folder and len(os.fsencode(parts[-1])) <= 255:
        target = os.path.join(at, parts[-1])
        if not os.path.isdir(target):
            _write(file, target, bool(member.mode & 0o100), count, member.size)


def remove(tree: str) -> None:
    """Remove what a program has left, however deep it is and whatever rights it has taken away. Nothing of it runs any more.
    What cannot be removed stays."""
    with suppress(OSError):
        if not stat.S_ISDIR(os.lstat(tree).st_mode):
            os.unlink(tree)
            return
    number, waiting = 0, [tree]
    while waiting:
        folder = waiting.pop()
        inner: list[str] = []
        with suppress(OSError):
            os.chmod(folder, 0o700)
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(entry.path)
                    else:
                        os.unlink(entry.path)
        for path in inner:
            # Moved to the top before it is emptied, so that no path becomes long; for that one has to be allowed to write to it.
            with suppress(OSError):
                target = path
                while folder != tree and os.path.lexists(target):
                    number += 1
                    target = os.path.join(tree, "r%d" % number)
                os.chmod(path, 0o700)
                os.rename(path, target)
                waiting.append(target)
        if folder != tree:
            with suppress(OSError):
                os.rmdir(folder)
    with suppress(OSError):
        os.rmdir(tree)
