"""Types of the language. They are gradual: `ANY` agrees with everything, `ERROR` too, and silences what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True, slots=True)
class Simple:
    """A type without parts; `phrase` is how messages call one of its values."""

    name: str
    phrase: str


ANY = Simple("any", "any value")
ERROR = Simple("error", "a mistake")
NULL = Simple("null", "`null`")
BOOL = Simple("bool", "a condition")
NUMBER = Simple("number", "a number")
PERCENT = Simple("percent", "a percentage")
TEXT = Simple("text", "text")
DATE = Simple("date", "a date")
DATETIME = Simple("datetime", "a date with time")
DURATION = Simple("duration", "a duration")
SIZE = Simple("size", "a size")
BYTES = Simple("bytes", "the content of a file")
REGEX = Simple("regex", "a regex")
TREE = Simple("tree", "a folder of files")


@dataclass(frozen=True, slots=True)
class RangeType:
    element: Type


@dataclass(frozen=True, slots=True)
class ListType:
    element: Type


@dataclass(frozen=True, slots=True)
class RecordType:
    """Fields in order; `open`: other keys may exist too."""

    fields: tuple[tuple[str, Type], ...]
    open: bool = False

    def get(self, name: str) -> Type | None:
        return next((t for n, t in self.fields if n == name), None)


@dataclass(frozen=True, slots=True)
class TableType:
    """Columns in order; `open`: other columns may exist too. `ordered`: ends in a `sort` that still holds.

    `guess`: what made the table is mistaken, so any name in a row may be one of its columns.
    """

    columns: tuple[tuple[str, Type], ...]
    open: bool = False
    ordered: bool = False
    guess: bool = False

    def get(self, name: str) -> Type | None:
        return next((t for n, t in self.columns if n == name), None)

    @property
    def names(self) -> list[str]:
        return [n for n, _ in self.columns]


@dataclass(frozen=True, slots=True)
class FileType:
    """`role` is input, deliverable or run; `kind` the format."""

    name: str
    kind: str
    role: str


Type = Union[Simple, RangeType, ListType, RecordType, TableType, FileType]

ANY_TABLE = TableType((), open=True)
GUESSED_TABLE = TableType((), open=True, ordered=True, guess=True)
ANY_RECORD = RecordType((), open=True)
ANY_LIST = ListType(ANY)


def phrase(t: Type) -> str:
    """How a message calls a value of this type."""
    if isinstance(t, Simple):
        return t.phrase
    if isinstance(t, RangeType):
        return "a range"
    if isinstance(t, ListType):
        return "a list"
    if isinstance(t, RecordType):
        return "a record"
    if isinstance(t, TableType):
        return "a table"
    return "a file"


# The letters of signatures in spec/functions.py.
LETTERS: dict[str, str] = {
    "T": "a table", "L": "a list", "R": "a record", "S": "text", "N": "a number", "B": "a condition",
    "D": "a date", "U": "a duration", "V": "any value", "F": "a file", "X": "a row expression", "P": "a regex",
    "G": "a range",
}  # fmt: skip


def fits(t: Type, letters: str) -> bool:
    """Does a value of type `t` fit one of the letters, as in `F|S`?"""
    return any(_fits(t, letter) for letter in letters.split("|"))


def _fits(t: Type, letter: str) -> bool:
    if t in (ANY, ERROR) or letter in ("V", "X"):
        return True
    if letter == "T":
        return isinstance(t, (TableType, ListType))
    if letter == "L":
        return isinstance(t, (ListType, TableType))
    if letter == "R":
        return isinstance(t, RecordType)
    if letter == "F":
        return isinstance(t, FileType)
    if letter == "G":
        return isinstance(t, RangeType)
    return t in {
        "S": (TEXT, NULL), "N": (NUMBER, NULL, PERCENT), "B": (BOOL, NULL), "D": (DATE, DATETIME, NULL),
        "U": (DURATION, NULL), "P": (REGEX,),
    }[letter]  # fmt: skip
