"""The processor time of the Docker engine: of dockerd, containerd, and the process of each container, whoever they work for."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

_PROC = Path("/proc")
_DAEMONS = ("dockerd", "containerd")
_SHIM = "containerd-shim"  # the kernel keeps 15 characters of a name
_EVERY_S = 0.05


class _Process(NamedTuple):
    name: str
    parent: int
    ticks: int


class EngineTime:
    """Looks at the processes of the engine while it is entered. What a container's process spends after the last look at it is not
    seen. `seconds` is None where no engine's process is seen, as on another machine."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._first: dict[tuple[int, int], _Process] = {}
        self._last: dict[tuple[int, int], _Process] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> EngineTime:
        self._first = _engine()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._last.update(_engine())
        if self._first:
            started = {key: process.ticks for key, process in self._first.items()}
            ticks = sum(process.ticks - started.get(key, 0) for key, process in self._last.items())
            self.seconds = ticks / os.sysconf("SC_CLK_TCK")

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._last.update(_engine())


def _engine() -> dict[tuple[int, int], _Process]:
    """The processes by their id and the time of their start. A child that its parent waits for counts in the parent's time, so that
    it is not among them."""
    found: dict[tuple[int, int], _Process] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                _read(int(folder.name), (folder / "stat").read_bytes(), found)
    ids = {pid for pid, _ in found}
    return {key: one for key, one in found.items() if one.name in _DAEMONS or one.parent not in ids}


def _read(pid: int, stat: bytes, found: dict[tuple[int, int], _Process]) -> None:
    """One line of `/proc/PID/stat`: proc(5), fields 2, 4, 14 to 17, and 22."""
    name = stat[stat.index(b"(") + 1 : stat.rindex(b")")].decode("ascii", "replace")
    if name in _DAEMONS or name == _SHIM:
        rest = stat[stat.rindex(b")") + 2 :].split()
        found[pid, int(rest[19])] = _Process(name, int(rest[1]), sum(int(field) for field in rest[11:15]))
