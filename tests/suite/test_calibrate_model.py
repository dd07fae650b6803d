"""A ladder with a real model beside oracles that make mistakes: what is said of which rung, and what its engine's failures are."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from clawc.commands.bench_calibrate import CalibrateOptions, calibrate_command
from clawc.exits import OK, UserError
from clawc.runtime.engine.interface import Constraint, Drawn, Sampling
from clawc.runtime.store.run_folder import read_run
from clawc.runtime.suite.calibration_file import read_calibration
from clawc.runtime.suite.calibration_page import SYNTHETIC, as_html, as_text
from clawc.runtime.suite.planning import basis_of_calibration
from clawc.runtime.suite.selecting import selection_of
from clawc.spec.calibration import Calibration, PassRateOf
from tests.engine_local.conftest import tiny_model
from tests.runtime.conftest import works
from tests.suite.suites import SIX, bundle, calibrated, suite
from tests.train.grpo.conftest import often_ending

__all__ = ["tiny_model", "works"]
pytestmark = pytest.mark.usefixtures("works")
MODEL = 'name = "tiny"\nagent = "loop:agent.toml"\nmodel = "tiny"\n'
WEAK = 'name = "weak"\nagent = "imperfect:0.9"\n'
STRONG = 'name = "strong"\nagent = "imperfect:0.1"\n'
TASKS = {"one": "", "two": ""}


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose model `tiny` is a random one, with a suite of two tasks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    often_ending(tiny_model, tmp_path / "model")
    (tmp_path / "claw.toml").write_text(
        '[engine.tiny]\nkind = "local"\nfolder = "model"\ndevice = "cpu"\ndtype = "float32"\nsampling = { max_tokens = 8 }\n'
    )
    (tmp_path / "agent.toml").write_text('system = "Work."\ntools = ["write"]\nsteps = 2\n')
    suite(tmp_path / "suite", TASKS)
    return tmp_path


def ladder(folder: Path, *rungs: str) -> CalibrateOptions:
    (folder / "ladder.toml").write_text("".join(f"[[rungs]]\n{rung}" for rung in rungs))
    return CalibrateOptions(folder / "out", folder / "ladder.toml", 2, 2, 1)


def rate_of(record: Calibration, task: str, rung: str) -> PassRateOf:
    (item,) = [item for item in record.items if item.task == task]
    return next(rate for rate in item.rates if rate.rung == rung)


def test_a_model_stands_beside_oracles_that_make_mistakes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate_command(folder / "suite", ladder(folder, WEAK, STRONG, MODEL)) == OK
    record = read_calibration(folder / "out")
    assert record.synthetic and [rung.name for rung in record.modelled] == ["tiny"]
    assert {rung.name for rung in record.ladder if rung.synthetic} == {"weak", "strong"}
    for task in TASKS:
        rate = rate_of(record, task, "tiny")
        assert (rate.successes, rate.trials, rate.excluded) == (0, 2, 0)
        assert rate_of(record, task, "oracle").successes == 2
    info, records = read_run(folder / "out" / "runs" / "tiny" / "001")
    assert "@tiny:model#" in info.agent and all(record.usage.model_calls for record in records)
    said, page = capsys.readouterr().out, (folder / "out" / "calibration.html").read_text()
    for text in (said, page):
        assert (
            SYNTHETIC not in text and "Partly synthetic ladder: `weak`, `strong` are oracles that make mistakes" in text
        )
        assert "Tiers are by the strongest rung, `tiny`" in text and text.count("synthetic rung") == 2
    # Which two rungs are compared, and by which one tiers are, decides what else is said of it.
    assert not selection_of(record, 1).synthetic
    assert any("synthetic rungs, `strong`:" in note for note in basis_of_calibration(record).notes)


@pytest.mark.nightly
def test_of_models_alone_nothing_is_synthetic(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = MODEL.replace('name = "tiny"', 'name = "cold"') + "temperature = 0.5\n"
    assert calibrate_command(folder / "suite", replace(ladder(folder, MODEL, second), first=1, most=1)) == OK
    record = read_calibration(folder / "out")
    assert not record.synthetic and len(record.modelled) == 2
    assert "ynthetic" not in capsys.readouterr().out
    assert "ynthetic" not in (folder / "out" / "calibration.html").read_text()
    assert not any("synthetic" in note for note in basis_of_calibration(record).notes)


@pytest.mark.nightly
def test_what_the_engine_of_a_model_fails_is_no_zero(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process is killed whenever it is asked for one of the tasks, in all tries."""
    from tokenizers import Tokenizer

    from clawc.runtime.engine.local import transformers_engine
    from clawc.runtime.engine.local.transformers_engine import TransformersEngine

    tokenizer = Tokenizer.from_file(str(folder / "model" / "tokenizer.json"))
    real, killed = TransformersEngine.generate, list[int]()

    async def generate(
        self: TransformersEngine, prompt_ids: Sequence[int], sampling: Sampling, constraint: Constraint | None = None
    ) -> AsyncGenerator[Drawn]:
        if len(killed) < 3 and "Hurry." in tokenizer.decode(list(prompt_ids)):
            await self.open()
            assert self.pid is not None
            os.kill(self.pid, signal.SIGKILL)
            killed.append(self.pid)
        async for drawn in real(self, prompt_ids, sampling, constraint):
            yield drawn

    monkeypatch.setattr(transformers_engine, "_STARTS", 9)
    monkeypatch.setattr(TransformersEngine, "generate", generate)
    bundle(folder / "bundles", "one")
    bundle(folder / "bundles", "two", extra={"public/instruction.md": "Write the answer to out/answer.txt. Hurry.\n"})
    options = replace(ladder(folder, MODEL, STRONG), first=1, most=1)
    assert calibrate_command(folder / "bundles", options) == OK
    record = read_calibration(folder / "out")
    one, two = (rate_of(record, task, "tiny") for task in TASKS)
    assert (one.successes, one.trials, one.excluded) == (0, 1, 0)
    assert (two.successes, two.trials, two.excluded) == (0, 0, 1) and not two.decided
    assert len(set(killed)) == 3 and 0 < record.excluded_share < 0.2 and not record.flagged
    said = capsys.readouterr()
    assert "the infrastructure failed 1 episodes; the same command tries them again" in said.err
    assert re.search(r"tiny +loop:agent.toml @ tiny +rung +1 +1 +0.00", said.out)
    assert calibrate_command(folder / "bundles", options) == OK
    two = rate_of(read_calibration(folder / "out"), "two", "tiny")
    assert (two.successes, two.trials, two.excluded) == (0, 1, 0)


@pytest.mark.nightly
def test_a_model_that_cannot_be_loaded_counts_for_nothing(folder: Path) -> None:
    (weights,) = (folder / "model").glob("*.safetensors")
    data = weights.read_bytes()
    weights.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="R0953"):
        calibrate_command(folder / "suite", ladder(folder, STRONG, MODEL))
    assert not (folder / "out" / "calibration.json").exists()
    weights.write_bytes(data)
    assert calibrate_command(folder / "suite", ladder(folder, STRONG, MODEL)) == OK
    assert all(rate_of(read_calibration(folder / "out"), task, "tiny").trials == 2 for task in TASKS)


def test_a_model_that_is_none_is_said_before_anybody_plays(folder: Path) -> None:
    for code, rung in (
        ("R0970", MODEL.replace('model = "tiny"', 'model = "nowhere"')),
        ("R0406", MODEL.replace("loop:", "nobody:")),
    ):
        with pytest.raises(UserError, match=code):
            calibrate_command(folder / "suite", ladder(folder, STRONG, rung))
        assert not (folder / "out").exists()


def test_the_strongest_rung_decides_what_tiers_say(tmp_path: Path) -> None:
    found = calibrated(tmp_path, SIX)
    first, *others = found.ladder
    mixed = found.model_copy(update={"ladder": (first.model_copy(update={"agent": "loop", "model": "m"}), *others)})
    assert "Tiers are by the strongest rung, no model." in as_text(mixed) and "`mid`, `strong` are" in as_html(mixed)
    assert selection_of(mixed, 2).synthetic and json.loads(mixed.model_dump_json())["synthetic"]
