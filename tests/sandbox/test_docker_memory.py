"""Whose want of memory it was that a process was ended for, told by the counters of both versions of control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.runtime.sandbox.docker.memory import Ended, ended_for_memory

_SECOND = "low 0\nhigh 0\nmax 7\noom {oom}\noom_kill {kill}\noom_group_kill 0\n"
_FIRST = "oom_kill_disable 0\nunder_oom 0\noom_kill {kill}\n"
_LIMIT = 128 << 20


def first(kill: int, refused: int = 0, most: int = 0) -> dict[str, str]:
    """The counters of a group of the first version."""
    numbers = {"failcnt": refused, "max_usage_in_bytes": most, "limit_in_bytes": _LIMIT}
    counters = {f"memory.{name}": f"{number}\n" for name, number in numbers.items()}
    return counters | {"memory.oom_control": _FIRST.format(kill=kill)}


@pytest.mark.parametrize(
    ("files", "ended"),
    [
        ({"memory.events": _SECOND.format(oom=0, kill=0)}, Ended(False, False)),
        ({"memory.events": _SECOND.format(oom=2, kill=1)}, Ended(True, False)),
        ({"memory.events": _SECOND.format(oom=0, kill=1)}, Ended(False, True)),
        (first(kill=0, refused=9), Ended(False, False)),
        (first(kill=1, refused=9), Ended(True, False)),
        (first(kill=1, most=_LIMIT), Ended(True, False)),  # as of Linux 6.18, which counts nothing that it refuses
        (first(kill=1, most=_LIMIT - 4096), Ended(True, False)),
        (first(kill=1, most=_LIMIT // 2), Ended(False, True)),
        ({"memory.oom_control": _FIRST.format(kill=1)}, Ended(False, False)),  # the group goes while it is read
        ({"memory.oom_control": "odd\noom_kill x\n"}, Ended(False, False)),
        ({}, Ended(False, False)),
    ],
)
def test_whose_want_of_memory(files: dict[str, str], ended: Ended, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert ended_for_memory(tmp_path) == ended
