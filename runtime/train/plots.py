"""Curves of trainings as a picture: loss, learning rate and norm of the gradient by step, several trainings over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from clawc.runtime.engine.local.packages import need
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.progress import MetricsReader, TrainingProgress

FORMATS = (".svg", ".png", ".pdf")
_SMOOTH = 0.03  # of all steps, that a running mean is taken over


def plot_trainings(folders: Sequence[Path], to: Path) -> None:
    """Raises RuntimeFault R0951 if matplotlib is not installed, R0996 if a folder has no report of a step."""
    need("matplotlib", extra="train")
    found: dict[str, TrainingProgress] = {}
    for folder in folders:
        progress = MetricsReader(folder).look()
        if not progress.losses:
            raise RuntimeFault("R0996", f"`{folder}` has no report of a step", "train first: `clawc train sft`")
        found[_free(folder.resolve().name, found)] = progress
    _drawn(found).savefig(to, metadata={"Date": None} if to.suffix == ".svg" else None)


def _free(name: str, taken: Mapping[str, object]) -> str:
    return (
        name
        if name not in taken
        else next(f"{name} {n}" for n in range(2, len(taken) + 3) if f"{name} {n}" not in taken)
    )


def _drawn(trainings: Mapping[str, TrainingProgress]) -> Any:
    matplotlib = import_module("matplotlib")
    matplotlib.rcParams["svg.hashsalt"] = "clawc"
    figure = import_module("matplotlib.figure").Figure(figsize=(9, 8), layout="constrained")
    loss, rate, norm = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
    for number, (name, progress) in enumerate(trainings.items()):
        colour = f"C{number % 10}"
        loss.plot(*zip(*progress.losses), color=colour, alpha=0.25, linewidth=0.8)
        loss.plot(*zip(*_smoothed(progress.losses)), color=colour, label=name)
        if progress.held_out:
            loss.plot(
                *zip(*progress.held_out),
                color=colour,
                linestyle="--",
                marker="o",
                markersize=3,
                label=f"{name}, held out",
            )
        for axis, series in ((rate, progress.rates), (norm, progress.norms)):
            if series:
                axis.plot(*zip(*series), color=colour, linewidth=0.8)
    loss.set_ylabel("loss of a token (nats)")
    rate.set_ylabel("learning rate")
    norm.set_ylabel("gradient norm")
    norm.set_xlabel("step")
    loss.legend(frameon=False)
    for axis in (loss, rate, norm):
        axis.grid(alpha=0.2)
        axis.set_ylim(bottom=0)
    return figure


def _smoothed(series: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """A running mean over the values around each; a short series as it is."""
    half = round(len(series) * _SMOOTH / 2)
    found: list[tuple[int, float]] = []
    for at, (step, _) in enumerate(series):
        around = series[max(0, at - half) : at + half + 1]
        found.append((step, sum(value for _, value in around) / len(around)))
    return found
