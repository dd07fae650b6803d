"""Runs to a report: the one place where all its parts are put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clawc import __version__
from clawc.runtime.records import RunInfo
from clawc.runtime.report.breakdown import checks, groups, shares, task_groups
from clawc.runtime.report.comparison import Side, comparisons
from clawc.runtime.report.document import Group, Report, RunReport, Summary
from clawc.runtime.report.sample import RunInput, Sample, ambiguous_tasks, samples_of, task_label
from clawc.runtime.report.summary import by_task, summary
from clawc.runtime.report.tables import confidence, percent
from clawc.runtime.report.usage import amounts, attempts, phases, refused
from clawc.runtime.stats.bootstrap import Resampling
from clawc.runtime.stats.clusters import FEW_CLUSTERS

# Above this share of excluded episodes a mean says too little about the agent.
ALARM = 0.02
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked for: a score of at least `threshold` passes; `ks` are asked for beside 1, 2, 4 and so on."""

    scoring: str = "latest"
    threshold: float = 1.0
    ks: tuple[int, ...] = ()
    resampling: Resampling = field(default_factory=Resampling)


def build_report(runs: Sequence[RunInput], settings: Settings) -> Report:
    """The report of all runs; the first is the baseline of the others. Raises RuntimeFault R0206 for scores that are
    no numbers in [0, 1]."""
    ambiguous = ambiguous_tasks(runs)
    sides = [Side(run.label, by_task(samples_of(run, ambiguous))) for run in runs]
    return Report(
        clawc=__version__,
        scoring=settings.scoring,
        threshold=settings.threshold,
        resampling=settings.resampling,
        runs=tuple(_run(run, side.tasks, settings, ambiguous) for run, side in zip(runs, sides)),
        comparisons=comparisons(sides, settings.resampling) if len(sides) > 1 else (),
    )


def _run(
    run: RunInput, tasks: Mapping[str, Sequence[Sample]], settings: Settings, ambiguous: frozenset[str]
) -> RunReport:
    info, records, how = run.info, run.records, settings.resampling
    labels = Counter(task_label(task.task, task.bundle_id, ambiguous) for task in info.tasks)
    planned = {label: count * info.episodes for label, count in labels.items()}
    per_task = task_groups(tasks, planned, settings.threshold, how.level)
    missing = sum(group.missing for group in per_task)
    score = summary(tasks, "score", settings.threshold, settings.ks, how)
    if all(s.score == s.score_checks for samples in tasks.values() for s in samples):
        score_checks = replace(score, quantity="score_checks")
    else:
        score_checks = summary(tasks, "score_checks", settings.threshold, settings.ks, how)
    main = score if score.episodes else score_checks
    return RunReport(
        label=run.label,
        run_id=info.run_id,
        agent=info.agent,
        clawc=info.clawc,
        created=info.created,
        started=min((r.started for r in records), default=""),
        ended=max((r.ended for r in records), default=""),
        seed=info.seed,
        planned=sum(planned.values()),
        episodes=len(records),
        complete=not missing,
        alarms=tuple(_alarms(per_task, len(records), score.excluded)),
        notes=(
            *_mixture(run.judged_by),
            *_notes(len(records), sum(planned.values()), missing, score, main, settings.ks),
        ),
        score=score,
        score_checks=score_checks,
        tasks=per_task,
        categories=groups(tasks, lambda s: (s.record.category,), settings.threshold, how),
        operations=groups(tasks, lambda s: s.record.operations or ("",), settings.threshold, how),
        templates=groups(tasks, lambda s: (s.record.template,), settings.threshold, how),
        checks=checks(tasks),
        outcomes=shares((r.outcome for r in records), max(len(records), 1)),
        limits=shares((name for r in records for name in dict.fromkeys(r.limits_hit)), max(len(records), 1)),
        phases=phases(records),
        usage=amounts(run.attempts),
        attempts=attempts(records, run.attempts),
        refused=refused(records),
        suite=suite_named(info),
    )


def suite_named(info: RunInfo) -> str:
    """The suite of a run in a line; "" where it is of none."""
    if info.suite is None:
        return ""
    splits = f", {', '.join(info.suite.splits)}" if info.suite.splits else ""
    return f"{info.suite.name} {info.suite.version} ({info.suite.id[:12]}){splits}"


def _alarms(tasks: Sequence[Group], episodes: int, excluded: int) -> Iterable[str]:
    if episodes and excluded / episodes > ALARM:
        yield (
            f"{excluded} of {episodes} episodes ({percent(excluded / episodes).text}) failed outside the agent and have no score, "
            f"more than {confidence(ALARM)}: the means leave them out"
        )
    over = sorted(
        (t for t in tasks if t.excluded > ALARM * t.episodes), key=lambda t: (-t.excluded / t.episodes, t.name)
    )
    if over:
        names = ", ".join(f"{t.name[:80]} ({t.excluded} of {t.episodes})" for t in over[:_NAMED])
        rest = f" and {len(over) - _NAMED} more" if len(over) > _NAMED else ""
        yield f"tasks with more than {confidence(ALARM)} of their episodes left out: {names}{rest}"


def _mixture(judged_by: Mapping[str, int]) -> Iterable[str]:
    """A mean over the verdicts of several checkers is said to be one."""
    if len(judged_by) < 2:
        return
    parts = (
        f"{n} {'at first' if id == 'original' else f'by the re-scoring {id}'}" for id, n in sorted(judged_by.items())
    )
    yield f"the scores come from different judgements: {', '.join(parts)}; `clawc rescore` judges all alike"


def _notes(
    episodes: int, planned: int, missing: int, score: Summary, main: Summary, ks: Sequence[int]
) -> Iterable[str]:
    if missing:
        yield f"unfinished: {planned - missing} of {planned} planned episodes are there"
    if episodes > planned - missing:
        yield f"{episodes - planned + missing} episodes are of tasks or repetitions that the run did not plan"
    if score.unjudged:
        yield (
            f"{score.unjudged} episodes have no score until their rubric is judged; they are left out of the score and "
            "counted in score_checks"
        )
    if lacking := sorted(set(ks) - {p.k for p in main.passes}):
        yield f"no task has as many scored episodes as k = {', '.join(map(str, lacking))}"
    if main.templates == 1:
        yield "all tasks are of one template: there is no interval"
    elif 1 < main.templates < FEW_CLUSTERS:
        yield f"fewer than {FEW_CLUSTERS} templates: the interval of the mean is not to be trusted"
    if main.templates > 1 and sum(count > 0 for count in main.distribution) == 1 and main.mean in (0.0, 1.0):
        yield (
            f"all {main.episodes} values are the same, so the interval has no width; up to "
            f"{percent(min(1.0, 3 / main.templates)).text} of other templates may still differ (3/n, 95 %)"
        )
