"""The bwrap command line of a sandbox. Everything but the program travels by descriptor, so that no path
of the host shows in `/proc/1/cmdline`, and the process starts with an empty environment, so that none
shows in `environ`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import WORKSPACE
from clawc.spec.bundle import Limits

TMP_BYTES = 64 << 20
SHM_BYTES = 16 << 20
PYTHON = "/usr/bin/python3"
PRLIMIT = "/usr/bin/prlimit"
BASE_ENV = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}

_PASSWD = b"root:x:0:0::/:/bin/sh\nagent:x:1000:1000::/tmp:/bin/sh\n"
_GROUP = b"root:x:0:\nagent:x:1000:\n"
_HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
_NSSWITCH = b"passwd: files\ngroup: files\nhosts: files\n"


@dataclass(frozen=True, slots=True)
class Writable:
    """The workspace: `upper` takes the writes; without `lower` it is the workspace itself."""

    upper: Path
    work: Path
    lower: Path | None


@dataclass(frozen=True, slots=True)
class View:
    """What a sandbox sees besides the system: its workspace, read-only folders and read-only files."""

    workspace: Writable | None = None
    folders: Mapping[str, Path] | None = None
    files: Mapping[str, bytes] | None = None
    env: Mapping[str, str] | None = None
    cwd: str = WORKSPACE


class Descriptors:
    """Descriptors that are open only while a process is started."""

    def __init__(self) -> None:
        self.fds: list[int] = []

    def hold(self, fd: int) -> int:
        self.fds.append(fd)
        return fd

    def holding(self, data: bytes) -> int:
        """A descriptor of an anonymous file with this content, at its start."""
        fd = self.hold(os.memfd_create("data", os.MFD_CLOEXEC))
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def __enter__(self) -> Descriptors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in self.fds:
            os.close(fd)


def arguments(view: View, held: Descriptors, *, seccomp: bytes, status_fd: int) -> int:
    """A descriptor with the arguments of bwrap. Order matters: a later mount may hide an earlier one, and the
    remounts come last."""
    args = ["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"]
    args += ["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]
    args += ["--json-status-fd", str(status_fd)]
    for name, value in (BASE_ENV | dict(view.env or {})).items():
        args += ["--setenv", name, value]
    args += ["--ro-bind", "/usr", "/usr", *_system_folders()]
    args += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
    files = {
        "/etc/passwd": _PASSWD,
        "/etc/group": _GROUP,
        "/etc/hosts": _HOSTS,
        "/etc/nsswitch.conf": _NSSWITCH,
    }
    for path, data in (files | dict(view.files or {})).items():
        args += ["--perms", "0444", "--ro-bind-data", str(held.holding(data)), path]
    args += ["--proc", "/proc", "--dev", "/dev"]
    for path, size in (("/tmp", TMP_BYTES), ("/dev/shm", SHM_BYTES)):
        args += ["--size", str(size), "--perms", "1777", "--tmpfs", path]
    if view.workspace is not None:
        args += _workspace(view.workspace)
    for path, folder in (view.folders or {}).items():
        args += ["--ro-bind", str(folder), path]
    args += ["--chdir", view.cwd, "--seccomp", str(held.holding(seccomp))]
    args += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return held.holding(_joined(args))


def limited(argv: Iterable[str], limits: Limits) -> list[str]:
    """`argv` under per-process limits. They are set inside: outside, all sandboxes of a user would share
    the count of processes."""
    return [
        PRLIMIT,
        f"--nproc={limits.processes}",
        f"--fsize={limits.disk_bytes}",
        "--nofile=1024",
        "--core=0",
        "--",
        *argv,
    ]


def _workspace(writable: Writable) -> list[str]:
    if writable.lower is None:
        return ["--bind", str(writable.upper), WORKSPACE]
    return [
        "--overlay-src",
        str(writable.lower),
        "--overlay",
        str(writable.upper),
        str(writable.work),
        WORKSPACE,
    ]


def _system_folders() -> list[str]:
    """`/bin` and the like as the host has them: links into `/usr`, or folders of their own."""
    args: list[str] = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            args += ["--symlink", f"usr/{name}", f"/{name}"]
        elif path.is_dir():
            args += ["--ro-bind", f"/{name}", f"/{name}"]
    return args


def _joined(args: list[str]) -> bytes:
    """NUL-terminated arguments; one that holds a NUL would become two."""
    for arg in args:
        if "\0" in arg:
            raise RuntimeFault("R0302", f"a name or variable for the sandbox holds NUL: `{arg!a}`")
    return b"".join(os.fsencode(arg) + b"\0" for arg in args)
