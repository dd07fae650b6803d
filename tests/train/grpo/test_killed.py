"""A training that is killed again and again ends with the weights that it would have had: what was played is played no second time."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.records import METRICS, MODEL
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import Project, project, works
from tests.engine_local.conftest import skip_without
from tests.train.grpo.conftest import often_ending

__all__ = ["project", "works"]
skip_without(*TOKENS, *TRAINER, extra="train")
STEPS, KILLS, WAIT_S = 24, 10, 120


def command(project: Project, model: Path, out: Path, *more: str) -> list[str]:
    fields: dict[str, object] = {
        "model": model, "out": out, "agent": f"loop:{project.root / 'agent.toml'}", "steps": STEPS, "group": 3, "tasks": 2, "jobs": 6,
        "max-tokens": 6, "dtype": "float32", "device": "cpu", "rate": 1e-3, "save-every": 2, "refills": 0, "overlong-penalty": 1.0,
        "longest": 900,
    }  # fmt: skip
    options = [f"--{name}={value}" for name, value in fields.items()]
    return [sys.executable, "-m", "clawc", "train", "grpo", str(project.root / "bundles"), *options, *more]


def told(out: Path) -> int:
    path = out / METRICS
    return len(path.read_text().splitlines()) if path.is_file() else 0


@pytest.mark.nightly
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("staleness", [0, 1])
def test_killed_ten_times(project: Project, tiny_model: Path, tmp_path: Path, staleness: int) -> None:
    (project.root / "agent.toml").write_text('system = "Work."\ntools = ["write"]\nsteps = 1\n')
    model = often_ending(tiny_model, project.root / "long")
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    stale = f"--staleness={staleness}"
    subprocess.run(command(project, model, whole, stale), check=True, env=env, capture_output=True)
    shutil.copytree(whole / "rollouts", cut / "rollouts")
    drawn = random.Random(staleness)
    kills = 0
    while kills < KILLS:
        until = told(cut) + drawn.randint(0, 1)
        with subprocess.Popen(command(project, model, cut, stale, "--resume"), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # fmt: skip
            ends = time.monotonic() + WAIT_S
            while told(cut) < until and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.005)
            time.sleep(drawn.uniform(0, 0.3))
            if process.poll() is not None:
                break  # it has come to its end
            process.send_signal(signal.SIGKILL)
            kills += 1
    assert kills == KILLS
    subprocess.run(command(project, model, cut, stale, "--resume"), check=True, env=env, capture_output=True)
    assert (whole / MODEL / "model.safetensors").read_bytes() == (cut / MODEL / "model.safetensors").read_bytes()
    assert told(whole) == told(cut) == STEPS
