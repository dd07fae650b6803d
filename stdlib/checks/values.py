"""The values that expressions of the language work on; every other primitive builds on these.

Text is `str`, numbers are `int` or `Decimal` (never `float`), truth is `True`, `False` or `No`, null is `None`.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

Number = Union[int, Decimal]
Row = Dict[str, Any]

# 34 significant digits, as IEEE 754 decimal128; ties are rounded half even unless a rule is named.
NUMBERS = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144)


class Unmet(Exception):
    """A file or value is not what its reader needs. The text is shown to people as the reason of a failed check."""


class Missing:
    """What an absent key or file gives: equal to nothing, and false."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


class No:
    """A false result that knows why, and how much of it held (`share`, from 0 to 1)."""

    def __init__(self, reason: str, share: float = 0.0) -> None:
        self.reason = reason
        self.share = share

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "No(%r)" % self.reason


Truth = Union[bool, No]


class Cell(str):
    """Text read from a table file of the agent: it is compared by the type of the other side."""


class PrintedCell(Cell):
    """A cell of a table in a document, which people read: its number may have commas between thousands."""


class Unordered(list[Any]):
    """A list whose order does not count."""


class Unsorted(Unordered):
    """A column of a table without order: of an expected value it does not count, of an answer only where it is expected."""


class Range:
    """Both ends are included; an end that is None is open."""

    def __init__(self, low: Any, high: Any) -> None:
        self.low = low
        self.high = high

    def __repr__(self) -> str:
        return "%s..%s" % (self.low, self.high)


class Table:
    """Rows under named columns.

    `blocks` says how far the order of the rows counts: None, not at all; otherwise the sizes of consecutive groups
    of rows that may stand in any order among themselves (all 1: the order is total). `spare` holds the rows that
    tie with the last block but were cut off by `take`: any of them may stand for one of that block.
    """

    def __init__(
        self,
        columns: Iterable[str],
        rows: Iterable[Union[Row, Tuple[Any, ...], List[Any]]],
        blocks: Optional[Iterable[int]] = None,
        spare: Iterable[Union[Row, Tuple[Any, ...], List[Any]]] = (),
    ) -> None:
        self.columns: List[str] = list(columns)
        self.rows: List[Row] = [self._row(row) for row in rows]
        self.blocks: Optional[List[int]] = None if blocks is None else list(blocks)
        self.spare: List[Row] = [self._row(row) for row in spare]

    def _row(self, row: Union[Row, Tuple[Any, ...], List[Any]]) -> Row:
        return row if isinstance(row, dict) else dict(zip(self.columns, row))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return "Table(%r, %d rows)" % (self.columns, len(self.rows))


class File:
    """A file under its name in the task: a path, a format, its structure, and its bytes (None: it does not exist)."""

    def __init__(self, name: str, path: str, kind: str, data: Optional[bytes] = None, problem: str = "") -> None:
        self.name = name
        self.path = path
        self.kind = kind
        self.data = data
        self.problem = problem  # why it cannot be read although something stands at the path

    def __repr__(self) -> str:
        return "File(%r)" % self.path


def require_bytes(file: File) -> bytes:
    """The bytes of a file that has to exist; raises Unmet with the path when it does not."""
    if file.problem:
        raise Unmet("`%s` %s" % (file.path, file.problem))
    if file.data is None:
        raise Unmet("`%s` does not exist" % file.path)
    return file.data
