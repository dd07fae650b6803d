"""A training that is killed goes on from its last checkpoint to the weights that it would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clawc.commands.compiling import Lot, build_sources
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.sft import MODEL, TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TOKENS, *TRAINER, extra="train")
ROOT = Path(__file__).parents[2]
STEPS, EVERY, WAIT_S = 40, 4, 120


def command(bundles: Path, model: Path, agent: Path, out: Path, *more: str) -> list[str]:
    options = [
        "--model",
        str(model),
        "--agent",
        str(agent),
        "--out",
        str(out),
        "--steps",
        str(STEPS),
        "--batch",
        "1",
        "--at-once",
        "1",
    ]
    options += ["--dtype", "float32", "--device", "cpu", "--save-every", str(EVERY), "--rate", "0.001", *more]
    return [sys.executable, "-m", "clawc", "train", "sft", str(bundles), *options]


@pytest.mark.nightly
def test_killed_and_continued(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    bundles, agent = tmp_path / "bundles", tmp_path / "agent.toml"
    build_sources([ROOT / "bench" / "families" / "most_of.claw"], bundles, lot=Lot(1, 8))
    agent.write_text('system = "Work."\ntools = ["read", "write"]\n')
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    subprocess.run(command(bundles, tiny_model, agent, tmp_path / "whole"), check=True, env=env, capture_output=True)
    cut = tmp_path / "cut"
    with subprocess.Popen(command(bundles, tiny_model, agent, cut), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # fmt: skip
        ends = time.monotonic() + WAIT_S
        while not (cut / f"checkpoint-{2 * EVERY}").exists() and process.poll() is None and time.monotonic() < ends:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (cut / MODEL).exists()
    subprocess.run(command(bundles, tiny_model, agent, cut, "--resume"), check=True, env=env, capture_output=True)
    one, other = (load_file(each / MODEL / "model.safetensors") for each in (tmp_path / "whole", cut))
    assert one.keys() == other.keys()
    assert all(bool((one[name] == other[name]).all()) for name in one)
