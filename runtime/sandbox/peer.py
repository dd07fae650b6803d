"""Who inside has connected to the port of a sandbox: found from outside, in what the system says of the sandbox's processes."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

from clawc.runtime.sandbox.interface import Peer

_MOST = 4_096
# 127.0.0.1 as the system shows it, in words of its own byte order: by itself, and as a socket of IPv6 has it.
_LOOPBACK = f"{struct.unpack('=I', socket.inet_aton('127.0.0.1'))[0]:08X}"
_MAPPED = "".join(f"{word:08X}" for word in struct.unpack("=4I", bytes(10) + b"\xff\xff\x7f\0\0\x01"))


def peer_at(first: int, port: int) -> Peer | None:
    """The oldest process that holds the connection from this port; `first` is the first process of the sandbox, as this machine numbers
    it. None if the system does not say, or it is gone."""
    inode = _inode(first, port)
    if inode is None:
        return None
    link = f"socket:[{inode}]"
    known = [(began, pid) for pid in _below(first) if _holds(pid, link) and (began := _began(pid)) is not None]
    if not known:
        return None
    began, pid = min(known)
    return Peer(began, tuple(_above(pid, first)))


def now_ticks() -> int:
    """The present moment, counted likewise."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def _inode(first: int, port: int) -> str | None:
    """The number of the socket that is connected from this port of 127.0.0.1, to that same address, in the network of a process. None
    unless there is exactly one: others may have the port at another address, or towards another port."""
    found: set[str] = set()
    for name, address in (("tcp", _LOOPBACK), ("tcp6", _MAPPED)):
        with suppress(OSError), open(f"/proc/{first}/net/{name}", encoding="ascii") as file:
            for line in file:
                parts = line.split()
                there = len(parts) > 9 and parts[1] == f"{address}:{port:04X}" and parts[2].startswith(f"{address}:")
                if there and parts[3] == "01":
                    found.add(parts[9])
    return found.pop() if len(found) == 1 else None


def _below(first: int) -> Iterator[int]:
    """A process and all that descend from it."""
    waiting, seen = [first], 0
    while waiting and seen < _MOST:
        pid = waiting.pop()
        seen += 1
        yield pid
        with suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with suppress(OSError), open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                    waiting += [int(number) for number in file.read().split()]


def _holds(pid: int, link: str) -> bool:
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{name}") == link:
                    return True
    return False


def _above(pid: int, first: int) -> Iterator[int]:
    """The numbers that a process and those above it have inside, but for the first."""
    for _ in range(_MOST):
        if pid == first:
            return
        above, inside = 0, 0
        with (
            suppress(OSError, ValueError, IndexError),
            open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file,
        ):
            for line in file:
                name, _, value = line.partition(":")
                if name == "PPid":
                    above = int(value)
                elif name == "NSpid":
                    inside = int(value.split()[-1])
        if not inside:
            return
        yield inside
        pid = above


def _began(pid: int) -> int | None:
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])
    return None
