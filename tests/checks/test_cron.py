"""When crontab lines fire."""

from __future__ import annotations

import datetime
import time

import pytest

from clawc.stdlib.checks.cron import cron_times
from clawc.stdlib.checks.values import Range, Unmet

DAY = datetime.date
MARCH = Range(DAY(2026, 3, 1), DAY(2026, 3, 31))  # the first is a Sunday


def fires(line: str, span: Range = MARCH) -> list[str]:
    return [moment.strftime("%d %H:%M") for moment in cron_times(line, span)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 5 1 * *", ["01 05:00"]),
        ("30 4,16 31 mar *", ["31 04:30", "31 16:30"]),
        ("0 0 * * sun", ["01 00:00", "08 00:00", "15 00:00", "22 00:00", "29 00:00"]),
        ("0 0 * * 7", ["01 00:00", "08 00:00", "15 00:00", "22 00:00", "29 00:00"]),
        ("@weekly", ["01 00:00", "08 00:00", "15 00:00", "22 00:00", "29 00:00"]),
        ("@monthly", ["01 00:00"]),
        ("0 0 * 4 *", []),
        ("0 0 30 2 *", []),
        ("0 12 1-7 * 6", [f"{day:02} 12:00" for day in (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)]),
        ("0 12 */10 * 6", ["21 12:00"]),
        ("0 0 5/10 * *", ["05 00:00", "15 00:00", "25 00:00"]),
        ("0 0 1-20/7 JAN-MAR *", ["01 00:00", "08 00:00", "15 00:00"]),
        ("5-6,59 0 2 3 *", ["02 00:05", "02 00:06", "02 00:59"]),
    ],
)
def test_days(line: str, expected: list[str]) -> None:
    assert fires(line) == expected


def test_ends() -> None:
    low, high = datetime.datetime(2026, 3, 1, 6, 15), datetime.datetime(2026, 3, 1, 8, 0)
    assert fires("*/15 * * * *", Range(low, high))[::7] == ["01 06:15", "01 08:00"]
    assert len(fires("@hourly", Range(DAY(2026, 3, 1), DAY(2026, 3, 1)))) == 24
    zone = datetime.timezone(datetime.timedelta(hours=2))
    found = cron_times("0 8 * * *", Range(low.replace(tzinfo=zone), DAY(2026, 3, 2)))
    assert found == [datetime.datetime(2026, 3, day, 8, tzinfo=zone) for day in (1, 2)]
    assert cron_times("@daily", Range(DAY(2026, 3, 2), DAY(2026, 3, 1))) == []
    assert len(cron_times("@yearly", Range(DAY(1800, 1, 1), DAY(2000, 1, 1)))) == 201


@pytest.mark.parametrize(
    ("line", "times", "message"),
    [
        ("* * * *", MARCH, "`* * * *` has 4 fields, a crontab line has 5"),
        ("60 * * * *", MARCH, "`60` is no minute of a crontab"),
        ("* 5-3 * * *", MARCH, "`5-3` is no hour of a crontab"),
        ("* * 0 * *", MARCH, "`0` is no day of the month of a crontab"),
        ("* * * foo *", MARCH, "`foo` is no month of a crontab"),
        ("* * * * L", MARCH, "`l` is no day of the week of a crontab"),
        ("*/0 * * * *", MARCH, "`*/0` is no minute of a crontab"),
        ("1,,2 * * * *", MARCH, "`` is no minute of a crontab"),
        ("@reboot", MARCH, "`@reboot` has 1 fields, a crontab line has 5"),
        (None, MARCH, "expected five fields of a crontab, found null"),
        ("@daily", None, "cron times are sought in a range of dates"),
        ("@daily", Range(DAY(2026, 1, 1), None), "a range of cron times needs a date at both ends"),
        ("@daily", Range(DAY(1, 1, 1), DAY(9999, 1, 1)), "the range has more than 100,000 days"),
        ("* * * * *", MARCH, "`* * * * *` fires more than 10000 times in the range"),
        ("* * 30 2 *", Range(DAY(1800, 1, 1), DAY(9999, 1, 1)), "the range has more than 100,000 days"),
        (
            "@daily",
            Range(datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)),
            "a range of cron times mixes local times with times that have an offset",
        ),
    ],
)
def test_what_is_refused(line: object, times: object, message: str) -> None:
    began = time.process_time()
    with pytest.raises(Unmet) as caught:
        cron_times(line, times)
    assert str(caught.value) == message
    assert time.process_time() - began < 5
