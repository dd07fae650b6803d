"""The pods that sandboxes are cloned from, one for each role and what of the host its boxes may read, started when the first sandbox needs
it and replaced when it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.finish import acquire, finish
from clawc.runtime.sandbox.ground import Area, Role
from clawc.runtime.sandbox.pod import Pod, PodBox, open_pod
from clawc.runtime.sandbox.start import Mounted, Start, mounted

# What the interpreters of checkers have imported beforehand; parsers that few tasks need are imported by them.
_FOR_CHECKS = (
    "re", "json", "_json", "decimal", "_pydecimal", "datetime", "unicodedata", "calendar", "bisect", "zlib", "pyexpat",
    "_sha256", "_sha2",
)  # fmt: skip
_WARM: Mapping[Role, tuple[str, ...]] = {"agent": (), "job": (), "check": _FOR_CHECKS}

# The role of a pod, and the folders of the host that its boxes may have, with what tells each from another one in its place.
_Kind: TypeAlias = tuple[Role, tuple[Mounted, ...]]
# So many pods with such folders stay when no box is in them.
_IDLE = 4


class Pods:
    """A Starter."""

    enforcers: Mapping[str, str] = MappingProxyType({
        "wall": "runner", "memory": "watchdog", "disk": "watchdog", "processes": "rlimit", "file": "rlimit",
        "open_files": "rlimit",
    })  # fmt: skip

    def __init__(self, bwrap: Path, machine: str) -> None:
        self._bwrap = bwrap
        self._machine = machine
        self._pods: dict[_Kind, Pod] = {}
        self._turns: dict[_Kind, asyncio.Lock] = {}
        self._soon: asyncio.Task[None] | None = None

    async def start(self, area: Area, start: Start, fds: Sequence[int]) -> PodBox:
        pod = await self._open(area, mounted(start.mounts))
        return await pod.start(start, fds)

    def pod(self, role: Role) -> Pod | None:
        """The pod of a role, if it is open."""
        return self._pods.get((role, ()))

    async def _open(self, area: Area, mounts: tuple[Mounted, ...] = ()) -> Pod:
        kind = area.role, mounts
        pod = self._pods.get(kind)
        if pod is not None and pod.alive:
            return pod
        async with self._turns.setdefault(kind, asyncio.Lock()):
            pod = self._pods.get(kind)
            if pod is None or not pod.alive:
                await self._end_idle()
                paths = [mount.folder for mount in mounts]
                work = open_pod(self._bwrap, area.path, _WARM[area.role], self._machine, area.user, paths)
                pod = self._pods[kind] = await acquire(work, Pod.close)
            return pod

    async def _end_idle(self) -> None:
        """End the oldest pods with folders of the host that nobody is in, but for a few."""
        idle = [kind for kind, pod in self._pods.items() if kind[1] and pod.idle]
        for kind in idle[: max(0, len(idle) + 1 - _IDLE)]:
            await finish(self._pods.pop(kind).close())

    def expect(self, area: Area) -> None:
        self._soon = asyncio.create_task(self._try_to_open(area))

    async def _try_to_open(self, area: Area) -> None:
        with suppress(RuntimeFault):  # whoever needs it tries again, and says why if that fails
            await self._open(area)

    async def clear(self, folders: Sequence[Path]) -> None:
        """Whatever a pod makes is its user's, so what cannot be removed now may be tried again by the next runner."""

    async def close(self) -> None:
        """A pod is nothing without its boxes."""

    async def end(self) -> None:
        """End all pods, and so all boxes."""
        if self._soon is not None:
            await finish(self._soon)
        pods, self._pods = list(self._pods.values()), {}
        await asyncio.gather(*(pod.close() for pod in pods))

    def end_now(self) -> None:
        """At the end of the process: kill without waiting."""
        for pod in self._pods.values():
            pod.kill_now()
