"""Runs work from several groups, some at once: fair between the groups, bounded, with deadlines and further tries.

Nothing is known here of what the work is. Whenever `schedule` ends, also by cancellation or a fault, nothing that it
started goes on.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.scheduling.admission import Admission, Observation, adapted, open_admission
from clawc.runtime.scheduling.pressure import read_pressure, shortage

Item = TypeVar("Item")
Result = TypeVar("Result")
_Item = TypeVar("_Item", contravariant=True)
_Result = TypeVar("_Result")


class Work(Protocol[_Item, _Result]):
    """What the caller does and decides. `tries` counts the tries at an item from 0; an exception ends everything."""

    def deadline_s(self, item: _Item) -> float | None:
        """Seconds after which a try is cancelled."""
        ...

    async def play(self, item: _Item, tries: int) -> _Result: ...

    def overdue(self, item: _Item, tries: int) -> _Result:
        """What a try came to that was cancelled at its deadline."""
        ...

    async def keep(self, item: _Item, result: _Result) -> None:
        """Make the result of a try durable; not cut off by the deadline."""
        ...

    def failed(self, result: _Result) -> bool:
        """Whether the infrastructure is to blame, so that another try may help."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `bound` at once; after the first try at most `retries` more, the n-th of them after about
    `backoff_s` * 2^(n-1) seconds, at most `backoff_most_s`; the whole within `run_s` seconds. Equal seeds wait equally
    long."""

    bound: int = 1
    retries: int = 2
    run_s: float | None = None
    backoff_s: float = 0.5
    backoff_most_s: float = 30.0
    tick_s: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """Tries that were kept, items that failed in all their tries, whether the deadline of the whole came first, and the
    fewest that were allowed at once."""

    tries: int
    spent: int
    out_of_time: bool
    least: int


def backoff(policy: Policy, group: int, number: int, tries: int) -> float:
    """Seconds to wait before the next try, after `tries` of them: half of it is drawn by lot, so that what failed
    together is not tried again together."""
    whole = min(policy.backoff_most_s, policy.backoff_s * 2.0 ** min(tries - 1, 32))
    return whole * random.Random(f"{policy.seed}:{group}:{number}:{tries}").uniform(0.5, 1.0)


@dataclass(slots=True)
class _Group(Generic[Item]):
    """One group; `turn` is when it was last served."""

    number: int
    coming: Iterator[Item]
    again: deque[_Try[Item]] = field(default_factory=deque["_Try[Item]"])
    in_flight: int = 0
    turn: int = 0
    begun: int = 0


@dataclass(frozen=True, slots=True)
class _Try(Generic[Item]):
    """The item `number` of a group, after `tries` of it."""

    item: Item
    group: int
    number: int
    tries: int = 0


class _Queue(Generic[Item]):
    """What waits. The next is of the group with the fewest in flight, among equals of the one that was served longest
    ago: so a group whose items take long never holds more than its share."""

    def __init__(self, groups: Iterable[Iterable[Item]]) -> None:
        self._groups = [_Group(number, iter(items)) for number, items in enumerate(groups)]
        # A group may stand in the heap several times; only the place that tells its present state counts.
        self._heap = [(0, 0, group.number) for group in self._groups]
        self._turns = 0

    def take(self) -> _Try[Item] | None:
        """The next try, or None while nothing waits."""
        while self._heap:
            in_flight, turn, number = heapq.heappop(self._heap)
            group = self._groups[number]
            if (in_flight, turn) != (group.in_flight, group.turn):
                continue
            found = self._next(group)
            if found is None:
                continue
            self._turns += 1
            group.in_flight += 1
            group.turn = self._turns
            self._place(group)
            return found
        return None

    def ended(self, tried: _Try[Item]) -> None:
        group = self._groups[tried.group]
        group.in_flight -= 1
        self._place(group)

    def put(self, again: _Try[Item]) -> None:
        group = self._groups[again.group]
        group.again.append(again)
        self._place(group)

    def _next(self, group: _Group[Item]) -> _Try[Item] | None:
        if group.again:
            return group.again.popleft()
        for item in group.coming:
            group.begun += 1
            return _Try(item, group.number, group.begun - 1)
        return None

    def _place(self, group: _Group[Item]) -> None:
        if len(self._heap) > 4 * len(self._groups) + 64:
            self._heap = [(each.in_flight, each.turn, each.number) for each in self._groups]
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, (group.in_flight, group.turn, group.number))


async def schedule(
    groups: Mapping[str, Iterable[Item]],
    work: Work[Item, Result],
    policy: Policy,
    short: Callable[[], bool] = lambda: bool(shortage(read_pressure())),
    room: Callable[[], int | None] = lambda: None,
) -> Ending:
    """Try all items, which are drawn from the groups as they are needed. `short` says whether the machine runs short,
    `room` how many are taken at once as things are now: 1 or more, or None for no bound but the policy's.

    An exception of the work, or a cancellation, cancels what is in flight, waits for its end and is raised.
    """
    return await _Run(groups, work, policy, short, room).all()


class _Run(Generic[Item, Result]):
    """One call of `schedule`."""

    def __init__(
        self,
        groups: Mapping[str, Iterable[Item]],
        work: Work[Item, Result],
        policy: Policy,
        short: Callable[[], bool],
        room: Callable[[], int | None],
    ) -> None:
        self._queue = _Queue(groups.values())
        self._work = work
        self._policy = policy
        self._short = short
        self._room = room
        self._admission: Admission = open_admission(policy.bound)
        self._running: dict[asyncio.Task[Result], _Try[Item]] = {}
        self._over: deque[asyncio.Task[Result]] = deque()
        self._waiting: list[tuple[float, int, _Try[Item]]] = []
        self._wake = asyncio.Event()
        self._order = 0
        self._tries = self._spent = 0
        self._least = self._admission.slots

    async def all(self) -> Ending:
        policy, clock = self._policy, time.monotonic
        end = float("inf") if policy.run_s is None else clock() + policy.run_s
        tick = clock() + policy.tick_s
        try:
            while (now := clock()) < end:
                if now >= tick:
                    self._observe(Observation(len(self._running), pressed=self._short()))
                    tick = now + policy.tick_s
                while self._waiting and self._waiting[0][0] <= now:
                    self._queue.put(heapq.heappop(self._waiting)[2])
                self._admit()
                if not self._running and not self._waiting:
                    return Ending(self._tries, self._spent, False, self._least)
                await self._woken(min(end, tick, self._waiting[0][0] if self._waiting else tick) - now)
                self._collect()
        finally:
            await self._stop()
        return Ending(self._tries, self._spent, True, self._least)

    def _admit(self) -> None:
        room = self._room()
        slots = self._admission.slots if room is None else min(self._admission.slots, room)
        while len(self._running) < slots and (tried := self._queue.take()) is not None:
            task = asyncio.get_running_loop().create_task(self._one(tried))
            self._running[task] = tried
            task.add_done_callback(self._ended)

    async def _one(self, tried: _Try[Item]) -> Result:
        timer = asyncio.timeout(self._work.deadline_s(tried.item))
        try:
            async with timer:
                result = await self._work.play(tried.item, tried.tries)
        except TimeoutError:
            if not timer.expired():
                raise
            result = self._work.overdue(tried.item, tried.tries)
        await self._work.keep(tried.item, result)
        return result

    def _ended(self, task: asyncio.Task[Result]) -> None:
        self._over.append(task)
        self._wake.set()

    async def _woken(self, most_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._wake.wait()
        self._wake.clear()

    def _collect(self) -> None:
        """Count what has ended; raises what ended an item, by preference something that a person can act on."""
        faults: list[BaseException] = []
        good = bad = 0
        while self._over:
            task = self._over.popleft()
            tried = self._running.pop(task)
            self._queue.ended(tried)
            if task.cancelled():
                faults.append(asyncio.CancelledError())
            elif (error := task.exception()) is not None:
                faults.append(error)
            elif self._work.failed(task.result()):
                bad += 1
                self._retry(tried)
            else:
                good += 1
        self._tries += good + bad
        if faults:
            raise next((fault for fault in faults if isinstance(fault, RuntimeFault)), faults[0])
        if good or bad:
            self._observe(Observation(len(self._running), good, bad))

    def _retry(self, tried: _Try[Item]) -> None:
        """Another try after a while, which holds no slot; none if all are spent."""
        if tried.tries >= self._policy.retries:
            self._spent += 1
            return
        after = backoff(self._policy, tried.group, tried.number, tried.tries + 1)
        self._order += 1
        again = _Try(tried.item, tried.group, tried.number, tried.tries + 1)
        heapq.heappush(self._waiting, (time.monotonic() + after, self._order, again))

    def _observe(self, seen: Observation) -> None:
        self._admission = adapted(self._admission, seen)
        self._least = min(self._least, self._admission.slots)

    async def _stop(self) -> None:
        """Cancel what is in flight, and come back when all of it has ended, whatever else is cancelled meanwhile."""
        if self._running:
            for task in self._running:
                task.cancel()
            await finish(asyncio.wait(self._running))
            for task in self._running:
                if not task.cancelled():
                    task.exception()  # seen: what ended the run is raised already
