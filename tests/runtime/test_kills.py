"""Runs that are killed at any moment and continued end as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clawc.runtime.sandbox.orphans import orphans
from clawc.runtime.sandbox.state import StateRoot
from clawc.runtime.store.run_folder import read_attempts, read_run

pytestmark = pytest.mark.usefixtures("works")
MakeBundle = Callable[..., Path]
TASKS, EPISODES, JOBS = 3, 12, 8


@pytest.fixture
def state() -> Iterator[Path]:
    """A temporary folder for the state of runners, which users of sandboxes may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="clawc-kills-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def command(make_bundle: MakeBundle, make_checker: Callable[..., str], tmp_path: Path) -> list[str]:
    """`clawc run` of several tasks, with an agent that takes a while; the folder is to be appended."""
    script = tmp_path / "script.json"
    calls = [
        {"tool": "write", "path": "out/answer.txt", "content": "half"},
        {"tool": "exec", "command": "sleep 0.1; cat in/data.txt"},
        {"tool": "final", "text": "done"},
    ]
    script.write_text(json.dumps(calls))
    bundles: list[str] = []
    for task in (f"task{number}" for number in range(TASKS)):
        check = make_checker().replace('"task": "tiny"', f'"task": "{task}"')
        bundles.append(str(make_bundle(task=task, check=check)))
    options = ["--agent", f"scripted:{script}", "-n", str(EPISODES), "-j", str(JOBS), "--out"]
    return [sys.executable, "-m", "clawc", "run", *bundles, *options]


def start(command: list[str], out: Path, state: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(state)}
    return subprocess.Popen(
        [*command, str(out)], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def compared(folder: Path) -> list[dict[str, object]]:
    """The records of a run, but for times, the run's own name and what is measured."""
    left_out = {"run_id", "started", "ended", "seconds", "limits"}
    found = [record.model_dump(mode="json", exclude=left_out) for record in read_attempts(folder)[1]]
    return sorted(found, key=lambda record: str(record["key"]))


def inside(state: Path) -> list[int]:
    """Processes that have something of the state folder among their mounts: sandboxes of its runners."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if state.name in (process / "mountinfo").read_text():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def lines(out: Path) -> int:
    path = out / "episodes.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def at_work(runner: subprocess.Popen[str], out: Path, wanted: int) -> bool:
    """Whether the run gets to have so many records."""
    return wait_for(lambda: lines(out) >= wanted or runner.poll() is not None) and lines(out) >= wanted


def kill_and_continue(command: list[str], state: Path, out: Path, kills: int, seed: int) -> None:
    undisturbed = start(command, out.with_name("undisturbed"), state)
    said, errors = undisturbed.communicate(timeout=120)
    assert undisturbed.returncode == 0, said + errors
    chance = random.Random(seed)
    done = 0
    while done < kills:
        if lines(out) >= TASKS * EPISODES:
            # All is played: begin anew, so that each kill hits a run at work.
            assert compared(out) == compared(out.with_name("undisturbed"))
            shutil.rmtree(out)
        runner = start(command, out, state)
        before = lines(out)
        # At any moment: from the first steps to a run that has got some way.
        if chance.random() < 0.8:
            at_work(runner, out, before + chance.randrange(1, JOBS))
        time.sleep(chance.uniform(0, 0.3))
        runner.send_signal(signal.SIGKILL)
        runner.communicate()
        done += runner.returncode == -signal.SIGKILL
    last = start(command, out, state)
    said, errors = last.communicate(timeout=120)
    assert last.returncode == 0, said + errors
    assert compared(out) == compared(out.with_name("undisturbed"))
    records = read_run(out)[1]
    assert len(records) == len({record.episode for record in records}) == TASKS * EPISODES
    assert all((record.attempt, record.score) == (1, "0.333333") for record in records)
    assert {path.name for path in (out / "episodes").iterdir()} == {record.key for record in records}
    for record in records:
        folder = out / "episodes" / record.key
        assert (folder / "workspace/out/answer.txt").read_text() == "half"
        assert json.loads((folder / "verdict.json").read_text())["C"] == record.C
    assert wait_for(lambda: not inside(state)), inside(state)
    assert sorted(state.iterdir()) == []
    assert wait_for(lambda: not orphans())


def test_five_kills(command: list[str], state: Path, tmp_path: Path) -> None:
    kill_and_continue(command, state, tmp_path / "run", kills=5, seed=1)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 7))
def test_fifty_kills(command: list[str], state: Path, tmp_path: Path, seed: int) -> None:
    kill_and_continue(command, state, tmp_path / "run", kills=10, seed=seed)


def test_a_removal_that_was_killed_is_finished_by_the_next_runner(state: Path) -> None:
    root = StateRoot(state)
    (root.folder() / "file").write_text("left")
    half_removed = root.path.rename(state / f"{root.path.name}.gone")
    (half_removed / "lock").unlink()
    second = StateRoot(state)
    assert list(state.iterdir()) == [second.path]
    second.remove()
    assert list(state.iterdir()) == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM, signal.SIGINT)])
def test_interrupted_twice_nothing_is_left(
    command: list[str], state: Path, tmp_path: Path, numbers: tuple[signal.Signals, ...]
) -> None:
    out = tmp_path / "run"
    for pause in (0.0, 0.01, 0.1):
        runner = start(command, out, state)
        assert at_work(runner, out, lines(out) + 1)
        for number in numbers:
            runner.send_signal(number)
            time.sleep(pause)
        said, errors = runner.communicate(timeout=60)
        # All is cleaned up by the time that a signal can end it before its own end.
        assert (runner.returncode in (130, -signal.SIGTERM), said) == (True, ""), errors
        assert "interrupted" in errors and "Traceback" not in errors and "never" not in errors
        assert wait_for(lambda: not inside(state)), inside(state)
        assert sorted(state.iterdir()) == []
    kept = (out / "episodes.jsonl").read_bytes()
    assert start(command, out, state).wait(timeout=120) == 0
    assert (out / "episodes.jsonl").read_bytes().startswith(kept)
    assert len(read_run(out)[1]) == TASKS * EPISODES
