"""Values with some of their parts replaced."""

from __future__ import annotations

from typing import Any

import pytest

from clawc.stdlib.checks.patches import patch
from clawc.stdlib.checks.values import Unmet


def value() -> dict[str, Any]:
    return {"a": {"b": 1, "c": [10, {"d": 2}, 30]}, "e": None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, value()),
        ({"e": 5}, {**value(), "e": 5}),
        ({"new": 5}, {**value(), "new": 5}),
        ({"a.b": [1]}, {"a": {"b": [1], "c": [10, {"d": 2}, 30]}, "e": None}),
        ({"a.new": 3}, {"a": {"b": 1, "c": [10, {"d": 2}, 30], "new": 3}, "e": None}),
        ({"a.c.0": 11, "a.c.2": 31}, {"a": {"b": 1, "c": [11, {"d": 2}, 31]}, "e": None}),
        ({"a.c.1.d": 7, "e": 1}, {"a": {"b": 1, "c": [10, {"d": 7}, 30]}, "e": 1}),
    ],
)
def test_parts_are_replaced(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    before = value()
    assert patch(before, changes) == expected
    assert before == value()


@pytest.mark.parametrize("path", ["new.x", "a.b.x", "e.x", "a.c.3", "a.c.-1", "a.c.x", "a.c.1.x.y", "a.c.0.5"])
def test_places_that_are_not_there(path: str) -> None:
    with pytest.raises(Unmet) as caught:
        patch(value(), {path: 1})
    assert str(caught.value) == f"nothing stands at `{path}`"


def test_elements_of_a_list() -> None:
    assert patch([1, 2], {"1": 3}) == [1, 3]
    with pytest.raises(Unmet, match="is not a record of paths and values"):
        patch([1, 2], [3])
