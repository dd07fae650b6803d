"""How much speaks for looking at a task soon: points for what machines found against it. An order, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from clawc.spec.review import Vote

_MOST = 5  # survivors that count


class Doubt(NamedTuple):
    """Points, and why. `by_model` is a reason that tells how a model voted, so it is not for blind eyes."""

    points: int
    reasons: tuple[str, ...]
    by_model: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`clean` is None without a card that counts. `survivors` are wrong answers that lost nothing, `rejected` right ones that did; `shares` are the scores of rollouts by
    checks alone, `unpassed` checks that none of at least three rollouts passed."""

    clean: bool | None = None
    survivors: int = 0
    rejected: int = 0
    flagged: bool = False
    confirmed: bool = False
    shares: tuple[float, ...] = ()
    unpassed: int = 0
    model: Vote | None = None


def doubt(found: Evidence) -> Doubt:
    """100 points for a confirmed flag, 60 for another; 20 for each answer on the wrong side, at most five; 30 for a card that is not clean, 15 for none; up to 25
    for rollouts that differ, 20 where some check was never passed; 40 where a model votes against what all else says."""
    points, reasons = 0, list[str]()

    def add(more: int, why: str) -> None:
        nonlocal points
        points += more
        reasons.append(why)

    if found.flagged:
        add(100 if found.confirmed else 60, "calibration doubts the verifier")
    away = found.survivors + found.rejected
    if away:
        add(20 * min(_MOST, away), f"{away} mutants came out on the wrong side")
    if found.clean is None:
        add(15, "no card")
    elif not found.clean:
        add(30, "the card is not clean")
    spread = _spread(found.shares)
    if spread >= 0.05:
        add(round(100 * spread), "scores of rollouts differ")
    if found.unpassed:
        add(20, f"{found.unpassed} checks that no rollout passed")
    against = bool(away or found.flagged or found.clean is False)
    said = _said(found.model, against)
    return Doubt(points + (40 if said else 0), tuple(reasons), said)


def _said(model: Vote | None, against: bool) -> str:
    if model == "accept" and against:
        return "the model accepts what other evidence speaks against"
    if model in ("revise", "reject") and not against:
        return "the model refuses what nothing else speaks against"
    return ""


def _spread(shares: tuple[float, ...]) -> float:
    """The variance of values in [0, 1], at most 0.25; 0 below two."""
    if len(shares) < 2:
        return 0.0
    mean = sum(shares) / len(shares)
    return sum((share - mean) ** 2 for share in shares) / len(shares)
