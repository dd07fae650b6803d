"""`clawc train sft`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from clawc.commands.compiling import Lot, build_sources
from clawc.commands.train import TrainOptions, sft_command
from clawc.exits import FINDINGS, OK, UserError
from clawc.runtime.bundle import load
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.records import read_training
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
    with pytest.raises(UserError, match=message):
        sft_command([bundles], replace(options, **change))  # type: ignore[arg-type]


def test_a_folder_of_something_else_is_refused(options: TrainOptions, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a run, nor a folder of bundles, nor a file"):
        sft_command([tmp_path], options)


def test_files_of_trajectories_teach(options: TrainOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = {"function": {"name": "read", "arguments": {"path": "a"}}}
    said = [{"role": "user", "content": "Look."}, {"role": "assistant", "tool_calls": [call]}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": said}) + "\n")
    (tmp_path / "held.jsonl").write_text(
        json.dumps({"messages": [said[0], {"role": "assistant", "content": "a"}]}) + "\n"
    )
    assert sft_command([tmp_path / "chat.jsonl"], replace(options, agent=None)) == FINDINGS
    assert "1 unrenderable" in capsys.readouterr().out
    held = replace(options, held_out=(tmp_path / "held.jsonl",), eval_every=1, batch=1, at_once=1)
    assert sft_command([tmp_path / "chat.jsonl"], held) == OK
    out = capsys.readouterr().out
    assert "held out: 1 rows, 2 tokens to train on" in out and "; held-out loss " in out
    record = read_training(options.out)
    assert record.sources == ("chat.jsonl",) and record.result is not None and record.result.loss_after is not None
    assert record.template_sha256 and record.tokenizer_sha256 and [task.rows for task in record.tasks] == [1]


def test_what_was_trained_on_is_recorded(bundles: Path, options: TrainOptions) -> None:
    assert sft_command([bundles], options) == OK
    record = read_training(options.out)
    assert [(task.template, task.rows) for task in record.tasks] == [("most_of", 1)] * 2
    assert {load(path).manifest.id for path in bundles.iterdir()} == {task.bundle_id for task in record.tasks}


def test_tensorboard_is_told(bundles: Path, options: TrainOptions) -> None:
    skip_without("tensorboard", extra="trackers")
    assert sft_command([bundles], replace(options, trackers=("tensorboard",))) == OK
    assert list((options.out / "tensorboard").glob("events.out.tfevents.*"))


def test_a_tracker_that_is_not_installed_is_said(
    bundles: Path, options: TrainOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> object:
        return None if name == "wandb" else name

    monkeypatch.setattr("clawc.runtime.engine.local.packages.find_spec", find)
    with pytest.raises(UserError, match=r"`wandb`.*not installed") as told:
        sft_command([bundles], replace(options, trackers=("wandb",)))
    assert "clawc[trackers]" in told.value.help


def test_a_model_without_places_for_turns_is_refused(bundles: Path, options: TrainOptions, tmp_path: Path) -> None:
    shutil.copytree(options.model, tmp_path / "plain")
    file = tmp_path / "plain" / "tokenizer.json"
    file.write_text(file.read_text().replace("<|im_start|>", "<|begin|>"))
    with pytest.raises(UserError, match="R0952"):
        sft_command([bundles], replace(options, model=tmp_path / "plain"))
    assert not options.out.exists()


@pytest.mark.nightly
def test_two_processes_by_the_command(bundles: Path, options: TrainOptions, capsys: pytest.CaptureFixture[str]) -> None:
    assert sft_command([bundles], replace(options, launch="several", at_once=1, lora=0)) == OK
    assert "1 steps in " in capsys.readouterr().out
    assert read_training(options.out).processes == 2
    with pytest.raises(UserError, match="no configuration of accelerate"):
        sft_command([bundles], replace(options, launch="nowhere.yaml"))
    with pytest.raises(UserError, match="`--processes` is for `--launch`"):
        sft_command([bundles], replace(options, processes=2))
