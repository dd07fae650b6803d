"""Lists with their places."""

from __future__ import annotations

from typing import Any, List

from clawc.stdlib.checks.kinds import cut, list_in, shown
from clawc.stdlib.checks.values import Row, Table, Unmet


def numbered(of: Any) -> Table:
    """The elements of a list as rows of n, counted from 1, and value; or the rows of a table with n before them."""
    if isinstance(of, Table):
        if "n" in of.columns:
            raise Unmet("the table already has a column `n`")
        rows: List[Row] = [{"n": n, **row} for n, row in enumerate(of.rows, 1)]
        return Table(["n", *of.columns], rows, of.blocks)
    elements = list_in(of)
    if elements is None:
        raise Unmet(f"{cut(shown(of), 80)} is not a list")
    return Table(["n", "value"], [(n, value) for n, value in enumerate(elements, 1)], [1] * len(elements))


def length_of(v: Any) -> int:
    """How many characters a text has, or elements a list."""
    if isinstance(v, str):
        return len(v)
    values = v.rows if isinstance(v, Table) else list_in(v)
    if values is None:
        raise Unmet("this has no length")
    return len(values)
