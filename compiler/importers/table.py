"""The benchmarks that can be imported, by the name of their format."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from clawc.compiler.importers import (
    claw_bench,
    claw_eval,
    clawgym,
    exported,
    harbor,
    openclaw_bench,
    pinchbench,
    safeclaw,
    wildclawbench,
)
from clawc.compiler.importers.model import Found
from clawc.compiler.importers.tree import Tree


class Format(NamedTuple):
    """A format: what it is called in full, and what finds its tasks. What finds nothing is not of this format."""

    title: str
    find: Callable[[Tree], list[Found]]
    folders: bool = False  # a task is the folder of the file that it is found by, with all below it


# In the order in which they are tried; those whose files are called by nothing else come first.
FORMATS: dict[str, Format] = {
    "clawc": Format("clawc, bundles and exports", exported.find),
    "clawgym": Format("ClawGym, folders", clawgym.find, folders=True),
    "claw-bench": Format("claw-bench, folders with pytest", claw_bench.find, folders=True),
    "harbor": Format("Harbor, folders", harbor.find, folders=True),
    "clawgym-rows": Format("ClawGym, lines of JSON", clawgym.find_rows),
    "claw-eval": Format("Claw-Eval and Claw-Eval-Live", claw_eval.find, folders=True),
    "pinchbench": Format("PinchBench and EvoClawBench", pinchbench.find),
    "wildclawbench": Format("WildClawBench", wildclawbench.find),
    "safeclawarena": Format("SafeClawArena, JSON", safeclaw.find),
    "openclaw-clawbench": Format("openclaw/clawbench, YAML", openclaw_bench.find),
}


def found_in(tree: Tree, name: str = "") -> dict[str, list[Found]]:
    """The tasks in a tree by their format: of one format if it is named, else of all."""
    if name:
        tasks = FORMATS[name].find(tree)
        return {name: tasks} if tasks else {}
    found: dict[str, list[Found]] = {}
    ours: list[Found] = []
    claimed: set[str] = set()
    owned: set[str] = set()
    for key, format in FORMATS.items():
        tasks = [
            one
            for one in format.find(tree)
            if one.place not in claimed
            and owned.isdisjoint(_folders_of(one.place))
            and not exported.covers(ours, one.place)
        ]
        ours = tasks if key == "clawc" else ours
        claimed.update(one.place for one in tasks)
        if format.folders:
            owned.update(one.place.rpartition("/")[0] for one in tasks)
        if tasks:
            found[key] = tasks
    return found


def _folders_of(place: str) -> list[str]:
    """The folders in which a place lies, the whole tree among them."""
    parts = place.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
