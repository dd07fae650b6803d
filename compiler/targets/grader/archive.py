"""Reads a tar archive whose author is hostile: folders and regular files of the formats ustar, GNU and pax, one after the other.

Python's `tarfile` follows what an archive says of itself, such as sizes below zero or patterns for its own fields; here each
header is 512 bytes further on than the last, or the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NamedTuple, Optional

_BLOCK = 512
# A name in a header of its own is short; one that is not is no name of a file that we take.
_MOST_SAID = 64 << 10
_MOST = 1 << 50
_FILES, _FOLDER = b"0\0007", b"5"
_LONG_NAME, _PAX, _PAX_FOR_ALL = b"L", b"x", b"g"


class Member(NamedTuple):
    """An entry: its name, whether it is a folder, how it may be used, and how many bytes of content follow in the archive."""

    name: bytes
    folder: bool
    mode: int
    size: int


def members(file: IO[bytes]) -> Iterator[Optional[Member]]:
    """The entries in their order, None for one of another kind. Whoever gets a file may read as much of `file` as it has.
    Ends where the archive is at an end or makes no sense."""
    at = 0
    said: dict[str, bytes] = {}
    while True:
        file.seek(at)
        header = file.read(_BLOCK)
        size, mode = _number(header[124:136]), _number(header[100:108])
        if len(header) < _BLOCK or not header.strip(b"\0") or size is None or size > _MOST or not _sums_up(header):
            return
        kind = header[156:157]
        if kind in (_LONG_NAME, _PAX, _PAX_FOR_ALL):
            text = file.read(min(size, _MOST_SAID))
            if kind == _LONG_NAME:
                said["path"] = text.split(b"\0", 1)[0]
            elif kind == _PAX:
                said.update(_records(text))
            yield None
        else:
            told = said.get("size", b"")
            if told:
                if not told.isdigit() or len(told) > 15:
                    return
                size = int(told)
            name = said.get("path") or _name(header)
            folder = kind == _FOLDER or (kind in _FILES and name.endswith(b"/"))
            sparse = any(key.startswith("GNU.sparse") for key in said)
            yield Member(name, folder, mode or 0, size) if (folder or kind in _FILES) and not sparse else None
            said = {}
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _name(header: bytes) -> bytes:
    name, prefix = (part.split(b"\0", 1)[0] for part in (header[:100], header[345:500]))
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name


def _number(field: bytes) -> Optional[int]:
    """A number in octal digits, or a positive one in base 256."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    return None if text.strip(b"01234567") else int(text or b"0", 8)


def _sums_up(header: bytes) -> bool:
    return _number(header[148:156]) == sum(header) - sum(header[148:156]) + 8 * 32


def _records(text: bytes) -> dict[str, bytes]:
    """The fields of a pax header, up to the first that makes no sense."""
    found: dict[str, bytes] = {}
    while text:
        length, blank, _ = text[:10].partition(b" ")
        if not blank or not length.isdigit() or not len(length) + 2 < int(length) <= len(text):
            break
        key, _, value = text[len(length) + 1 : int(length) - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = value
        text = text[int(length) :]
    return found
