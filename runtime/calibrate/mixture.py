"""How likely a verifier is broken: each item's counts under the sound response model against models of what broken verifiers do.

A two-groups model (Efron 2008, "Microarrays, Empirical Bayes and the Two-Groups Model"): a share of the items is broken, and the posterior
chance of an item is its local false discovery rate the other way round. Verdicts of a broken verifier pass a sound answer with chance
`u` and a wrong one with chance `v`, so an agent passes with v + (u - v) * p, where p is the sound chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from clawc.runtime.calibrate.design import Design
from clawc.runtime.calibrate.marginal import Grid, State, log_likelihood, log_normal, log_prior, logits, posterior

Floats = NDArray[np.float64]
Fault = Literal["constant", "accepts_all", "accepts_none", "reversed", "noisy", "accepts_wrong", "rejects_right"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
# Of broken items, before anything is seen. Constant verdicts with any rate, among them at random.
_SHARES: dict[Fault, float] = {
    "constant": 0.25, "accepts_all": 0.1, "accepts_none": 0.1, "reversed": 0.2, "noisy": 0.2, "accepts_wrong": 0.075, "rejects_right": 0.075,
}  # fmt: skip
_SHIFTS: dict[Fault, tuple[tuple[float, float], ...]] = {
    "reversed": ((0.0, 1.0), (0.15, 0.85)),
    "noisy": ((0.8, 0.2), (0.7, 0.3), (0.6, 0.4)),
    "accepts_wrong": ((1.0, 0.3), (1.0, 0.5), (1.0, 0.7)),
    "rejects_right": ((0.7, 0.0), (0.5, 0.0), (0.3, 0.0)),
}
_EDGE = 0.002  # verdicts that are always the same, but for a rare accident
_LEAST, _MOST = 0.01, 0.5
_BELIEF = (1.5, 15.0)  # the prior of the broken share, Beta


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`broken` (I,) is the posterior chance that an item is broken; `fault` (I, K) that of each of `FAULTS` if it is; `share` the
    estimated share of broken items."""

    broken: Floats
    fault: Floats
    share: float


def suspicion(design: Design, grid: Grid, state: State, dispersion: float = 1.0) -> Suspicion:
    """Given abilities and the distribution of sound items; the share of broken ones is estimated by EM."""
    means = design.features @ state.beta
    likelihood = log_likelihood(design, grid, state.ability, dispersion)
    sound = posterior(likelihood, log_prior(grid, means, state.difficulty_sd, state.slope_sd)).evidence
    evidence = np.stack([_evidence(fault, design, state, means, dispersion) for fault in FAULTS], axis=1)
    evidence = evidence + np.log([_SHARES[fault] for fault in FAULTS])
    top = evidence.max(axis=1)
    broken = top + np.log(np.exp(evidence - top[:, None]).sum(axis=1))
    fault: Floats = np.exp(evidence - broken[:, None])
    odds = np.exp(np.clip(broken - sound, -600, 600))
    share = _BELIEF[0] / sum(_BELIEF)
    for _ in range(50):
        chance = share * odds / (1 - share + share * odds)
        share = float(np.clip((chance.sum() + _BELIEF[0] - 1) / (len(chance) + sum(_BELIEF) - 2), _LEAST, _MOST))
    return Suspicion(share * odds / (1 - share + share * odds), fault, share)


def _evidence(fault: Fault, design: Design, state: State, means: Floats, dispersion: float) -> Floats:
    """The log marginal likelihood of each item."""
    if fault in ("constant", "accepts_all", "accepts_none"):
        if fault == "constant":
            edges = np.linspace(0.02, 0.98, 49)
        else:
            edges = np.asarray([1 - _EDGE if fault == "accepts_all" else _EDGE])
        passes, trials = design.successes.sum(axis=1), design.trials.sum(axis=1)
        by_rate = (passes[:, None] * np.log(edges) + (trials - passes)[:, None] * np.log1p(-edges)) / dispersion
        return _mean_of(by_rate - np.log(len(edges)))
    step = 0.4
    half = int(np.ceil(min(7.0, max(4.0, float(np.abs(means).max()) + 2.5 * state.difficulty_sd)) / step))
    difficulty = np.arange(-half, half + 1, dtype=np.float64) * np.float64(step)
    slopes = np.asarray([-1.0, 0.0, 1.0]) * max(0.1, state.slope_sd) if state.slope_sd else np.zeros(1)
    grid = Grid(difficulty, slopes)
    chance = 1 / (1 + np.exp(-logits(grid, state.ability)))
    prior = log_normal(grid.difficulty[None, :], means[:, None], float(np.hypot(state.difficulty_sd, 0.5))) + np.log(
        step
    )
    weight = np.log([0.25, 0.5, 0.25]) if len(slopes) == 3 else np.zeros(1)
    prior = (weight[None, :, None] + prior[:, None, :]).reshape(len(means), -1)
    parts: list[Floats] = []
    for right, wrong in _SHIFTS[fault]:
        passing = np.clip(wrong + (right - wrong) * chance, 1e-6, 1 - 1e-6)
        log_pass, log_fail = np.log(passing), np.log1p(-passing)
        found = design.successes @ (log_pass - log_fail).T + design.trials @ log_fail.T
        parts.append(_mean_of(found / dispersion + prior) - np.log(len(_SHIFTS[fault])))
    return _mean_of(np.stack(parts, axis=1))


def _mean_of(values: Floats) -> Floats:
    """log of the sum of exponentials over the last axis."""
    top = values.max(axis=1)
    summed: Floats = top + np.log(np.exp(values - top[:, None]).sum(axis=1))
    return summed
