"""What a black-box agent costs in `clawc run`, beside the same program that is run bare: no sandbox, no gateway, no capture, no checker.

Both have the same package, the same model's words and the same task; they take turns. What node has compiled is there for both.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from bench.commands import CommandFailed, Spent, spent
from bench.machine import ROOT, machine
from bench.runs import COMMAND, TASK
from clawc.runtime.harness.npm.install import AGENTS, NODE, Package, require
from clawc.runtime.harness.openclaw.agent import QUIET
from clawc.runtime.harness.openclaw.settings import OpenClawSettings, configuration
from clawc.runtime.harness.pi import PiSettings, arguments, models

AIMS_S = {"pi": 2.5, "openclaw": 8.0}
_SHELL = {"pi": "bash", "openclaw": "exec"}
ANSWER = "Bela\nAda\n"


def steps(agent: str) -> list[dict[str, Any]]:
    """What the model says: a command, a file, an answer."""
    return [
        {"tool": _SHELL[agent], "arguments": {"command": "wc -l people.txt"}},
        {"tool": "write", "arguments": {"path": "copy.txt", "content": ANSWER}},
        {"text": "The names are there."},
    ]


class Bare:
    """The program alone, with a home of its own, against a server at `url`."""

    def __init__(self, package: Package, folder: Path, url: str) -> None:
        self._work, self._home = folder / "work", folder / "home"
        self._home.mkdir()
        program = require(package) / "node_modules" / package.main
        node = require(NODE) / "node_modules" / NODE.main
        path = f"{node.parent}:/usr/bin:/bin"
        self._env = {"HOME": str(self._home), "PATH": path, "NODE_COMPILE_CACHE": str(folder / "compiled")}
        if package.name == "pi":
            (self._home / "models.json").write_text(json.dumps(models(PiSettings(), url, "policy")))
            self._env |= {"PI_CODING_AGENT_DIR": str(self._home), "PI_OFFLINE": "1"}
            more = [*arguments(PiSettings(), "policy", str(self._home / "sessions")), "Copy the names."]
        else:
            config = configuration(OpenClawSettings(), url, "policy", 600)
            config["agents"]["defaults"]["workspace"] = str(self._work)  # type: ignore[index]
            (self._home / "openclaw.json").write_text(json.dumps(config))
            self._env |= {
                **QUIET, "OPENCLAW_STATE_DIR": str(self._home), "OPENCLAW_CONFIG_PATH": str(self._home / "openclaw.json"),
                "OPENCLAW_BUNDLED_SKILLS_DIR": "/nonexistent",
            }  # fmt: skip
            more = ["agent", "--local", "--session-id", "s", "--message=Copy the names.", "--json", "--thinking", "off"]
        self._command = [str(node), str(program), *more]

    def play(self) -> Spent:
        """Raises CommandFailed, also when it has not written its file."""
        shutil.rmtree(self._work, ignore_errors=True)
        for sessions in ("sessions", "agents"):
            shutil.rmtree(self._home / sessions, ignore_errors=True)
        self._work.mkdir()
        (self._work / "people.txt").write_text("Ada\nBela\n")
        result = spent(self._command, env=self._env, cwd=self._work)
        if not (self._work / "copy.txt").is_file() or (self._work / "copy.txt").read_text() != ANSWER:
            raise CommandFailed(f"{self._command[1]} has not written its file: {result.output[-500:]}")
        return result


class Played(NamedTuple):
    """A whole command, and in seconds what the agent took in its sandbox, as the first record says."""

    whole: Spent
    agent_s: float


class Ours:
    """`clawc run` of a bundle with the agent and a scripted model."""

    def __init__(self, agent: str, folder: Path, bundle: Path, sandbox: str) -> None:
        (folder / "model.json").write_text(json.dumps(steps(agent)))
        self._out = folder / "run"
        self._command = [
            *COMMAND, "run", str(bundle), "--agent", agent, "--model", f"scripted:{folder / 'model.json'}", "--format", "json",
            "--out", str(self._out), "--sandbox", sandbox,
        ]  # fmt: skip

    def play(self, episodes: int = 1, jobs: int = 1) -> Played:
        """One whole command. Raises CommandFailed, also when not every episode scored 1."""
        shutil.rmtree(self._out, ignore_errors=True)
        result = spent([*self._command, "-n", str(episodes), "-j", str(jobs)])
        records = [json.loads(line) for line in (self._out / "episodes.jsonl").read_text().splitlines()]
        if [record["score"] for record in records] != ["1"] * episodes:
            raise CommandFailed(f"not all of {episodes} episodes have the score 1")
        return Played(result, float(records[0]["seconds"]["agent"]))


def measured(agent: str, folder: Path, bundle: Path, url: str, times: int, docker: bool) -> dict[str, Any]:
    """The figures of one agent; each plays once before what counts."""
    bare = Bare(AGENTS[agent], folder, url)
    players = {"bubblewrap": Ours(agent, folder / "bubblewrap", bundle, "bubblewrap")}
    if docker:
        players["docker"] = Ours(agent, folder / "docker", bundle, "docker")
    plain: list[Spent] = []
    played: dict[str, list[Played]] = {name: [] for name in players}
    many: list[Played] = []
    for turn in range(times + 1):
        one, all = bare.play(), {name: player.play() for name, player in players.items()}
        several = players["bubblewrap"].play(8, 2)
        if turn:
            plain.append(one)
            many.append(several)
            for name, each in all.items():
                played[name].append(each)
    base = statistics.median(one.seconds for one in plain)
    found: dict[str, Any] = {"version": AGENTS[agent].version, "bare": _costs(plain), "aim_s": AIMS_S[agent]}
    for name, runs in played.items():
        whole = _costs([one.whole for one in runs])
        inside = statistics.median(one.agent_s for one in runs)
        found[name] = {**whole, "agent_s": round(inside, 3), "over_bare": round(whole["median_s"] / base, 2)}
    rate = 8 * 60 / statistics.median(one.whole.seconds for one in many)
    found["bubblewrap"]["a_minute_two_at_once"] = round(rate, 1)
    found["met"] = found["bubblewrap"]["median_s"] <= AIMS_S[agent]
    return found


def _costs(spent: Sequence[Spent]) -> dict[str, Any]:
    return {
        "seconds": [round(one.seconds, 3) for one in spent],
        "median_s": round(statistics.median(one.seconds for one in spent), 3),
        "cpu_s": round(statistics.median(one.cpu_s for one in spent), 2),
        "rss_mb": round(max(one.rss_mb for one in spent), 1),
    }


def _engine() -> bool:
    from clawc.runtime.errors import SandboxUnavailable
    from clawc.runtime.sandbox.docker.engine import connect

    try:
        connect().close()
    except SandboxUnavailable:
        return False
    return True


def _serving(stack: ExitStack, script: Path, words: Sequence[Mapping[str, object]]) -> str:
    """The address of a server that says these words, until the stack is left."""
    script.write_text(json.dumps(words))
    command = [sys.executable, "-m", "bench.scripted_server", str(script)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    assert process.stdin is not None and process.stdout is not None
    stack.callback(process.stdin.close)
    return f"http://127.0.0.1:{int(process.stdout.readline())}/v1"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 1 if an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench agents", description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", choices=sorted(AGENTS))
    asked = parser.parse_args(arguments)
    docker, load = _engine(), os.getloadavg()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "copy.claw").write_text(TASK)
        spent([*COMMAND, "build", str(folder / "copy.claw"), "-o", str(folder / "bundles")])
        for agent in [asked.only] if asked.only else sorted(AGENTS):
            own = folder / agent
            for each in (own, own / "bubblewrap", own / "docker"):
                each.mkdir()
            url = _serving(stack, own / "words.json", steps(agent))
            figures[agent] = measured(agent, own, folder / "bundles/copy_list", url, asked.times, docker)
    document = {"format_version": 1, "machine": machine(), "load": [load, os.getloadavg()], "agents": figures}
    asked.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for agent, found in figures.items():
        ours = found["bubblewrap"]
        print(
            f"{agent}: {ours['median_s']} s, bare {found['bare']['median_s']} s; {ours['a_minute_two_at_once']} a minute"
        )
    return 0 if all(found["met"] for found in figures.values()) else 1
