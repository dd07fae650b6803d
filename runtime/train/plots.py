"""Curves of trainings as a picture: reward, loss, learning rate and norm of the gradient by step, several trainings over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from clawc.runtime.engine.local.packages import need
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.progress import MetricsReader, TrainingProgress

FORMATS = (".svg", ".png", ".pdf")
Series = Sequence[tuple[int, float]]
_SMOOTH = 0.03  # of all steps, that a running mean is taken over


def plot_trainings(folders: Sequence[Path], to: Path) -> None:
    """Raises RuntimeFault R0951 if matplotlib is not installed, R0996 if a folder has no report of a step."""
    need("matplotlib", extra="train")
    found: dict[str, TrainingProgress] = {}
    for name, folder in zip(_names(folders), folders, strict=True):
        progress = MetricsReader(folder).look()
        if not progress.losses and not progress.rewards:
            raise RuntimeFault("R0996", f"`{folder}` has no report of a step", "train first: `clawc train sft`")
        found[name] = progress
    _drawn(found).savefig(to, metadata={"Date": None} if to.suffix == ".svg" else None)


def _names(folders: Sequence[Path]) -> list[str]:
    """As much of the end of each path as tells it from the others; a folder that is given twice is counted."""
    parts = [folder.resolve().parts for folder in folders]
    names: list[str] = []
    for number, mine in enumerate(parts):
        others = [each for at, each in enumerate(parts) if at != number and each != mine]
        length = next((n for n in range(1, len(mine)) if all(each[-n:] != mine[-n:] for each in others)), len(mine))
        name, before = "/".join(mine[-length:]), parts[:number].count(mine)
        names.append(f"{name} {before + 1}" if before else name)
    return names


def _drawn(trainings: Mapping[str, TrainingProgress]) -> Any:
    matplotlib = import_module("matplotlib")
    matplotlib.rcParams["svg.hashsalt"] = "clawc"
    rewarded = any(progress.rewards for progress in trainings.values())
    heights = (3, 2, 1, 1) if rewarded else (3, 1, 1)
    figure = import_module("matplotlib.figure").Figure(figsize=(9, 8), layout="constrained")
    axes = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    loss, rate, norm = axes[-3:]
    for number, (name, progress) in enumerate(trainings.items()):
        colour = f"C{number % 10}"
        _curve(loss, name, colour, progress.losses, progress.held_out)
        if rewarded and progress.rewards:
            _curve(axes[0], name, colour, progress.rewards, progress.held_rewards)
        for axis, series in ((rate, progress.rates), (norm, progress.norms)):
            if series:
                axis.plot(*zip(*series), color=colour, linewidth=0.8)
    if rewarded:
        axes[0].set_ylabel("reward of an episode")
    loss.set_ylabel("loss" if rewarded else "loss of a token (nats)")
    rate.set_ylabel("learning rate")
    norm.set_ylabel("gradient norm")
    norm.set_xlabel("step")
    axes[0].legend(frameon=False)
    for axis in axes:
        axis.grid(alpha=0.2)
        if axis is not loss or not rewarded:  # that of a policy is around 0
            axis.set_ylim(bottom=0)
    return figure


def _curve(axis: Any, name: str, colour: str, series: Series, held_out: Series) -> None:
    if series:
        axis.plot(*zip(*series), color=colour, alpha=0.25, linewidth=0.8)
        axis.plot(*zip(*_smoothed(series)), color=colour, label=name)
    if held_out:
        axis.plot(*zip(*held_out), color=colour, linestyle="--", marker="o", markersize=3, label=f"{name}, held out")


def _smoothed(series: Series) -> list[tuple[int, float]]:
    """A running mean over the values around each; a short series as it is."""
    half = round(len(series) * _SMOOTH / 2)
    found: list[tuple[int, float]] = []
    for at, (step, _) in enumerate(series):
        around = series[max(0, at - half) : at + half + 1]
        found.append((step, sum(value for _, value in around) / len(around)))
    return found
