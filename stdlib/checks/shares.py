"""Conditions that hold in part, and conditions that only count where they can be judged."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Callable

from clawc.stdlib.checks.values import No, Truth, Unmet


def can_hold(of: Callable[[Any], Any]) -> bool:
    """Whether a condition can be judged and holds."""
    try:
        return of(None) is True
    except Unmet:
        return False


def worth(share: Any) -> Truth:
    """Holds to this share: 1 and more is whole, 0 and less is nothing."""
    if isinstance(share, bool) or not isinstance(share, (int, Decimal)):
        raise Unmet("there is no number to pay")
    if share >= 1:
        return True
    return No(f"worth {share:.6g}", max(0.0, float(share)))
