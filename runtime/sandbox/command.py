"""The bwrap command line of a pod. Everything but the program travels by descriptor, so that no path of the host shows in
`/proc/1/cmdline`, and the process starts with an empty environment, so that none shows in `environ`."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox import seccomp

PYTHON = "/usr/bin/python3"
BASE_ENV = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
AREA = "/area"
MOUNTS = "/mounts"
# Devices for a box without terminals and shared memory.
PLAIN_DEVICES = "/devices"

_HERE = "/run/clawc"
_INSIDE = Path(__file__).with_name("inside")
_START = "import sys; sys.path.append('/run/clawc'); from clawc.runtime.sandbox.inside.zygote import main; main(sys.argv[1:])"
# The files of /etc that every sandbox has.
PASSWD = b"root:x:0:0::/:/bin/sh\nagent:x:1000:1000::/tmp:/bin/sh\n"
GROUP = b"root:x:0:\nagent:x:1000:\n"
HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
NSSWITCH = b"passwd: files\ngroup: files\nhosts: files\n"


_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Descriptors:
    """Descriptors that are open only while a process is started."""

    def __init__(self) -> None:
        self.fds: list[int] = []

    def hold(self, fd: int) -> int:
        """Never one of the three that a started process has of its own, also where the runner lacks them."""
        if fd < 3:
            low, fd = fd, fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
            os.close(low)
        self.fds.append(fd)
        return fd

    def holding(self, data: bytes) -> int:
        """A descriptor of an anonymous file with this content, at its start; nobody can change it any more."""
        fd = self.hold(os.memfd_create("data", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def __enter__(self) -> Descriptors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in self.fds:
            os.close(fd)


def pod_arguments(
    area: Path, warm: Sequence[str], machine: str, held: Descriptors, mounts: Sequence[Path] = ()
) -> list[str]:
    """The command line of a pod that may use the folder `area` and read `mounts`, which it has as `/mounts/0` and so on. Its only process is the zygote,
    which keeps the capabilities of the namespace to shut its children into boxes of their own. Order matters: a later
    mount may hide an earlier one, and the remounts come last."""
    args = ["--unshare-all", "--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    args += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]
    for name, value in BASE_ENV.items():
        args += ["--setenv", name, value]
    args += ["--ro-bind", "/usr", "/usr", *_system_folders()]
    args += ["--perms", "0755", "--dir", "/etc", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
    files = {
        "/etc/passwd": PASSWD,
        "/etc/group": GROUP,
        "/etc/hosts": HOSTS,
        "/etc/nsswitch.conf": NSSWITCH,
        f"{_HERE}/filter": seccomp.program(machine),
        f"{_HERE}/strict": seccomp.program(machine, sockets=False),
    }
    for source in sorted(_INSIDE.glob("*.py")):
        files[f"{_HERE}/clawc/runtime/sandbox/inside/{source.name}"] = source.read_bytes()
    for path, data in files.items():
        args += ["--perms", "0444", "--ro-bind-data", str(held.holding(data)), path]
    for name in ("null", "zero", "full", "random", "urandom"):
        args += ["--dev-bind", f"/dev/{name}", f"{PLAIN_DEVICES}/{name}"]
    for number, folder in enumerate(mounts):
        args += ["--ro-bind", str(folder), f"{MOUNTS}/{number}"]
    args += ["--proc", "/proc", "--dev", "/dev", "--dir", "/box", "--bind", str(area), AREA, "--chdir", "/"]
    args += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return ["bwrap", "--args", str(held.holding(_joined(args))), "--", PYTHON, "-I", "-S", "-c", _START, *warm]


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
