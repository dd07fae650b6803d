"""What a query mutant is: one change of the static query that an author could have meant, and what it does to the values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from clawc.compiler.source import Source
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.core import Call, Core, Fresh, Logic

Status = Literal["changed", "same", "fault", "not_applicable"]


class Vary(NamedTuple):
    """An expression of a row, and the values that would tell the two queries apart, the best first."""

    expression: Core
    values: tuple[Any, ...] = ()


class Hint(NamedTuple):
    """What rows tell a change from the original.

    `duplicate`: a row that is there already; `rows`: how many rows the table must have; `twice`: two rows at once;
    `signed`: negative numbers are meant, `empty`: cells without a value are.
    """

    vary: tuple[Vary, ...] = ()
    duplicate: bool = False
    rows: int = 0
    twice: bool = False
    signed: bool = False
    empty: bool = False


class Neighbour(NamedTuple):
    """A node that could stand in the place of another: the part of the source that differs, before and after.

    `after` is empty where the part is left out. With a `reason` the change is not tried. `certain` is False where the
    inputs may well have a rule that makes both the same, such as a name that goes with a number.
    """

    node: Core
    span: Span
    before: str
    after: str
    hint: Hint = Hint()
    reason: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """A node of the query as it is written, and what is known of the values around it.

    `sample` gives the values of a row expression on the rows of the inputs, `settled` the value of a node without free
    rows (MISSING: unknown), `column` a column of the rows of a node; `told` is what the agent is told.
    """

    node: Call | Logic
    written: ast.Expr | ast.Stage
    source: Source
    sample: Callable[[Core], list[Any]]
    settled: Callable[[Core], Any]
    column: Callable[[Core, str], Core]
    told: str
    fresh: Fresh

    def slice(self, start: int, end: int) -> str:
        """A part of the source on one line."""
        return " ".join(self.source.text[start:end].split())

    def shown(self, span: Span) -> str:
        return self.slice(span.start, span.end)

    def with_part(self, whole: Span, part: Span, text: str) -> str:
        """The source of `whole`, with `text` in place of `part`."""
        return " ".join(
            (self.source.text[whole.start : part.start] + text + self.source.text[part.end : whole.end]).split()
        )


@dataclass(frozen=True, slots=True)
class HelpfulRow:
    """Rows to add to a table of the inputs, as its file writes them; `what` says which values matter."""

    path: str
    rows: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class QueryMutant:
    """One change of the query: the operator, the part of the source, and what came of it.

    `let` is the innermost `let` or `def` in which it stands. `checks` are those whose sealed values it concerns; of a
    changed one those that its answer must fail (`sure`), or if there are none, those whose values change. `conditions`
    are all that the change reaches, of a changed mutant: check, place of the `expect`, core. `runs`: to judge `checks`
    programs have to be run. `hidden`: checks that accept the other value by their tolerance alone.
    """

    operator: str
    source: Source
    span: Span
    before: str
    after: str
    let: str
    status: Status
    reason: str = ""
    checks: tuple[str, ...] = ()
    conditions: tuple[tuple[str, int, Core], ...] = ()
    replaced: tuple[tuple[Core, Core], ...] = ()
    row: HelpfulRow | None = None
    sure: bool = False
    runs: bool = False
    hidden: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The change as messages show it."""
        return (
            f"`{self.before}` from `{self.after}`"
            if self.after
            else f"the query with `{self.before}` from one without it"
        )
