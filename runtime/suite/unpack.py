"""A packed suite is unpacked into a folder of its own. Whoever packed it is not trusted: regular files and folders alone come out, under
names that lead nowhere else and are the same files on every system, within bounds of size and number.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import unicodedata
import zlib
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from clawc.compiler.targets.grader.archive import members
from clawc.runtime.bundle import safe_path
from clawc.runtime.errors import RuntimeFault

MAX_FILES = 500_000  # entries, folders among them
MAX_FILE = 1 << 30  # bytes
MAX_UNPACKED = 8 << 30  # bytes, of the whole archive
MAX_RATIO = 300  # unpacked to packed
_FREE = 64 << 20  # bytes that may come out whatever the ratio is
_DEPTH = 40
_PART = 1 << 20
_EXTENSIONS = (b"L", b"x", b"g")


class _Refused(Exception):
    """Why an archive is not unpacked."""


class Bounds(NamedTuple):
    """What an archive may hold: entries, and bytes of a file and of all it is unpacked to."""

    files: int = MAX_FILES
    file: int = MAX_FILE
    unpacked: int = MAX_UNPACKED
    ratio: int = MAX_RATIO


def unpack(path: Path, folder: Path, only: Collection[str] = (), bounds: Bounds | None = None) -> Path:
    """The one folder that the archive holds, below `folder`, which must not be there yet and is there afterwards if all went well. `only`
    names what in it comes out, all unless given; the rest is read and held to the same rules. Raises RuntimeFault R1103."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise RuntimeFault("R1103", f"`{folder}` cannot be made: {error.strerror}", "Give another folder.") from error
    try:
        with _opened(path) as file:
            top = _all(file, os.fstat(file.fileno()).st_size, folder, frozenset(only), bounds or Bounds())
    except (_Refused, EOFError, zlib.error, gzip.BadGzipFile) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise RuntimeFault("R1103", f"`{path}` is not unpacked: {error}", "Get it again from who made it.") from error
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise RuntimeFault("R1103", f"`{path}` cannot be unpacked: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder / top


@contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _Refused("it is no regular file")
        yield file


class _Bounded(io.RawIOBase):
    """What an archive unpacks to, forwards only, and no more of it than the bounds allow."""

    def __init__(self, packed: IO[bytes], size: int, bounds: Bounds) -> None:
        self._stream = gzip.GzipFile(fileobj=packed, mode="rb")
        self._most = min(bounds.unpacked, max(_FREE, size * bounds.ratio))
        self._at = 0
        self._placed = True
        self._header = b""

    @property
    def extends(self) -> bool:
        """Does the header that was read last say more of the next one, such as a long name?"""
        return self._header[156:157] in _EXTENSIONS

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes. Raises _Refused beyond the bounds."""
        data = self._stream.read(size)
        self._at += len(data)
        if self._placed:
            self._header, self._placed = data, False
        if self._at > self._most:
            raise _Refused(f"it unpacks to more than {self._most >> 20} MiB")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Forwards, to a place from the start. Raises _Refused for one that is beyond the end."""
        if whence != os.SEEK_SET or offset < self._at:
            raise _Refused("its entries overlap")
        while self._at < offset and self.read(min(_PART, offset - self._at)):
            pass
        if self._at < offset:
            raise _Refused("it ends in the middle of a file")
        self._placed = True
        return self._at


def _all(packed: IO[bytes], size: int, folder: Path, only: frozenset[str], bounds: Bounds) -> str:
    file = _Bounded(packed, size, bounds)
    names = _Names()
    for count, member in enumerate(members(cast("IO[bytes]", file))):
        if count >= bounds.files:
            raise _Refused(f"it holds more than {bounds.files} entries")
        if member is None and file.extends:
            continue
        if member is None:
            raise _Refused("it holds a link, a device or something else that is neither a file nor a folder")
        name = names.add(member.name, folder=member.folder)
        if member.size > bounds.file:
            raise _Refused(f"`{name}` is larger than {bounds.file >> 20} MiB")
        top, _, inside = name.partition("/")
        wanted = not only or inside.partition("/")[0] in only
        if member.folder:
            if member.size:
                raise _Refused(f"the folder `{name}` has content")
            if wanted or not inside:
                (folder / name).mkdir(parents=True, exist_ok=True)
        elif wanted:
            _write(file, folder / name, member.size, member.mode & 0o755 | 0o400)
    while rest := file.read(_PART):
        if rest.strip(b"\0"):
            raise _Refused("it is damaged, or something follows its end")
    if len(names.tops) != 1:
        raise _Refused("it does not hold one folder")
    (top,) = names.tops
    if not (folder / top).is_dir():
        raise _Refused("it holds no suite")
    return top


class _Names:
    """The names so far. Two that some system takes for the same are refused, and a file that is a folder, too."""

    def __init__(self) -> None:
        self.tops: set[str] = set()
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}

    def add(self, given: bytes, *, folder: bool) -> str:
        """The name as a path that stays inside. Raises _Refused."""
        try:
            name = given.decode("utf-8")
        except UnicodeDecodeError:
            raise _Refused(f"a name is not UTF-8: {given[:80]!r}") from None
        name = name.rstrip("/") if folder else name
        parts = name.split("/")
        if len(parts) > _DEPTH or not safe_path(name):
            raise _Refused(f"a name leads elsewhere: {name[:200]!a}")
        if not folder and len(parts) < 2:
            raise _Refused(f"{name[:200]!a} stands outside of its folder")
        self.tops.add(parts[0])
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            same = _alike(path)
            if depth == len(parts) and not folder:
                if same in self._files or same in self._folders:
                    raise _Refused(f"two entries are called {name[:200]!a}, as some systems see it")
                self._files.add(same)
            elif same in self._files or self._folders.setdefault(same, path) != path:
                raise _Refused(f"two entries are called {path[:200]!a}, as some systems see it")
        return name


def _alike(path: str) -> str:
    """What systems that ignore case and composition of letters make of a path."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _write(file: _Bounded, path: Path, size: int, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(fd, "wb") as out:
        while size:
            data = file.read(min(_PART, size))
            if not data:
                raise _Refused("it ends in the middle of a file")
            out.write(data)
            size -= len(data)
