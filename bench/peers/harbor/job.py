"""Harbor as a peer: a job of many attempts at one task, in sandboxes of bubblewrap or by its own use of Docker.

The checker runs by Harbor's `test.sh` in the same trial as the agent, which is its default, as a command of its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from bench.commands import CommandFailed, Spent, spent
from bench.peers.compose import PLUGIN, Engine
from bench.peers.peer import Case, quiet_environment
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.runners.installed import HARBOR, environment
from clawc.spec.bundle import CHECKER, INSTRUCTION, WORKSPACE

HERE = Path(__file__).parent
ISOLATION = "bubblewrap: a sandbox for each command, the checker's over the agent's folders"
CONTAINERS = f"Docker: a container for a trial, without network and, as is its default, without init; {PLUGIN}"
_TASK = """schema_version = "1.1"

[environment]
allow_internet = false
"""
# Harbor copies the files of the task into a container whose image it need not build.
_TASK_OF_IMAGE = """schema_version = "1.1"

[environment]
docker_image = "{image}"
"""
# Harbor itself would build an image with a proxy to keep the network out.
_NO_NETWORK = """services:
  main:
    network_mode: none
"""
_TEST = """#!/bin/sh
case "$(/usr/bin/python3 -I -S /tests/check.py /w --json)" in
  *'"score_checks":"1"'*) echo 1 ;;
  *) echo 0 ;;
esac > /logs/verifier/reward.txt
"""


class Harbor:
    """Plays the case in `folder`; over Docker if there is an `engine`. Raises Unavailable when Harbor cannot be had."""

    version = HARBOR.version

    def __init__(self, folder: Path, case: Case, engine: Engine | None = None) -> None:
        self.isolation = ISOLATION if engine is None else CONTAINERS
        self._command = environment(HARBOR, cache_folder()) / "bin" / "harbor"
        self._folder = folder
        self._case = case
        self._engine = engine
        self._task = folder / "copy_list"
        task = _TASK if engine is None else _TASK_OF_IMAGE.format(image=engine.image)
        files = {"task.toml": task, "tests/test.sh": _TEST, "instruction.md": (case.bundle / INSTRUCTION).read_text()}
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
        env.update({} if self._engine is None else self._engine.variables)
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
            "environment": self._environment(),
            "agents": [
                {"import_path": "scripted_agent:ScriptedAgent", "kwargs": {"commands": list(self._case.commands)}}
            ],
            "tasks": [{"path": str(self._task)}],
        }

    def _environment(self) -> dict[str, object]:
        if self._engine is None:
            return {
                "import_path": "bubblewrap_environment:BubblewrapEnvironment",
                "kwargs": {"bubblewrap": self._case.bubblewrap},
            }
        network = self._folder / "network.yaml"
        network.write_text(_NO_NETWORK, encoding="utf-8")
        return {"type": "docker", "extra_docker_compose": [str(network)]}


def _reward(path: Path) -> object:
    """The reward of a trial, by its `result.json`; None after an exception or without a verdict."""
    trial: Any = json.loads(path.read_text(encoding="utf-8"))
    if trial["exception_info"] is not None or trial["verifier_result"] is None:
        return None
    rewards: dict[str, object] = trial["verifier_result"]["rewards"] or {}
    return rewards.get("reward")
