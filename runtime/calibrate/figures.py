"""Classical figures of an item, by which a person can see why it is doubted: none of them hangs on a model of broken verifiers."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from clawc.runtime.calibrate.design import Design, Floats
from clawc.runtime.calibrate.irt import expected
from clawc.runtime.calibrate.marginal import Grid, State

_SLOPE_PRIOR, _LEVEL_PRIOR = 2.0, 3.0  # standard deviations of weak normal priors around 0, in logits
_LEAST = 0.4  # of the variance of a cell's count; below it squared residuals say little


@dataclass(frozen=True, slots=True)
class Figures:
    """`point_biserial` is the correlation of passing with the agent's share of successes on all other items, in [-1, 1], None where nothing
    varies. `slope` is that of a logistic regression of passing on ability, signed, with its error, and `negative` the
    posterior chance that it is below 0. `infit` and `outfit` are mean squares of residuals, weighted by information and not (Wright and Masters
    1982, "Rating Scale Analysis", chapter 5): 1 where the model fits. `misfit_p` is the chance of residuals as large or larger. `weak_rate` and `strong_rate`
    are the shares of successes of the lower and the upper third of the agents by ability on other items; None without trials."""

    point_biserial: float | None
    slope: float
    slope_error: float
    negative: float
    infit: float
    outfit: float
    misfit_p: float
    weak_rate: float | None
    strong_rate: float | None


def point_biserial(successes: Floats, trials: Floats) -> list[float | None]:
    """Of each item (I, J), over its trials, with the rest score: (mean rest of passes - mean rest of fails) * sqrt(p (1 - p)) / sd
    (Lord and Novick 1968, section 15.5), without the item itself."""
    rest_trials = trials.sum(axis=0)[None, :] - trials
    rest = np.where(rest_trials > 0, (successes.sum(axis=0)[None, :] - successes) / np.maximum(rest_trials, 1), np.nan)
    found: list[float | None] = []
    for i in range(len(trials)):
        told = (trials[i] > 0) & np.isfinite(rest[i])
        n, s, r = trials[i][told], successes[i][told], rest[i][told]
        total = float(n.sum())
        p = float(s.sum()) / total if total else 0.0
        centred = r - float(n @ r) / total if total else r
        variance = float(n @ centred**2) / total * p * (1 - p) if total else 0.0
        found.append(float(s @ centred) / total / sqrt(variance) if variance > 1e-12 else None)
    return found


def signed_slopes(design: Design, ability: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """The slope of each item and its standard error, both (I,): the mode of a logistic regression with weak priors, by Newton's method."""
    spread = max(1e-6, float(ability.std()))
    x = (ability - ability.mean()) / spread
    level, slope = np.zeros(len(design.trials)), np.zeros(len(design.trials))
    level_precision, slope_precision = 1 / _LEVEL_PRIOR**2, 1 / (_SLOPE_PRIOR * max(spread, 0.2)) ** 2
    a, determinant = np.ones(len(level)), np.ones(len(level))
    for _ in range(30):
        chance = 1 / (1 + np.exp(-(level[:, None] + slope[:, None] * x[None, :])))
        residual = (design.successes - design.trials * chance) / dispersion
        weight = design.trials * chance * (1 - chance) / dispersion
        first = residual.sum(axis=1) - level_precision * level
        second = residual @ x - slope_precision * slope
        a, b, c = weight.sum(axis=1) + level_precision, weight @ x, weight @ x**2 + slope_precision
        determinant = a * c - b * b
        step_level, step_slope = (c * first - b * second) / determinant, (a * second - b * first) / determinant
        level, slope = level + np.clip(step_level, -2, 2), slope + np.clip(step_slope, -2, 2)
        if max(float(np.abs(step_level).max()), float(np.abs(step_slope).max())) < 1e-8:
            break
    return slope / spread, np.sqrt(a / determinant) / spread


def figures_of(design: Design, grid: Grid, state: State, dispersion: float) -> list[Figures]:
    """Of each item. `misfit_p` is by the cube-root approximation to chi-squared (Wilson and Hilferty 1931), of cells that are expected to
    vary, with degrees of freedom less what the fit of the item takes up."""
    correlation = point_biserial(design.successes, design.trials)
    slope, error = signed_slopes(design, state.ability, dispersion)
    chance, leverage = expected(design, grid, state, dispersion)
    chance = np.clip(chance, 1e-4, 1 - 1e-4)
    variance = design.trials * chance * (1 - chance) * dispersion
    square = (design.successes - design.trials * chance) ** 2
    played = design.trials > 0
    infit = square.sum(axis=1) / np.maximum((variance * (1 - leverage)).sum(axis=1), 1e-12)
    standard = np.where(played, square / np.maximum(variance, 1e-12), 0.0)
    outfit = standard.sum(axis=1) / np.maximum(np.where(played, 1 - leverage, 0.0).sum(axis=1), 1e-12)
    told = variance >= _LEAST
    freedom = np.where(told, 1 - leverage, 0.0).sum(axis=1)
    pearson = np.where(told, standard, 0.0).sum(axis=1)
    weak, strong = _thirds(design)
    normal = NormalDist()
    return [
        Figures(
            correlation[i], float(slope[i]), float(error[i]), normal.cdf(-float(slope[i] / error[i])), float(infit[i]), float(outfit[i]),
            _tail(float(pearson[i]), float(freedom[i])), weak[i], strong[i],
        )
        for i in range(len(design.trials))
    ]  # fmt: skip


def _tail(statistic: float, freedom: float) -> float:
    """The chance that chi-squared is above the statistic; 1 with less than one degree of freedom."""
    if freedom < 1:
        return 1.0
    z = ((max(statistic, 0.0) / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return NormalDist().cdf(-z)


def _thirds(design: Design) -> tuple[list[float | None], list[float | None]]:
    rest_trials = design.trials.sum(axis=0)[None, :] - design.trials
    rest = (design.successes.sum(axis=0)[None, :] - design.successes + 0.5) / (rest_trials + 1)
    weak: list[float | None] = []
    strong: list[float | None] = []
    for i in range(len(design.trials)):
        order = [int(j) for j in np.argsort(rest[i], kind="stable") if design.trials[i, j] > 0]
        third = max(1, len(order) // 3) if len(order) > 1 else 0
        for part, rates in ((order[:third], weak), (order[len(order) - third :] if third else [], strong)):
            n = float(design.trials[i, part].sum())
            rates.append(float(design.successes[i, part].sum()) / n if n else None)
    return weak, strong
