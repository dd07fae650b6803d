"""How long other frameworks take for the solutions of our exported tasks, by the commands that `docs/exports.md` gives, beside ours.

Harbor and Inspect play them in our sandboxes, so that isolation is the same; verifiers in plain processes.
"""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench.commands import CommandFailed, Spent, spent
from bench.machine import ROOT
from bench.peers.peer import quiet_environment
from bench.runs import COMMAND
from bench.runs import ISOLATION as OUR_ISOLATION
from clawc import __version__
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.runners.compare import FRAMEWORKS
from clawc.runtime.runners.installed import Unavailable, environment
from clawc.runtime.runners.processes import stage

OURS = "clawc"
JOBS = 4
_LIMIT_S = 300
# Runs in Inspect's environment.
_READER = ROOT / "runtime" / "runners" / "inspect_scores.py"
_INSPECT = ("--display", "none", "--no-log-realtime", "--ctl-server", "false", "--no-fail-on-error")


class Player(NamedTuple):
    """Plays the solutions of the exported tasks in a folder: what it cost, and how many got the reward 1."""

    version: str
    isolation: str
    play: Callable[[Path], tuple[Spent, int]]


class Framework(NamedTuple):
    """`programs` are those of its environment, `folder` is its own to write to."""

    programs: Path
    folder: Path
    staged: Path

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Nothing of the user's, and clawc where Python finds it."""
        return {**quiet_environment(self.folder / "home"), "PYTHONPATH": str(self.staged), **more}


def _ours(folder: Path) -> Player:
    def play(bundles: Path) -> tuple[Spent, int]:
        out = folder / "run"
        shutil.rmtree(out, ignore_errors=True)
        cost = spent([*COMMAND, "run", str(bundles), "--agent", "oracle", "-j", str(JOBS), "--out", str(out),
                      "--format", "json", "--sandbox", "bubblewrap"])  # fmt: skip
        return cost, [one["score_checks"] for one in json.loads(cost.output)["episodes"]].count("1")

    return Player(__version__, OUR_ISOLATION["bubblewrap"], play)


def _harbor(at: Framework, export: Path) -> tuple[Spent, int]:
    jobs = at.folder / "jobs"
    shutil.rmtree(jobs, ignore_errors=True)
    cost = spent(
        [str(at.programs / "harbor"), "run", "-p", str(export), "--agent", "oracle", "--env",
         "clawc.runtime.adapters.harbor:BubblewrapEnvironment", "-n", str(JOBS), "-o", str(jobs), "-y", "-q"],
        at.variables({"HARBOR_TELEMETRY": "0"}), export, _LIMIT_S,
    )  # fmt: skip
    trials: list[Any] = [json.loads(path.read_text("utf-8")) for path in jobs.glob("*/*/result.json")]
    verified: list[dict[str, Any]] = [trial["verifier_result"] or {"rewards": None} for trial in trials]
    return cost, [one["rewards"] for one in verified].count({"reward": 1.0})


def _inspect(at: Framework, export: Path) -> tuple[Spent, int]:
    logs = at.folder / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    cost = spent(
        [str(at.programs / "inspect"), "eval", "clawc_tasks.py", "--sandbox", "clawc", "--model", "none", "-T",
         "replay=bundle", *_INSPECT, "--max-samples", str(JOBS), "--log-dir", str(logs)],
        at.variables({}), export, _LIMIT_S,
    )  # fmt: skip
    read = spent([str(at.programs / "python"), "-P", str(_READER), str(logs)], at.variables({}))
    samples: dict[str, Any] = json.loads(read.output)["samples"]
    return cost, [one["value"] for one in samples.values()].count(1.0)


def _verifiers(at: Framework, export: Path) -> tuple[Spent, int]:
    out = at.folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    module = next(path.name for path in export.iterdir() if path.name.startswith("claw_"))
    cost = spent(
        [str(at.programs / "vf-validate"), module, "--only-gold", "True", "--runtime.type", "subprocess",
         "--max-concurrent", str(JOBS), "--output-dir", str(out), "--rich", "false"],
        at.variables({"PYTHONPATH": f"{at.staged}:{export}"}), export, _LIMIT_S,
    )  # fmt: skip
    rows = [line for path in out.rglob("results.jsonl") for line in path.read_text("utf-8").splitlines()]
    return cost, sum(json.loads(row)["valid"] is True for row in rows)


_PLAY = {"harbor": _harbor, "inspect": _inspect, "verifiers": _verifiers}
NAMES = tuple(_PLAY)


def players(names: Sequence[str], folder: Path) -> tuple[dict[str, Player], dict[str, str]]:
    """Ours and these, each installed first if need be, and why others cannot be had."""
    folder.chmod(0o711)  # our sandboxes are other users', and have their files in there
    staged = stage(folder / "staged")
    found, missing = {OURS: _ours(folder)}, dict[str, str]()
    for name in names:
        framework, runner = FRAMEWORKS[name]
        try:
            programs = environment(framework, cache_folder())
        except Unavailable as error:
            missing[name] = str(error)
            continue
        own = folder / name
        own.mkdir()
        quiet_environment(own / "home")
        for path in (own, own / "home"):
            path.chmod(0o711)
        at = Framework(programs / "bin", own, staged)
        found[name] = Player(framework.version, runner(programs).isolation, partial(_PLAY[name], at))
    return found, missing


def measured(
    names: Sequence[str], exports: Mapping[str, tuple[Path, Path]], tasks: int, times: int, folder: Path
) -> dict[str, Any]:
    """`exports` has for each player a folder of all tasks and one of a single task. Whole commands in turns; medians."""
    found, missing = players(names, folder)
    wholes: dict[str, list[Spent]] = {name: [] for name in found}
    singles: dict[str, list[Spent]] = {name: [] for name in found}
    for _ in range(times):
        for name in [name for name in found if name not in missing]:
            whole, single = exports[name]
            try:
                singles[name].append(measured_once(found[name], single, 1))
                wholes[name].append(measured_once(found[name], whole, tasks))
            except CommandFailed as error:
                missing[name] = str(error)
    if OURS in missing:
        raise SystemExit(missing[OURS])
    return {
        name: {"why": missing[name]} if name in missing else _figures(found[name], wholes[name], singles[name], tasks)
        for name in (OURS, *names)
    }


def measured_once(player: Player, folder: Path, tasks: int) -> Spent:
    """A command counts only if every solution got the whole reward."""
    cost, right = player.play(folder)
    if right != tasks:
        raise CommandFailed(f"of {tasks} solutions, {right} got the reward 1")
    return cost


def _figures(player: Player, wholes: Sequence[Spent], singles: Sequence[Spent], tasks: int) -> dict[str, Any]:
    whole, single = (statistics.median(one.seconds for one in group) for group in (wholes, singles))
    return {
        "version": player.version,
        "isolation": player.isolation,
        "episodes": tasks,
        "seconds": [round(one.seconds, 2) for one in wholes],
        "one_episode_seconds": [round(one.seconds, 2) for one in singles],
        "s_each": round(whole / tasks, 3),
        "net_s_each": round(max(0.0, whole - single) / (tasks - 1), 3) if tasks > 1 else None,
        "cpu_s_each": round(statistics.median(one.cpu_s for one in wholes) / tasks, 3),
        "rss_mb": round(max(one.rss_mb for one in wholes), 1),
    }
