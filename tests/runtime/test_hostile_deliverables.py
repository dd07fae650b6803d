"""No deliverable, however hostile, costs a checker more than 5 s of CPU or 512 MB, and each fails with a message.

`pytest -m nightly` tries every attack on every format and writes the worst of each to `build/hostile/`; the usual
run tries the nastiest.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.compiler.pipeline import write
from clawc.spec.bundle import CHECKER
from tests.runtime.hostile_files import HARMLESS, NASTIEST, PATHS, attacks
from tests.runtime.hostile_tasks import FORMATS, GIVEN, built

MAX_CPU_S = 5.0
MAX_RSS_MIB = 512.0
ROOT = Path(__file__).resolve().parents[2]
MEASURED = Path(__file__).parent / "measured.py"
# What a message would show if a checker broke, or showed values of Python.
INTERNAL = ("Traceback", "object at 0x", "<class", "Error(", "Decimal(", "MISSING")


class Cost(NamedTuple):
    """What an attack cost, and what is wrong with the verdict, if anything."""

    cpu_s: float
    rss_mib: float
    problem: str


@pytest.fixture(scope="module")
def checkers(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The emitted checkers, each built at its first use."""
    folder = tmp_path_factory.mktemp("hostile")

    def checker(name: str) -> Path:
        if not (folder / name).exists():
            write(built(name), folder / name)
        return folder / name / CHECKER

    return checker


def judged(checker: Path, folder: Path, name: str, put: Callable[[Path], Any], fails: bool = True) -> Cost:
    """Runs a checker over a workspace with one hostile file."""
    workspace = folder / "hostile" / "workspace"
    target = workspace / FORMATS[name].path
    target.parent.mkdir(parents=True)
    (workspace / "in").mkdir()
    (workspace / "in" / "a.csv").write_bytes(GIVEN)
    try:
        put(target)
        python = [sys.executable, "-I", "-S"]
        command = [*python, str(MEASURED), *python, str(checker), str(workspace), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder / "hostile")
    cost: dict[str, Any] = json.loads(done.stdout)
    return Cost(cost["cpu_s"], cost["rss_mib"], problem_of(cost, fails))


def problem_of(cost: dict[str, Any], fails: bool) -> str:
    """What is wrong with a verdict; empty when nothing is."""
    if cost["status"] or cost["stderr"]:
        return f"the checker ended with {cost['status']}: {cost['stderr'][-300:]}"
    (check,) = json.loads(cost["stdout"])["checks"]
    message: str = check["message"]
    if check["passed"] == fails:
        return f"the check {'passed' if check['passed'] else 'failed: ' + message}"
    if fails and (not message.strip() or any(sign in message for sign in INTERNAL)):
        return f"the message is `{message}`"
    if cost["cpu_s"] > MAX_CPU_S or cost["rss_mib"] > MAX_RSS_MIB:
        return f"it took {cost['cpu_s']:.2f} s and {cost['rss_mib']:.0f} MiB"
    return ""


def writes(make: Callable[[], bytes]) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(make())


def everything(name: str) -> Iterator[tuple[str, Callable[[Path], Any]]]:
    """All attacks on a format: files of bytes, and paths that are no files."""
    for attack, make in attacks(name, FORMATS[name].right).items():
        if (name, attack) not in HARMLESS:
            yield attack, writes(make)
    for attack, put in PATHS.items():
        yield attack, put


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", FORMATS)
def test_the_right_answer_passes(name: str, checkers: Callable[[str], Path], tmp_path: Path) -> None:
    cost = judged(checkers(name), tmp_path, name, writes(lambda: FORMATS[name].right), fails=False)
    assert not cost.problem, cost


@pytest.mark.sampled(5)
@pytest.mark.parametrize(("name", "attack"), [(name, attack) for name in NASTIEST for attack in NASTIEST[name]])
def test_the_nastiest_attacks_fail_in_time(
    name: str, attack: str, checkers: Callable[[str], Path], tmp_path: Path
) -> None:
    cost = judged(checkers(name), tmp_path, name, dict(everything(name))[attack])
    assert not cost.problem, cost


@pytest.mark.parametrize("attack", PATHS)
def test_what_is_no_file_is_refused(attack: str, checkers: Callable[[str], Path], tmp_path: Path) -> None:
    cost = judged(checkers("csv"), tmp_path, "csv", PATHS[attack])
    assert not cost.problem, cost


@pytest.mark.nightly
@pytest.mark.parametrize("name", FORMATS)
def test_every_attack_fails_in_time(name: str, checkers: Callable[[str], Path], tmp_path: Path) -> None:
    costs = {attack: judged(checkers(name), tmp_path, name, put) for attack, put in everything(name)}
    slowest = max(costs, key=lambda attack: costs[attack].cpu_s)
    largest = max(costs, key=lambda attack: costs[attack].rss_mib)
    worst = {
        "attacks": len(costs),
        "cpu_s": round(costs[slowest].cpu_s, 2),
        "slowest": slowest,
        "rss_mib": round(costs[largest].rss_mib),
        "largest": largest,
    }
    folder = ROOT / "build" / "hostile"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(worst, indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {worst}")
    assert not {attack: cost for attack, cost in costs.items() if cost.problem}
