"""Equality and order of values, lists, records and tables, with the reasons that are given."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.stdlib.checks.compare import (
    Percent,
    at_least,
    at_most,
    is_sorted,
    less,
    more,
    one_of,
    ordered,
    same_number,
    subset,
    unique,
    unordered,
)
from clawc.stdlib.checks.equality import differs, equal, is_in, not_in
from clawc.stdlib.checks.tables import sort, take
from clawc.stdlib.checks.values import MISSING, Cell, No, Range, Table, Truth, Unmet, Unordered

D = Decimal
MARCH = date(2026, 3, 17)
NOON = datetime(2026, 3, 17, 12, tzinfo=UTC)


def reason(found: Truth) -> str:
    assert isinstance(found, No)
    return found.reason


def share(found: Truth) -> float:
    assert isinstance(found, No)
    return found.share


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1), (1, D("1.00")), (Cell("1.50"), D("1.5")), (D("1.5"), Cell("1.5")), (Cell("1e3"), 1000),
        ("a", " a\r\n"), ("e\u0301", "\u00e9"), ("\ufeffa", "a"), (Cell("a"), "a"), (Cell("12"), "12"),
        (Cell("1.0"), Cell("1")), (Cell("x"), Cell("x ")), (True, True), (Cell("True"), True), (Cell("FALSE"), False),
        (No("x"), False), (None, None), (Cell(""), None), (None, Cell(" ")), (Cell(""), ""), (MARCH, MARCH),
        (Cell("2026-03-17"), MARCH), ("20260317", MARCH), (Cell("2026-03-17 00:00:00"), MARCH), (MARCH, "2026-03-17"),
        (Cell("2026-03-17T14:00+02:00"), NOON), ("2026-03-17T12:00:00Z", NOON), (NOON.astimezone(timezone(timedelta(hours=3))), NOON),
        (Cell("2026-03-17 12:00"), datetime(2026, 3, 17, 12)), (timedelta(hours=1), timedelta(minutes=60)),
        ([1, "a", None], [D("1.0"), "a", None]), ({"a": 1, "b": [2]}, {"b": [D(2)], "a": 1}), (Range(1, None), Range(1, None)),
        (D("0.30000000000000004"), D("0.3")), (D("0.7999999999999999"), D("0.8")), (D("0.3333333333333333"), D("0." + "3" * 34)),
        (D("0.3"), D("0.30000000000000004")), (Cell("0.1234567890123455"), D("0.12345678901234549999")),
        (1, one_of(2, 1)), ([1, 2], [one_of(3, 1), 2]), ({"a": "x"}, {"a": one_of("y", "x")}),
    ],
)  # fmt: skip
def test_equal(a: Any, b: Any) -> None:
    assert equal(a, b) is True
    assert not differs(a, b)


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        (7, 8, "expected 8, found 7"), ("8", 8, "expected 8, found the text `8`"), (8, "8", "expected the text `8`, found 8"),
        (True, 1, "expected 1, found true"), (1, True, "expected true, found 1"), (Cell("1"), True, "expected true, found `1`"),
        ("true", True, "expected true, found the text `true`"), ("a", "A", "expected `A`, found `a`"),
        ("a  b", "a b", "expected `a b`, found `a  b`"), (Cell("x"), 5, "expected 5, found `x`"), (Cell(""), 5, "expected 5, found ``"),
        (None, 0, "expected 0, found null"), (0, None, "expected null, found 0"), (MISSING, 0, "expected 0, found nothing"),
        (MISSING, MISSING, "expected nothing, found nothing"), (None, MISSING, "expected nothing, found null"),
        (Cell("2026-03-18"), MARCH, "expected 2026-03-17, found `2026-03-18`"),
        ("17.03.2026", MARCH, "expected 2026-03-17, found the text `17.03.2026`"),
        (Cell("2026-03-17T12:00"), MARCH, "expected 2026-03-17, found `2026-03-17T12:00`"), (20260317, MARCH, ""),
        (datetime(2026, 3, 17), MARCH, ""), (datetime(2026, 3, 17, 12), NOON, ""), (Cell("2026-03-17 12:00"), NOON, ""),
        (D("0.300000000000001"), D("0.3"), ""), (10**16 + 1, 10**16, ""), (D("0.333"), D("0." + "3" * 34), ""),
        ([1, 2], [1, 3], "value 2: expected 3, found 2"), ([1], [1, 2], "1 value, expected 2"),
        ([2, 1], [1, 2], "value 1: expected 1, found 2"), ({"a": 1}, {"a": 1, "b": 2}, "the key `b` is missing"),
        ({"a": 1, "c": 2}, {"a": 1}, "the key `c` is not expected"), ({"a": {"b": [1]}}, {"a": {"b": [2]}}, "`a`: `b`: value 1: expected 2, found 1"),
        (3, one_of(1, 2), "expected one of [1, 2], found 3"), ([1], {"a": 1}, "expected {a: 1}, found [1]"),
        ("a", [], "expected [], found the text `a`"), (Range(1, 2), Range(1, 3), "expected 1..3, found 1..2"),
        ({"a": None}, {}, "the key `a` is not expected"), (float("nan"), float("nan"), ""), (1.0, 1, ""),
    ],
)  # fmt: skip
def test_not_equal(a: Any, b: Any, why: str) -> None:
    found = equal(a, b)
    assert isinstance(found, No)
    assert not why or found.reason == why


def test_what_is_missing_neither_equals_nor_differs() -> None:
    assert not differs(MISSING, 1) and not differs(1, MISSING) and not equal(MISSING, 1)
    assert differs(None, 1) and differs(1, None) and not differs(None, None) and differs("1", 1)


@pytest.mark.parametrize(
    ("a", "b", "within", "holds"),
    [
        (D("1.05"), 1, D("0.05"), True), (D("0.95"), 1, D("0.05"), True), (D("1.0501"), 1, D("0.05"), False),
        (105, 100, Percent(5), True), (95, 100, Percent(5), True), (106, 100, Percent(5), False), (-105, -100, Percent(5), True),
        (100, 105, Percent(5), True), (1, 0, Percent(50), False), (D("100.30000000000001"), D("100.25"), D("0.05"), True),
        (Cell("1.05"), 1, D("0.05"), True), ("1.05", 1, D("0.05"), False), (1, 1, 0, True), (D("0.3333333333333333"), D("0." + "3" * 34), 0, True),
        (None, 1, 5, False), ("a", "b", 5, False), (NOON + timedelta(minutes=5), NOON, timedelta(minutes=5), True),
        (NOON + timedelta(minutes=6), NOON, timedelta(minutes=5), False), (timedelta(1), timedelta(2), timedelta(1), True),
        (NOON, datetime(2026, 3, 17, 12), timedelta(1), False), (D("2.5"), 2, "junk", False),
    ],
)  # fmt: skip
def test_within(a: Any, b: Any, within: Any, holds: bool) -> None:
    assert bool(equal(a, b, within=within)) is holds
    assert bool(equal([a], [b], within=within)) is holds
    assert bool(equal(Unordered([a]), [b], within=within)) is holds
    assert bool(equal(Table(["x"], [(a,)]), Table(["x"], [(b,)]), within=within)) is holds


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-6, max_value=1e12), st.integers(-3, 3))
def test_a_float_equals_its_decimal_whatever_its_last_bits(x: float, ulps: int) -> None:
    import math

    wobbly = x
    for _ in range(abs(ulps)):
        wobbly = math.nextafter(wobbly, math.inf if ulps > 0 else 0)
    expected = D(repr(x))
    found = D(repr(wobbly))
    if len(found.as_tuple().digits) > 15 and found != found.to_integral_value():
        assert same_number(found, expected)
    assert same_number(expected, D(format(x, ".15g"))) or x == int(x)


def test_ignoring_differences_of_text() -> None:
    assert equal("A  B", "ab", ignore=["case", "spaces"])
    assert equal({"x": ["A"]}, {"x": ["a"]}, ignore=["case"])
    assert equal(Table(["x"], [("A",)]), Table(["x"], [("a",)]), ignore=["case"])
    with pytest.raises(Unmet, match="cannot be ignored"):
        equal("a", "a", ignore=["color"])


def test_optional_keys_are_null_when_absent() -> None:
    assert equal({"a": 1}, {"a": 1, "b": None}, optional=["b"])
    assert equal({"a": 1, "b": None}, {"a": 1}, optional=["b"])
    assert not equal({"a": 1}, {"a": 1, "b": 2}, optional=["b"])
    assert not equal({"a": 1, "b": 2}, {"a": 1}, optional=["b"])
    expected = Table(["a", "b"], [(1, None), (2, "x")])
    assert equal([{"a": 1}, {"a": 2, "b": "x"}], expected, optional=["b"])
    assert not equal([{"a": 1}, {"a": 2, "b": "x"}], expected)
    assert equal([{"a": 1}], Table(["a", "b"], [(1, None)]), optional=["b"])


def test_long_texts_show_where_they_differ() -> None:
    text = "first line\n" + "x" * 100 + "\nlast line"
    why = reason(equal(text.replace("last", "lost"), text))
    assert why == "expected `last line`, found `lost line` in line 3"
    assert "the end of the text" in reason(equal(text + "\nmore", text))


def test_reasons_are_short_and_printable() -> None:
    why = reason(equal("\x1b[31m\ud800\u202e" + "y" * 500, "x" * 5))
    assert len(why) <= 300 and why.isprintable() and "\\x1b" in why
    assert len(reason(equal({"k" * 5000: 1}, {}))) <= 300
    assert len(reason(equal(list(range(1000)), "x"))) <= 300


def test_nesting_is_bounded() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    for a, b in ((deep, deep), (Unordered([deep]), [deep]), ({"a": deep}, {"a": deep})):
        with pytest.raises(Unmet, match="100 levels"):
            equal(a, b)
    shallow: Any = 1
    for _ in range(90):
        shallow = [shallow]
    assert equal(shallow, shallow)


# Order


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 2), (D("1.5"), 2), (Cell("9"), 10), (Cell("9"), Cell("10")), (Cell("a9"), Cell("b1")), ("a", "b"), (MARCH, date(2026, 3, 18)),
        (Cell("2026-03-16"), MARCH), ("2026-03-16", MARCH), (NOON, NOON + timedelta(1)), (timedelta(1), timedelta(2)),
        (MARCH, datetime(2026, 3, 17, 1)), (MARCH, NOON), ("B", "a"),
    ],
)  # fmt: skip
def test_order(a: Any, b: Any) -> None:
    assert less(a, b) and at_most(a, b) and at_most(a, a) and more(b, a) and at_least(b, a) and at_least(b, b)
    assert not less(b, a) and not less(a, a) and not at_most(b, a) and not more(a, b) and not at_least(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (None, 1), (1, None), (MISSING, 1), (None, None), (Cell(""), 1), (Cell("x"), 1), ("1", 2), (1, "2"), (True, 2),
        ([1], [2]), ({"a": 1}, 2), (NOON, datetime(2026, 3, 18)), (MARCH, 5), (float("1"), 2), (timedelta(1), 5),
    ],
)  # fmt: skip
def test_no_order(a: Any, b: Any) -> None:
    for compare in (less, at_most, more, at_least):
        assert isinstance(compare(a, b), No) and isinstance(compare(b, a), No)


def test_order_gives_reasons() -> None:
    assert reason(at_most(121, 120)) == "expected at most 120, found 121"
    assert reason(less("5", 6)) == "expected less than 6, found the text `5`"


# Membership


def test_membership() -> None:
    assert is_in(4, Range(2, 4)) and is_in(2, Range(2, 4)) and not is_in(5, Range(2, 4))
    assert is_in(100, Range(2, None)) and is_in(Cell("3"), Range(2, 4)) and not is_in(None, Range(None, None))
    assert is_in(MARCH, Range(date(2026, 3, 1), date(2026, 3, 31)))
    assert is_in(Cell("3"), [1, 3]) and is_in("b", Table(["x"], [("a",), ("b",)])) and is_in(None, [None])
    assert is_in("a", "a") and not is_in("a", "abc") and not is_in(1, None) and not is_in(MISSING, [1, None])
    assert not_in(5, [1, 2]) and not not_in(1, [1, 2]) and not_in(9, Range(1, 3))
    assert not not_in(MISSING, [1]) and not not_in(1, MISSING)
    assert reason(is_in(5, Range(2, 4))) == "expected a value in 2..4, found 5"
    assert reason(is_in(5, [1, 2])) == "5 is not among [1, 2]"
    with pytest.raises(Unmet, match="2 columns"):
        is_in(1, Table(["a", "b"], [(1, 2)]))


def test_sets_and_sorted_lists() -> None:
    assert subset([1, 1, Cell("2")], [D("1.0"), 2, 3]) and subset([], [])
    assert reason(subset([1, 9], [1])) == "9 is not among the values" and share(subset([1, 9], [1])) == 0.5
    assert unique([1, 2, None, None]) and reason(unique([1, "a", D("1.0")])) == "1 occurs more than once"
    assert unique(["1", 1]) and not unique([Cell("1"), Cell("1.0")])
    assert is_sorted([1, 1, Cell("2"), None]) and not is_sorted([None, 1]) and not is_sorted([2, 1])
    assert is_sorted([Cell("9"), Cell("10")]) and not is_sorted([Cell("9"), Cell("10"), Cell("b")])
    with pytest.raises(Unmet):
        subset(5, [1])


# Lists whose order does not count


def test_unordered_lists() -> None:
    assert equal(Unordered([3, 1, 2]), [1, 2, 3]) and equal([3, 1, 2], Unordered([1, 2, 3]))
    assert not equal(Unordered([1, 1, 2]), [1, 2, 2]) and not equal(Unordered([1, 2]), [1, 2, 2])
    assert equal(Unordered([{"a": 1}, {"a": 2}]), [{"a": D("2.0")}, {"a": 1}])
    assert equal(Unordered([[1, 2], [3]]), [[3], [1, 2]]) and not equal(Unordered([[2, 1]]), [[1, 2]])
    assert equal(Unordered([Unordered([1, 2])]), [[2, 1]])
    assert equal([Cell("b"), Cell("1")], Unordered(["1", "b"]))
    assert equal(["2026-03-17", "2026-03-16"], Unordered([date(2026, 3, 16), MARCH]))
    assert equal(Unordered([1, 2]), [one_of(1, 2), one_of(1, 3)]) and equal([1, 2], Unordered([one_of(1, 2), 1]))
    assert reason(equal(Unordered([1]), [1, 2])) == "2 is missing (1 value, expected 2)"
    assert reason(equal(Unordered([1, 3, 2]), [1, 2])) == "3 is not expected (3 values, expected 2)"
    assert share(equal(Unordered([1, 3, 4]), [1, 2, 3])) == 2 / 3
    assert equal(unordered([2, 1]), [1, 2]) and not equal(ordered(Unordered([2, 1])), [1, 2])


def test_matching_under_a_tolerance_does_not_stop_at_the_first_fit() -> None:
    # 5 fits both 0 and 10; -5 fits only 0.
    for found in ([5, -5], [-5, 5]):
        for expected in ([0, 10], [10, 0]):
            assert equal(Unordered(found), expected, within=5)
    # The identical pair 0, 0 must not be taken first.
    assert equal(Unordered([-5, 0]), [0, 5], within=5)
    rows = Table(["x", "y"], [(5, 5), (-5, -5)])
    assert equal(rows, Table(["x", "y"], [(0, 0), (10, 10)]), within=5)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=7),
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=7, max_size=7),
    st.randoms(use_true_random=False),
    st.sampled_from([1, 2]),
)
def test_whatever_is_within_reach_in_some_order_is_equal(
    expected: list[tuple[int, int]], noise: list[tuple[int, int]], rng: random.Random, width: int
) -> None:
    found = [(x + dx, y + (dy if width == 2 else 0)) for (x, y), (dx, dy) in zip(expected, noise)]
    rng.shuffle(found)
    right = Table(["x", "y"], [(x, y if width == 2 else str(y)) for x, y in expected])
    left = Table(["x", "y"], [(Cell(str(x)), y if width == 2 else Cell(str(y))) for x, y in found])
    assert equal(left, right, within=3) is True
    assert equal(right, left, within=3) is True


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=6), st.lists(st.integers(0, 9), max_size=6), st.integers(0, 3))
def test_matched_share_is_the_largest_possible(a: list[int], b: list[int], within: int) -> None:
    def most(rest: list[int], free: frozenset[int]) -> int:
        if not rest:
            return 0
        skip = most(rest[1:], free)
        return max([skip, *(1 + most(rest[1:], free - {n}) for n in free if abs(rest[0] - b[n]) <= within)])

    found = equal(Unordered(a), b, within=within)
    best = most(a, frozenset(range(len(b))))
    size = max(len(a), len(b))
    assert (found is True) == (best == size)
    assert found is True or share(found) == best / size


# Tables

OUTAGES = Table(["service", "errors"], [("auth", 3), ("billing", 2), ("search", 2)], [1, 2])


def cells(rows: list[tuple[Any, ...]], columns: tuple[str, ...] = ("service", "errors")) -> Table:
    return Table(columns, [tuple(Cell(value) for value in row) for row in rows])


def test_rows_that_tie_may_change_places() -> None:
    assert equal(cells([("auth", "3"), ("search", "2"), ("billing", "2.0")]), OUTAGES)
    assert equal(cells([("auth", "3"), ("billing", "2"), ("search", "2")]), OUTAGES)
    found = equal(cells([("billing", "2"), ("auth", "3"), ("search", "2")]), OUTAGES)
    assert reason(found) == "row 1: column `service`: expected `auth`, found `billing`"
    assert share(found) == 1 / 3
    assert equal(OUTAGES, cells([("auth", "3"), ("search", "2"), ("billing", "2")]))
    assert not equal(OUTAGES, cells([("search", "2"), ("auth", "3"), ("billing", "2")]))
    assert reason(equal(cells([("auth", "3"), ("search", "2"), ("billing", "9")]), OUTAGES)) == (
        "row 3: column `errors`: expected 2, found `9`"
    )


def test_any_choice_among_a_tie_is_right() -> None:
    rows = Table(["service", "errors"], [("a", 5), ("b", 2), ("c", 2), ("d", 2), ("e", 1)])
    top = take(sort(rows, [(lambda r: r["errors"], True)]), 3)
    for pair in (("b", "c"), ("d", "b"), ("c", "d")):
        assert equal(cells([("a", "5"), (pair[0], "2"), (pair[1], "2")]), top)
    assert not equal(cells([("a", "5"), ("b", "2"), ("b", "2")]), top)
    assert not equal(cells([("a", "5"), ("b", "2"), ("e", "1")]), top)
    assert not equal(cells([("b", "2"), ("a", "5"), ("c", "2")]), top)
    assert not equal(cells([("a", "5"), ("b", "2")]), top)
    assert not equal(cells([("b", "2"), ("c", "2"), ("d", "2")]), top)
    assert equal(top, cells([("a", "5"), ("d", "2"), ("c", "2")]))
    nested = take(top, 2)
    assert equal(cells([("a", "5"), ("d", "2")]), nested)
    assert equal(cells([("a", "5")]), take(top, 1)) and not take(top, 1).spare


def test_without_an_order_rows_stand_anywhere() -> None:
    expected = Table(["service", "errors"], OUTAGES.rows)
    assert equal(cells([("search", "2"), ("auth", "3"), ("billing", "2")]), expected)
    found = equal(cells([("search", "2"), ("auth", "4"), ("billing", "2")]), expected)
    assert reason(found) == "row 2: column `errors`: expected 3, found `4`"
    assert share(found) == 2 / 3
    assert (
        reason(equal(cells([("search", "2"), ("auth", "3")]), expected))
        == "2 rows, expected 3; missing row (`billing`, 2)"
    )
    extra = cells([("search", "2"), ("auth", "3"), ("billing", "2"), ("x", "1")])
    assert reason(equal(extra, expected)) == "4 rows, expected 3; row 4 is not expected: (`x`, `1`)"
    assert share(equal(extra, expected)) == 0.75
    assert not equal(cells([("auth", "3"), ("auth", "3"), ("billing", "2")]), expected)


def test_order_can_be_asked_for_or_waived() -> None:
    shuffled = cells([("search", "2"), ("auth", "3"), ("billing", "2")])
    assert equal(shuffled, unordered(OUTAGES)) and equal(unordered(shuffled), OUTAGES)
    assert equal(unordered(shuffled), ordered(OUTAGES))
    assert not equal(cells([("auth", "3"), ("search", "2"), ("billing", "2")]), ordered(OUTAGES))
    assert not equal(ordered(shuffled), Table(OUTAGES.columns, OUTAGES.rows))
    assert equal(unordered(5), 5) and ordered("a") == "a"


def test_columns_of_the_expected_side_count() -> None:
    narrow = Table(["service"], [("auth",), ("billing",), ("search",)])
    assert equal(cells([("auth", "3"), ("billing", "2"), ("search", "2")]), narrow)
    assert reason(equal(narrow, OUTAGES)) == "the column `errors` is missing"
    listed = [{"errors": 3, "service": "auth"}, {"service": "billing", "errors": 2}, {"service": "search", "errors": 2}]
    assert equal(listed, OUTAGES) and equal(OUTAGES, listed)
    assert reason(equal(listed, narrow)) == "the column `errors` is not expected"
    assert reason(equal([{"service": "auth"}], OUTAGES)) == "the column `errors` is missing"
    assert reason(equal([listed[0], {"service": "billing"}, listed[2]], OUTAGES)) == (
        "row 2: column `errors`: expected 2, found nothing"
    )
    assert not equal([{**listed[0], "errors": "3"}, *listed[1:]], OUTAGES)


def test_tables_and_what_is_none() -> None:
    empty = Table(["service", "errors"], [])
    assert equal([], empty) and equal(Table([], []), empty) and equal(empty, []) and equal(empty, Table(["x"], [], []))
    assert reason(equal([], OUTAGES)) == "0 rows, expected 3"
    assert "expected a table of 3 rows, found" in reason(equal({"a": 1}, OUTAGES))
    assert not equal(None, OUTAGES) and not equal([1, 2], OUTAGES) and not equal([{"a": 1}, 2], OUTAGES)
    assert equal(["b", "a"], Table(["x"], [("a",), ("b",)])) and not equal(
        ["b", "a"], Table(["x"], [("a",), ("b",)], [1, 1])
    )
    assert equal(Table(["x"], [(1,), (2,)]), [2, 1])
    assert equal([{"a": 1, "b": None}], Table(["a", "b"], [{"a": 1, "b": None}]))
    assert equal(cells([("a", "")]), Table(["service", "errors"], [("a", None)]))
    absent = Table(["service", "errors"], [{"service": "a", "errors": MISSING}])
    assert equal(absent, absent) and equal(cells([("a", "")]), absent)
    assert not equal([{"service": "a", "errors": None}], absent)


def test_tables_inside_values() -> None:
    assert equal({"rows": [{"a": 1}, {"a": 2}]}, {"rows": Table(["a"], [(2,), (1,)])})
    inner = Table(["a"], [(2,), (1,)])
    assert equal(Table(["k", "t"], [("x", [{"a": 1}, {"a": 2}])]), Table(["k", "t"], [("x", inner)]))
    choice = Table(["k", "v"], [("x", one_of(1, 2)), ("y", 3)])
    assert equal(cells([("y", "3"), ("x", "2")], ("k", "v")), choice)
    assert not equal(cells([("y", "3"), ("x", "3")], ("k", "v")), choice)


def test_floats_in_any_order() -> None:
    values = [D(n) / 7 for n in range(1, 300)]
    found = [(D(repr(n / 7)),) for n in range(299, 0, -1)]
    assert equal(Table(["x"], found), Table(["x"], [(value,) for value in values]))


@pytest.mark.parametrize("within", [None, D("0.05"), Percent(1)])
def test_hostile_sizes_are_judged_in_time(within: Any) -> None:
    n = 4000
    same = Table(["a", "b", "c"], [(1, 1, 1)] * n)
    started = time.process_time()
    assert equal(Table(["a", "b", "c"], [(Cell("1"),) * 3] * n), same, within=within)
    assert not equal(Table(["a", "b", "c"], [(Cell("x"),) * 3] * n), same, within=within)
    assert not equal(Table(["a", "b", "c"], [(m, 2, 3) for m in range(n)]), same, within=within)
    assert not equal(Unordered([[m] for m in range(n)]), [[-m - 1] for m in range(n)], within=within)
    assert time.process_time() - started < 60
