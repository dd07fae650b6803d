"""Inspect as a peer: an evaluation of as many equal samples as there are episodes, in its sandbox `local`, which isolates
nothing.

`--max-sandboxes` stays unset, as Inspect waits half a second for each sample when it is given; what it serves to watchers is
off.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bench.commands import CommandFailed, Spent, spent
from bench.peers.peer import Case, quiet_environment
from clawc.commands.check_cache import cache_folder
from clawc.runtime.runners.installed import INSPECT, environment
from clawc.spec.bundle import CHECKER, INSTRUCTION, WORKSPACE

HERE = Path(__file__).parent
ISOLATION = "none: processes of the same user in a folder for each sample"
_OPTIONS = ("--model", "none", "--display", "none", "--no-log-realtime", "--ctl-server", "false")


class Inspect:
    """Plays the case in `folder`. Raises Unavailable when Inspect cannot be had."""

    version = INSPECT.version
    isolation = ISOLATION

    def __init__(self, folder: Path, case: Case) -> None:
        self._bin = environment(INSPECT, cache_folder()) / "bin"
        self._folder = folder
        inputs = case.bundle / WORKSPACE
        self._plan = {
            "instruction": (case.bundle / INSTRUCTION).read_text(encoding="utf-8"),
            "files": {str(p.relative_to(inputs)): str(p) for p in sorted(inputs.rglob("*")) if p.is_file()},
            "commands": list(case.commands),
            "checker": ["/usr/bin/python3", "-I", "-S", str(case.bundle / CHECKER), ".", "--json"],
        }

    def play(self, episodes: int, jobs: int) -> Spent:
        logs, plan = self._folder / "logs", self._folder / "plan.json"
        env = quiet_environment(self._folder / "home")
        plan.write_text(json.dumps({**self._plan, "episodes": episodes}), encoding="utf-8")
        result = spent(
            [str(self._bin / "inspect"), "eval", f"{HERE / 'scripted_task.py'}@copy_list", "-T", f"plan={plan}",
             *_OPTIONS, "--max-samples", str(jobs), "--log-dir", str(logs)],
            env,
        )  # fmt: skip
        rewards = _rewards(self._bin / "python", logs, env)
        shutil.rmtree(logs)
        if rewards != [1.0] * episodes:
            raise CommandFailed(f"of {len(rewards)} samples of {episodes}, {rewards.count(1.0)} have the score 1")
        return result


def _rewards(python: Path, logs: Path, env: dict[str, str]) -> list[object]:
    """The scores by Inspect's log; the command's exit status says nothing of them."""
    done = subprocess.run(
        [str(python), str(HERE / "scores.py"), str(logs)], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandFailed(f"the log of the evaluation cannot be read: {done.stderr[-2000:]}")
    read: Any = json.loads(done.stdout)
    if read["status"] != "success":
        raise CommandFailed(f"the evaluation ended with the status `{read['status']}`")
    return list(read["scores"])
