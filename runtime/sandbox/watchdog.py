"""Watches a running sandbox from outside: memory of its processes, and what it has written. Bytes are
bounded per process and file by kernel limits; this bounds the sums, so a burst between two looks may
exceed them for a moment."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

from clawc.runtime.sandbox.collect import usage
from clawc.runtime.sandbox.limits import Meter
from clawc.runtime.sandbox.pod import Box

POLL_S = 0.1
MAX_ENTRIES = 100_000
# Walking a large workspace may take this share of the time at most.
_DISK_SHARE = 0.1
_DISK_S = 0.5
_DELETED = " (deleted)"
_IN_MEMORY = ("/tmp/", "/dev/shm/")
# Sockets that count for nothing, and what each further one may hold (net.core.wmem_default of Linux).
_FREE_SOCKETS = 256
_SOCKET_BYTES = 212_992
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
        size = used.size + await asyncio.to_thread(unnamed_bytes, _tree(box.pid))
        meter.saw(disk=size)
        if used.over or size > meter.limits.disk_bytes:
            return "disk"
        spent = time.monotonic() - now
        disk_due = time.monotonic() + max(_DISK_S, spent / _DISK_SHARE)


def over_memory(pid: int, meter: Meter) -> bool:
    """Whether the processes from `pid` down hold more than they may. Resident sizes count shared pages once per process, so
    beyond the limit the proportional sizes decide, where they may be read."""
    tree = _tree(pid)
    hidden = _socket_bytes(pid)
    size = sum(map(_resident, tree)) + hidden
    if size > meter.limits.memory_bytes:
        size = sum(map(_proportional, tree)) + hidden
    meter.saw(memory=size, processes=len(tree))
    return size > meter.limits.memory_bytes


def _socket_bytes(pid: int) -> int:
    """What the buffers of sockets may hold, which belongs to no process: of each beyond the first few as much as the system
    allows it to send."""
    try:
        for line in Path(f"/proc/{pid}/net/sockstat").read_text().splitlines():
            if line.startswith("sockets: used "):
                return max(0, int(line.split()[2]) - _FREE_SOCKETS) * _SOCKET_BYTES
    except (OSError, ValueError, IndexError):
        return 0
    return 0


def unnamed_bytes(pids: Sequence[int]) -> int:
    """Bytes of files that processes hold although they have no name any more; those in memory have a limit of their own."""
    found: dict[tuple[int, int], int] = {}
    for pid in pids:
        try:
            numbers = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for number in numbers:
            try:
                link = f"/proc/{pid}/fd/{number}"
                target = os.readlink(link)
                if target.endswith(_DELETED) and not target.startswith(_IN_MEMORY):
                    seen = os.stat(link)
                    found[seen.st_dev, seen.st_ino] = seen.st_blocks * 512
            except OSError:
                continue
    return sum(found.values())


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
