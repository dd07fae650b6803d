"""Tolerances so wide that the answer of another query passes: accepted as it is, refused without the tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clawc.compiler.adequacy import QueryMutant
from clawc.compiler.passes.trial import Trial
from clawc.compiler.pipeline import Compiled
from clawc.compiler.prove.strict import without_tolerance
from clawc.compiler.witness.derive import events_of

# A tolerance is there for these.
_ROUNDING = ("rounding", "decimals", "whole_number")


def hidden_by_tolerance(
    compiled: Compiled, answered: Sequence[tuple[QueryMutant, Mapping[str, bytes | None]]]
) -> Iterator[tuple[QueryMutant, str]]:
    """Each changed query with each check whose tolerance hides the change; `answered` are queries with their answers. Both
    judges are asked: the columns that a deliverable has may be fewer than those of the value."""
    events = events_of(compiled.witness.steps)
    strict: Trial | None = None
    for query, answer in answered:
        if not query.hidden or query.operator in _ROUNDING or query.runs:
            continue
        accepted = set(query.hidden) - _failed(compiled.trial, answer, events)
        if accepted:
            strict = strict or without_tolerance(compiled.trial)
            for name in sorted(accepted & _failed(strict, answer, events)):
                yield query, name


def _failed(trial: Trial, answer: Mapping[str, bytes | None], events: list[dict[str, object]]) -> set[str]:
    return {c["name"] for c in trial.judge(answer, events)["checks"] if not c["passed"]}
