"""Simulated tables: populations of sound items and agents, and items whose verifier is broken in a known way.

They show what a calibration can and cannot see; `python -m bench calibrate` runs over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from clawc.runtime.calibrate.responses import Cell, Responses, table_of_cells

Floats = NDArray[np.float64]
Breakage = Literal["coin", "reversed", "accepts_all", "accepts_none", "flips", "accepts_wrong", "rejects_right"]
BREAKAGES: tuple[Breakage, ...] = get_args(Breakage)
Shape = Literal["normal", "uniform", "bimodal", "skewed"]


@dataclass(frozen=True, slots=True)
class Population:
    """`items` sound ones, of which a share `broken` is then broken, of the kinds in turn. Logits throughout.

    Abilities are normal. Difficulties have the given shape, mean and standard deviation; `explained` is the share of their variance
    that the one feature tells. Discriminations are log-normal around 1. `missing` is the share of cells without trials; the trials of the others
    vary between half and one and a half of `trials` if `unbalanced`. `interaction` is the standard deviation of what an
    agent is better or worse at an item than the model says."""

    items: int = 200
    agents: int = 30
    trials: int = 8
    ability_mean: float = 0.0
    ability_sd: float = 1.0
    difficulty_mean: float = 0.0
    difficulty_sd: float = 1.0
    difficulty_shape: Shape = "normal"
    discrimination_sd: float = 0.0
    explained: float = 0.5
    missing: float = 0.0
    unbalanced: bool = False
    interaction: float = 0.0
    broken: float = 0.0
    kinds: tuple[Breakage, ...] = BREAKAGES


@dataclass(frozen=True, slots=True)
class Simulated:
    """`difficulty`, `discrimination` and `breakage` by item (None is sound), `ability` by agent, `features` one value an item."""

    responses: Responses
    difficulty: dict[str, float]
    discrimination: dict[str, float]
    ability: dict[str, float]
    features: dict[str, tuple[float, ...]]
    breakage: dict[str, Breakage | None]


def simulated(population: Population, seed: int) -> Simulated:
    """One draw of a population; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    count, agents = population.items, population.agents
    ability = rng.normal(population.ability_mean, population.ability_sd, agents)
    standard = _shaped(rng, population.difficulty_shape, count)
    difficulty = population.difficulty_mean + population.difficulty_sd * standard
    noise = rng.normal(size=count)
    feature = np.sqrt(population.explained) * standard + np.sqrt(1 - population.explained) * noise
    discrimination = np.exp(rng.normal(0.0, population.discrimination_sd, count))
    logit = discrimination[:, None] * (ability[None, :] - difficulty[:, None])
    logit = logit + rng.normal(0.0, population.interaction, logit.shape)
    chance = 1 / (1 + np.exp(-logit))
    breakage: list[Breakage | None] = [None] * count
    chosen = rng.permutation(count)[: round(population.broken * count)]
    for turn, i in enumerate(chosen):
        kind = population.kinds[turn % len(population.kinds)]
        if kind == "accepts_none":
            feature[i] = -abs(feature[i])
        breakage[i] = kind
        chance[i] = _broken(kind, chance[i], rng)
    trials = np.full(logit.shape, population.trials)
    if population.unbalanced:
        least = max(1, population.trials // 2)
        trials = rng.integers(least, population.trials + least, size=logit.shape, endpoint=True)
    trials = np.where(rng.random(logit.shape) < population.missing, 0, trials)
    successes = rng.binomial(trials, chance)
    items, names = [f"item{i:05d}" for i in range(count)], [f"agent{j:03d}" for j in range(agents)]
    table = table_of_cells(
        Cell(items[i], names[j], int(successes[i, j]), int(trials[i, j])) for i in range(count) for j in range(agents)
    )
    return Simulated(
        table,
        dict(zip(items, difficulty.tolist())),
        dict(zip(items, discrimination.tolist())),
        dict(zip(names, ability.tolist())),
        {item: (value,) for item, value in zip(items, feature.tolist())},
        dict(zip(items, breakage)),
    )


def _shaped(rng: np.random.Generator, shape: Shape, count: int) -> Floats:
    """Mean 0 and variance 1."""
    if shape == "uniform":
        return rng.uniform(-np.sqrt(3), np.sqrt(3), count)
    if shape == "bimodal":
        signs: Floats = 2.0 * rng.integers(0, 2, count).astype(np.float64) - 1.0
        mixed: Floats = signs * float(np.sqrt(0.75)) + rng.normal(0, 0.5, count)
        return mixed
    if shape == "skewed":
        return (rng.gamma(4.0, 1.0, count) - 4.0) / 2.0
    return rng.normal(size=count)


def _broken(kind: Breakage, chance: Floats, rng: np.random.Generator) -> Floats:
    if kind == "coin":
        return np.full_like(chance, rng.uniform(0.2, 0.8))
    if kind == "reversed":
        return 1 - chance
    if kind == "accepts_all":
        return np.ones_like(chance)
    if kind == "accepts_none":
        return np.zeros_like(chance)
    if kind == "flips":
        return 0.3 + 0.4 * chance
    if kind == "accepts_wrong":
        return 0.5 + 0.5 * chance
    return 0.4 * chance
