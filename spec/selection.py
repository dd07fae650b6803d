"""A balanced set of tasks out of a calibrated suite: `clawc bench select` writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from clawc.spec.bundle import Name, Sha256, Strict, TaskName
from clawc.spec.calibration import CalibratedSuite, Tier

SELECTION_FORMAT_VERSION = 1
_Line = Annotated[str, Field(max_length=2_000)]


class SelectedTask(Strict):
    task: TaskName
    template: Name
    bundle_id: Sha256
    verifier: Sha256
    category: str = ""
    split: str = ""
    tier: Tier | None = None
    difficulty: float | None = None
    reason: _Line

    model_config = ConfigDict(allow_inf_nan=False)


class LeftOut(Strict):
    task: TaskName
    reason: _Line


class SelectionRecord(Strict):
    """`counts` by attribute and value, `unmet` which wishes could not be met, `left_out` tasks that could not be chosen. `information` is the sum of Fisher's
    information of the tasks, mean over the abilities of the ladder. `synthetic`: the strongest rung, by which tiers are, is an oracle that
    makes mistakes."""

    format_version: Literal[1] = 1
    clawc: str
    suite: CalibratedSuite | None
    synthetic: bool
    size: Annotated[int, Field(ge=1)]
    tiers: dict[Tier, int]
    tasks: tuple[SelectedTask, ...]
    counts: dict[str, dict[str, int]]
    information: float
    unmet: tuple[_Line, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    model_config = ConfigDict(allow_inf_nan=False)
