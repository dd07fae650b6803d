"""What others have written, read within bounds: regular files only, no links inside a folder, JSON objects of bounded size and depth.

Whatever stands there, the only error is a RuntimeFault R0901 to R0904 that names the file, and the line where there is one.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn, cast

from pydantic import JsonValue

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.records import Document
from clawc.runtime.trajectory.values import LARGEST

# Of one trajectory as events or entries, and of one of these.
FILE_BYTES = 64 << 20
LINE_BYTES = 16 << 20
# Of one trajectory as one object, which may be larger than what it was made of.
OBJECT_BYTES = 128 << 20
LINES = 100_000
DEPTH = 64
_SHOWN = 80
_DEEP = "values are nested too deep"
_MEND = "Give another file, or leave this one out."
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS: Mapping[type, str] = {
    str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null",
}  # fmt: skip


class Stored(NamedTuple):
    """An open file with the name that messages call it by."""

    file: BinaryIO
    name: str


def open_file(path: Path) -> Stored:
    """A regular file that the user named; a link is followed. Raises RuntimeFault R0901."""
    try:
        return _stored(os.open(path, _READ), str(path))
    except OSError as error:
        raise _unreadable(str(path), error) from error


def open_inside(root: Path, name: str) -> Stored | None:
    """The regular file `name` below the folder `root`, opened part by part without following a link; None if it is not there.
    Raises RuntimeFault R0901."""
    shown = str(root / name)
    *folders, last = name.split("/")
    held: list[int] = []
    try:
        held.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for folder in folders:
            held.append(os.open(folder, _READ | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=held[-1]))
        return _stored(os.open(last, _READ | os.O_NOFOLLOW, dir_fd=held[-1]), shown)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(shown, error) from error
    finally:
        for fd in held:
            os.close(fd)


def read_whole(stored: Stored) -> bytes:
    """All of a file that is one object. Raises RuntimeFault R0902 if it is too large."""
    data = stored.file.read(OBJECT_BYTES + 1)
    if len(data) > OBJECT_BYTES:
        raise _beyond(stored.name, f"{OBJECT_BYTES >> 20} MiB")
    return data


def each_object(stored: Stored) -> Iterator[Given]:
    """The objects of a file of JSON Lines that is one trajectory. Raises RuntimeFault R0902 and R0903."""
    total = 0
    for number, data in _lines(stored, LINE_BYTES):
        total += len(data)
        if total > FILE_BYTES:
            raise _beyond(stored.name, f"{FILE_BYTES >> 20} MiB")
        if number > LINES:
            raise _beyond(stored.name, f"{LINES:,} lines")
        yield parsed(data, f"{stored.name}, line {number}")


def each_record(stored: Stored) -> Iterator[Given]:
    """The objects of a file of JSON Lines that are a trajectory each, as many as there are. Raises RuntimeFault R0902 and R0903."""
    for number, data in _lines(stored, OBJECT_BYTES):
        yield parsed(data, f"{stored.name}, line {number}")


def _lines(stored: Stored, limit: int) -> Iterator[tuple[int, bytes]]:
    """Lines by their numbers; blank ones are passed over."""
    number = 0
    while data := stored.file.readline(limit + 1):
        number += 1
        if len(data) > limit:
            raise _beyond(f"{stored.name}, line {number}", f"{limit >> 20} MiB")
        if data.strip():
            yield number, data


def parsed(data: bytes, where: str, depth: int = DEPTH) -> Given:
    """The JSON object that `data` is. What is no Unicode in its texts is replaced. Raises RuntimeFault R0903."""
    try:
        value: object = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
        if not isinstance(value, dict):
            raise ValueError(f"it is {_kind(value)}, and no object")
        return Given(cast(Document, _cleaned(cast(JsonValue, value), depth)), where)
    except UnicodeDecodeError as error:
        raise RuntimeFault("R0903", f"`{where}`: byte {error.start + 1} is not UTF-8", _MEND) from error
    except RecursionError as error:
        raise RuntimeFault("R0903", f"`{where}`: {_DEEP}", _MEND) from error
    except ValueError as error:
        raise RuntimeFault("R0903", f"`{where}`: {str(error)[:200]}", _MEND) from error


class Given:
    """A JSON object that somebody gave; `where` says in messages where it stands. Each method takes the name of a field, and raises
    RuntimeFault R0904 if what is there is something else; a field that is null is as one that is not there."""

    def __init__(self, fields: Document, where: str, prefix: str = "") -> None:
        self.fields = fields
        self.where = where
        self._prefix = prefix

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else self.wrong(name, "text")

    def text_or(self, name: str, default: str = "") -> str:
        return self.text(name) if self.has(name) else default

    def flag(self, name: str) -> bool:
        """Whether a field is true; it need not be there."""
        value = self.fields.get(name, False)
        return value if isinstance(value, bool) else self.wrong(name, "true or false") if self.has(name) else False

    def count(self, name: str) -> int:
        """A whole number from 0 on; 0 where there is none."""
        value = self.fields.get(name)
        if value is None:
            return 0
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 <= value <= LARGEST
            or value != int(value)
        ):
            self.wrong(name, "a count")
        return int(value)

    def number(self, name: str) -> int | float | None:
        """A number of at most 15 digits before its point; None where there is none."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
            self.wrong(name, "a number")
        return value

    def object(self, name: str) -> Given | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, "an object")
        return Given(value, self.where, f"{self._prefix}{name}.")

    def objects(self, name: str) -> list[Given]:
        """A list of objects; empty where there is none."""
        values = self.fields.get(name)
        if values is None:
            return []
        if not isinstance(values, list):
            self.wrong(name, "a list")
        found: list[Given] = []
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                self.wrong(f"{name}[{number}]", "an object", value)
            found.append(Given(value, self.where, f"{self._prefix}{name}[{number}]."))
        return found

    def rest(self, known: frozenset[str]) -> Document:
        """All other fields that are not null."""
        return {name: value for name, value in self.fields.items() if name not in known and value is not None}

    def refuse(self, why: str, help: str = _MEND) -> NoReturn:
        raise RuntimeFault("R0904", f"`{self.where}`: {why}", help)

    def wrong(self, name: str, wanted: str, value: JsonValue | None = None) -> NoReturn:
        found = self.fields.get(name) if value is None else value
        there = "is missing" if name not in self.fields and value is None else f"is {_kind(found)}"
        self.refuse(f"`{(self._prefix + name)[:_SHOWN]}` {there}, and should be {wanted}")


def _stored(fd: int, name: str) -> Stored:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(0, "it is not a regular file", name)
    return Stored(os.fdopen(fd, "rb"), name)


def _cleaned(value: JsonValue, left: int) -> JsonValue:
    """The same without surrogates; raises ValueError for what is too deep or no number."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    if isinstance(value, list | dict):
        if not left:
            raise ValueError(_DEEP)
        if isinstance(value, list):
            return [_cleaned(item, left - 1) for item in value]
        return {str(_cleaned(name, 0)): _cleaned(item, left - 1) for name, item in value.items()}
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"`{text}` is no number in JSON")


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "something else")


def _unreadable(name: str, error: OSError) -> RuntimeFault:
    return RuntimeFault("R0901", f"cannot read `{name}`: {error.strerror}", "Give a file of your own, or a copy of it.")


def _beyond(name: str, bound: str) -> RuntimeFault:
    return RuntimeFault("R0902", f"`{name}` is longer than the {bound} that are read", _MEND)
