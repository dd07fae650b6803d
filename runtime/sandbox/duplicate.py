"""Copies a layer that a sandbox has written, to keep it as it is at a moment. Its author is hostile, and may have found a way
to go on writing: nothing is followed, and deletions, links and special files come along as what they are, for the system to
judge when the copy is mounted."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from clawc.runtime.sandbox.collect import MAX_DEPTH, opaque, open_folder

MAX_ENTRIES = 100_000
_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def duplicate(source: Path, dest: Path, user: int | None, max_bytes: int) -> None:
    """Copy all below `source` into the empty folder `dest`, for the user `user` if given. Raises OSError; EFBIG beyond
    `max_bytes`, MAX_ENTRIES or a depth of 2 * MAX_DEPTH."""
    copy = _Duplicate(user, max_bytes)
    held = [open_folder(source, None, mend=False)]
    try:
        copy.top = os.open(dest, _FOLDER)
        held.append(copy.top)
        copy.folder(held[0], held[1], "", 0)
    finally:
        for fd in held:
            os.close(fd)


class _Duplicate:
    def __init__(self, user: int | None, max_bytes: int) -> None:
        self.user = user
        self.max_bytes = max_bytes
        self.size = 0
        self.entries = 0
        self.top = -1
        self.several: dict[tuple[int, int], str] = {}  # where the first name of a file with several names stands

    def folder(self, source: int, dest: int, path: str, depth: int) -> None:
        """`path` is that of `dest`, empty or ending with `/`."""
        if opaque(source):
            os.setxattr(dest, "user.overlay.opaque", b"y")
        with os.scandir(source) as found:
            names = [entry.name for entry in found]
        for name in names:
            self.entries += 1
            if self.entries > MAX_ENTRIES or depth > 2 * MAX_DEPTH:
                raise OSError(errno.EFBIG, "too many files to keep")
            try:
                seen = os.stat(name, dir_fd=source, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(seen.st_mode):
                self._folder(name, source, dest, path, seen, depth)
            elif stat.S_ISREG(seen.st_mode):
                if not self._named_before(name, dest, path, seen):
                    self._file(name, source, dest, seen)
            elif stat.S_ISLNK(seen.st_mode):
                os.symlink(_target(name, source), name, dir_fd=dest)
                self._give(name, dest)
            elif stat.S_ISFIFO(seen.st_mode) or (stat.S_ISCHR(seen.st_mode) and seen.st_rdev == 0):
                os.mknod(name, stat.S_IFMT(seen.st_mode) | 0o600, 0, dir_fd=dest)
                if stat.S_ISFIFO(seen.st_mode):
                    os.chmod(name, stat.S_IMODE(seen.st_mode) & 0o777, dir_fd=dest)
                self._give(name, dest)

    def _named_before(self, name: str, dest: int, path: str, seen: os.stat_result) -> bool:
        """Whether a file that was copied under another name got this one too."""
        if seen.st_nlink < 2:
            return False
        first = self.several.setdefault((seen.st_dev, seen.st_ino), path + name)
        if first == path + name:
            return False
        try:
            os.link(first, name, src_dir_fd=self.top, dst_dir_fd=dest, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.EMLINK):
                return False
            raise
        return True

    def _folder(self, name: str, source: int, dest: int, path: str, seen: os.stat_result, depth: int) -> None:
        os.mkdir(name, 0o700, dir_fd=dest)
        held = [open_folder(name, source, mend=True)]
        try:
            held.append(os.open(name, _FOLDER, dir_fd=dest))
            self.folder(held[0], held[1], f"{path}{name}/", depth + 1)
            os.fchmod(held[0], stat.S_IMODE(seen.st_mode))  # it may have been opened up for us
            os.fchmod(held[1], stat.S_IMODE(seen.st_mode) & 0o777)
            if self.user is not None:
                os.fchown(held[1], self.user, self.user)
            os.utime(held[1], ns=(seen.st_atime_ns, seen.st_mtime_ns))
        finally:
            for fd in held:
                os.close(fd)

    def _file(self, name: str, source: int, dest: int, seen: os.stat_result) -> None:
        with open(_reading(name, source), "rb") as old:
            if not stat.S_ISREG(os.fstat(old.fileno()).st_mode):
                raise OSError(errno.ESTALE, "a file was replaced")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(name, flags, 0o600, dir_fd=dest), "wb") as new:
                self.size += min(seen.st_size, seen.st_blocks * 512 + 4096)
                if self.size > self.max_bytes:
                    raise OSError(errno.EFBIG, "too many bytes to keep")
                _copy_data(old.fileno(), new.fileno(), seen.st_size)
                os.fchmod(new.fileno(), stat.S_IMODE(seen.st_mode) & 0o777)
                if self.user is not None:
                    os.fchown(new.fileno(), self.user, self.user)
                os.utime(new.fileno(), ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def _give(self, name: str, dest: int) -> None:
        if self.user is not None:
            os.chown(name, self.user, self.user, dir_fd=dest, follow_symlinks=False)


def _target(name: str, parent: int) -> str:
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise OSError(errno.ESTALE, "a link was replaced") from error
        raise


def _reading(name: str, parent: int) -> int:
    """The file, opened to be read; where its owner, which is us, may not read it, it keeps its mode."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=parent)
    except PermissionError:
        held = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            mode = os.fstat(held).st_mode
            if not stat.S_ISREG(mode):
                raise
            # By the descriptor, whatever has the name by now.
            os.chmod(f"/proc/self/fd/{held}", 0o600)
            try:
                return os.open(f"/proc/self/fd/{held}", flags & ~os.O_NOFOLLOW)
            finally:
                os.chmod(f"/proc/self/fd/{held}", stat.S_IMODE(mode))
        finally:
            os.close(held)


def _copy_data(old: int, new: int, size: int) -> None:
    """The bytes of a file; its holes stay holes."""
    at = 0
    os.ftruncate(new, size)
    while at < size:
        try:
            start = os.lseek(old, at, os.SEEK_DATA)
        except OSError:
            return  # a hole to the end
        end = os.lseek(old, start, os.SEEK_HOLE)
        os.lseek(new, start, os.SEEK_SET)
        os.lseek(old, start, os.SEEK_SET)
        left = end - start
        while left > 0 and (chunk := os.read(old, min(_CHUNK, left))):
            view = memoryview(chunk)
            while view:
                view = view[os.write(new, view) :]
            left -= len(chunk)
        at = end
