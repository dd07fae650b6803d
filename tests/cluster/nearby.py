"""A cluster in this process: nodes as they are, without Ray between them and the command. They can be lost, and can lie."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from clawc.runtime.cluster.link import Lost, Machine
from clawc.runtime.cluster.messages import Hello
from clawc.runtime.cluster.node import Node

Twist = Callable[[str, bytes], bytes]


def honest(name: str, said: bytes) -> bytes:
    """What a node says, but that it is reached without Ray, which would ask for a token."""
    if name == "welcome":
        return Hello.model_validate_json(said).model_copy(update={"token": True}).model_dump_json().encode()
    return said


class NearbyRemote:
    """A node; `twist` changes what it answers. `called` counts the calls by name."""

    def __init__(self, state: Path, twist: Twist) -> None:
        self.node = Node(state)
        self.called: Counter[str] = Counter()
        self._twist = twist
        self._lost = False
        self._calls: set[asyncio.Task[bytes]] = set()
        self._end: asyncio.Task[bytes] | None = None

    async def call(self, name: str, *arguments: str | int | bool | bytes) -> bytes:
        if self._lost:
            raise Lost("it was lost")
        self.called[name] += 1
        task: asyncio.Task[bytes] = asyncio.ensure_future(getattr(self.node, name)(*arguments))
        task.set_name(name)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        try:
            return self._twist(name, await asyncio.shield(task))
        except asyncio.CancelledError:
            if self._lost and task.cancelled():
                raise Lost("it was lost") from None
            raise

    def calling(self, name: str) -> bool:
        """Whether the node still works at such a call, though nobody waits for it."""
        return any(task.get_name() == name for task in self._calls)

    def kill(self) -> None:
        """As if the machine were switched off: whatever it does ends, and nobody is told what came of it."""
        if not self._lost:
            self._lost = True
            for task in list(self._calls):
                task.cancel()
            self._end = asyncio.ensure_future(self.node.close())

    async def gone(self) -> None:
        if self._end is not None:
            await self._end


class Nearby:
    """A cluster whose machines come and go as a test says. `twists` are by the name of a machine."""

    def __init__(self, state: Path, *machines: Machine, twists: dict[str, Twist] | None = None) -> None:
        self.there = list(machines)
        self.remotes: dict[str, list[NearbyRemote]] = {}
        self.opened = self.closed = 0
        self._state = state
        self._twists = twists or {}

    async def open(self) -> None:
        self.opened += 1

    async def machines(self) -> list[Machine]:
        return list(self.there)

    def start(self, machine: Machine) -> NearbyRemote:
        remote = NearbyRemote(self._state, self._twists.get(machine.name, honest))
        self.remotes.setdefault(machine.name, []).append(remote)
        return remote

    def lose(self, name: str) -> None:
        """The machine is gone, and the cluster knows it."""
        self.there = [machine for machine in self.there if machine.name != name]
        self.remotes[name][-1].kill()

    async def close(self) -> None:
        self.closed += 1
        for remotes in self.remotes.values():
            for remote in remotes:
                await remote.gone()


def machine(name: str, processors: int = 2) -> Machine:
    return Machine(f"id-{name}", name, processors)
