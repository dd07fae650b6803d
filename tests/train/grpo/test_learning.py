"""A tiny random model learns the toy with every loss, fresh and stale; and what a session does besides."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.records import METRICS, MODEL
from clawc.runtime.train.trainer import TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TRAINER, extra="train")

import torch  # noqa: E402

from clawc.runtime.train.grpo.curriculum import Curriculum  # noqa: E402
from clawc.runtime.train.grpo.learner import Learner  # noqa: E402
from clawc.runtime.train.grpo.losses import LossSettings  # noqa: E402
from clawc.runtime.train.grpo.session import Session  # noqa: E402
from clawc.runtime.train.grpo.settings import GrpoSettings  # noqa: E402
from tests.train.grpo.toy import ToyEngine, ToySteps, write_model  # noqa: E402

SETTINGS = GrpoSettings(
    steps=150, group=16, tasks=8, learning_rate=1e-3, dtype="float32", device="cpu", save_every=1000, pass_tokens=4096,
    loss=LossSettings("dapo", length=4),
)  # fmt: skip
VARIANTS: dict[str, Callable[[GrpoSettings], GrpoSettings]] = {
    "dapo": lambda s: s,
    "grpo": lambda s: replace(s, loss=LossSettings("grpo")),
    "dr_grpo": lambda s: replace(s, loss=LossSettings("dr_grpo", length=4), scale="none"),
    "gspo": lambda s: replace(s, loss=LossSettings("gspo", low=0.03, high=0.03)),
    "dapo-stale": lambda s: replace(s, staleness=2),
}


def train(
    settings: GrpoSettings, out: Path, model: Path, *, resume: bool = False, engine: ToyEngine | None = None, **toy: Any
) -> Session:
    engine = engine or ToyEngine(settings.seed)
    out.mkdir(exist_ok=True)
    session = Session(
        Learner(model, settings), engine, ToySteps(engine, settings, **toy), Curriculum([], 0), out, settings
    )
    asyncio.run(session.run(resume=resume))
    return session


def rewards(out: Path) -> list[float]:
    return [json.loads(line)["reward"] for line in (out / METRICS).read_text().splitlines()]


def learned(settings: GrpoSettings, out: Path, seed: int) -> tuple[float, float, float]:
    """Mean rewards of the first and of the last ten steps, and seconds."""
    begun = time.monotonic()
    train(replace(settings, seed=seed), out, write_model(out.with_name(f"{out.name}-model"), seed))
    found = rewards(out)
    return sum(found[:10]) / 10, sum(found[-10:]) / 10, time.monotonic() - begun


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums in one order, so that a seed gives the same rewards whatever ran before in this process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", [n if n == "dapo" else pytest.param(n, marks=pytest.mark.nightly) for n in VARIANTS])
def test_it_learns(tmp_path: Path, name: str) -> None:
    first, last, _ = learned(VARIANTS[name](SETTINGS), tmp_path / "out", 0)
    assert first < 0.35 and last >= 0.5, (first, last)
    gaps = [json.loads(line).get("gap") for line in (tmp_path / "out" / METRICS).read_text().splitlines()]
    assert max(gap for gap in gaps if gap is not None) < 1e-4


@pytest.mark.nightly
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", VARIANTS)
def test_it_learns_from_five_seeds(tmp_path: Path, name: str) -> None:
    found = [learned(VARIANTS[name](SETTINGS), tmp_path / str(seed), seed) for seed in range(5)]
    assert median(last for _, last, _ in found) >= 0.5, found
    print(name, [(round(first, 3), round(last, 3), round(seconds, 1)) for first, last, seconds in found])


def test_divergence_and_entropy_are_told(tmp_path: Path) -> None:
    """The entropy of sixteen tokens that are as likely is 2.77 nats; nothing diverges before the first update."""
    settings = replace(SETTINGS, steps=8, loss=LossSettings("dapo", beta=0.01, entropy=0.001))
    train(settings, tmp_path / "out", write_model(tmp_path / "model", 0))
    lines = [json.loads(line) for line in (tmp_path / "out" / METRICS).read_text().splitlines()]
    assert lines[0]["divergence"] == pytest.approx(0, abs=1e-6) and lines[-1]["divergence"] > 1e-4
    assert 2.5 < lines[0]["entropy"] < 2.78


def same_weights(one: Path, other: Path) -> bool:
    return (one / MODEL / "model.safetensors").read_bytes() == (other / MODEL / "model.safetensors").read_bytes()


SHORT = replace(SETTINGS, steps=6, save_every=2)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("staleness", [0, 1, 3])
def test_what_goes_on_is_what_was_not_interrupted(tmp_path: Path, staleness: int) -> None:
    settings = replace(SHORT, staleness=staleness)
    model = write_model(tmp_path / "model", 0)
    train(settings, tmp_path / "whole", model)
    train(replace(settings, steps=4), tmp_path / "cut", model)
    train(settings, tmp_path / "cut", model, resume=True)
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    assert rewards(tmp_path / "whole") == rewards(tmp_path / "cut")


def test_weights_are_as_old_as_they_may_be(tmp_path: Path) -> None:
    engine = ToyEngine(0)
    train(replace(SHORT, staleness=2), tmp_path / "out", write_model(tmp_path / "model", 0), engine=engine)
    assert engine.loads == [0, 1, 2, 3]
    lines = [json.loads(line) for line in (tmp_path / "out" / METRICS).read_text().splitlines()]
    assert [line["version"] for line in lines] == [0, 0, 0, 1, 2, 3]


def test_other_weights_in_the_engine_are_noticed(tmp_path: Path) -> None:
    engine = ToyEngine(0, damage=0.01)
    with pytest.raises(RuntimeFault, match=r"log probabilities of engine and trainer are .* apart") as told:
        train(SHORT, tmp_path / "out", write_model(tmp_path / "model", 0), engine=engine)
    assert told.value.code == "R0998"


@pytest.mark.parametrize("staleness", [0, 2])
def test_where_nothing_is_taught_it_ends(tmp_path: Path, staleness: int) -> None:
    settings = replace(SHORT, staleness=staleness, patience=3, steps=20)
    with pytest.raises(RuntimeFault, match="in 3 steps in a row no group taught anything"):
        train(settings, tmp_path / "out", write_model(tmp_path / "model", 0), taught=False)
    assert len(rewards(tmp_path / "out")) == 3
