"""Tolerances so wide that the answer of another query passes: accepted as it is, refused without the tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clawc.compiler.adequacy import QueryMutant
from clawc.compiler.adequacy.answers import answers
from clawc.compiler.mutants.pins import tolerances
from clawc.compiler.passes.trial import Trial
from clawc.compiler.pipeline import Compiled
from clawc.compiler.prove.strict import without_tolerance
from clawc.compiler.witness.derive import events_of

# A tolerance is there for these.
_ROUNDING = ("rounding", "decimals", "whole_number")


def hidden_by_tolerance(compiled: Compiled, queries: list[QueryMutant]) -> Iterator[tuple[QueryMutant, str]]:
    """Each changed query with each check whose tolerance hides the change."""
    tolerant = {name for name, within in tolerances(compiled.trial).items() if within}
    if not tolerant:
        return
    events = events_of(compiled.witness.steps)
    strict: Trial | None = None
    for query in queries:
        affected = {name for name, _, _ in query.conditions} & tolerant
        if query.status != "changed" or not affected or query.operator in _ROUNDING or query.runs:
            continue
        answer = answers(compiled, replace(query, sure=True))
        if answer is None or _same(answer, compiled.witness.written):
            continue
        accepted = affected - _failed(compiled.trial, answer, events)
        if accepted:
            strict = strict or without_tolerance(compiled.trial)
            for name in sorted(accepted & _failed(strict, answer, events)):
                yield query, name


def _failed(trial: Trial, answer: Mapping[str, bytes | None], events: list[dict[str, object]]) -> set[str]:
    return {c["name"] for c in trial.judge(answer, events)["checks"] if not c["passed"]}


def _same(a: Mapping[str, bytes | None], b: Mapping[str, bytes | None]) -> bool:
    return all(b.get(path) == data for path, data in a.items())
