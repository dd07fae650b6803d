"""When a line of a crontab fires, by the rules of standard cron."""

from __future__ import annotations

import datetime
import re
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from clawc.stdlib.checks.kinds import cut, shown
from clawc.stdlib.checks.values import Range, Unmet

MAX_CRON_TIMES = 10_000
MAX_CRON_DAYS = 100_000
MAX_CRON_LINE = 2_000

_CRON_ITEM = re.compile(r"(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?\Z")
_CRON_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class CronField(NamedTuple):
    """A field of a crontab line: what it is called, its bounds, and the names that stand for numbers from `low` on."""

    name: str
    low: int
    high: int
    names: str = ""


_CRON_FIELDS = (
    CronField("minute", 0, 59),
    CronField("hour", 0, 23),
    CronField("day of the month", 1, 31),
    CronField("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    CronField("day of the week", 0, 7, "sun mon tue wed thu fri sat"),
)


def cron_times(line: Any, times: Any) -> List[datetime.datetime]:
    """The times in a range, both ends included, at which a crontab line of five fields fires.

    Where both the day of the month and the day of the week are restricted, one of them is enough.
    """
    if not isinstance(line, str):
        raise Unmet(f"expected five fields of a crontab, found {shown(line)}")
    if len(line) > MAX_CRON_LINE:
        raise Unmet(f"`{cut(line.strip(), 60)}` is too long for a line of a crontab")
    fields = line.lower().split()
    if len(fields) == 1 and fields[0] in _CRON_NICKNAMES:
        fields = _CRON_NICKNAMES[fields[0]].split()
    if len(fields) != len(_CRON_FIELDS):
        raise Unmet(f"`{cut(line.strip(), 60)}` has {len(fields)} fields, a crontab line has 5")
    minutes, hours, days, months, weekdays = (_cron_numbers(t, f) for t, f in zip(fields, _CRON_FIELDS))
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    low, high = _cron_ends(times)
    clock = [datetime.time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)]
    found: List[datetime.datetime] = []
    for ordinal in range(low.toordinal(), high.toordinal() + 1):
        day = datetime.date.fromordinal(ordinal)
        by_month, by_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month not in months or not (by_month or by_week if either else by_month and by_week):
            continue
        for time in clock:
            moment = datetime.datetime.combine(day, time, low.tzinfo)
            if low <= moment <= high:
                found.append(moment)
        if len(found) > MAX_CRON_TIMES:
            raise Unmet(f"`{cut(line.strip(), 60)}` fires more than {MAX_CRON_TIMES} times in the range")
    return found


def _cron_numbers(text: str, field: CronField) -> Set[int]:
    """The numbers that a field stands for; Sunday is 0."""
    names: Dict[str, int] = {name: field.low + place for place, name in enumerate(field.names.split())}
    found: Set[int] = set()
    for item in text.split(","):
        match = _CRON_ITEM.match(item)
        every, first, last, step = (None,) * 4 if match is None else match.groups()
        low = field.low if every else _cron_number(first, names)
        high = field.high if every or (step and not last) else _cron_number(last or first, names)
        stride = int(step or 1)
        if low is None or high is None or not field.low <= low <= high <= field.high or not stride:
            raise Unmet(f"`{cut(item, 40)}` is no {field.name} of a crontab")
        found.update(range(low, high + 1, stride))
    return {number % 7 for number in found} if field.high == 7 else found


def _cron_number(text: Optional[str], names: Dict[str, int]) -> Optional[int]:
    """The number that a text or name stands for."""
    if text is None:
        return None
    return int(text) if text.isdigit() else names.get(text)


def _cron_ends(times: Any) -> Tuple[datetime.datetime, datetime.datetime]:
    """The first and the last moment of a range; a date at its end is a whole day."""
    if not isinstance(times, Range):
        raise Unmet("cron times are sought in a range of dates")
    low, high = times.low, times.high
    if not isinstance(low, datetime.date) or not isinstance(high, datetime.date):
        raise Unmet("a range of cron times needs a date at both ends")
    zones = {end.tzinfo is None for end in (low, high) if isinstance(end, datetime.datetime)}
    if len(zones) > 1:
        raise Unmet("a range of cron times mixes local times with times that have an offset")
    zone = next((end.tzinfo for end in (low, high) if isinstance(end, datetime.datetime)), None)
    if not isinstance(low, datetime.datetime):
        low = datetime.datetime.combine(low, datetime.time(0), zone)
    if not isinstance(high, datetime.datetime):
        high = datetime.datetime.combine(high, datetime.time(23, 59, 59), zone)
    if high.toordinal() - low.toordinal() >= MAX_CRON_DAYS:
        raise Unmet("the range has more than 100,000 days")
    try:
        return low, high if zone is None else high.astimezone(low.tzinfo)
    except OverflowError:
        raise Unmet("a range of cron times leaves the calendar") from None
