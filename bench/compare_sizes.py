"""What an author writes for a task, beside the checkers that were published for the same tasks, and what is generated from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.machine import ROOT
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast
from clawc.spec.bundle import CHECKER

PORTS = ROOT / "examples" / "clawgym"
# Non-blank lines of the published checkers, from the README of the recorded workspaces.
PUBLISHED = {
    "task_0000": 315, "task_0238": 273, "task_0242": 244, "task_0359": 206, "task_0435": 333, "task_1003": 207,
    "task_1366": 209, "task_1639": 245, "task_1670": 278, "task_1874": 169, "task_1951": 141, "task_1986": 323,
}  # fmt: skip
BY_HAND = ROOT / "bench" / "peers" / "plain_check.py"
BY_HAND_TASK = ROOT / "examples" / "order_totals.claw"
COLUMNS = 100
# What a task needs whoever judges it.
APART = ("title", "instruction", "workspace")


def port(task: str) -> Path:
    """The source of ours that stands for a published task."""
    return PORTS / task / f"{task}.claw"


def verifier_lines(path: Path) -> int:
    """Non-blank lines outside title, instruction and workspace, as many as they take in 100 columns."""
    text = path.read_text(encoding="utf-8")
    source = Source.of(path.name, text)
    left_out: set[int] = set()
    for task in parse(source, Diagnostics()).file.items:
        for item in task.items if isinstance(task, ast.Block) else ():
            name = (
                item.name.text
                if isinstance(item, ast.Attribute)
                else item.kind.text
                if isinstance(item, ast.Block)
                else ""
            )
            if name in APART:
                left_out.update(range(text.count("\n", 0, item.span.start), text.count("\n", 0, item.span.end) + 1))
    return folded([line for number, line in enumerate(text.split("\n")) if number not in left_out])


def folded(lines: Sequence[str]) -> int:
    """How many lines of at most 100 columns the lines take that are not blank."""
    return sum(math.ceil(len(line) / COLUMNS) for line in lines if line.strip())


def measured(tasks: Sequence[str], bundles: Path) -> dict[str, Any]:
    """Lines of these ports, of their compiled checkers in `bundles`, and of what was published."""
    rows = [
        {
            "task": task,
            "published_checker": PUBLISHED[task],
            "verifier": verifier_lines(port(task)),
            "source": _lines(port(task)),
            "generated_checker": _lines(bundles / task / CHECKER),
        }
        for task in tasks
    ]
    return {
        "columns": COLUMNS,
        "tasks": rows,
        "sums": {name: sum(int(str(row[name])) for row in rows) for name in rows[0] if name != "task"},
        "by_hand": {"task": BY_HAND_TASK.stem, "checker": _lines(BY_HAND), "verifier": verifier_lines(BY_HAND_TASK)},
    }


def _lines(path: Path) -> int:
    return folded(path.read_text(encoding="utf-8").splitlines())


def of_exports(exports: Path, tasks: int) -> list[dict[str, Any]]:
    """Files and bytes a task of each export in the folder `exports`."""
    found: list[dict[str, Any]] = []
    for folder in sorted(exports.iterdir()):
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        found.append({
            "target": folder.name, "files_a_task": round(len(sizes) / tasks, 1), "kib_a_task": round(sum(sizes) / tasks / 1024, 1),
        })  # fmt: skip
    return found
