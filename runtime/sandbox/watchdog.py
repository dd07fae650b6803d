"""Watches a running sandbox from outside: memory of its processes, and what it has written. Bytes are
bounded per process and file by kernel limits; this bounds the sums, so a burst between two looks may
exceed them for a moment."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from clawc.runtime.sandbox.collect import usage
from clawc.runtime.sandbox.limits import Meter
from clawc.runtime.sandbox.pod import Box

POLL_S = 0.1
MAX_ENTRIES = 100_000
# Walking a large workspace may take this share of the time at most.
_DISK_SHARE = 0.1
_DISK_S = 0.5
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


async def watch(box: Box, meter: Meter, upper: Path | None) -> str:
    """Returns "memory" or "disk" once that limit is exceeded; the caller cancels it when the sandbox ends."""
    disk_due = 0.0
    while True:
        await asyncio.sleep(POLL_S)
        if over_memory(box.pid, meter):
            return "memory"
        now = time.monotonic()
        if upper is None or now < disk_due:
            continue
        used = await asyncio.to_thread(usage, upper, meter.limits.disk_bytes, MAX_ENTRIES)
        meter.saw(disk=used.size)
        if used.over:
            return "disk"
        spent = time.monotonic() - now
        disk_due = time.monotonic() + max(_DISK_S, spent / _DISK_SHARE)


def over_memory(pid: int, meter: Meter) -> bool:
    """Whether the processes from `pid` down hold more than they may. Resident sizes count shared pages once per process, so
    beyond the limit the proportional sizes decide, where they may be read."""
    tree = _tree(pid)
    size = sum(map(_resident, tree))
    if size > meter.limits.memory_bytes:
        size = sum(map(_proportional, tree))
    meter.saw(memory=size, processes=len(tree))
    return size > meter.limits.memory_bytes


def _tree(pid: int) -> list[int]:
    """`pid` and its descendants; everything in a process namespace descends from its first process."""
    found = [pid]
    for above in found:
        try:
            tasks = os.listdir(f"/proc/{above}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                text = Path(f"/proc/{above}/task/{task}/children").read_text()
            except OSError:
                continue
            found += map(int, text.split())
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return _resident(pid)
    return 0
