"""Whether the kernel has ended a process of a container for want of memory, from the counters of its control group."""

from __future__ import annotations

from pathlib import Path

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


def ended_for_memory(group: Path) -> bool:
    for name in _COUNTERS:
        try:
            lines = (group / name).read_text(encoding="ascii").splitlines()
        except OSError:
            continue  # the other version, or gone
        return any(line.split()[0] == "oom_kill" and line.split()[1] != "0" for line in lines if len(line.split()) == 2)
    return False
