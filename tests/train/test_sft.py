"""Our rows through TRL's trainer: the loss that a hand computes, a step that learns, a training that goes on where it was killed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.rows import Row, SampledCall, rows_of
from clawc.runtime.train.sft import METRICS, TRAINER, Lora, SftSettings, make_trainer, sft
from tests.engine_local.conftest import skip_without

skip_without(*TRAINER, extra="train")

SETTINGS = SftSettings(steps=6, batch=4, at_once=2, learning_rate=3e-3, dtype="float32", device="cpu", seed=3)


def some_rows(count: int, seed: int = 0) -> list[Row]:
    """Rows of several calls, of different lengths."""
    drawn = random.Random(seed)
    rows: list[Row] = []
    for number in range(count):
        prompt: tuple[int, ...] = ()
        calls: list[SampledCall] = []
        for call in range(drawn.randint(1, 3)):
            prompt += tuple(drawn.randrange(3, 250) for _ in range(drawn.randint(1, 20)))
            output = tuple(drawn.choice((7, 8, 9)) for _ in range(drawn.randint(1, 9)))
            calls.append(SampledCall(f"{number}-{call}", prompt, output))
            prompt += output
        rows += rows_of(calls, str(number))
    return rows


def by_hand(folder: Path, rows: list[Row]) -> float:
    """The mean of the negative log probabilities of the tokens of the mask, each row alone, without padding."""
    import torch
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    total, count = 0.0, 0
    for row in rows:
        with torch.no_grad():
            logits: Any = model(torch.tensor([row.input_ids])).logits[0]
        logprobs = torch.log_softmax(logits.double(), -1)
        for at, trained in enumerate(row.loss_mask):
            if trained:
                total -= float(logprobs[at - 1, row.input_ids[at]])
                count += 1
    return total / count


def test_the_loss_is_that_of_a_hand(tiny_model: Path, tmp_path: Path) -> None:
    rows = some_rows(4)
    trainer = make_trainer(tiny_model, rows, tmp_path, replace(SETTINGS, at_once=4, steps=1), rows)
    batch = next(iter(trainer.get_eval_dataloader()))
    assert len(batch["input_ids"]) == 4
    loss = float(trainer.compute_loss(trainer.model.eval(), batch))
    assert loss == pytest.approx(by_hand(tiny_model, rows), abs=1e-6)


def test_a_step_of_several_passes_has_the_mean_over_all_their_tokens(tiny_model: Path, tmp_path: Path) -> None:
    rows = some_rows(4)
    sft(tiny_model, rows, tmp_path, replace(SETTINGS, steps=1))
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert lines[0]["loss"] == pytest.approx(by_hand(tiny_model, rows), abs=1e-5)


@pytest.mark.parametrize("lora", [None, Lora(rank=4)])
def test_what_is_learned_holds_for_rows_that_were_held_out(tiny_model: Path, tmp_path: Path, lora: Lora | None) -> None:
    done = sft(tiny_model, some_rows(12), tmp_path, replace(SETTINGS, lora=lora), some_rows(4, seed=1))
    assert done.loss_before is not None and done.loss_after is not None
    assert done.loss_after < done.loss_before - 0.05
    assert done.steps == 6
    names = {path.name for path in done.model.iterdir()}
    assert {"tokenizer.json", "adapter_model.safetensors" if lora else "model.safetensors"} <= names


def test_a_training_that_ended_early_goes_on_to_the_same_weights(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    rows = some_rows(12)
    whole = sft(tiny_model, rows, tmp_path / "whole", replace(SETTINGS, schedule="constant", save_every=3))
    sft(tiny_model, rows, tmp_path / "cut", replace(SETTINGS, schedule="constant", save_every=3, steps=3))
    cut = sft(tiny_model, rows, tmp_path / "cut", replace(SETTINGS, schedule="constant", save_every=3), resume=True)
    one, other = (load_file(done.model / "model.safetensors") for done in (whole, cut))
    assert one.keys() == other.keys()
    assert all(bool((one[name] == other[name]).all()) for name in one)


@pytest.mark.nightly
def test_compiled_layers_learn_the_same(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "clawc.runtime.train.trainer._COMPILER", "aot_eager"
    )  # all of it but the code, which takes long
    losses: list[list[float]] = []
    for compiled in (False, True):
        out = tmp_path / str(compiled)
        done = sft(tiny_model, some_rows(12), out, replace(SETTINGS, compiled=compiled))
        lines = [json.loads(line) for line in (out / METRICS).read_text().splitlines()]
        losses.append([line["loss"] for line in lines if "loss" in line])
        assert {path.name for path in done.model.iterdir()} >= {"model.safetensors", "config.json"}
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)


def test_rows_without_a_token_to_train_on_are_said(tiny_model: Path, tmp_path: Path) -> None:
    row = some_rows(1)[0]
    untrained = replace(row, loss_mask=(0,) * len(row.input_ids), spans=())
    with pytest.raises(RuntimeFault, match="R0992"):
        sft(tiny_model, [untrained], tmp_path, SETTINGS)


def test_a_loss_that_is_no_number_ends_the_training(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="R0993"):
        sft(tiny_model, some_rows(12), tmp_path, replace(SETTINGS, learning_rate=1e30, warmup=0.0))
