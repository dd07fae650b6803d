"""Agents of npm for tests: installed by `clawc doctor --install`, or a printed reason why not; where CLAWC_TEST_AGENTS is 1 a test that lacks
one fails."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from clawc.commands.compiling import build_all
from clawc.commands.sources import check_file
from clawc.runtime.bundle import load
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.npm.install import AGENTS, NODE, require
from clawc.runtime.player import LocalPlayer
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, play_all
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from tests.engine import engine_or_skip
from tests.gateway.test_rollouts import calls_of, steps
from tests.runtime.conftest import MakeBundle, make_bundle, make_checker, works

__all__ = ["MakeBundle", "make_bundle", "make_checker", "works"]

GOLDEN = Path(__file__).parents[1] / "golden/harness"
EXAMPLES = Path(__file__).parents[2] / "examples"
TASK = """claw 1
task greeting {
  title      = "Say hello in a file"
  category   = office.records
  operations = [files.write]

  workspace {
    file people "people.csv" { content = "name\\nAda\\nGrace\\n" }
    skill letters {
      description = "How letters begin here"
      content     = "Begin every letter with the name, a comma and a line end."
    }
  }
  deliver greeting "out/greeting.txt"
  instruction = "Write the last name of {{ path.people }} to {{ path.greeting }}, and nothing else."
  verify { check right { expect trim(text(greeting)) == last(csv(people).name) } }
}
"""


def agent_or_skip(name: str) -> None:
    """Skip, with the reason, where the agent is not installed."""
    try:
        require(AGENTS[name])
        require(NODE, AGENTS[name])
    except RuntimeFault as fault:
        reason = f"{fault.message}. {fault.help}"
        if os.environ.get("CLAWC_TEST_AGENTS") == "1":
            pytest.fail(f"CLAWC_TEST_AGENTS is 1 and it is not there: {reason}", pytrace=False)
        pytest.skip(reason)


def bundle_of(source: Path, folder: Path) -> Path:
    """The bundle of a file with one task."""
    compiled = check_file(source)
    assert compiled.ok, [finding.message for finding in compiled.diagnostics]
    build_all(compiled.tasks, folder)
    return folder / compiled.tasks[0].task.name


@pytest.fixture(scope="session")
def order_totals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of an example."""
    return bundle_of(EXAMPLES / "order_totals.claw", tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def greeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a task with a skill."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "greeting.claw").write_text(TASK)
    return bundle_of(folder / "greeting.claw", tmp_path_factory.mktemp("bundles"))


def solution(bundle: Path) -> tuple[str, str]:
    """Path and content of the only file that the oracle writes."""
    steps = json.loads((bundle / "private/solution/steps.json").read_text())["steps"]
    [write] = [step for step in steps if step["op"] == "write"]
    return write["path"], (bundle / write["source"]).read_text()


def requests_of(folder: Path) -> list[dict[str, Any]]:
    """What the calls of an attempt ask for, in order."""
    from clawc.runtime.gateway.calls import read_calls

    return [json.loads(call.body) for call in read_calls(folder / "capture.jsonl") if call.caller == "harness"]


def folder_of(out: Path, record: EpisodeRecord) -> Path:
    return out / "episodes" / record.key


def event_of(out: Path, record: EpisodeRecord, event: str) -> dict[str, Any]:
    """The only event of this kind."""
    lines = (folder_of(out, record) / "trajectory.jsonl").read_text().splitlines()
    [found] = [line for line in map(json.loads, lines) if line["event"] == event]
    return cast("dict[str, Any]", found)


def compared(name: str, found: object, update: bool) -> None:
    """Compare JSON with a golden file, or write it there."""
    path, text = GOLDEN / name, json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if update:
        path.write_text(text)
    assert path.read_text() == text


_CHANGING = ((r"Current date: \d{4}-\d\d-\d\d", "Current date: DATE"), (r"os=Linux \S+", "os=Linux KERNEL"))
_LONG = 24


def condensed(found: object, ours: Sequence[str]) -> object:
    """JSON in which texts of the agent's authors are only their lengths and hashes, and what changes by day or machine is a word. `ours` are
    texts that stay."""
    if isinstance(found, str):
        for pattern, word in _CHANGING:
            found = re.sub(pattern, word, found)
        if len(found) <= _LONG or found.strip() in {text.strip() for text in ours}:
            return found
        return f"{len(found)} characters, {hashlib.sha256(found.encode()).hexdigest()[:16]}"
    if isinstance(found, Mapping):
        return {key: condensed(value, ours) for key, value in cast("Mapping[str, object]", found).items()}
    if isinstance(found, list):
        return [condensed(value, ours) for value in cast("list[object]", found)]
    return found


def is_prefix(earlier: Sequence[Mapping[str, object]], later: Sequence[Mapping[str, object]]) -> bool:
    return list(later[: len(earlier)]) == list(earlier)


def plays_over_docker(agent: str, bundle: Path, folder: Path) -> None:
    """The agent solves the task of a bundle in a sandbox of Docker; skips where there is no engine."""
    engine_or_skip().close()
    path, content = solution(bundle)
    write = {"tool": "write", "arguments": {"path": path, "content": content}}
    model = steps(folder, write, {"text": "The totals are there."})

    async def play() -> list[EpisodeRecord]:
        player = LocalPlayer(backend_of(SandboxChoice("docker", "")), folder / "run")
        harness = harness_named(agent, model_named(model, Wishes()))
        try:
            return list((await play_all(RunPlan([load(bundle)], harness, folder / "run"), player)).records)
        finally:
            await player.close()

    [record] = asyncio.run(play())
    assert (record.outcome, record.score) == ("ok", "1"), record.evidence
    assert [call.kind for call in calls_of(folder / "run", record)] == ["train", "train"]
    assert event_of(folder / "run", record, "transcript")["joined"] == 2
