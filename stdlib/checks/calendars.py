"""Calendars (RFC 5545, .ics): their events as rows."""

from __future__ import annotations

import datetime
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from clawc.stdlib.checks.dates import UTC, calendar_date
from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.readers import require_size, source_name, text_of
from clawc.stdlib.checks.values import Row, Table, Unmet

MAX_CALENDAR_LINES = 1_000_000

_CALENDAR_LINE = re.compile(
    r"([-A-Za-z0-9]+)((?:;[-A-Za-z0-9]+=(?:\"[^\"]*\"|[^\";:,]*)(?:,(?:\"[^\"]*\"|[^\";:,]*))*)*):(.*)\Z", re.S
)
_CALENDAR_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?\Z")
_CALENDAR_DURATION = re.compile(
    r"([+-]?)P(?:([0-9]{1,5})W)?(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?\Z"
)
_CALENDAR_ESCAPE = re.compile(r"\\(.)", re.S)
EVENT_COLUMNS = (
    "uid", "summary", "start", "end", "location", "description", "status", "organizer", "attendees", "rrule",
)  # fmt: skip


class CalendarLine(NamedTuple):
    """A property: its name in upper case, and its value as written."""

    name: str
    value: str
    number: int


def calendar_lines(source: Any) -> Iterator[CalendarLine]:
    """The properties of a calendar, lines that were folded put together."""
    name = source_name(source)
    pieces: List[str] = []
    begin = 0

    def finished() -> CalendarLine:
        found = _CALENDAR_LINE.match("".join(pieces))
        if found is None:
            raise Unmet(f"{name} is not a calendar: line {begin} is `{cut(''.join(pieces), 60)}`")
        return CalendarLine(found.group(1).upper(), found.group(3), begin)

    for line_number, line in enumerate(text_of(source).split("\n"), 1):
        if line_number > MAX_CALENDAR_LINES:
            raise Unmet(f"{name} has more than {MAX_CALENDAR_LINES} lines")
        if line[:1] in (" ", "\t") and pieces:
            pieces.append(line[1:])
            continue
        if pieces:
            yield finished()
            pieces.clear()
        if line.strip():
            pieces.append(line)
            begin = line_number
    if pieces:
        yield finished()


def ics_table(source: Any) -> Table:
    """The events of a calendar as a table of uid, summary, start, end, location, description, status, organizer,
    attendees and rrule.

    A day is a date; a time in UTC has its zone, any other is local. An event that has no end ends after its duration,
    else it has none.
    """
    name = source_name(source)
    body: List[Row] = []
    inside: List[str] = []
    event: Dict[str, str] = {}
    attendees: List[str] = []
    seen = False
    for line in calendar_lines(source):
        kind = line.value.strip().upper()
        if line.name == "BEGIN":
            if not inside and kind != "VCALENDAR":
                raise Unmet(f"{name} is not a calendar: it does not begin with `BEGIN:VCALENDAR`")
            inside.append(kind)
            seen = True
            if len(inside) > 20:
                raise Unmet(f"{name} is nested deeper than 20 levels (line {line.number})")
            if kind == "VEVENT":
                event, attendees = {}, []
        elif not inside:
            raise Unmet(f"{name} is not a calendar: it does not begin with `BEGIN:VCALENDAR`")
        elif line.name == "END":
            if inside.pop() != kind:
                raise Unmet(f"{name} is not a calendar: line {line.number} ends `{cut(kind, 40)}`, which is not open")
            if kind == "VEVENT":
                body.append(_calendar_event(event, attendees, name))
                require_size(len(body), len(EVENT_COLUMNS), name)
        elif inside[-1] == "VEVENT":
            if line.name == "ATTENDEE":
                attendees.append(_without_mailto(line.value))
            else:
                event.setdefault(line.name, line.value)
    if inside or not seen:
        what = f"`{inside[-1]}` does not end" if inside else "it does not begin with `BEGIN:VCALENDAR`"
        raise Unmet(f"{name} is not a calendar: {what}")
    return Table(EVENT_COLUMNS, body)


def _calendar_event(event: Dict[str, str], attendees: List[str], name: str) -> Row:
    """The properties of one event as a row."""
    start = _calendar_time(event.get("DTSTART"), name)
    end = _calendar_time(event.get("DTEND"), name)
    if end is None and start is not None and "DURATION" in event:
        distance = calendar_duration(event["DURATION"], name)
        try:
            if distance.seconds and not isinstance(start, datetime.datetime):
                start = datetime.datetime(start.year, start.month, start.day)
            end = start + distance
        except OverflowError:
            raise Unmet(f"{name} has an event that ends out of range") from None
    found: Row = {"uid": event.get("UID", "").strip(), "start": start, "end": end}
    for key in ("summary", "location", "description"):
        found[key] = unescaped_text(event.get(key.upper(), ""))
    found["status"] = event.get("STATUS", "").strip().upper()
    found["organizer"] = _without_mailto(event.get("ORGANIZER", ""))
    found["attendees"] = attendees
    found["rrule"] = event["RRULE"].strip() if "RRULE" in event else None
    return {key: found[key] for key in EVENT_COLUMNS}


def unescaped_text(value: str) -> str:
    """A text without the escapes of calendars: `\\n`, `\\,`, `\\;`, `\\\\`."""
    return _CALENDAR_ESCAPE.sub(lambda m: "\n" if m.group(1) in "nN" else m.group(1), value).strip()


def _without_mailto(value: str) -> str:
    """An address without `mailto:`."""
    value = value.strip()
    return value[7:] if value[:7].lower() == "mailto:" else value


def _calendar_time(value: Optional[str], name: str) -> Optional[datetime.date]:
    """A date, or a time: with `Z` in UTC, else local."""
    if value is None:
        return None
    match = _CALENDAR_TIME.match(value.strip())
    day = None if match is None else calendar_date(match.group(1), match.group(2), match.group(3))
    if match is None or day is None:
        raise Unmet(f"{name} has no date or time in `{cut(value, 40)}`")
    if match.group(4) is None:
        return day
    try:
        clock = datetime.time(int(match.group(4)), int(match.group(5)), min(int(match.group(6)), 59))
    except ValueError:
        raise Unmet(f"{name} has no date or time in `{cut(value, 40)}`") from None
    return datetime.datetime.combine(day, clock, UTC if match.group(7) else None)


def calendar_duration(value: str, name: str) -> datetime.timedelta:
    """A duration such as `PT1H30M` or `P2D`."""
    match = _CALENDAR_DURATION.match(value.strip().upper())
    if match is None or not any(match.groups()[1:]):
        raise Unmet(f"{name} has no duration in `{cut(value, 40)}`")
    sign, *parts = match.groups()
    weeks, whole_days, clock_hours, clock_minutes, clock_seconds = (int(part or "0") for part in parts)
    found = datetime.timedelta(
        days=whole_days, weeks=weeks, hours=clock_hours, minutes=clock_minutes, seconds=clock_seconds
    )
    return -found if sign == "-" else found
