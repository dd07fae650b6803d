"""Looks around in a sandbox, tries what must fail, and prints one line of JSON. Standard library only.

Argument: the number of a process of the host, which must not be reachable by it. Each attempt is reported as the name of
the error that it met, or as what it got.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Attempt = Callable[[], Any]

# System calls by machine: x86_64, aarch64.
CALLS = {
    "unshare": (272, 97), "setns": (308, 268), "ptrace": (101, 117), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "userfaultfd": (323, 282),
    "process_vm_readv": (310, 270), "open_by_handle_at": (304, 265), "clock_settime": (227, 112), "settimeofday": (164, 170),
    "clock_adjtime": (305, 266), "reboot": (169, 142), "swapon": (167, 224), "init_module": (175, 105),
    "kexec_load": (246, 104), "pidfd_getfd": (438, 438), "clone3": (435, 435), "sethostname": (170, 161),
    "setuid": (105, 146), "chroot": (161, 51), "acct": (163, 89), "syslog": (103, 116),
}  # fmt: skip
NEW_USER, NEW_NET = 0x10000000, 0x40000000
SECRETS = (
    "/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/etc/ssl/private", "/etc/machine-id", "/root", "/root/.ssh",
    "/root/.bash_history", "/home", "/var/run/docker.sock", "/run/docker.sock", "/run/user", "/run/systemd",
    "/run/dbus/system_bus_socket", "/var", "/srv", "/mnt", "/media", "/boot", "/sys", "/check", "/jobs", "/private",
    "/workspace", "/lost+found", "/dev/kvm", "/dev/kmsg", "/dev/mem", "/dev/vda", "/dev/sda", "/dev/fuse", "/dev/loop0",
    "/proc/kcore_is_readable",
)  # fmt: skip


def tried(attempt: Attempt) -> Any:
    """The name of the error, or what came out."""
    try:
        return attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def call(name: str, *arguments: int) -> str:
    """The error of a system call, or `done`."""
    column = {"x86_64": 0, "aarch64": 1}[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(CALLS[name][column]), *(ctypes.c_long(a) for a in arguments))
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def said(command: str) -> str:
    return subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True).stdout


def written(path: str) -> str:
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)
    return "done"


def read(path: str, limit: int = 1 << 20) -> str:
    with open(path, "rb") as file:
        return file.read(limit).decode("utf-8", "replace")


def linked(source: str, target: str) -> str:
    os.link(source, target)
    return "done"


def node(path: str, mode: int, device: int) -> str:
    os.mknod(path, mode, device)
    return "done"


def connected(family: int, kind: int, address: Any) -> str:
    with socket.socket(family, kind) as peer:
        peer.settimeout(3)
        peer.connect(address)
        peer.send(b"\x00" * 12)
        return "sent"


def made(family: int, kind: int = socket.SOCK_RAW) -> str:
    socket.socket(family, kind).close()
    return "made"


def signalled(pid: int) -> str:
    """Whether the process with this number can be signalled, if it is not one that we can see."""
    if os.path.exists(f"/proc/{pid}"):
        return "another process of our own"
    os.kill(pid, 0)
    return "done"


def pushed() -> str:
    """Type a character into the terminal of somebody else."""
    import fcntl
    import pty
    import termios

    _, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSTI, b"x")
    return "done"


def resolved() -> str:
    try:
        return str(socket.getaddrinfo("example.org", 80))
    except socket.gaierror as error:
        return f"gaierror {error.errno}"


def processes() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            found[name] = str(tried(lambda name=name: read(f"/proc/{name}/cmdline"))).replace("\0", " ")  # type: ignore[misc]
    return found


def status() -> dict[str, str]:
    lines = read("/proc/self/status").splitlines()
    return {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in lines if ":" in line}


def mounts() -> list[list[str]]:
    return [line.split() for line in read("/proc/self/mountinfo").splitlines()]


def sys_writable() -> list[str]:
    """Settings of the kernel that can be written."""
    names = ("kernel/core_pattern", "kernel/hostname", "vm/drop_caches", "kernel/sysrq", "net/ipv4/ip_forward")
    paths = ["/proc/sys/" + name for name in names] + ["/proc/sysrq-trigger", "/proc/1/oom_score_adj"]
    return [path for path in paths[:-1] if tried(lambda path=path: open(path, "w").close()) is None]  # type: ignore[misc]


def setuid_copy() -> str:
    """A set-user-id copy of a program: whether it gets another user's rights."""
    import shutil

    shutil.copy("/usr/bin/id", "/w/setuid-id")
    os.chmod("/w/setuid-id", 0o6755)
    return said("/w/setuid-id -u").strip()


def chowned() -> str:
    with open("/w/given-away", "w"):
        pass
    os.chown("/w/given-away", 0, 0)
    return "done"


def main() -> None:
    host = int(sys.argv[1])
    zero = os.makedev(0, 0)
    print(
        json.dumps(
            {
                "machine": platform.machine(),
                "env": dict(os.environ),
                "environ_of_first": tried(lambda: read("/proc/1/environ")),
                "processes": processes(),
                "mounts": mounts(),
                "mounts_of_first": tried(lambda: read("/proc/1/mountinfo")),
                "fds": sorted(map(int, os.listdir("/proc/self/fd"))),
                "fds_of_first": tried(
                    lambda: {n: os.readlink("/proc/1/fd/" + n) for n in sorted(os.listdir("/proc/1/fd"))}
                ),
                "status": status(),
                "users": read("/proc/self/uid_map"),
                "status_of_first": tried(lambda: read("/proc/1/status")),
                "uid": os.getuid(),
                "cwd": os.getcwd(),
                "root": sorted(os.listdir("/")),
                "work": sorted(os.listdir("/w")),
                "tmp": sorted(os.listdir("/tmp")),
                "shm": sorted(os.listdir("/dev/shm")),
                "run": tried(lambda: sorted(os.listdir("/run"))),
                "dev": sorted(os.listdir("/dev")),
                "present": [path for path in SECRETS if os.path.lexists(path) and tried(lambda path=path: os.listdir(path)) != []],  # type: ignore[misc]
                "passwd": read("/etc/passwd"),
                "write": {
                    folder: tried(lambda folder=folder: written(folder + "/planted"))  # type: ignore[misc]
                    for folder in ("/", "/etc", "/usr", "/usr/bin", "/usr/lib", "/dev", "/proc", "/run", "/w", "/tmp", "/dev/shm")
                },
                "overwrite": {
                    path: tried(lambda path=path: open(path, "r+b").close())  # type: ignore[misc]
                    for path in ("/etc/passwd", "/etc/hosts", "/usr/bin/python3", "/usr/bin/env")
                },
                "hardlink": {
                    "/usr/bin/env": tried(lambda: linked("/usr/bin/env", "/w/env")),
                    "/etc/passwd": tried(lambda: linked("/etc/passwd", "/w/passwd")),
                    "to /tmp": tried(lambda: linked("/w/in/data.txt", "/tmp/data")),
                },
                "mknod": {
                    "block": tried(lambda: node("/w/block", stat.S_IFBLK | 0o666, os.makedev(8, 0))),
                    "character": tried(lambda: node("/w/mem", stat.S_IFCHR | 0o666, os.makedev(1, 1))),
                    "kmsg": tried(lambda: node("/tmp/kmsg", stat.S_IFCHR | 0o666, os.makedev(1, 11))),
                },
                "whiteout": tried(lambda: node("/w/in/white", stat.S_IFCHR, zero)),
                "setuid": tried(setuid_copy),
                "chown": tried(chowned),
                "signal": tried(lambda: signalled(host)),
                "calls": {
                    name: call(name, *arguments)
                    for name, arguments in (
                        ("unshare", (NEW_USER,)), ("setns", (0, NEW_NET)), ("ptrace", (0, 1, 0, 0)), ("mount", (0, 0, 0, 0, 0)),
                        ("umount2", (0, 0)), ("pivot_root", (0, 0)), ("chroot", (0,)), ("bpf", (0, 0, 0)),
                        ("perf_event_open", (0, 0, 0, 0, 0)), ("io_uring_setup", (1, 0)), ("keyctl", (0, 0, 0)),
                        ("add_key", (0, 0, 0, 0, 0)), ("request_key", (0, 0, 0, 0)), ("userfaultfd", (0,)),
                        ("process_vm_readv", (1, 0, 0, 0, 0, 0)), ("open_by_handle_at", (0, 0, 0)), ("clock_settime", (0, 0)),
                        ("settimeofday", (0, 0)), ("clock_adjtime", (0, 0)), ("reboot", (0, 0, 0, 0)), ("swapon", (0, 0)),
                        ("init_module", (0, 0, 0)), ("kexec_load", (0, 0, 0, 0)), ("pidfd_getfd", (0, 0, 0)),
                        ("sethostname", (0, 0)), ("setuid", (0,)), ("acct", (0,)), ("syslog", (2, 0, 0)),
                    )
                },
                "terminal": tried(pushed),
                "sysctl": sys_writable(),
                "network": {
                    "v4": tried(lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 53))),
                    "v6": tried(lambda: connected(socket.AF_INET6, socket.SOCK_STREAM, ("2606:4700:4700::1111", 53))),
                    "udp4": tried(lambda: connected(socket.AF_INET, socket.SOCK_DGRAM, ("1.1.1.1", 53))),
                    "udp6": tried(lambda: connected(socket.AF_INET6, socket.SOCK_DGRAM, ("2606:4700:4700::1111", 53))),
                    "metadata": tried(lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80))),
                    "dns": resolved(),
                    "interfaces": tried(lambda: [name for _, name in socket.if_nameindex()]),
                },
                "families": {
                    "netlink": tried(lambda: made(16)),
                    "packet": tried(lambda: made(17)),
                    "vsock": tried(lambda: made(40, socket.SOCK_STREAM)),
                    "alg": tried(lambda: made(38, socket.SOCK_SEQPACKET)),
                    "bluetooth": tried(lambda: made(31)),
                    "raw4": tried(lambda: made(2)),
                },
                "tool": said("echo ok | awk '{print $1}'"),
            }
        )
    )  # fmt: skip


main()
