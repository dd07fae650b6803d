"""Plays the episodes of a run on the nodes of a cluster; everything else of the run stays with the command.

Each episode goes to the node with the largest share of free places. What a lost node had in flight is played again
elsewhere as the same attempt: the records come to what they would have been without the loss.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from clawc.runtime.bundle import Bundle
from clawc.runtime.cluster.host import Host, Unfit, unavailable
from clawc.runtime.cluster.link import Link, Lost, Machine
from clawc.runtime.cluster.ship import script_of
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.harness.interface import Harness, ModelHarness
from clawc.runtime.player import NotPlayed, overdue
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.rollout import Episode
from clawc.runtime.sandbox.choose import SandboxChoice
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.remove import remove_tree

# How often an episode may be in flight on a node that is lost, before it is taken for the cause of it.
_LOSSES = 4
# Losses of one node without an episode between them, after which it is left alone.
_STRIKES = 5


@dataclass(frozen=True, slots=True)
class Event:
    """Something of a node that a person may want to know: `joined`, `lost` or `left out`."""

    kind: str
    node: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`jobs` episodes at once in all, or None for as many as the nodes have processors. `grace_s` seconds without any node
    end the run; every `watch_s` seconds the nodes are counted. The first episode waits until no node has joined for `settle_s`."""

    sandbox: SandboxChoice = field(default_factory=SandboxChoice)
    jobs: int | None = None
    grace_s: float = 60.0
    watch_s: float = 1.0
    settle_s: float = 2.0


class ClusterPlayer:
    """A player on the machines that a link leads to; `tell` hears of nodes that come and go. Models that agents there speak to are opened
    here, and what they have cost stands in the `run_folder`."""

    def __init__(
        self, link: Link, plan: Plan, tell: Callable[[Event], None] = lambda event: None, run_folder: Path | None = None
    ) -> None:
        self.run_folder = run_folder
        self._link = link
        self._plan = plan
        self._tell = tell
        self._tools: set[str] = set()
        self._gateways: dict[int, tuple[Harness, Gateway]] = {}
        self._hosts: dict[str, Host] = {}
        self._joining: dict[str, asyncio.Task[None]] = {}
        self._unfit: dict[str, Unfit] = {}
        self._strikes: dict[str, int] = {}
        self._again: dict[str, float] = {}
        self._share = 1.0
        self._empty_since: float | None = None
        self._over: BaseException | None = None
        self._changed = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    def room(self) -> int:
        slots = sum(host.slots for host in self._hosts.values())
        return max(1, slots if self._plan.jobs is None else min(slots, self._plan.jobs))

    def short(self) -> bool:
        """False: what this machine runs short of says nothing of the nodes."""
        return False

    async def require(self, bundles: Sequence[Bundle], harness: Harness) -> None:
        """Connect, and wait for the nodes that are there now; a second time, ask those that are there for what else is needed."""
        script_of(harness)
        tools = {tool for bundle in bundles for tool in bundle.manifest.environment.tools}
        more, self._tools = tools - self._tools, self._tools | tools
        if self._watcher is None:
            await self._connect()
        elif more:
            await asyncio.gather(*(self._greet_again(host) for host in list(self._hosts.values())))
        if harness.endpoint != "none" and id(harness) not in self._gateways:
            gateway = cast(ModelHarness, harness).model.gateway(self.run_folder)
            self._gateways[id(harness)] = harness, gateway
            await gateway.open()

    async def _connect(self) -> None:
        await self._link.open()
        machines = await self._link.machines()
        processors = sum(machine.processors for machine in machines)
        if self._plan.jobs is not None and processors:
            self._share = max(1.0, self._plan.jobs / processors)
        self._begin(machines)
        await self._settled()
        if not self._hosts and not self._joining and self._unfit:
            raise unavailable(list(self._unfit.values()))
        self._watcher = asyncio.ensure_future(self._watch())
        self._watcher.add_done_callback(self._unforeseen)

    async def play(self, episode: Episode, folder: Path, limit_s: float) -> EpisodeRecord:
        losses = 0
        _, gateway = self._gateways.get(id(episode.harness), (None, None))
        while True:
            host = await self._placed()
            timer = asyncio.timeout(limit_s)
            try:
                async with timer:
                    record = await host.play(episode, folder, gateway)
                self._strikes.pop(host.machine.id, None)
                return record
            except TimeoutError:
                if not timer.expired():
                    raise
                raise NotPlayed(overdue(limit_s)) from None
            except Lost as loss:
                self._lose(host, str(loss))
                losses += 1
            except Unfit as why:
                self._leave_out(host.machine, why)
            finally:
                host.load -= 1
                self._change()
            if losses >= _LOSSES:
                raise NotPlayed(f"each of {losses} nodes was lost while it played this episode")
            await in_thread(_emptied, folder)

    async def close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        for task in self._joining.values():
            task.cancel()
        waiting = [*self._joining.values(), *([self._watcher] if self._watcher else [])]
        self._joining, self._watcher = {}, None
        if waiting:
            await asyncio.wait(waiting)
        hosts, self._hosts = list(self._hosts.values()), {}
        await asyncio.gather(*(host.close() for host in hosts))
        await self._link.close()
        gateways, self._gateways = list(self._gateways.values()), {}
        for _, gateway in reversed(gateways):  # what they share was opened with the first
            await gateway.close()

    async def _greet_again(self, host: Host) -> None:
        try:
            await host.welcome(self._plan.sandbox, sorted(self._tools))
        except Unfit as why:
            self._leave_out(host.machine, why)
        except Lost as loss:
            self._lose(host, str(loss))

    async def _settled(self) -> None:
        """Wait for the first node that can play, and a moment for those that are about to: one that is lost without the cluster
        knowing it would be waited for in vain."""
        end = time.monotonic() + self._plan.grace_s
        while self._joining and (left := end - time.monotonic()) > 0:
            if self._hosts:
                left = min(left, self._plan.settle_s)
            done, _ = await asyncio.wait(self._joining.values(), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if self._hosts and not done:
                return

    async def _placed(self) -> Host:
        """A node with a free place, which is taken. Raises RuntimeFault when no node was left for too long, or what ended the
        watching of nodes."""
        while True:
            if self._over is not None:
                raise self._over
            free = [host for host in self._hosts.values() if host.load < host.slots]
            if free:
                host = min(free, key=lambda each: (each.load / each.slots, each.load, each.machine.id))
                host.load += 1
                return host
            self._changed.clear()
            await self._changed.wait()

    async def _watch(self) -> None:
        """Let nodes join and leave, until there is none for too long."""
        while True:
            await asyncio.sleep(self._plan.watch_s)
            try:
                self._begin(await self._link.machines())
            except RuntimeFault as fault:
                self._end(fault)
                return
            if self._hosts:
                self._empty_since = None
                continue
            now = time.monotonic()
            if self._empty_since is None:
                self._empty_since = now
            if now - self._empty_since >= self._plan.grace_s:
                help = "The run can be continued with what is finished, on the cluster or without --cluster."
                self._end(RuntimeFault("R0707", "no node of the cluster is left", help))
                return

    def _begin(self, machines: Sequence[Machine]) -> None:
        """Start what is missing on nodes that are there, and lose what stood on those that are not."""
        alive = {machine.id: machine for machine in machines}
        for id, host in list(self._hosts.items()):
            if id not in alive:
                self._lose(host, "the cluster no longer has it")
        now = time.monotonic()
        for id, machine in alive.items():
            known = id in self._hosts or id in self._joining or id in self._unfit
            if not known and machine.processors >= 1 and self._again.get(id, now) <= now:
                self._joining[id] = asyncio.ensure_future(self._join(machine))
                self._joining[id].add_done_callback(self._unforeseen)

    async def _join(self, machine: Machine) -> None:
        try:
            host = Host(machine, self._link.start(machine), math.ceil(machine.processors * self._share))
            try:
                await host.welcome(self._plan.sandbox, sorted(self._tools))
            except BaseException:
                host.lose()
                raise
            self._hosts[machine.id] = host
            self._tell(Event("joined", machine.name, f"{host.slots} at once"))
        except Unfit as why:
            self._leave_out(machine, why)
        except Lost as loss:
            self._strike(machine, str(loss))
        finally:
            self._joining.pop(machine.id, None)
            self._change()

    def _unforeseen(self, task: asyncio.Task[None]) -> None:
        """An error that nobody waits for ends the run."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _lose(self, host: Host, why: str) -> None:
        """Once for each loss, however many episodes meet it."""
        if self._hosts.get(host.machine.id) is host:
            del self._hosts[host.machine.id]
            host.lose()
            self._strike(host.machine, why)
            self._change()

    def _strike(self, machine: Machine, why: str) -> None:
        """A node that is lost again and again before it has played anything is tried later, and at last not at all."""
        strikes = self._strikes[machine.id] = self._strikes.get(machine.id, 0) + 1
        self._again[machine.id] = time.monotonic() + min(30.0, 0.5 * 2.0**strikes)
        if strikes >= _STRIKES:
            self._leave_out(machine, Unfit(f"it was lost {strikes} times: {why}"))
        else:
            self._tell(Event("lost", machine.name, why))

    def _leave_out(self, machine: Machine, why: Unfit) -> None:
        if machine.id in self._unfit:
            return
        self._unfit[machine.id] = why
        if (host := self._hosts.pop(machine.id, None)) is not None:
            host.lose()
        self._tell(Event("left out", machine.name, f"{str(why).rstrip('.')}. {why.help}".strip()))
        if not self._hosts and not self._joining and self._watcher is not None:
            self._empty_since = self._empty_since or time.monotonic()
        self._change()

    def _end(self, fault: BaseException) -> None:
        self._over = fault
        self._change()

    def _change(self) -> None:
        self._changed.set()


def _emptied(folder: Path) -> None:
    """Remove what a part of an attempt has left."""
    remove_tree(folder)
    folder.mkdir()
