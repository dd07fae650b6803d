"""What a cluster costs an episode: `clawc run --cluster` beside `clawc run` on the same machine, with as many at once.

The nodes stand on this machine, so that both have the same processors; what differs is the way there and back. Whole commands
take turns. What an episode takes is read from the records, so the start of a command does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench.commands import CommandFailed, spent
from bench.machine import machine
from bench.ray_nodes import Machines
from bench.runs import COMMAND, Clawc

HERE, THERE = "local", "cluster"


class Played(NamedTuple):
    """Seconds of a whole command, and seconds from the end of one episode to that of the next once all places are taken."""

    seconds: float
    each_s: float


class Player:
    """Plays the task of `runs.py` from its built bundle, here or on the cluster at `address`."""

    def __init__(self, folder: Path, bundle: Path, script: Path, environment: Mapping[str, str], address: str) -> None:
        self._out = folder / "run"
        self._environment = environment
        self._command = [*COMMAND, "run", str(bundle), "--agent", f"scripted:{script}", "--format", "json"]
        self._where = ["--cluster", address] if address else []

    def play(self, episodes: int, jobs: int) -> Played:
        """One whole command. Raises CommandFailed, also when not every episode scored 1."""
        shutil.rmtree(self._out, ignore_errors=True)
        options = ["-n", str(episodes), "-j", str(jobs), "--out", str(self._out), *self._where]
        result = spent([*self._command, *options], env=self._environment)
        records = json.loads(result.output)["episodes"]
        scores = [record["score"] for record in records]
        if scores != ["1"] * episodes:
            raise CommandFailed(f"of {episodes} episodes {scores.count('1')} have the score 1")
        ended = sorted(datetime.fromisoformat(record["ended"]) for record in records)
        warm = min(jobs, episodes - 1)
        return Played(result.seconds, (ended[-1] - ended[warm - 1]).total_seconds() / (episodes - warm))


def in_turns(players: Mapping[str, Player], episodes: int, jobs: int, times: int) -> dict[str, dict[str, Any]]:
    """The figures of each; all play once before what counts."""
    played: dict[str, list[Played]] = {name: [] for name in players}
    for turn in range(times + 1):
        for name, player in players.items():
            one = player.play(episodes, jobs)
            if turn:
                played[name].append(one)
    return {name: _figures(all, episodes) for name, all in played.items()}


def _figures(played: Sequence[Played], episodes: int) -> dict[str, Any]:
    whole = statistics.median(one.seconds for one in played)
    each = statistics.median(one.each_s for one in played)
    return {
        "episodes": episodes,
        "seconds": [round(one.seconds, 3) for one in played],
        "a_second": round(episodes / whole, 1),
        "ms_each": round(each * 1000, 2),
        "net_a_second": round(1 / each, 1),
    }


def benchmark(episodes: int, jobs: int, nodes: int, times: int) -> dict[str, Any]:
    """The whole document."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        ours = Clawc(folder)
        bundle = ours.case(folder / "built").bundle
        began = time.monotonic()
        with Machines(max(1, jobs // nodes)) as machines:
            for _ in range(nodes - 1):
                machines.join(max(1, jobs // nodes))
            nodes_s = time.monotonic() - began
            where = {HERE: "", THERE: machines.address}
            players = {
                each: Player(folder, bundle, ours.script, machines.environment, address)
                for each, address in where.items()
            }
            many = in_turns(players, episodes, jobs, times)
            alone = in_turns(players, max(2, episodes // 8), 1, times)
    return {
        "format_version": 1,
        "name": "cluster",
        "machine": {**machine(), "load_after": round(os.getloadavg()[0], 2)},
        "episodes": episodes,
        "jobs": jobs,
        "nodes": nodes,
        "nodes_start_s": round(nodes_s, 2),
        "command_start_s": round(_start(alone[THERE]) - _start(alone[HERE]), 2),
        "at_once": many,
        "one_at_a_time": alone,
        "overhead_ms": round(many[THERE]["ms_each"] - many[HERE]["ms_each"], 2),
        "overhead_ms_one_at_a_time": round(alone[THERE]["ms_each"] - alone[HERE]["ms_each"], 2),
    }


def _start(figures: Mapping[str, Any]) -> float:
    """Seconds of a command that are not its episodes, which were played one at a time."""
    return float(statistics.median(figures["seconds"])) - float(figures["ms_each"]) * int(figures["episodes"]) / 1000


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    here, there = document["at_once"][HERE], document["at_once"][THERE]
    return (
        f"{document['episodes']} episodes, {document['jobs']} at once, {document['nodes']} nodes on this machine\n"
        f"  here            {here['a_second']:>7} a second, {here['net_a_second']} net of the start\n"
        f"  on the cluster  {there['a_second']:>7} a second, {there['net_a_second']} net of the start\n"
        f"  more for each   {document['overhead_ms']:>7} ms; {document['overhead_ms_one_at_a_time']} ms one at a time\n"
        f"  more to start   {document['command_start_s']:>7} s; the nodes themselves {document['nodes_start_s']} s\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench cluster")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--episodes", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.episodes < 2 or options.jobs < 1 or options.nodes < 1 or options.times < 1:
        parser.error("at least 2 episodes, and 1 of the others")
    document = benchmark(options.episodes, options.jobs, options.nodes, options.times)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document))
    return 0
