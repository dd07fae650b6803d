"""All examples in other frameworks, each from PyPI in an environment of its own: the rewards are ours to the last bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.runners.compare import FRAMEWORKS
from tests.frameworks import framework

ROOT, HERE = Path(__file__).parents[2], Path(__file__).parent
ALL = ["examples"]
# A program, and a file that is changed in place.
SOME = ["examples/discount_script.claw", "examples/tighten_limits.claw"]


def compared(sources: Sequence[str], *arguments: str) -> dict[str, Any]:
    """What `clawc diff-runners` says of these, and of one task with what no example has."""
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "diff-runners", *sources, str(HERE / "parcels.claw"), "--format", "json", *arguments],
        cwd=ROOT, env={**os.environ, "CLAWC_CACHE": os.environ["CLAWC_TEST_FRAMEWORKS"]}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("sources", "tasks", "mutants", "names"),
    [
        (SOME, 3, 2, ["harbor"]),
        *(pytest.param(ALL, 25, n, list(FRAMEWORKS), marks=pytest.mark.nightly) for n in (1, 5)),
    ],
)
def test_rewards_are_ours(sources: Sequence[str], tasks: int, mutants: int, names: Sequence[str]) -> None:
    """In one command, so that the answers are made and judged here once, not once for each framework."""
    for name in names:
        framework(FRAMEWORKS[name][0])
    document = compared(sources, "--mutants", str(mutants), *(part for name in names for part in ("--runner", name)))
    answers = document["answers"]
    failed = {one["name"]: one["failed"] for one in document["runners"] if one["failed"]}
    differing = [one for one in answers if any(one["rewards"].get(n) != one["rewards"]["clawc"] for n in names)]
    assert not failed and not differing, failed or differing
    assert document["equal"]
    assert len({one["task"] for one in answers}) == tasks
    assert len(answers) >= tasks * (2 + mutants)
    for name in names:
        oracle = [one["rewards"][name] for one in answers if one["name"] == "oracle"]
        null = [one["rewards"][name] for one in answers if one["name"] == "null"]
        assert oracle == [1.0] * tasks and null == [0.0] * tasks, name
        # Between nothing and all, or the comparison would say little.
        assert len({one["rewards"][name] for one in answers}) > min(10, tasks), name
