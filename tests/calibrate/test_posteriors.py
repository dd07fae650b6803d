"""The Beta distribution against sums and integrals, and the rule for more trials."""

from __future__ import annotations

from fractions import Fraction
from math import asin, comb, cos, pi, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.calibrate.beta import beta_cdf, beta_quantile, t_quantile
from clawc.runtime.calibrate.posteriors import Escalation, decision, decisions, pass_rate
from clawc.runtime.calibrate.responses import Cell, table_of_cells


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 99))
def test_whole_parameters_are_a_sum_of_binomials(a: int, b: int, percent: int) -> None:
    x, n = Fraction(percent, 100), a + b - 1
    exact = sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert beta_cdf(float(x), a, b) == pytest.approx(float(exact), abs=1e-11)


@given(st.floats(0.001, 0.999), st.floats(0.5, 500), st.floats(0.5, 500))
def test_quantiles_invert_the_distribution(share: float, a: float, b: float) -> None:
    assert beta_cdf(beta_quantile(share, a, b), a, b) == pytest.approx(share, abs=1e-6)


def test_quantiles_of_t_as_in_tables() -> None:
    found = [t_quantile(0.975, freedom) for freedom in (1, 5, 30, 199)]
    assert found == pytest.approx([12.7062, 2.5706, 2.0423, 1.9720], abs=1e-4)
    assert t_quantile(0.8, 10) == pytest.approx(0.8791, abs=1e-4)
    assert t_quantile(0.2, 10) == pytest.approx(-0.8791, abs=1e-4)


def test_bounds_against_the_integrated_density() -> None:
    """x^(s - 1/2) (1 - x)^(f - 1/2) with x = sin^2(t) is 2 sin^2s cos^2f, which has no poles."""
    for s, n in ((3, 7), (1, 4), (15, 16)):
        rate = pass_rate(s, n)
        density = [sin(t) ** (2 * s) * cos(t) ** (2 * (n - s)) for t in (k * pi / 2 / 20_000 for k in range(20_001))]
        for bound, share in ((rate.low, 0.025), (rate.high, 0.975)):
            below = density[: round(asin(sqrt(bound)) / (pi / 2) * 20_000)]
            assert sum(below) / sum(density) == pytest.approx(share, abs=1e-3)
    assert (pass_rate(0, 8).low, pass_rate(8, 8).high) == (0.0, 1.0)
    assert pass_rate(0, 8).high == pytest.approx(1 - pass_rate(8, 8).low)


@pytest.mark.parametrize(("s", "n", "level"), [(1, 0, 0.9), (-1, 3, 0.9), (1, 2, 1.0), (1, 2, float("nan"))])
def test_rates_that_are_none_are_refused(s: int, n: int, level: float) -> None:
    with pytest.raises(ValueError, match="no pass rate"):
        pass_rate(s, n, level)


@given(st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_windows_add_up(counts: tuple[int, int]) -> None:
    rate = pass_rate(*counts)
    assert rate.within(0, 0.3) + rate.within(0.3, 0.7) + rate.within(0.7, 1) == pytest.approx(1)
    assert rate.low <= rate.mean <= rate.high


def test_escalation() -> None:
    """Undecided after four, decided or given up after sixteen."""
    assert [decision("t", "a", s, 4).more for s in range(5)] == [12, 12, 0, 12, 12]
    assert decision("t", "a", 0, 0).more == 4
    assert decision("t", "a", 1, 3).more == 1
    assert decision("t", "a", 0, 16).decided
    last = decision("t", "a", 1, 16)
    assert (last.decided, last.more) == (False, 0)
    table = table_of_cells([Cell("t", "a", 0, 4), Cell("t", "b", 2, 4), Cell("u", "a", 8, 8)])
    assert [(d.item, d.agent, d.more) for d in decisions(table)] == [
        ("t", "a", 12), ("t", "b", 0), ("u", "a", 8), ("u", "b", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [{"edges": (0.9, 0.1)}, {"edges": (0.0,)}, {"first": 0}, {"most": 2}, {"level": 1.0}, {"edges": (float("nan"),)}],
)
def test_rules_that_are_none_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"edges|escalation"):
        Escalation(**bad)  # type: ignore[arg-type]
