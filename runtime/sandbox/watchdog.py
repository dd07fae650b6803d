"""Watches a running sandbox from outside: memory of its processes, and what it has written. Bytes are
bounded per process and file by kernel limits; this bounds the sums, so a burst between two looks may
exceed them for a moment."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.sandbox.box import Box
from clawc.runtime.sandbox.collect import usage
from clawc.runtime.sandbox.limits import Meter

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
# Looks at more processes than this are taken in a thread, and take this share of the time at most.
_FEW = 16
_MEMORY_SHARE = 0.2
# Tables of pages, at every level, to one page of address space at most; up to this part of the limit they are not looked at.
_TABLES = 3
_SMALL_PART = 4
_SHARED = b"/dev/zero (deleted)"


async def watch(box: Box, meter: Meter, written: Sequence[Path], turns: asyncio.Semaphore) -> str:
    """Returns "memory" or "disk" once that limit is exceeded; the caller cancels it when the sandbox ends. `written` are
    the folders that it writes to. `turns` bounds how
    many workspaces are looked at together: each look may hold a descriptor for every level of a tree."""
    slow_due = pause = 0.0
    few = True
    while True:
        await asyncio.sleep(max(POLL_S, pause))
        if box.gone:
            await asyncio.get_running_loop().create_future()  # its number may be another's by now
        if box.starved:
            return "memory"
        now = time.monotonic()
        few, over = over_memory(box.pid, meter) if few else await asyncio.to_thread(over_memory, box.pid, meter)
        if over:
            return "memory"
        pause = 0.0 if few else (time.monotonic() - now) / _MEMORY_SHARE
        if time.monotonic() < slow_due:
            continue
        async with turns:
            now = time.monotonic()
            limit = await asyncio.to_thread(_looked_at, box.pid, meter, written)
        if limit:
            return limit
        slow_due = time.monotonic() + max(_DISK_S, (time.monotonic() - now) / _DISK_SHARE)


def _looked_at(pid: int, meter: Meter, written: Sequence[Path]) -> str:
    """The limit that is exceeded by what takes longer to find out."""
    tree = _tree(pid)
    if shared_bytes(tree) > meter.limits.memory_bytes:
        return "memory"
    if not written:
        return ""
    used = [usage(folder, meter.limits.disk_bytes, MAX_ENTRIES) for folder in written]
    size = sum(one.size for one in used) + unnamed_bytes(tree)
    meter.saw(disk=size)
    return "disk" if any(one.over for one in used) or size > meter.limits.disk_bytes else ""


class Look(NamedTuple):
    """`few` if there were few processes, `over` if they hold more than they may."""

    few: bool
    over: bool


def over_memory(pid: int, meter: Meter) -> Look:
    """Whether the processes from `pid` down hold more than they may, with the tables of their pages. Resident sizes count
    shared pages once per process, so beyond the limit the proportional sizes decide, where they may be read."""
    limit = meter.limits.memory_bytes
    tree = _tree(pid)
    sizes = list(map(_sizes, tree))
    hidden = _socket_bytes(pid)
    if sum(whole for whole, _ in sizes) * _TABLES > limit // _SMALL_PART:
        hidden += sum(map(_tables, tree))
    size = sum(resident for _, resident in sizes) + hidden
    if size > limit:
        if len(tree) > _FEW and threading.current_thread() is threading.main_thread():
            return Look(False, False)  # to add up shares takes long: in a thread, next time
        size = sum(map(_proportional, tree)) + hidden
    meter.saw(memory=size, processes=len(tree))
    return Look(len(tree) <= _FEW, size > limit)


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


def shared_bytes(pids: Sequence[int]) -> int:
    """Bytes of memory without a name that processes share. It stays although no process has it in its tables, as long as one
    maps any part of it. Only root is told."""
    found: dict[tuple[int, int], int] = {}
    for pid in pids if os.geteuid() == 0 else ():
        try:
            with open(f"/proc/{pid}/maps", "rb") as file:
                ranges = [line.split()[0].decode() for line in file if line.endswith(_SHARED + b"\n")]
        except OSError:
            continue
        for name in ranges:
            first, last = (f"{int(end, 16):x}" for end in name.split("-"))
            try:
                seen = os.stat(f"/proc/{pid}/map_files/{first}-{last}")
            except OSError:
                continue
            found[seen.st_dev, seen.st_ino] = seen.st_blocks * 512
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


def _sizes(pid: int) -> tuple[int, int]:
    """Bytes of address space, and of what of it is in memory."""
    try:
        whole, resident, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return int(whole) * _PAGE, int(resident) * _PAGE
    except (OSError, ValueError):
        return 0, 0


def _tables(pid: int) -> int:
    """Bytes of the tables of its pages: a page that was only ever read takes none but these."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("VmPTE:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return 0
    return 0


def _proportional(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return _sizes(pid)[1]
    return 0
