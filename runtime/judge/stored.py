"""Judges the rubrics of a stored run: a re-scoring by what the checks gave and what a model says of the workspaces.

Nothing is played or checked again, nothing that exists is rewritten. What the model's transport fails gets no record, so the
same judging can be continued.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.engine.untyped import shown
from clawc.runtime.judge.ask import Tally
from clawc.runtime.judge.evidence import gather
from clawc.runtime.judge.judge import Judge, judge_rubric
from clawc.runtime.judge.records import JudgementRecord, RubricJudgement
from clawc.runtime.judge.rubric import Rubric, rubrics_of
from clawc.runtime.judge.store import JudgementStore, judging_id, judgings, open_judgements
from clawc.runtime.judge.votes import rubrics_share
from clawc.runtime.records import EpisodeRecord, ScoreRecord
from clawc.runtime.rescore import judging_bundles
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.scheduling.schedule import Policy, schedule
from clawc.runtime.store.journal import fault_of
from clawc.runtime.store.run_folder import FOLDERS, read_info, read_run
from clawc.runtime.store.scores import ORIGINAL, Judged, ScoreStore, judged, open_scores
from clawc.spec.rubric import Decision
from clawc.spec.scoring import final_score, gate, score_text

# So many failures of the model one after another, and it is asked no more.
_GIVE_UP = 8


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """Which run to judge, by which bundles: none means by its own. At most `jobs` attempts at once. With `all` the model is asked
    also where the score does not hang on it."""

    folder: Path
    bundles: Sequence[Bundle] = ()
    jobs: int = 8
    all: bool = False


@dataclass(slots=True)
class RunJudged:
    """What became of it. `judged` attempts have a score in the judging `id`, `before` of them from earlier. `left_out` counts the
    others by reason, `failures` those that the model's transport failed, by what it said."""

    id: str
    judged: int = 0
    before: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    failures: Counter[str] = field(default_factory=Counter[str])
    tally: Tally = field(default_factory=Tally)


class _Case(NamedTuple):
    """An attempt that can be judged. `rubrics` are to be asked about; none where the score does not hang on them."""

    record: EpisodeRecord
    bundle: Bundle
    gate: int
    rubrics: tuple[Rubric, ...]
    has_rubrics: bool


class _NotJudged(NamedTuple):
    why: str


class _Result(NamedTuple):
    judgement: JudgementRecord | None
    share: Decimal
    seconds: float


async def judge_run(
    plan: JudgePlan, judge: Judge, progress: Callable[[int, int, int], None] | None = None
) -> RunJudged:
    """Judge what the judging by these bundles and this judge does not yet hold; `judge` is open. `progress` gets how many are done,
    of how many, and how many of them were so from the start.

    Raises RuntimeFault: R0201 to R0207 for the folder, R0208 for bundles that do not fit the run, R0967 for a model that can judge
    nothing, R0981 for a bundle whose rubrics are none.
    """
    base, bundles = checked(plan.folder), judging_bundles(plan.folder, read_info(plan.folder), plan.bundles)
    left_out: Counter[str] = Counter()
    cases = _cases(plan, base.records, bundles, left_out)
    by = [id for id in base.by if base.by[id]] or [ORIGINAL]
    used = {bundle.manifest.id: bundle for bundle in bundles.values()}
    found = RunJudged(judging_id(list(used.values()), judge.identity, by), left_out=left_out)
    judgements = open_judgements(plan.folder, found.id)
    try:
        scores = open_scores(plan.folder, found.id)
        try:
            todo = [case for case in cases if case.record.key not in scores.done]
            found.judged = found.before = len(cases) - len(todo)
            groups: dict[str, list[_Case]] = {}
            for case in todo:
                groups.setdefault(case.record.bundle_id, []).append(case)
            work = _Judging(plan, judge, judgements, scores, found, len(cases), progress)
            await schedule(groups, work, Policy(plan.jobs, retries=0))
        finally:
            await finish(scores.close())
    finally:
        await finish(judgements.close())
    return found


def checked(folder: Path) -> Judged:
    """The last attempt of each episode as the checkers judge it now, whatever any judge of rubrics has said."""
    _, records = read_run(folder, "original")
    return judged(folder, records, "latest", without=judgings(folder))


def _cases(
    plan: JudgePlan, records: Sequence[EpisodeRecord], bundles: dict[str, Bundle], left_out: Counter[str]
) -> list[_Case]:
    rubrics = {bundle.manifest.id: rubrics_of(bundle) for bundle in bundles.values()}
    cases: list[_Case] = []
    for record in records:
        bundle = bundles.get(record.bundle_id)
        case = _case(plan, record, bundle, rubrics[bundle.manifest.id]) if bundle else "no bundle for its task"
        if isinstance(case, _Case):
            cases.append(case)
        else:
            left_out[case] += 1
    return cases


def _case(plan: JudgePlan, record: EpisodeRecord, bundle: Bundle, rubrics: tuple[Rubric, ...]) -> _Case | str:
    """The case, or why there is none."""
    if record.outcome == "infra_error":
        return "it was not played to its end"
    if record.C is None or record.V is None:
        # The checker broke on what the agent had left: 0, whatever a judge would say.
        lost = record.outcome != "verifier_error" and record.score is not None
        return _Case(record, bundle, 0, (), False) if lost else "its checker gave no verdict"
    scoring = bundle.manifest.scoring
    if {check.name for check in record.checks} != {check.name for check in scoring.checks}:
        return "its checks are not those of the bundle; `clawc rescore` judges them"
    opened = gate(
        {check.name: check.passed for check in record.checks}, scoring.rubric_after, gated=scoring.rubric_gated
    )
    hangs = Decimal(scoring.rubric_share) > 0 and record.V == "1" and opened
    asked = rubrics if hangs or plan.all else ()
    if asked and not _has_workspace(plan.folder, record.key):
        if hangs:
            return "no workspace"
        asked = ()
    return _Case(record, bundle, opened, asked, bool(rubrics))


def _has_workspace(folder: Path, key: str) -> bool:
    """Whether it is there without a link on the way, which a folder of somebody else's may hold."""
    try:
        places = (folder / FOLDERS, folder / FOLDERS / key, folder / FOLDERS / key / "workspace")
        return all(stat.S_ISDIR(os.lstat(path).st_mode) for path in places)
    except OSError:
        return False


class _Judging:
    """The work of a judging, for `schedule`."""

    def __init__(
        self,
        plan: JudgePlan,
        judge: Judge,
        judgements: JudgementStore,
        scores: ScoreStore,
        found: RunJudged,
        total: int,
        progress: Callable[[int, int, int], None] | None,
    ) -> None:
        self._folder = plan.folder
        self._judge = judge
        self._judgements = judgements
        self._scores = scores
        self._found = found
        self._total = total
        self._progress = progress
        self._in_a_row = 0
        self._give_up = max(_GIVE_UP, 2 * plan.jobs)

    def deadline_s(self, item: _Case) -> float | None:
        return None

    async def play(self, item: _Case, tries: int) -> _Result | _NotJudged:
        began = time.monotonic()
        kept = self._judgements.shares.get(item.record.key)
        if kept is not None:
            return _Result(None, Decimal(kept), 0.0)
        if item.rubrics and self._in_a_row >= self._give_up:
            return _NotJudged(f"the model was asked no more after {self._give_up} failures in a row")
        tally = Tally()
        try:
            rubrics = await self._rubrics(item, tally)
            self._in_a_row = 0 if tally.calls else self._in_a_row
        except EngineFailure as failure:
            self._in_a_row += 1
            return _NotJudged(f"{failure.kind}: {shown(failure.message)[:300]}")
        except OSError as error:
            raise fault_of(error, self._folder) from error
        finally:
            self._found.tally.join(tally)
        share = rubrics_share(zip((r.spec for r in item.rubrics), map(_verdicts, rubrics)))
        seconds = time.monotonic() - began
        return _Result(
            self._judgement(item, rubrics, share, tally, seconds) if item.has_rubrics else None, share, seconds
        )

    async def _rubrics(self, item: _Case, tally: Tally) -> list[RubricJudgement]:
        workspace = self._folder / FOLDERS / item.record.key / "workspace"
        return [
            await judge_rubric(self._judge, rubric, partial(gather, workspace, rubric.reads), tally)
            for rubric in item.rubrics
        ]

    def _judgement(
        self, item: _Case, rubrics: Sequence[RubricJudgement], share: Decimal, tally: Tally, seconds: float
    ) -> JudgementRecord:
        return JudgementRecord(
            key=item.record.key,
            task=item.record.task,
            bundle_id=item.bundle.manifest.id,
            judge=self._judge.identity,
            asked=bool(item.rubrics),
            R=score_text(share),
            G="1" if item.gate else "0",
            rubrics=tuple(rubrics),
            calls=tally.calls,
            prompt_tokens=tally.prompt_tokens,
            completion_tokens=tally.completion_tokens,
            cost=None if tally.cost is None else format(tally.cost, "f"),
            judged=_now(),
            seconds=round(seconds, 4),
        )

    def overdue(self, item: _Case, tries: int) -> _NotJudged:
        return _NotJudged("out of time")

    async def keep(self, item: _Case, result: _Result | _NotJudged) -> None:
        if isinstance(result, _NotJudged):
            self._found.failures[result.why] += 1
            return
        if result.judgement is not None:
            await self._judgements.append(result.judgement)
        await self._scores.append(_scored(item, result))
        self._found.judged += 1
        if self._progress is not None:
            self._progress(self._found.judged, self._total, self._found.before)

    def failed(self, result: _Result | _NotJudged) -> bool:
        return isinstance(result, _NotJudged)


def _verdicts(judgement: RubricJudgement) -> dict[str, Decision]:
    return {criterion.name: criterion.verdict for criterion in judgement.criteria}


def _scored(item: _Case, result: _Result) -> ScoreRecord:
    """The score with the rubrics; what the checks gave stays as it is."""
    record = item.record
    score = record.score
    if record.C is not None and record.V is not None:
        share = Decimal(item.bundle.manifest.scoring.rubric_share)
        value = final_score(Decimal(record.C), int(record.V), share, result.share, item.gate)
        assert value is not None
        score = score_text(value)
    return ScoreRecord(
        key=record.key,
        task=record.task,
        bundle_id=item.bundle.manifest.id,
        outcome=record.outcome,
        score=score,
        score_checks=record.score_checks,
        C=record.C,
        V=record.V,
        checks=record.checks,
        evidence=record.evidence,
        judged=_now(),
        seconds={"judge": round(result.seconds, 4)},
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
