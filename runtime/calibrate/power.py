"""What difference between two agents a benchmark can show, and how many items or trials it takes.

Both agents play the same items, k times each. The difference of an item is the mean of one agent's scores less the other's. Its variance has
three parts: families of items that share what is hard, items within a family, and trials. Only the last shrinks with trials.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil, fsum, isfinite, sqrt
from statistics import NormalDist
from typing import TypeAlias

from clawc.runtime.calibrate.beta import t_quantile
from clawc.runtime.calibrate.responses import Responses
from clawc.runtime.stats.clusters import FEW_CLUSTERS

_MOST = 1_000_000
_Planner: TypeAlias = Callable[[int], "Plan"]


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of a paired difference of scores in [0, 1]: between families, between items of a family, and of a single pair of trials."""

    family: float
    item: float
    trial: float

    def __post_init__(self) -> None:
        if not all(isfinite(v) and v >= 0 for v in (self.family, self.item, self.trial)):
            raise ValueError("variances are finite and at least 0")


# Scores that pass half of the time on average, with rates that spread by 0.3 between items, of which the two agents share nine tenths
# of the variance: 2 * 0.09 * 0.1 between items, a tenth of it by families, and 2 * (0.25 - 0.09) of trials.
USUAL = Components(family=0.002, item=0.016, trial=0.32)


@dataclass(frozen=True, slots=True)
class Plan:
    """`effect` is the smallest true difference of mean scores that a two-sided test at level `alpha` finds with the chance `power`, from `items` items in
    `families` families, `trials` trials of each agent at each. `standard_error` is that of the difference."""

    items: int
    families: int
    trials: int
    effect: float
    standard_error: float
    alpha: float
    power: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needed:
    """`count` items or trials give `plan`; None where no number does, and `reason` says why."""

    count: int | None
    plan: Plan | None
    reason: str = ""


def minimum_effect(
    items: int,
    trials: int,
    parts: Components = USUAL,
    families: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Plan:
    """SE^2 = family / F + item / n + trial / (n k) with n items in F equal families (without families each item is one), and the effect is
    (t(1 - alpha/2) + t(power)) * SE with F - 1 degrees of freedom: Bloom 1995, "Minimum Detectable Effects", with components as in Miller 2024,
    "Adding Error Bars to Evals", sections 3 and 5. Raises ValueError without items or trials, and for fewer than two families."""
    groups = items if families is None else families
    if items < 1 or trials < 1 or not 2 <= groups <= items:
        raise ValueError(
            f"no plan for {items} items in {groups} families, {trials} trials each; at least two families are needed"
        )
    if not 0 < alpha < 1 or not 0 < power < 1:
        raise ValueError("a level and a power are between 0 and 1")
    error = sqrt(parts.family / groups + parts.item / items + parts.trial / (items * trials))
    notes: list[str] = []
    if groups < FEW_CLUSTERS:
        notes.append(f"with {groups} families, intervals are too narrow too often")
    effect = (_t(1 - alpha / 2, groups - 1) + _t(power, groups - 1)) * error
    if effect > 1:
        notes.append("no difference of scores is that large")
    return Plan(items, groups, trials, effect, error, alpha, power, tuple(notes))


def items_needed(
    effect: float,
    trials: int,
    parts: Components = USUAL,
    family_size: float = 1.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Needed:
    """The least number of items in families of `family_size` with which the effect is found. Raises ValueError unless effect > 0."""
    _positive(effect)
    if not isfinite(family_size) or family_size < 1:
        raise ValueError("a family has at least one item")

    def plan(items: int) -> Plan:
        return minimum_effect(items, trials, parts, max(2, round(items / family_size)), alpha, power)

    return _least(plan, effect, max(2, ceil(family_size)), f"not even {_MOST:,} items show a difference of {effect:g}")


def trials_needed(
    effect: float,
    items: int,
    parts: Components = USUAL,
    families: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Needed:
    """The least number of trials of each agent at each item. More trials do not lessen what items and families vary, so there may be none."""
    _positive(effect)
    floor = minimum_effect(items, 1, Components(parts.family, parts.item, 0.0), families, alpha, power).effect
    reason = f"{items} items show no difference below {floor:.3g}, however many trials: take more items"
    if floor >= effect:
        return Needed(None, None, reason)
    return _least(lambda k: minimum_effect(items, k, parts, families, alpha, power), effect, 1, reason)


def components(
    responses: Responses, one: str, other: str, families: Mapping[str, str] | None = None
) -> tuple[Components, float]:
    """The components and the mean difference (other - one) as measured, from items that both have at least two trials of: trials by the
    unbiased variance of counts, items and families by the nested analysis of variance for unequal groups (Searle, Casella and McCulloch 1992,
    "Variance Components", section 3.6), negative estimates as 0. Raises ValueError for unknown agents and below two such items."""
    if one not in responses.agents or other not in responses.agents:
        raise ValueError(f"no agents `{one}` and `{other}` in the table")
    first, second = responses.agents.index(one), responses.agents.index(other)
    known = families or {}
    groups: defaultdict[str, list[float]] = defaultdict(list)
    noise: list[float] = []
    trial: list[float] = []
    for i, item in enumerate(responses.items):
        counts = [(responses.successes[i][j], responses.trials[i][j]) for j in (first, second)]
        if min(n for _, n in counts) < 2:
            continue
        rates = [s / n for s, n in counts]
        variances = [p * (1 - p) * n / (n - 1) for p, (_, n) in zip(rates, counts)]
        noise.append(fsum(v / n for v, (_, n) in zip(variances, counts)))
        trial.append(fsum(variances))
        groups[known.get(item, item)].append(rates[1] - rates[0])
    count = len(trial)
    if count < 2:
        raise ValueError("fewer than two items have two trials of both agents")
    values = [d for inside in groups.values() for d in inside]
    mean = fsum(values) / count
    means = {name: fsum(inside) / len(inside) for name, inside in groups.items()}
    within = fsum((d - means[name]) ** 2 for name, inside in groups.items() for d in inside)
    between = fsum(len(inside) * (means[name] - mean) ** 2 for name, inside in groups.items())
    average_noise = fsum(noise) / count
    if len(groups) == count:
        return Components(0.0, max(0.0, between / (count - 1) - average_noise), fsum(trial) / count), mean
    inner = within / (count - len(groups))
    family = 0.0
    if len(groups) > 1:
        size = (count - fsum(len(inside) ** 2 for inside in groups.values()) / count) / (len(groups) - 1)
        family = max(0.0, (between / (len(groups) - 1) - inner) / size)
    return Components(family, max(0.0, inner - average_noise), fsum(trial) / count), mean


def expected_components(rates: Iterable[tuple[float, float]]) -> Components:
    """The components for items whose chances of both agents are known, as from a fit: item by the variance of p2 - p1, trial by the mean of
    p1 (1 - p1) + p2 (1 - p2). Raises ValueError below two items."""
    pairs = list(rates)
    if len(pairs) < 2:
        raise ValueError("at least two items are needed")
    differences = [q - p for p, q in pairs]
    mean = fsum(differences) / len(pairs)
    item = fsum((d - mean) ** 2 for d in differences) / (len(pairs) - 1)
    return Components(0.0, item, fsum(p * (1 - p) + q * (1 - q) for p, q in pairs) / len(pairs))


def _least(plan: _Planner, effect: float, lowest: int, reason: str) -> Needed:
    low, high = lowest - 1, lowest
    while plan(high).effect > effect:
        low, high = high, high * 2
        if high > _MOST:
            return Needed(None, None, reason)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if plan(middle).effect <= effect else (middle, high)
    return Needed(high, plan(high))


def _t(share: float, freedom: int) -> float:
    return t_quantile(share, freedom) if freedom < 1_000 else NormalDist().inv_cdf(share)


def _positive(effect: float) -> None:
    if not (isfinite(effect) and effect > 0):
        raise ValueError("an effect is a positive number")
