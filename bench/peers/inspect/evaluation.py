"""Inspect as a peer: an evaluation of as many equal samples as there are episodes, in its sandbox `local`, which isolates
nothing, or in its sandbox `docker`.

`--max-sandboxes` stays unset for `local`, as Inspect waits half a second for each sample when it is given; `docker` has a limit in
any case. What is served to watchers is off.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bench.commands import CommandFailed, Spent, spent
from bench.peers.compose import PLUGIN, Engine
from bench.peers.peer import Case, quiet_environment
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.runners.installed import INSPECT, environment
from clawc.spec.bundle import CHECKER, INSTRUCTION, WORKSPACE

HERE = Path(__file__).parent
ISOLATION = "none: processes of the same user in a folder for each sample"
CONTAINERS = (
    f"Docker: a container for a sample, without network, with init; {PLUGIN}; its demand for an engine of 24.0.6 or newer is"
    " passed over"
)
CHECKER_INSIDE = "/checker/check.py"
# As what Inspect makes up for an image that it builds.
_COMPOSE = """services:
  default:
    image: "{image}"
    x-local: true
    command: "tail -f /dev/null"
    init: true
    network_mode: none
    stop_grace_period: 1s
"""
_OPTIONS = ("--model", "none", "--display", "none", "--no-log-realtime", "--ctl-server", "false")


class Inspect:
    """Plays the case in `folder`; over Docker if there is an `engine`. Raises Unavailable when Inspect cannot be had."""

    version = INSPECT.version

    def __init__(self, folder: Path, case: Case, engine: Engine | None = None) -> None:
        self.isolation = ISOLATION if engine is None else CONTAINERS
        self._bin = environment(INSPECT, cache_folder()) / "bin"
        self._folder = folder
        self._engine = engine
        inputs, checker = case.bundle / WORKSPACE, case.bundle / CHECKER
        files = {str(p.relative_to(inputs)): str(p) for p in sorted(inputs.rglob("*")) if p.is_file()}
        sandbox = ["local"]
        if engine is not None:
            compose = folder / "compose.yaml"
            compose.write_text(_COMPOSE.format(image=engine.image), encoding="utf-8")
            sandbox = ["docker", str(compose)]
            files[CHECKER_INSIDE] = str(checker)
        self._plan = {
            "instruction": (case.bundle / INSTRUCTION).read_text(encoding="utf-8"),
            "files": files,
            "commands": list(case.commands),
            "checker": ["/usr/bin/python3", "-I", "-S", CHECKER_INSIDE if engine else str(checker), ".", "--json"],
            "sandbox": sandbox,
        }

    def play(self, episodes: int, jobs: int) -> Spent:
        logs, plan = self._folder / "logs", self._folder / "plan.json"
        env = quiet_environment(self._folder / "home")
        sandboxes: tuple[str, ...] = ()
        if self._engine is not None:
            env.update(self._engine.variables)
            sandboxes = ("--max-sandboxes", str(jobs))
        plan.write_text(json.dumps({**self._plan, "episodes": episodes}), encoding="utf-8")
        result = spent(
            [str(self._bin / "inspect"), "eval", f"{HERE / 'scripted_task.py'}@copy_list", "-T", f"plan={plan}",
             *_OPTIONS, "--max-samples", str(jobs), *sandboxes, "--log-dir", str(logs)],
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
