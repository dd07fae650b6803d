"""A leaderboard as text, JSON and a page. Each table says what difference it can show."""

from __future__ import annotations

import json
from typing import cast

from clawc.runtime.report.json_document import data_of
from clawc.runtime.report.page import Card
from clawc.runtime.report.plots import Spread, spreads
from clawc.runtime.report.tables import (
    UNKNOWN,
    Cell,
    Column,
    Table,
    between,
    confidence,
    count,
    decimal,
    named,
    p_value,
)
from clawc.runtime.suite.leaderboard import ALL, Group, Leaderboard, Standing
from clawc.runtime.suite.page import Page, Part, html_of, text_of

LEADERBOARD_FORMAT_VERSION = 1
_PLOTTED = 60


def as_json(board: Leaderboard) -> str:
    document = {"format_version": LEADERBOARD_FORMAT_VERSION, **cast("dict[str, object]", data_of(board))}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def as_text(board: Leaderboard) -> str:
    return text_of(_page(board))


def as_html(board: Leaderboard) -> str:
    return html_of(_page(board))


def _page(board: Leaderboard) -> Page:
    whole = board.groups[0]
    title = f"{board.suite} {board.version}" if board.suite else "Runs"
    lead = f"{whole.tasks} tasks of {whole.families} families, {len(whole.standings)} runs"
    if board.suite_id:
        lead += f", suite {board.suite_id[:12]}"
    cards = tuple(
        Card(named(s.label, 40).text, decimal(s.score.mean).text, _interval(s, board).text) for s in whole.standings[:3]
    )
    parts = tuple(_part(board, group, f"group{n}") for n, group in enumerate(board.groups))
    return Page(f"Leaderboard: {title}", lead, (), cards, parts, _footer(board))


def _part(board: Leaderboard, group: Group, key: str) -> Part:
    title = "All tasks" if group.name == ALL else f"Split {group.name}"
    plotted = [
        Spread(s.label, s.score.mean, s.score.interval.low, s.score.interval.high, not s.score.trusted)
        for s in group.standings
        if s.score.mean is not None and s.score.interval is not None
    ]
    caption = (
        f"Mean score and {confidence(board.resampling.level)} interval by resampled families; dashed: too few families."
    )
    plots = (spreads(plotted, title, caption, f"{key}-means", _PLOTTED, shares=True),) if plotted else ()
    notes = board.notes if group.name == ALL else ()
    return Part(key, title, notes, (_standings(board, group, title), _pairs(board, group)), plots)


def _standings(board: Leaderboard, group: Group, title: str) -> Table:
    k = max((s.k for s in group.standings), default=0)
    rows = tuple(
        (
            count(rank), named(s.label), decimal(s.score.mean), _interval(s, board),
            *((decimal(s.pass_hat_k),) if k > 1 else ()),
            Cell(f"{s.tasks} of {s.of}", s.tasks / s.of if s.of else 0.0),
            count(s.valid), count(s.infrastructure), count(s.verifier), count(s.missing),
        )
        for rank, s in enumerate(group.standings, 1)
    )  # fmt: skip
    names = (
        "score",
        confidence(board.resampling.level),
        *((f"pass^{k}",) if k > 1 else ()),
        "tasks",
        "valid",
        "infra",
        "verifier",
        "missing",
    )
    columns = (Column("rank", True), Column("agent"), *(Column(name, True) for name in names))
    return Table(
        "standings",
        f"{title}: {group.tasks} tasks of {group.families} families",
        columns,
        rows,
        note=_detectable(group),
    )


def _pairs(board: Leaderboard, group: Group) -> Table:
    rows = tuple(
        (
            named(c.other), named(c.baseline), count(c.tasks), decimal(c.difference, signed=True),
            Cell(UNKNOWN) if c.interval is None else between(c.interval.low, c.interval.high, trusted=c.trusted, signed=True),
            p_value(c.p), p_value(c.p_corrected), decimal(c.detectable_effect), Cell("yes" if c.significant else "no"),
        )
        for c in group.pairs
    )  # fmt: skip
    columns = (
        Column("agent"), Column("less"), *(Column(n, True) for n in ("tasks", "difference", confidence(board.resampling.level), "p", "p (Holm)", "MDE")),
        Column("significant"),
    )  # fmt: skip
    return Table("pairs", "Paired differences", columns, rows, note=_detectable(group))


def _interval(standing: Standing, board: Leaderboard) -> Cell:
    found = standing.score.interval
    return Cell(UNKNOWN) if found is None else between(found.low, found.high, trusted=standing.score.trusted)


def _detectable(group: Group) -> str:
    head = "Minimum detectable effect (two-sided 0.05, power 0.8)"
    if group.detectable is None:
        return f"{head}: unknown, there is one family."
    low, high = (f"{100 * effect:.1f}" for effect in group.detectable)
    if group.assumed:
        return f"{head}: about {low} points with usual variances; no pair of agents tells its own."
    return f"{head}: {low} points." if low == high else f"{head}: {low} to {high} points by pair."


def _footer(board: Leaderboard) -> str:
    how = board.resampling
    return (
        f"clawc {board.clawc}. Intervals: BCa bootstrap over families, {confidence(how.level)}, at most {how.resamples} resamples, seed {how.seed}; "
        f"`?`: too few families to be trusted. Differences: on the tasks that both have, tested by sign flips of families, corrected by Holm over all pairs. "
        f"Passing is a score of at least {board.threshold:g}. Episodes that the infrastructure or the verifier failed are no zeros."
    )
