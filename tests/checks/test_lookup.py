"""Rows that lack a key, which is not null; and values that must be the only one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clawc.stdlib.checks.joins import join, left_join
from clawc.stdlib.checks.lookup import only, record_of
from clawc.stdlib.checks.tables import drop, pivot, rename
from clawc.stdlib.checks.values import MISSING, Table, Unmet

ROWS = Table(["k", "v"], [{"k": 1}, {"k": 2, "v": None}])
KEYS = Table(["k"], [[1], [2]])


@pytest.mark.parametrize("verb", ["drop", "rename", "join", "left_join"])
def test_what_is_absent_stays_absent(verb: str) -> None:
    verbs: dict[str, Callable[[], Table]] = {
        "drop": lambda: drop(ROWS, ["k"]),
        "rename": lambda: rename(ROWS, {"w": "k"}),
        "join": lambda: join(KEYS, ROWS, [("k", "k")]),
        "left_join": lambda: left_join(KEYS, ROWS, [("k", "k")]),
    }
    values = [row["v"] for row in verbs[verb]().rows]
    assert values[0] is MISSING and values[1] is None


def test_an_absent_value_of_a_record() -> None:
    assert record_of(ROWS) == {"1": MISSING, "2": None}


def test_an_absent_key_of_a_pivot() -> None:
    found = pivot(Table(["k", "n", "v"], [{"n": "a", "v": 1}]), ["k"], lambda row: row["n"], lambda rows: len(rows))
    assert found.rows[0]["k"] is MISSING


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (ROWS, "expected exactly 1 row, found 2 rows"),
        ([], "expected exactly 1 value, found 0 values"),
    ],
)
def test_more_than_the_one_or_none(of: object, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        only(of)
    assert str(caught.value) == message
