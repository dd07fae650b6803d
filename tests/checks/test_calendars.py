"""Events of calendars."""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.calendars import calendar_duration, ics_table, unescaped_text
from clawc.stdlib.checks.values import File, Unmet

CALENDAR = """BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VTIMEZONE\r
TZID:Europe/Berlin\r
BEGIN:STANDARD\r
DTSTART:19701025T030000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:1@example.org\r
SUMMARY:Plan\\, review\\; and a long line that had to be fold\r
 ed here\r
DTSTART;TZID=Europe/Berlin:20260317T093000\r
DTEND;TZID="Europe/Berlin":20260317T103000\r
LOCATION:Room 1\r
DESCRIPTION:One\\nTwo \\\\ three\r
STATUS:Confirmed\r
ORGANIZER;CN="Ada: L":mailto:ada@example.org\r
ATTENDEE;CN=Bo;ROLE=REQ-PARTICIPANT:MAILTO:bo@example.org\r
ATTENDEE:mailto:cy@example.org\r
RRULE:FREQ=WEEKLY;BYDAY=TU\r
BEGIN:VALARM\r
DESCRIPTION:Alarm\r
TRIGGER:-PT10M\r
END:VALARM\r
END:VEVENT\r
begin:vevent\r
uid:2\r
dtstart;value=date:20260401\r
duration:P2D\r
end:vevent\r
BEGIN:VEVENT\r
DTSTART:20260401T235900Z\r
DURATION:PT1H1M\r
END:VEVENT\r
BEGIN:VTODO\r
SUMMARY:no event\r
END:VTODO\r
END:VCALENDAR\r
"""


def test_events() -> None:
    found = ics_table(File("c", "out/c.ics", "ics", CALENDAR.encode()))
    assert found.columns == [
        "uid", "summary", "start", "end", "location", "description", "status", "organizer", "attendees", "rrule",
    ]  # fmt: skip
    assert found.rows[0] == {
        "uid": "1@example.org",
        "summary": "Plan, review; and a long line that had to be folded here",
        "start": datetime.datetime(2026, 3, 17, 9, 30),
        "end": datetime.datetime(2026, 3, 17, 10, 30),
        "location": "Room 1",
        "description": "One\nTwo \\ three",
        "status": "CONFIRMED",
        "organizer": "ada@example.org",
        "attendees": ["bo@example.org", "cy@example.org"],
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
    }
    assert (found.rows[1]["start"], found.rows[1]["end"]) == (datetime.date(2026, 4, 1), datetime.date(2026, 4, 3))
    assert found.rows[2]["start"] == datetime.datetime(2026, 4, 1, 23, 59, tzinfo=datetime.UTC)
    assert found.rows[2]["end"] == datetime.datetime(2026, 4, 2, 1, 0, tzinfo=datetime.UTC)
    assert (found.rows[2]["summary"], found.rows[2]["attendees"], found.rows[2]["rrule"]) == ("", [], None)
    assert len(found.rows) == 3


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is not a calendar: it does not begin with `BEGIN:VCALENDAR`"),
        ("BEGIN:VEVENT\nEND:VEVENT", "the text is not a calendar: it does not begin with `BEGIN:VCALENDAR`"),
        ("SUMMARY:x", "the text is not a calendar: it does not begin with `BEGIN:VCALENDAR`"),
        ("Dear Ada", "the text is not a calendar: line 1 is `Dear Ada`"),
        ("BEGIN:VCALENDAR", "the text is not a calendar: `VCALENDAR` does not end"),
        ("BEGIN:VCALENDAR\nEND:VEVENT", "the text is not a calendar: line 2 ends `VEVENT`, which is not open"),
        (event("DTSTART:soon"), "the text has no date or time in `soon`"),
        (event("DTSTART:20260231"), "the text has no date or time in `20260231`"),
        (event("DTSTART:20260201T250000"), "the text has no date or time in `20260201T250000`"),
        (event("DTSTART:20260201", "DURATION:long"), "the text has no duration in `long`"),
        (event("DTSTART:99991231", "DURATION:P99999W"), "the text has an event that ends out of range"),
        ("BEGIN:VCALENDAR\n" * 30, "the text is nested deeper than 20 levels (line 21)"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        ics_table(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "hours"), [("PT1H", 1), ("P1D", 24), ("-P1W", -168), ("P1DT1H30M", 25.5), ("+PT90M", 1.5), ("pt3600s", 1)]
)
def test_durations(text: str, hours: float) -> None:
    assert calendar_duration(text, "x") == datetime.timedelta(hours=hours)


PIECES = st.sampled_from(
    ["BEGIN:VCALENDAR\n", "END:VCALENDAR\n", "BEGIN:VEVENT\n", "END:VEVENT\n", "DTSTART:20260317\n", "DTSTART:00010101T000000Z\n",
     "DURATION:-P1D\n", "DURATION:PT\n", "SUMMARY:a\\", "\n", " ", ";", ":", '"', "x=", "ATTENDEE:", "é"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=30))
def test_text_raises_only_unmet(text: str, line: str) -> None:
    sources: list[Any] = [text, event(*text.split("\n")), event(line), event(f"DTSTART:{line}", f"DURATION:{line}")]
    for source in sources:
        with contextlib.suppress(Unmet):
            ics_table(source)


@pytest.mark.parametrize("bait", ["a", ";a=b", ';a="', ",", "\n a", ":", "\\", ";a=,", " "])
def test_no_text_makes_the_reader_hang(bait: str) -> None:
    long = (bait * 500_000)[:500_000]
    for text in (event("X" + long), event("SUMMARY:" + long), event("X;a=" + long)):
        with contextlib.suppress(Unmet):
            ics_table(text)


def test_escapes() -> None:
    assert [unescaped_text(text) for text in (r"a\nb", r"a\Nb", r"a\,b\;c\\d", r"a\Xb", " a ")] == [
        "a\nb", "a\nb", "a,b;c\\d", "aXb", "a",
    ]  # fmt: skip
