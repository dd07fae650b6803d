"""Times: bookings that clash, slots that are free for all, tasks one after the other, runs that a crontab plans."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Unsolvable, Value, number, order, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

_DAYS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_STEPS = {"half hour": 30, "full hour": 60, "quarter of an hour": 15}


def _time(value: Value) -> datetime:
    return datetime.fromisoformat(shown(value))


def _minutes(length: timedelta) -> Decimal:
    return Decimal(int(length.total_seconds())) / 60


def clashes(work: Work, asked: Asked) -> None:
    """Each pair once, under the smaller of its two ids."""
    by, (start, end) = asked.text("by"), asked.texts("column")
    other, shared = asked.texts("into")
    least = asked.whole("more than")
    rows = sorted(work.rows, key=lambda row: order(cell(row, "id")))
    work.checked, work.begun = work.rows, asked
    made: list[Row] = []
    for at, one in enumerate(rows):
        for two in rows[at + 1 :]:
            if cell(one, by) != cell(two, by):
                continue
            begins = max(_time(cell(one, start)), _time(cell(two, start)))
            ends = min(_time(cell(one, end)), _time(cell(two, end)))
            overlap = _minutes(ends - begins)
            if overlap > least:
                made.append({by: cell(one, by), "id": cell(one, "id"), other: cell(two, "id"), shared: overlap})
    work.rows = made


def free_slots(work: Work, asked: Asked) -> None:
    """All starts on the grid whose whole length lies between the two hours and within no booking of anybody."""
    start, end = asked.texts("column")
    if asked.text("step") not in _STEPS or asked.text("days") not in _DAYS:
        raise Unsolvable("free slots: a step or a number of days in unknown words")
    step = timedelta(minutes=_STEPS[asked.text("step")])
    length = timedelta(minutes=asked.whole("minutes"))
    first = datetime.fromisoformat(asked.text("first day"))
    busy = [(_time(cell(row, start)), _time(cell(row, end))) for row in work.rows]
    found: list[datetime] = []
    for day in range(_DAYS[asked.text("days")]):
        date = (first + timedelta(days=day)).date().isoformat()
        begin, last = (datetime.fromisoformat(f"{date}T{asked.text(key)}") for key in ("from", "until"))
        at = datetime.fromisoformat(date)
        while at + length <= last:
            if at >= begin and not any(at < ends and begins < at + length for begins, ends in busy):
                found.append(at)
            at += step
    work.rows = [{"day": at.strftime("%Y-%m-%d"), "from": at.strftime("%H:%M")} for at in found]


def slot_columns(work: Work, asked: Asked) -> None:
    day, time = asked.texts("columns")
    work.rows = [{day: row["day"], time: row["from"]} for row in work.rows]


def timeline(work: Work, asked: Asked) -> None:
    """One after the other without a gap: all of them, or those of everybody by themselves."""
    key, length = asked.text("order"), asked.text("length")
    first, last = asked.texts("into")
    ends: dict[Value, Decimal] = {}
    made: list[Row] = []
    for row in sorted(work.rows, key=lambda row: order(cell(row, key))):
        whose = cell(row, asked.text("by")) if asked.has("by") else None
        begin = ends.get(whose, Decimal(0)) + 1
        ends[whose] = begin + number(cell(row, length), length) - 1
        made.append({**row, first: begin, last: ends[whose]})
    work.rows = made


# Crontabs.


def _allowed(field: str, low: int, high: int) -> set[int]:
    numbers: set[int] = set()
    for part in field.split(","):
        found = re.fullmatch(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if found is None:
            raise Unsolvable(f"crontab: {part!r} is no field")
        step = int(found[4] or 1)
        if found[1] == "*":
            start, end = low, high
        else:
            start = int(found[2])
            end = int(found[3]) if found[3] else high if found[4] else start
        numbers.update(range(start, end + 1, step))
    return numbers


def _fits(fields: list[str]) -> Callable[[datetime], bool]:
    """Where day and weekday are both given, one of them is enough."""
    minutes, hours = _allowed(fields[0], 0, 59), _allowed(fields[1], 0, 23)
    days, months = _allowed(fields[2], 1, 31), _allowed(fields[3], 1, 12)
    weekdays = {number % 7 for number in _allowed(fields[4], 0, 7)}

    def fits(at: datetime) -> bool:
        by_day, by_weekday = at.day in days, at.isoweekday() % 7 in weekdays
        either = by_day and by_weekday if "*" in (fields[2], fields[4]) else by_day or by_weekday
        return at.minute in minutes and at.hour in hours and at.month in months and either

    return fits


def cron(work: Work, asked: Asked) -> None:
    job_column, at_column = asked.texts("into")
    start = datetime.fromisoformat(asked.text("from"))
    jobs: dict[str, Callable[[datetime], bool]] = {}
    for line in work.text(work.source(0)).splitlines():
        fields = line.split()
        if len(fields) < 6 or line.startswith("#"):
            continue
        name = fields[5].rsplit("/", 1)[-1].removesuffix(".sh")
        if name in jobs:
            raise Unsolvable(f"cron: two lines for {name}")
        jobs[name] = _fits(fields)
    times = [start + timedelta(minutes=minute) for minute in range(asked.whole("hours") * 60)]
    runs: Mapping[str, list[datetime]] = {name: [at for at in times if fits(at)] for name, fits in jobs.items()}
    work.counts["count silent"] = Decimal(sum(not found for found in runs.values()))
    work.rows = [
        {job_column: name, at_column: at.strftime("%Y-%m-%dT%H:%M")} for name, found in runs.items() for at in found
    ]
