"""The report as CSV: a row for each episode, or for each group. No cell is a formula to a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from clawc.compiler.report import clean
from clawc.runtime.report.document import Check, Group, Report, RunReport
from clawc.runtime.report.sample import RunInput, Sample, ambiguous_tasks, samples_of, seconds_of

Value = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST = 1_000

GROUPS: dict[str, Callable[[RunReport], Sequence[Group]]] = {
    "task": lambda run: run.tasks,
    "category": lambda run: run.categories,
    "operation": lambda run: run.operations,
    "template": lambda run: run.templates,
}
BY = (*GROUPS, "check")

_EPISODE = (
    "run", "run_id", "task", "template", "category", "operations", "agent", "index", "seed", "attempt", "outcome",
    "score", "score_checks", "C", "V", "checks", "checks_passed", "checks_failed", "seconds", "create_s", "agent_s",
    "collect_s", "score_s", "tool_calls", "model_calls", "prompt_tokens", "completion_tokens", "cost", "limits_hit",
    "refused", "started", "ended", "bundle_id", "key", "evidence",
)  # fmt: skip
_GROUP = (
    "run", "name", "category", "tasks", "templates", "episodes", "missing", "scored", "left_out", "unjudged", "score",
    "low", "high", "trusted", "pass_rate", "score_checks", "p50_s", "outcomes",
)  # fmt: skip
_CHECK = ("run", "task", "check", "kind", "weight", "judged", "passed", "share", "message", "message_count")


def episodes_csv(runs: Sequence[RunInput]) -> str:
    """One row an episode, by run, task, index and seed."""
    ambiguous = ambiguous_tasks(runs)
    return _csv(_EPISODE, (_episode(run.label, s) for run in runs for s in samples_of(run, ambiguous)))


def groups_csv(report: Report, by: str) -> str:
    """One row a group of each run; `by` is one of BY."""
    if by == "check":
        return _csv(_CHECK, (_check(run.label, c) for run in report.runs for c in run.checks))
    return _csv(_GROUP, (_group(run.label, g) for run in report.runs for g in GROUPS[by](run)))


def cell(value: Value) -> str:
    """A cell: numbers to six places, unknown empty, text on one line and never a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    text = str(value)[:_MOST]
    return ("'" if text.startswith(_FORMULA) else "") + clean(text)


def _csv(head: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def _episode(run: str, s: Sample) -> tuple[Value, ...]:
    r, seconds, use = s.record, seconds_of(s.record), s.record.usage
    failed = [c.name for c in r.checks if not c.passed]
    return (
        run, r.run_id, s.task, r.template, r.category, " ".join(r.operations), r.agent, r.index, r.seed, r.attempt,
        r.outcome, s.score, s.score_checks, r.C, r.V, len(r.checks), len(r.checks) - len(failed), " ".join(failed),
        s.seconds, *(seconds.get(n) for n in ("create", "agent", "collect", "score")),
        use.tool_calls, use.model_calls, use.prompt_tokens, use.completion_tokens, use.cost, " ".join(r.limits_hit),
        len(r.refused), r.started, r.ended, r.bundle_id, r.key, r.evidence,
    )  # fmt: skip


def _group(run: str, g: Group) -> tuple[Value, ...]:
    low, high = g.interval if g.interval else (None, None)
    outcomes = " ".join(f"{s.name}={s.count}" for s in g.outcomes)
    return (
        run, g.name, g.category, g.tasks, g.templates, g.episodes, g.missing, g.scored, g.excluded, g.unjudged, g.score,
        low, high, "yes" if g.trusted else "no", g.pass_rate, g.score_checks, g.seconds, outcomes,
    )  # fmt: skip


def _check(run: str, c: Check) -> tuple[Value, ...]:
    return (run, c.task, c.name, c.kind, c.weight, c.judged, c.passed, c.share, c.message, c.message_count)
