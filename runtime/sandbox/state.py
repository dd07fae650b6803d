"""The runner's own corner of the disk, and the numbered slots that sandboxes live in.

Names are random, since a sandbox can read the paths of its mounts. The root is 0711: other local users can
neither list it nor guess, and a sandbox's dropped user can pass through. A root left by a killed runner is
removed by the next one; an advisory lock tells which are in use.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.interface import Template
from clawc.runtime.sandbox.remove import remove_tree

_PREFIX = "clawc-state-"
_SLOTS = 256


class StateRoot:
    """A temporary folder that goes with the process; `remove` may be called twice."""

    def __init__(self, parent: Path | None = None) -> None:
        base = parent or Path(tempfile.gettempdir())
        _sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base)).resolve()
        self._lock = os.open(self.path / "lock.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.rename(self.path / "lock.new", self.path / "lock")  # seen by a sweep only once it is held
        self.path.chmod(0o711)
        self._owner = os.getpid()
        self._removed = False
        atexit.register(self.remove)

    def folder(self, mode: int = 0o755) -> Path:
        """A new empty folder under a random name."""
        path = self.path / secrets.token_hex(8)
        path.mkdir()
        path.chmod(mode)
        return path

    def remove(self) -> None:
        if self._removed or os.getpid() != self._owner:
            return
        self._removed = True
        atexit.unregister(self.remove)
        remove_tree(self.path)
        os.close(self._lock)


def _sweep(base: Path) -> None:
    """Remove the roots of runners of this user that are gone."""
    for path in base.glob(f"{_PREFIX}*"):
        try:
            if path.is_symlink() or path.stat().st_uid != os.geteuid():
                continue
            lock = os.open(path / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(path)
        except OSError:
            continue
        finally:
            os.close(lock)


def check_reachable(path: Path) -> None:
    """As root a sandbox starts as another user, who must be able to pass through to the state root."""
    for folder in (path, *path.parents):
        if os.geteuid() == 0 and not folder.stat().st_mode & 0o001:
            raise SandboxUnavailable(
                f"`{folder}` lets no other user pass, and sandboxes run as another user",
                "Set TMPDIR to a folder that every user may pass through, such as /tmp.",
            )


def first_user() -> int | None:
    """The first user id for sandboxes when the runner is root, else None: they run as the runner."""
    if os.geteuid() != 0:
        return None
    wanted = 200_000 + _SLOTS * (os.getpid() % 4096)
    ranges: list[tuple[int, int]] = []
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        start, _, count = map(int, line.split())
        ranges.append((start, start + count - _SLOTS))
    for first in (wanted, 200_000, 60_000, 10_000):
        if any(start <= first <= last for start, last in ranges):
            return first
    raise SandboxUnavailable(
        "running as root of a user namespace that has no other users to give sandboxes",
        "Run as an ordinary user, or map at least 65,536 user ids into this namespace.",
    )


@dataclass(slots=True)
class Slot:
    """A place for one live sandbox. `user` is its host user; `template` what it last started from."""

    number: int
    user: int | None
    key: str = ""
    template: Path | None = None


class Slots:
    """Hands out the lowest free slot, so that few are ever in use and their template copies are used
    again."""

    def __init__(self, root: StateRoot) -> None:
        self._root = root
        self._first = first_user()
        self._free: list[Slot] = []
        self._made = 0

    @property
    def drops_user(self) -> bool:
        """Whether sandboxes run as users other than the runner."""
        return self._first is not None

    def take(self, key: str) -> Slot:
        """A free slot, by preference one that already holds the template `key`."""
        if not self._free:
            if self._made >= _SLOTS:
                raise SandboxUnavailable(f"more than {_SLOTS} sandboxes at once", "Lower the number of parallel jobs.")
            user = None if self._first is None else self._first + self._made
            self._made += 1
            return Slot(self._made - 1, user)
        self._free.sort(key=lambda slot: (slot.key != key, slot.number))
        return self._free.pop(0)

    def give(self, slot: Slot) -> None:
        self._free.append(slot)

    def template(self, slot: Slot, template: Template) -> Path:
        """The template's files as owned by the slot's user, so that the sandbox may change its view of
        them."""
        if slot.template is None or slot.key != template.key:
            if slot.template is not None:
                slot.key = ""
                remove_tree(slot.template)
            slot.template = None
            folder = self._root.folder(0o700)
            template.write(folder)
            own(folder, slot.user)
            slot.template, slot.key = folder, template.key
        return slot.template


def own(folder: Path, user: int | None) -> None:
    """Give a folder that the runner made, and all below it, to a slot's user."""
    if user is None:
        return
    for _, _, files, fd in os.fwalk(folder):
        os.fchown(fd, user, user)
        for name in files:
            os.chown(name, user, user, dir_fd=fd, follow_symlinks=False)
