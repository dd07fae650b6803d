"""`kill -9` at every stage of a batch: the next start goes on, no answer is asked for twice, and no task is lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from clawc.runtime.synth.authoring.ideas import idea_of
from clawc.stdlib.archetypes.draw import Balance
from tests.synth.authoring.author_world import MARKS, SEED, good_plan, good_source, vote

COUNT = 2
DRAFTS = 2 * COUNT + 4
PATIENCE_S = 240


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a model says: one plan that is none, one file that has to be mended, one task with a fault; the others stand."""
    steps: list[dict[str, object]] = []

    def says(name: str, stage: str, *texts: str) -> None:
        steps.extend({"when": [name, MARKS[stage]], "text": text, "wait_s": 0.02} for text in texts)

    for number in range(DRAFTS):
        idea = idea_of(SEED, "persona", number, Balance())
        good = f"```claw\n{good_source(idea.name, number)}```"
        says(idea.name, "blueprint", *(["no", "no"] if number == 0 else [good_plan(number, idea.operations[0][0])]))
        says(idea.name, "write", *([good.replace("count = ", "count == ", 1)] if number == 1 else []), good)
        says(idea.name, "review", vote(answer_leak="the total stands in the mail") if number == 2 else vote())
        says(idea.name, "rubric", '{"skip": true}')
    path = tmp_path_factory.mktemp("script") / "model.json"
    path.write_text(json.dumps(steps))
    return path


def command(script: Path, folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "clawc", "synth", "--provider", "persona", "--model", f"scripted:{script}", "-n", str(COUNT), "--seed", str(SEED),
        "-o", str(folder / "set"), "--no-semantic", "-j", "1", "--at-once", "2",
    ]  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "CLAWC_CACHE": str(folder / "cache")}


def run(script: Path, folder: Path) -> None:
    done = subprocess.run(
        command(script, folder), env=environment(folder), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture(scope="module")
def whole(script: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run(script, folder)
    return folder


def calls(folder: Path) -> list[dict[str, object]]:
    path = folder / "set.work" / "models" / "calls.jsonl"
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def test_in_one_go(whole: Path) -> None:
    stages = Counter(str(each["stage"]) for each in calls(whole))
    assert stages["blueprint"] == DRAFTS + 1 and stages["repair"] == 1 and stages["write"] == DRAFTS - 1
    rows = [
        json.loads(line)
        for path in sorted((whole / "set" / "jsonl").iterdir())
        for line in path.read_text().splitlines()
    ]
    assert sorted(row["id"] for row in rows) == ["persona_00001", "persona_00003"]
    assert {row["provenance"]["rounds"] for row in rows} == {1, 2}
    dropped = [json.loads(line) for line in (whole / "set" / "dropped.jsonl").read_text().splitlines()]
    assert {each["why"] for each in dropped} >= {"answer_leak", "not needed any more"}
    assert (whole / "set" / "yields.svg").read_text().startswith("<svg")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("lines", [
    0, DRAFTS + 4, 2 * DRAFTS + 8,
    *(pytest.param(lines, marks=pytest.mark.nightly) for lines in (3, DRAFTS, 2 * DRAFTS, 2 * DRAFTS + 1, 4 * DRAFTS - 4)),
])  # fmt: skip
def test_killed(script: Path, whole: Path, tmp_path: Path, lines: int) -> None:
    """Killed once so many answers are durable, then twice more soon after, then left alone."""
    for more in (0, 2, 4):
        child = subprocess.Popen(
            command(script, tmp_path), env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )  # fmt: skip
        until = time.monotonic() + PATIENCE_S
        while child.poll() is None and len(calls(tmp_path)) < lines + more and time.monotonic() < until:
            time.sleep(0.005)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    path = tmp_path / "set.work" / "models" / "calls.jsonl"
    if path.exists():  # what a kill may leave of a line that was not durable
        with open(path, "ab") as file:
            file.write(b'{"key": "0123')
    run(script, tmp_path)
    keys = [str(each["key"]) for each in calls(tmp_path)]
    assert len(keys) == len(set(keys)) and set(keys) == {str(each["key"]) for each in calls(whole)}
    for name in ("dataset.json", "yields.json", "dropped.jsonl"):
        assert (tmp_path / "set" / name).read_bytes() == (whole / "set" / name).read_bytes(), name


def test_again_changes_nothing(script: Path, whole: Path) -> None:
    before = (whole / "set" / "dataset.json").read_bytes(), len(calls(whole))
    run(script, whole)
    assert ((whole / "set" / "dataset.json").read_bytes(), len(calls(whole))) == before


@pytest.mark.nightly
def test_two_at_once(script: Path, tmp_path: Path) -> None:
    """A second start beside the first one says so and changes nothing."""
    first = subprocess.Popen(
        command(script, tmp_path), env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not calls(tmp_path) and first.poll() is None:
        time.sleep(0.005)
    second = subprocess.run(
        command(script, tmp_path), env=environment(tmp_path), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert first.wait(PATIENCE_S) == 0
    assert second.returncode == 2 and "R0202" in second.stderr and "Traceback" not in second.stderr
