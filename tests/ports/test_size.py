"""How much a port takes, beside the checker that it stands for, and how much of its answer is derived."""

from __future__ import annotations

import math
from pathlib import Path

from clawc.commands.sources import check_file, find_sources
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# Non-blank lines of the published checkers, from the README of the recorded workspaces.
PUBLISHED = {
    "task_0000": 315, "task_0238": 273, "task_0242": 244, "task_0359": 206, "task_0435": 333, "task_1003": 207,
    "task_1366": 209, "task_1639": 245, "task_1670": 278, "task_1874": 169, "task_1951": 141, "task_1986": 323,
}  # fmt: skip
COLUMNS = 100
# What a task needs whoever judges it.
APART = ("title", "instruction", "workspace")


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
    lines = [line for number, line in enumerate(text.split("\n")) if number not in left_out and line.strip()]
    return sum(math.ceil(len(line) / COLUMNS) for line in lines)


def test_a_fifth_of_the_published_checkers() -> None:
    ours = {name: verifier_lines(EXAMPLES / "clawgym" / name / f"{name}.claw") for name in PUBLISHED}
    print(ours, sum(ours.values()), "of", sum(PUBLISHED.values()))
    assert sum(ours.values()) * 5 <= sum(PUBLISHED.values())


def test_most_answers_are_derived() -> None:
    tasks = [task for path in find_sources([EXAMPLES]) for task in check_file(path).tasks]
    checks = [c for t in tasks for c in t.task.checks if c.kind == "check"]
    derived = [c for t in tasks for c in t.task.checks if c.kind == "check" and c.name in t.witness.derived_checks]
    whole = [t for t in tasks if t.witness.origin == "derived"]
    print(f"{len(derived)} of {len(checks)} checks, {len(whole)} of {len(tasks)} tasks whole")
    assert len(derived) * 3 >= len(checks) * 2
    assert len(whole) * 2 >= len(tasks)
