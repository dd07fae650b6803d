"""Copies a finished workspace into a plain folder. Its author is hostile: only regular files and folders
with UTF-8 names come along, opened by descriptor without following a link, within caps; the rest is
recorded as refused."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.sandbox.interface import Collected, Refused

MAX_FILES = 20_000
MAX_BYTES = 256 << 20
MAX_DEPTH = 100
_MAX_REFUSED = 1_000
_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Caps:
    """Files and folders count as files."""

    files: int = MAX_FILES
    size: int = MAX_BYTES
    depth: int = MAX_DEPTH


class _Over(Exception):
    """A cap of the whole collection was met; the text names it."""


def collect(upper: Path, lower: Path | None, dest: Path, caps: Caps | None = None, *, mend: bool = True) -> Collected:
    """Copy `upper`, merged over `lower` as overlayfs does, into the new folder `dest`. Modes become 0644 or
    0755.

    With `mend`, entries that their owner may not read are made readable; without, they are refused.
    """
    copy = _Copy(caps or Caps(), mend)
    os.mkdir(dest, 0o755)
    os.chmod(dest, 0o755)
    over = ""
    held: list[int] = []
    try:
        held.append(os.open(dest, _FOLDER))
        held.append(_open_folder(upper, None, mend))
        if lower is not None:
            held.append(os.open(lower, _FOLDER))
        copy.folder(held[1], held[2] if lower is not None else None, held[0], "", 0)
    except _Over as cap:
        over = str(cap)
    finally:
        for fd in held:
            os.close(fd)
    return Collected(copy.files, copy.size, tuple(copy.refused), over)


class _Copy:
    def __init__(self, caps: Caps, mend: bool) -> None:
        self.caps = caps
        self.mend = mend
        self.files = 0
        self.seen = 0
        self.size = 0
        self.refused: list[Refused] = []

    def folder(self, upper: int | None, lower: int | None, dest: int, prefix: str, depth: int) -> None:
        """Copy the entries of a folder that stands in either layer."""
        above = self._entries(upper, prefix) if upper is not None else {}
        if upper is not None and lower is not None and _opaque(upper):
            lower = None
        below = self._entries(lower, prefix) if lower is not None else {}
        for name in sorted(above.keys() | below.keys()):
            in_upper = name in above
            found = above[name] if in_upper else below[name]
            if in_upper and lower is not None and _whiteout(found):
                continue
            source = upper if in_upper else lower
            if source is None:
                continue
            path = prefix + name
            try:
                if not _is_utf8(name):
                    self._refuse(path, "has a name that is not UTF-8")
                elif stat.S_ISREG(found.st_mode):
                    self._file(source, name, dest, path)
                elif not stat.S_ISDIR(found.st_mode):
                    self._refuse(path, _kind(found.st_mode))
                elif depth + 1 >= self.caps.depth:
                    self._refuse(path, f"is nested deeper than {self.caps.depth} folders")
                else:
                    merged = not in_upper or (name in below and stat.S_ISDIR(below[name].st_mode))
                    self._folder(upper if in_upper else None, lower if merged else None, dest, path, depth)
            except PermissionError:
                self._refuse(path, "may not be read")

    def _folder(self, upper: int | None, lower: int | None, dest: int, path: str, depth: int) -> None:
        name = path.rpartition("/")[2]
        held: list[int] = []
        try:
            os.mkdir(name, 0o755, dir_fd=dest)
            held.append(os.open(name, _FOLDER, dir_fd=dest))
            os.fchmod(held[0], 0o755)
            layers: list[int | None] = []
            for layer in (upper, lower):
                layers.append(None if layer is None else _open_folder(name, layer, self.mend))
                held += [fd for fd in layers[-1:] if fd is not None]
            self.folder(layers[0], layers[1], held[0], path + "/", depth + 1)
        finally:
            for fd in held:
                os.close(fd)

    def _entries(self, folder: int, prefix: str) -> dict[str, os.stat_result]:
        found: dict[str, os.stat_result] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                self.seen += 1
                if self.seen > 2 * self.caps.files:  # both layers and whiteouts are listed
                    raise _Over("files")
                try:
                    found[entry.name] = entry.stat(follow_symlinks=False)
                except PermissionError:
                    self._refuse(prefix + entry.name, "may not be read")
        return found

    def _file(self, folder: int, name: str, dest: int, path: str) -> None:
        if self.files >= self.caps.files:
            raise _Over("files")
        fd = _open_file(name, folder, self.mend)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                self._refuse(path, _kind(found.st_mode))
                return
            mode = 0o755 if found.st_mode & 0o100 else 0o644
            new = os.open(name, _NEW, mode, dir_fd=dest)
            try:
                os.fchmod(new, mode)
                while chunk := os.read(fd, _CHUNK):
                    self.size += len(chunk)
                    if self.size > self.caps.size:
                        # Half a file would be judged as if the agent had written it.
                        os.unlink(name, dir_fd=dest)
                        raise _Over("bytes")
                    _write_all(new, chunk)
            finally:
                os.close(new)
            self.files += 1
        finally:
            os.close(fd)

    def _refuse(self, path: str, reason: str) -> None:
        if len(self.refused) < _MAX_REFUSED:
            self.refused.append(Refused(path.encode("utf-8", "backslashreplace").decode(), reason))


def usage(root: Path, max_bytes: int, max_entries: int, depth: int = 2 * MAX_DEPTH) -> str:
    """Which bound a workspace in use exceeds: "disk" for bytes, entries or depth, or "" if none."""
    size = entries = 0
    within = True

    def visit(folder: int, level: int) -> None:
        nonlocal size, entries, within
        with os.scandir(folder) as found:
            for entry in found:
                try:
                    seen = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                size += seen.st_blocks * 512
                entries += 1
                within = size <= max_bytes and entries <= max_entries and level < depth
                if not within:
                    return
                if stat.S_ISDIR(seen.st_mode):
                    try:
                        inner = _open_folder(entry.name, folder, mend=True)
                    except (FileNotFoundError, NotADirectoryError):
                        continue  # the sandbox is running: folders come and go
                    try:
                        visit(inner, level + 1)
                    finally:
                        os.close(inner)
                    if not within:
                        return

    top = _open_folder(root, None, mend=True)
    try:
        visit(top, 0)
    finally:
        os.close(top)
    return "" if within else "disk"


def _open_folder(path: Path | str, parent: int | None, mend: bool) -> int:
    """Open a folder to list it. With `mend`, a right that its owner lacks (us, if we are not root) is
    given first: overlayfs keeps the mode that the sandbox sees apart from this one."""
    if mend and os.geteuid() != 0:
        held = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            mode = os.fstat(held).st_mode
            if stat.S_ISDIR(mode) and mode & 0o700 != 0o700:
                os.chmod(f"/proc/self/fd/{held}", 0o700)
        finally:
            os.close(held)
    return os.open(path, _FOLDER, dir_fd=parent)


def _open_file(name: str, parent: int, mend: bool) -> int:
    try:
        return os.open(name, _FILE, dir_fd=parent)
    except PermissionError:
        if not mend:
            raise
        # Ours (a sandbox of an ordinary user maps to that user), and nobody is running who could swap it.
        os.chmod(name, 0o600, dir_fd=parent)
        return os.open(name, _FILE, dir_fd=parent)


def _opaque(folder: int) -> bool:
    try:
        return os.getxattr(folder, "user.overlay.opaque") == b"y"
    except OSError:
        return False


def _whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind(mode: int) -> str:
    names = {stat.S_IFLNK: "is a link", stat.S_IFIFO: "is a FIFO", stat.S_IFSOCK: "is a socket"}
    return names.get(stat.S_IFMT(mode), "is a device")


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
