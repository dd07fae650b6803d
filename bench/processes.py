"""The processor time of child processes, which is steadier on a shared machine than the time on the wall."""

from __future__ import annotations

import resource
import statistics
import subprocess
from collections.abc import Sequence
from typing import NamedTuple


class Measured(NamedTuple):
    """User and system time of the median run in milliseconds, and what each run wrote and returned."""

    cpu_ms: float
    output: bytes
    status: int


def measure(command: Sequence[str], times: int) -> Measured:
    """Runs a program `times` times. Raises ValueError when its runs do not all say the same."""
    spent: list[float] = []
    seen: set[tuple[bytes, int]] = set()
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        seen.add((done.stdout, done.returncode))
    if len(seen) != 1:
        raise ValueError(f"the runs of {command} differ")
    output, status = seen.pop()
    return Measured(statistics.median(spent) * 1000, output, status)
