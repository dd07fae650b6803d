"""Copies a finished workspace into a plain folder. Its author is hostile: only regular files and folders
with UTF-8 names come along, opened by descriptor without following a link, within caps; the rest is
recorded as refused."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.sandbox.interface import Collected, Refused

MAX_FILES = 20_000
MAX_BYTES = 256 << 20
MAX_DEPTH = 100
# Of a path in the workspace; with the folders above it, every program can still open it.
MAX_PATH_BYTES = 2_000
_MAX_REFUSED = 1_000
# Entries that a workspace in use may keep from being looked at by taking rights away at that very moment.
_MAX_HIDDEN = 100
_CHUNK = 1 << 20
_LINK_BYTES = 1 << 16
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Caps:
    """Files and folders count as files."""

    files: int = MAX_FILES
    size: int = MAX_BYTES
    depth: int = MAX_DEPTH
    path: int = MAX_PATH_BYTES


class _Over(Exception):
    """A cap of the whole collection was met; the text names it."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """An open folder of one layer; `base` if nothing was written to it since the start."""

    fd: int
    base: bool


def collect(
    layers: Sequence[Path | str], dest: Path, caps: Caps | None = None, *, base: bool, mend: bool = True
) -> Collected:
    """Copy the topmost of `layers`, merged over the others as overlayfs does, into the new folder `dest`. Modes become
    0644 or 0755. With `base`, the last layer is what the workspace started from; large files of it are linked, not copied.

    With `mend`, entries that their owner may not read are made readable; without, they are refused.
    """
    copy = _Copy(caps or Caps(), mend)
    os.mkdir(dest, 0o755)
    os.chmod(dest, 0o755)
    over = ""
    held: list[int] = []
    try:
        held.append(os.open(dest, _FOLDER))
        opened: list[_Layer] = []
        for number, path in enumerate(layers):
            last = base and number == len(layers) - 1
            held.append(open_folder(path, None, mend and not last))
            opened.append(_Layer(held[-1], last))
        copy.folder(opened, held[0], "", 0)
    except _Over as cap:
        over = str(cap)
    finally:
        for fd in held:
            os.close(fd)
    return Collected(copy.files, copy.size, tuple(copy.refused), over, tuple(copy.written), copy.kept)


class _Copy:
    def __init__(self, caps: Caps, mend: bool) -> None:
        self.caps = caps
        self.mend = mend
        self.files = 0
        self.seen = 0
        self.size = 0
        self.kept = 0
        self.written: list[str] = []
        self.refused: list[Refused] = []

    def folder(self, layers: Sequence[_Layer], dest: int, prefix: str, depth: int) -> None:
        """Copy the entries of a folder that stands in one or more layers, the topmost first."""
        found: dict[str, list[tuple[_Layer, os.stat_result]]] = {}
        for layer in layers:
            for name, seen in self._entries(layer.fd, prefix).items():
                found.setdefault(name, []).append((layer, seen))
            if not layer.base and opaque(layer.fd):
                break
        for name in sorted(found):
            layer, seen = found[name][0]
            path = prefix + name
            try:
                if _whiteout(seen) and len(layers) > 1:
                    continue
                if not _is_utf8(name):
                    self._refuse(path, "has a name that is not UTF-8")
                elif len(os.fsencode(path)) > self.caps.path:
                    self._refuse(path, f"has a path longer than {self.caps.path} bytes")
                elif stat.S_ISREG(seen.st_mode):
                    self._file(layer, name, dest, path)
                elif not stat.S_ISDIR(seen.st_mode):
                    self._refuse(path, _kind(seen.st_mode))
                elif depth + 1 >= self.caps.depth:
                    self._refuse(path, f"is nested deeper than {self.caps.depth} folders")
                else:
                    merged = list(itertools.takewhile(lambda entry: stat.S_ISDIR(entry[1].st_mode), found[name]))
                    self._folder([entry[0] for entry in merged], dest, path, depth)
            except PermissionError:
                self._refuse(path, "may not be read")

    def _folder(self, layers: Sequence[_Layer], dest: int, path: str, depth: int) -> None:
        name = path.rpartition("/")[2]
        held: list[int] = []
        try:
            os.mkdir(name, 0o755, dir_fd=dest)
            held.append(os.open(name, _FOLDER, dir_fd=dest))
            os.fchmod(held[0], 0o755)
            opened: list[_Layer] = []
            for layer in layers:
                held.append(open_folder(name, layer.fd, self.mend and not layer.base))
                opened.append(_Layer(held[-1], layer.base))
            self.folder(opened, held[0], path + "/", depth + 1)
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

    def _file(self, layer: _Layer, name: str, dest: int, path: str) -> None:
        if self.files >= self.caps.files:
            raise _Over("files")
        fd = _open_file(name, layer.fd, self.mend and not layer.base)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                self._refuse(path, _kind(found.st_mode))
                return
            if layer.base:
                self.kept += 1
            else:
                self.written.append(path)
            if not (layer.base and found.st_size >= _LINK_BYTES and self._link(layer.fd, name, dest, found)):
                self._copy(fd, name, dest, 0o755 if found.st_mode & 0o100 else 0o644)
            self.files += 1
        finally:
            os.close(fd)

    def _link(self, folder: int, name: str, dest: int, found: os.stat_result) -> bool:
        """Whether a file that is never written to again could be had without a copy."""
        if stat.S_IMODE(found.st_mode) not in (0o644, 0o755) or self.size + found.st_size > self.caps.size:
            return False
        try:
            os.link(name, name, src_dir_fd=folder, dst_dir_fd=dest, follow_symlinks=False)
        except OSError:
            return False
        self.size += found.st_size
        return True

    def _copy(self, fd: int, name: str, dest: int, mode: int) -> None:
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

    def _refuse(self, path: str, reason: str) -> None:
        if len(self.refused) < _MAX_REFUSED:
            self.refused.append(Refused(path.encode("utf-8", "backslashreplace").decode(), reason))


class Usage(NamedTuple):
    """Bytes on disk as far as they were counted, and whether a bound was exceeded."""

    size: int
    over: bool


def usage(root: Path, max_bytes: int, max_entries: int, depth: int = 2 * MAX_DEPTH) -> Usage:
    """What a workspace in use takes, counted up to the bounds of bytes, entries and depth."""
    count = _Count(max_bytes, max_entries, depth)
    for _ in range(_MAX_HIDDEN):
        try:
            top = open_folder(root, None, mend=True)
            break
        except PermissionError:
            continue
    else:
        return Usage(0, True)
    try:
        within = count.folder(top, 0)
    finally:
        os.close(top)
    return Usage(count.size, not within)


class _Count:
    def __init__(self, max_bytes: int, max_entries: int, depth: int) -> None:
        self.max_bytes = max_bytes
        self.max_entries = max_entries
        self.depth = depth
        self.size = 0
        self.entries = 0
        self.hidden = 0

    def folder(self, folder: int, level: int) -> bool:
        """Whether all is within the bounds so far."""
        with os.scandir(folder) as found:  # closed before any folder in it is opened
            names = [entry.name for entry in itertools.islice(found, self.max_entries + 1)]
        for name in names:
            seen = self._seen(name, folder)
            if seen is None:
                continue
            self.size += seen.st_blocks * 512
            self.entries += 1
            if self.size > self.max_bytes or self.entries > self.max_entries or level >= self.depth:
                return False
            if stat.S_ISDIR(seen.st_mode) and not self._inner(name, folder, level, stat.S_IMODE(seen.st_mode)):
                return False
        return self.hidden <= _MAX_HIDDEN

    def _seen(self, name: str, folder: int) -> os.stat_result | None:
        """None if it is gone: the sandbox is running, files come and go, and rights too."""
        for again in (True, False):
            try:
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                return None
            except PermissionError:
                self._hides(folder, again)
        return None

    def _inner(self, name: str, folder: int, level: int, mode: int) -> bool:
        """As `folder`, of one inside whose mode is `mode`, which it has afterwards too."""
        for again in (True, False):
            try:
                inner = open_folder(name, folder, mend=True)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EPERM):
                    self._hides(folder, again)
                    continue
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    return True  # replaced meanwhile
                raise
            try:
                return self.folder(inner, level + 1)
            finally:
                if mode & 0o700 != 0o700 and stat.S_IMODE(os.fstat(inner).st_mode) == 0o700:
                    os.fchmod(inner, mode)  # opened up for us
                os.close(inner)
        return True

    def _hides(self, folder: int, again: bool) -> None:
        """Somebody inside takes rights away while we look: give them back for another look, or count."""
        if again:
            os.fchmod(folder, 0o700)
        else:
            self.hidden += 1


def open_folder(path: Path | str, parent: int | None, mend: bool) -> int:
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


def opaque(folder: int) -> bool:
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
