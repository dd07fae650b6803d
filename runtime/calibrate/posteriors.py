"""Pass rates by their posterior under Jeffreys' prior, and which need more trials: 4 first, up to 16 where 4 leave it open."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from clawc.runtime.calibrate.beta import beta_cdf, beta_quantile
from clawc.runtime.calibrate.responses import Responses

_PRIOR = 0.5  # Jeffreys: Beta(1/2, 1/2)


@dataclass(frozen=True, slots=True)
class PassRate:
    """The posterior Beta(successes + 1/2, failures + 1/2) of a pass rate: its mean, and the bounds that hold it with the given level. With no
    success the lower bound is 0, with no failure the upper one is 1 (Brown, Cai and DasGupta 2001, "Interval Estimation for a Binomial
    Proportion", section 4.1.1)."""

    successes: int
    trials: int
    mean: float
    low: float
    high: float
    level: float

    def within(self, low: float, high: float) -> float:
        """The posterior chance that the rate is between two bounds. Raises ValueError unless 0 <= low <= high <= 1."""
        if not 0 <= low <= high <= 1:
            raise ValueError(f"no window from {low} to {high}")
        a, b = self.successes + _PRIOR, self.trials - self.successes + _PRIOR
        return max(0.0, beta_cdf(high, a, b) - beta_cdf(low, a, b))


def pass_rate(successes: int, trials: int, level: float = 0.95) -> PassRate:
    """Raises ValueError unless 0 <= successes <= trials and 0 < level < 1. Without trials it is the prior."""
    if not 0 <= successes <= trials or not 0 < level < 1:
        raise ValueError(f"no pass rate of {successes} in {trials} trials at level {level}")
    a, b = successes + _PRIOR, trials - successes + _PRIOR
    tail = (1 - level) / 2
    low = 0.0 if not successes and trials else beta_quantile(tail, a, b)
    high = 1.0 if successes == trials and trials else beta_quantile(1 - tail, a, b)
    return PassRate(successes, trials, a / (a + b), low, high, level)


@dataclass(frozen=True, slots=True)
class Escalation:
    """`edges` part [0, 1] into regions: (0.1, 0.9) for what is worth training on, (0.3, 0.7) for the tiers of a benchmark. A cell is decided when
    one region holds its rate with the chance `level`; else it is played on, from `first` trials to `most`."""

    first: int = 4
    most: int = 16
    edges: tuple[float, ...] = (0.1, 0.9)
    level: float = 0.9

    def __post_init__(self) -> None:
        bounds = (0.0, *self.edges, 1.0)
        if not all(isfinite(e) for e in bounds) or any(a >= b for a, b in pairwise(bounds)):
            raise ValueError("edges rise, between 0 and 1")
        if not 1 <= self.first <= self.most or not 0.5 < self.level < 1:
            raise ValueError(
                "an escalation goes from at least 1 trial to at least as many, at a level between 0.5 and 1"
            )


@dataclass(frozen=True, slots=True)
class Decision:
    """Of one item and one agent. `region` is the index among the regions between edges of the most likely one, `chance` its posterior chance, `decided`
    whether that is enough, and `more` how many trials are to be played."""

    item: str
    agent: str
    successes: int
    trials: int
    region: int
    chance: float
    decided: bool
    more: int


def decision(item: str, agent: str, successes: int, trials: int, rule: Escalation | None = None) -> Decision:
    """The rule: below `first` trials, play up to `first`. Then stop as soon as one region holds the rate with the chance `level`, or at
    `most` trials; else play up to `most` at once. 0 of 4 and 4 of 4 go on (chance 0.65 to be beyond 0.1 or 0.9); 2 of 4 stop."""
    how = rule or Escalation()
    rate = pass_rate(successes, trials)
    bounds = (0.0, *how.edges, 1.0)
    chances = [rate.within(low, high) for low, high in pairwise(bounds)]
    region = max(range(len(chances)), key=lambda k: chances[k])
    decided = trials >= how.first and chances[region] >= how.level
    more = 0
    if trials < how.first:
        more = how.first - trials
    elif not decided:
        more = max(0, how.most - trials)
    return Decision(item, agent, successes, trials, region, chances[region], decided, more)


def decisions(responses: Responses, rule: Escalation | None = None) -> tuple[Decision, ...]:
    """Of every cell, by item and agent, missing cells too."""
    cache: dict[tuple[int, int], Decision] = {}
    found: list[Decision] = []
    for i, item in enumerate(responses.items):
        for j, agent in enumerate(responses.agents):
            counts = (responses.successes[i][j], responses.trials[i][j])
            known = cache.get(counts)
            if known is None:
                known = cache[counts] = decision(item, agent, *counts, rule)
            found.append(Decision(item, agent, *counts, known.region, known.chance, known.decided, known.more))
    return tuple(found)
