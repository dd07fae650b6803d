"""`clawc train sft`."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.commands.compiling import Lot, build_sources
from clawc.commands.train import TrainOptions, sft_command
from clawc.exits import FINDINGS, OK, UserError
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.sft import METRICS, MODEL, TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TOKENS, *TRAINER, extra="train")
FAMILY = Path(__file__).parents[2] / "bench" / "families" / "most_of.claw"
AGENT = 'system = "Work."\ntools = ["read", "write"]\n'


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    found = build_sources([FAMILY], tmp_path / "bundles", lot=Lot(1, 2))
    assert len(found.manifests) == 2
    return tmp_path / "bundles"


@pytest.fixture
def options(tiny_model: Path, tmp_path: Path) -> TrainOptions:
    (tmp_path / "agent.toml").write_text(AGENT)
    return TrainOptions(
        tiny_model, tmp_path / "out", tmp_path / "agent.toml", lora=2, steps=1, batch=2, at_once=2, dtype="float32", device="cpu"
    )  # fmt: skip


def test_bundles_teach(bundles: Path, options: TrainOptions, capsys: pytest.CaptureFixture[str]) -> None:
    assert sft_command([bundles], options) == OK
    said = capsys.readouterr().out
    assert said.startswith("2 rows, ") and "1 steps in " in said
    assert (options.out / MODEL / "adapter_model.safetensors").is_file()
    assert (options.out / METRICS).is_file()


def test_without_a_row_nothing_is_trained(
    bundles: Path, options: TrainOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert options.agent is not None
    options.agent.write_text('tools = ["read"]\n')
    assert sft_command([bundles], options) == FINDINGS
    said = capsys.readouterr().out
    assert "left out: 2 unteachable" in said and "2 times: the agent has no tool `write`" in said
    assert not options.out.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": Path("nowhere")}, "R0952"),
        ({"outcomes": ("good",)}, "the outcome `good` is unknown"),
        ({"dtype": "int4"}, "nothing for `--dtype`"),
        ({"at_once": 3}, "a number of passes"),
    ],
)
def test_what_does_not_fit_is_said(
    bundles: Path, options: TrainOptions, change: dict[str, object], message: str
) -> None:
    from dataclasses import replace

    with pytest.raises(UserError, match=message):
        sft_command([bundles], replace(options, **change))  # type: ignore[arg-type]


def test_a_folder_of_something_else_is_refused(options: TrainOptions, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a run, nor a folder of bundles, nor a file"):
        sft_command([tmp_path], options)
