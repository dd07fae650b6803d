"""Shuts a freshly cloned process into its box: a root of its own, limits, no capabilities, the system-call filter.

Standard library of CPython 3.9 only. The order matters: mounts while the capabilities last, the filter at the end.
"""

from __future__ import annotations

import fcntl
import os
import resource
import socket
import struct
from typing import Any

from clawc.runtime.sandbox.inside import kernel

_BUILD = "/box"
# All terminals of the machine are counted together.
_TERMINALS = 64
# Boxes go before the runner and its pods where the machine runs out of memory.
_FIRST_TO_GO = "500"
_COMMON = kernel.NO_SUID | kernel.NO_DEVICES
_LINKED = ("bin", "sbin", "lib", "lib32", "lib64")
_IOCTL_UP = 0x8914
_IFF_UP_RUNNING = 0x41


def enter(request: dict[str, Any], call_filter: kernel.Filter) -> None:
    """Become what `request` describes (see pod.py); raises OSError when the system refuses."""
    kernel.mount("", "/", flags=kernel.RECURSIVE | kernel.SLAVE)
    _lay_root(request)
    os.chdir(_BUILD)
    kernel.pivot_root(".", ".")
    kernel.unmount(".", kernel.DETACH)
    os.chdir("/")
    if request["network"]:
        _raise_loopback()
    _forbid_namespaces()
    kernel.mount("", "/", flags=kernel.REMOUNT | kernel.BIND | kernel.READ_ONLY | _COMMON)
    shut(request["limits"], call_filter)


def shut(limits: dict[str, int], call_filter: kernel.Filter, *, outlives_parent: bool = False) -> None:
    """Give up for good what a process of a box has no right to; raises OSError when the system refuses."""
    _limit(limits)
    os.umask(0o022)
    kernel.tell("/proc/self/oom_score_adj", _FIRST_TO_GO)
    kernel.drop_capabilities()
    kernel.no_new_privileges()
    if not outlives_parent:
        kernel.die_with_parent()
    kernel.hide_memory()
    call_filter.set()


def _lay_root(request: dict[str, Any]) -> None:
    kernel.mount("root", _BUILD, "tmpfs", _COMMON, "size=1m,mode=755")
    for name in ("usr", "etc", "dev", "proc", "tmp"):
        os.mkdir(f"{_BUILD}/{name}", 0o755)
    for source, name in (("/usr", "usr"), ("/etc", "etc"), (request["devices"], "dev")):
        kernel.mount(source, f"{_BUILD}/{name}", flags=kernel.BIND | kernel.RECURSIVE)
    for name in _LINKED:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{_BUILD}/{name}")
        elif os.path.isdir(f"/{name}"):
            os.mkdir(f"{_BUILD}/{name}", 0o755)
            kernel.mount(f"/{name}", f"{_BUILD}/{name}", flags=kernel.BIND | kernel.RECURSIVE)
    for path, size, entries in request["memory"]:
        kernel.mount("tmpfs", _BUILD + path, "tmpfs", _COMMON, f"size={size},nr_inodes={entries},mode=1777")
    if request["terminals"]:
        flags = kernel.NO_SUID | kernel.NO_EXEC
        kernel.mount(
            "devpts", f"{_BUILD}/dev/pts", "devpts", flags, f"newinstance,ptmxmode=0666,mode=620,max={_TERMINALS}"
        )
    kernel.mount("proc", f"{_BUILD}/proc", "proc", _COMMON | kernel.NO_EXEC)
    for entry in request["mounts"]:
        target = _BUILD + entry["at"]
        os.makedirs(target, 0o755, exist_ok=True)
        if entry["kind"] == "overlay":
            layers = ":".join(_escaped(path) for path in entry["lower"])
            options = f"userxattr,lowerdir={layers}"
            if entry["upper"]:
                options += f",upperdir={_escaped(entry['upper'])},workdir={_escaped(entry['work'])}"
            kernel.mount("workspace", target, "overlay", _COMMON, options)
        else:
            kernel.mount(entry["source"], target, flags=kernel.BIND | kernel.RECURSIVE)
            only = kernel.READ_ONLY if entry["kind"] == "read" else 0
            only |= os.statvfs(target).f_flag & os.ST_NOEXEC  # which may not be taken back
            kernel.mount("", target, flags=kernel.REMOUNT | kernel.BIND | only | _COMMON)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle.fileno(), _IOCTL_UP, struct.pack("16sH14x", b"lo", _IFF_UP_RUNNING))


def _forbid_namespaces() -> None:
    """No further user namespace, whatever the filter lets through."""
    try:
        kernel.tell("/proc/sys/user/max_user_namespaces", "0")
    except PermissionError:
        return  # the filter forbids them too


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name.upper()}")
        _, hard = resource.getrlimit(number)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (bound, bound))
