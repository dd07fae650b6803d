"""Lists with their places."""

from __future__ import annotations

from typing import Any

from clawc.stdlib.checks.kinds import list_in
from clawc.stdlib.checks.values import Table, Unmet


def numbered(of: Any) -> Table:
    """Every element with its place, counted from 1: columns n and value."""
    values = of.rows if isinstance(of, Table) else list_in(of)
    if values is None:
        raise Unmet("there is no list to number")
    return Table(["n", "value"], [(n, value) for n, value in enumerate(values, 1)], [1] * len(values))


def length_of(v: Any) -> int:
    """How many characters a text has, or elements a list."""
    if isinstance(v, str):
        return len(v)
    values = v.rows if isinstance(v, Table) else list_in(v)
    if values is None:
        raise Unmet("this has no length")
    return len(values)
