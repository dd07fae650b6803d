"""What a hold-out task, its truth and an altered answer are: frozen data, made of a seed by plain Python alone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Union

Cell = Union[None, bool, Decimal, str, datetime.date, datetime.datetime]
Value = Union[Cell, "list[Value]", "dict[str, Value]"]
Kind = Literal["wrong", "promised", "sensible"]

# Formats that hold a table, and those that hold a tree of values.
TABLES = ("csv", "tsv", "json_rows", "jsonl", "html", "xlsx", "sqlite")
TREES = ("json", "yaml", "toml", "ini")


@dataclass(frozen=True)
class Grid:
    """A table as a file holds it; cells are texts where the format has no types."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class TableTruth:
    """The rows that an answer must hold; `margin` is how far a number may be off, `name` that of the table in a database,
    `fixed` whether the columns stand in this order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    ordered: bool = True
    margin: Decimal = Decimal(0)
    name: str = ""
    fixed: bool = False


@dataclass(frozen=True)
class TreeTruth:
    """The value that an answer must hold, and lines of comment that it must keep."""

    value: Value
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """What one section of a document must say (title "": the whole document).

    Each of `facts` is a group of tokens that stand in one sentence, bullet or row; `bullets` is how many there are.
    """

    title: str = ""
    facts: tuple[tuple[str, ...], ...] = ()
    forbidden: tuple[str, ...] = ()
    bullets: int | None = None
    table: TableTruth | None = None


@dataclass(frozen=True)
class ProseTruth:
    """What a document must say; `opening` is its first line, `most` the number of words that it may have."""

    parts: tuple[Part, ...]
    opening: str = ""
    most: int = 0
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LinesTruth:
    """The lines of a text, in order."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class LabelsTruth:
    """Lines `Label: value`, each once, in any order, other lines between them."""

    fields: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class XmlTruth:
    """An XML document: its root, and of each element its attributes and the texts of its children."""

    root: str
    element: str
    rows: tuple[tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str | Decimal], ...]], ...]


@dataclass(frozen=True)
class EventsTruth:
    """The events of a calendar: summary, start, end, location."""

    events: tuple[tuple[str, datetime.datetime, datetime.datetime, str], ...]


@dataclass(frozen=True)
class MailTruth:
    """A message: to whom, about what, which headers, and what its body says."""

    to: str
    subject: str
    body: ProseTruth


Truth = TableTruth | TreeTruth | ProseTruth | LinesTruth | LabelsTruth | XmlTruth | EventsTruth | MailTruth


@dataclass(frozen=True)
class Answer:
    """A file that the task asks for."""

    path: str
    form: str
    truth: Truth


@dataclass(frozen=True)
class Instance:
    """One task of a family, with what a right answer holds. `inputs` are the files that must stay as they are."""

    family: str
    seed: int
    source: str
    answers: tuple[Answer, ...]
    inputs: Mapping[str, bytes]


Files = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Altered:
    """An answer as an operator leaves it: paths to bytes, None where the file is gone."""

    operator: str
    variant: str
    kind: Kind
    files: Files
