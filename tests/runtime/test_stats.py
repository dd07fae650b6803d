"""Statistics against values worked out by hand, against enumeration, and against what they promise over many samples."""

from __future__ import annotations

import random
from itertools import combinations
from math import isclose, sqrt
from statistics import NormalDist, stdev

import pytest

from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval
from clawc.runtime.stats.clusters import (
    clustered_mean,
    clustered_standard_error,
    clusters_of,
    detectable_effect,
)
from clawc.runtime.stats.passes import doubling, pass_at_k, pass_hat_k
from clawc.runtime.stats.quantile import quantile, wilson
from clawc.runtime.stats.signflip import holm, sign_flip


@pytest.mark.parametrize("n", range(1, 8))
def test_passes_are_the_share_of_all_draws(n: int) -> None:
    for c in range(n + 1):
        for k in range(1, n + 1):
            draws = list(combinations([True] * c + [False] * (n - c), k))
            assert isclose(pass_at_k(n, c, k), sum(any(d) for d in draws) / len(draws))
            assert isclose(pass_hat_k(n, c, k), sum(all(d) for d in draws) / len(draws), abs_tol=1e-12)


def test_passes_of_many_episodes() -> None:
    assert isclose(pass_at_k(4, 1, 2), 0.5)
    assert isclose(pass_hat_k(4, 3, 2), 0.5)
    assert pass_at_k(100_000, 99_999, 64) == 1.0
    assert isclose(pass_hat_k(100_000, 50_000, 1), 0.5)
    assert doubling(0) == () and doubling(1) == (1,) and doubling(9) == (1, 2, 4, 8)


@pytest.mark.parametrize(("n", "c", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 0), (4, 2, 5)])
def test_passes_of_nothing_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError):
        pass_at_k(n, c, k)
    with pytest.raises(ValueError):
        pass_hat_k(n, c, k)


def test_quantiles_interpolate() -> None:
    # Places 0, 0.75, 1.5, 2.7 and 3 among four values.
    found = [quantile([1, 2, 4, 8], share) for share in (0, 0.25, 0.5, 0.9, 1)]
    assert [round(v, 6) for v in found] == [1, 1.75, 3, 6.8, 8]
    assert quantile([3], 0.99) == 3


def test_wilson() -> None:
    # 8 of 10: (0.8 + 0.192 ± 1.96 * sqrt(0.016 + 0.0096)) / 1.384; 0 of 4: 0 to 3.841 / (4 + 3.841).
    assert [round(v, 4) for v in wilson(0.8, 10)] == [0.4902, 0.9433]
    assert [round(v, 4) for v in wilson(0.0, 4)] == [0.0, 0.4899]
    with pytest.raises(ValueError):
        wilson(0.5, 0)


def test_standard_error_by_hand() -> None:
    # Mean 0.5; deviations of the clusters 0.5 + 0.5, 0, -0.5 - 0.5; sqrt(3/2 * (1 + 0 + 1)) / 6.
    clusters = clusters_of([("b", 0.5), ("a", 1.0), ("c", 0.0), ("a", 1.0), ("b", 0.5), ("c", 0.0)])
    assert clusters == ((1.0, 1.0), (0.5, 0.5), (0.0, 0.0))
    assert clustered_mean(clusters) == 0.5
    error = clustered_standard_error(clusters)
    assert error is not None and isclose(error, sqrt(3) / 6)
    assert clustered_standard_error([[0.1, 0.9]]) is None


def test_standard_error_without_clustering_is_the_usual_one() -> None:
    values = [0.1, 0.4, 0.4, 0.9, 1.0]
    error = clustered_standard_error([[v] for v in values])
    assert error is not None and isclose(error, stdev(values) / sqrt(5))


def test_detectable_effect() -> None:
    assert round(detectable_effect(1.0), 3) == 2.802
    # A true effect of that size is found in 80 of 100 samples.
    normal, shift = NormalDist(), detectable_effect(1.0)
    power = 1 - normal.cdf(1.959964 - shift) + normal.cdf(-1.959964 - shift)
    assert isclose(power, 0.8, abs_tol=1e-3)


def test_an_interval_needs_two_clusters() -> None:
    assert bootstrap_interval([], Resampling()) is None
    assert bootstrap_interval([[0.2, 0.7, 1.0]], Resampling()) is None


def test_an_interval_is_reproducible_and_holds_the_mean() -> None:
    clusters = [[0.0, 0.5], [1.0], [1.0, 0.25, 0.5], [0.75]]
    first = bootstrap_interval(clusters, Resampling(seed=5))
    assert first is not None and first == bootstrap_interval(clusters, Resampling(seed=5))
    assert first != bootstrap_interval(clusters, Resampling(seed=6))
    assert 0 <= first.low < clustered_mean(clusters) < first.high <= 1
    narrow = bootstrap_interval(clusters, Resampling(level=0.5, seed=5))
    assert narrow is not None and first.low <= narrow.low < narrow.high <= first.high


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_an_interval_of_equal_values_has_no_width(value: float) -> None:
    found = bootstrap_interval([[value]] * 7 + [[value, value]] * 5, Resampling())
    assert found is not None and isclose(found.low, value) and isclose(found.high, value)


def test_resamples_are_bounded_by_what_they_draw() -> None:
    how = Resampling(resamples=2_000)
    assert how.within(1_000_000, [[1.0]] * 100).resamples == 2_000
    assert how.within(1_000_000, [[1.0]] * 1_000).resamples == 1_000
    assert how.within(1_000_000, [[1.0, 2.0]] * 100_000).resamples == 200
    assert Resampling(resamples=100).within(1, [[1.0]] * 9).resamples == 100


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("clusters", "tasks", "chance", "least"),
    [(15, 1, 0.5, 0.9), (15, 1, 0.9, 0.88), (30, 4, 0.5, 0.9), (30, 4, 0.8, 0.88)],
)
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(
    clusters: int, tasks: int, chance: float, least: float
) -> None:
    rng = random.Random(f"{clusters} {tasks} {chance}")
    held, samples = 0, 250
    for _ in range(samples):
        found = bootstrap_interval(_sample(rng, clusters, tasks, chance), Resampling(resamples=300))
        assert found is not None
        held += found.low <= chance <= found.high
    assert least <= held / samples <= 0.995


def _sample(rng: random.Random, clusters: int, tasks: int, chance: float) -> list[list[float]]:
    """Templates of different difficulty, each with tasks of four episodes that pass or fail."""
    found: list[list[float]] = []
    for _ in range(clusters):
        p = rng.betavariate(3 * chance, 3 * (1 - chance))
        found.append([sum(rng.random() < p for _ in range(4)) / 4 for _ in range(tasks)])
    return found


def test_clustered_standard_error_is_the_spread_of_means() -> None:
    rng = random.Random(11)
    means: list[float] = []
    errors: list[float] = []
    for _ in range(400):
        sample = _sample(rng, 25, 4, 0.6)
        means.append(clustered_mean(sample))
        errors.append(clustered_standard_error(sample) or 0.0)
    assert isclose(sum(errors) / len(errors), stdev(means), rel_tol=0.1)


def test_sign_flip_by_hand() -> None:
    # Of the eight patterns of 3, 2, 1 only all plus and all minus reach 6; 0 does not count as a cluster.
    assert sign_flip([[3.0], [1.0, 1.0], [1.0], [0.5, -0.5]], 1) == (0.25, 8, True)
    assert sign_flip([[1.0], [-1.0]], 1).p == 1.0
    assert sign_flip([[0.0], [0.0]], 1).p == 1.0
    assert sign_flip([[0.125]] * 10, 1).p == 2 / 1024


def test_drawn_signs_agree_with_all_signs() -> None:
    rng = random.Random(3)
    for size in (12, 13, 14):
        values = [[rng.uniform(-0.5, 1)] for _ in range(size)]
        exact = sign_flip(values, 1)
        # Differences too small to matter make the number of clusters too large for all patterns.
        drawn = sign_flip([*values, [1e-7], [1e-7], [1e-7]], 1)
        assert exact.exact and not drawn.exact
        assert isclose(exact.p, drawn.p, abs_tol=0.015)


def test_p_values_of_no_difference_are_small_as_often_as_they_say() -> None:
    rng = random.Random(8)
    small = sum(sign_flip([[rng.gauss(0, 1)] for _ in range(10)], 1).p < 0.05 for _ in range(400))
    assert 0.02 <= small / 400 <= 0.08


def test_a_p_value_is_never_zero() -> None:
    assert sign_flip([[1.0]] * 200, 1).p == 1 / 10_000


def test_holm_by_hand() -> None:
    # 0.01 * 4, 0.02 * 3, then 0.03 * 2 would be below 0.06 and 0.9 is the last.
    assert [round(p, 6) for p in holm([0.9, 0.01, 0.03, 0.02])] == [0.9, 0.04, 0.06, 0.06]
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([]) == () and holm([0.03]) == (0.03,)
