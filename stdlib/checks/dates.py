"""Dates, times and durations: read without a locale or a zone database, and counted exactly.

A date is `datetime.date`, a time `datetime.datetime` (with an offset, or local without one), a duration
`datetime.timedelta`.
"""

from __future__ import annotations

import calendar
import datetime
from decimal import Decimal
from typing import Any, Dict, List, Optional, Tuple

from clawc.stdlib.checks.values import NUMBERS, Cell, Number, Range, Unmet

MAX_DATE_TEXT = 100
MAX_DIRECTIVES = 12
MAX_DAYS = 100_000
UTC = datetime.timezone.utc
MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# Compiled where a time is read: a checker that reads none does not import `re`.
_ISO_TIME = (
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[Tt ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r" ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?\Z"
)
_DATE_DIRECTIVES: Dict[str, str] = {
    "Y": "([0-9]{4})",
    "y": "([0-9]{2})",
    "m": "(1[0-2]|0?[1-9])",
    "d": "(3[01]|[12][0-9]|0?[1-9])",
    "e": " ?(3[01]|[12][0-9]|0?[1-9])",
    "j": "(36[0-6]|3[0-5][0-9]|[12][0-9]{2}|0?[1-9][0-9]|0{0,2}[1-9])",
    "H": "(2[0-3]|[01]?[0-9])",
    "I": "(1[0-2]|0?[1-9])",
    "M": "([0-5]?[0-9])",
    "S": "([0-5]?[0-9])",
    "f": "([0-9]{1,6})",
    "p": "([AaPp][Mm])",
    "z": "([Zz]|[+-][0-9]{2}:?[0-9]{2})",
    "B": "(" + "|".join(MONTH_NAMES) + ")",
    "b": "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "A": "(" + "|".join(WEEKDAY_NAMES) + ")",
    "a": "(mon|tue|wed|thu|fri|sat|sun)",
}


def is_digits(text: str) -> bool:
    """Are all characters of a text, at least one, digits from 0 to 9?"""
    return text.isascii() and text.isdigit()


def calendar_date(year: str, month: str, day: str) -> Optional[datetime.date]:
    """A date from its digits; None when the calendar has no such day."""
    if not (is_digits(year) and is_digits(month) and is_digits(day)):
        return None
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None


def date_of(v: Any, format: Optional[str] = None) -> Optional[datetime.date]:
    """The date that a text spells as YYYY-MM-DD, or in a `format` such as "%d %B %Y" (English names); else
    None."""
    if isinstance(v, datetime.datetime):
        return v.date()
    if isinstance(v, datetime.date):
        return v
    if not isinstance(v, str) or len(v) > MAX_DATE_TEXT:
        return None
    if format is not None:
        found = time_in_format(v, format)
        return None if found is None else found.date()
    text = v.strip()
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    return calendar_date(text[:4], text[5:7], text[8:])


def read_date(v: Any, format: Optional[str] = None) -> Optional[datetime.date]:
    """As `date_of`, and without a format also the spellings that no one reads in two ways: year first, or the month
    by its English name (2026/01/31, 31 January 2026, Jan 31, 2026, 31-Jan-2026)."""
    found = date_of(v, format)
    if found is not None or format is not None or not isinstance(v, str) or len(v) > MAX_DATE_TEXT:
        return found
    words = v.replace("/", " / ").replace("-", " ").replace(",", " ").split()
    if len(words) == 5 and words[1] == words[3] == "/" and len(words[0]) == 4:
        return calendar_date(words[0], words[2], words[4]) if max(len(words[2]), len(words[4])) < 3 else None
    if len(words) != 3 or len(words[2]) != 4:
        return None
    month, day = (words[0], words[1]) if is_digits(words[1]) else (words[1], words[0])
    name = month.rstrip(".").lower()
    number = next((n for n, full in enumerate(MONTH_NAMES, 1) if name in (full, full[:3])), 0)
    return calendar_date(words[2], str(number), day) if number and len(day) < 3 else None


def date_spelled(text: str) -> Optional[datetime.date]:
    """The date of any ISO spelling: YYYY-MM-DD, YYYYMMDD, or a local time that is midnight."""
    text = text.strip()
    if len(text) > MAX_DATE_TEXT:
        return None
    if len(text) == 8:
        return calendar_date(text[:4], text[4:6], text[6:])
    return date_of(text[:10] if is_midnight(text[10:]) else text)


def is_midnight(clock: str) -> bool:
    """Is it what follows a date whose day begins: `T00:00`, with seconds and their decimals or without?"""
    seconds = clock[6:]
    if clock[:6] not in ("T00:00", " 00:00") or seconds[:3] not in ("", ":00"):
        return False
    decimals = seconds[4:]
    return len(seconds) in (0, 3) or (seconds[3] in ".," and 0 < len(decimals) < 10 and not decimals.strip("0"))


def time_in_format(text: str, format: Any) -> Optional[datetime.datetime]:
    """Reads a text by directives as `strptime` has them, in any case; None when it does not fit."""
    if not isinstance(format, str) or len(format) > MAX_DATE_TEXT:
        raise Unmet("the date format is no text of at most %d characters" % MAX_DATE_TEXT)
    import re

    pattern, directives = _date_pattern(format)
    match = re.match(pattern, text.strip(), re.IGNORECASE)
    return None if match is None else _assembled(dict(zip(directives, match.groups())))


def _date_pattern(format: str) -> Tuple[str, List[str]]:
    """A regex for a date format, with the directive of each of its groups."""
    import re

    pattern: List[str] = []
    directives: List[str] = []
    signs = iter(format)
    for sign in signs:
        if sign != "%":
            pattern.append(re.escape(sign))
            continue
        directive = next(signs, "")
        if directive == "-":  # `%-d`: without a leading zero, which reading never needs
            directive = next(signs, "")
        if directive == "%":
            pattern.append("%")
        elif directive in _DATE_DIRECTIVES:
            pattern.append(_DATE_DIRECTIVES[directive])
            directives.append(directive)
        else:
            raise Unmet("unknown directive `%%%s` in the date format `%s`" % (directive, format))
    if len(directives) > MAX_DIRECTIVES:  # each may take one digit or two: many would take long to match
        raise Unmet("the date format `%s` has more than %d directives" % (format, MAX_DIRECTIVES))
    return "".join(pattern) + r"\Z", directives


def _assembled(parts: Dict[str, str]) -> Optional[datetime.datetime]:
    """The time of directive and text; what is not given is 1900-01-01 00:00, as in `strptime`."""
    year = int(parts.get("Y", "1900"))
    if "y" in parts:
        year = int(parts["y"]) + (2000 if int(parts["y"]) < 69 else 1900)
    month = int(parts.get("m", "1"))
    for directive in ("b", "B"):
        if directive in parts:
            month = [name[:3] for name in MONTH_NAMES].index(parts[directive][:3].lower()) + 1
    day = int(parts.get("d", parts.get("e", "1")))
    hour = int(parts.get("H", "0"))
    if "I" in parts:
        hour = int(parts["I"]) % 12 + (12 if parts.get("p", "").lower() == "pm" else 0)
    minute, second = int(parts.get("M", "0")), int(parts.get("S", "0"))
    try:
        found = datetime.datetime(year, month, day, hour, minute, second, int(parts.get("f", "0").ljust(6, "0")))
        if "j" in parts:
            found = found.replace(month=1, day=1) + datetime.timedelta(days=int(parts["j"]) - 1)
    except (ValueError, OverflowError):
        return None
    if found.year != year:  # day 366 of a year that has 365
        return None
    for directive in ("a", "A"):
        if directive in parts and WEEKDAY_NAMES[found.weekday()][:3] != parts[directive][:3].lower():
            return None
    if "z" not in parts:
        return found
    zone = offset_of(parts["z"])
    return None if zone is None else found.replace(tzinfo=zone)


def offset_of(text: str) -> Optional[datetime.timezone]:
    """The zone that `Z`, `UTC` or an offset such as `+02:00` names; else None."""
    if text.upper() in ("Z", "UTC"):
        return UTC
    hours, minutes = text[1:3], text[4:] if text[3:4] == ":" else text[3:]
    if text[:1] not in ("+", "-") or not is_digits(hours + minutes) or len(hours) < 2 or len(minutes) not in (0, 2):
        return None
    if int(hours) > 23 or int(minutes or "0") > 59:
        return None
    distance = datetime.timedelta(hours=int(hours), minutes=int(minutes or "0"))
    return UTC if not distance else datetime.timezone(distance if text[0] == "+" else -distance)


def datetime_of(v: Any, zone: Any = None) -> Optional[datetime.datetime]:
    """The time that an ISO 8601 text spells, else None. Without offset it is local, or in `zone` (an
    offset or UTC)."""
    found = _time_of(v)
    if found is None or zone is None or found.tzinfo is not None:
        return found
    offset = offset_of(zone) if isinstance(zone, str) else None
    if offset is None:
        raise Unmet("unknown zone `%s`; write an offset such as `+02:00`, or `UTC`" % (zone,))
    return found.replace(tzinfo=offset)


def _time_of(v: Any) -> Optional[datetime.datetime]:
    """A time as it is, a date as its beginning, a text as the time that it spells."""
    if isinstance(v, datetime.datetime):
        return v
    if isinstance(v, datetime.date):
        return datetime.datetime(v.year, v.month, v.day)
    if not isinstance(v, str) or len(v) > MAX_DATE_TEXT:
        return None
    import re

    match = re.match(_ISO_TIME, v.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    day_found = calendar_date(year, month, day)
    try:
        microsecond = int((fraction or "")[:6].ljust(6, "0"))
        clock = datetime.time(int(hour), int(minute), int(second or "0"), microsecond)
    except ValueError:
        return None
    zone = None if offset is None else offset_of(offset)
    if day_found is None or (offset is not None and zone is None):
        return None
    return datetime.datetime.combine(day_found, clock, zone)


def iso(d: Any) -> str:
    """A date as YYYY-MM-DD, a time as YYYY-MM-DDThh:mm:ss with its offset, `Z` for UTC."""
    if not isinstance(d, datetime.date):
        raise Unmet("only a date has an ISO spelling")
    text = d.isoformat()
    return text[:-6] + "Z" if isinstance(d, datetime.datetime) and text.endswith("+00:00") else text


def _in_units(d: Any, microseconds: int) -> Optional[Number]:
    """A duration counted in a unit: exact where it divides evenly, else to 34 digits."""
    if not isinstance(d, datetime.timedelta):
        return None
    whole = (d.days * 86_400 + d.seconds) * 1_000_000 + d.microseconds
    if whole % microseconds == 0:
        return whole // microseconds
    return NUMBERS.divide(Decimal(whole), Decimal(microseconds))


def minutes_of(d: Any) -> Optional[Number]:
    """A duration in minutes."""
    return _in_units(d, 60_000_000)


def hours_of(d: Any) -> Optional[Number]:
    """A duration in hours."""
    return _in_units(d, 3_600_000_000)


def days_of(d: Any) -> Optional[Number]:
    """A duration in days."""
    return _in_units(d, 86_400_000_000)


def day_in(v: Any) -> Optional[datetime.date]:
    """The day of a date, of a time, or of a text that spells one of them."""
    found = date_of(v)
    if found is None:
        moment = datetime_of(v)
        found = None if moment is None else moment.date()
    return found


def weekday_of(d: Any) -> Optional[int]:
    """Monday is 1, Sunday 7."""
    day = day_in(d)
    return None if day is None else day.isoweekday()


def day_of(d: Any) -> Optional[int]:
    """The day of the month."""
    day = day_in(d)
    return None if day is None else day.day


def month_of(d: Any) -> Optional[int]:
    """The month of the year, 1 to 12."""
    day = day_in(d)
    return None if day is None else day.month


def year_of(d: Any) -> Optional[int]:
    """The year."""
    day = day_in(d)
    return None if day is None else day.year


def add_months(d: Any, n: Any) -> Any:
    """The same day n months later (below 0: earlier), or the last of that month if it is shorter; the
    clock stays."""
    start = d if isinstance(d, datetime.date) else date_of(d) or datetime_of(d)
    if isinstance(n, Cell):
        digits = n.strip()[1:] if n.strip().startswith("-") else n.strip()
        n = int(n) if is_digits(digits) and len(digits) <= 6 else None
    if start is None or isinstance(n, bool) or not isinstance(n, (int, Decimal)):
        return None
    if isinstance(n, Decimal) and not (n.is_finite() and n.adjusted() < 9 and n == n.to_integral_value()):
        return None
    months = start.year * 12 + start.month - 1 + int(n)
    if not datetime.MINYEAR * 12 <= months < (datetime.MAXYEAR + 1) * 12:
        raise Unmet("the date is out of range")
    year, month = months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def workdays(a: Any, b: Any) -> Optional[int]:
    """Mondays to Fridays from the first day to the last, both included; 0 when the last comes first."""
    first_day, last_day = day_in(a), day_in(b)
    if first_day is None or last_day is None:
        return None
    length = last_day.toordinal() - first_day.toordinal() + 1
    if length <= 0:
        return 0
    weeks, rest = divmod(length, 7)
    return weeks * 5 + sum((first_day.weekday() + offset) % 7 < 5 for offset in range(rest))


def dates_in(days: Any) -> List[datetime.date]:
    """Every day of a range, both ends included."""
    if not isinstance(days, Range):
        raise Unmet("only a range of dates has days")
    low, high = day_in(days.low), day_in(days.high)
    if low is None or high is None:
        raise Unmet("a range of dates needs a date at both ends")
    first_day, last_day = low.toordinal(), high.toordinal()
    if last_day - first_day >= MAX_DAYS:
        raise Unmet("the range has more than 100,000 days")
    return [datetime.date.fromordinal(day) for day in range(first_day, last_day + 1)]


def overlap(a: Any, b: Any) -> Optional[datetime.timedelta]:
    """How long two ranges overlap, 0 when they do not; between dates whole days count, both ends included."""
    if not isinstance(a, Range) or not isinstance(b, Range):
        return None
    ends = [_range_end(end) for end in (a.low, b.low, a.high, b.high)]
    days = [end for end in ends if end is not None and not isinstance(end, datetime.datetime)]
    if len(days) == 4:
        shared = min(days[2:]).toordinal() - max(days[:2]).toordinal() + 1
        return datetime.timedelta(days=max(0, shared))
    times = [moment for moment in map(datetime_of, ends) if moment is not None]
    if len(times) < 4 or len({moment.tzinfo is None for moment in times}) > 1:
        return None  # an end is missing, or local times stand beside times with an offset
    return max(datetime.timedelta(0), min(times[2:]) - max(times[:2]))


def _range_end(v: Any) -> Optional[datetime.date]:
    """An end of a range of time: a date, or a time."""
    return v if isinstance(v, datetime.date) else date_of(v) or datetime_of(v)
