"""What jobs left, remembered while many workspaces of one bundle are judged: a job that finds the same files is not run again.

For checkers that are tested by workspaces of our own, where a program that is the same has the same to say; never for agents.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from clawc.runtime.sandbox.interface import LaidFile

# Bytes of one result that are kept, of all of a bundle, and results.
_KEPT, _KEPT_OF_ALL, _MOST = 1 << 20, 32 << 20, 512
_Left = dict[str, tuple[bytes, int] | None]  # by path in the folder of the job: data and mode, None for a folder


class JobResults:
    """Folders of jobs by what the jobs found; of one bundle."""

    def __init__(self) -> None:
        self._known: dict[str, asyncio.Future[_Left | None]] = {}
        self._room = _KEPT_OF_ALL

    async def fill(
        self, job: str, laid: Mapping[str, LaidFile], folder: Path, run: Callable[[], Awaitable[None]]
    ) -> None:
        """Fills the empty `folder` of a job: as it was left when the job found the same files, else by `run`."""
        key = _key(job, laid)
        known = self._known.get(key)
        left = await asyncio.shield(known) if known is not None else None
        if left is not None:
            _lay(left, folder)
            return
        if known is not None or len(self._known) >= _MOST:
            await run()
            return
        made = self._known[key] = asyncio.get_running_loop().create_future()
        left = None
        try:
            await run()
            left = _read(folder, min(_KEPT, self._room))
            self._room -= sum(len(file[0]) for file in (left or {}).values() if file is not None)
        finally:
            made.set_result(left)


def _key(job: str, laid: Mapping[str, LaidFile]) -> str:
    found = hashlib.sha256(job.encode())
    for path, file in sorted(laid.items()):
        for part in (path.encode("utf-8", "surrogateescape"), file.data, str(file.mode).encode()):
            found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def _read(folder: Path, room: int) -> _Left | None:
    """All that is in a folder; None where that is more bytes than there is room for, or something else than files and folders."""
    found: _Left = {}
    for here, folders, names in os.walk(folder):
        inside = Path(here).relative_to(folder)
        for name in folders:
            if (Path(here) / name).is_symlink():
                return None
            found[(inside / name).as_posix()] = None
        for name in names:
            path = Path(here) / name
            if path.is_symlink() or not path.is_file():
                return None
            room -= path.stat().st_size
            if room < 0:
                return None
            found[(inside / name).as_posix()] = path.read_bytes(), path.stat().st_mode & 0o777
    return found


def _lay(left: _Left, folder: Path) -> None:
    for path, file in left.items():
        target = folder / path
        if file is None:
            target.mkdir(mode=0o755)
        else:
            target.write_bytes(file[0])
            target.chmod(file[1])
