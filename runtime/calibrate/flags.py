"""Which items to doubt, each with its reason in words and figures.

A flag is a reason to look, never a verdict. How many sound items may be flagged is chosen beforehand (`Rule.sound_share`); how many
of the flagged are probably sound is estimated and said (`Flags.false_share`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np

from clawc.runtime.calibrate.beta import beta_quantile
from clawc.runtime.calibrate.design import Design
from clawc.runtime.calibrate.figures import Figures, figures_of
from clawc.runtime.calibrate.marginal import Grid, State
from clawc.runtime.calibrate.mixture import FAULTS, Fault, Suspicion
from clawc.runtime.calibrate.responses import Responses
from clawc.runtime.stats.discovery import benjamini_hochberg

Kind = Literal[
    "null_passes", "oracle_fails", "negative_discrimination", "no_discrimination", "noisy", "accepts_all", "accepts_none",
    "accepts_wrong", "rejects_right", "misfit", "always_solved", "never_solved",
]  # fmt: skip
Reference = Literal["null", "oracle"]
# Reasons to look at an item that say nothing against its verifier by themselves.
AUDITS: frozenset[Kind] = frozenset({"always_solved", "never_solved"})
_OF_FAULT: dict[Fault, Kind] = {
    "constant": "no_discrimination", "accepts_all": "accepts_all", "accepts_none": "accepts_none", "reversed": "negative_discrimination",
    "noisy": "noisy", "accepts_wrong": "accepts_wrong", "rejects_right": "rejects_right",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """`sound_share` is how many of the sound items may be flagged by the model, on average; `least` the posterior chance below which none is.
    `confirmed` is the false discovery rate among those called so; `misfit` that of items flagged for residuals alone. `negative` is the posterior
    chance of a negative slope that flags by itself. An item that nobody solved is `never_solved` from `tail_trials` trials on."""

    sound_share: float = 0.035
    least: float = 0.05
    confirmed: float = 0.1
    misfit: float = 0.01
    negative: float = 0.99
    tail_trials: int = 16

    def __post_init__(self) -> None:
        shares = (self.sound_share, self.least, self.confirmed, self.misfit, self.negative)
        if not all(isfinite(share) and 0 <= share <= 1 for share in shares) or self.tail_trials < 1:
            raise ValueError("the shares of a rule are in [0, 1], and its trials at least 1")


@dataclass(frozen=True, slots=True)
class Flag:
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class ItemFlags:
    """`broken` is the posterior chance of a broken verifier, None where no model was fitted. `flagged` asks to look at the verifier; `confirmed` is
    the part of the flagged among whom few are sound. `flags` also holds audits of items that are not flagged."""

    item: str
    broken: float | None
    likely: Fault | None
    flagged: bool
    confirmed: bool
    flags: tuple[Flag, ...]
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class Flags:
    """`broken_share` is the estimated share of broken items, `false_share` the share of the flagged that are expected to be
    sound, both None without a model; `notes` say what could not be seen."""

    items: tuple[ItemFlags, ...]
    broken_share: float | None
    false_share: float | None
    notes: tuple[str, ...]

    @property
    def flagged(self) -> tuple[str, ...]:
        return tuple(item.item for item in self.items if item.flagged)

    @property
    def audits(self) -> tuple[str, ...]:
        """Items that are not flagged, and that everybody or nobody solves."""
        return tuple(item.item for item in self.items if item.flags and not item.flagged)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a fit says of the items of a table, in its order."""

    design: Design
    grid: Grid
    state: State
    dispersion: float
    suspicion: Suspicion


def flags_of(
    responses: Responses,
    evidence: Evidence | None,
    certain: Mapping[str, tuple[Flag, ...]] | None = None,
    rule: Rule | None = None,
) -> Flags:
    """Flags of each item of the table. `certain` are those by references, which need no statistics (`reference_flags`)."""
    how = rule or Rule()
    known = certain or {}
    totals = responses.totals()
    if evidence is None:
        items = tuple(
            ItemFlags(item, None, None, bool(known.get(item)), bool(known.get(item)), (*known.get(item, ()), *_tail(s, n, how)), None)
            for item, (s, n) in zip(responses.items, totals)
        )  # fmt: skip
        return Flags(
            items,
            None,
            None,
            ("below two agents or items, no model was fitted: only tails and references are flagged",),
        )
    broken = [float(q) for q in evidence.suspicion.broken]
    figures = figures_of(evidence.design, evidence.grid, evidence.state, evidence.dispersion)
    misfits = benjamini_hochberg([f.misfit_p for f in figures])
    by_model, sure = _chosen(broken, how.sound_share, how.least), _first(broken, how.confirmed)
    items_found: list[ItemFlags] = []
    for i, item in enumerate(responses.items):
        likely = FAULTS[int(np.argmax(evidence.suspicion.fault[i]))]
        found = list(known.get(item, ()))
        if i in by_model:
            found.append(Flag(_OF_FAULT[likely], _said(likely, figures[i], broken[i], totals[i], evidence, i)))
        if figures[i].negative >= how.negative and not any(f.kind == "negative_discrimination" for f in found):
            found.append(Flag("negative_discrimination", _slope_said(figures[i])))
        if misfits[i] <= how.misfit:
            found.append(
                Flag("misfit", f"successes differ from what abilities say by more than chance: outfit {figures[i].outfit:.2f}, infit {figures[i].infit:.2f}, q = {misfits[i]:.2g}; the item may measure something else, or its verifier may depend on how an agent writes")
            )  # fmt: skip
        flagged = bool(found)
        confirmed = flagged and (bool(known.get(item)) or i in sure)
        found += _tail(*totals[i], how)
        items_found.append(ItemFlags(item, broken[i], likely if i in by_model else None, flagged, confirmed, tuple(found), figures[i]))  # fmt: skip
    doubted = [q for q, item in zip(broken, items_found) if item.flagged and not known.get(item.item)]
    false_share = sum(1 - q for q in doubted) / len(doubted) if doubted else 0.0
    return Flags(tuple(items_found), evidence.suspicion.share, false_share, _notes(responses, evidence))


def reference_flags(responses: Responses, references: Mapping[str, Reference]) -> dict[str, tuple[Flag, ...]]:
    """What agents that are known to do nothing, or everything right, say of a verifier. Agents that are not in the table are ignored."""
    found: dict[str, list[Flag]] = {}
    for j, agent in enumerate(responses.agents):
        role = references.get(agent)
        for i, item in enumerate(responses.items):
            s, n = responses.successes[i][j], responses.trials[i][j]
            if role == "null" and s:
                found.setdefault(item, []).append(
                    Flag("null_passes", f"`{agent}`, which does nothing, passes {s} of {n}")
                )
            if role == "oracle" and s < n:
                found.setdefault(item, []).append(
                    Flag("oracle_fails", f"`{agent}`, which does all that is asked, fails {n - s} of {n}")
                )
    return {item: tuple(flags) for item, flags in found.items()}


def _chosen(broken: list[float], sound_share: float, least: float) -> set[int]:
    """The most doubtful items, as many as hold no more than the share of all sound ones, by the posterior: of all rules with that share it
    finds most broken items (Sun and Cai 2007, "Oracle and Adaptive Compound Decision Rules")."""
    allowed = sound_share * sum(1 - q for q in broken)
    chosen: set[int] = set()
    for i in _by_doubt(broken):
        allowed -= 1 - broken[i]
        if allowed < 0 or broken[i] < least:
            break
        chosen.add(i)
    return chosen


def _first(broken: list[float], rate: float) -> set[int]:
    """The most doubtful items, as many as have this false discovery rate: the mean of 1 - q (Efron 2008, section 4)."""
    chosen: set[int] = set()
    false = 0.0
    for i in _by_doubt(broken):
        false += 1 - broken[i]
        if false > rate * (len(chosen) + 1):
            break
        chosen.add(i)
    return chosen


def _by_doubt(broken: list[float]) -> list[int]:
    return sorted(range(len(broken)), key=lambda i: (-broken[i], i))


def _tail(successes: int, trials: int, rule: Rule) -> tuple[Flag, ...]:
    if not trials or 0 < successes < trials:
        return ()
    if successes:
        low = beta_quantile(0.025, trials + 0.5, 0.5)
        return (Flag("always_solved", f"solved in all of {trials} trials (95 %: above {low:.2f}): it tells agents apart no more"),)  # fmt: skip
    high = beta_quantile(0.975, 0.5, trials + 0.5)
    said = f"solved in none of {trials} trials (95 %: below {high:.2f})"
    if trials < rule.tail_trials:
        return (Flag("never_solved", f"{said}; with fewer than {rule.tail_trials} this says little: play more"),)
    return (Flag("never_solved", f"{said}: audit it before it counts as hard"),)


def _slope_said(figures: Figures) -> str:
    correlation = "" if figures.point_biserial is None else f", point-biserial {figures.point_biserial:+.2f}"
    return f"abler agents pass less often: slope {figures.slope:+.2f} ± {figures.slope_error:.2f}, below 0 with chance {figures.negative:.3f}{correlation}{_rates(figures)}"


def _rates(figures: Figures) -> str:
    if figures.weak_rate is None or figures.strong_rate is None:
        return ""
    return f"; the weaker third passes {figures.weak_rate:.0%}, the stronger {figures.strong_rate:.0%}"


def _said(fault: Fault, figures: Figures, broken: float, total: tuple[int, int], evidence: Evidence, i: int) -> str:
    chance = f"broken with chance {broken:.2f}"
    slope = f"slope {figures.slope:+.2f} ± {figures.slope_error:.2f}"
    if fault == "reversed":
        return f"{_slope_said(figures)}; {chance}"
    if fault in ("accepts_all", "accepts_none"):
        usual = float(evidence.design.features[i] @ evidence.state.beta)
        told = (
            "the difficulty of the other items"
            if evidence.design.features.shape[1] == 1
            else "the features of the item"
        )
        many = "all" if fault == "accepts_all" else "none"
        return f"passed in {total[0]} of {total[1]} trials, near {many}, although {told} would have it at {usual:+.1f} ± {evidence.state.difficulty_sd:.1f} logits; {chance}"
    words = {
        "constant": "passing does not depend on ability",
        "noisy": "passing depends on ability less than on the other items, as if verdicts were flipped at random",
        "accepts_wrong": "weak agents pass too often, as if some wrong answers were accepted",
        "rejects_right": "strong agents fail too often, as if some right answers were rejected",
    }[fault]
    return f"{words}: {slope}{_rates(figures)}; {chance}"


def _notes(responses: Responses, evidence: Evidence) -> tuple[str, ...]:
    notes: list[str] = []
    spread = float(evidence.state.ability.std())
    if len(responses.agents) < 8 or spread < 0.5:
        notes.append(f"{len(responses.agents)} agents with abilities that spread by {spread:.2f} logits tell few broken verifiers from sound ones: what is not flagged is not proved")  # fmt: skip
    if responses.excluded_share > 0.02:
        notes.append(f"{responses.excluded_share:.1%} of the trials have no verdict because the infrastructure failed")
    if evidence.dispersion > 1:
        notes.append(f"counts vary {evidence.dispersion:.2f} times as much as independent trials would; intervals are widened by it")  # fmt: skip
    return tuple(notes)
