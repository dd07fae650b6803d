"""How much a port takes, beside the checker that it stands for, and how much of its answer is derived."""

from __future__ import annotations

from pathlib import Path

from bench.compare_sizes import PUBLISHED, port, verifier_lines
from clawc.commands.sources import check_file, find_sources

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_a_fifth_of_the_published_checkers() -> None:
    ours = {name: verifier_lines(port(name)) for name in PUBLISHED}
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
