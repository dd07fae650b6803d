"""Where small trees that live for a moment are laid: in memory, where the machine has enough of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # Linux has it as a file system in memory that everybody may write to
LEAST_BYTES = 4 << 30


def memory_folder(folder: Path = SHARED_MEMORY) -> Path | None:
    """The folder of a file system in memory that programs may be run from, if it and the memory of the machine have LEAST_BYTES left; None
    elsewhere, and where TMPDIR names a folder, which is used then as everywhere."""
    if os.environ.get("TMPDIR"):
        return None
    try:
        found = os.statvfs(folder)
        usable = os.access(folder, os.W_OK | os.X_OK) and not found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
        left = min(found.f_bavail * found.f_frsize, _available())
        return folder if usable and left >= LEAST_BYTES and _in_memory(folder) else None
    except (OSError, ValueError, AttributeError):
        return None


@contextmanager
def scratch_folder(prefix: str) -> Generator[Path]:
    """An empty folder for this user alone that goes at the end; one in memory also goes, with the next that is made, after a kill."""
    parent = memory_folder()
    if parent is None:
        with tempfile.TemporaryDirectory(prefix=prefix) as name:
            os.chmod(name, 0o700)
            yield Path(name)
        return
    from clawc.runtime.sandbox.state import StateRoot

    root = StateRoot(parent)
    try:
        yield root.folder(0o700)
    finally:
        root.remove()


def _in_memory(folder: Path) -> bool:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        mounts = [line.split() for line in file]
    kinds = [fields[fields.index("-") + 1] for fields in mounts if fields[4] == str(folder)]
    return kinds[-1:] == ["tmpfs"]


def _available() -> int:
    """Bytes of memory that can be had without swapping."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["MemAvailable"].split()[0]) << 10
