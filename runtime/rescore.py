"""Judges the workspaces that a run has stored once more, by its own bundles or by newer ones; nothing is played again and
nothing that exists is rewritten.

Whose fault a checker's failure is follows the rules of a rollout. What the infrastructure fails gets no record, so the
same re-scoring can be continued.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, cast

from clawc.runtime.bundle import Bundle, load
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.player import SHORT
from clawc.runtime.records import UNSCORED, EpisodeRecord, Outcome, RunInfo, RunTask, ScoreRecord
from clawc.runtime.rollout import Controls
from clawc.runtime.run import AROUND_S
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Backend
from clawc.runtime.scheduling.schedule import Policy, schedule
from clawc.runtime.scoring.bytecode import TRAJECTORY
from clawc.runtime.scoring.checking import Series
from clawc.runtime.scoring.score import Scored, score
from clawc.runtime.store.journal import fault_of, open_to_read
from clawc.runtime.store.run_folder import FOLDERS, each_attempt, read_info
from clawc.runtime.store.scores import ScoreStore, each_score, open_scores, scoring_id
from clawc.spec.scoring import score_text

_TASK = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}(-[0-9]{4,9})?")
_TAIL = 4 << 20


@dataclass(frozen=True, slots=True)
class RescorePlan:
    """Which run to judge, by which bundles: none means by its own. At most `jobs` at once."""

    folder: Path
    bundles: Sequence[Bundle] = ()
    jobs: int = 1
    retries: int = 2


class Flip(NamedTuple):
    """How often a check now passes that did not, and the reverse."""

    task: str
    check: str
    to_pass: int
    to_fail: int


class Changed(NamedTuple):
    """An attempt whose score is another one now; scores as in records."""

    key: str
    before: tuple[str | None, str | None]
    after: tuple[str | None, str | None]

    @property
    def rise(self) -> int:
        """1 if the checks give more than before, -1 if less, 0 if that cannot be said."""
        before, after = self.before[1], self.after[1]
        if before is None or after is None:
            return 0
        return (Decimal(after) > Decimal(before)) - (Decimal(after) < Decimal(before))


@dataclass(frozen=True, slots=True)
class Rescored:
    """`judged` attempts have a score record in the re-scoring `id`, `before` of them from earlier; `left_out` counts the
    others by reason; `unscored` got no verdict for want of a checker that works. Compared with the first scoring."""

    id: str
    judged: int
    before: int
    left_out: dict[str, int]
    unscored: int
    changed: tuple[Changed, ...]
    flips: tuple[Flip, ...]


class _Attempt(NamedTuple):
    """What is needed of an attempt's record."""

    key: str
    number: int
    task: str
    bundle_id: str
    outcome: Outcome
    limited: bool
    scores: tuple[str | None, str | None]
    passed: tuple[tuple[str, bool], ...]


class _NotJudged(NamedTuple):
    evidence: str


async def rescore(
    plan: RescorePlan, backend: Backend, progress: Callable[[int, int, int], None] | None = None
) -> Rescored:
    """Judge what the re-scoring by these bundles does not yet hold. `progress` gets how many are done, of how many, and
    how many of them were so from the start.

    Raises RuntimeFault: R0201 to R0207 for the folder, R0208 for bundles that do not fit the run.
    """
    info = read_info(plan.folder)
    judges = judging_bundles(plan.folder, info, plan.bundles)
    found = await backend.probe()
    if not found.ok:
        raise SandboxUnavailable(found.reason, found.help)
    left_out: dict[str, int] = {}
    todo = list(_judgeable(plan.folder, judges, left_out))
    id = scoring_id(list({bundle.manifest.id: bundle for bundle in judges.values()}.values()))
    store = open_scores(plan.folder, id)
    try:
        before = sum(attempt.key in store.done for attempt in todo)
        groups: dict[str, list[_Attempt]] = {bundle_id: [] for bundle_id in judges}
        for attempt in todo:
            if attempt.key not in store.done:
                groups[attempt.bundle_id].append(attempt)
        work = _Rescoring(plan, judges, backend, store, len(todo), before, progress)
        ending = await schedule(groups, work, Policy(plan.jobs, plan.retries))
    finally:
        await finish(store.close())
    if ending.spent:
        left_out["the infrastructure failed"] = ending.spent
    return _compared(plan.folder, id, todo, before, left_out)


class _Rescoring:
    """The work of a re-scoring, for `schedule`."""

    def __init__(
        self,
        plan: RescorePlan,
        judges: dict[str, Bundle],
        backend: Backend,
        store: ScoreStore,
        total: int,
        before: int,
        progress: Callable[[int, int, int], None] | None,
    ) -> None:
        self._folder = plan.folder
        self._judges = judges
        self._backend = backend
        self._store = store
        self._total = total
        self._before = self._done = before
        self._progress = progress
        self._controls = Controls(backend)
        self._series = Series(backend, self._controls.bytecode)

    def deadline_s(self, item: _Attempt) -> float:
        manifest = self._judges[item.bundle_id].manifest
        bounded = manifest.limits.wall_s + manifest.limits.check_s + sum(job.timeout_s for job in manifest.jobs)
        return 3 * bounded + AROUND_S

    async def play(self, item: _Attempt, tries: int) -> ScoreRecord | _NotJudged:
        bundle = self._judges[item.bundle_id]
        folder = self._folder / FOLDERS / item.key
        trajectory = folder / TRAJECTORY
        known = trajectory if _is(trajectory, stat.S_ISREG) else None
        began = time.monotonic()
        try:
            scored = await score(
                bundle,
                folder / "workspace",
                self._backend,
                trajectory=known,
                bytecode=self._controls.bytecode,
                series=self._series,
            )
            forgiven = scored.verdict is not None or not await self._controls.hold(bundle)
        except RuntimeFault as fault:
            if not fault.code.startswith("R03") or isinstance(fault, SandboxUnavailable):
                raise
            return _NotJudged(str(fault))
        except OSError as error:
            if error.errno in SHORT:
                return _NotJudged(f"the runner ran short: {error.strerror}")
            raise fault_of(error, self._folder) from error
        return _score_record(item, bundle, scored, forgiven, known, time.monotonic() - began)

    def overdue(self, item: _Attempt, tries: int) -> _NotJudged:
        return _NotJudged(f"the runner did not finish it within {self.deadline_s(item):.0f} s")

    async def keep(self, item: _Attempt, result: ScoreRecord | _NotJudged) -> None:
        if isinstance(result, _NotJudged):
            return
        await self._store.append(result)
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total, self._before)

    def failed(self, result: ScoreRecord | _NotJudged) -> bool:
        return isinstance(result, _NotJudged)


def judging_bundles(folder: Path, info: RunInfo, given: Sequence[Bundle]) -> dict[str, Bundle]:
    """The bundle that judges the episodes of each bundle of the run, by its id; bundles that are given judge the tasks of
    their names. Raises RuntimeFault R0208 where none does."""
    if not given:
        return {task.bundle_id: _own(folder, task) for task in info.tasks}
    by_task = {bundle.manifest.task: bundle for bundle in given}
    if len(by_task) != len(given):
        raise RuntimeFault("R0208", "two bundles are of the same task", "Give one for each task.")
    judges = {task.bundle_id: by_task[task.task] for task in info.tasks if task.task in by_task}
    if not judges:
        raise RuntimeFault(
            "R0208", f"no task of `{folder}` has a bundle of its name here", "Names of tasks must match."
        )
    return judges


def _own(folder: Path, task: RunTask) -> Bundle:
    """The bundle that the episodes were played with, where it was or in the run folder."""
    places = [Path(task.path)]
    if _TASK.fullmatch(task.task):
        places.append(folder / "bundles" / task.task)
    for place in places:
        try:
            bundle = load(place)
        except (RuntimeFault, OSError, ValueError):
            continue
        if bundle.manifest.id == task.bundle_id:
            return bundle
    raise RuntimeFault(
        "R0208", f"the bundle that `{task.task}` was played with is not where it was", "Name a bundle to judge by."
    )


def _judgeable(folder: Path, judges: dict[str, Bundle], left_out: dict[str, int]) -> Iterator[_Attempt]:
    """The last attempt of each episode that can be judged; the others are counted by reason."""
    last: dict[str, _Attempt] = {}
    for record in each_attempt(folder):
        known = last.get(record.episode)
        if known is None or record.attempt >= known.number:
            last[record.episode] = _attempt(record)
    for attempt in last.values():
        if why := _obstacle(folder, attempt, judges):
            left_out[why] = left_out.get(why, 0) + 1
        else:
            yield attempt


def _attempt(record: EpisodeRecord) -> _Attempt:
    passed = tuple((check.name, check.passed) for check in record.checks)
    return _Attempt(record.key, record.attempt, record.task, record.bundle_id, record.outcome,
                    bool(record.limits_hit), (record.score, record.score_checks), passed)  # fmt: skip


def _obstacle(folder: Path, attempt: _Attempt, judges: dict[str, Bundle]) -> str:
    if attempt.bundle_id not in judges:
        return "no bundle for its task"
    if attempt.outcome == "infra_error":
        return "it was not played to its end"
    place = folder / FOLDERS
    # A folder of somebody else's may hold a link to any place; what is there is none of its workspaces.
    if all(_is(path, stat.S_ISDIR) for path in (place, place / attempt.key, place / attempt.key / "workspace")):
        return ""
    return "no workspace"


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(os.lstat(path).st_mode)
    except OSError:
        return False


def _score_record(
    item: _Attempt, bundle: Bundle, scored: Scored, forgiven: bool, trajectory: Path | None, seconds: float
) -> ScoreRecord:
    verdict = scored.verdict
    evidence, outcome, value, checks = "", ended_as(item.outcome, item.limited, trajectory), scored.score, None
    if verdict is not None:
        checks = scored.score_checks
    else:
        evidence = f"{scored.fault}\n{scored.stderr}".strip()
        outcome = "verifier_error" if forgiven else "agent_error"
        if not forgiven:
            evidence = f"{evidence}\nthe same checker judges the untouched workspace and the oracle's".strip()
            value = checks = Decimal(0)
    return ScoreRecord(
        key=item.key,
        task=item.task,
        bundle_id=bundle.manifest.id,
        outcome=outcome,
        score=None if value is None else score_text(value),
        score_checks=None if checks is None else score_text(checks),
        C=verdict.C if verdict else None,
        V=verdict.V if verdict else None,
        checks=verdict.checks if verdict else (),
        evidence=evidence,
        judged=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds={"score": round(seconds, 4)},
    )


def ended_as(outcome: Outcome, limited: bool, trajectory: Path | None) -> Outcome:
    """How the agent itself ended an episode: `outcome` may speak of the checker that judged it then."""
    if outcome in ("ok", "truncated"):
        return outcome
    stop = _stop(trajectory) if trajectory is not None else None
    if limited or stop == "truncated":
        return "truncated"
    if stop == "error" or (stop is None and outcome == "agent_error"):
        return "agent_error"
    return "ok"


def _stop(trajectory: Path) -> str | None:
    """`stop` of the last event, or None if there is none to be read."""
    try:
        with open_to_read(trajectory) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            event: object = json.loads(file.read(_TAIL).rstrip(b"\n").rpartition(b"\n")[2])
    except (OSError, RuntimeFault, ValueError, RecursionError):
        return None
    stop = cast("dict[str, object]", event).get("stop") if isinstance(event, dict) else None
    return stop if isinstance(stop, str) else None


def _compared(folder: Path, id: str, todo: Sequence[_Attempt], before: int, left_out: dict[str, int]) -> Rescored:
    attempts = {attempt.key: attempt for attempt in todo}
    changed: list[Changed] = []
    flips: dict[tuple[str, str], list[int]] = {}
    judged = unscored = 0
    for record in each_score(folder, id):
        attempt = attempts.get(record.key)
        if attempt is None:
            continue
        judged += 1
        unscored += record.outcome in UNSCORED
        after = (record.score, record.score_checks)
        if after != attempt.scores:
            changed.append(Changed(record.key, attempt.scores, after))
        now = {check.name: check.passed for check in record.checks}
        for name, passed in attempt.passed:
            if name in now and now[name] != passed:
                flips.setdefault((attempt.task, name), [0, 0])[passed] += 1
    return Rescored(
        id,
        judged,
        before,
        dict(sorted(left_out.items())),
        unscored,
        tuple(sorted(changed)),
        tuple(Flip(task, check, *counts) for (task, check), counts in sorted(flips.items())),
    )
