"""System calls that Python has no function for. Each raises OSError naming the call.

Standard library of CPython 3.9 only, for x86_64 and aarch64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC, REMOUNT, BIND, RECURSIVE, SLAVE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 19
DETACH = 2

_SIGCHLD = 17
_NUMBERS = {"x86_64": (56, 155, 126), "aarch64": (220, 41, 91)}
_CLONE, _PIVOT_ROOT, _CAPSET = _NUMBERS.get(platform.machine(), (-1, -1, -1))
_CLOSE_RANGE = 436
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUND, _SET_NO_NEW_PRIVILEGES, _AMBIENT = 1, 4, 22, 24, 38, 47
_CAPABILITY_V3 = 0x20080522

_libc = ctypes.PyDLL(None, use_errno=True)
_OURSELVES = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_V3, 0))
_NO_CAPABILITIES = ctypes.create_string_buffer(24)


def clone(namespaces: int) -> int:
    """Fork into new namespaces: 0 in the child, its number in the parent. Only for a process with one thread."""
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = int(_libc.syscall(_CLONE, ctypes.c_ulong(namespaces | _SIGCHLD), 0, 0, 0, 0))
    error = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, f"clone: {os.strerror(error)}")
    return pid


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    _require(
        _libc.mount(
            os.fsencode(source), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), os.fsencode(options)
        ),
        f"mount {kind or target}",
    )


def unmount(target: str, flags: int = 0) -> None:
    _require(_libc.umount2(os.fsencode(target), flags), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    _require(_libc.syscall(_PIVOT_ROOT, os.fsencode(new), os.fsencode(old)), "pivot_root")


def close_from(first: int) -> None:
    """Close all descriptors from `first` on."""
    if _libc.syscall(_CLOSE_RANGE, first, ctypes.c_uint(0xFFFFFFFF), 0) != 0:
        os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def drop_capabilities() -> None:
    """All sets empty, for good."""
    number = 0
    while _libc.prctl(_DROP_BOUND, number, 0, 0, 0) == 0:
        number += 1
    _libc.prctl(_AMBIENT, 4, 0, 0, 0)
    _require(_libc.syscall(_CAPSET, _OURSELVES, _NO_CAPABILITIES), "capset")


def no_new_privileges() -> None:
    _require(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def hide_memory() -> None:
    """No other process of the same user may look into this one, until it becomes another program."""
    _require(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


def die_with_parent() -> None:
    _require(_libc.prctl(_SET_DEATH_SIGNAL, 9, 0, 0, 0), "pdeathsig")


class Filter:
    """A seccomp filter, an array of struct sock_filter, ready to be set."""

    def __init__(self, program: bytes) -> None:
        self.code = ctypes.create_string_buffer(program, len(program))
        self.head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(self.code)))

    def set(self) -> None:
        _require(_libc.prctl(_SET_SECCOMP, 2, self.head, 0, 0), "seccomp")


def tell(path: str, text: str) -> None:
    """Write a few bytes to a file of the kernel's, with less ado than `open` makes."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)


def _require(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
