"""The scheduler: fair, bounded, with deadlines and further tries; nothing goes on after its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.scheduling.admission import Admission, Observation, adapted, open_admission
from clawc.runtime.scheduling.pressure import Reading, read_pressure, shortage
from clawc.runtime.scheduling.schedule import Ending, Policy, backoff, schedule

Play = Callable[[str, int], Coroutine[None, None, str]]
QUICK = 0.001


@dataclass
class Recorded:
    """Work that notes what happens; a result that begins with `bad` is a failure of the infrastructure."""

    act: Play
    deadline: float | None = None
    begun: list[str] = field(default_factory=list[str])
    kept: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    in_flight: int = 0
    most: int = 0

    def deadline_s(self, item: str) -> float | None:
        return self.deadline

    async def play(self, item: str, tries: int) -> str:
        self.begun.append(f"{item}/{tries}")
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            return await self.act(item, tries)
        finally:
            self.in_flight -= 1

    def overdue(self, item: str, tries: int) -> str:
        return "bad: overdue"

    async def keep(self, item: str, result: str) -> None:
        self.kept.append((item, result))

    def failed(self, result: str) -> bool:
        return result.startswith("bad")


async def well(item: str, tries: int) -> str:
    await asyncio.sleep(0)
    return "good"


def plenty() -> bool:
    return False


def scheduled(
    groups: Mapping[str, Sequence[str]], work: Recorded, policy: Policy, short: Callable[[], bool] = plenty
) -> Ending:
    return asyncio.run(schedule(groups, work, policy, short))


def test_groups_take_turns() -> None:
    work = Recorded(well)
    groups = {"a": ["a1", "a2", "a3"], "b": ["b1"], "c": ["c1", "c2"], "none": []}
    ending = scheduled(groups, work, Policy(bound=1))
    assert [name[:2] for name in work.begun] == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert ending == Ending(tries=6, spent=0, out_of_time=False, least=1)
    assert work.most == 1


def test_a_group_that_hangs_holds_no_more_than_its_share() -> None:
    released = asyncio.Event()
    quick = {f"q{n}" for n in range(60)}

    async def act(item: str, tries: int) -> str:
        if item.startswith("slow"):
            await released.wait()
        else:
            await asyncio.sleep(0)
            quick.discard(item)
            if not quick:
                released.set()
        return "good"

    work = Recorded(act)
    groups = {"slow": [f"slow{n}" for n in range(60)], "quick": sorted(quick)}
    assert scheduled(groups, work, Policy(bound=8)).tries == 120
    before = work.begun[: work.begun.index("q9/0")]  # the last one by name
    assert sum(name.startswith("slow") for name in before) == 4
    assert work.most == 8


@given(st.lists(st.integers(0, 12), max_size=6), st.integers(1, 9))
def test_everything_is_tried_once(sizes: list[int], bound: int) -> None:
    work = Recorded(well)
    groups = {str(group): [f"{group}.{n}" for n in range(size)] for group, size in enumerate(sizes)}
    scheduled(groups, work, Policy(bound=bound))
    assert sorted(work.begun) == sorted(f"{item}/0" for items in groups.values() for item in items)
    assert work.most <= bound


def test_failures_of_the_infrastructure_are_tried_again() -> None:
    async def act(item: str, tries: int) -> str:
        return "good" if (item == "third" and tries == 2) or item == "first" else f"bad {tries}"

    work = Recorded(act)
    ending = scheduled({"g": ["first", "third", "never"]}, work, Policy(bound=2, retries=2, backoff_s=QUICK))
    assert [kept for kept in work.kept if kept[0] == "third"] == [
        ("third", "bad 0"), ("third", "bad 1"), ("third", "good")]  # fmt: skip
    assert [result for item, result in work.kept if item == "never"] == ["bad 0", "bad 1", "bad 2"]
    assert (ending.tries, ending.spent) == (7, 1)
    once = Recorded(act)
    assert scheduled({"g": ["never"]}, once, Policy(retries=0)).spent == 1
    assert once.begun == ["never/0"]


def test_who_waits_for_another_try_holds_no_slot() -> None:
    others = [f"o{n}" for n in range(20)]

    async def act(item: str, tries: int) -> str:
        return "bad" if item == "fails" and not tries else "good"

    work = Recorded(act)
    scheduled({"a": ["fails"], "b": others}, work, Policy(bound=1, backoff_s=0.2))
    assert work.begun == ["fails/0", *(f"{name}/0" for name in others), "fails/1"]


def test_the_waits_grow_and_are_the_same_for_the_same_seed() -> None:
    policy = Policy(backoff_s=1.0, backoff_most_s=10.0, seed=7)
    waits = [backoff(policy, 0, 0, tries) for tries in range(1, 8)]
    for wait, whole in zip(waits, [1, 2, 4, 8, 10, 10, 10]):
        assert whole / 2 <= wait <= whole
    assert waits == [backoff(policy, 0, 0, tries) for tries in range(1, 8)]
    assert backoff(policy, 0, 1, 1) != waits[0]
    assert backoff(policy, 0, 0, 10**6) <= 10


def test_an_item_has_a_deadline() -> None:
    cleaned: list[str] = []

    async def act(item: str, tries: int) -> str:
        if item == "inner":
            raise TimeoutError
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(item)
        return "good"

    work = Recorded(act, deadline=0.05)
    ending = scheduled({"g": ["hangs"]}, work, Policy(retries=1, backoff_s=QUICK))
    assert work.kept == [("hangs", "bad: overdue")] * 2
    assert (cleaned, ending.spent) == (["hangs"] * 2, 1)
    with pytest.raises(TimeoutError):  # one of its own is a fault, not the deadline
        scheduled({"g": ["inner"]}, Recorded(act, deadline=60), Policy())


def test_the_whole_has_a_deadline() -> None:
    cleaned: list[str] = []

    async def act(item: str, tries: int) -> str:
        if item == "quick":
            return "good"
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(item)
        return "good"

    work = Recorded(act)
    ending = scheduled({"g": ["quick", "hangs", "never"]}, work, Policy(bound=1, run_s=0.2))
    assert (ending.out_of_time, work.kept, cleaned) == (True, [("quick", "good")], ["hangs"])
    assert work.begun == ["quick/0", "hangs/0"]


def test_a_fault_ends_everything_at_once() -> None:
    cleaned: list[str] = []
    started = asyncio.Event()

    async def act(item: str, tries: int) -> str:
        if item == "faulty":
            await started.wait()
            raise RuntimeFault("R0203", "no space left")
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            cleaned.append(item)
        return "good"

    work = Recorded(act)
    with pytest.raises(RuntimeFault, match="no space left"):
        scheduled({"a": ["faulty"], "b": ["b1", "b2", "b3"]}, work, Policy(bound=3))
    assert (sorted(cleaned), work.in_flight) == (["b1", "b2"], 0)
    assert "b3/0" not in work.begun


def test_cancelled_twice_it_still_cleans_up() -> None:
    cleaned: list[str] = []

    async def act(item: str, tries: int) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.01)
            cleaned.append(item)
        return "good"

    async def main() -> Recorded:
        work = Recorded(act)
        task = asyncio.create_task(schedule({"g": ["x", "y", "z"]}, work, Policy(bound=2), plenty))
        while work.in_flight < 2:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return work

    work = asyncio.run(main())
    assert (sorted(cleaned), work.in_flight, work.kept) == (["x", "y"], 0, [])


def test_fewer_at_once_after_failures() -> None:
    at_once: list[int] = []

    async def act(item: str, tries: int) -> str:
        await asyncio.sleep(0)
        at_once.append(work.in_flight)
        return "bad" if int(item) < 8 and not tries else "good"

    work = Recorded(act)
    ending = scheduled({"g": [str(n) for n in range(200)]}, work, Policy(bound=8, backoff_s=QUICK))
    assert work.most == 8
    assert ending.least <= 4
    assert max(at_once[-20:]) > ending.least  # it has grown back
    assert sum(result == "good" for _, result in work.kept) == 200


def test_a_machine_that_runs_short_still_does_one_at_a_time() -> None:
    async def act(item: str, tries: int) -> str:
        await asyncio.sleep(0.005)
        return "good"

    work = Recorded(act)
    ending = scheduled({"g": [str(n) for n in range(60)]}, work, Policy(bound=8, tick_s=0.01), short=lambda: True)
    assert (ending.tries, ending.least) == (60, 1)


@pytest.mark.parametrize(
    ("state", "seen", "then"),
    [
        (Admission(8, 8.0), Observation(7, failed=1), Admission(8, 4.0, 7)),
        (Admission(8, 8.0), Observation(2, failed=1), Admission(8, 1.5, 2)),
        (Admission(8, 8.0), Observation(8, pressed=True), Admission(8, 4.0, 8)),
        (Admission(8, 4.0, 7), Observation(6, failed=1), Admission(8, 4.0, 6)),
        (Admission(8, 4.0, 1), Observation(3, succeeded=1), Admission(8, 4.0, 0)),
        (Admission(8, 4.0), Observation(3, succeeded=1), Admission(8, 4.25)),
        (Admission(8, 7.9), Observation(3, succeeded=2), Admission(8, 8.0)),
        (Admission(8, 1.0), Observation(0, failed=1), Admission(8, 1.0)),
        (Admission(8, 1.0), Observation(0, succeeded=1), Admission(8, 2.0)),
    ],
)
def test_admission(state: Admission, seen: Observation, then: Admission) -> None:
    assert adapted(state, seen) == then


@given(
    st.integers(1, 64),
    st.lists(st.builds(Observation, st.integers(0, 64), st.integers(0, 9), st.integers(0, 9), st.booleans())),
)
def test_admission_stays_within_its_bounds(bound: int, seen: list[Observation]) -> None:
    state = open_admission(bound)
    for each in seen:
        state = adapted(state, each)
        assert 1 <= state.slots <= bound
    for _ in range(64 * 64 + 64):
        state = adapted(state, Observation(1, succeeded=1))
    assert state.slots == bound


@pytest.mark.parametrize(
    ("reading", "short"),
    [
        (Reading(), ""),
        (Reading(memory_left=40, memory=1000), "memory"),
        (Reading(memory_left=60, memory=1000), ""),
        (Reading(stalled=50.0), "memory"),
        (Reading(descriptors=950, descriptors_allowed=1000), "descriptors"),
        (Reading(descriptors=950), ""),
        (Reading(tasks=950, tasks_allowed=1000), "processes"),
    ],
)
def test_shortage(reading: Reading, short: str) -> None:
    assert shortage(reading) == short


def test_what_the_kernel_says_is_read() -> None:
    found = read_pressure()
    assert 0 < found.memory_left <= found.memory
    assert found.descriptors > 0


def test_a_container_has_limits_of_its_own(tmp_path: Path) -> None:
    proc, cgroup = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "pressure").mkdir(parents=True)
    cgroup.mkdir()
    (proc / "meminfo").write_text("MemTotal: 8000 kB\nMemFree: 1 kB\nMemAvailable: 6000 kB\n")
    (proc / "pressure/memory").write_text("some avg10=2.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00\n")
    assert read_pressure(proc, cgroup) == Reading(6000 << 10, 8000 << 10, 2.5)
    (cgroup / "memory.max").write_text(f"{1000 << 10}\n")
    (cgroup / "memory.current").write_text(f"{990 << 10}\n")
    (cgroup / "memory.stat").write_text(f"anon 1\ninactive_file {5 << 10}\n")
    (cgroup / "pids.max").write_text("100\n")
    (cgroup / "pids.current").write_text("95\n")
    found = read_pressure(proc, cgroup)
    assert (found.memory_left, found.memory, found.tasks, found.tasks_allowed) == (15 << 10, 1000 << 10, 95, 100)
    assert shortage(found) == "memory"
    (cgroup / "memory.max").write_text("max\n")
    assert shortage(read_pressure(proc, cgroup)) == "processes"
    assert read_pressure(tmp_path / "absent", tmp_path / "absent").memory == 0
