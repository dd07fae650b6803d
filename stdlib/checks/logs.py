"""Lines of logs in the common forms; lines of no known form are skipped."""

from __future__ import annotations

import datetime
import re
from typing import Any, List, Optional

from clawc.stdlib.checks.dates import datetime_of, time_in_format
from clawc.stdlib.checks.kinds import list_in, record_in
from clawc.stdlib.checks.readers import json_value, lines_of, require_size, source_name
from clawc.stdlib.checks.values import Row, Table, Unmet

MAX_LOG_LINE = 100_000

_LEVEL = r"TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|CRIT|FATAL|ALERT|EMERG|PANIC"
# 2026-03-17 09:30:00,123 [main] ERROR app.db - message
_TIMED = re.compile(
    r"\[?([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)([.,][0-9]{1,9})?"
    r" ?([Zz]|[+-][0-9]{2}:?[0-9]{2})?\]?[ \t:|-]*(.*)\Z"
)
_LEVELED = re.compile(rf"(?:\[([^\]\s]+)\][ \t]+)?[\[<(]?\b({_LEVEL})\b[\]>)]?[ \t:|-]*(.*)\Z", re.I)
_SOURCED = re.compile(r"\[([\w.:/@-]{1,100})\]:?[ \t]+(.*)\Z|([\w.:/@-]{1,100}?)(?:[ \t]+-|:)[ \t]+(.*)\Z")
# 203.0.113.7 - ada [17/Mar/2026:09:30:00 +0000] "GET / HTTP/1.1" 200 512 "referer" "agent"
_SERVED = re.compile(
    r"(\S+) \S+ (\S+) \[([^\]]{1,40})\] \"((?:[^\"\\]|\\.)*)\" ([0-9]{3}) ([0-9]{1,18}|-)"
    r"(?: \"((?:[^\"\\]|\\.)*)\" \"((?:[^\"\\]|\\.)*)\")?"
)
# Mar 17 09:30:00 host program[12]: message
_SYSLOG = re.compile(
    r"(?:<[0-9]{1,3}>)?((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}) (\S+) "
    r"([^\s:\[]+)(?:\[([0-9]{1,10})\])?: (.*)\Z"
)
_JSON_TIMES = ("timestamp", "time", "@timestamp", "ts", "at", "datetime", "date")
_JSON_LEVELS = ("level", "severity", "lvl", "levelname", "loglevel")
_JSON_MESSAGES = ("message", "msg", "event", "text")
_JSON_SOURCES = ("logger", "source", "service", "component", "name", "module")


def log_table(source: Any) -> Table:
    """The lines of a log as a table of at, level, source, message, and extra: a record of what else a form has.

    The forms: an ISO time with level and source, access logs of web servers, syslog (whose times have no year, so `at`
    is null and `extra.time` has them), and JSON lines.
    """
    name = source_name(source)
    body: List[Row] = []
    for line in lines_of(source):
        found = _log_line(line.strip()) if len(line) <= MAX_LOG_LINE else None
        if found is not None:
            body.append(found)
            require_size(len(body), 5, name)
    if not body:
        raise Unmet(f"{name} has no line of a log in it")
    return Table(["at", "level", "source", "message", "extra"], body)


def _log_row(at: Any, level: Optional[str], source: Optional[str], message: str, extra: Row) -> Row:
    """One row of the table; levels are in upper case."""
    return {
        "at": at, "level": None if level is None else level.upper(), "source": source, "message": message, "extra": extra,
    }  # fmt: skip


def _log_line(line: str) -> Optional[Row]:
    """A line of a log as a row, or None."""
    if line.startswith("{"):
        return _json_log_line(line)
    timed = _TIMED.match(line)
    if timed is not None:
        day, clock, split_second, zone, rest = timed.groups()
        at = datetime_of(day + "T" + clock + (split_second or "").replace(",", ".") + (zone or ""))
        return None if at is None else _leveled_row(at, rest)
    served = _SERVED.match(line)
    if served is not None:
        return _served_row(served)
    syslog = _SYSLOG.match(line)
    if syslog is not None:
        moment, host, program, process, message = syslog.groups()
        extra: Row = {"time": moment, "host": host, "pid": None if process is None else int(process)}
        return _log_row(None, None, program, message, extra)
    return None


def _leveled_row(at: datetime.datetime, rest: str) -> Row:
    """What stands behind a time: perhaps a thread, a level, a source; and the message."""
    leveled = _LEVELED.match(rest)
    if leveled is None:
        return _log_row(at, None, None, rest, {})
    thread, level, rest = leveled.groups()
    sourced = _SOURCED.match(rest)
    if sourced is None:
        return _log_row(at, level, thread, rest, {})
    origin, message = (sourced.group(1), sourced.group(2)) if sourced.group(1) else (sourced.group(3), sourced.group(4))
    return _log_row(at, level, origin, message, {"thread": thread} if thread else {})


def _served_row(served: Any) -> Row:
    """A line of an access log; the host is its source, the request its message."""
    host, user, moment, request, status, size, referer, agent = served.groups()
    extra: Row = {
        "request": request,
        "status": int(status),
        "size": None if size == "-" else int(size),
        "user": None if user == "-" else user,
    }
    if referer is not None:
        extra.update({"referer": referer, "agent": agent})
    return _log_row(time_in_format(moment, "%d/%b/%Y:%H:%M:%S %z"), None, host, request, extra)


def _json_log_line(line: str) -> Optional[Row]:
    """A line that is a JSON object; keys that have no column of their own are in `extra`."""
    try:
        found = record_in(json_value(line))
    except Unmet:
        return None
    if not found:
        return None
    rest = dict(found)

    def taken(keys: Any) -> Any:
        """The first value under one of some keys, taken out of the rest."""
        key = next((k for k in keys if rest.get(k) is not None and record_in(rest[k]) is None), None)
        return None if key is None or list_in(rest[key]) is not None else rest.pop(key)

    at = taken(_JSON_TIMES)
    moment = datetime_of(at) if isinstance(at, str) else None
    if at is not None and moment is None:
        rest["time"] = at
    level, message, origin = taken(_JSON_LEVELS), taken(_JSON_MESSAGES), taken(_JSON_SOURCES)
    texts = [None if value is None else str(value) for value in (level, origin, message)]
    return _log_row(moment, texts[0], texts[1], texts[2] or "", rest)
