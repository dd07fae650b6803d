"""The part of the benchmark of rollouts that is about Docker: ours beside bubblewrap, bare `docker run`, and the frameworks' own use
of Docker, on the same task with the same image.

Whole commands take turns, as in the rest; frameworks, which take long, have one turn.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.commands import CommandFailed, Spent, spent
from bench.engine_time import EngineTime
from bench.peers import frameworks
from bench.peers.compose import docker_command, engine_with_compose
from bench.peers.peer import Case, Peer
from bench.runs import Clawc
from clawc.compiler.report import clean
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.images.host import host_image, host_reference
from clawc.runtime.records import UNSCORED
from clawc.runtime.runners.installed import Unavailable
from clawc.runtime.sandbox.docker.engine import connect, socket_path
from clawc.runtime.store.run_folder import read_attempts

AIM_ROLLOUT_S, AIM_RATE, AIM_RSS_MB, GOAL_RATIO = 0.6, 3.0, 200.0, 3.0
JOBS = (1, 8, 32)
# How many episodes at these numbers of jobs.
EPISODES = (8, 32, 100)
_TURNS = 3
_BARE_RUNS = 'seq "$2" | xargs -P "$3" -I NUMBER "$0" run --rm --network none "$1" true'
_BARE_EPISODES = {1: 8, 8: 16}
# A trial of Harbor takes 14 s, most of which its container is given to end.
_PEERS_EPISODES = {1: 2, 8: 8}
OURS, BUBBLEWRAP, BARE = "clawc", "bubblewrap", "docker_run"


class Points(NamedTuple):
    """How many episodes a player plays at which number of jobs, and in how many turns, of which the largest takes part in one."""

    episodes: Mapping[int, int]
    times: int

    def of(self, turn: int) -> list[tuple[int, int]]:
        """Jobs and episodes, smallest first."""
        return [(jobs, n) for jobs, n in self.episodes.items() if turn < (1 if jobs == max(JOBS) else self.times)]


class Bare:
    """`docker run` of a program that does nothing, in place of an episode."""

    isolation = "Docker: `docker run --rm --network none IMAGE true`"

    def __init__(self, image: str, version: str) -> None:
        self.version = version
        self._docker = str(docker_command())
        self._image = image

    def play(self, episodes: int, jobs: int) -> Spent:
        return spent(["/bin/sh", "-c", _BARE_RUNS, self._docker, self._image, str(episodes), str(jobs)])


class Turns:
    """What one player has measured. `why` is the reason for which it plays no more."""

    def __init__(self, player: Peer, points: Points) -> None:
        self.why = ""
        self._player = player
        self._points = points
        self._starts: list[float] = []
        self._wholes: dict[int, list[Spent]] = {}
        self._engine: dict[int, list[float | None]] = {}
        self._failed: dict[int, int] = {}

    def play(self, turn: int) -> None:
        """One episode, which is the start of the command and little more, and then each of the points."""
        points = self._points.of(turn)
        if self.why or not points:
            return
        try:
            self._starts.append(self._player.play(1, 1).seconds)
            for jobs, episodes in points:
                self._play(episodes, jobs)
        except CommandFailed as error:
            self.why = str(error)

    def warm(self) -> None:
        """What comes first is not measured."""
        try:
            self._player.play(1, 1)
        except CommandFailed as error:
            self.why = str(error)

    def _play(self, episodes: int, jobs: int) -> None:
        with EngineTime() as engine:
            try:
                self._wholes.setdefault(jobs, []).append(self._player.play(episodes, jobs))
            finally:
                if isinstance(self._player, Clawc):
                    self._failed[jobs] = self._failed.get(jobs, 0) + failures(self._player.last, episodes)
        self._engine.setdefault(jobs, []).append(engine.seconds)

    def figures(self) -> dict[str, Any]:
        """For the document, by number of jobs. Of a player that did not get through, why, and how many failed."""
        if self.why:
            failed = {"failed": {str(jobs): failed for jobs, failed in self._failed.items()}} if self._failed else {}
            return {"why": self.why, **failed}
        return {
            "version": self._player.version,
            "isolation": self._player.isolation,
            "one_episode_seconds": [round(one, 3) for one in self._starts],
            "jobs": {str(jobs): self._at(jobs) for jobs in self._wholes},
        }

    def _at(self, jobs: int) -> dict[str, Any]:
        episodes, wholes = self._points.episodes[jobs], self._wholes[jobs]
        whole = statistics.median(one.seconds for one in wholes)
        # Where all run at once, a command takes about as long as with one of them.
        net = (whole - statistics.median(self._starts)) / (episodes - 1) if episodes > jobs else None
        engine = [seconds for seconds in self._engine[jobs] if seconds is not None]
        figures: dict[str, Any] = {
            "episodes": episodes,
            "seconds": [round(one.seconds, 3) for one in wholes],
            "a_second": round(episodes / whole, 3),
            "s_each": round(whole / episodes, 3),
            "net_s_each": None if net is None or net <= 0 else round(net, 3),
            "cpu_s_each": round(statistics.median(one.cpu_s for one in wholes) / episodes, 4),
            "engine_cpu_s_each": round(statistics.median(engine) / episodes, 4) if engine else None,
            "rss_mb": round(max(one.rss_mb for one in wholes), 1),
        }
        return {**figures, "failed": self._failed[jobs]} if jobs in self._failed else figures


def failures(run: Path, episodes: int) -> int:
    """How many attempts of a run the infrastructure failed, and how many episodes have no score in the end, or no record."""
    try:
        _, attempts = read_attempts(run)
    except RuntimeFault:
        return episodes
    ends = {record.episode: record.outcome for record in attempts}
    unscored = sum(outcome in UNSCORED for outcome in ends.values())
    return sum(record.outcome == "infra_error" for record in attempts) + unscored + episodes - len(ends)


def numbers(text: str) -> list[int] | None:
    """The three numbers of episodes in a text such as `8,32,100`, or None if there are others."""
    found = [int(part) for part in text.split(",") if part.isdecimal()]
    return found if len(found) == len(JOBS) == text.count(",") + 1 and min(found) > 1 else None


def measured(folder: Path, case: Case, peers: Sequence[str], episodes: Sequence[int], times: int) -> dict[str, Any]:
    """The part of the document, with all that it needs in the new folder `folder`; `episodes` are for `JOBS`. Where no engine can be
    used, it says why."""
    try:
        engine = connect()
    except SandboxUnavailable as error:
        return {"why": f"{error.message}. {error.help}"}
    try:
        image = host_reference(host_image(engine).key)
        about: dict[str, Any] = engine.info()
    except SandboxUnavailable as error:
        return {"why": f"{error.message}. {error.help}"}
    finally:
        engine.close()
    folder.mkdir()
    version = str(about["ServerVersion"])
    times = min(times, _TURNS)
    points = Points(dict(zip(JOBS, episodes)), times)
    players, missing = _players(folder, case, image, version, peers)
    turns = {
        name: Turns(player, points if name in (OURS, BUBBLEWRAP) else Points(_fewer(name, points), _times(name, times)))
        for name, player in players.items()
    }
    for name in (OURS, BUBBLEWRAP, BARE):
        if name in turns:
            turns[name].warm()
    for turn in range(times):
        for one in turns.values():
            one.play(turn)
    figures: dict[str, dict[str, Any]] = {name: {"why": why} for name, why in missing.items()}
    figures.update((name, one.figures()) for name, one in turns.items())
    for name in (BARE, *peers):
        figures[name]["ours_over_it"] = _ratios(figures[OURS], figures[name])
    return {
        "engine": {"version": version, "storage": about["Driver"], "socket": str(socket_path()), "image": image},
        **{name: figures[name] for name in (OURS, BUBBLEWRAP, BARE)},
        "peers": {name: figures[name] for name in peers},
        "bubblewrap_over_docker": _ratios(figures[BUBBLEWRAP], figures[OURS]),
    }


def _players(
    folder: Path, case: Case, image: str, version: str, peers: Sequence[str]
) -> tuple[dict[str, Peer], dict[str, str]]:
    """By name, and why others are none."""
    players: dict[str, Peer] = {}
    missing: dict[str, str] = {}
    for name, sandbox in ((OURS, "docker"), (BUBBLEWRAP, "bubblewrap")):
        (folder / sandbox).mkdir()
        players[name] = Clawc(folder / sandbox, sandbox)
    try:
        players[BARE] = Bare(image, version)
    except Unavailable as error:
        missing[BARE] = str(error)
    for name in peers:
        try:
            engine = engine_with_compose(folder / f"{name}-docker-config", image)
            players[name] = frameworks.prepared(name, folder, case, engine)
        except Unavailable as error:
            missing[name] = str(error)
    return players, missing


def _fewer(name: str, points: Points) -> dict[int, int]:
    """Episodes of the baselines, never more than ours."""
    most = _BARE_EPISODES if name == BARE else _PEERS_EPISODES
    return {jobs: min(n, points.episodes[jobs]) for jobs, n in most.items()}


def _times(name: str, times: int) -> int:
    return times if name == BARE else 1


def _ratios(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
    """How many times as many a second one plays as the other, by number of jobs, in whole commands."""
    if "why" in one or "why" in other:
        return {}
    return {jobs: round(one["jobs"][jobs]["a_second"] / at["a_second"], 2) for jobs, at in other["jobs"].items()}


def summary(part: Mapping[str, Any]) -> dict[str, bool]:
    """Which aims are met; nothing where there is no engine."""
    if "why" in part:
        return {}
    ours, ratios = part[OURS], part["bubblewrap_over_docker"]
    at: Mapping[str, Any] = ours.get("jobs", {})
    alone = at["1"]["net_s_each"] if at else None
    return {
        "docker_rollout_within_aim": alone is not None and alone <= AIM_ROLLOUT_S,
        "docker_rate_within_aim": bool(at) and at["8"]["a_second"] >= AIM_RATE,
        "docker_none_fail": bool(at) and all(one["failed"] == 0 for one in at.values()),
        "docker_rss_within_aim": bool(at) and max(one["rss_mb"] for one in at.values()) <= AIM_RSS_MB,
        "bubblewrap_over_docker": bool(ratios) and min(ratios.values()) >= GOAL_RATIO,
    }


def table(part: Mapping[str, Any]) -> str:
    """The part for people."""
    if "why" in part:
        return f"over Docker: not measured: {clean(part['why'])[:300]}\n"
    says = {True: "met", False: "missed"}
    met = {name: says[value] for name, value in summary(part).items()}
    lines = [f"over Docker {part['engine']['version']}, {part['engine']['image']}"]
    for name, figures in {**{one: part[one] for one in (OURS, BUBBLEWRAP, BARE)}, **part["peers"]}.items():
        if "why" in figures:
            lines.append(f"  {name}: not measured: {clean(figures['why'])[:300]}")
        else:
            lines += [_row(name, jobs, at) for jobs, at in figures["jobs"].items()]
    ratios = ", ".join(f"{ratio:g} at {jobs}" for jobs, ratio in part["bubblewrap_over_docker"].items())
    lines += [
        f"  a rollout alone, net     aim {AIM_ROLLOUT_S:g} s: {met['docker_rollout_within_aim']}",
        f"  rollouts a second at 8   aim {AIM_RATE:g}: {met['docker_rate_within_aim']}",
        f"  failures                 aim 0: {met['docker_none_fail']}",
        f"  largest process          aim {AIM_RSS_MB:g} MB: {met['docker_rss_within_aim']}",
        f"  bubblewrap over Docker   goal {GOAL_RATIO:g} times: {met['bubblewrap_over_docker']}; {ratios}",
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, jobs: str, at: Mapping[str, Any]) -> str:
    net = "-" if at["net_s_each"] is None else f"{at['net_s_each']:.3f}"
    engine = "-" if at["engine_cpu_s_each"] is None else f"{at['engine_cpu_s_each']:.3f}"
    failed = f", {at['failed']} failed" if "failed" in at else ""
    return (
        f"  {name:<11} {jobs:>2} at once: {at['s_each']:>7.3f} s each, {net:>6} net of the start, {at['a_second']:>7.2f} a second,"
        f" {at['cpu_s_each']:.3f} s of processor each and {engine} of the engine's, {at['rss_mb']:>5} MB{failed}"
    )
