"""How fast `clawc run` plays and judges episodes, beside other frameworks on the same task in the same run.

Every figure of ours is of the whole command, with the agent and the checker each in a sandbox of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import sandboxes
from bench.machine import ROOT, machine
from bench.peers import frameworks

AIM_RATE, GOAL_RATE, AIM_FIRST_S, AIM_RSS_MB, AIM_RESCORE = 60.0, 150.0, 0.4, 80.0, 500.0
COMMAND = (sys.executable, "-m", "clawc")
# Write a file, search it: what each framework of the comparison does.
TASK = """claw 1

task copy_list {
  title      = "Copy a list"
  category   = office.records
  operations = [files.write]

  workspace {
    file people "people.txt" { content = "Ada\\nBela\\n" }
  }

  deliver note "copy.txt"

  instruction = "Write the names in {{ path.people }} to {{ path.note }}, one a line, in reverse order."

  let names = lines(people) | sort -value

  verify {
    check copied { expect lines(note) == names.value }
  }
}
"""
SCRIPT = [
    {"tool": "exec", "command": "sort -r people.txt > copy.txt"},
    {"tool": "exec", "command": "grep -c Ada copy.txt"},
    {"tool": "final", "text": "done"},
]


class Ran(NamedTuple):
    """Seconds on the wall, the largest resident size of the command itself in MB, and its standard output."""

    seconds: float
    rss_mb: float
    output: str


def ran(command: Sequence[str], env: dict[str, str] | None = None) -> Ran:
    """Run a command to its end; raises SystemExit when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    output, errors = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{command}: {output[-2000:]}{errors[-2000:]}")
    return Ran(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, output)


def _scored_one(output: str, episodes: int) -> None:
    document = json.loads(output)
    scores = [episode["score"] for episode in document["episodes"]]
    if scores != ["1"] * episodes:
        raise SystemExit(f"not every episode scored 1: {scores[:20]}")


def rollouts(folder: Path, source: Path, script: Path, episodes: int, jobs: int, times: int) -> dict[str, Any]:
    """Whole commands of many episodes, each into a run folder of its own."""
    runs: list[Ran] = []
    for number in range(times + 1):
        out = folder / f"run-{number}"
        command = [*COMMAND, "run", str(source), "--agent", f"scripted:{script}", "-n", str(episodes), "-j", str(jobs),
                   "--out", str(out), "--format", "json"]  # fmt: skip
        runs.append(ran(command))
        _scored_one(runs[-1].output, episodes)
    seconds = statistics.median(run.seconds for run in runs[1:])
    return {
        "episodes": episodes,
        "jobs": jobs,
        "seconds": [round(run.seconds, 3) for run in runs[1:]],
        "a_second": round(episodes / seconds, 1),
        "rss_mb": round(max(run.rss_mb for run in runs), 1),
    }


def rescoring(folder: Path, jobs: int, times: int) -> dict[str, Any]:
    """Whole commands that judge a stored run again."""
    spent: list[float] = []
    judged = 0
    for number in range(times):
        copy = folder / f"rescored-{number}"
        shutil.copytree(folder / "run-0", copy)
        result = ran([*COMMAND, "rescore", str(copy), "-j", str(jobs), "--format", "json"])
        judged = int(json.loads(result.output)["judged"])
        spent.append(result.seconds)
    return {"judged": judged, "seconds": [round(s, 3) for s in spent], "a_second": round(judged / statistics.median(spent), 1)}


def first_verdict(folder: Path, source: Path, times: int) -> dict[str, Any]:
    """Seconds from a fresh process to the verdict of one task, and of a bare interpreter."""
    runs = [
        ran([*COMMAND, "run", str(source), "--agent", "oracle", "--out", str(folder / f"first-{number}")]).seconds
        for number in range(times + 1)
    ]
    bare = [ran([sys.executable, "-c", "pass"]).seconds for _ in range(times)]
    return {"seconds": round(statistics.median(runs[1:]), 3), "python_pass_seconds": round(statistics.median(bare), 3)}


def benchmark(episodes: int, jobs: int, times: int, peers: Sequence[str]) -> dict[str, Any]:
    """The whole document."""
    for part in ("clawc", "spec", "compiler", "runtime", "stdlib"):
        compileall.compile_dir(ROOT / part, quiet=2)  # as installed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, script = folder / "copy.claw", folder / "script.json"
        source.write_text(TASK, encoding="utf-8")
        script.write_text(json.dumps(SCRIPT), encoding="utf-8")
        first = first_verdict(folder, source, times)
        ours = rollouts(folder, source, script, episodes, jobs, times)
        again = rescoring(folder, jobs, times)
        live = asyncio.run(sandboxes.measured())
        theirs = {name: frameworks.measured(name, folder, episodes, jobs) for name in peers}
    for figure in theirs.values():
        if "a_second" in figure:
            figure["ours_over_it"] = round(ours["a_second"] / figure["a_second"], 2)
    return {
        "format_version": 1,
        "name": "rollouts",
        "machine": {**machine(), "load_before": round(os.getloadavg()[1], 2)},
        "first_verdict": first,
        "rollouts": ours,
        "rescore": again,
        "sandbox": live,
        "peers": theirs,
        "summary": {
            "rate_within_aim": ours["a_second"] >= AIM_RATE,
            "rate_within_goal": ours["a_second"] >= GOAL_RATE,
            "first_verdict_within_aim": first["seconds"] <= AIM_FIRST_S,
            "rss_within_aim": ours["rss_mb"] <= AIM_RSS_MB,
            "rescore_within_aim": again["a_second"] >= AIM_RESCORE,
            "command_within_aim": live["command_p50_ms"] <= sandboxes.AIM_COMMAND_MS,
            "reset_within_aim": live["reset_p50_ms"] <= sandboxes.AIM_RESET_MS,
        },
    }


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    says = {True: "met", False: "missed"}
    summary, ours, live = document["summary"], document["rollouts"], document["sandbox"]
    lines = [
        f"rollouts, {ours['episodes']} episodes, {ours['jobs']} at once, whole command (median of {len(ours['seconds'])})",
        f"  clawc                {ours['a_second']:>8} a second  aim {AIM_RATE:g}: {says[summary['rate_within_aim']]};"
        f" goal {GOAL_RATE:g}: {says[summary['rate_within_goal']]}",
    ]
    for name, figure in document["peers"].items():
        shown = f"{figure['a_second']:>8} a second  ours {figure['ours_over_it']} times" if "a_second" in figure else figure["why"]
        lines.append(f"  {name:<20} {shown}")
    lines += [
        f"  size of the command  {ours['rss_mb']:>8} MB        aim {AIM_RSS_MB:g}: {says[summary['rss_within_aim']]}",
        f"first verdict          {document['first_verdict']['seconds']:>8} s         aim {AIM_FIRST_S:g}:"
        f" {says[summary['first_verdict_within_aim']]}",
        f"re-scoring             {document['rescore']['a_second']:>8} a second  aim {AIM_RESCORE:g}:"
        f" {says[summary['rescore_within_aim']]}",
        f"command in a sandbox   {live['command_p50_ms']:>8} ms p50    aim {sandboxes.AIM_COMMAND_MS:g}:"
        f" {says[summary['command_within_aim']]}",
        f"reset of {live['reset_files']} files   {live['reset_p50_ms']:>8} ms p50    aim {sandboxes.AIM_RESET_MS:g}:"
        f" {says[summary['reset_within_aim']]}; fork {live['fork_p50_ms']} ms; one-shot {live['oneshot_p50_ms']} ms",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench rollouts")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--episodes", type=int, default=512)
    parser.add_argument("--jobs", type=int, default=32)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--peers", default=",".join(frameworks.NAMES), help="frameworks to compare with, or `none`")
    options = parser.parse_args(arguments)
    peers = [] if options.peers == "none" else options.peers.split(",")
    document = benchmark(options.episodes, options.jobs, options.times, peers)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document))
    return 0
