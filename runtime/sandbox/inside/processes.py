"""The processes of a sandbox, seen from its first one. Standard library of CPython 3.9 only."""

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple

_FREEZE_S = 1.0


class _Process(NamedTuple):
    parent: int
    state: str


def _all() -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                found[int(name)] = _Process(int(fields[1]), fields[0].decode("ascii"))
            except (OSError, ValueError, IndexError):
                continue
    return found


def descendants(pid: int) -> list[int]:
    """Processes below `pid`, as far as they still have their parents."""
    every = _all()
    found = [pid]
    for above in found:
        found += [child for child, process in every.items() if process.parent == above]
    return found[1:]


def kill_below(pid: int) -> None:
    """Kill a process that leads its own group, and all that descends from it."""
    for number in [pid, *descendants(pid)]:
        _signal(number, signal.SIGKILL)
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return


def freeze() -> list[int]:
    """Stop all processes but this one; returns those that had not been stopped before."""
    before = {pid for pid, process in _all().items() if process.state == "T"}
    until = time.monotonic() + _FREEZE_S
    while True:
        try:
            os.kill(-1, signal.SIGSTOP)
        except ProcessLookupError:
            return []
        now = {pid: process for pid, process in _all().items() if pid != os.getpid() and process.state != "Z"}
        # A process that waits uninterruptibly does nothing to files until it wakes, and then stops.
        if all(process.state in "TtD" for process in now.values()) or time.monotonic() > until:
            return [pid for pid in now if pid not in before]
        time.sleep(0.001)


def thaw(pids: list[int]) -> None:
    for pid in pids:
        _signal(pid, signal.SIGCONT)


def reap_orphans(ours: set[int]) -> None:
    """Take the status of ended processes that nobody else waits for; stops at one of `ours`, who is waited for by its own."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in ours:
            return
        os.waitpid(ended.si_pid, 0)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        return
