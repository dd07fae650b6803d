"""How far a training is, from its `metrics.jsonl` while that grows, and how that looks on a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

from clawc.runtime.train.records import METRICS, read_training

if TYPE_CHECKING:
    from rich.console import RenderableType

_BARS = "▁▂▃▄▅▆▇█"
_RECENT = 20  # reports that a rate is taken over
_MOST_LINE = 1 << 20


@dataclass(slots=True)
class TrainingProgress:
    """`steps` is 0 until the first report. All series are pairs of step and value, in the order of reports; `held_out` are losses, `held_rewards`
    rewards, of what is not trained on. `reported` has the times of reports in seconds, with steps and tokens so far."""

    step: int = 0
    steps: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    held_out: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    rates: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    norms: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    rewards: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    held_rewards: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    reported: list[tuple[float, int, int]] = field(default_factory=list[tuple[float, int, int]])

    @property
    def tokens(self) -> int:
        return self.reported[-1][2] if self.reported else 0

    def per_second(self) -> tuple[float, float] | None:
        """Steps and tokens a second over the last reports; None while there are too few."""
        recent = self.reported[-_RECENT:]
        if len(recent) < 2 or recent[-1][0] <= recent[0][0]:
            return None
        seconds = recent[-1][0] - recent[0][0]
        return (recent[-1][1] - recent[0][1]) / seconds, (recent[-1][2] - recent[0][2]) / seconds

    def add(self, line: Mapping[str, object]) -> None:
        """What one report says; of a training that was gone on with, earlier reports of the same steps are forgotten."""
        step, at = _number(line, "step"), _number(line, "at")
        if step is None or at is None:
            return
        if step < self.step:
            for series in (self.losses, self.held_out, self.rates, self.norms, self.rewards, self.held_rewards):
                series[:] = [pair for pair in series if pair[0] < step]
            self.reported.clear()
        self.step, self.steps = int(step), int(_number(line, "steps") or self.steps)
        for series, name in (
            (self.losses, "loss"),
            (self.held_out, "eval_loss"),
            (self.rates, "learning_rate"),
            (self.norms, "grad_norm"),
            (self.rewards, "reward"),
            (self.held_rewards, "eval_reward"),
        ):
            if (value := _number(line, name)) is not None:
                series.append((self.step, value))
        if _number(line, "loss") is not None or _number(line, "reward") is not None:
            self.reported.append((at, self.step, int(_number(line, "num_tokens") or 0)))


class MetricsReader:
    """Reads what a `metrics.jsonl` got since the last look. What is no report is passed over."""

    def __init__(self, out: Path) -> None:
        self.progress = TrainingProgress()
        self._path = out / METRICS
        self._at = 0
        self._node = 0

    def look(self) -> TrainingProgress:
        try:
            with open(self._path, "rb") as file:
                node = self._path.stat().st_ino
                if node != self._node:  # another file: a training that was gone on with
                    self.progress, self._at, self._node = TrainingProgress(), 0, node
                file.seek(self._at)
                while (data := file.readline(_MOST_LINE)).endswith(b"\n"):
                    self._at += len(data)
                    self._take(data)
        except OSError:
            pass
        return self.progress

    def _take(self, data: bytes) -> None:
        try:
            line: object = json.loads(data)
        except (ValueError, RecursionError):
            return
        if isinstance(line, dict):
            self.progress.add(cast("dict[str, object]", line))


def is_finished(out: Path) -> bool:
    """Whether the training has its result. Raises RuntimeFault R0995 for a folder of none."""
    return read_training(out).result is not None


def panel(progress: TrainingProgress, name: str, width: int = 80) -> RenderableType:
    """The progress as a box: a bar, the losses as a line of blocks, and rates."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for left, right in _figures(progress):
        table.add_row(Text(left, style="dim"), Text(right))
    bar = ProgressBar(total=max(1, progress.steps), completed=progress.step, width=max(10, width - 6))
    line = sparkline([value for _, value in progress.rewards or progress.losses], max(10, width - 6))
    return Panel(Group(bar, Text(line), table), title=Text(name), width=width)


def sparkline(values: list[float], width: int) -> str:
    """The values as blocks of eight heights, means where there are more than `width` of them."""
    if not values:
        return ""
    count = min(width, len(values))
    cuts = [len(values) * n // count for n in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(cuts)]
    low, high = min(means), max(means)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((value - low) * scale)] for value in means)


def plain_line(progress: TrainingProgress) -> str:
    """The progress as one line."""
    return ", ".join(f"{left} {right}" for left, right in _figures(progress))


def _figures(progress: TrainingProgress) -> list[tuple[str, str]]:
    found = [("step", f"{progress.step:,} of {progress.steps:,}" if progress.steps else "not begun")]
    for name, series in (("reward", progress.rewards), ("held-out reward", progress.held_rewards)):
        if series:
            first, last = series[0][1], series[-1][1]
            found.append((name, f"{last:.3f}" + (f" ({first:.3f} at first)" if len(series) > 1 else "")))
    if progress.losses:
        first, last = progress.losses[0][1], progress.losses[-1][1]
        found.append(("loss", f"{last:.4f}" + (f" ({first:.4f} at first)" if len(progress.losses) > 1 else "")))
    if progress.held_out:
        found.append(("held-out loss", f"{progress.held_out[-1][1]:.4f}"))
    if progress.rates:
        found.append(("learning rate", f"{progress.rates[-1][1]:.2e}"))
    if progress.norms:
        found.append(("gradient norm", f"{progress.norms[-1][1]:.3f}"))
    speed = progress.per_second()
    if speed is not None:
        steps, tokens = speed
        found.append(("tokens a second", f"{tokens:,.0f}"))
        if steps > 0 and progress.steps > progress.step:
            found.append(("left", _duration((progress.steps - progress.step) / steps)))
    return found


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole % 60:02} s"


def _number(line: Mapping[str, object], name: str) -> float | None:
    value = line.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
