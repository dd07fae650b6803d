"""Bounds of a process that evaluates what a stranger wrote: memory, processor time, and no way to other processes or hosts."""

from __future__ import annotations

import os
import signal
import sys
from typing import NamedTuple

# What evaluating a spec never does. Audit events, see the table in Python's documentation.
_REFUSED = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "os.fork",
            "os.forkpty", "pty.", "ctypes.", "urllib.", "ftplib.", "smtplib.", "http.")  # fmt: skip


class Bounds(NamedTuple):
    """Seconds of processor time for one item, and bytes of address space for the process."""

    cpu_s: float = 4.0
    memory_bytes: int = 512 << 20


def confine(bounds: Bounds) -> None:
    """Bounds the memory of this process for good, and refuses programs and connections. Where the system has no such limit, only the latter."""
    sys.addaudithook(_refuse)
    try:
        import resource
    except ImportError:
        return
    # A program that has grown large before it forks leaves its children at least half of their memory.
    memory = max(bounds.memory_bytes, _address_space() + bounds.memory_bytes // 2)
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(limit, (allowed, allowed))
        except (ValueError, OSError):
            continue  # some systems refuse limits of the address space


def _address_space() -> int:
    """Bytes of address space of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def start_clock(bounds: Bounds) -> None:
    """From here on the process may use its processor time; then the system ends it, whatever it is doing."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, bounds.cpu_s)


def stop_clock() -> None:
    """The item is done."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, 0)


def _refuse(event: str, _: object) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError(f"{event} is not allowed while a spec is evaluated")
