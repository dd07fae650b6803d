"""Rows that an author could add to the inputs so that two queries differ: built from rows that are there, and tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from clawc.compiler.adequacy.cells import MAX_OTHERS, extremes, fitted, others, with_own_keys
from clawc.compiler.adequacy.evaluation import Budget, Values
from clawc.compiler.adequacy.graph import Graph, Root
from clawc.compiler.adequacy.judging import Uses, differ, differs
from clawc.compiler.adequacy.lineage import Lineage, Origin
from clawc.compiler.adequacy.mutant import HelpfulRow, Hint, Vary
from clawc.compiler.adequacy.solving import solved
from clawc.compiler.adequacy.sources import Input, literal
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.spec import core
from clawc.spec.core import Core
from clawc.stdlib.checks.values import Unmet

MAX_TRIALS = 40
MAX_UNLIKELY = 20
MAX_WORLDS = 100
MAX_TRIALS_OF_TASK = 1_500
MAX_BASES = 4
MAX_DELETED = 40
MAX_ADDED = 12


class Change(NamedTuple):
    """What is asked of a row search: the changed tree, the roots that it concerns and how they are judged.

    `sites` are the lowest nodes with a value that the change concerns.
    """

    changed: Callable[[Core], Core]
    roots: list[tuple[Root, Uses]]
    hint: Hint
    sites: list[Core]
    lacking: int = 0  # rows, where a number of them is what matters


class RowSearch:
    """Looks for rows over the inputs of one task, and keeps what is common to all searches."""

    def __init__(self, graph: Graph, inputs: dict[int, Input], budget: Budget) -> None:
        self._graph = graph
        self._inputs = inputs
        self._budget = budget
        self._lineage = Lineage(graph, inputs)
        self._bare: dict[str, dict[int, Any]] = {}
        self._roots: list[tuple[Root, Uses]] = []
        self._bases: dict[tuple[object, ...], list[dict[str, Any]]] = {}
        self._worlds: dict[tuple[str, str], Values] = {}
        self._left = MAX_TRIALS_OF_TASK

    def find(self, change: Change) -> HelpfulRow | None:
        """Rows with which the changed tree gives another answer; None where none was found."""
        try:
            return self._found(change)
        except Unmet:  # a number that is too large to be written
            return None

    def _found(self, change: Change) -> HelpfulRow | None:
        tried: set[tuple[str, str]] = set()
        self._roots = change.roots
        for input, rows, what in self._candidates(change):
            key = (input.key, repr(rows))
            if key in tried:
                continue
            if len(tried) >= MAX_TRIALS or self._left <= 0:
                return None
            tried.add(key)
            self._left -= 1
            if self._tells(change, input, rows):
                return HelpfulRow(input.path, tuple(map(input.written, rows)), what)
        return None

    def _tells(self, change: Change, input: Input, rows: list[dict[str, Any]]) -> bool:
        if input.form == "line" and not all(map(input.line, rows)):
            return False
        values = self._tried(input, rows)
        try:
            if not differs(values, change.sites, change.changed):
                return False
            for root, uses in change.roots:
                truth = values.of(root.node)
                if not uses.accepts(values.of(change.changed(root.node)), truth):
                    return True
        except EvaluationFault:
            return False
        return False

    def _tried(self, input: Input, rows: list[dict[str, Any]]) -> Values:
        """The world with some rows more; mutants of one place often try the same."""
        key = (input.key, repr(rows))
        if key not in self._worlds:
            if len(self._worlds) >= MAX_WORLDS:
                self._worlds.clear()
            self._worlds[key] = self._world(input, input.with_rows(rows))
        return self._worlds[key]

    def _world(self, input: Input, table: Any) -> Values:
        """The values of a task in which a table of the inputs is another one."""
        if input.key not in self._bare:
            above = self._graph.above(input.nodes)
            self._bare[input.key] = {k: v for k, v in self._graph.values.items() if k not in above}
        values = Values(self._bare[input.key], self._budget)
        values.state.values.update((id(node), table) for node in input.nodes)
        return values

    def _candidates(self, change: Change) -> Iterator[tuple[Input, list[dict[str, Any]], str]]:
        hint = change.hint
        below = self._below(change)
        if hint.rows:
            for input in below:
                rows = self._clones(input, max(1, change.lacking))
                if 0 < len(rows) <= MAX_ADDED:
                    yield input, rows, "" if len(rows) == 1 else f"{len(rows)} rows"
        if hint.duplicate:
            for input in below:
                for base in self._base_rows(input):
                    yield input, [with_own_keys(input, base, "")], "values that are there already"
                    yield input, [dict(base)], "values that are there already"
        yield from self._varied(hint)
        if hint.twice:
            yield from self._twice(hint)
        for input in below:
            for base in self._base_rows(input):
                yield input, [with_own_keys(input, base, "")], ""

    def _varied(self, hint: Hint) -> Iterator[tuple[Input, list[dict[str, Any]], str]]:
        """Rows with another value in a column that matters: first the values that were asked for, then others."""
        for likely in (True, False):
            left = MAX_UNLIKELY
            for vary in hint.vary:
                for origin in self._lineage.leaves(vary.expression)[:3]:
                    for base in self._base_rows(origin.input):
                        values = self._wanted(vary, origin, base) if likely else others(origin, base)
                        for value in values:
                            fit = fitted(value, origin.input.columns[origin.column], origin.input.form, hint)
                            if fit is None or fit[0] == base.get(origin.column):
                                continue
                            left -= not likely
                            if left < 0:
                                break
                            row = with_own_keys(origin.input, {**base, origin.column: fit[0]}, origin.column)
                            what = f"{origin.column} = {literal(fit[0])}"
                            yield origin.input, [row], what
            if likely:
                yield from self._boosted(hint)
        yield from self._tied(hint)

    def _twice(self, hint: Hint) -> Iterator[tuple[Input, list[dict[str, Any]], str]]:
        """Two rows more, far from each other, so that a group has three."""
        for vary in hint.vary:
            for origin in self._lineage.leaves(vary.expression)[:1]:
                column = origin.input.columns[origin.column]
                for base in self._base_rows(origin.input)[:2]:
                    fits = [fitted(v, column, origin.input.form, hint) for v in others(origin, base)]
                    values = [f[0] for f in fits if f is not None and f[0] != base.get(origin.column)]
                    for one, two in zip(values, [*values[2:], *values[:2]]):
                        rows = [
                            with_own_keys(origin.input, {**base, origin.column: value}, origin.column, n)
                            for n, value in enumerate((one, two))
                        ]
                        yield origin.input, rows, f"{origin.column} = {literal(one)} and {literal(two)}"

    def _boosted(self, hint: Hint) -> Iterator[tuple[Input, list[dict[str, Any]], str]]:
        """Rows with a value that matters that also lie first or last by another number, so that no `take` leaves them out."""
        for vary in hint.vary:
            if not vary.values:
                continue
            for origin in self._lineage.leaves(vary.expression)[:1]:
                columns = origin.input.columns
                numbers = [n for n, c in columns.items() if c.kind == "number" and n != origin.column and not c.key]
                for base in self._base_rows(origin.input)[:2]:
                    for value in list(self._wanted(vary, origin, base))[:2]:
                        fit = fitted(value, columns[origin.column], origin.input.form, hint)
                        for name in numbers[:MAX_OTHERS] if fit is not None else ():
                            for extreme in extremes(columns[name]):
                                row = {**base, origin.column: fit[0] if fit else None, name: extreme}
                                what = (
                                    f"{origin.column} = {literal(row[origin.column])} and {name} = {literal(extreme)}"
                                )
                                yield origin.input, [with_own_keys(origin.input, row, origin.column)], what

    def _tied(self, hint: Hint) -> Iterator[tuple[Input, list[dict[str, Any]], str]]:
        """Rows that tie in computed keys, such as a sum that another group has: the cells of two columns at once."""
        if len(hint.vary) < 2:
            return
        first = self._lineage.leaves(hint.vary[0].expression)[:1]
        for vary in hint.vary[1:]:
            for origin in self._lineage.leaves(vary.expression)[:2]:
                if not first or origin.input is not first[0].input or origin.column == first[0].column:
                    continue
                sums = [v for v in self._values_of(vary) if v is not None][:MAX_OTHERS]
                for base in self._base_rows(origin.input)[:2]:
                    for one in others(first[0], base):
                        for two in sums:
                            a = fitted(one, origin.input.columns[first[0].column], origin.input.form, hint)
                            b = fitted(two, origin.input.columns[origin.column], origin.input.form, hint)
                            if a is not None and b is not None:
                                row = {**base, first[0].column: a[0], origin.column: b[0]}
                                what = f"{first[0].column} = {literal(a[0])} and {origin.column} = {literal(b[0])}"
                                yield origin.input, [with_own_keys(origin.input, row, first[0].column)], what

    def _values_of(self, vary: Vary) -> list[Any]:
        """The values of a column of a table that is worked out."""
        col = vary.expression
        if not isinstance(col, core.Col):
            return []
        return [row.get(col.name) for row in self._graph.rows_of(col.row)]

    def _wanted(self, vary: Vary, origin: Origin, base: dict[str, Any]) -> Iterator[Any]:
        """The values for a column of an input that give an expression the values that are asked for."""
        direct = isinstance(vary.expression, core.Col) and isinstance(self._lineage.column(vary.expression), Origin)
        if not direct:
            inlined = self._lineage.inlined(vary.expression)
            if inlined is not None and vary.values:
                firsts = self._firsts(inlined, origin, base)
                world = Values(self._graph.values, self._budget)
                for wanted in vary.values[:3]:
                    yield from solved(inlined, self._lineage, origin, firsts, wanted, world)
        yield from vary.values

    def _firsts(self, expression: Core, origin: Origin, base: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """A row for each input that an expression reads."""
        rows = {o.input.key: o.input.rows[0] for o in self._lineage.leaves(expression) if o.input.rows}
        return {**rows, origin.input.key: base}

    def _below(self, change: Change) -> list[Input]:
        """The inputs that the changed nodes are built on."""
        found: dict[str, Input] = {}
        for node in change.sites[:4]:
            for part in core.walk(node):
                read = self._inputs.get(id(part))
                if read is not None:
                    found.setdefault(read.key, read)
        return list(found.values())

    def _base_rows(self, input: Input) -> list[dict[str, Any]]:
        """Rows to build on: those first without which the answers that the change concerns would be others."""
        key = (input.key, *(id(root.node) for root, _ in self._roots))
        if key not in self._bases:
            count = self._influential(input)
            rest = [n for n in range(len(input.rows)) if n not in count][: max(1, MAX_BASES - len(count))]
            self._bases[key] = [input.rows[n] for n in (*count, *rest)]
        return self._bases[key]

    def _influential(self, input: Input) -> list[int]:
        """The places of the first rows that matter, found by leaving out half of the rows, half of these, and so on."""
        found: list[int] = []
        waiting = [(0, len(input.rows))]
        for _ in range(MAX_DELETED):
            if not waiting or len(found) == MAX_BASES:
                break
            start, end = waiting.pop()
            if not self._matter(input, start, end):
                continue
            if end - start == 1:
                found.append(start)
                continue
            middle = (start + end) // 2
            waiting += [(middle, end), (start, middle)]
        return found

    def _matter(self, input: Input, start: int, end: int) -> bool:
        try:
            values = self._world(input, input.without(start, end))
            return any(differ(values.of(root.node), self._graph.value(root.node)) for root, _ in self._roots)
        except EvaluationFault:
            return True

    def _clones(self, input: Input, number: int) -> list[dict[str, Any]]:
        bases = self._base_rows(input)
        if number > MAX_ADDED or not bases:
            return []
        rows: list[dict[str, Any]] = []
        for n in range(number):
            rows.append(with_own_keys(input, bases[n % len(bases)], "", n))
        return rows
