"""All neighbours of the static query of a task: each evaluated, and where nothing changes, rows looked for that would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from clawc.compiler.adequacy import orders
from clawc.compiler.adequacy.evaluation import MAX_COST_OF_ROWS, Budget, Exhausted, TooLong, Values, memo_of
from clawc.compiler.adequacy.graph import Graph, Root, graph_of
from clawc.compiler.adequacy.judging import Uses, differs, uses_of
from clawc.compiler.adequacy.mutant import HelpfulRow, Hint, Neighbour, QueryMutant, Site, Status
from clawc.compiler.adequacy.operators import BY_FUNCTION, OPERATORS, Operator
from clawc.compiler.adequacy.rows import Change, RowSearch
from clawc.compiler.adequacy.sources import inputs_of
from clawc.compiler.adequacy.substitute import Substitution
from clawc.compiler.adequacy.written import Place, places
from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trial import uses_run
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Core, Fresh
from clawc.stdlib.checks.values import MISSING, Table, Unmet

MAX_MUTANTS = 200
MAX_TEXT = 120
RANKS = {operator.name: place for place, operator in enumerate(OPERATORS)}
# Rows that operators make: no number that elaboration gives.
FIRST_ROW = 10**9


@dataclass(slots=True)
class _Written:
    """One change as it is written: the nodes that it replaces, as a definition may be used more than once."""

    operator: str
    place: Place
    made: list[tuple[Core, Neighbour]] = field(default_factory=list[tuple[Core, Neighbour]])


class _Seen(NamedTuple):
    """A change among the nodes: the changed tree, the roots above it, and the lowest nodes with a value."""

    changed: Substitution
    roots: list[tuple[Root, Uses]]
    sites: list[Core]


class _Same(NamedTuple):
    """A mutant that changes nothing, by its place."""

    place: int
    change: _Written
    seen: _Seen


class Outcome(NamedTuple):
    """What came of a change; `sure` when `checks` demand a value that is another one then; `hidden`: those whose tolerance
    accepts the other value."""

    status: Status
    reason: str = ""
    checks: tuple[str, ...] = ()
    sure: bool = False
    hidden: tuple[str, ...] = ()


def query_mutants(task: Task, sealer: Sealer, *, some: int = 0, rows: bool = True) -> list[QueryMutant]:
    """The mutants of all static expressions that checks are built on, in the order of the source; at most 200.

    With `some` only so many are tried, other ones for each seed, and no rows are looked for that would tell a change from
    the original, so that nothing is said of changes without effect: for instances of a task of which one was tried whole.
    Without `rows` all are tried, and no rows are looked for: where nobody reads advice about the inputs.
    """
    try:
        return Ground(task, sealer).mutants(some, rows and not some)
    except RecursionError:
        return []


class Ground:
    """What all mutants of one task share."""

    def __init__(self, task: Task, sealer: Sealer) -> None:
        self.task = task
        self.graph: Graph = graph_of(task)
        self.graph.values = memo_of(sealer.task)
        self.budget = Budget()
        self.base = Values(self.graph.values, self.budget)
        self.fresh = Fresh(FIRST_ROW)
        self.samples: dict[int, list[Any]] = {}
        self.columns: dict[tuple[int, str], Core] = {}
        self.uses: dict[tuple[int, int], Uses] = {}
        self.search: RowSearch | None = None
        self.running = {c.name for c in task.checks if any(uses_run(e.core) for e in c.expects)}
        self.cores = {(c.name, n): e.core for c in task.checks for n, e in enumerate(c.expects)}

    def mutants(self, some: int = 0, rows: bool = True) -> list[QueryMutant]:
        """Each change of the source with what came of it; then rows for those that change nothing."""
        found: list[QueryMutant] = []
        same: list[_Same] = []
        try:
            for change in _some(self.changes(), some, self.task.seed):
                mutant, seen = self.mutant(change)
                if mutant.status == "same":
                    same.append(_Same(len(found), change, seen))
                found.append(mutant)
        except Exhausted:
            pass
        for place, change, seen in same:
            row, reason = self.helpful(change, seen) if rows else (None, "rows that would tell it were not looked for")
            status: Status = "same" if row is not None else "not_applicable"
            found[place] = replace(found[place], status=status, reason=reason, row=row)
        return found

    def changes(self) -> list[_Written]:
        """All changes, by where and how they are written."""
        written = places(self.task) if self.graph.roots else {}
        found: dict[tuple[str, Span, str, str], _Written] = {}
        for node in self.graph.nodes.values():
            name = node.function if isinstance(node, core.Call) else node.op if isinstance(node, core.Logic) else ""
            operators = BY_FUNCTION.get(name, ())
            place = written.get(node.span) if operators else None
            if place is None or not isinstance(node, (core.Call, core.Logic)):
                continue
            site = Site(
                node, place.node, place.source, self.sample, self.settled, self.column, self.task.told, self.fresh
            )
            for operator in operators:
                for neighbour in _neighbours(operator, site):
                    key = (place.source.path, neighbour.span, operator.name, neighbour.after)
                    if neighbour.after != neighbour.before:
                        found.setdefault(key, _Written(operator.name, place)).made.append((node, neighbour))
        return [found[key] for key in sorted(found, key=lambda k: (k[0] != self.task.source.path, *k[:2], RANKS[k[2]]))]

    def mutant(self, change: _Written) -> tuple[QueryMutant, _Seen]:
        """One change, evaluated."""
        first = change.made[0][1]
        nodes = [node for node, _ in change.made]
        above = self.graph.above(nodes)
        changed = Substitution({id(node): n.node for node, n in change.made}, above, self.graph.known)
        roots = [(root, self.use(root)) for root in self.graph.roots if id(root.node) in above]
        seen = _Seen(changed, roots, self.graph.closed(nodes))
        outcome = Outcome("not_applicable", first.reason) if first.reason else self.outcome(seen)
        status, reason, checks, sure, hidden = outcome
        conditions = tuple(
            (check, place, changed(node)) for (check, place), node in self.cores.items() if id(node) in above
        )  # fmt: skip
        mutant = QueryMutant(
            change.operator, change.place.source, first.span, _cut(first.before), _cut(first.after), change.place.let,
            status, reason, checks or tuple(dict.fromkeys(root.check for root, _ in roots)),
            conditions if status == "changed" else (), tuple((node, n.node) for node, n in change.made), None, sure,
            not self.running.isdisjoint(checks), hidden,
        )  # fmt: skip
        return mutant, seen

    def outcome(self, seen: _Seen) -> Outcome:
        """Does any sealed value become one that is not accepted? With the checks of such values."""
        values = Values(self.graph.values, self.budget)
        checks: dict[str, bool] = {}
        hidden: dict[str, None] = {}
        try:
            if not differs(values, seen.sites, seen.changed):
                return Outcome("same")
            for root, uses in seen.roots:
                truth = values.of(root.node)
                made = values.of(seen.changed(root.node))
                if not uses.accepts(made, truth):
                    checks[root.check] = checks.get(root.check, False) or (uses.compared and root.demanded)
                elif uses.exactly is not None and not uses.exactly(made, truth):
                    hidden.setdefault(root.check)
        except TooLong as fault:
            return Outcome("not_applicable", fault.message)
        except EvaluationFault as fault:
            return Outcome("fault", fault.message)
        wrong = [name for name, demanded in checks.items() if demanded]
        # The answer of a program cannot be written down, and another deliverable may hold the value too.
        sure = tuple(name for name in wrong if name not in self.running) or tuple(wrong)
        if not checks and not hidden:
            return Outcome("same")
        return Outcome("changed", "", sure or tuple(checks) or tuple(hidden), bool(sure), tuple(hidden))

    def helpful(self, change: _Written, seen: _Seen) -> tuple[HelpfulRow | None, str]:
        """Rows that would tell the change from the original, or why there are none."""
        node, first = change.made[0]
        if not first.certain:
            return None, "the other keys may determine it"
        if change.operator == "sort_key" and all(
            orders.is_free(self.graph, [r for r, _ in seen.roots], n) for n, _ in change.made
        ):
            return None, "the order is not compared"
        if self.search is None:
            self.search = RowSearch(self.graph, inputs_of(self.graph), Budget(MAX_COST_OF_ROWS))
        lacking = 0
        if first.hint.rows and isinstance(node, core.Call):
            rows = self.graph.value(node.args[0])
            lacking = first.hint.rows - len(rows) if isinstance(rows, (Table, list)) else 0  # pyright: ignore[reportUnknownArgumentType]
        try:
            row = self.search.find(Change(seen.changed, seen.roots, _merged(change), seen.sites, lacking))
        except Exhausted:
            return None, "rows that would tell the difference were not looked for to the end"
        return row, "" if row is not None else "no row was found that would tell the difference"

    def use(self, root: Root) -> Uses:
        """How a root is judged."""
        key = (id(root.node), id(root.parent))
        if key not in self.uses:
            self.uses[key] = uses_of(root, self.settled)
        return self.uses[key]

    def settled(self, node: Core) -> Any:
        """The value of a node; MISSING where it has rows that are not known, or no value."""
        if node.free or node.dynamic:
            return MISSING
        value = self.graph.value(node)
        if value is not MISSING:
            return value
        try:
            return self.base.of(node)
        except EvaluationFault:
            return MISSING

    def sample(self, node: Core) -> list[Any]:
        """The values of an expression of one row on the rows over which it runs."""
        if id(node) not in self.samples:
            self.samples[id(node)] = list(self._sampled(node))
        return self.samples[id(node)]

    def _sampled(self, node: Core) -> Iterator[Any]:
        if len(node.free) != 1:
            value = self.settled(node)
            if value is not MISSING:
                yield value
            return
        (row,) = node.free
        try:
            function = self.base.of(core.row_lambda(row, node))
            rows = self.graph.rows_of(row)
            self.budget.take(len(rows) * 4)
            for found in rows:
                yield function(found)
        except EvaluationFault:
            return

    def column(self, table: Core, name: str) -> Core:
        """A column of the rows of a table, as an expression of one row."""
        key = (id(table), name)
        if key not in self.columns:
            row = self.fresh.take()
            self.graph.rows[row] = table
            self.columns[key] = core.Col(row, name, True, table.type, table.span, frozenset({row}))
        return self.columns[key]


def _some(changes: list[_Written], some: int, seed: int) -> list[_Written]:
    """All changes within the bound, or some of them by the seed."""
    if not some or len(changes) <= some:
        return changes[:MAX_MUTANTS]
    start = seed * some % len(changes)
    chosen = [*changes[start:], *changes[:start]][:some]
    return [c for c in changes if c in chosen]


def _neighbours(operator: Operator, site: Site) -> list[Neighbour]:
    """The changes of one node; none where a number in them is too large to be written."""
    try:
        return list(operator.neighbours(site))
    except Unmet:
        return []


def _merged(change: _Written) -> Hint:
    """The hint of the first node, with what the others vary."""
    first = change.made[0][1].hint
    others = tuple(v for _, n in change.made[1:4] for v in n.hint.vary)
    return first._replace(vary=(*first.vary, *others))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
