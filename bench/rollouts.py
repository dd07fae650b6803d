"""How fast `clawc run` plays and judges episodes, beside other frameworks on the same task in the same run.

Every figure is of whole commands, which take turns, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import containers, sandboxes
from bench.commands import CommandFailed, Spent, spent
from bench.machine import ROOT, machine
from bench.peers import frameworks
from bench.peers.peer import Peer
from bench.runs import COMMAND, Clawc
from clawc.compiler.report import clean
from clawc.runtime.runners.installed import Unavailable

AIM_RATE, GOAL_RATE, AIM_FIRST_S, AIM_RSS_MB, AIM_RESCORE = 60.0, 150.0, 0.4, 80.0, 500.0
OURS = "clawc"


def in_turns(
    players: Mapping[str, Peer], episodes: int, jobs: int, times: int
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The figures of each that always got through, and why the others did not. All play once before what counts."""
    starts: dict[str, list[Spent]] = {name: [] for name in players}
    wholes: dict[str, list[Spent]] = {name: [] for name in players}
    failed: dict[str, str] = {}
    for turn in range(times + 1):
        for name, player in players.items():
            if name in failed:
                continue
            try:
                if turn == 0:
                    player.play(min(episodes, jobs), jobs)
                else:
                    starts[name].append(player.play(1, 1))
                    wholes[name].append(player.play(episodes, jobs))
            except CommandFailed as error:
                failed[name] = str(error)
    figures = {
        name: {
            "version": player.version,
            "isolation": player.isolation,
            **_figures(starts[name], wholes[name], episodes),
        }
        for name, player in players.items()
        if name not in failed
    }
    return figures, failed


def _figures(starts: Sequence[Spent], wholes: Sequence[Spent], episodes: int) -> dict[str, Any]:
    whole = statistics.median(one.seconds for one in wholes)
    start = statistics.median(one.seconds for one in starts)
    net = (episodes - 1) / (whole - start) if whole > start and episodes > 1 else None
    return {
        "episodes": episodes,
        "seconds": [round(one.seconds, 3) for one in wholes],
        "a_second": round(episodes / whole, 1),
        "one_episode_seconds": [round(one.seconds, 3) for one in starts],
        "net_a_second": None if net is None else round(net, 1),
        "cpu_s_each": round(statistics.median(one.cpu_s for one in wholes) / episodes, 4),
        "rss_mb": round(max(one.rss_mb for one in wholes), 1),
    }


# A stored run that is judged again is larger by this, so that the start of the command counts little.
_RESCORED = 8


def rescoring(run: Path, folder: Path, episodes: int, times: int) -> dict[str, Any]:
    """Whole commands that judge a stored run again, each a copy of it."""
    seconds: list[float] = []
    for number in range(times + 1):
        copy = folder / f"rescored-{number}"
        shutil.copytree(run, copy)
        result = spent([*COMMAND, "rescore", str(copy), "--format", "json"])
        document = json.loads(result.output)
        if (document["judged"], document["unscored"], document["changed"]) != (episodes, 0, []):
            raise SystemExit(f"the re-scoring is not that of {episodes} right episodes: {result.output[:2000]}")
        shutil.rmtree(copy)
        seconds.append(result.seconds)
    rate = episodes / statistics.median(seconds[1:])
    return {"judged": episodes, "seconds": [round(s, 3) for s in seconds[1:]], "a_second": round(rate, 1)}


def first_verdict(source: Path, folder: Path, times: int) -> dict[str, Any]:
    """Seconds from a fresh process to the verdict of one task that is compiled in it, and of a bare interpreter."""
    runs: list[float] = []
    for number in range(times + 1):
        out = folder / f"first-{number}"
        runs.append(spent([*COMMAND, "run", str(source), "--agent", "oracle", "--out", str(out)]).seconds)
    bare = [spent([sys.executable, "-c", "pass"]).seconds for _ in range(times + 1)]
    return {
        "seconds": round(statistics.median(runs[1:]), 3),
        "python_pass_seconds": round(statistics.median(bare[1:]), 3),
    }


def benchmark(episodes: int, jobs: int, times: int, peers: Sequence[str], docker: Sequence[int] = ()) -> dict[str, Any]:
    """The whole document. `docker` is how many episodes are played over Docker at the numbers of jobs of `containers.JOBS`."""
    for part in ("clawc", "spec", "compiler", "runtime", "stdlib"):
        compileall.compile_dir(ROOT / part, quiet=2)  # as installed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = Clawc(folder)
        players: dict[str, Peer] = {OURS: ours}
        missing: dict[str, str] = {}
        case = ours.case(folder / "built")
        for peer in peers:
            try:
                players[peer] = frameworks.prepared(peer, folder, case)
            except Unavailable as error:
                missing[peer] = str(error)
        where = machine()
        load_before = _load()
        first = first_verdict(ours.source, folder, times)
        figures, failed = in_turns(players, episodes, jobs, times)
        if OURS in failed:
            raise SystemExit(failed[OURS])
        ours.play(_RESCORED * episodes, jobs)
        again = rescoring(ours.last, folder, _RESCORED * episodes, times)
        live = asyncio.run(sandboxes.measured())
        over_docker: dict[str, Any] = {"why": "not asked for"}
        if docker:
            over_docker = containers.measured(folder / "docker", case, peers, docker, times)
    mine = figures.pop(OURS)
    for figure in figures.values():
        figure["ours_over_it"] = round(mine["a_second"] / figure["a_second"], 2)
    return {
        "format_version": 1,
        "name": "rollouts",
        "machine": {**where, "load_before": load_before, "load_after": _load()},
        "jobs": jobs,
        "first_verdict": first,
        "rollouts": mine,
        "rescore": again,
        "sandbox": live,
        "peers": {
            name: figures[name] if name in figures else {"why": missing.get(name) or failed[name]} for name in peers
        },
        "docker": over_docker,
        "summary": {
            "rate_within_aim": mine["a_second"] >= AIM_RATE,
            "rate_within_goal": mine["a_second"] >= GOAL_RATE,
            "first_verdict_within_aim": first["seconds"] <= AIM_FIRST_S,
            "rss_within_aim": mine["rss_mb"] <= AIM_RSS_MB,
            "rescore_within_aim": again["a_second"] >= AIM_RESCORE,
            "command_within_aim": live["command_p50_ms"] <= sandboxes.AIM_COMMAND_MS,
            "reset_within_aim": live["reset_p50_ms"] <= sandboxes.AIM_RESET_MS,
            **containers.summary(over_docker),
        },
    }


def _load() -> float:
    """Processes that ran or waited to run, over the last minute; those of the benchmark are among them afterwards."""
    return round(os.getloadavg()[0], 2)


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    says = {True: "met", False: "missed"}
    summary, ours, live = document["summary"], document["rollouts"], document["sandbox"]
    where = document["machine"]
    lines = [
        f"{ours['episodes']} episodes, {document['jobs']} at once, whole commands (median of {len(ours['seconds'])});"
        f" load {where['load_before']} before, {where['load_after']} after",
        _row(OURS, ours)
        + f"  aim {AIM_RATE:g}: {says[summary['rate_within_aim']]}; goal {GOAL_RATE:g}: {says[summary['rate_within_goal']]}",
    ]
    for name, figure in document["peers"].items():
        if "why" in figure:
            lines.append(f"  {name}: not measured: {clean(figure['why'])[:300]}")
        else:
            lines.append(f"{_row(name, figure)}  ours {figure['ours_over_it']} times; {figure['isolation']}")
    lines += [
        f"largest process          {ours['rss_mb']:>8} MB        aim {AIM_RSS_MB:g}: {says[summary['rss_within_aim']]}",
        f"first verdict            {document['first_verdict']['seconds']:>8} s         aim {AIM_FIRST_S:g}:"
        f" {says[summary['first_verdict_within_aim']]}",
        f"re-scoring of {document['rescore']['judged']:<6}     {document['rescore']['a_second']:>8} a second  aim {AIM_RESCORE:g}:"
        f" {says[summary['rescore_within_aim']]}",
        f"a command in a sandbox   {live['command_p50_ms']:>8} ms p50    aim {sandboxes.AIM_COMMAND_MS:g}:"
        f" {says[summary['command_within_aim']]}",
        f"reset of {live['reset_files']} files      {live['reset_p50_ms']:>8} ms p50    aim {sandboxes.AIM_RESET_MS:g}:"
        f" {says[summary['reset_within_aim']]}; fork {live['fork_p50_ms']} ms; one-shot {live['oneshot_p50_ms']} ms",
    ]
    return "\n".join(lines) + "\n" + containers.table(document["docker"])


def _row(name: str, figure: dict[str, Any]) -> str:
    net = "-" if figure["net_a_second"] is None else figure["net_a_second"]
    return (
        f"  {name + ' ' + figure['version']:<18} {figure['a_second']:>6} a second, {net:>6} net of the start,"
        f" {figure['cpu_s_each'] * 1000:>5.1f} ms of processor each, {figure['rss_mb']:>5} MB"
    )


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench rollouts")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--episodes", type=int, default=512)
    parser.add_argument("--jobs", type=int, default=32)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--peers", default=",".join(frameworks.NAMES), help="frameworks to compare with, or `none`")
    parser.add_argument(
        "--docker", default=",".join(map(str, containers.EPISODES)),
        help="episodes over Docker, 1, 8 and 32 at once, where an engine answers; or `none`",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    peers = [] if options.peers == "none" else str(options.peers).split(",")
    unknown = sorted(set(peers) - set(frameworks.NAMES))
    if unknown:
        parser.error(f"there is no peer `{unknown[0]}`; there are: {', '.join(frameworks.NAMES)}, none")
    docker = [] if options.docker == "none" else containers.numbers(str(options.docker))
    if docker is None:
        parser.error("`--docker` takes three numbers of episodes, 2 or more each, or `none`")
    document = benchmark(options.episodes, options.jobs, options.times, peers, docker)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document))
    return 0
