"""Marginal maximum likelihood of the logistic response models, with items integrated out over a grid of difficulty and log slope.

A successes count s of n trials is binomial with logit a (theta - b) (Birnbaum 1968; Rasch 1960 with a = 1). Bock and Aitkin 1981,
"Marginal Maximum Likelihood Estimation of Item Parameters: Application of an EM Algorithm", integrate abilities out, of which there are
many; a ladder has few agents with many trials each and many items, so here the roles are the other way: items are
random, b ~ N(x beta, tau^2) and log a ~ N(0, omega^2), and abilities are estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import cast

import numpy as np
from numpy.typing import NDArray

from clawc.runtime.calibrate.design import Design

Floats = NDArray[np.float64]
# Spacing of a grid in standard deviations of a posterior: the trapezoid rule on a normal density errs by exp(-2 pi^2 / h^2).
_SPACING = 1.1
_B_FINEST, _B_COARSEST, _A_FINEST, _A_COARSEST = 0.04, 0.3, 0.06, 0.25
_LEAST_SD = 0.05


@dataclass(frozen=True, slots=True)
class Grid:
    """Nodes: `difficulty` of shape (B,), `log_slope` of shape (A,), which is [0] where slopes are fixed."""

    difficulty: Floats
    log_slope: Floats


@dataclass
class State:
    """What EM updates. `ability` (J,), `beta` (P,), standard deviations of difficulty given features, log slope, and ability."""

    ability: Floats
    beta: Floats
    difficulty_sd: float
    slope_sd: float
    ability_sd: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """`weights` (I, A, B) sum up to 1 for each item; `evidence` (I,) is the log marginal likelihood, without binomial coefficients."""

    weights: Floats
    evidence: Floats


def starting_state(design: Design, slopes: bool) -> State:
    """Abilities by the logit of the share of successes of each agent, centred."""
    rate = (design.successes.sum(axis=0) + 0.5) / (design.trials.sum(axis=0) + 1)
    ability = np.log(rate / (1 - rate))
    ability = np.clip(ability - ability.mean(), -4.0, 4.0)
    easy = (design.successes.sum(axis=1) + 0.5) / (design.trials.sum(axis=1) + 1)
    logit = -np.log(easy / (1 - easy))
    beta = np.zeros(design.features.shape[1])
    beta[0] = float(logit.mean())
    return State(ability, beta, max(0.5, float(logit.std())), 0.3 if slopes else 0.0, max(0.5, float(ability.std())))


def grid_for(design: Design, state: State, slopes: bool) -> Grid:
    """Fine enough for the item with most trials, wide enough for difficulties that no agent reaches."""
    most = max(1.0, float(np.quantile(design.trials.sum(axis=1), 0.9)))
    spread = max(0.5, float(np.clip(state.ability, -4, 4).std()))
    step = min(_B_COARSEST, max(_B_FINEST, _SPACING / np.sqrt(0.2 * most)))
    reach = max(
        float(np.quantile(np.abs(state.ability), 0.9)) + 4.0, abs(float(state.beta[0])) + 3.5 * state.difficulty_sd
    )
    half = int(np.ceil(min(reach, 9.0) / step))
    difficulty = _nodes(half, step)
    if not slopes:
        return Grid(difficulty, np.zeros(1))
    step = min(_A_COARSEST, max(_A_FINEST, _SPACING / (spread * np.sqrt(0.16 * most))))
    half = int(np.ceil(min(1.6, max(1.0, 4 * state.slope_sd)) / step))
    return Grid(difficulty, _nodes(half, step))


def _nodes(half: int, step: float) -> Floats:
    return np.arange(-half, half + 1, dtype=np.float64) * np.float64(step)


def logits(grid: Grid, ability: Floats) -> Floats:
    """Of each node and agent, shape (A * B, J)."""
    slope = np.exp(grid.log_slope)[:, None, None]
    return (slope * (ability[None, None, :] - grid.difficulty[None, :, None])).reshape(-1, len(ability))


def log_likelihood(design: Design, grid: Grid, ability: Floats, dispersion: float = 1.0) -> Floats:
    """Of each item at each node, shape (I, A * B): sum of s * logit - n * log(1 + exp(logit)), over the dispersion."""
    slope = np.repeat(np.exp(grid.log_slope), len(grid.difficulty))
    difficulty = np.tile(grid.difficulty, len(grid.log_slope))
    softplus = np.logaddexp(0.0, slope[:, None] * (ability[None, :] - difficulty[:, None]))
    # The first sum is (S theta)_i a_g - S_i a_g b_g, of rank two.
    whole = np.hstack([design.successes @ ability[:, None], -design.successes.sum(axis=1)[:, None]])
    found: Floats = whole @ np.stack([slope, slope * difficulty])
    found -= design.trials @ softplus.T
    found /= dispersion
    return found


def log_normal(values: Floats, mean: Floats | float, sd: float) -> Floats:
    """The log density of a normal distribution; a point mass at 0 where `sd` is 0."""
    if sd <= 0:
        return np.zeros_like(values)
    result: Floats = -0.5 * ((values - mean) / sd) ** 2 - log(sd) - 0.5 * log(2 * pi)
    return result


def log_prior(grid: Grid, means: Floats, difficulty_sd: float, slope_sd: float) -> Floats:
    """Of each item at each node, shape (I, A, B), normalised over the grid."""
    b = log_normal(grid.difficulty[None, :], means[:, None], difficulty_sd)
    b = b - np.log(np.exp(b - b.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)) - b.max(axis=1, keepdims=True)
    a = log_normal(grid.log_slope, 0.0, slope_sd)
    a = a - np.log(np.exp(a - a.max()).sum()) - a.max()
    prior: Floats = a[None, :, None] + b[:, None, :]
    return prior


def posterior(likelihood: Floats, prior: Floats) -> Posterior:
    """From shapes (I, A * B) and (I, A, B)."""
    weights = likelihood.reshape(prior.shape) + prior
    top = weights.max(axis=(1, 2), keepdims=True)
    weights -= top
    np.exp(weights, out=weights)
    total = weights.sum(axis=(1, 2), keepdims=True)
    weights /= total
    return Posterior(weights, (top + np.log(total))[:, 0, 0])


def maximised(
    design: Design,
    state: State,
    sound: Floats,
    slopes: bool,
    dispersion: float = 1.0,
    rounds: int = 60,
    tolerance: float = 4e-3,
) -> tuple[State, Grid]:
    """EM until no ability moves further than `tolerance` logits. `sound` (I,) weighs items, in [0, 1]."""
    for _ in range(rounds):
        grid = grid_for(design, state, slopes)
        likelihood = log_likelihood(design, grid, state.ability, dispersion)
        prior = log_prior(grid, design.features @ state.beta, state.difficulty_sd, state.slope_sd)
        found = posterior(likelihood, prior)
        before = state.ability
        state = _updated(design, state, grid, found.weights, sound)
        if float(np.abs(state.ability - before).max()) < tolerance:
            break
    return state, grid_for(design, state, slopes)


def _updated(design: Design, state: State, grid: Grid, weights: Floats, sound: Floats) -> State:
    flat = weights.reshape(len(weights), -1) * sound[:, None]
    slope = np.repeat(np.exp(grid.log_slope), len(grid.difficulty))
    trials = flat.T @ design.trials
    chance = 1 / (1 + np.exp(-logits(grid, state.ability)))
    precision = 1 / state.ability_sd**2
    gradient = (flat @ slope) @ design.successes - slope @ (trials * chance) - precision * state.ability
    curvature = (slope**2) @ (trials * chance * (1 - chance)) + precision
    ability = state.ability + np.clip(gradient / curvature, -1.0, 1.0)
    shift = float(ability.mean())
    ability = ability - shift
    by_difficulty, by_slope = weights.sum(axis=1), weights.sum(axis=2)
    mean = by_difficulty @ grid.difficulty
    variance = by_difficulty @ grid.difficulty**2 - mean**2
    mean = mean - shift
    scale, slope_sd = 1.0, 0.0
    total = float(sound.sum())
    if len(grid.log_slope) > 1:
        scale = float(np.exp(sound @ (by_slope @ grid.log_slope) / max(total, 1e-9)))
        slope_sd = _slope_sd(by_slope, grid, state.slope_sd, sound)
    ability, mean, variance = ability * scale, mean * scale, variance * scale**2
    x = design.features * sound[:, None]
    ridge = np.diag([1e-6] + [0.5] * (design.features.shape[1] - 1))
    beta = cast("Floats", np.linalg.solve(x.T @ design.features + ridge, x.T @ mean))
    residual = (mean - design.features @ beta) ** 2 + variance
    freedom = max(1.0, total - design.features.shape[1])
    difficulty_sd = max(0.1, float(np.sqrt((sound @ residual + 1.0) / (freedom + 1.0))))
    ability_sd = float(np.sqrt(((ability**2 + 1 / curvature).sum() + 1.0) / (len(ability) + 1)))
    return State(ability, beta, difficulty_sd, slope_sd, ability_sd)


def _slope_sd(by_slope: Floats, grid: Grid, before: float, sound: Floats) -> float:
    """EM in the slopes alone, which by itself would take as many rounds as slopes are uncertain; a weak prior holds it near 0.3."""
    prior = np.exp(-0.5 * (grid.log_slope / before) ** 2)
    evidence = by_slope / np.maximum(prior, 1e-200)
    sd = before
    for _ in range(20):
        weights = evidence * np.exp(-0.5 * (grid.log_slope / sd) ** 2)
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        square = float(sound @ (weights @ grid.log_slope**2))
        sd = max(_LEAST_SD, float(np.sqrt((square + 0.1) / (float(sound.sum()) + 1.0))))
    return sd
