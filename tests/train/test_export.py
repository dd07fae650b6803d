"""What is exported: the weights that were trained, a template that others render the same text by, and a card that holds nothing of others
but text."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.train_export import export_command
from clawc.exits import OK, UserError
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.card import model_card
from clawc.runtime.train.exporting import export_model
from clawc.runtime.train.records import TRAINING, TrainedTask, read_training
from clawc.runtime.train.scores import Bounds, GroupScore, RunScore
from clawc.runtime.train.sft import TRAINER, Lora, Origin, sft
from tests.engine_local.conftest import skip_without
from tests.train.test_sft import SETTINGS, some_rows

skip_without(*TRAINER, extra="train")
HASH = "a" * 64
ORIGIN = Origin(
    ("run one",),
    (("long", 2),),
    (TrainedTask(bundle_id=HASH, task="two`|\n# columns", template="two", rows=3, score=0.5),),
)


def logits(folder: Path, adapter: Path | None = None) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    if adapter is not None:
        adapted: Any = import_module("peft").PeftModel
        model = adapted.from_pretrained(model, str(adapter))
    with torch.no_grad():
        return model(torch.tensor([[5, 6, 7, 8, 9]])).logits


@pytest.mark.parametrize("lora", [None, Lora(rank=4, alpha=64)])
def test_merged_weights_say_what_the_trained_ones_say(tiny_model: Path, tmp_path: Path, lora: Lora | None) -> None:
    done = sft(tiny_model, some_rows(12), tmp_path / "sft", replace(SETTINGS, lora=lora), origin=ORIGIN)
    assert export_command(tmp_path / "sft", tmp_path / "out", "merged", None, "float32", []) == OK
    expected = logits(tiny_model, done.model) if lora else logits(done.model)
    found = logits(tmp_path / "out")
    assert float((found - expected).abs().max()) < 1e-4
    assert float((found - logits(tiny_model)).abs().max()) > 1e-3
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {
        "README.md",
        "chat_template.jinja",
        "config.json",
        "model.safetensors",
        "tasks.jsonl",
        "tokenizer.json",
        TRAINING,
    }
    assert json.loads((tmp_path / "out" / "tasks.jsonl").read_text())["bundle_id"] == HASH
    assert str(tiny_model) not in "".join(
        path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix in (".json", ".md")
    )
    assert read_training(tmp_path / "out").tasks == ORIGIN.tasks


def test_half_as_long_numbers(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    sft(tiny_model, some_rows(8), tmp_path / "sft", replace(SETTINGS, steps=1))
    export_model(tmp_path / "sft", tmp_path / "out")
    assert {str(each.dtype) for each in load_file(tmp_path / "out" / "model.safetensors").values()} == {
        "torch.bfloat16"
    }


def test_an_adapter_names_its_base_and_not_where_it_was(tiny_model: Path, tmp_path: Path) -> None:
    sft(tiny_model, some_rows(8), tmp_path / "sft", replace(SETTINGS, steps=1, lora=Lora(2)))
    export_model(tmp_path / "sft", tmp_path / "out", "adapter")
    settings = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == tiny_model.name
    logits(tiny_model, tmp_path / "out")


def test_what_cannot_be_exported_is_said(tiny_model: Path, tmp_path: Path) -> None:
    sft(tiny_model, some_rows(8), tmp_path / "sft", replace(SETTINGS, steps=1))
    with pytest.raises(RuntimeFault, match="all weights were trained"):
        export_model(tmp_path / "sft", tmp_path / "out", "adapter")
    with pytest.raises(RuntimeFault, match="is there already"):
        export_model(tmp_path / "sft", tmp_path / "sft")
    with pytest.raises(RuntimeFault, match=r"has no `training\.json`"):
        export_model(tiny_model, tmp_path / "out")
    with pytest.raises(UserError, match="nothing for `--form`"):
        export_command(tmp_path / "sft", tmp_path / "out", "gguf", None, "float32", [])
    record = read_training(tmp_path / "sft")
    (tmp_path / "sft" / TRAINING).write_text(record.model_copy(update={"result": None}).model_dump_json())
    with pytest.raises(RuntimeFault, match="has not ended"):
        export_model(tmp_path / "sft", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_adapter_of_another_base_is_not_merged(tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    sft(tiny_model, some_rows(8), tmp_path / "sft", replace(SETTINGS, steps=1, lora=Lora(2)))
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    with open(other / "config.json", "a") as file:
        file.write("\n")
    with pytest.raises(RuntimeFault, match="is not the model that the training began with"):
        export_model(tmp_path / "sft", tmp_path / "out", base=other)
    with pytest.raises(RuntimeFault, match="is not in"):
        export_model(tmp_path / "sft", tmp_path / "out", base=tmp_path)
    assert not list(tmp_path.glob(".out*")) and not (tmp_path / "out").exists()


def test_weights_in_another_form_are_not_read(tiny_model: Path, tmp_path: Path) -> None:
    done = sft(tiny_model, some_rows(8), tmp_path / "sft", replace(SETTINGS, steps=1, lora=Lora(2)))
    (done.model / "adapter_model.safetensors").rename(done.model / "adapter_model.bin")
    for form in ("merged", "adapter"):
        with pytest.raises(RuntimeFault, match=r"has no `adapter_model\.safetensors`"):
            export_model(tmp_path / "sft", tmp_path / "out", form)


def test_the_card_says_what_it_is_made_of(tiny_model: Path, tmp_path: Path) -> None:
    sft(tiny_model, some_rows(8), tmp_path / "sft", replace(SETTINGS, steps=2), some_rows(3, 1), origin=ORIGIN)
    all_of = GroupScore(name="all", tasks=4, episodes=4, solved=3, mean=0.75, interval=Bounds(low=0.3, high=0.95))
    seen = all_of.model_copy(update={"name": "seen", "tasks": 2})
    score = RunScore(name="run", agent="loop", seed=3, unscored=1, total=all_of, familiarity=(seen,), families=(all_of.model_copy(update={"name": "two"}),))  # fmt: skip
    record = read_training(tmp_path / "sft")
    card = model_card(record, "merged", "bfloat16", [score])
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert f"| `two'/ # columns` | `{HASH[:16]}` | 3 | 50.0 % |" in card
    assert "| `all` | 4 | 3 of 4 | 75.0 % | 30.0 to 95.0 % |" in card
    assert "**2 of the tasks that are scored above were trained on" in card
    assert "Left out: 2 `long`." in card and "| `learning_rate` | `0.003` |" in card and "1 more unscored" in card
    rewarded = model_card(record.model_copy(update={"method": "grpo", "rows": 0}), "merged", "bfloat16")
    assert (
        "reinforcement learning on the tasks below" in rewarded and "- grpo\n" in rewarded and "0 rows" not in rewarded
    )
    hostile = record.model_copy(update={"base": record.base.model_copy(update={"name": "a\n---\nlicense: x"})})
    assert "\nlicense: x" not in model_card(hostile, "adapter", "float32")
    assert "Nothing was played" in model_card(record, "merged", "float32")
