"""pass@k and pass^k of one task from n episodes of which c passed; both are exact, without sampling."""

from __future__ import annotations

from fractions import Fraction
from math import comb


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that at least one of k episodes, drawn from n without replacement, is one of the c that passed:
    1 - C(n-c, k) / C(n, k). The unbiased estimator of Chen et al. 2021, "Evaluating Large Language Models Trained on
    Code", equation 1. Raises ValueError unless 0 <= c <= n and 1 <= k <= n."""
    _require(n, c, k)
    return float(1 - Fraction(comb(n - c, k), comb(n, k)))


def pass_hat_k(n: int, c: int, k: int) -> float:
    """The chance that all of k episodes passed: C(c, k) / C(n, k). Yao et al. 2024, "tau-bench", section 3. Raises
    ValueError unless 0 <= c <= n and 1 <= k <= n."""
    _require(n, c, k)
    return float(Fraction(comb(c, k), comb(n, k)))


def doubling(most: int) -> tuple[int, ...]:
    """1, 2, 4, 8 and so on, up to `most`."""
    return tuple(1 << n for n in range(max(most, 0).bit_length()))


def _require(n: int, c: int, k: int) -> None:
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"no {k} of {n} episodes with {c} passed")
