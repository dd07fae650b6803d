"""Spellings of dates and times, and counting with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.dates import (
    add_months,
    date_of,
    date_spelled,
    dates_in,
    datetime_of,
    day_of,
    days_of,
    hours_of,
    iso,
    minutes_of,
    month_of,
    offset_of,
    overlap,
    time_in_format,
    weekday_of,
    workdays,
    year_of,
)
from clawc.stdlib.checks.values import Cell, Range, Unmet

MARCH = date(2026, 3, 17)


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [
        ("2026-03-17", None, MARCH), (" 2026-03-17 ", None, MARCH), ("2026-3-17", None, None),
        ("2026-02-30", None, None), ("20260317", None, None), ("2026-03-17T00:00", None, None), ("", None, None),
        ("17.03.2026", "%d.%m.%Y", MARCH), ("17.3.2026", "%d.%m.%Y", MARCH), ("03/17/26", "%m/%d/%y", MARCH),
        ("17 March 2026", "%d %B %Y", MARCH), ("mar 17, 2026", "%b %d, %Y", MARCH), ("17 Mar 2026", "%d %B %Y", None),
        ("Tuesday 17 March 2026", "%A %d %B %Y", MARCH), ("Monday 17 March 2026", "%A %d %B %Y", None),
        ("17 mars 2026", "%d %B %Y", None), ("2026-076", "%Y-%j", MARCH), ("2026-366", "%Y-%j", None),
        ("100%17032026", "100%%%d%m%Y", MARCH), ("31.02.2026", "%d.%m.%Y", None), ("17.03.2026x", "%d.%m.%Y", None),
        ("2026-03-17T09:05:00Z", "%Y-%m-%dT%H:%M:%S%z", MARCH), ("12:05 AM 17.03.2026", "%I:%M %p %d.%m.%Y", MARCH),
        ("3/7/2026", "%-d/%-m/%Y", date(2026, 7, 3)), ("17.03.69", "%d.%m.%y", date(1969, 3, 17)),
    ],
)  # fmt: skip
def test_date_of(text: str, format: str | None, value: date | None) -> None:
    assert date_of(text, format) == value
    assert date_of(Cell(text), format) == value


def test_date_of_other_values() -> None:
    assert date_of(datetime(2026, 3, 17, 9)) == MARCH
    assert type(date_of(datetime(2026, 3, 17, 9))) is date
    odd: list[Any] = [None, 20260317, True, [], "x" * 1000]
    assert [date_of(v) for v in odd] == [None] * 5
    with pytest.raises(Unmet, match="unknown directive `%Q`"):
        date_of("x", "%Q")
    with pytest.raises(Unmet, match="directives"):
        date_of("1" * 50, "%d" * 40)


def test_any_iso_spelling_of_a_date() -> None:
    for text in ("2026-03-17", "20260317", "2026-03-17 00:00:00", "2026-03-17T00:00", "2026-03-17T00:00:00.000"):
        assert date_spelled(text) == MARCH
    for text in ("2026-03-17T00:01", "2026-03-17T00:00Z", "17.03.2026", "2026-03-17 ..", ""):
        assert date_spelled(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-02T01:10:00Z", datetime(2026, 3, 2, 1, 10, tzinfo=UTC)),
        ("2026-03-02 01:10", datetime(2026, 3, 2, 1, 10)),
        ("2026-03-02t01:10:05.25z", datetime(2026, 3, 2, 1, 10, 5, 250000, UTC)),
        ("2026-03-02T01:10:05,1234567", datetime(2026, 3, 2, 1, 10, 5, 123456)),
        ("2026-03-02T01:10:00+0200", datetime(2026, 3, 2, 1, 10, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-03-02T01:10 -05", datetime(2026, 3, 2, 1, 10, tzinfo=timezone(timedelta(hours=-5)))),
        ("20260302T011000Z", datetime(2026, 3, 2, 1, 10, tzinfo=UTC)),
        ("2026-03-02", None), ("2026-03-02T24:00", None), ("2026-03-02T01:60", None), ("2026-02-30T01:00", None),
        ("2026-03-02T01:10+25:00", None), ("2026-03-02T01", None), ("x", None),
    ],
)  # fmt: skip
def test_datetime_of(text: str, value: datetime | None) -> None:
    found = datetime_of(text)
    assert found == value
    assert found is None or value is None or (found.tzinfo is None) == (value.tzinfo is None)


def test_zones_are_offsets() -> None:
    assert datetime_of("2026-03-02T01:10", zone="+02:00") == datetime(2026, 3, 1, 23, 10, tzinfo=UTC)
    assert datetime_of("2026-03-02T01:10Z", zone="+02:00") == datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
    with pytest.raises(Unmet, match="unknown zone"):
        datetime_of("2026-03-02T01:10", zone="Europe/Berlin")


@given(st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_iso_round_trips(moment: datetime) -> None:
    assert datetime_of(iso(moment)) == moment
    assert date_of(iso(moment.date())) == moment.date()


def test_iso_writes_utc_as_z() -> None:
    assert iso(datetime(2026, 3, 2, 1, 10, tzinfo=UTC)) == "2026-03-02T01:10:00Z"
    assert iso(datetime(2026, 3, 2, 1, 10)) == "2026-03-02T01:10:00"
    assert iso(MARCH) == "2026-03-17"


def test_durations_are_exact() -> None:
    assert (minutes_of(timedelta(seconds=90)), hours_of(timedelta(days=2))) == (Decimal("1.5"), 48)
    assert days_of(timedelta(hours=-36)) == Decimal("-1.5")
    assert minutes_of(timedelta(seconds=1)) == Decimal("0.01666666666666666666666666666666667")
    assert [f(5) for f in (minutes_of, hours_of, days_of)] == [None] * 3


@pytest.mark.parametrize(
    ("start", "n", "value"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)), (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 3, 31), -13, date(2025, 2, 28)), (datetime(2026, 1, 31, 9), 1, datetime(2026, 2, 28, 9)),
        (Cell("2026-01-31"), Cell("1"), date(2026, 2, 28)), (date(2026, 1, 31), Decimal("1.0"), date(2026, 2, 28)),
        (date(2026, 1, 31), Decimal("0.5"), None), (None, 1, None), (date(2026, 1, 31), True, None),
    ],
)  # fmt: skip
def test_add_months(start: Any, n: Any, value: Any) -> None:
    assert add_months(start, n) == value


def test_dates_out_of_range() -> None:
    for n in (10**6, -(10**6), 10**5000):
        with pytest.raises(Unmet, match="out of range"):
            add_months(MARCH, n)


def test_parts_of_dates() -> None:
    assert (weekday_of(MARCH), day_of(MARCH), month_of(MARCH), year_of(MARCH)) == (2, 17, 3, 2026)
    assert weekday_of(Cell("2026-03-22")) == 7
    assert year_of("2025-12-31T23:30:00Z") == 2025
    assert [f("no date") for f in (weekday_of, day_of, month_of, year_of)] == [None] * 4


@given(st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(-10, 400))
def test_workdays_count_mondays_to_fridays(start: date, length: int) -> None:
    days = [start + timedelta(n) for n in range(length + 1)]
    assert workdays(start, start + timedelta(length)) == sum(day.weekday() < 5 for day in days)


def test_dates_in_a_range() -> None:
    assert dates_in(Range(date(2026, 2, 27), Cell("2026-03-01"))) == [
        date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1),
    ]  # fmt: skip
    assert dates_in(Range(MARCH, date(2026, 3, 16))) == []
    assert len(dates_in(Range(date(2000, 1, 1), date(2000, 1, 1) + timedelta(99_999)))) == 100_000
    for hostile in (Range(date(1, 1, 1), date(9999, 1, 1)), Range(None, MARCH), 5, None):
        with pytest.raises(Unmet):
            dates_in(hostile)


def moment(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, 4, hour, minute)


def test_overlap_of_times_and_of_dates() -> None:
    assert overlap(Range(moment(9), moment(10, 30)), Range(moment(10), moment(11))) == timedelta(minutes=30)
    assert overlap(Range(moment(9), moment(10)), Range(moment(10), moment(11))) == timedelta(0)
    assert overlap(Range(moment(9), moment(10)), Range(moment(11), moment(12))) == timedelta(0)
    assert overlap(Range(MARCH, MARCH), Range(MARCH, date(2026, 3, 20))) == timedelta(days=1)
    assert overlap(Range(MARCH, MARCH), Range(date(2026, 3, 18), date(2026, 3, 20))) == timedelta(0)
    assert overlap(Range(Cell("2026-05-04 09:00"), moment(10)), Range(moment(9, 45), moment(12))) == timedelta(
        minutes=15
    )
    assert overlap(Range(moment(9), None), Range(moment(9), moment(10))) is None
    assert overlap(Range(moment(9), moment(10)), Range(moment(9), moment(10).replace(tzinfo=UTC))) is None
    assert overlap(None, None) is None


@pytest.mark.parametrize(
    ("text", "format", "expected"),
    [
        ("2026-03-17 09:30:05.25", "%Y-%m-%d %H:%M:%S.%f", datetime(2026, 3, 17, 9, 30, 5, 250_000)),
        ("2026-03-17 09:30:05.000001", "%Y-%m-%d %H:%M:%S.%f", datetime(2026, 3, 17, 9, 30, 5, 1)),
        ("17.03.68", "%d.%m.%y", datetime(2068, 3, 17)),
        ("17.03.69", "%d.%m.%y", datetime(1969, 3, 17)),
        ("12 AM", "%I %p", datetime(1900, 1, 1)),
        ("12 pm", "%I %p", datetime(1900, 1, 1, 12)),
        ("11 PM", "%I %p", datetime(1900, 1, 1, 23)),
        ("366 2024", "%j %Y", datetime(2024, 12, 31)),
        ("366 2026", "%j %Y", None),
        ("Tue 17 Mar 2026", "%a %d %b %Y", datetime(2026, 3, 17)),
        ("Mon 17 Mar 2026", "%a %d %b %Y", None),
        ("TUESDAY 17 march 2026", "%A %d %B %Y", datetime(2026, 3, 17)),
        ("7 3 2026", "%-d %-m %Y", datetime(2026, 3, 7)),
        (" 7.3.2026", "%e.%m.%Y", datetime(2026, 3, 7)),
        ("100% 2026", "100%% %Y", datetime(2026, 1, 1)),
        (
            "2026-03-17T09:30 +05:30",
            "%Y-%m-%dT%H:%M %z",
            datetime(2026, 3, 17, 9, 30, tzinfo=timezone(timedelta(hours=5.5))),
        ),
        ("2026-03-17 x", "%Y-%m-%d", None),
        ("x2026", "%Y", None),
    ],
)
def test_directives(text: str, format: str, expected: datetime | None) -> None:
    assert time_in_format(text, format) == expected


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("Z", 0), ("utc", 0), ("+00:00", 0), ("+02", 120), ("-0230", -150), ("+23:59", 1439), ("-00:59", -59),
     ("+24:00", None), ("+02:60", None), ("02:00", None), ("+2", None), ("+02:0", None), ("+0a:00", None), ("", None)],
)  # fmt: skip
def test_offsets(text: str, minutes: int | None) -> None:
    found = offset_of(text)
    assert (None if found is None else found.utcoffset(None)) == (
        None if minutes is None else timedelta(minutes=minutes)
    )


def test_dates_of_dates() -> None:
    assert date_of(MARCH) == date_of(datetime(2026, 3, 17, 23, 59)) == MARCH
    assert type(date_of(datetime(2026, 3, 17))) is date
