"""A training in two processes is the training in one: the same rows in each step, the same loss, the same weights but for rounding."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.launch import CONFIGURATIONS, environment_of, launched
from clawc.runtime.train.records import METRICS, read_training
from clawc.runtime.train.sft import TRAINER, Lora, SftResult, sft
from tests.engine_local.conftest import skip_without
from tests.train.test_sft import SETTINGS, some_rows

skip_without(*TRAINER, extra="train")


def losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / METRICS).read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def assert_same(one: SftResult, other: SftResult) -> None:
    import torch
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    (name,) = (path.name for path in one.model.glob("*model.safetensors"))
    first, second = (load_file(each.model / name) for each in (one, other))
    assert first.keys() == second.keys()
    for key in first:
        torch.testing.assert_close(first[key], second[key], atol=2e-5, rtol=1e-4)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("configuration", ["several", "fsdp"])
def test_two_processes_train_as_one(tiny_model: Path, tmp_path: Path, configuration: str) -> None:
    rows, held = some_rows(12), some_rows(5, seed=1)
    settings = replace(SETTINGS, learning_rate=1e-3)
    alone = sft(tiny_model, rows, tmp_path / "alone", settings, held)
    both = launched(tiny_model, rows, tmp_path / "both", settings, configuration, processes=2, held_out=held)
    assert both.steps == alone.steps == 6
    assert (both.loss_before, both.loss_after) == pytest.approx((alone.loss_before, alone.loss_after), abs=1e-4)
    assert losses(tmp_path / "both") == pytest.approx(losses(tmp_path / "alone"), abs=1e-3)
    assert_same(alone, both)
    assert read_training(tmp_path / "both").processes == 2


@pytest.mark.nightly
def test_an_adapter_is_trained_by_two(tiny_model: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, lora=Lora(rank=2), steps=3)
    alone = sft(tiny_model, some_rows(8), tmp_path / "alone", settings)
    both = launched(tiny_model, some_rows(8), tmp_path / "both", settings, "several", processes=2)
    # Not each weight: where a gradient is nearly nothing, the optimizer makes a whole step of how it was rounded.
    assert losses(tmp_path / "both") == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)
    assert {path.name for path in alone.model.iterdir()} == {path.name for path in both.model.iterdir()}


@pytest.mark.nightly
@pytest.mark.parametrize("configuration", ["several", "fsdp"])
def test_two_processes_go_on(tiny_model: Path, tmp_path: Path, configuration: str) -> None:
    rows = some_rows(12)
    settings = replace(SETTINGS, schedule="constant", save_every=2)
    whole = launched(tiny_model, rows, tmp_path / "whole", settings, configuration, processes=2)
    launched(tiny_model, rows, tmp_path / "cut", replace(settings, steps=4), configuration, processes=2)
    cut = launched(tiny_model, rows, tmp_path / "cut", settings, configuration, processes=2, resume=True)
    assert_same(whole, cut)


def test_what_a_process_says_is_said(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="is no number") as told:
        launched(
            tiny_model,
            some_rows(12),
            tmp_path,
            replace(SETTINGS, learning_rate=1e30, warmup=0.0),
            "several",
            processes=2,
        )
    assert told.value.code == "R0993"


def test_rows_that_cannot_be_shared_are_said(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="3 processes with 2 rows at once do not share 4 rows evenly"):
        launched(tiny_model, some_rows(12), tmp_path, SETTINGS, "several", processes=3)


def test_a_process_that_dies_ends_the_others(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "first"))
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text("import os\nif os.environ.get('RANK') == '1': os._exit(7)\n")
    with pytest.raises(RuntimeFault, match="process 1 of the training ended with status 7"):
        launched(tiny_model, some_rows(12), tmp_path / "out", SETTINGS, "several", processes=2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a", "no configuration"), ("a: [", "no configuration"), ("distributed_type: DEEPSPEED", "asks for `DEEPSPEED`"),
        ("num_machines: 2", "several machines"), ("num_processes: 0", "no number of processes"), ("num_processes: x", "no number"),
        ("a: &a [*a]", "no configuration|asks|number|recursive"),
    ],
)  # fmt: skip
def test_configurations_that_do_not_fit_are_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "file.yaml").write_text(text)
    if "&a" in text:  # a list that holds itself is no harm: it is not looked into
        assert environment_of(str(tmp_path / "file.yaml"))["WORLD_SIZE"] == "1"
        return
    with pytest.raises(RuntimeFault, match=why):
        environment_of(str(tmp_path / "file.yaml"))


def test_our_configurations_are_those_of_accelerate() -> None:
    from importlib.resources import files

    from accelerate.commands.config.config_args import load_config_from_file  # type: ignore[import-untyped]

    for name in CONFIGURATIONS:
        theirs: Any = load_config_from_file(str(files("clawc.runtime.train").joinpath("accelerate", f"{name}.yaml")))
        assert str(theirs.num_processes) == environment_of(name)["WORLD_SIZE"]
    assert environment_of("fsdp")["FSDP_VERSION"] == "2"
