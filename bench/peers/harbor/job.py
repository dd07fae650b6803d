"""Harbor as a peer: a job of many attempts at one task, in sandboxes of bubblewrap.

The checker runs by Harbor's `test.sh` in the same trial as the agent, which is its default, as a command of its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from bench.commands import CommandFailed, Spent, spent
from bench.peers.peer import Case, quiet_environment
from clawc.commands.check_cache import cache_folder
from clawc.runtime.runners.installed import HARBOR, environment
from clawc.spec.bundle import CHECKER, INSTRUCTION, WORKSPACE

HERE = Path(__file__).parent
ISOLATION = "bubblewrap: a sandbox for each command, the checker's over the agent's folders"
_TASK = """schema_version = "1.1"

[environment]
allow_internet = false
"""
_TEST = """#!/bin/sh
case "$(/usr/bin/python3 -I -S /tests/check.py /w --json)" in
  *'"score_checks":"1"'*) echo 1 ;;
  *) echo 0 ;;
esac > /logs/verifier/reward.txt
"""


class Harbor:
    """Plays the case in `folder`. Raises Unavailable when Harbor cannot be had."""

    version = HARBOR.version
    isolation = ISOLATION

    def __init__(self, folder: Path, case: Case) -> None:
        self._command = environment(HARBOR, cache_folder()) / "bin" / "harbor"
        self._folder = folder
        self._case = case
        self._task = folder / "copy_list"
        files = {"task.toml": _TASK, "tests/test.sh": _TEST, "instruction.md": (case.bundle / INSTRUCTION).read_text()}
        for name, text in files.items():
            path = self._task / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (self._task / "tests" / "test.sh").chmod(0o755)
        shutil.copy(case.bundle / CHECKER, self._task / "tests" / "check.py")
        shutil.copytree(case.bundle / WORKSPACE, self._task / "environment")

    def play(self, episodes: int, jobs: int) -> Spent:
        out, config = self._folder / "jobs", self._folder / "job.json"
        config.write_text(json.dumps(self._job(out, episodes, jobs)), encoding="utf-8")
        env = {**quiet_environment(self._folder / "home"), "HARBOR_TELEMETRY": "0", "PYTHONPATH": str(HERE)}
        result = spent([str(self._command), "run", "-c", str(config), "-y"], env)
        rewards = [_reward(path) for path in sorted(out.glob("job/*/result.json"))]
        shutil.rmtree(out)
        if rewards != [1.0] * episodes:
            raise CommandFailed(f"of {len(rewards)} trials of {episodes}, {rewards.count(1.0)} have the reward 1")
        return result

    def _job(self, out: Path, episodes: int, jobs: int) -> dict[str, object]:
        return {
            "job_name": "job",
            "jobs_dir": str(out),
            "n_attempts": episodes,
            "n_concurrent_trials": jobs,
            "quiet": True,
            "environment": {
                "import_path": "bubblewrap_environment:BubblewrapEnvironment",
                "kwargs": {"bubblewrap": self._case.bubblewrap},
            },
            "agents": [
                {"import_path": "scripted_agent:ScriptedAgent", "kwargs": {"commands": list(self._case.commands)}}
            ],
            "tasks": [{"path": str(self._task)}],
        }


def _reward(path: Path) -> object:
    """The reward of a trial, by its `result.json`; None after an exception or without a verdict."""
    trial: Any = json.loads(path.read_text(encoding="utf-8"))
    if trial["exception_info"] is not None or trial["verifier_result"] is None:
        return None
    rewards: dict[str, object] = trial["verifier_result"]["rewards"] or {}
    return rewards.get("reward")
