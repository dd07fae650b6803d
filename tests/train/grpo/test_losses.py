"""Losses and gradients are those of TRL on the same rows, where it has the variant."""

from __future__ import annotations

import random
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.train.rows import Row, SampledCall, rows_of
from clawc.runtime.train.trainer import TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TRAINER, extra="train")

import torch  # noqa: E402

from clawc.runtime.train.grpo.losses import Loss, LossSettings, Norms, Passed, policy_loss  # noqa: E402
from clawc.runtime.train.grpo.policy import TokenLogprobs, batch_of  # noqa: E402
from tests.train.grpo.toy import write_model  # noqa: E402

TEMPERATURE = 0.7


def some_rows(count: int) -> list[Row]:
    """Rows of one answer, as TRL has them, with log probabilities that are some way off, and advantages of both signs."""
    drawn = random.Random(5)
    rows: list[Row] = []
    for number in range(count):
        prompt = tuple(drawn.randrange(16) for _ in range(drawn.randint(2, 6)))
        output = tuple(drawn.randrange(16) for _ in range(drawn.randint(1, 7)))
        known = tuple(-2.7 + drawn.uniform(-0.4, 0.4) for _ in output)
        (row,) = rows_of([SampledCall(str(number), prompt, output, known, 0, TEMPERATURE)], str(number))
        rows.append(replace(row, advantage=drawn.uniform(-1.5, 1.5)))
    return rows


def _nothing(**_: Any) -> list[float]:
    return [0.0]


def of_trl(folder: Path, rows: list[Row], out: Path, **fields: Any) -> tuple[float, list[Any]]:
    """Loss and gradients of `GRPOTrainer` over the rows."""
    trl = import_module("trl")
    datasets: Any = import_module("datasets")
    from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

    from tests.engine_local.conftest import byte_tokenizer

    byte_tokenizer().save(str(out / "tokenizer.json"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(out / "tokenizer.json"), eos_token="<|im_end|>", pad_token="<|im_end|>"
    )  # type: ignore[no-untyped-call]
    config = trl.GRPOConfig(
        output_dir=str(out), use_cpu=True, bf16=False, report_to="none", per_device_train_batch_size=len(rows), num_generations=len(rows),
        gradient_accumulation_steps=1, steps_per_generation=1, temperature=TEMPERATURE, gradient_checkpointing=False, **fields,
    )  # fmt: skip
    model: Any = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    trainer = trl.GRPOTrainer(
        model=model, args=config, reward_funcs=_nothing, processing_class=tokenizer,
        train_dataset=datasets.Dataset.from_list([{"prompt": "a"}]),
    )  # fmt: skip
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    starts = [row.spans[0].start for row in rows]
    before, after = max(starts), max(len(row.input_ids) - start for row, start in zip(rows, starts, strict=True))

    def padded(values: Any, fill: float, to: int, left: bool) -> list[float]:
        return [*[fill] * (to - len(values)), *values] if left else [*values, *[fill] * (to - len(values))]

    pairs = list(zip(rows, starts, strict=True))
    inputs = {
        "prompt_ids": torch.tensor([padded(row.input_ids[:at], 0, before, True) for row, at in pairs]),
        "prompt_mask": torch.tensor([padded([1] * at, 0, before, True) for _, at in pairs]),
        "completion_ids": torch.tensor([padded(row.input_ids[at:], 0, after, False) for row, at in pairs]),
        "completion_mask": torch.tensor([padded([1] * (len(row.input_ids) - at), 0, after, False) for row, at in pairs]),
        "old_per_token_logps": torch.tensor([padded((row.old_logprobs or ())[at:], 0.0, after, False) for row, at in pairs]),
        "advantages": torch.tensor([row.advantage for row in rows]),
        "num_items_in_batch": torch.tensor(sum(row.trained for row in rows)),
    }  # fmt: skip
    if fields.get("beta"):
        inputs["ref_per_token_logps"] = inputs["old_per_token_logps"] + 0.1
    loss = trainer._compute_loss(trainer.model, inputs)
    loss.backward()
    return float(loss), [each.grad for each in trainer.model.parameters()]


def ours(folder: Path, rows: list[Row], settings: LossSettings) -> tuple[float, list[Any]]:
    from transformers import Qwen3ForCausalLM

    model: Any = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    policy = TokenLogprobs(model.train())
    norms = Norms(sum(row.trained for row in rows), len(rows), len(rows))
    total = 0.0
    for some in (rows[:3], rows[3:]):  # in two passes, whose parts add up
        batch = batch_of(some, 0)
        logprobs, entropies = policy(batch.ids, batch.attention, batch.mask, batch.temperatures, True)
        reference = batch.old + 0.1 * batch.mask if settings.beta else None
        loss: Any = policy_loss(
            Passed(logprobs, batch.old, batch.mask, batch.advantages, None, reference, entropies), norms, settings
        )
        loss.backward()
        total += float(loss.detach())
    return total, [each.grad for each in model.parameters()]


VARIANTS: list[tuple[Loss, dict[str, Any], dict[str, Any]]] = [
    ("grpo", {"loss_type": "grpo"}, {}),
    ("dapo", {"loss_type": "dapo"}, {}),
    ("dr_grpo", {"loss_type": "dr_grpo", "max_completion_length": 9}, {"length": 9}),
    ("gspo", {"loss_type": "grpo", "importance_sampling_level": "sequence"}, {}),
    ("grpo", {"loss_type": "grpo", "beta": 0.05}, {"beta": 0.05}),
    ("dapo", {"loss_type": "dapo", "entropy_coef": 0.02}, {"entropy": 0.02}),
]


@pytest.mark.parametrize(("loss", "theirs", "fields"), VARIANTS)
def test_loss_and_gradients_are_those_of_trl(
    tmp_path: Path, loss: Loss, theirs: dict[str, Any], fields: dict[str, Any]
) -> None:
    folder = write_model(tmp_path / "model", 3)
    rows = some_rows(6)
    fixed = {"beta": 0.0, "epsilon": 0.2, "epsilon_high": 0.28, "use_bias_correction_kl": False} | theirs
    expected, gradients = of_trl(folder, rows, tmp_path, **fixed)
    found, own = ours(folder, rows, LossSettings(loss=loss, low=0.2, high=0.28, **fields))
    assert found == pytest.approx(expected, abs=1e-5)
    for one, other in zip(own, gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert max(float(each.abs().max()) for each in own) > 1e-4
