"""Copies a finished workspace, a folder or a tar archive of one, into a plain folder. Its author is hostile: only regular
files and folders with UTF-8 names come along, no link is followed, and all is bounded."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tarfile
from typing import IO

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


class _Count:
    """What was copied so far."""

    def __init__(self) -> None:
        self.files = 0
        self.seen = 0
        self.size = 0


def collect(workspace: str, dest: str) -> None:
    """Copy into the new folder `dest`; modes become 0644 or 0755. Raises OSError if the workspace itself cannot be opened."""
    os.mkdir(dest, 0o755)
    os.chmod(dest, 0o755)
    count = _Count()
    try:
        if os.path.isdir(workspace):
            folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                _folder(folder, dest, "", 0, count)
            finally:
                os.close(folder)
        else:
            with open(workspace, "rb") as file:
                _archive(file, dest, count)
    except _Over:
        pass


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
                    os.mkdir(os.path.join(dest, name), 0o755)
                    _folder(inner, os.path.join(dest, name), path + "/", depth + 1, count)
                finally:
                    os.close(inner)
        except OSError:  # may not be read, or is gone
            continue


def _mend(name: str, source: int, seen: os.stat_result) -> None:
    """Give its owner, if that is us, the rights that it lacks to read it."""
    wanted = 0o700 if stat.S_ISDIR(seen.st_mode) else 0o400
    if seen.st_uid == os.geteuid() != 0 and seen.st_mode & wanted != wanted and not stat.S_ISLNK(seen.st_mode):
        os.chmod(name, stat.S_IMODE(seen.st_mode) | wanted, dir_fd=source)


def remove(tree: str) -> None:
    """Remove a folder that a program has left, however deep it is."""
    try:
        shutil.rmtree(tree, ignore_errors=True)
    except RecursionError:
        subprocess.run(["/bin/rm", "-rf", "--", tree], check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _copy_file(name: str, source: int, target: str, count: _Count) -> None:
    fd = os.open(name, _FILE, dir_fd=source)
    with open(fd, "rb") as file:
        seen = os.fstat(fd)
        if stat.S_ISREG(seen.st_mode):
            _write(file, target, bool(seen.st_mode & 0o100), count)


def _write(file: IO[bytes], target: str, executable: bool, count: _Count) -> None:
    if count.files >= MAX_FILES:
        raise _Over
    with open(target, "wb") as new:
        while True:
            chunk = file.read(_CHUNK)
            if not chunk:
                break
            count.size += len(chunk)
            if count.size > MAX_BYTES:
                os.unlink(target)  # half a file would be judged as if the agent had written it
                raise _Over
            new.write(chunk)
    os.chmod(target, 0o755 if executable else 0o644)
    count.files += 1


def _archive(file: IO[bytes], dest: str, count: _Count) -> None:
    """The last of several entries with one path counts; an entry below something that is no folder is left out."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                count.seen += 1
                if count.seen > _MAX_ENTRIES:
                    raise _Over
                path = member.name[2:] if member.name.startswith("./") else member.name
                path = path.rstrip("/")
                if not _plain(path) or path.count("/") >= MAX_DEPTH:
                    continue
                _member(archive, member, os.path.join(dest, *path.split("/")), count)
    except (tarfile.TarError, EOFError, ValueError):
        return  # what came before stands


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, target: str, count: _Count) -> None:
    try:
        if member.isdir():
            os.makedirs(target, 0o755, exist_ok=True)
        elif member.isreg():
            if member.size > MAX_BYTES:
                raise _Over
            content = archive.extractfile(member)
            if content is not None:
                os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
                _write(content, target, bool(member.mode & 0o100), count)
    except OSError:
        return
