"""What an ELF file asks of the system: its loader, the libraries that it names, and where it wants them looked for.

Read out of the file: nothing is executed, as `ldd` would. Layout: System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _RPATH, _RUNPATH = 1, 5, 10, 15, 29
_MOST = 4 << 20


class Linked(NamedTuple):
    """`kind` is class and machine: libraries of another one do not fit. `search` holds `$ORIGIN` as it is written."""

    kind: tuple[int, int]
    loader: str
    needed: tuple[str, ...]
    search: tuple[str, ...]


def linked(path: Path) -> Linked | None:
    """Of a file with dynamic linking; None for any other file, also one that only begins like it. Raises OSError."""
    with open(path, "rb") as file:
        try:
            return _read(file)
        except (struct.error, ValueError, OverflowError):
            return None


def _read(file: BinaryIO) -> Linked | None:
    start = file.read(64)
    if start[:4] != b"\x7fELF" or len(start) < 64:
        return None
    wide = start[4] == 2
    order = "<" if start[5] == 1 else ">"
    machine: int = struct.unpack_from(f"{order}H", start, 18)[0]
    if wide:
        at, size, count = (
            struct.unpack_from(f"{order}Q", start, 32)[0],
            *struct.unpack_from(f"{order}HH", start, 54),
        )
    else:
        at, size, count = (
            struct.unpack_from(f"{order}I", start, 28)[0],
            *struct.unpack_from(f"{order}HH", start, 42),
        )
    table = _at(file, at, size * count)
    segments = [_segment(table, size * number, order, wide) for number in range(count)]
    dynamic = next((s for s in segments if s.type == _DYNAMIC), None)
    if dynamic is None:
        return None
    entry = f"{order}qQ" if wide else f"{order}iI"
    found = list(struct.iter_unpack(entry, _whole(_at(file, dynamic.offset, dynamic.size), struct.calcsize(entry))))
    values = dict(reversed(found))
    place = values.get(_STRTAB, 0)
    names = _at(file, _offset(segments, place), values.get(_STRSZ, 0))

    def name(start: int) -> str:
        return names[start : names.index(b"\0", start)].decode("utf-8", "surrogateescape")

    loader = next((_at(file, s.offset, s.size).rstrip(b"\0").decode() for s in segments if s.type == _INTERP), "")
    needed = tuple(name(value) for tag, value in found if tag == _NEEDED)
    # RPATH counts only where there is no RUNPATH.
    search = name(values[_RUNPATH]) if _RUNPATH in values else name(values[_RPATH]) if _RPATH in values else ""
    return Linked((start[4], machine), loader, needed, tuple(filter(None, search.split(":"))))


class _Segment(NamedTuple):
    type: int
    offset: int
    address: int
    size: int


def _segment(table: bytes, at: int, order: str, wide: bool) -> _Segment:
    if wide:
        type, _, offset, address, _, size = struct.unpack_from(f"{order}IIQQQQ", table, at)
    else:
        type, offset, address, _, size = struct.unpack_from(f"{order}IIIII", table, at)
    return _Segment(type, offset, address, size)


def _offset(segments: list[_Segment], address: int) -> int:
    for one in segments:
        if one.type == _LOAD and one.address <= address < one.address + one.size:
            return one.offset + address - one.address
    raise ValueError("an address in no segment")


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    if size > _MOST:
        raise ValueError("a table that large")
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise ValueError("the file is torn")
    return data


def _whole(data: bytes, size: int) -> bytes:
    return data[: len(data) // size * size]
