"""What a trainer reports while it trains: lines of `metrics.jsonl`, and whatever else is told."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clawc.runtime.engine.local.packages import need
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.records import METRICS
from clawc.runtime.train.settings import Tracker

TENSORBOARD = "tensorboard"
_LEFT_OUT = frozenset({"total_flos"})


def callbacks(out: Path, trackers: tuple[Tracker, ...]) -> Iterator[object]:
    """Those of the metrics and of the trackers. Raises RuntimeFault R0951 if a tracker is not installed."""
    for tracker in trackers:
        need(tracker, extra="trackers")
    yield _metrics(out / METRICS)
    if "tensorboard" in trackers:
        from torch.utils.tensorboard import SummaryWriter
        from transformers.integrations.integration_utils import TensorBoardCallback

        yield TensorBoardCallback(SummaryWriter(str(out / TENSORBOARD)))  # type: ignore[no-untyped-call]
    if "wandb" in trackers:
        from transformers.integrations.integration_utils import WandbCallback

        yield WandbCallback()  # type: ignore[no-untyped-call]


def drop_after(path: Path, step: int) -> None:
    """Leaves out of the metrics what was reported after the step that a training goes on from, and a line that was cut off."""
    if not path.is_file():
        return
    kept: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            if int(json.loads(line)["step"]) <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    part.replace(path)


def _metrics(path: Path) -> object:
    """Writes what the trainer reports, and ends the training at a loss that is no number."""
    from transformers import TrainerCallback

    class Metrics(TrainerCallback):
        def on_log(
            self, args: Any, state: Any, control: Any, logs: Mapping[str, object] | None = None, **_: Any
        ) -> None:
            figures = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
            if state.is_world_process_zero:
                finite = {
                    name: value if math.isfinite(value) else None
                    for name, value in figures.items()
                    if name not in _LEFT_OUT
                }
                line = {"step": state.global_step, "steps": state.max_steps, "at": round(time.time(), 3), **finite}
                with open(path, "a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            bad = [name for name, value in figures.items() if not math.isfinite(value)]
            if bad:
                raise RuntimeFault(
                    "R0993", f"`{bad[0]}` of step {state.global_step} is no number",
                    "Go on from the last checkpoint with a lower learning rate.",
                )  # fmt: skip

    return Metrics()
