"""How a verdict becomes a score; `scoring_vectors.json` binds every implementation of it to the same
numbers."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping
from decimal import Decimal

# 34 digits in between, so that the one rounding at the end decides.
_EXACT = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)
_PLACES = Decimal("0.000001")


def round_score(value: Decimal) -> Decimal:
    """Six places, ties to even."""
    return value.quantize(_PLACES, rounding=decimal.ROUND_HALF_EVEN, context=_EXACT)


def weighted(parts: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """`C` or `R` from (weight, credit): the weighted mean, 0 if the weights sum to 0."""
    total = credit = Decimal(0)
    for weight, share in parts:
        total = _EXACT.add(total, weight)
        credit = _EXACT.add(credit, _EXACT.multiply(weight, share))
    return _EXACT.divide(credit, total) if total else Decimal(0)


def gate(passed: Mapping[str, bool], after: Iterable[str] = (), *, gated: bool = True) -> int:
    """`G`: 1 when the named checks passed (all of them if none is named), else 0; 1 where nothing is `gated`."""
    if not gated:
        return 1
    names = tuple(after) or tuple(passed)
    return int(all(passed.get(name, False) for name in names))


def final_score(C: Decimal, V: int, s: Decimal = Decimal(0), R: Decimal | None = None, G: int = 0) -> Decimal | None:
    """`V * ((1 - s) * C + s * R * G)` rounded once; None if a rubric counts (s > 0) and was not judged (R
    is None)."""
    if s > 0 and R is None:
        return None
    checks = _EXACT.multiply(_EXACT.subtract(Decimal(1), s), C)
    rubric = _EXACT.multiply(_EXACT.multiply(s, R or Decimal(0)), Decimal(G))
    return round_score(_EXACT.multiply(Decimal(V), _EXACT.add(checks, rubric)))


def score_text(value: Decimal) -> str:
    """The shortest plain text of a score: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
