"""What has to be judged to prove a checker: the oracle, the probes, the mutants and the answers of mutated queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from clawc.compiler.adequacy import QueryMutant, answers, query_mutants
from clawc.compiler.adequacy.answers import written_by_solution
from clawc.compiler.mutants.derive import mutants_of
from clawc.compiler.mutants.model import Mutant
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.trial import uses_run
from clawc.compiler.pipeline import Compiled
from clawc.compiler.prove.probe import Probe, probes_of
from clawc.compiler.prove.tests import Tested, tests_of
from clawc.compiler.prove.tolerance import hidden_by_tolerance
from clawc.compiler.witness.derive import events_of

Level = Literal["admit", "release"]
MUTANTS: dict[Level, int] = {"admit": 40, "release": 400}
# Of a task whose checks run programs, for each of them.
_WITH_PROGRAMS = 120
# Queries of a further instance that are tried.
_FEW_QUERIES = 6
QUERY = "query"


class Case(NamedTuple):
    """A workspace to judge: `files` over the inputs (None: not there), and the trajectory."""

    files: Mapping[str, bytes | None]
    events: list[dict[str, Any]]


def programs_of(compiled: Compiled) -> list[tuple[str, ...]]:
    """The commands that the oracle runs after it has written its files, which leave deliverables of their own."""
    return [d.made_by for d in compiled.task.delivers if d.made_by]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything of one task that is to be judged. Cases come in the order oracle, probes, mutants, tests."""

    compiled: Compiled
    level: Level
    oracle: Case
    probes: list[Probe]
    mutants: list[Mutant]
    queries: list[QueryMutant]
    asked: dict[int, int]  # which query a mutant is the answer of: id of the mutant, place of the query
    runs: frozenset[str]  # checks that only the runtime can judge
    tests: list[Tested]  # that the compiler could not try
    hidden: list[tuple[QueryMutant, str]]  # changed queries, and checks whose tolerance accepts their answers

    def cases(self) -> Iterator[Case]:
        yield self.oracle
        for probe in self.probes:
            yield Case(probe.files, probe.events)
        for mutant in self.mutants:
            yield self.case_of(mutant)
        for tested in self.tests:
            yield Case(tested.files, tested.events)

    def case_of(self, mutant: Mutant) -> Case:
        events = self.oracle.events if mutant.events is None else list(mutant.events)
        return Case({**self.oracle.files, **mutant.files}, events)


def plan_of(compiled: Compiled, level: Level, limit: int = 0, *, another: bool = False, advice: bool = True) -> Plan:
    """The plan of a sound task; `limit` is the number of mutants, that of the level unless given. `another`: the template of
    the task was proved by an instance, so at level admit fewer queries are tried, and no rows are looked for. `advice`: rows
    are looked for that would tell changed queries apart."""
    task, trial, witness = compiled.task, compiled.trial, compiled.witness
    trial.remember()
    events = events_of(witness.steps)
    runs = needs_run(compiled)
    limit = limit or min(MUTANTS[level], _WITH_PROGRAMS if runs else MUTANTS[level])
    mutants = mutants_of(trial, witness, limit)
    few = another and level == "admit"
    queries = query_mutants(task, compiled.sealer, some=_FEW_QUERIES if few else 0, rows=advice)
    answered = list(_answered(compiled, queries))
    asked: dict[int, int] = {}
    seen = {_mark(m) for m in mutants}
    for query, answer in answered:
        if not query.sure:
            continue
        number = next(n for n, q in enumerate(queries) if q is query)
        mutant = _of_query(query, answer, frozenset(query.checks))
        if _mark(mutant) not in seen:
            seen.add(_mark(mutant))
            asked[id(mutant)] = number
            mutants.append(mutant)
    for number, query in enumerate(queries):
        if not query.hidden and id(query) not in {id(q) for q, _ in answered}:
            files = written_by_solution(compiled, query)
            other = None if files is None else _of_query(query, files, frozenset())
            if other is not None and _mark(other) not in seen:
                seen.add(_mark(other))
                asked[id(other)] = number
                mutants.append(other)
    return Plan(compiled, level, Case(witness.written, events), list(probes_of(task, trial.pristine, witness.written)), mutants, queries, asked, runs,
                list(tests_of(task, witness, runs)),
                [] if few else list(hidden_by_tolerance(compiled, answered)))  # fmt: skip


def _of_query(query: QueryMutant, answer: Mapping[str, bytes | None], checks: frozenset[str]) -> Mutant:
    what = (
        f"the answer of `{query.after}` instead of `{query.before}`"
        if query.after
        else f"the answer without `{query.before}`"
    )
    return Mutant(f"{QUERY}_{query.operator}", "wrong", "", "the query", what, answer, checks, True, None, query.span)


def _answered(compiled: Compiled, queries: list[QueryMutant]) -> Iterator[tuple[QueryMutant, dict[str, bytes | None]]]:
    """Changed queries with their answers, where these are other ones than the oracle's."""
    for query in (q for q in queries if q.status == "changed"):
        answer = answers(compiled, replace(query, sure=True))
        if answer is not None and any(compiled.witness.written.get(p) != d for p, d in answer.items()):
            yield query, answer


def needs_run(compiled: Compiled) -> frozenset[str]:
    """Checks that read what a program did, and those that wait for them."""
    checks = compiled.task.checks
    found = {c.name for c in checks if any(uses_run(e.core) for e in c.expects)}
    while more := {c.name for c in checks if set(c.after) & found} - found:
        found |= more
    return frozenset(found)


def judge_here(plan: Plan) -> list[dict[str, Any] | str | None]:
    """The verdicts of all cases, in this process; a text where one takes too many steps."""
    trial = plan.compiled.trial
    trial.remember()
    found: list[dict[str, Any] | str | None] = []
    for case in plan.cases():
        trial.state.steps = 0
        try:
            found.append(trial.judge(case.files, case.events))
        except EvaluationFault as fault:
            found.append(str(fault))
    return found


def _mark(mutant: Mutant) -> object:
    return mutant.kind, tuple(sorted((p, d or b"", d is None) for p, d in mutant.files.items())), repr(mutant.events)
