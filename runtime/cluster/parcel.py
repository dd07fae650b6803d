"""A folder as bytes, and back: how bundles get to a node, and what an attempt left gets home.

What is laid was sent by another machine and may have been written by a stranger: the index is checked as a whole before
anything is made, only folders and regular files are, each new and below the destination, and never more than is allowed.
Neither links nor owners nor times are known here, and no library that reads archives is used. The same files give the
same bytes.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from clawc.runtime.sandbox.collect import MAX_BYTES, MAX_DEPTH, MAX_FILES, MAX_PATH_BYTES

_MAGIC = b"clawc-parcel-1\n"
_LENGTH = 8
_CHUNK = 1 << 20
_INDEX_BYTES = 64 << 20
_NAME_BYTES = 255
# Beside a workspace an attempt has a trajectory and a verdict.
_BESIDE = 768 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER, FILE, PROGRAM = "d", "f", "x"


class BadParcel(Exception):
    """What was sent is no parcel, or more than is allowed; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` is FOLDER, FILE, or PROGRAM for a file that may be run. A folder has no size."""

    path: str
    kind: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a parcel may hold; `top` are the names at its top, all if empty. Of an attempt by default."""

    entries: int = MAX_FILES + 16
    size: int = MAX_BYTES + _BESIDE
    depth: int = MAX_DEPTH + 1
    path: int = MAX_PATH_BYTES + 64
    top: tuple[str, ...] = ()


class Parcel:
    """The files to send: entries, and where the content of each file stands."""

    def __init__(self, root: Path, entries: Iterable[Entry]) -> None:
        self.entries = sorted(entries, key=lambda entry: entry.path.split("/"))
        self._root = root
        self.index = json.dumps([[e.path, e.kind, e.size] for e in self.entries], separators=(",", ":")).encode()
        self._head = _MAGIC + len(self.index).to_bytes(_LENGTH, "big") + self.index
        self.size = len(self._head) + sum(entry.size for entry in self.entries)

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the parcel, piece by piece. Raises BadParcel if a file has changed since it was listed."""
        yield self._head
        for entry in self.entries:
            if entry.kind != FOLDER:
                yield from self._content(entry)

    def _content(self, entry: Entry) -> Iterator[bytes]:
        left = entry.size
        with open(os.open(self._root / entry.path, _OLD), "rb") as file:
            while left and (data := file.read(min(left, _CHUNK))):
                left -= len(data)
                yield data
            if left or file.read(1):
                raise BadParcel(f"`{entry.path}` has changed while it was read")


def listed(root: Path) -> Parcel:
    """All that stands below a folder of the runner's own, which must be folders and regular files; raises BadParcel."""
    entries: list[Entry] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(root / prefix) as found:
            for each in found:
                path, status = prefix + each.name, each.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    entries.append(Entry(path, FOLDER))
                    waiting.append(path + "/")
                elif stat.S_ISREG(status.st_mode):
                    entries.append(Entry(path, PROGRAM if status.st_mode & 0o100 else FILE, status.st_size))
                else:
                    raise BadParcel(f"`{path}` is neither a folder nor a regular file")
    return Parcel(root, entries)


def of_files(root: Path, sizes: dict[str, int]) -> Parcel:
    """The named files below a folder, relative path to size, and the folders above them."""
    folders = {"/".join(path.split("/")[:depth]) for path in sizes for depth in range(1, path.count("/") + 1)}
    return Parcel(root, [*(Entry(path, FOLDER) for path in folders), *(Entry(p, FILE, n) for p, n in sizes.items())])


class Laying:
    """Lays a parcel into the empty folder `dest` while its bytes arrive. Raises BadParcel for anything that is not
    allowed, and OSError where the folder cannot be written; what was laid until then is the caller's to remove."""

    def __init__(self, dest: Path, allowed: Allowed) -> None:
        self._dest = dest
        self._allowed = allowed
        self._head = bytearray()
        self._files: Iterator[Entry] | None = None
        self._file: BinaryIO | None = None
        self._left = 0

    def feed(self, data: bytes) -> None:
        view = memoryview(data)
        if self._files is None:
            view = self._index(view)
        while view:
            if self._file is None:
                raise BadParcel("there is more than its files hold")
            taken = view[: self._left]
            self._file.write(taken)
            self._left -= len(taken)
            view = view[len(taken) :]
            if not self._left:
                self._next()

    def end(self) -> None:
        """No more bytes will come."""
        if self._files is None or self._file is not None:
            raise BadParcel("it ends early")

    def abandon(self) -> None:
        """Close what is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _index(self, view: memoryview) -> memoryview:
        """Take the head off; what follows it."""
        head, start = self._head, len(_MAGIC) + _LENGTH
        head += view
        if not head.startswith(_MAGIC[: len(head)]):
            raise BadParcel("it does not begin as a parcel")
        if len(head) < start:
            return memoryview(b"")
        length = int.from_bytes(head[len(_MAGIC) : start], "big")
        if length > _INDEX_BYTES:
            raise BadParcel(f"its index has {length} bytes")
        if len(head) < start + length:
            return memoryview(b"")
        entries = checked(bytes(head[start : start + length]), self._allowed)
        rest = memoryview(bytes(head[start + length :]))
        self._head = bytearray()
        for entry in entries:
            if entry.kind == FOLDER:
                os.mkdir(self._dest / entry.path, 0o755)
        self._files = iter([entry for entry in entries if entry.kind != FOLDER])
        self._next()
        return rest

    def _next(self) -> None:
        """Open the next file that has content; those without are made on the way."""
        self.abandon()
        for entry in self._files or ():
            mode = 0o755 if entry.kind == PROGRAM else 0o644
            file = open(os.open(self._dest / entry.path, _NEW, mode), "wb")  # noqa: SIM115 - held while its bytes arrive
            if entry.size:
                self._file, self._left = file, entry.size
                return
            file.close()


def checked(index: bytes, allowed: Allowed) -> list[Entry]:
    """The entries of an index, each folder before what is in it. Raises BadParcel for one that is not allowed as a whole."""
    entries = _read(index)
    if len(entries) > allowed.entries:
        raise BadParcel(f"it has {len(entries)} entries, allowed are {allowed.entries}")
    if (size := sum(entry.size for entry in entries)) > allowed.size:
        raise BadParcel(f"it has {size} bytes, allowed are {allowed.size}")
    folders = {""}
    seen: set[str] = set()
    for entry in entries:
        path = entry.path
        parts = path.split("/")
        if any(part in ("", ".", "..") or "\0" in part or len(part.encode()) > _NAME_BYTES for part in parts):
            raise BadParcel(f"unsafe path `{path[:200]!a}`")
        if len(path.encode()) > allowed.path or len(parts) > allowed.depth + 1:
            raise BadParcel(f"the path `{path[:200]!a}` is too long or too deep")
        if allowed.top and parts[0] not in allowed.top:
            raise BadParcel(f"nothing is called `{parts[0][:200]!a}` here")
        if path in seen:
            raise BadParcel(f"`{path[:200]!a}` is there twice")
        if path.rpartition("/")[0] not in folders:
            raise BadParcel(f"`{path[:200]!a}` stands in no folder")
        seen.add(path)
        if entry.kind == FOLDER:
            folders.add(path)
    return entries


def _read(index: bytes) -> list[Entry]:
    try:
        rows: object = json.loads(index)
    except (ValueError, RecursionError) as error:
        raise BadParcel("its index is not JSON") from error
    if not isinstance(rows, list):
        raise BadParcel("its index is not a list")
    return [_entry(row) for row in cast("list[object]", rows)]


def _entry(row: object) -> Entry:
    fields = cast("list[object]", row) if isinstance(row, list) else []
    match fields:
        case [str(path), str(kind), int(size)] if kind in (FOLDER, FILE, PROGRAM) and not isinstance(size, bool):
            entry = Entry(path, kind, size)
        case _:
            raise BadParcel("an entry of its index is none")
    if size < 0 or (size and kind == FOLDER):
        raise BadParcel("an entry of its index has no such size")
    try:
        entry.path.encode()
    except UnicodeEncodeError as error:
        raise BadParcel("a path is not UTF-8") from error
    return entry
