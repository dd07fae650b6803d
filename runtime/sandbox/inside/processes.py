"""The processes of a sandbox, seen from its first one. Standard library of CPython 3.9 only."""

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple

_FREEZE_S = 1.0


class _Process(NamedTuple):
    """`states` has the state of each thread, the first one's first; `turns`, how often each was given a processor."""

    parent: int
    states: str
    turns: tuple[int, ...] = ()


def _all(threads: bool = False) -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if not threads:
                    state, parent = _look(f"/proc/{name}/stat")
                    found[int(name)] = _Process(parent, state)
                    continue
                # A process whose first thread has ended looks like one that has ended, and runs.
                others = [task for task in os.listdir(f"/proc/{name}/task") if task != name]
                tasks = [_status(f"/proc/{name}/task/{task}/status") for task in (name, *others)]
                found[int(name)] = _Process(tasks[0][1], "".join(t[0] for t in tasks), tuple(t[2] for t in tasks))
            except (OSError, ValueError, IndexError):
                continue
    return found


def _look(path: str) -> tuple[str, int]:
    """State and parent."""
    with open(path, "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return fields[0].decode("ascii"), int(fields[1])


def _status(path: str) -> tuple[str, int, int]:
    """State, parent, and how often a thread was given a processor. The name of a program, whose line ends are escaped, comes
    first."""
    state, parent, turns = "", 0, 0
    with open(path, "rb") as file:
        for line in file:
            name, _, value = line.partition(b":")
            if name == b"State":
                state = value.split()[0].decode("ascii")
            elif name == b"PPid":
                parent = int(value)
            elif name in (b"voluntary_ctxt_switches", b"nonvoluntary_ctxt_switches"):
                turns += int(value)
    return state, parent, turns


def _family(pid: int, every: dict[int, _Process]) -> list[int]:
    """A process and those below it, as far as they still have their parents."""
    found = [pid]
    for above in found:
        found += [child for child, process in every.items() if process.parent == above]
    return found


def kill_below(pid: int) -> None:
    """Kill a process that leads its own group, and all that descends from it. All stand still first: what is started while they are
    listed would lose its parent by the kill, and could not be found any more. A signal has not stopped a process yet that is in the middle
    of starting another one."""
    found: list[int] = []
    until = time.monotonic() + _FREEZE_S
    while True:
        every = _all(threads=True)
        new = [number for number in _family(pid, every) if number not in found]
        for number in new:
            _signal(number, signal.SIGSTOP)
        found += new
        # One that waits uninterruptibly starts nothing any more: it ends by the kill.
        moving = any(set(every[number].states) - set("TtDZX") for number in found if number in every)
        if not (new or moving) or time.monotonic() > until:
            break
        if not new:
            time.sleep(0.0005)
    for number in found:
        _signal(number, signal.SIGKILL)
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return


class Frozen(NamedTuple):
    """Processes that stand still: those that had not been stopped before, and what each had done by then."""

    stopped: list[int]
    seen: dict[int, tuple[int, ...]]


def freeze() -> Frozen:
    """Stop all processes but this one. Raises ValueError if some do not stop."""
    before = {pid for pid, process in _all().items() if process.states == "T"}
    until = time.monotonic() + _FREEZE_S
    while True:
        try:
            os.kill(-1, signal.SIGSTOP)
        except ProcessLookupError:
            return Frozen([], {})
        now = {pid: process for pid, process in _all(threads=True).items() if pid != os.getpid()}
        # A process that waits uninterruptibly does nothing to files until it wakes, and then stops.
        if all(set(process.states) <= set("TtDZX") for process in now.values()):
            stopped = [pid for pid, process in now.items() if pid not in before and set(process.states) - set("ZX")]
            return Frozen(stopped, {pid: process.turns for pid, process in now.items()})
        if time.monotonic() > until:
            _wake([pid for pid in now if pid not in before])
            raise ValueError("some processes do not stop")
        time.sleep(0.001)


def thaw(frozen: Frozen) -> bool:
    """Let them go on; returns whether all stood still meanwhile. One that was woken by another, or by a timer, did not."""
    now = {pid: process.turns for pid, process in _all(threads=True).items() if pid != os.getpid()}
    _wake(frozen.stopped)
    return now == frozen.seen


def _wake(pids: list[int]) -> None:
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
