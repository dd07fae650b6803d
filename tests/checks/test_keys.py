"""Keys by which values are grouped, matched and sorted: equal exactly where the values are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clawc.stdlib.checks.keys import (
    column_tag,
    counts_of,
    distinct_values,
    first_places,
    is_long,
    keyer,
    row_keys,
    sort_keys,
)
from clawc.stdlib.checks.kinds import DATE, MIXED, NUMBER, TEXT, TIME, bounded
from clawc.stdlib.checks.values import MISSING, Cell, No, Range, Unmet, Unordered

D = Decimal
DAY = date(2026, 3, 17)
NOON = datetime(2026, 3, 17, 12)
APART: list[Any] = [
    1, D("1.5"), "a", "1", True, False, None, DAY, NOON, NOON.replace(tzinfo=UTC), timedelta(days=1), [1, 2], [2, 1],
    Unordered([1, 2]), Unordered([1, 1, 2]), {"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "b": 1}, {}, [], Range(1, 2), Range(1, 3),
    Range(0, 2), MISSING,
]  # fmt: skip
ALIKE: list[tuple[Any, Any]] = [
    (1, D("1.0")), (D("0.1234567890123456"), D("0.12345678901234564")), ("é ", "e\u0301"), (False, No("why")),
    (NOON.replace(tzinfo=UTC), datetime.fromisoformat("2026-03-17T14:00+02:00")), (Unordered([1, 2]), Unordered([2, 1])),
    ({"a": 1, "b": 2}, {"b": 2, "a": D("1.0")}), ([1, [2]], [D("1.0"), [2]]), (Range(1, 2), Range(D("1.0"), 2)),
]  # fmt: skip


def test_keys_of_different_values_differ() -> None:
    key = keyer(APART)
    keys = [key(value) for value in APART]
    assert first_places(keys) == list(range(len(APART)))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_keys_of_equal_values_are_equal(one: Any, other: Any) -> None:
    key = keyer([one, other])
    assert key(one) == key(other)


def test_cells_take_the_type_of_their_column() -> None:
    for other, cell in ((1, "1.0"), (DAY, "2026-03-17"), (NOON, "2026-03-17T12:00"), ("1.0", "1.0"), (True, "true")):
        assert keyer([other])(other) == keyer([other])(Cell(cell)), other
    assert keyer(["x"])(Cell("1")) != keyer(["x"])(Cell("1.0"))
    assert keyer([1])(Cell("x")) == keyer([1])("x")
    assert keyer([1])(Cell(" ")) == keyer([1])(None)
    assert distinct_values([Cell("1"), Cell("1.0"), Cell("2"), Cell("1")]) == ["1", "2"]


@pytest.mark.parametrize(
    ("values", "tag"),
    [
        ([], TEXT),
        ([Cell("1"), Cell(" "), Cell("2.5")], NUMBER),
        ([Cell("1"), Cell("x")], TEXT),
        ([Cell("x"), 1, None], NUMBER),
        ([1, "x"], MIXED),
        (["2026-03-17", DAY], DATE),
        ([NOON, "x"], TIME),
        ([NOON, DAY], MIXED),
        ([None, MISSING], TEXT),
    ],
)
def test_types_of_columns(values: list[Any], tag: str) -> None:
    assert column_tag(values) is tag


def test_counts_and_rows() -> None:
    assert list(counts_of("abca").items()) == [("a", 2), ("b", 1), ("c", 1)]
    one, two, three = row_keys([[1, D("1.0"), 1], ["a", "a", "b"]], [[1], ["a"]])
    assert one == two != three


def test_long_numbers() -> None:
    assert is_long(D("0.1234567890123456")) is True
    for short in (D("0.123456789012345"), D("1234567890123456"), 1234567890123456, D("1234567890123456.0")):
        assert is_long(short) is False


def test_the_order_of_types() -> None:
    values = [None, timedelta(1), NOON.replace(tzinfo=UTC), NOON, DAY, True, False, "b", "a", 2, D("1.5")]
    keys = sort_keys(values)
    assert [values[n] for n in sorted(range(len(values)), key=keys.__getitem__)] == values[::-1]
    assert sort_keys([Cell("10"), Cell("9"), Cell("")]) == [(False, 0, 10), (False, 0, 9), (True, 0, 0)]
    for odd in ([1], {"a": 1}, Range(1, 2)):
        with pytest.raises(Unmet, match="has no order"):
            sort_keys([odd])


def test_bounds_of_numbers() -> None:
    largest = 10**1000
    for fine in (largest - 1, 1 - largest, D("1E+999"), D("-1E+999"), D("1E-999"), D("0.00"), D("9" * 1000)):
        assert bounded(fine) == fine
    assert str(bounded(D("0E-1000"))) == str(bounded(D("0E+1000"))) == "0"
    for odd in (largest, -largest, D("1E+1000"), D("1E-1000"), D("Infinity"), D("NaN"), D("0." + "1" * 1001)):
        with pytest.raises(Unmet, match="number is too large"):
            bounded(odd)
