"""What containers get from us beside their image: the modules of the first process with its filters, and a few files of /etc."""

from __future__ import annotations

from pathlib import Path

from clawc.runtime.sandbox import seccomp
from clawc.runtime.sandbox.command import GROUP, HOSTS, NSSWITCH, PASSWD
from clawc.runtime.sandbox.docker.plan import ETC
from clawc.runtime.sandbox.inside import contained

_MODULES = Path(contained.__file__).parent
_PACKAGE = "clawc/runtime/sandbox/inside"


def lay_inside(folder: Path, machine: str) -> None:
    """Fill the empty folder that stands at `contained.HERE`."""
    package = folder / _PACKAGE
    package.mkdir(parents=True)
    for source in sorted(_MODULES.glob("*.py")):
        (package / source.name).write_bytes(source.read_bytes())
    (folder / "filter").write_bytes(seccomp.program(machine))
    (folder / "strict").write_bytes(seccomp.program(machine, sockets=False))
    _open(folder)


def lay_etc(folder: Path, user: int) -> None:
    """Fill an empty folder with files for /etc; `user` is who runs inside."""
    known = {
        "passwd": PASSWD.replace(b"1000", str(user).encode()), "group": GROUP.replace(b"1000", str(user).encode()),
        "hosts": HOSTS, "nsswitch.conf": NSSWITCH, "resolv.conf": b"",
    }  # fmt: skip
    for name in ETC:
        (folder / name).write_bytes(known[name])
    _open(folder)


def _open(folder: Path) -> None:
    """Whatever the umask is: containers run as another user."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o444)
