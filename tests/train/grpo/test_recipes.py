"""The recipes of `examples/training`, with a tiny random model and little to do: the commands that they give are those of this version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.records import MODEL, read_training
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import works
from tests.engine_local.conftest import skip_without
from tests.train.grpo.conftest import often_ending

__all__ = ["works"]
skip_without(*TOKENS, *TRAINER, extra="train")
pytestmark = pytest.mark.usefixtures("works")

RECIPES = Path(__file__).parents[3] / "examples" / "training"
SMALL = {"DEVICE": "cpu", "LESSONS": "2", "INSTANCES": "1", "HELD": "1", "JOBS": "2", "OMP_NUM_THREADS": "1"}


def _run(recipe: str, model: Path, out: Path, sft: str, grpo: str) -> None:
    env = {**os.environ, **SMALL, "MODEL": str(model), "OUT": str(out), "CLAWC": f"{sys.executable} -m clawc"}
    env |= {"SFT": f"--steps 1 --dtype float32 {sft}"}
    env |= {"GRPO": f"--steps 1 --group 2 --tasks 1 --refills 0 --max-tokens 4 --dtype float32 {grpo}"}
    done = subprocess.run([RECIPES / f"{recipe}.sh"], env=env, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, method in (("sft", "sft"), ("grpo", "grpo")):
        record = read_training(out / name)
        assert record.method == method and record.result is not None
        assert (out / name / MODEL / "model.safetensors").is_file()
    assert (out / "curves.svg").stat().st_size > 1000
    assert json.loads((out / "eval" / "eval.json").read_text())["after"]["total"]["mean"] == 0


@pytest.mark.nightly
def test_on_a_processor(tiny_model: Path, tmp_path: Path) -> None:
    _run("cpu", often_ending(tiny_model, tmp_path / "long"), tmp_path / "out", "", "")


@pytest.mark.nightly
def test_on_several(tiny_model: Path, tmp_path: Path) -> None:
    several = "--launch several --processes 2"
    _run("several_gpus", often_ending(tiny_model, tmp_path / "long"), tmp_path / "out", several, several)


def test_each_recipe_can_be_read() -> None:
    for path in RECIPES.glob("*.sh"):
        assert os.access(path, os.X_OK), path
        assert subprocess.run(["bash", "-n", path], check=False).returncode == 0, path
