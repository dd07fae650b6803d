"""The report as tables of text, which the text, Markdown and HTML formats lay out each in its way.

Texts are as the records have them, only shortened: the format that shows them encodes them for its sink.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clawc.runtime.report.document import Check, Comparison, Group, Report, RunReport, Share, Summary

UNKNOWN = "-"
_NAME = 80
_MESSAGE = 160


class Cell(NamedTuple):
    """What is shown, and the number by which rows are sorted if there is one."""

    text: str
    number: float | None = None


class Column(NamedTuple):
    name: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`more` rows are left out at the end."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: int = 0
    note: str = ""


def named(value: str, most: int = _NAME) -> Cell:
    """A text of a record, cut to `most` characters."""
    return Cell(value if len(value) <= most else value[: most - 1] + "…")


def decimal(value: float | None, places: int = 3, *, signed: bool = False) -> Cell:
    """A number with so many places; 0 has no sign."""
    if value is None:
        return Cell(UNKNOWN)
    shown = round(value, places) + 0.0
    return Cell(f"{shown:+.{places}f}" if signed and shown else f"{shown:.{places}f}", value)


def count(value: int | None) -> Cell:
    return Cell(UNKNOWN) if value is None else Cell(str(value), float(value))


def percent(share: float) -> Cell:
    return Cell(f"{100 * share:.1f} %", share)


def between(low: float, high: float, *, trusted: bool = True, signed: bool = False) -> Cell:
    """An interval; one that is not to be trusted is marked by a question mark."""
    shown = f"{decimal(low, signed=signed).text} to {decimal(high, signed=signed).text}"
    return Cell(shown + ("" if trusted else " ?"), low)


def confidence(level: float) -> str:
    return f"{100 * level:g} %"


def p_value(value: float | None) -> Cell:
    if value is None:
        return Cell(UNKNOWN)
    return Cell("< 0.001" if value < 0.001 else f"{value:.3f}", value)


def overview(report: Report) -> Table:
    """One row a run."""
    level = f"{confidence(report.resampling.level)} interval"
    rows = [
        (
            named(run.label),
            named(run.agent),
            Cell(f"{run.episodes} of {run.planned}", float(run.episodes)),
            count(run.main.episodes),
            count(run.main.excluded),
            decimal(run.score.mean),
            _interval(run.score),
            decimal(_first_pass(run.score)),
            decimal(run.score_checks.mean),
            decimal(next((p.p50 for p in run.phases if p.name == "all"), None)),
            _cost(run),
        )
        for run in report.runs
    ]
    columns = ("episodes", "scored", "left out", "score", level, "pass@1", "score_checks", "p50 s", "cost $")
    return Table("runs", "Runs", (Column("run"), Column("agent"), *(Column(c, True) for c in columns)), tuple(rows))


def measures(run: RunReport, level: float) -> Table:
    """The figures of each quantity, one column a quantity; score_checks only where it says something else."""
    shown = [run.score] if _same(run.score, run.score_checks) else [run.score, run.score_checks]
    lines: list[tuple[str, Callable[[Summary], Cell]]] = [
        ("mean over tasks", lambda s: decimal(s.mean)),
        (f"{confidence(level)} interval", _interval),
        ("standard error, clustered", lambda s: decimal(s.standard_error)),
        ("minimum detectable effect", lambda s: decimal(s.detectable_effect)),
        ("mean if all left out had 0, 1", lambda s: between(*s.bounds) if s.bounds else Cell(UNKNOWN)),
        ("scored episodes", lambda s: count(s.episodes)),
        ("left out", lambda s: count(s.excluded)),
        ("not judged yet", lambda s: count(s.unjudged)),
        ("tasks", lambda s: count(s.tasks)),
        ("templates", lambda s: count(s.templates)),
    ]
    rows = tuple((Cell(name), *(cell(s) for s in shown)) for name, cell in lines)
    return Table("measures", "Scores", (Column("measure"), *(Column(s.quantity, True) for s in shown)), rows)


def passes(summary: Summary, threshold: float) -> Table:
    """pass@k and pass^k."""
    rows = tuple(
        (count(p.k), decimal(p.pass_at_k), decimal(p.pass_hat_k), count(p.tasks)) for p in summary.passes
    )  # fmt: skip
    columns = tuple(Column(c, True) for c in ("k", "pass@k", "pass^k", "tasks"))
    return Table("passes", f"Passes by {summary.quantity}, from {threshold:g}", columns, rows)


def group_table(key: str, noun: str, groups: Sequence[Group], level: float, most: int) -> Table:
    """One row a group; only tasks show what they are of and what is missing."""
    of_tasks = key == "tasks"
    columns = (
        Column(noun),
        *((Column("category"),) if of_tasks else (Column("tasks", True), Column("templates", True))),
        Column("episodes", True),
        *((Column("missing", True),) if of_tasks else ()),
        *(
            Column(c, True)
            for c in ("scored", "left out", "score", f"{confidence(level)} interval", "pass@1", "score_checks")
        ),
        Column("p50 s", True),
        *((Column("outcomes"),) if of_tasks else ()),
    )
    rows = tuple(
        (
            named(g.name),
            *((named(g.category or UNKNOWN, 40),) if of_tasks else (count(g.tasks), count(g.templates))),
            count(g.episodes),
            *((count(g.missing),) if of_tasks else ()),
            count(g.scored),
            count(g.excluded),
            _pending(g),
            between(*g.interval, trusted=g.trusted) if g.interval else Cell(UNKNOWN),
            decimal(g.pass_rate),
            decimal(g.score_checks),
            decimal(g.seconds),
            *((named(", ".join(f"{s.name} {s.count}" for s in g.outcomes) or UNKNOWN),) if of_tasks else ()),
        )
        for g in groups[:most]
    )
    return Table(key, key.capitalize(), columns, rows, max(0, len(groups) - most))


def check_table(checks: Sequence[Check], most: int) -> Table:
    """One row a check, those that pass least first."""
    ordered = sorted(checks, key=lambda c: (c.share, -c.judged, c.task))
    rows = tuple(
        (
            named(c.task),
            named(c.name),
            Cell(c.kind) if c.veto else Cell(f"weight {c.weight[:12]}"),
            count(c.judged),
            percent(c.share),
            Cell(f"{named(c.message, _MESSAGE).text} ({c.message_count})" if c.message else UNKNOWN),
        )
        for c in ordered[:most]
    )
    columns = (Column("task"), Column("check"), Column("counts as"), Column("judged", True), Column("passed", True),
               Column("most common message"))  # fmt: skip
    return Table("checks", "Checks", columns, rows, max(0, len(checks) - most))


def share_table(key: str, title: str, noun: str, shares: Sequence[Share], most: int) -> Table:
    """Counts with their share of the whole."""
    rows = tuple((named(s.name), count(s.count), percent(s.share)) for s in shares[:most])
    columns = (Column(noun), Column("count", True), Column("share", True))
    return Table(key, title, columns, rows, max(0, len(shares) - most))


def phase_table(run: RunReport) -> Table:
    """Seconds by phase."""
    rows = tuple(
        (named(p.name), count(p.episodes), *(decimal(v) for v in (p.p50, p.p90, p.p99)), decimal(p.sum, 1))
        for p in run.phases
    )
    columns = (Column("phase"), *(Column(c, True) for c in ("episodes", "p50 s", "p90 s", "p99 s", "sum s")))
    return Table("time", "Time", columns, rows)


def usage_table(run: RunReport) -> Table:
    """Calls, tokens and cost, then attempts and what was not collected."""
    rows = [
        (
            Cell(a.name.replace("_", " ")), Cell(a.total if a.total is not None else UNKNOWN),
            Cell(f"reported by {a.episodes}" if a.total is not None else "reported by none"),
        )
        for a in run.usage
    ]  # fmt: skip
    tried = run.attempts
    replaced = ", ".join(f"{s.name} {s.count}" for s in tried.replaced)
    reasons = ", ".join(f"{s.name} {s.count}" for s in run.refused.reasons)
    rows += [
        (Cell("attempts"), count(tried.attempts), Cell(f"for {tried.episodes} episodes")),
        (Cell("retries"), count(tried.retries), named(f"{tried.retried} episodes; {replaced}" if replaced else UNKNOWN)),
        (Cell("refused entries"), count(run.refused.entries),
         named(f"in {run.refused.episodes} episodes; {reasons}" if reasons else UNKNOWN, _MESSAGE)),
    ]  # fmt: skip
    return Table("usage", "Usage", (Column("what"), Column("sum", True), Column("of")), tuple(rows))


def comparison_table(comparisons: Sequence[Comparison], level: float) -> Table:
    """One row a pair of runs; p before Holm's correction only where that changes something."""
    corrected = any(c.p != c.p_corrected for c in comparisons)
    rows = tuple(
        (
            named(c.other),
            Cell(c.quantity),
            Cell(verdict(c)),
            count(c.tasks),
            count(c.templates),
            decimal(c.baseline_mean),
            decimal(c.other_mean),
            decimal(c.difference, signed=True),
            between(c.interval.low, c.interval.high, trusted=c.trusted, signed=True) if c.interval else Cell(UNKNOWN),
            *((p_value(c.p),) if corrected else ()),
            p_value(c.p_corrected),
            Cell(f"{c.wins}/{c.ties}/{c.losses}"),
            decimal(c.detectable_effect),
        )
        for c in comparisons
    )
    names = (
        "tasks", "templates", "baseline", "mean", "difference", f"{confidence(level)} interval",
        *(("p", "p (Holm)") if corrected else ("p",)), "better/same/worse", "detectable",
    )  # fmt: skip
    columns = (Column("run"), Column("quantity"), Column("verdict"), *(Column(n, True) for n in names))
    baseline = named(comparisons[0].baseline).text if comparisons else ""
    return Table("comparison", f"Compared with {baseline}", columns, rows)


def verdict(c: Comparison) -> str:
    """What the test says of a difference."""
    if c.p is None:
        return "not tested"
    if not c.significant:
        return "no significant difference"
    return "significantly better" if (c.difference or 0) > 0 else "significantly worse"


def change_table(c: Comparison, most: int) -> Table:
    """The tasks that changed most."""
    changed = [change for change in c.changes if decimal(change.difference).text != decimal(0.0).text]
    rows = tuple(
        (
            named(change.task), decimal(change.baseline), decimal(change.other), decimal(change.difference, signed=True),
            count(change.episodes), Cell("same seeds" if change.paired else "all seeds"),
        )
        for change in changed[:most]
    )  # fmt: skip
    columns = (Column("task"), *(Column(n, True) for n in ("baseline", "run", "difference", "episodes")), Column("by"))
    title = f"Tasks that changed most in {named(c.other).text}, by {c.quantity}"
    return Table("changes", title, columns, rows, max(0, len(changed) - most))


def run_tables(report: Report, run: RunReport, most: int) -> Iterable[Table]:
    """All tables of one run, without those that have no row; at most `most` rows each."""
    level = report.resampling.level
    found = [
        measures(run, level),
        passes(run.main, report.threshold),
        share_table("outcomes", "Outcomes", "outcome", run.outcomes, most),
        group_table("tasks", "task", run.tasks, level, most),
        group_table("categories", "category", run.categories, level, most),
        group_table("operations", "operation", run.operations, level, most),
    ]
    if len(run.templates) != len(run.tasks):
        found.append(group_table("templates", "template", run.templates, level, most))
    found += [
        check_table(run.checks, most),
        share_table("limits", "Limits hit", "limit", run.limits, most),
        phase_table(run),
        usage_table(run),
    ]
    return [table for table in found if table.rows]


def _interval(s: Summary) -> Cell:
    return between(s.interval.low, s.interval.high, trusted=s.trusted) if s.interval else Cell(UNKNOWN)


def _first_pass(s: Summary) -> float | None:
    return next((p.pass_at_k for p in s.passes if p.k == 1), None)


def _pending(g: Group) -> Cell:
    """A mean, or why there is none."""
    return Cell("needs a judge") if g.score is None and g.unjudged else decimal(g.score)


def _cost(run: RunReport) -> Cell:
    cost = next(a for a in run.usage if a.name == "cost")
    return decimal(None if cost.total is None else float(cost.total))


def _same(one: Summary, two: Summary) -> bool:
    return (one.episodes, one.mean, one.interval) == (two.episodes, two.mean, two.interval)
