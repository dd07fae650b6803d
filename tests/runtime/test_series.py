"""Many workspaces judged in one sandbox: the same verdicts as one by one, and nothing that one leaves reaches the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import CHANNEL, Finished, Program, ScriptRun
from clawc.runtime.scoring.bytecode import Bytecode
from clawc.runtime.scoring.checking import Series
from clawc.runtime.scoring.score import Scored, score
from clawc.spec.bundle import Limits

pytestmark = pytest.mark.usefixtures("works")
MakeBundle = Callable[..., Path]
LIMITS = Limits(wall_s=60, memory_bytes=128 << 20, processes=30)


def test_same_scores_as_alone(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = load(make_bundle())
    places: list[Path] = []
    for number in range(20):
        place = tmp_path / f"{number}"
        (place / "in").mkdir(parents=True)
        (place / "in/data.txt").write_text("data\n" if number % 3 else "edited\n")
        (place / "out").mkdir()
        (place / "out/answer.txt").write_text("TRUTH-41d3c7\n" if number % 2 else "wrong\n")
        places.append(place)

    async def main() -> tuple[list[Scored], list[Scored]]:
        backend, bytecode = Bubblewrap(), Bytecode()
        series = Series(backend, bytecode)
        try:
            alone = [await score(bundle, place, backend) for place in places]
            together = await asyncio.gather(
                *(score(bundle, place, backend, bytecode=bytecode, series=series) for place in places)
            )
            return alone, together
        finally:
            await backend.close()

    alone, together = asyncio.run(main())
    assert [(s.score, s.fault) for s in together] == [(s.score, s.fault) for s in alone]
    assert len({s.score for s in together}) > 1


def test_who_comes_when_a_series_ends_is_judged_too(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """In the same step of the loop: the sandbox before has no time to take another one."""
    bundle = load(make_bundle())
    (tmp_path / "w").mkdir()
    (tmp_path / "jobs").mkdir()

    async def main() -> list[Finished | None]:
        backend = Bubblewrap()
        try:
            await backend.probe()
            series = Series(backend, Bytecode(compiles=False), together=1)
            async with asyncio.timeout(60):
                return [await series.run(bundle, tmp_path, "n" * 32) for _ in range(3)]
        finally:
            await backend.close()

    assert [one is not None and one.exit for one in asyncio.run(main())] == [0, 0, 0]


@pytest.mark.parametrize(("together", "sandboxes"), [(5, [5]), (18, [16, 2]), (20, [16, 2])])
def test_those_that_are_to_come_fill_a_sandbox(
    together: int, sandboxes: list[int], make_bundle: MakeBundle, tmp_path: Path
) -> None:
    """Who comes later than the first, in steps of the loop, is waited for; who never comes, not for long."""
    bundle = load(make_bundle())
    (tmp_path / "w").mkdir()
    (tmp_path / "jobs").mkdir()
    sizes: list[int] = []

    class Counting(Bubblewrap):
        async def run_series(
            self, program: Program, runs: Sequence[ScriptRun], folders: Mapping[str, Path]
        ) -> list[Finished | None]:
            sizes.append(len(runs))
            return await super().run_series(program, runs, folders)

    async def main() -> list[Finished | None]:
        backend = Counting()
        try:
            await backend.probe()
            series = Series(backend, Bytecode(compiles=False), together)

            async def one(number: int) -> Finished | None:
                await asyncio.sleep(number / 100)
                return await series.run(bundle, tmp_path, "n" * 32)

            async with asyncio.timeout(60):
                return await asyncio.gather(*(one(number) for number in range(sum(sandboxes))))
        finally:
            await backend.close()

    assert [one is not None and one.exit for one in asyncio.run(main())] == [0] * sum(sandboxes)
    assert sizes == sandboxes


def runs_of(source: str, count: int, timeout_s: float = 20.0, limits: Limits = LIMITS) -> list[Finished | None]:
    async def main() -> list[Finished | None]:
        backend = Bubblewrap()
        try:
            await backend.probe()
            folder = await backend.shelf("script", {"s.py": source.encode()})
            program = Program(("/check/s.py",), limits, timeout_s, cwd="/check", output_limit=1000, script=True)
            runs = [ScriptRun((str(number), CHANNEL), f"input {number}\n") for number in range(count)]
            return await backend.run_series(program, runs, {"/check": folder})
        finally:
            await backend.close()

    return asyncio.run(main())


def found(results: list[Finished | None]) -> list[tuple[int | None, bytes, str]]:
    return [(r.exit, r.channel, r.limit) if r is not None else (None, b"", "none") for r in results]


def test_input_arguments_and_outputs() -> None:
    source = """
import os, sys
os.write(int(sys.argv[2]), sys.stdin.readline().encode())
print("out", sys.argv[1]); print("err", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
    results = runs_of(source, 3)
    assert found(results) == [(n, f"input {n}\n".encode(), "") for n in range(3)]
    assert [(r.stdout, r.stderr) for r in results if r] == [(f"out {n}\n".encode(), b"err\n") for n in range(3)]


def test_nothing_is_left_between_two() -> None:
    """Files in memory, processes of all kinds, changed modules, memory of the first process."""
    source = """
import json, os, signal, sys, time
n, channel = int(sys.argv[1]), int(sys.argv[2])
seen = [p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, os.getpid())] + os.listdir("/tmp")
seen += [name for name in ("poison",) if hasattr(json, name)]
def opens(path):
    try:
        return bool(open(path, "rb").fileno())
    except OSError:
        return False
seen += [name for name in ("mem", "environ", "maps", *(f"fd/{n}" for n in range(9))) if opens(f"/proc/1/{name}")]
os.write(channel, json.dumps(seen).encode())
json.poison = 1
os.makedirs("/tmp/a/b"); open("/tmp/a/b/c", "w").close(); open("/tmp/d", "w").close()
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        os._exit(0)
for fd in range(3, 300):
    try:
        os.write(fd, b"")
    except OSError:
        continue
"""
    assert found(runs_of(source, 4)) == [(0, b"[]", "")] * 4


def test_one_that_hangs_floods_or_dies_harms_no_other() -> None:
    source = """
import os, sys, time
n, channel = int(sys.argv[1]), int(sys.argv[2])
if n == 1:
    time.sleep(60)
if n == 2:
    os.write(channel, b"x" * 60000); sys.stdout.write("y" * 10**6)
if n == 3:
    os.kill(os.getpid(), 9)
if n == 4:
    os.write(4, b"{}")
os.write(channel, b"fine")
"""
    results = runs_of(source, 6, timeout_s=2.0)
    assert [r.exit if r else "none" for r in results] == [0, None, 0, 137, 1, 0]
    assert results[1] is not None and results[1].limit == "time"
    assert results[2] is not None and results[2].truncated and results[2].channel_over
    assert results[5] is not None and results[5].channel == b"fine"


def test_what_the_end_of_the_sandbox_came_before_is_told() -> None:
    source = """
import os, sys
if sys.argv[1] == "1":
    held = [bytearray(1 << 24) for _ in range(40)]
    import time; time.sleep(20)
os.write(int(sys.argv[2]), b"fine")
"""
    results = runs_of(source, 4)
    assert results[0] is not None and results[0].channel == b"fine"
    assert results[1:] == [None, None, None]


JUDGES = """
import os, sys
seen = []
def verdict_for(arguments, nonce):
    seen.append(arguments[0])
    TROUBLE
    return "%s %s %s\\n" % (os.getpid() != 1, seen, nonce)
if __name__ == "__main__":
    os.write(int(sys.argv[2]), b"alone")
"""


def judged(results: list[Finished | None]) -> list[str]:
    return [(r.channel.decode().strip() or f"{r.exit} {r.limit}") if r is not None else "none" for r in results]


def test_a_process_judges_a_few() -> None:
    found = judged(runs_of(JUDGES.replace("TROUBLE", ""), 6))
    assert found[0] == "True ['0'] input 0" and found[3] == "True ['0', '1', '2', '3'] input 3"
    assert found[4:] == ["True ['4'] input 4", "True ['4', '5'] input 5"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "trouble",
    ["raise SystemExit(3)", "os.kill(os.getpid(), 9)", "raise MemoryError", "os._exit(0)", "sum(1 for _ in iter(int, 1))",
     "os.write(3, b'7\\n{}'); os._exit(0)", "os.write(3, b'9' * 99)", "return 5", "return '\\u00e9'", "sys.stdin.read(); [][0]"],
)  # fmt: skip
def test_who_is_in_trouble_is_judged_alone(trouble: str) -> None:
    """Those before and behind keep their verdicts, and each gets its own."""
    found = judged(runs_of(JUDGES.replace("TROUBLE", f"if nonce.endswith('2'): {trouble}"), 6, timeout_s=1.0))
    assert found[0].endswith("input 0") and found[1].endswith("input 1")
    assert found[2] == "alone"
    assert [one.split()[-1] for one in found[3:]] == ["3", "4", "5"]


def test_definitions_that_leave_processes_hang_or_fail() -> None:
    look = "others = [p for p in os.listdir('/proc') if p.isdigit()]; nonce = str(len(others))"
    forks = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n"
    assert [one.split()[-1] for one in judged(runs_of(forks + JUDGES.replace("TROUBLE", look), 2))] == ["2", "2"]
    for trouble in ("while True: pass", "raise SystemExit(5)", "verdict_for = 5"):
        source = JUDGES.replace("TROUBLE", "") + f"\nif __name__ != '__main__':\n    {trouble}\n"
        assert judged(runs_of(source, 2, timeout_s=1.0)) == ["alone", "alone"]
