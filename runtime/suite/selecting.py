"""From a calibration to a balanced set of its tasks, each with the reason why it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from clawc import __version__
from clawc.runtime.calibrate.selection import Candidate, Wishes, choose
from clawc.runtime.errors import RuntimeFault
from clawc.spec.calibration import CalibratedItem, Calibration, Tier
from clawc.spec.selection import LeftOut, SelectedTask, SelectionRecord

TIERS: tuple[Tier, ...] = get_args(Tier)
_MOST_WEIGHT = 1_000_000


def tier_weights(text: str) -> dict[Tier, int]:
    """Of `easy=1,middle=2,hard=1`; tiers that are not named have 0. Raises RuntimeFault R1015 for what is none."""
    found: dict[Tier, int] = {}
    for part in text.split(","):
        name, _, number = (each.strip() for each in part.partition("="))
        if (
            name not in TIERS
            or name in found
            or not (number.isascii() and number.isdigit())
            or int(number[:9]) > _MOST_WEIGHT
        ):
            raise RuntimeFault(
                "R1015", f"`{part.strip()[:80]}` is no share of a tier", "As in `easy=1,middle=2,hard=1`."
            )
        found[name] = int(number)
    if not any(found.values()):
        raise RuntimeFault("R1015", "the shares of tiers are all 0", "As in `easy=1,middle=2,hard=1`.")
    return {tier: found.get(tier, 0) for tier in TIERS}


def selection_of(
    record: Calibration, size: int, weights: Mapping[Tier, int] | None = None, *, exclude_flagged: bool = False,
    per_family: int | None = None, seed: int = 1,
) -> SelectionRecord:  # fmt: skip
    """`size` tasks with categories in equal parts, tiers by their weights if any are given, and at most `per_family` of a family. Raises RuntimeFault R1015 where
    nothing is left to choose from."""
    left_out: list[LeftOut] = []
    pool: dict[str, CalibratedItem] = {}
    for item in record.items:
        why = _unfit(item, exclude_flagged)
        if why:
            left_out.append(LeftOut(task=item.task, reason=why[:2_000]))
        else:
            pool[item.task] = item
    if not pool:
        raise RuntimeFault(
            "R1015", "no task is left to choose from", "Calibrate more tasks, or leave --exclude-flagged out."
        )
    quotas = _quotas(weights, size) if weights else {}
    wishes = Wishes(
        size, {"tier": {str(tier): n for tier, n in quotas.items()}} if quotas else {}, balanced=("category",),
        most={"family": per_family} if per_family else {}, abilities=tuple(a.ability for a in record.abilities) or (0.0,),
    )  # fmt: skip
    found = choose([_candidate(item) for item in pool.values()], wishes, seed)
    chosen = [pool[name] for name in found.items]
    never = {audit.task for audit in record.never_solved}
    unmet = list(found.unmet)
    if doubted := [item.task for item in chosen if item.flagged]:
        unmet.append(
            f"{len(doubted)} chosen tasks have verifiers that are flagged, such as `{doubted[0]}`; --exclude-flagged leaves these out"
        )
    if unsolved := [item.task for item in chosen if item.task in never]:
        unmet.append(f"{len(unsolved)} chosen tasks were solved by no rung, such as `{unsolved[0]}`: audit them first")
    return SelectionRecord(
        clawc=__version__, suite=record.suite, synthetic=any(rung.synthetic for rung in record.rungs[-1:]), size=size, tiers=quotas,
        tasks=tuple(_selected(item, item.task in never) for item in chosen), counts=found.counts,
        information=found.information, unmet=tuple(unmet), left_out=tuple(left_out),
    )  # fmt: skip


def _unfit(item: CalibratedItem, exclude_flagged: bool) -> str:
    if not any(rate.trials for rate in item.rates):
        return "no trial has a verdict"
    if exclude_flagged and item.flagged:
        return "flagged: " + "; ".join(flag.reason for flag in item.flags)
    return ""


def _quotas(weights: Mapping[Tier, int], size: int) -> dict[Tier, int]:
    """Whole numbers that sum up to the size, by the largest remainders."""
    total = sum(weights.values())
    exact = {tier: size * weights[tier] / total for tier in TIERS}
    found: dict[Tier, int] = {tier: int(exact[tier]) for tier in TIERS}
    for tier in sorted(TIERS, key=lambda t: (found[t] - exact[t], t))[: size - sum(found.values())]:
        found[tier] += 1
    return found


def _candidate(item: CalibratedItem) -> Candidate:
    difficulty, slope = item.difficulty, item.slope
    return Candidate(
        item.task, {"category": item.category, "family": item.template, "tier": item.tier or ""},
        difficulty.value if difficulty else 0.0, slope.value if slope else 1.0,
    )  # fmt: skip


def _selected(item: CalibratedItem, never: bool) -> SelectedTask:
    reasons = [f"{item.tier} with chance {item.tier_chance:.2f}" if item.tier else "tier unknown"]
    if item.difficulty is not None:
        reasons.append(
            f"difficulty {item.difficulty.value:+.2f} ({item.difficulty.low:+.2f} to {item.difficulty.high:+.2f})"
        )
    if item.slope is not None:
        reasons.append(f"slope {item.slope.value:.2f}")
    if item.flagged:
        reasons.append("flagged: " + ", ".join(flag.kind for flag in item.flags))
    if never:
        reasons.append("solved by no rung")
    return SelectedTask(
        task=item.task, template=item.template, bundle_id=item.bundle_id, verifier=item.verifier, category=item.category,
        split=item.split, tier=item.tier, difficulty=item.difficulty.value if item.difficulty else None,
        reason="; ".join(reasons),
    )  # fmt: skip
