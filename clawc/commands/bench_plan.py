"""`clawc bench plan`: how many tasks and trials a difference takes, and what difference there is to be seen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.faults import user_errors
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.suite.planning import Basis, BenchPlan

PLAN_FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the options of the verb say. `between` are two rungs of the calibration, the two strongest if empty."""

    effect: float = 0.05
    power: float = 0.8
    alpha: float = 0.05
    trials: int = 1
    items: int | None = None
    between: str = ""
    format: str = "text"


def plan_command(path: Path | None, options: PlanOptions) -> int:
    require_format(options.format)
    if not isfinite(options.effect) or not 0 < options.effect <= 1:
        raise UserError(
            f"`--effect {options.effect:g}` is no difference of scores", "give a number above 0, at most 1: 0.05"
        )
    with user_errors():
        from clawc.runtime.report.json_document import data_of
        from clawc.runtime.suite.planning import plan_of

        plan = plan_of(
            _basis(path, options), options.effect, options.power, options.alpha, options.trials, options.items
        )
        document = data_of(plan)
    if options.format == "json":
        assert isinstance(document, dict)
        put(json.dumps({"format_version": PLAN_FORMAT_VERSION, **document}, indent=2) + "\n", None)
    else:
        put("\n".join(_lines(plan)) + "\n", None)
    return exits.OK


def _basis(path: Path | None, options: PlanOptions) -> Basis:
    from clawc.runtime.suite import planning
    from clawc.spec.suite import SUITE

    between = [name.strip() for name in options.between.split(",")] if options.between else []
    if path is None or os.path.lexists(path / SUITE):
        if between:
            raise UserError("`--between` is for a calibration", "give the folder that `clawc bench calibrate` made")
        if path is None:
            return planning.usual_basis()
        from clawc.runtime.suite.folder import read_suite

        return planning.basis_of_suite(read_suite(path))
    from clawc.runtime.suite.calibration_file import read_calibration

    return planning.basis_of_calibration(read_calibration(path), between)


def _lines(plan: BenchPlan) -> Iterable[str]:
    basis, parts = plan.basis, plan.basis.parts
    yield f"from {clean(basis.source)}: family {parts.family:.4f}, task {parts.item:.4f}, trial {parts.trial:.4f}"
    yield f"two-sided {plan.alpha:g}, power {plan.power:g}; {basis.family_size:.3g} tasks a family"
    yield ""
    points = f"{100 * plan.effect:g} points"
    each = _times(plan.trials)
    if plan.needed.count is None:
        yield f"{points}: {plan.needed.reason}"
    else:
        yield f"{points}: {plan.needed.count:,} tasks, each played {each} by both agents"
    if plan.shown is not None:
        yield f"{plan.shown.items:,} tasks, each played {each}, show {100 * plan.shown.effect:.1f} points"
    if plan.trials_needed is not None:
        count = plan.trials_needed.count
        yield plan.trials_needed.reason if count is None else f"{points} with these tasks: each played {_times(count)}"
    yield ""
    trials = sorted({p.trials for p in plan.grid})
    yield "minimum detectable effect, points"
    yield "  tasks" + "".join(f"{_times(k):>10}" for k in trials)
    for items in sorted({p.items for p in plan.grid}):
        row = {p.trials: p.effect for p in plan.grid if p.items == items}
        yield f"  {items:5}" + "".join(f"{100 * row[k]:10.1f}" for k in trials)
    for note in (*basis.notes, *(plan.shown.notes if plan.shown else ())):
        yield f"note: {clean(note)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
