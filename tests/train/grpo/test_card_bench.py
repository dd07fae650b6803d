"""`python -m bench.train_grpo_card` over a tiny random model on a processor: the recipe, its steps against the limits, the engine alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.engine.local.packages import WORKER
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import works
from tests.engine_local.conftest import skip_without
from tests.train.grpo.conftest import often_ending

__all__ = ["works"]
skip_without(*WORKER, *TRAINER, extra="train")
pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("works")]

SMALL = "--device cpu --steps 2 --lessons 2 --instances 1 --held 1 --sizes 1 2 --answer 4"
GRPO = "--steps 2 --group 2 --tasks 1 --refills 0 --max-tokens 4 --dtype float32"


def measured(model: Path, out: Path, more: list[str]) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "bench.train_grpo_card", "--json", out, "--model", model, *SMALL.split(), *more]
    done = subprocess.run(list(map(str, command)), env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False, timeout=280)  # fmt: skip
    return done.returncode, json.loads(out.read_text())


def test_all_parts_are_measured(tiny_model: Path, tmp_path: Path) -> None:
    settings = ["--set", "SFT=--steps 1 --dtype float32", "--set", f"GRPO={GRPO}", "--set", "JOBS=2"]
    status, found = measured(often_ending(tiny_model, tmp_path / "long"), tmp_path / "found.json", settings)
    assert status == 0, found
    recipe, reinforcement, engine = found["recipe"], found["reinforcement"], found["engine"]
    assert recipe["sft"]["steps"] == 1 and recipe["unseen"]["after"]["total"]["mean"] == 0
    assert [step["step"] for step in reinforcement["steps"]] == [1, 2]
    assert reinforcement["others"]["sampling"]["tokens"] == reinforcement["steps"][1]["sampled_tokens"] > 0
    assert set(engine["roofline_share"]) == {"1", "2"}


def test_a_recipe_that_fails_is_told_with_the_rest(tiny_model: Path, tmp_path: Path) -> None:
    status, found = measured(tiny_model, tmp_path / "found.json", ["--set", "SFT=--rate none"])
    recipe = found["recipe"]
    assert status == 1
    assert recipe["status"] not in (0, None) and "--rate" in recipe["said"] and "reinforcement" not in found
    assert "engine" in found


def test_a_recipe_that_takes_too_long_is_ended(tiny_model: Path, tmp_path: Path) -> None:
    status, found = measured(tiny_model, tmp_path / "found.json", ["--recipe-s", "0.5"])
    recipe = found["recipe"]
    assert status == 1 and recipe["status"] is None
