"""Playing and training side by side, none of them ahead of the other, is playing and training in turn, to the last bit."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from clawc.runtime.train.records import MODEL
from clawc.runtime.train.trainer import TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TRAINER, extra="train")

from clawc.runtime.train.grpo.curriculum import Curriculum  # noqa: E402
from clawc.runtime.train.grpo.learner import Learner  # noqa: E402
from clawc.runtime.train.grpo.rollouts import Played  # noqa: E402
from clawc.runtime.train.grpo.session import Session  # noqa: E402
from tests.train.grpo.test_learning import SETTINGS  # noqa: E402
from tests.train.grpo.toy import ToyEngine, ToySteps, write_model  # noqa: E402

SHORT = replace(SETTINGS, steps=6, save_every=2)


class Late(ToySteps):
    """The toy, after a while that nothing says beforehand."""

    async def step(self, step: int) -> Played:
        await asyncio.sleep(random.uniform(0, 0.05))
        played = await super().step(step)
        await asyncio.sleep(random.uniform(0, 0.05))
        return played


class LateEngine(ToyEngine):
    async def load(self, folder: Path, version: int) -> None:
        await asyncio.sleep(random.uniform(0, 0.05))
        await super().load(folder, version)


def in_turn(model: Path, folder: Path, seed: int) -> bytes:
    """The weights after a loop in which nothing is at the same time as anything else."""
    settings = replace(SHORT, seed=seed)
    learner, engine = Learner(model, settings), ToyEngine(seed)
    steps = ToySteps(engine, settings)
    for step in range(settings.steps):
        learner.write_weights(folder / str(step))
        asyncio.run(engine.load(folder / str(step), step))
        played = asyncio.run(steps.step(step))
        learner.update(played.rows, played.episodes)
    learner.write_weights(folder / MODEL)
    return (folder / MODEL / "model.safetensors").read_bytes()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(3))
def test_a_staleness_of_0_is_in_turn(tmp_path: Path, seed: int) -> None:
    model, out, folder = write_model(tmp_path / "model", seed), tmp_path / "out", tmp_path / "in-turn"
    out.mkdir()
    folder.mkdir()
    settings = replace(SHORT, seed=seed)
    engine = LateEngine(seed)
    session = Session(Learner(model, settings), engine, Late(engine, settings), Curriculum([], 0), out, settings)
    asyncio.run(session.run())
    assert engine.loads == list(range(6))
    assert (out / MODEL / "model.safetensors").read_bytes() == in_turn(model, folder, seed)


def test_a_staleness_of_1_is_not(tmp_path: Path) -> None:
    """So that the comparison can tell."""
    model, out, folder = write_model(tmp_path / "model", 0), tmp_path / "out", tmp_path / "in-turn"
    out.mkdir()
    folder.mkdir()
    settings, engine = replace(SHORT, staleness=1), LateEngine(0)
    session = Session(Learner(model, settings), engine, Late(engine, settings), Curriculum([], 0), out, settings)
    asyncio.run(session.run())
    assert engine.loads == list(range(5))
    assert (out / MODEL / "model.safetensors").read_bytes() != in_turn(model, folder, 0)


class SlowlyWritten(Learner):
    """Weights that come onto the disk long after they are those of now."""

    def write_weights(self, folder: Path) -> None:
        time.sleep(0.1)
        super().write_weights(folder)


@pytest.mark.parametrize("staleness", [0, 1, 2])
def test_weights_are_loaded_when_they_are_written(tmp_path: Path, staleness: int) -> None:
    model, out = write_model(tmp_path / "model", 0), tmp_path / "out"
    out.mkdir()
    settings, engine = replace(SHORT, staleness=staleness), ToyEngine(0)
    session = Session(SlowlyWritten(model, settings), engine, Late(engine, settings), Curriculum([], 0), out, settings)
    asyncio.run(session.run())
    assert engine.loads == list(range(6 - staleness))
