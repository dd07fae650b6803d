"""The report as one HTML page that asks for nothing: styles and script stand in it and are allowed by their hashes only.

jinja2 escapes every text; only our styles, our script and our plots go in as they are.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import NamedTuple

import jinja2

from clawc.runtime.report import plots
from clawc.runtime.report.document import Comparison, Report, RunReport
from clawc.runtime.report.plots import Plot
from clawc.runtime.report.tables import (
    UNKNOWN,
    Table,
    change_table,
    comparison_table,
    confidence,
    decimal,
    named,
    overview,
    run_tables,
)
from clawc.runtime.report.text import footer, one_line

ROWS = 500
_PLOTTED = 40
_DIFFERENCES = 30
_POINTS = 2_000
_CHANGES = 100


class Card(NamedTuple):
    """A key figure."""

    name: str
    figure: str
    detail: str


class Section(NamedTuple):
    """What the page shows of one run."""

    key: str
    run: RunReport
    cards: tuple[Card, ...]
    plots: tuple[Plot, ...]
    tables: tuple[Table, ...]


class Pair(NamedTuple):
    """What the page shows of one comparison."""

    key: str
    comparison: Comparison
    notes: tuple[str, ...]
    plots: tuple[Plot, ...]
    table: Table


def as_html(report: Report, rows: int = ROWS) -> str:
    """The page; tables end after `rows` rows, plots after 40."""
    return rendered(
        asset("page.html.j2"),
        report=report,
        title=_title(report),
        overview=overview(report),
        compared=comparison_table(report.comparisons, report.resampling.level),
        pairs=[_pair(c, f"pair{n}") for n, c in enumerate(report.comparisons, 1)],
        runs=[_section(report, run, f"run{n}", rows) for n, run in enumerate(report.runs, 1)],
        footer=" ".join(footer(report).split()),
    )


def rendered(template: str, **values: object) -> str:
    """A page by a template that may import `table` and `plots` of `parts.html.j2`; besides the values it gets `css`, `script` and the
    `policy` that allows these two alone."""
    css, script = asset("page.css"), asset("page.js")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.DictLoader({"parts.html.j2": asset("parts.html.j2")}),
    )  # fmt: skip
    environment.filters["shown"] = one_line
    environment.filters["named"] = _name
    policy = f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    page = environment.from_string(template).render(css=css, script=script, policy=policy, **values)
    return page.lstrip() + "\n"


def _title(report: Report) -> str:
    if len(report.runs) == 1:
        return f"Report of {named(report.runs[0].label).text}"
    return " against ".join(named(run.label).text for run in reversed(report.runs[:2])) + (
        f" and {len(report.runs) - 2} more" if len(report.runs) > 2 else ""
    )


def _section(report: Report, run: RunReport, key: str, rows: int) -> Section:
    main, level = run.main, report.resampling.level
    figures = [
        plots.distribution(main.distribution, main.quantity, f"{key}-distribution"),
        plots.outcome_shares(run.outcomes, f"{key}-outcomes"),
    ]
    if any(g.score is not None for g in run.tasks):
        figures += [
            plots.means(run.categories, "Score by category", f"Mean and {confidence(level)} interval by resampled templates; "
                        "dashed: too few templates.", f"{key}-categories", _PLOTTED),
            plots.means(run.tasks, "Score by task", f"Mean and {confidence(level)} Wilson interval.", f"{key}-tasks", _PLOTTED),
        ]  # fmt: skip
    figures.insert(2, plots.times(run.phases, f"{key}-time"))
    return Section(key, run, _cards(run, level), tuple(figures), tuple(run_tables(report, run, rows)))


def _pair(c: Comparison, key: str) -> Pair:
    title = f"Differences in {c.quantity}: {named(c.other).text}"
    figures = (
        plots.differences(c.changes, title, f"{key}-differences", _DIFFERENCES),
        plots.scatter(c.changes[:_POINTS], f"Tasks by {c.quantity}: {named(c.other).text}", f"{key}-scatter"),
    )
    return Pair(key, c, c.notes, figures if c.changes else (), change_table(c, _CHANGES))


def _cards(run: RunReport, level: float) -> tuple[Card, ...]:
    main = run.main
    interval = (
        f"{decimal(main.interval.low).text} to {decimal(main.interval.high).text} ({confidence(level)})"
        + ("" if main.trusted else ", few templates")
        if main.interval
        else "no interval"
    )
    ends = (*main.passes[:1], *main.passes[-1:])
    cost = next(a for a in run.usage if a.name == "cost")
    whole = next((p for p in run.phases if p.name == "all"), None)
    cards = [
        Card("Mean score" if main.quantity == "score" else "Mean of checks", decimal(main.mean).text, interval),
        *(
            Card(
                f"pass@{p.k}",
                decimal(p.pass_at_k).text,
                f"pass^{p.k} {decimal(p.pass_hat_k).text}",
            )
            for p in dict.fromkeys(ends)
        ),
        Card("Episodes", str(run.episodes), f"of {run.planned} planned, {len(run.tasks)} tasks"),
        Card("Left out", str(main.excluded), f"{main.unjudged} not judged yet" if main.unjudged else "no score, not the agent's fault"),
        Card("Median episode", UNKNOWN if whole is None else f"{whole.p50:.2f} s", "" if whole is None else f"p99 {whole.p99:.2f} s"),
        Card("Cost", UNKNOWN if cost.total is None else f"${decimal(float(cost.total), 2).text}", f"reported by {cost.episodes} attempts"),
    ]  # fmt: skip
    return tuple(cards)


def _name(value: str) -> str:
    return one_line(named(value).text)


def asset(name: str) -> str:
    """The text of a file of this package."""
    return (resources.files("clawc.runtime.report") / name).read_text(encoding="utf-8")


def _hash(inline: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}"
