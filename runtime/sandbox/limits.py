"""The limits of a sandbox: what the kernel is told, what was used of each, and who holds it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from clawc.runtime.records import LimitUse
from clawc.spec.bundle import Limits

OPEN_FILES = 1024
# What the kernel keeps for processes: bytes locked in memory, bytes of POSIX queues, signals that wait.
LOCKED_BYTES = 8 << 20
QUEUE_BYTES = 819_200
SIGNALS = 4096


def resource_limits(limits: Limits, time_s: float) -> dict[str, int]:
    """Limits of each process inside, by the names of RLIMIT_; of processes there is one count for the sandbox's own user
    namespace. `time_s` is how long the sandbox may live, so no process may compute for longer."""
    return {
        "nproc": limits.processes, "fsize": limits.disk_bytes, "nofile": OPEN_FILES, "core": 0,
        "cpu": math.ceil(time_s) + 1, "memlock": LOCKED_BYTES, "msgqueue": QUEUE_BYTES, "sigpending": SIGNALS,
        "rtprio": 0, "nice": 0,
    }  # fmt: skip


@dataclass(slots=True)
class Meter:
    """What one sandbox has used: the most that was seen of memory, disk and processes, and which limits were hit."""

    limits: Limits
    time_s: float
    enforcers: Mapping[str, str]
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    memory: int | None = None
    disk: int | None = None
    processes: int | None = None
    hit: set[str] = field(default_factory=set[str])

    def stop(self) -> None:
        if self.ended is None:
            self.ended = time.monotonic()

    def saw(self, *, memory: int | None = None, disk: int | None = None, processes: int | None = None) -> None:
        """Keep the larger of what was seen before and now."""
        self.memory = _most(self.memory, memory)
        self.disk = _most(self.disk, disk)
        self.processes = _most(self.processes, processes)

    def uses(self) -> tuple[LimitUse, ...]:
        """One for each limit, as records keep them."""
        spent = round((self.ended or time.monotonic()) - self.began, 3)
        rows: tuple[tuple[str, Literal["s", "bytes", "count"], float, float | None], ...] = (
            ("wall", "s", self.time_s, spent),
            ("memory", "bytes", self.limits.memory_bytes, self.memory),
            ("disk", "bytes", self.limits.disk_bytes, self.disk),
            ("processes", "count", self.limits.processes, self.processes),
            ("file", "bytes", self.limits.disk_bytes, None),
            ("open_files", "count", OPEN_FILES, None),
        )
        return tuple(
            LimitUse(
                name=name, unit=unit, allowed=allowed, used=used, enforcer=self.enforcers[name], hit=name in self.hit
            )
            for name, unit, allowed, used in rows
        )


def _most(before: int | None, now: int | None) -> int | None:
    return before if now is None else now if before is None else max(before, now)
