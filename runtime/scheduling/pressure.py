"""Whether this machine runs short: memory, descriptors, processes. Read from the kernel's own counts; what a system does
not tell counts as plenty.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMORY_SHARE = 0.05
_STALLED = 20.0
_USED_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """Bytes of memory that are left and that there are, in the machine or in this container; the share of time, in
    percent, in which something waited for memory (pressure stall information, "some" over 10 s); descriptors and tasks
    in use and allowed. 0 allowed: nothing is known."""

    memory_left: int = 0
    memory: int = 0
    stalled: float = 0.0
    descriptors: int = 0
    descriptors_allowed: int = 0
    tasks: int = 0
    tasks_allowed: int = 0


def shortage(reading: Reading) -> str:
    """What the machine runs short of, or nothing."""
    if reading.memory and reading.memory_left < reading.memory * _MEMORY_SHARE:
        return "memory"
    if reading.stalled > _STALLED:
        return "memory"
    if reading.descriptors_allowed and reading.descriptors > reading.descriptors_allowed * _USED_SHARE:
        return "descriptors"
    if reading.tasks_allowed and reading.tasks > reading.tasks_allowed * _USED_SHARE:
        return "processes"
    return ""


def read_pressure(proc: Path = Path("/proc"), cgroup: Path = _CGROUP) -> Reading:
    """The counts of now."""
    left, total = _memory(proc, cgroup)
    tasks, tasks_allowed = _tasks(proc, cgroup)
    return Reading(left, total, _stalled(proc), *_descriptors(proc), tasks, tasks_allowed)


def _memory(proc: Path, cgroup: Path) -> tuple[int, int]:
    found: dict[str, int] = {}
    for line in _text(proc / "meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            found[name] = _number(rest.split()[0] if rest.split() else "") * 1024
    left, total = found.get("MemAvailable", 0), found.get("MemTotal", 0)
    allowed, used = _number(_text(cgroup / "memory.max")), _number(_text(cgroup / "memory.current"))
    if 0 < allowed < total:
        # Cached files that nobody uses are given up before anything fails.
        idle = next((_number(line.split()[1]) for line in _text(cgroup / "memory.stat").splitlines()
                     if line.startswith("inactive_file ")), 0)  # fmt: skip
        return min(left, allowed - used + idle), allowed
    return left, total


def _stalled(proc: Path) -> float:
    for line in _text(proc / "pressure/memory").splitlines():
        fields = dict(part.split("=", 1) for part in line.split()[1:] if "=" in part)
        if line.startswith("some"):
            with suppress(ValueError):
                return float(fields.get("avg10", "0"))
    return 0.0


def _descriptors(proc: Path) -> tuple[int, int]:
    try:
        import resource
    except ImportError:
        return 0, 0
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        return len(os.listdir(proc / "self/fd")), 0 if soft == resource.RLIM_INFINITY else soft
    except OSError:
        return 0, 0


def _tasks(proc: Path, cgroup: Path) -> tuple[int, int]:
    allowed = _number(_text(cgroup / "pids.max"))
    if allowed:
        return _number(_text(cgroup / "pids.current")), allowed
    limits = [_number(_text(proc / "sys/kernel" / name)) for name in ("pid_max", "threads-max")]
    counts = _text(proc / "loadavg").split()  # the fourth field: running/all tasks
    used = _number(counts[3].partition("/")[2]) if len(counts) > 3 else 0
    return used, min((limit for limit in limits if limit), default=0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
