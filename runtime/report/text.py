"""The report for a terminal: plain tables, nothing in them that moves the cursor or is a command to a CI service."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clawc.compiler.report import clean
from clawc.runtime.report.document import Report, RunReport
from clawc.runtime.report.tables import Table, change_table, comparison_table, confidence, named, overview, run_tables

ROWS = 40
LONGEST = 700
_CHANGES = 10
_COMMAND = re.compile(r"##\[|^(\s*):(?=:)")


def as_text(report: Report, rows: int = ROWS) -> str:
    """Overview, comparisons, then each run; tables end after `rows` rows."""
    parts = [laid_out(overview(report))]
    if report.comparisons:
        parts.append(laid_out(comparison_table(report.comparisons, report.resampling.level)))
        for c in report.comparisons:
            parts += [f"note: {_named(c.other)}: {plain(note)}\n" for note in c.notes]
            parts.append(laid_out(change_table(c, _CHANGES)))
    for run in report.runs:
        parts += _run(report, run, rows, alone=len(report.runs) == 1)
    parts.append(footer(report))
    return "\n".join(part for part in parts if part)


def footer(report: Report) -> str:
    """How intervals are made."""
    how = report.resampling
    return (
        f"Intervals: BCa bootstrap over templates, {confidence(how.level)}, at most {how.resamples} resamples, seed {how.seed}; of a single "
        f"task by Wilson; `?`: too few templates to be trusted.\nPassing is a score of at least {report.threshold:g}. "
        f"Scoring: {_named(report.scoring)}.\n"
    )


def laid_out(table: Table) -> str:
    """A table in columns, with its title; empty without rows."""
    if not table.rows:
        return ""
    head = tuple(column.name for column in table.columns)
    rows = [head, *(tuple(plain(cell.text) for cell in row) for row in table.rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    numeric = [column.numeric for column in table.columns]
    lines = [
        "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric)).rstrip() for row in rows
    ]
    lines[1:1] = ["  ".join("-" * width for width in widths)]
    if table.more:
        lines.append(f"… and {table.more} more; `--format json` has all")
    return f"{plain(table.title)}\n" + "\n".join(f"  {line}" for line in lines) + "\n"


def plain(text: str) -> str:
    """One line for a terminal or a CI log, not longer than LONGEST: no control characters, and no beginning of a workflow
    command."""
    return _COMMAND.sub(lambda m: "## [" if m[0] == "##[" else f"{m[1]}: ", one_line(text))


def one_line(text: str) -> str:
    """Printable characters only, cut to LONGEST of them."""
    return clean((text if len(text) <= LONGEST else text[: LONGEST - 1] + "…").replace("\t", " "))


def _named(name: str) -> str:
    return plain(named(name).text)


def _run(report: Report, run: RunReport, rows: int, *, alone: bool) -> Iterable[str]:
    ran = f", {_named(run.started)} to {_named(run.ended)}" if run.started else ""
    suite = f", suite {_named(run.suite)}" if run.suite else ""
    head = f"run {_named(run.run_id)}, agent {_named(run.agent)}, clawc {_named(run.clawc)}{ran}{suite}"
    if not alone:
        yield f"== {_named(run.label)} ==\n"
    yield (
        head
        + "\n"
        + "".join(f"ALARM: {plain(a)}\n" for a in run.alarms)
        + "".join(f"note: {plain(n)}\n" for n in run.notes)
    )
    for table in run_tables(report, run, rows):
        yield laid_out(table)
