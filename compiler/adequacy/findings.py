"""What authors are told: for each place of the query the changes that the inputs do not tell apart, and the rows that would."""

from __future__ import annotations

from dataclasses import dataclass

from clawc.compiler.adequacy.mutant import HelpfulRow, QueryMutant
from clawc.compiler.model import Task
from clawc.compiler.source import Diagnostic, Diagnostics, Source
from clawc.spec.ast import Span
from clawc.stdlib.checks.kinds import cut

CODE = "W0811"
MAX_ROWS = 3
MAX_ROW = 200


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One place of the query that the inputs do not test: the changes of it, and rows to add."""

    source: Source
    span: Span
    message: str
    help: str
    mutants: tuple[QueryMutant, ...]

    @property
    def diagnostic(self) -> Diagnostic:
        return Diagnostic(CODE, self.message, self.source, self.span, self.help)


def findings(task: Task, mutants: list[QueryMutant]) -> list[DataFinding]:
    """One finding for each place, in the order of the source; a condition as a whole only where no part of it has one."""
    places: dict[tuple[str, Span], list[QueryMutant]] = {}
    for mutant in mutants:
        if mutant.status == "same":
            places.setdefault((mutant.source.path, mutant.span), []).append(mutant)
    found: list[DataFinding] = []
    for (path, span), group in places.items():
        inner = [s for p, s in places if p == path and s != span and span.start <= s.start and s.end <= span.end]
        if not (inner and all(m.operator == "filter" for m in group)):
            found.append(_finding(task, group))
    return found


def report(diagnostics: Diagnostics, found: list[DataFinding]) -> None:
    """Adds the findings to diagnostics."""
    for one in found:
        diagnostics.add(CODE, one.source, one.span, one.message, one.help)


def _finding(task: Task, group: list[QueryMutant]) -> DataFinding:
    first = group[0]
    more = f", nor from {_others(len(group) - 1)}" if len(group) > 1 else ""
    rows: dict[HelpfulRow, None] = {m.row: None for m in group if m.row is not None}
    return DataFinding(first.source, first.span, f"the inputs do not distinguish {first.shown}{more}",
                       "add " + "; ".join(_advice(row) for row in list(rows)[:MAX_ROWS]), tuple(group))  # fmt: skip


def _others(number: int) -> str:
    return "one other change of it" if number == 1 else f"{number} other changes of it"


def _advice(row: HelpfulRow) -> str:
    where = f" to `{row.path}`" if row.path else " to the list in the source"
    count = "a row" if len(row.rows) == 1 else f"{len(row.rows)} rows"
    what = f" with {row.what}" if row.what and len(row.rows) == 1 else ""
    return f"{count}{what}{where}, such as {' and '.join(f'`{cut(r, MAX_ROW)}`' for r in row.rows[:2])}"
