"""A trained model as a folder for others: whole or as its adapter, with a card that says what it was trained on and how it scores."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from clawc.runtime.engine.local.chat_template import chat_template
from clawc.runtime.engine.local.packages import need
from clawc.runtime.engine.local.template import END
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.card import model_card
from clawc.runtime.train.checkpoints import on_full_disk
from clawc.runtime.train.records import MODEL, TRAINING, TrainingRecord, base_of, read_training
from clawc.runtime.train.scores import RunScore
from clawc.runtime.train.trainer import quiet

Form = Literal["merged", "adapter"]
Dtype = Literal["bfloat16", "float32"]
_ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")


def export_model(
    training: Path, to: Path, form: Form = "merged", *, base: Path | None = None, dtype: Dtype = "bfloat16", scores: Sequence[RunScore] = ()
) -> TrainingRecord:  # fmt: skip
    """Writes the folder `to`, which appears whole or not at all, of the training in the folder `training`. `base` is where its base model
    is now, if that was moved; `scores` stand in the card. Raises RuntimeFault R0951 if a package is missing, R0995 for a folder of no
    training, R0996 for one that has not ended, an adapter that there is none of, another base, or a folder that is in use."""
    need("torch", "transformers", "peft", "safetensors", extra="train")
    record = read_training(training)
    model = training / MODEL
    is_adapter = (model / _ADAPTER[0]).is_file()
    if record.result is None or not model.is_dir():
        raise RuntimeFault(
            "R0996", f"the training in `{training}` has not ended", "go on with it: `clawc train sft … --resume`"
        )
    if form == "adapter" and not is_adapter:
        help = "export it merged; adapters come of `clawc train sft --lora RANK`"
        raise RuntimeFault("R0996", f"all weights were trained in `{training}`, so there is no adapter", help)
    if is_adapter and not (model / _ADAPTER[1]).is_file():  # other forms of weights are programs, and are not read
        raise RuntimeFault("R0996", f"`{model}` has no `{_ADAPTER[1]}`", "train again")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise RuntimeFault("R0996", f"`{to}` is there already", "give a new folder, or an empty one")
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with on_full_disk(part):
            if form == "adapter":
                _copy_adapter(model, part, record)
            else:
                _save_whole(model, part, _base(record, base) if is_adapter else None, dtype)
            _beside(model, part, record, model_card(record, form, dtype, scores))
        if to.is_dir():
            to.rmdir()
        part.replace(to)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return record


def _base(record: TrainingRecord, given: Path | None) -> Path:
    folder = given or Path(record.base.path)
    if not (folder / "config.json").is_file():
        raise RuntimeFault(
            "R0996", f"the base model `{record.base.name}` is not in `{folder}`", "say where it is: `--base FOLDER`"
        )
    if base_of(folder).sha256 != record.base.sha256:
        help = "give the model that was trained; an adapter fits no other"
        raise RuntimeFault("R0996", f"`{folder}` is not the model that the training began with", help)
    return folder


def _save_whole(model: Path, to: Path, base: Path | None, dtype: Dtype) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from transformers import AutoModelForCausalLM

    quiet()

    # Merged in float32 and rounded once.
    loaded: Any = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        str(base or model), dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False
    )
    if base is not None:
        adapted: Any = import_module("peft").PeftModel
        loaded = adapted.from_pretrained(loaded, str(model), local_files_only=True).merge_and_unload(safe_merge=True)
    if dtype == "bfloat16":
        loaded = loaded.to(torch.bfloat16)
    loaded.save_pretrained(str(to), safe_serialization=True)


def _copy_adapter(model: Path, to: Path, record: TrainingRecord) -> None:
    """Its base is named as it was called, not by where it was."""
    settings = json.loads((model / _ADAPTER[0]).read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = record.base.name
    (to / _ADAPTER[0]).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    shutil.copyfile(model / _ADAPTER[1], to / _ADAPTER[1])


def _beside(model: Path, to: Path, record: TrainingRecord, card: str) -> None:
    for name in _TOKENIZER:
        if (model / name).is_file():
            shutil.copyfile(model / name, to / name)
    template = chat_template()
    (to / "chat_template.jinja").write_text(template, encoding="utf-8")
    settings = to / "tokenizer_config.json"
    known: dict[str, object] = json.loads(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
    known.pop("chat_template", None)
    known.setdefault("tokenizer_class", "PreTrainedTokenizerFast")
    settings.write_text(json.dumps({**known, "eos_token": END, "pad_token": END}, indent=2) + "\n", encoding="utf-8")
    (to / "README.md").write_text(card, encoding="utf-8")
    public = record.model_copy(update={"base": record.base.model_copy(update={"path": ""})})
    (to / TRAINING).write_text(
        json.dumps(public.model_dump(mode="json"), indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    with open(to / "tasks.jsonl", "w", encoding="utf-8") as file:
        for task in record.tasks:
            file.write(json.dumps(task.model_dump(mode="json"), sort_keys=True) + "\n")
