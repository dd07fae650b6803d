"""Difficulties, slopes and abilities from counts, by the one- and two-parameter logistic models; which of the two the counts ask for.

The zero of the scale is the mean ability of the agents in the table: an item of difficulty 0 is solved half the time by an agent like
that. The unit is a logit of an item of average slope: the geometric mean of slopes is 1. Difficulties of two tables are comparable
only after both are put on one scale, by agents or items that they share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple, cast

import numpy as np

from clawc.runtime.calibrate.design import Design, Floats, design_of
from clawc.runtime.calibrate.marginal import (
    Grid,
    State,
    grid_for,
    log_likelihood,
    log_prior,
    logits,
    maximised,
    posterior,
    starting_state,
)
from clawc.runtime.calibrate.responses import ResponseError, Responses

Model = Literal["1pl", "2pl"]
Origin = Literal["agents", "population"]


@dataclass(frozen=True, slots=True)
class ItemFit:
    """`difficulty` is the posterior mean, `low` to `high` holds it with the fit's level; `slope` likewise, on a log scale, so it is positive:
    what speaks for a negative one is in `figures.py`. `expected` is the difficulty that features alone tell."""

    item: str
    difficulty: float
    error: float
    low: float
    high: float
    slope: float
    slope_low: float
    slope_high: float
    expected: float
    successes: int
    trials: int


@dataclass(frozen=True, slots=True)
class AgentFit:
    """`ability` in logits, with its standard error."""

    agent: str
    ability: float
    error: float
    successes: int
    trials: int


@dataclass(frozen=True, slots=True)
class Fit:
    """`coefficients` are those of standardised features, the first of the constant; `difficulty_sd` is what they leave unexplained.
    `dispersion` is how many times more cells vary than binomial counts would, at least 1: it widens intervals. `evidence` is the log
    marginal likelihood that models are compared by."""

    model: Model
    origin: Origin
    level: float
    items: tuple[ItemFit, ...]
    agents: tuple[AgentFit, ...]
    coefficients: tuple[float, ...]
    difficulty_sd: float
    slope_sd: float
    ability_sd: float
    dispersion: float
    evidence: float

    @property
    def abilities(self) -> Floats:
        return np.asarray([agent.ability for agent in self.agents])

    @property
    def state(self) -> State:
        """As EM has it; to go on from."""
        beta = np.asarray(self.coefficients)
        return State(self.abilities, beta, self.difficulty_sd, self.slope_sd, self.ability_sd)


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """`statistic` is twice the difference of log marginal likelihoods, `p` that of equal slopes."""

    statistic: float
    p: float
    preferred: Model


def fit(
    responses: Responses,
    model: Model = "2pl",
    features: Mapping[str, Sequence[float]] | None = None,
    *,
    weights: Mapping[str, float] | None = None,
    origin: Origin = "agents",
    level: float = 0.95,
    start: Fit | None = None,
) -> Fit:
    """One model fitted by marginal maximum likelihood (`marginal.py`); the same table gives the same fit.

    `features` are numbers by item, from which difficulty is expected (a linear regression whose residual variance is estimated with it:
    empirical Bayes, as the latent regression of Fischer 1973, "The Linear Logistic Test Model", with an error term). `weights` in [0, 1]
    say how far an item counts for abilities and hyperparameters; each item is fitted whatever its weight. `origin` "population" adds to intervals
    that agents are a sample: zero is then the mean ability of those they were drawn from. `start` is a fit of the same table to begin at.

    Intervals of difficulty are Cornish-Fisher bounds from the first three moments of its posterior, whose variance is that given abilities
    plus what their errors add (delta method). Raises ResponseError for tables below two agents or items, and as `design_of`."""
    if not 0 < level < 1:
        raise ValueError("a level is between 0 and 1")
    if len(responses.agents) < 2 or len(responses.items) < 2:
        raise ResponseError("difficulty and ability cannot be told apart below two agents and two items")
    design = design_of(responses, features)
    slopes = model == "2pl"
    sound = _weights(responses, weights)
    if start is None:
        state, _ = maximised(design, starting_state(design, False), sound, False)
    else:
        state = start.state
    if slopes:
        state = replace(state, slope_sd=state.slope_sd or 0.3)
        state, grid = maximised(design, state, sound, True, start.dispersion if start else 1.0)
    else:
        grid = grid_for(design, replace(state, slope_sd=0.0), False)
    dispersion = _dispersion(design, grid, state, sound)
    if dispersion > 1:
        state, grid = maximised(design, state, sound, slopes, dispersion)
    return _described(responses, design, grid, state, sound, dispersion, model, origin, level)


def compared(one: Fit, two: Fit) -> ModelComparison:
    """The 1PL fit against the 2PL fit of the same table. That slopes do not vary is at the edge of what the 2PL allows, so twice the difference
    is a mixture in equal parts of 0 and chi-squared with one degree of freedom (Self and Liang 1987). Raises ValueError for other models."""
    if (one.model, two.model) != ("1pl", "2pl"):
        raise ValueError("compare a 1PL fit with a 2PL fit")
    statistic = max(0.0, 2 * (two.evidence - one.evidence) / max(one.dispersion, two.dispersion))
    p = 1 - NormalDist().cdf(sqrt(statistic)) if statistic > 0 else 1.0
    return ModelComparison(statistic, p, "2pl" if p < 0.05 else "1pl")


def _weights(responses: Responses, weights: Mapping[str, float] | None) -> Floats:
    values = np.asarray([1.0 if weights is None else weights.get(item, 1.0) for item in responses.items])
    if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
        raise ResponseError("weights of items are in [0, 1]")
    return values if values.sum() >= 2 else np.ones_like(values)


class Expected(NamedTuple):
    """Posterior means of the chance of success, and leverages: the share of a cell's variance that the fit of its item takes up."""

    chance: Floats
    leverage: Floats


def expected(design: Design, grid: Grid, state: State, dispersion: float) -> Expected:
    """Of each cell, shape (I, J). The leverage is n p (1 - p) Var(logit) (McCullagh and Nelder 1989, section 12.7), with the posterior variance."""
    logit = logits(grid, state.ability)
    prior = log_prior(grid, design.features @ state.beta, state.difficulty_sd, state.slope_sd)
    weights = posterior(log_likelihood(design, grid, state.ability, dispersion), prior).weights.reshape(
        len(design.trials), -1
    )
    chance = weights @ (1 / (1 + np.exp(-logit)))
    variance = np.maximum(weights @ logit**2 - (weights @ logit) ** 2, 0.0)
    return Expected(chance, np.clip(design.trials * chance * (1 - chance) * variance / dispersion, 0.0, 0.95))


def _dispersion(design: Design, grid: Grid, state: State, sound: Floats) -> float:
    """The median over items of Pearson's statistic by its degrees of freedom, against the median of chi-squared (Wilson and Hilferty 1931);
    McCullagh and Nelder 1989, section 4.5, with a median since some items may be broken. 1 unless it is above that by two standard errors."""
    chance, leverage = expected(design, grid, state, 1.0)
    chance = np.clip(chance, 1e-4, 1 - 1e-4)
    variance = design.trials * chance * (1 - chance)
    # Where a cell is expected to have less than half a success or failure, the statistic is far from chi-squared.
    told = (variance >= 0.4) & (sound >= 0.5)[:, None]
    residual = np.where(told, (design.successes - design.trials * chance) ** 2 / np.maximum(variance, 1e-12), 0.0)
    freedom = np.where(told, 1 - leverage, 0.0).sum(axis=1)
    enough = freedom >= 1.5
    if enough.sum() < 5:
        return 1.0
    nu = freedom[enough]
    ratio = residual[enough].sum(axis=1) / (nu * (1 - 2 / (9 * nu)) ** 3)
    found = float(np.median(ratio))
    error = 1.2533 * float(np.sqrt(2 / nu).mean()) / sqrt(len(nu))
    return found if found > 1 + 2 * error else 1.0


def _described(
    responses: Responses,
    design: Design,
    grid: Grid,
    state: State,
    sound: Floats,
    dispersion: float,
    model: Model,
    origin: Origin,
    level: float,
) -> Fit:
    means = design.features @ state.beta
    found = posterior(
        log_likelihood(design, grid, state.ability, dispersion),
        log_prior(grid, means, state.difficulty_sd, state.slope_sd),
    )
    by_difficulty, by_slope = found.weights.sum(axis=1), found.weights.sum(axis=2)
    mean = by_difficulty @ grid.difficulty
    centred = grid.difficulty[None, :] - mean[:, None]
    variance = (by_difficulty * centred**2).sum(axis=1)
    skewness = np.clip((by_difficulty * centred**3).sum(axis=1) / np.maximum(variance, 1e-12) ** 1.5, -1.0, 1.0)
    log_slope = by_slope @ grid.log_slope
    slope_error = np.sqrt(np.maximum(by_slope @ grid.log_slope**2 - log_slope**2, 0.0))
    covariance, added = _ability_errors(design, state, mean, np.exp(log_slope), sound, dispersion)
    if origin == "population":
        added = added + state.ability_sd**2 / len(state.ability)
    # The unit is the mean slope of these items, themselves a sample of such items.
    added = added + (mean * state.slope_sd) ** 2 / max(1.0, float(sound.sum()))
    error = np.sqrt(variance + added)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    lean = (z * z - 1) / 6 * skewness
    totals = responses.totals()
    items = tuple(
        ItemFit(item, float(mean[i]), float(error[i]), float(mean[i] + error[i] * (lean[i] - z)), float(mean[i] + error[i] * (lean[i] + z)),
                float(np.exp(log_slope[i])), float(np.exp(log_slope[i] - z * slope_error[i])), float(np.exp(log_slope[i] + z * slope_error[i])),
                float(means[i]), *totals[i])
        for i, item in enumerate(responses.items)
    )  # fmt: skip
    agents = tuple(
        AgentFit(agent, float(state.ability[j]), sqrt(max(0.0, float(covariance[j, j]))), int(design.successes[:, j].sum()), int(design.trials[:, j].sum()))
        for j, agent in enumerate(responses.agents)
    )  # fmt: skip
    return Fit(
        model, origin, level, items, agents, tuple(map(float, state.beta)), state.difficulty_sd, state.slope_sd if model == "2pl" else 0.0,
        state.ability_sd, dispersion, float(sound @ found.evidence) * dispersion,
    )  # fmt: skip


def _ability_errors(
    design: Design, state: State, difficulty: Floats, slope: Floats, sound: Floats, dispersion: float
) -> tuple[Floats, Floats]:
    """The covariance of centred abilities (J, J), items integrated out, and the variance that it adds to each difficulty (I,)."""
    chance = 1 / (1 + np.exp(-slope[:, None] * (state.ability[None, :] - difficulty[:, None])))
    weight = design.trials * slope[:, None] ** 2 * chance * (1 - chance) / dispersion
    total = weight.sum(axis=1) + 1 / state.difficulty_sd**2
    pull = weight / total[:, None]
    counted = weight * sound[:, None]
    information = np.diag(counted.sum(axis=0) + 1 / state.ability_sd**2) - counted.T @ pull
    agents = len(state.ability)
    centre = np.eye(agents) - 1 / agents
    # Of the sum of abilities, which is 0, nothing is uncertain; 1 in its place makes the matrix regular.
    inverse = cast("Floats", np.linalg.inv(centre @ information @ centre + 1 / agents))
    covariance = inverse - 1 / agents
    return covariance, np.maximum(((pull @ covariance) * pull).sum(axis=1), 0.0)
