"""Fit, doubt and fit again: items with doubtful verifiers count less for abilities, so they do not bend the scale of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawc.runtime.calibrate.design import design_of
from clawc.runtime.calibrate.flags import Evidence, Flags, Reference, Rule, flags_of, reference_flags
from clawc.runtime.calibrate.irt import Fit, Model, fit
from clawc.runtime.calibrate.marginal import grid_for
from clawc.runtime.calibrate.mixture import Suspicion, suspicion
from clawc.runtime.calibrate.responses import Responses

_PASSES = 2


@dataclass(frozen=True, slots=True)
class Calibration:
    """`fit` is None below two agents or items. Agents that are references are not in the fit. `synthetic` says that the
    agents are imperfect oracles and no models, so that abilities mean nothing outside of the ladder."""

    fit: Fit | None
    flags: Flags
    excluded_share: float
    synthetic: bool = False


def calibrate(
    responses: Responses,
    features: Mapping[str, Sequence[float]] | None = None,
    *,
    references: Mapping[str, Reference] | None = None,
    model: Model = "2pl",
    rule: Rule | None = None,
    level: float = 0.95,
    synthetic: bool = False,
) -> Calibration:
    """Difficulties, abilities and flags of a table of responses.

    `features` are numbers of each item that tell how hard it should be (steps, files, joins); `references` names agents that do nothing
    ("null") or all that is asked ("oracle"), from whom a single verdict is evidence. The same table gives the same
    result. Raises ResponseError as `fit`, except where there are too few agents or items for a model."""
    known = references or {}
    certain = reference_flags(responses, known)
    table = responses.without(agents=known)
    if len(table.agents) < 2 or len(table.items) < 2 or not any(map(any, table.trials)):
        return Calibration(None, flags_of(responses, None, certain, rule), responses.excluded_share, synthetic)
    found = fit(table, model, features, weights=dict.fromkeys(certain, 0.0), level=level)
    for _ in range(_PASSES):
        doubt = evidence_of(table, found, features).suspicion
        found = fit(table, model, features, weights=_weights(table, doubt, certain), level=level, start=found)
    flags = flags_of(table, evidence_of(table, found, features), certain, rule)
    return Calibration(found, flags, responses.excluded_share, synthetic)


def evidence_of(responses: Responses, fitted: Fit, features: Mapping[str, Sequence[float]] | None = None) -> Evidence:
    """What a fit of this table, with these features, says of each item."""
    design, state = design_of(responses, features), fitted.state
    grid = grid_for(design, state, fitted.model == "2pl")
    return Evidence(design, grid, state, fitted.dispersion, suspicion(design, grid, state, fitted.dispersion))


def _weights(table: Responses, doubt: Suspicion, certain: Mapping[str, object]) -> dict[str, float]:
    return {item: 0.0 if item in certain else float(1 - q) for item, q in zip(table.items, doubt.broken)}
