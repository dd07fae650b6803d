"""The runs of a ladder: `runs/<rung>/<number>`, each an ordinary run folder, and what is still to be played.

A task whose bundle is another one by now keeps its old trials in the folders, and they are left out: what two verifiers
said is never mixed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.calibrate.posteriors import Escalation, decision
from clawc.runtime.calibrate.responses import ResponseError, Trial, trial_of
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, RunInfo
from clawc.runtime.store.run_folder import RUN, read_run
from clawc.spec.calibration import LadderRung

RUNS = "runs"
_NUMBER = re.compile(r"[0-9]{3,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pool:
    """The bundles that are calibrated, with the hash of each verifier, both by bundle id."""

    bundles: Mapping[str, Bundle]
    verifiers: Mapping[str, str]

    @property
    def tasks(self) -> dict[str, Bundle]:
        return {bundle.manifest.task: bundle for bundle in self.bundles.values()}


@dataclass(frozen=True, slots=True)
class Stored:
    """A run that is there. `records` are the last attempts."""

    folder: Path
    info: RunInfo
    records: Sequence[EpisodeRecord]

    def resumable(self, pool: Pool) -> bool:
        """Whether all its bundles are still those of the pool."""
        return all(task.bundle_id in pool.bundles for task in self.info.tasks)

    @property
    def finished(self) -> bool:
        """Whether each planned episode was played, and the infrastructure failed none."""
        done = sum(record.outcome != "infra_error" for record in self.records)
        return done >= self.info.episodes * len(self.info.tasks)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks that are to be played `episodes` times into a new run."""

    folder: Path
    seed: int
    episodes: int
    bundles: tuple[Bundle, ...]


def stored_runs(folder: Path, agent: str) -> list[Stored]:
    """The runs of a rung in their order. Raises RuntimeFault R1012 for one of another agent, and as `read_run`."""
    found: list[Stored] = []
    for path in _numbered(folder):
        if not (path / RUN).is_file():
            continue
        info, records = read_run(path, scoring="original")
        if info.agent != agent:
            raise RuntimeFault(
                "R1012", f"`{path}` was played by `{info.agent}`, and the ladder has `{agent}` there",
                "Give the rung another name, or another --out.",
            )  # fmt: skip
        found.append(Stored(path, info, records))
    return found


def batches(
    folder: Path, rung: LadderRung, stored: Sequence[Stored], pool: Pool, rule: Escalation, seed: int
) -> list[Batch]:
    """What is to be played next: tasks below the first trials, and tasks that these leave open. References are played `rule.first`
    times; the oracle only where there is a solution."""
    planned, taken = _planned(stored, pool), _counts(rung, stored, pool)
    wanted: defaultdict[int, list[Bundle]] = defaultdict(list)
    for bundle in pool.bundles.values():
        id = bundle.manifest.id
        if rung.role == "oracle" and bundle.manifest.oracle == "none":
            continue
        more = _more(rung, planned[id], *taken[id], rule)
        if more:
            wanted[more].append(bundle)
    number = max((int(path.name) for path in _numbered(folder)), default=0)
    found: list[Batch] = []
    for episodes, bundles in sorted(wanted.items(), reverse=True):
        number += 1
        drawn = hashlib.sha256(f"{seed}\0{rung.name}\0{number}".encode()).digest()
        found.append(Batch(folder / f"{number:03}", int.from_bytes(drawn[:4], "big"), episodes, tuple(bundles)))
    return found


class Taken(NamedTuple):
    """Trials, and by task: how many others there are of bundles that are not in the pool, and how many the verifier itself failed."""

    trials: list[Trial]
    dropped: Counter[str]
    failed: Counter[str]


def trials_of(rung: LadderRung, stored: Sequence[Stored], pool: Pool) -> Taken:
    """The trials of a rung. Where a task has a rubric, the checks alone decide. Raises RuntimeFault R1012 for a record that no trial can be made of."""
    trials: list[Trial] = []
    dropped, failed = Counter[str](), Counter[str]()
    for run in stored:
        for record in run.records:
            bundle = pool.bundles.get(record.bundle_id)
            if bundle is None or bundle.manifest.task != record.task:
                dropped[record.task] += 1
                continue
            failed[record.task] += record.outcome == "verifier_error"
            judged = record.model_copy(update={"score": record.score_checks}) if has_rubric(bundle) else record
            try:
                trial = trial_of(judged, verifier=pool.verifiers[record.bundle_id])
            except ResponseError as error:
                raise RuntimeFault("R1012", f"`{run.folder}`: {error}") from error
            trials.append(replace(trial, agent=rung.name))
    return Taken(trials, dropped, +failed)


def has_rubric(bundle: Bundle) -> bool:
    return bundle.manifest.scoring.rubric_share not in ("", "0")


def _numbered(folder: Path) -> list[Path]:
    try:
        return sorted(
            (path for path in folder.iterdir() if _NUMBER.fullmatch(path.name)), key=lambda path: int(path.name)
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RuntimeFault("R1012", f"`{folder}` cannot be read: {error.strerror}", "Give another --out.") from error


def _planned(stored: Sequence[Stored], pool: Pool) -> Counter[str]:
    """Episodes by bundle id: those that a run will have, or has where it cannot be gone on with."""
    found: Counter[str] = Counter()
    for run in stored:
        if run.resumable(pool):
            found.update({task.bundle_id: run.info.episodes for task in run.info.tasks})
        else:
            found.update(record.bundle_id for record in run.records if record.outcome != "infra_error")
    return found


def _counts(rung: LadderRung, stored: Sequence[Stored], pool: Pool) -> defaultdict[str, tuple[int, int]]:
    found: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    by_task = {bundle.manifest.task: id for id, bundle in pool.bundles.items()}
    for trial in trials_of(rung, stored, pool).trials:
        if trial.passed is not None:
            successes, trials = found[by_task[trial.item]]
            found[by_task[trial.item]] = (successes + trial.passed, trials + 1)
    return found


def _more(rung: LadderRung, planned: int, successes: int, trials: int, rule: Escalation) -> int:
    if planned < rule.first:
        return rule.first - planned
    if rung.role != "rung" or not trials:
        return 0
    # What the infrastructure failed leaves fewer than the first trials; the rest is judged by what there is.
    known = decision("", "", successes, trials, replace(rule, first=min(rule.first, trials)))
    return max(0, rule.most - planned) if known.more else 0
