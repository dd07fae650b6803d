"""How many tasks and trials a difference between two agents takes, for a suite as it is or as its calibration measured it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clawc.runtime.calibrate.power import (
    USUAL,
    Components,
    Needed,
    Plan,
    components,
    items_needed,
    minimum_effect,
    trials_needed,
)
from clawc.runtime.calibrate.responses import ResponseError
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.calibration_file import responses_of
from clawc.spec.calibration import Calibration
from clawc.spec.suite import Suite

GRID_ITEMS = (50, 100, 200, 500, 1_000)
GRID_TRIALS = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Basis:
    """Variances of a paired difference, `family_size` tasks a family on average, and the number of tasks that there are, None without a suite."""

    parts: Components
    family_size: float
    items: int | None
    families: int | None
    source: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """`needed` tasks at `trials` trials; `shown` is what the tasks that there are show, `trials_needed` how many trials of these find the effect; both None
    without a number of tasks. `grid` has minimum detectable effects by tasks and trials. `effect` is a difference of mean scores in [0, 1]."""

    effect: float
    power: float
    alpha: float
    trials: int
    basis: Basis
    needed: Needed
    shown: Plan | None
    trials_needed: Needed | None
    grid: tuple[Plan, ...]


def usual_basis() -> Basis:
    return Basis(USUAL, 1.0, None, None, "usual variances, each task a family of its own")


def basis_of_suite(suite: Suite) -> Basis:
    """Usual variances with the families of a suite."""
    sizes = Counter(member.template for member in suite.members)
    return Basis(
        USUAL, len(suite.members) / len(sizes), len(suite.members), len(sizes),
        f"usual variances, families of `{suite.name}` {suite.version}",
    )  # fmt: skip


def basis_of_calibration(record: Calibration, between: Sequence[str] = ()) -> Basis:
    """Variances as measured between two rungs, the two strongest unless told; usual ones, with a note, where these cannot be measured. Raises RuntimeFault
    R1016 for rungs that are not there."""
    names = [rung.name for rung in record.rungs]
    pair = list(between) or names[-2:]
    if len(pair) != 2 or pair[0] == pair[1] or not set(pair) <= set(names):
        raise RuntimeFault("R1016", f"no two rungs `{', '.join(pair)}`", f"The ladder has: {', '.join(names)}.")
    families = {item.task: item.template for item in record.items}
    groups = len(set(families.values()))
    notes: list[str] = []
    parts, source = USUAL, "usual variances, families of the calibration"
    try:
        parts, _ = components(responses_of(record), pair[0], pair[1], families)
        source = f"variances between `{pair[0]}` and `{pair[1]}`"
    except (ValueError, ResponseError) as error:
        notes.append(f"{error}: usual variances are taken")
    if parts == Components(0.0, 0.0, 0.0):
        parts, source = USUAL, "usual variances, families of the calibration"
        notes.append(f"`{pair[0]}` and `{pair[1]}` differ nowhere: usual variances are taken")
    if synthetic := [rung.name for rung in record.rungs if rung.synthetic and rung.name in pair]:
        notes.append(
            f"synthetic rungs, `{'` and `'.join(synthetic)}`: differences between models may vary more or less"
        )
    if len(record.items) < 20:
        notes.append(f"variances from {len(record.items)} tasks are rough")
    return Basis(parts, len(record.items) / max(1, groups), len(record.items), groups, source, tuple(notes))


def plan_of(
    basis: Basis, effect: float, power: float = 0.8, alpha: float = 0.05, trials: int = 1, items: int | None = None
) -> BenchPlan:
    """The plan for `items` tasks, those of the basis unless told. Raises RuntimeFault R1016 for numbers of which no plan can be made."""
    try:
        there = items if items is not None else basis.items
        shown, more = None, None
        if there is not None:
            families = _families(there, basis)
            shown = minimum_effect(there, trials, basis.parts, families, alpha, power)
            more = trials_needed(effect, there, basis.parts, families, alpha, power)
        needed = items_needed(effect, trials, basis.parts, basis.family_size, alpha, power)
        counts = sorted({*GRID_ITEMS, *(() if there is None else (there,))})
        grid = tuple(
            minimum_effect(n, k, basis.parts, _families(n, basis), alpha, power)
            for n in counts
            for k in sorted({*GRID_TRIALS, trials})
        )
    except ValueError as error:
        raise RuntimeFault("R1016", str(error)) from error
    return BenchPlan(effect, power, alpha, trials, basis, needed, shown, more, grid)


def _families(items: int, basis: Basis) -> int:
    if items == basis.items and basis.families is not None:
        return basis.families
    return min(items, max(2, round(items / basis.family_size)))
