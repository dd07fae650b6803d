"""What agents made of tasks, out of run folders: scores by checks alone, which checks failed, and what judges said. The latter is kept apart: a reviewer sees it after the
vote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.judge.store import each_judgement, judgings
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.store.run_folder import read_run
from clawc.spec.bundle import CheckVerdict

_MESSAGE, _FINAL = 600, 4_000


class Failure(NamedTuple):
    """A check that a rollout did not pass, and what its checker said."""

    check: str
    message: str


class Criterion(NamedTuple):
    rubric: str
    name: str
    verdict: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said of a rollout. Never for blind eyes, as is `Rollout.score`, which hangs on it."""

    judge: str
    share: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One episode as it counts. `checks` is C * V in [0, 1], None for what has no verdict; `score` takes rubrics in. `key` names the attempt in the run folder."""

    run: str
    key: str
    agent: str
    index: int
    outcome: str
    checks: float | None
    failures: tuple[Failure, ...]
    seconds: float
    final: str
    evidence: str
    score: float | None = None
    judged: tuple[Judged, ...] = ()

    @property
    def passed(self) -> bool:
        return self.checks is not None and self.checks >= 1


class AgentStrip(NamedTuple):
    """The rollouts of one agent of one run in the order of their seeds, and how many of those with a verdict passed all checks."""

    agent: str
    run: str
    rollouts: tuple[Rollout, ...]
    passed: int
    counted: int
    mean: float | None


def read_rollouts(folders: Sequence[Path], wanted: frozenset[str]) -> dict[str, tuple[Rollout, ...]]:
    """The episodes of runs by the version of the task, of those wanted. Raises RuntimeFault R0201, R0205 and R0206 for what is no run."""
    found: dict[str, list[Rollout]] = {}
    for folder in folders:
        info, records = read_run(folder)
        here = [record for record in records if record.bundle_id in wanted]
        said = _judgements(folder, {record.key for record in here})
        for record in here:
            name = folder.name or info.run_id
            found.setdefault(record.bundle_id, []).append(_rollout(name, record, said.get(record.key, ())))
    return {
        bundle_id: tuple(sorted(each, key=lambda r: (r.run, r.agent, r.index, r.key)))
        for bundle_id, each in found.items()
    }


def strips(rollouts: Iterable[Rollout]) -> tuple[AgentStrip, ...]:
    """One for each agent of each run."""
    found: dict[tuple[str, str], list[Rollout]] = {}
    for rollout in rollouts:
        found.setdefault((rollout.run, rollout.agent), []).append(rollout)
    return tuple(_strip(agent, run, tuple(each)) for (run, agent), each in found.items())


def _strip(agent: str, run: str, rollouts: tuple[Rollout, ...]) -> AgentStrip:
    shares = [r.checks for r in rollouts if r.checks is not None]
    mean = sum(shares) / len(shares) if shares else None
    return AgentStrip(agent, run, rollouts, sum(r.passed for r in rollouts), len(shares), mean)


def _judgements(folder: Path, keys: set[str]) -> Mapping[str, tuple[Judged, ...]]:
    found: dict[str, tuple[Judged, ...]] = {}
    for id in judgings(folder):
        for record in each_judgement(folder, id):
            if record.key in keys and record.rubrics:
                criteria = tuple(
                    Criterion(rubric.name, each.name, each.verdict, _reasoning([vote.criteria.get(each.name) for vote in rubric.votes]))
                    for rubric in record.rubrics
                    for each in rubric.criteria
                )  # fmt: skip
                found[record.key] = (*found.get(record.key, ()), Judged(record.judge, record.R, criteria))
    return found


def _reasoning(votes: Sequence[object]) -> str:
    texts = [str(getattr(vote, "reasoning", "")) for vote in votes if vote is not None]
    return next((text for text in texts if text), "")[:_MESSAGE]


def _rollout(run: str, record: EpisodeRecord, judged: tuple[Judged, ...]) -> Rollout:
    return Rollout(
        run, record.key, record.agent, record.index, record.outcome,
        None if record.score_checks is None else float(record.score_checks),
        tuple(Failure(check.name, _message(check)) for check in record.checks if not check.passed),
        record.seconds.get("agent", sum(record.seconds.values())), record.final[:_FINAL], record.evidence[:_MESSAGE],
        None if record.score is None else float(record.score), judged,
    )  # fmt: skip


def _message(check: CheckVerdict) -> str:
    said = [check.message, *(e.message for e in check.expects if not e.passed)]
    return "; ".join(dict.fromkeys(each for each in said if each))[:_MESSAGE]
