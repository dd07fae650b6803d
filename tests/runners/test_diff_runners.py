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
TASKS = 23  # the examples, and one task with what they have not


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


@pytest.mark.parametrize("mutants", [2, pytest.param(5, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_rewards_are_ours(name: str, mutants: int) -> None:
    framework(FRAMEWORKS[name][0])
    document = compared("--runner", name, "--mutants", str(mutants))
    answers = document["answers"]
    differing = [one for one in answers if one["rewards"].get(name) != one["rewards"]["clawc"]]
    assert not document["runners"][1]["failed"] and not differing, document["runners"][1]["failed"] or differing
    assert document["equal"]
    assert len({one["task"] for one in answers}) == TASKS
    assert len(answers) >= TASKS * (2 + mutants)
    oracle = [one["rewards"][name] for one in answers if one["name"] == "oracle"]
    null = [one["rewards"][name] for one in answers if one["name"] == "null"]
    assert oracle == [1.0] * TASKS and null == [0.0] * TASKS
    # Between nothing and all, or the comparison would say little.
    assert len({one["rewards"][name] for one in answers}) > 10
