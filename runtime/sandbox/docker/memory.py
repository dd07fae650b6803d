"""Whether the kernel has ended a process of a container for want of memory, from the counters of its control group."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/sys/fs/cgroup")


def memory_group(pid: int) -> Path | None:
    """The folder of the control group that bounds the memory of a process; None if it cannot be seen from here."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        number, controllers, path = line.split(":", 2)
        of_memory = "memory" in controllers.split(",")
        if not (of_memory or number == "0") or ".." in path.split("/"):
            continue
        group = (_ROOT / "memory" if of_memory else _ROOT) / path.lstrip("/")
        if any((group / name).is_file() for name in _COUNTERS):
            return group
    return None


# Of the second version of control groups, and of the first.
_COUNTERS = ("memory.events", "memory.oom_control")
# Pages are charged in batches: a group that is refused one may be short of its limit by no more than this.
_BATCH_BYTES = 1 << 20


class Ended(NamedTuple):
    """`starved`: a process was ended since the group was at its limit; `short`: since the whole machine had no memory left."""

    starved: bool
    short: bool


def ended_for_memory(group: Path) -> Ended:
    """Both versions count processes that were ended; whether the group ever was at its limit tells whose want it was. Neither is
    true where the group is gone, or goes while it is read."""
    events = _numbers(group / "memory.events")
    if events is not None:
        ended, at_limit = events.get("oom_kill", 0) > 0, events.get("oom", 0) > 0
    else:
        ended = (_numbers(group / "memory.oom_control") or {}).get("oom_kill", 0) > 0
        refused, most, limit = (
            _number(group / f"memory.{name}") for name in ("failcnt", "max_usage_in_bytes", "limit_in_bytes")
        )
        if refused is None or most is None or limit is None:
            return Ended(False, False)
        at_limit = refused > 0 or most > limit - _BATCH_BYTES  # not every kernel counts what it refused
    return Ended(ended and at_limit, ended and not at_limit)


def _numbers(path: Path) -> dict[str, int] | None:
    try:
        words = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except OSError:
        return None  # of the other version, or gone
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdigit()}


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
