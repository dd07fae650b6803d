"""Lines of logs."""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.logs import log_table
from clawc.stdlib.checks.values import Unmet

AT = datetime.datetime(2026, 3, 17, 9, 30)


def one(line: str) -> list[Any]:
    found = log_table(f"no line of a log\n{line}\n  at com.example.Trace(x)\n")
    (row,) = found.rows
    assert list(row) == found.columns == ["at", "level", "source", "message", "extra"]
    return list(row.values())


FORMS: list[tuple[str, list[Any]]] = [
        ("2026-03-17 09:30:00 ERROR disk full", [AT, "ERROR", None, "disk full", {}]),
        ("2026-03-17T09:30:00Z warn app.db: slow", [AT.replace(tzinfo=datetime.UTC), "WARN", "app.db", "slow", {}]),
        ("[2026-03-17 09:30:00] [info] ready", [AT, "INFO", None, "ready", {}]),
        (
            "2026-03-17 09:30:00,250 [main] ERROR com.example.App - it failed: x",
            [AT.replace(microsecond=250_000), "ERROR", "com.example.App", "it failed: x", {"thread": "main"}],
        ),
        ("2026-03-17 09:30 - DEBUG - [http] GET /", [AT, "DEBUG", "http", "GET /", {}]),
        ("2026-03-17 09:30:00 started by Ada", [AT, None, None, "started by Ada", {}]),
        (
            "Mar 17 09:30:00 host sshd[12]: failed: x",
            [None, None, "sshd", "failed: x", {"time": "Mar 17 09:30:00", "host": "host", "pid": 12}],
        ),
        (
            '203.0.113.7 - - [17/Mar/2026:09:30:00 +0000] "GET /a HTTP/1.1" 404 -',
            [AT.replace(tzinfo=datetime.UTC), None, "203.0.113.7", "GET /a HTTP/1.1",
             {"request": "GET /a HTTP/1.1", "status": 404, "size": None, "user": None}],
        ),
        (
            '::1 - ada [17/Mar/2026:09:30:00 +0000] "GET /\\"q\\" HTTP/1.1" 200 512 "-" "Mozilla (x)"',
            [AT.replace(tzinfo=datetime.UTC), None, "::1", 'GET /\\"q\\" HTTP/1.1',
             {"request": 'GET /\\"q\\" HTTP/1.1', "status": 200, "size": 512, "user": "ada", "referer": "-", "agent": "Mozilla (x)"}],
        ),
        (
            '{"ts": "2026-03-17T09:30:00", "level": "error", "msg": "x", "logger": "db", "code": 7, "tags": ["a"]}',
            [AT, "ERROR", "db", "x", {"code": 7, "tags": ["a"]}],
        ),
        ('{"time": 1773739800, "message": {"a": 1}}', [None, None, None, "", {"time": 1773739800, "message": {"a": 1}}]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "row"), FORMS)
def test_forms(line: str, row: list[Any]) -> None:
    assert one(line) == row


def test_a_text_without_any_line_of_a_log_is_refused() -> None:
    for text in ("", "a\nb\n", '{"a": \n{}', "2026-13-17 09:30:00 x"):
        with pytest.raises(Unmet, match="the text has no line of a log in it"):
            log_table(text)


PIECES = st.sampled_from(
    ["2026-03-17", "T", " ", "09:30:00", ",123", "Z", "[", "]", "ERROR", ":", "-", "\n", "{", '"a":', "}", '"', "\\", "1", "Mar 17",
     "a.b", "[17/Mar/2026:09:30:00 +0000]", '"GET" 200 1', "é"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_text_raises_only_unmet(text: str) -> None:
    with contextlib.suppress(Unmet):
        log_table(text)


@pytest.mark.parametrize("bait", ["a", " ", "-", "a:", "[a]", '"', '\\"', "ERROR ", "1", ". ", "[", "{", "a.b "])
def test_no_line_makes_the_reader_hang(bait: str) -> None:
    long = (bait * 90_000)[:90_000]
    for head in (
        "",
        "2026-03-17 09:30:00 ",
        "2026-03-17 09:30:00 ERROR ",
        "a - - [",
        'a - - [x] "',
        "Mar 17 09:30:00 h ",
        "{",
    ):
        with contextlib.suppress(Unmet):
            log_table("\n".join([head + long] * 5))


@pytest.mark.parametrize(
    ("line", "source", "message"),
    [
        ("[db]: ready", "db", "ready"),
        ("[db] ready", "db", "ready"),
        ("db - ready", "db", "ready"),
        ("[db] a: b", "db", "a: b"),
    ],
)
def test_sources(line: str, source: str, message: str) -> None:
    assert one(f"2026-03-17 09:30:00 INFO {line}") == [AT, "INFO", source, message, {}]


@pytest.mark.parametrize("key", ["timestamp", "time", "@timestamp", "ts", "at", "datetime", "date"])
def test_names_of_times_in_json(key: str) -> None:
    assert one(f'{{"{key}": "2026-03-17T09:30:00", "x": 1}}') == [AT, None, None, "", {"x": 1}]


@pytest.mark.parametrize("key", ["level", "severity", "lvl", "levelname", "loglevel"])
def test_names_of_levels_in_json(key: str) -> None:
    assert one(f'{{"{key}": "warn", "x": 1}}') == [None, "WARN", None, "", {"x": 1}]


@pytest.mark.parametrize("key", ["logger", "source", "service", "component", "name", "module"])
def test_names_of_sources_in_json(key: str) -> None:
    assert one(f'{{"{key}": "db", "x": 1}}') == [None, None, "db", "", {"x": 1}]


@pytest.mark.parametrize("key", ["message", "msg", "event", "text"])
def test_names_of_messages_in_json(key: str) -> None:
    assert one(f'{{"{key}": "m", "x": 1}}') == [None, None, None, "m", {"x": 1}]


@pytest.mark.parametrize("level", ["TRACE", "DEBUG", "INFO", "INFORMATION", "NOTICE", "WARN", "WARNING", "ERROR", "ERR",
                                   "CRITICAL", "CRIT", "FATAL", "ALERT", "EMERG", "PANIC"])  # fmt: skip
def test_levels(level: str) -> None:
    assert one(f"2026-03-17 09:30:00 {level} x y")[1:4] == [level, None, "x y"]
