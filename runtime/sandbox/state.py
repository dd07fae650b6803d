"""The runner's own corner of the disk.

Names are random, since a sandbox can read the paths of its mounts. The root is 0711: other local users can
neither list it nor guess, and a sandbox's dropped user can pass through. A root left by a killed runner is
removed by the next one; an advisory lock tells which are in use.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.remove import remove_tree

_PREFIX = "clawc-state-"
_GONE = ".gone"
# User ids that a runner takes at most.
_USERS = 16


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

    def folder(self, mode: int = 0o755, inside: Path | None = None) -> Path:
        """A new empty folder under a random name."""
        path = (inside or self.path) / secrets.token_hex(8)
        path.mkdir()
        path.chmod(mode)
        return path

    def left_behind(self) -> list[Path]:
        """Roots of this user's runners that are gone, which could not be removed whole."""
        found = self.path.parent.glob(f"{_PREFIX}*{_GONE}")
        return [path for path in found if _our_folder(path)]

    def remove(self) -> None:
        if self._removed or os.getpid() != self._owner:
            return
        self._removed = True
        atexit.unregister(self.remove)
        _remove_root(self.path)
        os.close(self._lock)


def _sweep(base: Path) -> None:
    """Remove the roots of runners of this user that are gone."""
    for path in base.glob(f"{_PREFIX}*"):
        try:
            if not _our_folder(path):
                continue
            if path.name.endswith(_GONE):
                remove_tree(path)  # or leave what this user may not remove
                continue
            lock = os.open(path / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_root(path)
        except OSError:
            continue
        finally:
            os.close(lock)


def _our_folder(path: Path) -> bool:
    """Looked at once: what is not ours may be a link at the next look. Nobody else can replace what is."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def in_use(path: Path) -> bool:
    """Whether the runner whose state root this is may still be there; false once the root is gone."""
    try:
        lock = os.open(path / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # another user's
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _remove_root(path: Path) -> None:
    """Under another name first: a runner may be killed while it removes, and then the lock may be gone already."""
    gone = path.with_name(path.name + _GONE)
    with suppress(FileNotFoundError):
        os.rename(path, gone)
        remove_tree(gone)


def check_fit(path: Path) -> None:
    """Programs must run from the state root; as root a sandbox starts as another user, who must be able to pass through to it."""
    if os.statvfs(path).f_flag & os.ST_NOEXEC:
        raise SandboxUnavailable(
            f"no program may run from `{path.parent}` (noexec), where workspaces are kept",
            "Set TMPDIR to a folder of a file system that is not mounted with noexec.",
        )
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
    wanted = 200_000 + _USERS * (os.getpid() % 4096)
    ranges: list[tuple[int, int]] = []
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        start, _, count = map(int, line.split())
        ranges.append((start, start + count - _USERS))
    for first in (wanted, 200_000, 60_000, 10_000):
        if any(start <= first <= last for start, last in ranges):
            return first
    raise SandboxUnavailable(
        "running as root of a user namespace that has no other users to give sandboxes",
        "Run as an ordinary user, or map at least 65,536 user ids into this namespace.",
    )


def own(folder: Path, user: int | None) -> None:
    """Give a folder that the runner made, and all below it, to a user of sandboxes."""
    if user is None:
        return
    for _, folders, files, fd in os.fwalk(folder):
        os.fchown(fd, user, user)
        for name in (*files, *folders):
            os.chown(name, user, user, dir_fd=fd, follow_symlinks=False)
