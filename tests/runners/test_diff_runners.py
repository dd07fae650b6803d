"""All examples in other frameworks, each from PyPI in an environment of its own: the rewards are ours to the last bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.runners.compare import FRAMEWORKS
from tests.frameworks import framework

ROOT, HERE = Path(__file__).parents[2], Path(__file__).parent
TASKS = 25  # the examples, and one task with what they have not


def compared(*arguments: str) -> dict[str, Any]:
    """What `clawc diff-runners` says of all examples."""
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "diff-runners", "examples", str(HERE / "parcels.claw"), "--format", "json", *arguments],
        cwd=ROOT, env={**os.environ, "CLAWC_CACHE": os.environ["CLAWC_TEST_FRAMEWORKS"]}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("mutants", [1, pytest.param(5, marks=pytest.mark.nightly)])
def test_rewards_are_ours(mutants: int) -> None:
    """In one command, so that the answers are made and judged here once, not once for each framework."""
    for wanted, _ in FRAMEWORKS.values():
        framework(wanted)
    document = compared("--mutants", str(mutants), *(part for name in FRAMEWORKS for part in ("--runner", name)))
    answers = document["answers"]
    failed = {one["name"]: one["failed"] for one in document["runners"] if one["failed"]}
    differing = [one for one in answers if any(one["rewards"].get(n) != one["rewards"]["clawc"] for n in FRAMEWORKS)]
    assert not failed and not differing, failed or differing
    assert document["equal"]
    assert len({one["task"] for one in answers}) == TASKS
    assert len(answers) >= TASKS * (2 + mutants)
    for name in FRAMEWORKS:
        oracle = [one["rewards"][name] for one in answers if one["name"] == "oracle"]
        null = [one["rewards"][name] for one in answers if one["name"] == "null"]
        assert oracle == [1.0] * TASKS and null == [0.0] * TASKS, name
        # Between nothing and all, or the comparison would say little.
        assert len({one["rewards"][name] for one in answers}) > 10, name
