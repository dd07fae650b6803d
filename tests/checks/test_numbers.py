"""Arithmetic, rounding and aggregates against values worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.aggregates import (
    all_of,
    count_all,
    count_if,
    count_values,
    first,
    largest,
    last,
    mean,
    median,
    quantile,
    set_of,
    share_of,
    smallest,
    stddev,
    stddev_pop,
    total,
)
from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.numbers import (
    abs_of,
    add,
    bounds,
    ceil_of,
    coalesce,
    div,
    floor_of,
    format_number,
    fraction,
    integer,
    ln,
    log10,
    mul,
    neg,
    number,
    root,
    round_to,
    sqrt,
    sub,
)
from clawc.stdlib.checks.values import MISSING, Cell, No, Range, Table, Unmet, Unordered

D = Decimal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), (" -3 ", -3), ("0.50", D("0.5")), ("1e6", 1_000_000), ("-2.5E-2", D("-0.025")), ("007", 7),
        ("", None), ("1,234", None), (".5", None), ("5.", None), ("+5", None), ("1e1000", None), ("nan", None),
        ("inf", None), ("1_000", None), ("٣", None), ("0x10", None), ("$5", None), ("1" * 1001, None),
    ],
)  # fmt: skip
def test_number_reads_one_strict_form(text: str, value: Any) -> None:
    assert number(text) == value
    assert number(Cell(text)) == value


def test_truth_and_null_are_no_numbers() -> None:
    assert [number(v) for v in (True, None, MISSING, [1], No("x"))] == [None] * 5
    assert (integer("4.0"), integer("4.5"), integer(D("1e2")), integer(True)) == (4, None, 100, None)


@pytest.mark.parametrize(
    ("operation", "a", "b", "value"),
    [
        (add, 2, 3, 5), (add, D("0.1"), D("0.2"), D("0.3")), (add, "a", "b", "ab"), (add, [1], [2], [1, 2]),
        (add, Cell("2"), 3, 5), (add, 3, Cell("2"), 5), (add, Cell("2"), Cell("3"), 5),
        (add, Cell("a"), Cell("3"), "a3"), (add, Cell("1"), "x", "1x"), (add, Cell("x"), 1, None),
        (add, "2", 3, None), (add, None, 3, None), (add, 3, MISSING, None), (add, True, 1, None),
        (add, Cell(""), 1, None), (add, Cell("x"), None, None),
        (add, date(2026, 2, 27), timedelta(days=3), date(2026, 3, 2)),
        (add, timedelta(days=3), date(2026, 2, 27), date(2026, 3, 2)),
        (add, Cell("2026-02-27"), timedelta(days=3), date(2026, 3, 2)),
        (add, timedelta(hours=1), timedelta(hours=2), timedelta(hours=3)),
        (sub, 2, 3, -1), (sub, date(2026, 3, 2), date(2026, 2, 27), timedelta(days=3)),
        (sub, Cell("2026-03-02"), date(2026, 2, 27), timedelta(days=3)), (sub, [1], [1], None), (sub, "a", "b", None),
        (sub, date(2026, 3, 2), timedelta(days=3), date(2026, 2, 27)),
        (sub, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1), None),
        (sub, datetime(2026, 3, 2, 6), date(2026, 3, 2), timedelta(hours=6)),
        (mul, 6, 7, 42), (mul, Cell("6"), D("0.5"), 3), (mul, timedelta(hours=1), D("1.5"), timedelta(minutes=90)),
        (mul, 2, timedelta(hours=1), timedelta(hours=2)), (mul, "2", 3, None), (mul, [1], 2, None),
        (div, 6, 3, 2), (div, 1, 4, D("0.25")), (div, 1, 0, None), (div, 1, D("0.0"), None), (div, None, 2, None),
        (div, 1, 3, D("0." + "3" * 34)), (div, timedelta(hours=3), timedelta(hours=2), D("1.5")),
        (div, timedelta(hours=3), 2, timedelta(minutes=90)), (div, 1, timedelta(0), None),
    ],
)  # fmt: skip
def test_operators(operation: Any, a: Any, b: Any, value: Any) -> None:
    found = operation(a, b)
    assert found == value
    assert not isinstance(found, float)


def test_integers_are_exact_and_bounded() -> None:
    assert mul(10**500, 10**499) == 10**999
    for operation, a, b in ((mul, 10**500, 10**500), (add, 10**1000 - 1, 1), (mul, D("1e600"), D("1e600"))):
        with pytest.raises(Unmet, match="number is too large"):
            operation(a, b)
    for hostile in (10**5000, D("inf"), D("nan"), D("snan"), D("1e9999")):
        with pytest.raises(Unmet, match="number is too large"):
            add(hostile, 1)
    with pytest.raises(Unmet, match="out of range"):
        add(date(9999, 12, 31), timedelta(days=1))


def test_lists_joined_keep_that_their_order_is_free() -> None:
    assert isinstance(add(Unordered([1]), [2]), Unordered)


@pytest.mark.parametrize(
    ("x", "n", "half", "value"),
    [
        ("2.5", 0, "up", 3), ("2.5", 0, "even", 2), ("-2.5", 0, "up", -3), ("-2.5", 0, "even", -2),
        ("5.025", 2, "up", "5.03"), ("5.025", 2, "even", "5.02"), ("5.035", 2, "even", "5.04"),
        ("1250", -2, "up", 1300), ("1250", -2, "even", 1200), ("1.5", 3, "up", "1.5"), ("0.0049", 2, "up", "0"),
        ("1e-900", 2, "up", "0"), ("99.995", 2, "up", "100"),
    ],
)  # fmt: skip
def test_rounding(x: str, n: int, half: str, value: Any) -> None:
    assert round_to(D(x), n, half=half) == D(value)


def test_rounding_to_whole_numbers_gives_integers() -> None:
    assert isinstance(round_to(D("2.4")), int)
    assert (floor_of(D("-2.5")), ceil_of(D("-2.5")), floor_of(7), ceil_of(Cell("2.1"))) == (-3, -2, 7, 3)
    assert (abs_of(-3), abs_of(timedelta(hours=-1)), neg(D("1.5")), neg(timedelta(1))) == (
        3, timedelta(hours=1), D("-1.5"), timedelta(-1),
    )  # fmt: skip
    assert [f(None) for f in (round_to, floor_of, ceil_of, abs_of, neg, ln, log10, sqrt)] == [None] * 8
    with pytest.raises(Unmet):
        round_to(1, 5000)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_rounding_moves_by_at_most_half_a_unit(x: Decimal) -> None:
    for half in ("up", "even"):
        found = round_to(x, 2, half=half)
        assert found is not None
        assert abs(found - x) <= D("0.005")
        assert found * 100 == (found * 100) // 1


def test_roots_and_logarithms_have_34_digits() -> None:
    assert sqrt(2) == D("1.414213562373095048801688724209698")
    assert log10(1000) == 3
    assert ln(D("2")) == D("0.6931471805599453094172321214581766")
    assert (sqrt(-1), ln(0), log10(-1)) == (None, None, None)
    assert (root(64, 6), root(0, 3), root(D("0.25"), 2), root(2, 1)) == (2, 0, D("0.5"), 2)
    assert (root(-1, 3), root(2, 0), root(None, 2), root("2", 2)) == (None, None, None, None)


@pytest.mark.parametrize(
    ("x", "decimals", "sep", "text"),
    [
        (1234567, 0, ",", "1,234,567"), (D("1234.5"), 2, ",", "1,234.50"), (D("0.005"), 2, "", "0.01"),
        (D("-0.001"), 2, "", "0.00"), (D("-1234.5"), 1, " ", "-1 234.5"), (100, 1, ",", "100.0"), (None, 2, "", ""),
        (Cell("7"), 1, "", "7.0"),
    ],
)  # fmt: skip
def test_format_number(x: Any, decimals: int, sep: str, text: str) -> None:
    assert format_number(x, decimals, sep) == text


def test_plain_is_the_shortest_text() -> None:
    cases: list[tuple[Any, str]] = [
        (D("1.50"), "1.5"),
        (D("1e5"), "100000"),
        (D("-0.00"), "0"),
        (D("1E-7"), "0.0000001"),
        (30, "30"),
    ]
    assert [plain(x) for x, _ in cases] == [text for _, text in cases]


def test_fractions_and_bounds() -> None:
    assert [fraction(v) for v in ("12 %", "12%", "0.5", 3, "x%", "%", None)] == [
        D("0.12"), D("0.12"), D("0.5"), 3, None, None, None,
    ]  # fmt: skip
    for text in ("3-5", "3..5", "3 to 5", " 3 – 5 "):
        found = bounds(text)
        assert found is not None and (found.low, found.high) == (3, 5)
    assert bounds("3") is None and bounds("a-b") is None and bounds(None) is None
    assert (coalesce(None, 1), coalesce(MISSING, 1), coalesce(0, 1), coalesce(Cell(""), 1)) == (1, 1, 0, 1)


def test_aggregates_skip_nulls_and_read_cells() -> None:
    values = [1, None, Cell("2"), D("4.5"), Cell(""), MISSING]
    assert (count_all(values), count_values(values), total(values), mean(values)) == (3, 3, D("7.5"), D("2.5"))
    assert (median(values), smallest(values), largest(values)) == (2, 1, D("4.5"))
    assert (count_if([True, False, No("x"), None, Cell("TRUE")]), share_of([True, False])) == (2, D("0.5"))


def test_aggregates_of_nothing() -> None:
    empty: list[Any] = [None]
    assert (total(empty), mean(empty), median(empty), smallest(empty), stddev(empty)) == (0, None, None, None, None)
    assert (first([]), last([]), stddev([1]), stddev_pop([1]), share_of([])) == (None, None, None, 0, None)


@pytest.mark.parametrize("bad", ["abc", "5", True, [1], Cell("abc"), date(2026, 1, 1)])
def test_numeric_aggregates_refuse_what_is_no_number(bad: Any) -> None:
    for aggregate in (total, mean, median, stddev):
        with pytest.raises(Unmet, match="is not a number"):
            aggregate([1, bad])


def test_spread_and_quantiles() -> None:
    values = [2, 4, 4, 4, 5, 5, 7, 9]
    assert stddev_pop(values) == 2
    assert plain(round_to(stddev(values), 6) or 0) == "2.13809"
    assert [quantile([1, 2, 3, 4], D(p)) for p in ("0", "0.25", "0.5", "1")] == [1, D("1.75"), D("2.5"), 4]
    assert median([3, 1, 2]) == 2
    with pytest.raises(Unmet):
        quantile([1], 2)


def test_least_and_greatest_of_other_types() -> None:
    assert (smallest(["b", "a"]), largest([date(2026, 1, 2), date(2026, 1, 1)])) == ("a", date(2026, 1, 2))
    assert (smallest([Cell("10"), Cell("9")]), smallest([Cell("10"), Cell("b")])) == (9, "10")
    assert largest([Cell("2026-01-05"), date(2026, 1, 1)]) == date(2026, 1, 5)
    assert (total([timedelta(1), None, timedelta(2)]), mean([timedelta(1), timedelta(2)])) == (
        timedelta(3), timedelta(hours=36),
    )  # fmt: skip
    with pytest.raises(Unmet, match="no order"):
        smallest([1, "a"])


def test_counting_and_lists() -> None:
    t = Table(["a", "b"], [(1, 2), (3, 4)])
    assert (count_all(t), count_all({"a": 1}), count_all(Range(3, 5)), first(t)) == (2, 1, 3, {"a": 1, "b": 2})
    assert count_all(Range(date(2026, 1, 1), date(2026, 1, 31))) == 31
    assert all_of([1, 1]) == [1, 1]
    assert set_of([1, D("1.0"), 2, None, None]) == [1, 2, None]
    for hostile in (None, MISSING, 5, "text"):
        with pytest.raises(Unmet):
            count_all(hostile)
    with pytest.raises(Unmet, match="2 columns"):
        total(t)


def test_logarithms() -> None:
    assert (log10(1000), log10(Decimal("0.1")), ln(1)) == (3, -1, 0)
    for odd in (0, -1, None, "x"):
        assert log10(odd) is None and ln(odd) is None
