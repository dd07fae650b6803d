"""Good episodes between hostile ones, eight at once: each scores as it does alone. And many in a row: nothing piles up."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from clawc.runtime.harness.interface import Harness
from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.rollout import Controls
from clawc.runtime.sandbox.interface import Backend
from tests.sandbox.backends import BACKENDS
from tests.sandbox.episode import HONEST_NUMBER, Forgery, played, script

_AT_ONCE = 8
_HALF = Forgery("half", "tables", "does the easy part", files=HONEST_NUMBER)
_ENDLESS = "setsid sh -c 'while :; do echo x > /tmp/$$; echo x > /dev/shm/$$; : > /w/late; done' >/dev/null 2>&1 &"
HOSTILE: tuple[tuple[str, str], ...] = (
    ("tables", "b() { b | b & }; b; sleep 0.5"),
    ("programs", "python3 -c 'x = b\"x\" * (400 << 20); input()' < /dev/zero"),
    ("blocks", "for i in 1 2 3 4; do head -c 8000000 /dev/zero > $i; done; sleep 5"),
    ("tables", "kill -9 -1"),
    ("programs", f"{_ENDLESS} kill -9 $$"),
    ("blocks", "while :; do :; done & while :; do :; done & sleep 0.5"),
    ("tables", "yes | head -c 30000000"),
    ("programs", "python3 -c 'import os\nfor n in range(150): os.mkdir(\"d\"); os.chdir(\"d\")'; mkfifo output; ln -s / root"),
    ("blocks", "python3 -c 'for n in range(3000): open(str(n), \"w\").close()'; rm -rf input; chmod 0 ."),
    ("tables", "python3 -c 'import os\nheld = [os.pipe() for _ in range(500)]\nfor _ in range(20): os.fork()\nos.kill(os.getpid(), 19)' & sleep 0.4"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Good:
    """An honest episode and what it must score."""

    task: str
    harness: Callable[[Path], Harness]
    score: str


GOOD: tuple[Good, ...] = (
    Good("tables", lambda _: Oracle(), "1"),
    Good("programs", lambda _: Oracle(), "1"),
    Good("blocks", lambda _: Oracle(), "1"),
    Good("tables", lambda _: Null(), "0"),
    Good("tables", lambda folder: script(_HALF, folder), "0.25"),
)


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder for a backend that every user may pass through; it must be empty in the end."""
    folder = Path(tempfile.mkdtemp(prefix="clawc-suite-"))
    folder.chmod(0o755)
    yield folder
    left = os.listdir(folder)
    shutil.rmtree(folder)
    assert left == []


async def _working(backend: Backend) -> None:
    """Skips, with the reason, where the backend cannot work."""
    found = await backend.probe()
    if not found.ok:
        pytest.skip(f"no sandbox here: {found.reason}. {found.help}")


def _counts(numbers: Mapping[str, tuple[int, int]]) -> list[object]:
    """For each backend how many, and how many at night: those of one take some milliseconds, of another some tenths of a second."""
    rows: list[object] = []
    for backend in BACKENDS:
        few, many = numbers[backend]
        rows += [pytest.param(backend, few), pytest.param(backend, many, marks=pytest.mark.nightly)]
    return rows


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("backend", "count"), _counts({"bubblewrap": (20, 1000), "docker": (8, 200)}))
def test_good_episodes_between_hostile_ones(
    backend: str, count: int, bundles: Path, state: Path, tmp_path: Path
) -> None:
    made = BACKENDS[backend](state)

    async def main() -> dict[str, EpisodeRecord]:
        turns, controls = asyncio.Semaphore(_AT_ONCE), Controls(made)

        async def good(number: int) -> tuple[str, EpisodeRecord]:
            one, folder = GOOD[number % len(GOOD)], tmp_path / f"good{number}"
            folder.mkdir()
            async with turns:
                return folder.name, await played(
                    bundles / one.task, one.harness(folder), made, folder / "episode", controls
                )

        async def hostile(number: int) -> tuple[str, EpisodeRecord]:
            (task, command), folder = HOSTILE[number % len(HOSTILE)], tmp_path / f"hostile{number}"
            folder.mkdir()
            agent = script(Forgery("hostile", task, command, commands=[command]), folder)
            async with turns:
                return folder.name, await played(bundles / task, agent, made, folder / "episode", controls)

        try:
            await _working(made)
            return dict(await asyncio.gather(*(play(n) for n in range(count) for play in (good, hostile))))
        finally:
            await made.close()

    records = asyncio.run(main())
    wrong = {
        name: (record.outcome, record.score, record.evidence)
        for number in range(count)
        for name, one in ((f"good{number}", GOOD[number % len(GOOD)]),)
        if ((record := records[name]).outcome, record.score) != ("ok", one.score)
    }
    assert wrong == {}
    paid = {
        name: (r.outcome, r.score, r.evidence) for name, r in records.items() if "hostile" in name and r.score != "0"
    }
    assert paid == {}


def _load(backend: Path) -> Mapping[str, int]:
    """What this process holds: counts, and bytes of its memory and that of its descendants."""
    gc.collect()
    tree = [os.getpid()]
    for pid in tree:
        for task in os.listdir(f"/proc/{pid}/task"):
            tree += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "processes": len(tree),
        "threads": len(os.listdir("/proc/self/task")),
        "mounts": sum(str(state) in line for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "entries": sum(len(folders) + len(files) for _, folders, files in os.walk(backend)),
        "memory": _resident(os.getpid()),
        "memory below": sum(map(_resident, tree[1:])),
    }


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# How much more there may be at the end than after the warm-up: what is counted, not at all; memory as allocators round it.
_MORE = {"memory": 12 << 20, "memory below": 12 << 20, "threads": 2}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("backend", "count"), _counts({"bubblewrap": (200, 10_000), "docker": (40, 2_000)}))
def test_nothing_piles_up(backend: str, count: int, bundles: Path, state: Path, tmp_path: Path) -> None:
    made = BACKENDS[backend](state)
    controls = Controls(made)

    async def some(first: int, last: int) -> None:
        numbers = iter(range(first, last))

        async def work() -> None:
            for number in numbers:
                one, folder = GOOD[number % len(GOOD)], tmp_path / str(number)
                folder.mkdir()
                record = await played(bundles / one.task, one.harness(folder), made, folder / "episode", controls)
                assert record.score == one.score, record.evidence
                shutil.rmtree(folder)

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(work())

    async def main() -> tuple[Mapping[str, int], Mapping[str, int]]:
        try:
            await _working(made)
            await some(0, count // 4)
            warm = _load(state)
            await some(count // 4, count)
            return warm, _load(state)
        finally:
            await made.close()

    warm, end = asyncio.run(main())
    grown = {name: (warm[name], end[name]) for name in warm if end[name] > warm[name] + _MORE.get(name, 0)}
    assert grown == {}
