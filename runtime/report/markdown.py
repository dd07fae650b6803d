"""The report as Markdown (GitHub's dialect): every text of a record stands for itself and marks nothing up."""

from __future__ import annotations

import re

from clawc.runtime.report.document import Report
from clawc.runtime.report.tables import UNKNOWN, Table, change_table, comparison_table, named, overview, run_tables
from clawc.runtime.report.text import footer, one_line

ROWS = 200
_CHANGES = 20
# Besides what marks up: `@` mentions people, `#` issues, `:` stands in addresses and in names of pictures.
_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~$@&]|:(?=//|[a-z+-]\w*:)|(?<=www)\.", re.IGNORECASE)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;", "#": "&#35;", ":": "&#58;", ".": "&#46;"}


def as_markdown(report: Report, rows: int = ROWS) -> str:
    """Overview, comparisons, then a section for each run."""
    parts = ["# Run report\n", _table(overview(report), level=2)]
    if report.comparisons:
        parts.append(_table(comparison_table(report.comparisons, report.resampling.level), level=2))
        for c in report.comparisons:
            parts += [f"- run {_named(c.other)}: {escaped(note)}\n" for note in c.notes]
            parts.append(_table(change_table(c, _CHANGES), level=3))
    for run in report.runs:
        facts = [("run", run.run_id), ("agent", run.agent), ("started", run.started), ("ended", run.ended)]
        facts += [("suite", run.suite)] if run.suite else []
        parts.append(f"## {_named(run.label)}\n\n" + ", ".join(f"{k} {_named(v or UNKNOWN)}" for k, v in facts) + "\n")
        parts += [f"> **Alarm.** {escaped(alarm)}\n" for alarm in run.alarms]
        parts += [f"- {escaped(note)}\n" for note in run.notes]
        parts += [_table(table, level=3) for table in run_tables(report, run, rows)]
    parts.append(escaped(" ".join(footer(report).split())) + "\n")
    return "\n".join(part for part in parts if part)


def escaped(text: str) -> str:
    """One line that Markdown shows as it is, in a table too."""
    return _SPECIAL.sub(_escape, one_line(text))


def _named(name: str) -> str:
    return escaped(named(name).text)


def _escape(found: re.Match[str]) -> str:
    return "".join(_ENTITIES.get(c) or (f"\\{c}" if not c.isalnum() else c) for c in found[0])


def _table(table: Table, *, level: int) -> str:
    if not table.rows:
        return ""
    lines = [
        " | ".join(escaped(column.name) for column in table.columns),
        " | ".join("---:" if column.numeric else "---" for column in table.columns),
        *(" | ".join(escaped(cell.text) for cell in row) for row in table.rows),
    ]
    more = f"\n{table.more} more are not shown.\n" if table.more else ""
    return f"{'#' * level} {escaped(table.title)}\n\n" + "".join(f"| {line} |\n" for line in lines) + more
