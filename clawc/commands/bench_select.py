"""`clawc bench select`: a balanced set of tasks out of a calibration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.faults import user_errors
from clawc.commands.output import put
from clawc.compiler.report import clean

if TYPE_CHECKING:
    from clawc.spec.selection import SelectionRecord

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SelectOptions:
    """What the options of the verb say. With `paths` the paths of the chosen bundles in that folder are shown, and nothing else."""

    out: Path
    size: int
    tiers: str = ""
    exclude_flagged: bool = False
    per_family: int | None = None
    seed: int = 1
    paths: Path | None = None


def select_command(calibration: Path, options: SelectOptions) -> int:
    with user_errors():
        from clawc.runtime.suite.calibration_file import read_calibration
        from clawc.runtime.suite.selecting import selection_of, tier_weights

        weights = tier_weights(options.tiers) if options.tiers else None
        found = selection_of(
            read_calibration(calibration), options.size, weights, exclude_flagged=options.exclude_flagged,
            per_family=options.per_family, seed=options.seed,
        )  # fmt: skip
    put(found.model_dump_json(indent=2) + "\n", options.out)
    if options.paths is None:
        put(_said(found) + f"{options.out}\n", None)
    else:
        put("".join(f"{options.paths / task.task}\n" for task in found.tasks), None)
    return exits.OK


def _said(found: SelectionRecord) -> str:
    lines = [f"{len(found.tasks)} of {found.size} tasks"]
    if found.synthetic:
        lines[0] += "; tiers by a synthetic rung say nothing of how hard tasks are for models"
    for attribute, counts in found.counts.items():
        lines.append(
            f"  {clean(attribute)}: " + ", ".join(f"{clean(value) or 'none'} {n}" for value, n in counts.items())
        )
    lines += [f"  {task.task}: {clean(task.reason)}" for task in found.tasks[:_SHOWN]]
    if len(found.tasks) > _SHOWN:
        lines.append(f"  and {len(found.tasks) - _SHOWN} more")
    if found.left_out:
        lines.append(
            f"left out: {len(found.left_out)}, such as {found.left_out[0].task}: {clean(found.left_out[0].reason)}"
        )
    lines += [f"not met: {clean(wish)}" for wish in found.unmet]
    return "\n".join(lines) + "\n"
