"""Supervised fine-tuning on rows of tokens: TRL's trainer, given ids and labels as they are.

Nothing is rendered or tokenised again, packed or cut: the loss is over the tokens that `Row.loss_mask` names, and over no other. A step's
loss is the mean over all such tokens of its rows. `metrics.jsonl` in the output folder has a line for each report of the trainer.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from clawc.runtime.engine.local.packages import need
from clawc.runtime.engine.local.template import END
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.rows import Row

IGNORED = -100  # the label of a token that the loss is not over
METRICS = "metrics.jsonl"
MODEL = "model"
TRAINER = ("torch", "transformers", "accelerate", "peft", "datasets", "trl")
_COMPILER = "inductor"
_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter of this rank on the linear layers; nothing else is trained."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    layers: tuple[str, ...] = _LINEAR


@dataclass(frozen=True, slots=True)
class SftSettings:
    """`batch` rows make a step, `at_once` of them in one pass. `dtype` is what is computed in; the weights that are trained, and what the
    optimizer keeps, are float32 unless `pure` is set. `steps` 0 means `epochs`. Where `save_every` is 0 only the end is saved; `keep`
    checkpoints are kept. With `recompute` activations are computed anew in the backward pass: less memory, more time. With `compiled` the
    operations of each layer are put together by torch.compile, once for rows of any length."""

    epochs: float = 1.0
    steps: int = 0
    batch: int = 16
    at_once: int = 16
    learning_rate: float = 1e-4
    warmup: float = 0.03
    schedule: Literal["constant", "constant_with_warmup", "linear", "cosine"] = "cosine"
    weight_decay: float = 0.0
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    pure: bool = False
    lora: Lora | None = None
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    recompute: bool = False
    compiled: bool = False
    eval_every: int = 0
    save_every: int = 0
    keep: int = 2
    report_every: int = 1

    def __post_init__(self) -> None:
        if self.batch < 1 or self.at_once < 1 or self.batch % self.at_once:
            raise ValueError("a batch is a number of passes of `at_once` rows")


@dataclass(frozen=True, slots=True)
class SftResult:
    """`model` is the folder of the trained model, or of the adapter. Losses are means over the tokens of the held-out rows, None without
    any. `seconds` are those of the steps alone."""

    model: Path
    steps: int
    seconds: float
    loss_before: float | None
    loss_after: float | None


def examples(rows: Iterable[Row]) -> dict[str, list[list[int]]]:
    """The columns that TRL takes as they are."""
    ids: list[list[int]] = []
    labels: list[list[int]] = []
    for row in rows:
        ids.append(list(row.input_ids))
        labels.append([id if trained else IGNORED for id, trained in zip(row.input_ids, row.loss_mask, strict=True)])
    return {"input_ids": ids, "labels": labels}


def sft(
    model: Path,
    rows: Sequence[Row],
    out: Path,
    settings: SftSettings,
    held_out: Sequence[Row] = (),
    *,
    resume: bool = False,
) -> SftResult:
    """Trains the model in the folder `model` and saves what was trained, with the files of its tokenizer, in `out/model`. With `resume`
    it goes on from the last checkpoint in `out`, if there is one. Raises RuntimeFault R0951 if a package is missing, R0952 for a folder
    that has no model, R0992 if there is nothing to train on, R0993 if a loss is no number: the checkpoints of before stay."""
    need(*TRAINER, extra="train")
    _check(model)
    rows = [row for row in rows if row.trained]
    if not rows:
        raise RuntimeFault("R0992", "no row has a token to train on", "Look at what the filters have left out.")
    out.mkdir(parents=True, exist_ok=True)
    trainer = make_trainer(model, rows, out, settings, held_out)
    before = _loss(trainer) if held_out else None
    begun = time.perf_counter()
    trainer.train(resume_from_checkpoint=_last(out) if resume else None)
    seconds = time.perf_counter() - begun
    after = _loss(trainer) if held_out else None
    saved = out / MODEL
    trainer.save_model(str(saved))
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        if (model / name).is_file():
            shutil.copyfile(model / name, saved / name)
    return SftResult(saved, int(trainer.state.global_step), seconds, before, after)


def _check(model: Path) -> None:
    missing = [name for name in ("config.json", "tokenizer.json", "*.safetensors") if not any(model.glob(name))]
    if missing:
        help = "give a whole model as transformers saves it, not an adapter"
        raise RuntimeFault("R0952", f"`{model}` has no `{missing[0]}`", help)


def make_trainer(
    model: Path, rows: Sequence[Row], out: Path, settings: SftSettings, held_out: Sequence[Row] = (), callbacks: Sequence[object] = ()
) -> Any:  # fmt: skip
    """TRL's SFTTrainer over these rows."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, PrinterCallback

    trl = import_module("trl")
    cuda = settings.device == "cuda" or (settings.device == "auto" and torch.cuda.is_available())
    half = settings.dtype == "bfloat16"
    loaded: Any = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        str(model),
        dtype=torch.bfloat16 if half and settings.pure else torch.float32,
        attn_implementation="sdpa",
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    if settings.compiled:
        _compile(loaded)
    # It tokenises nothing: the trainer wants to know what to fill rows up with, which the attention mask leaves out.
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(model / "tokenizer.json"), eos_token=END, pad_token=END
    )
    arguments = trl.SFTConfig(
        output_dir=str(out),
        num_train_epochs=settings.epochs,
        max_steps=settings.steps or -1,
        per_device_train_batch_size=settings.at_once,
        per_device_eval_batch_size=settings.at_once,
        gradient_accumulation_steps=settings.batch // settings.at_once,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        bf16=half and not settings.pure,
        use_cpu=not cuda,
        seed=settings.seed,
        data_seed=settings.seed,
        gradient_checkpointing=settings.recompute,
        train_sampling_strategy="group_by_length",
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        eval_strategy="steps" if settings.eval_every and held_out else "no",
        eval_steps=settings.eval_every or None,
        save_strategy="steps" if settings.save_every else "no",
        save_steps=settings.save_every or 1,
        save_total_limit=settings.keep,
        logging_steps=settings.report_every,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        prediction_loss_only=True,
    )
    trainer = trl.SFTTrainer(
        model=loaded,
        args=arguments,
        train_dataset=_dataset(rows),
        eval_dataset=_dataset(held_out) if held_out else None,
        processing_class=tokenizer,
        peft_config=_adapter(settings.lora),
        callbacks=[_reporter(out / METRICS), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)  # it writes to standard output
    return trainer


def _compile(model: Any) -> None:
    """Each layer alone, all by the same code: whole models take minutes, and TRL's last layer is made of kernels already."""
    for layer in model.base_model.layers:
        layer.compile(dynamic=True, backend=_COMPILER)


def _dataset(rows: Sequence[Row]) -> object:
    """With a name of our own for what it holds: the library would pickle it all to make one, which not every pyarrow can."""
    columns = examples(rows)
    digest = hashlib.sha256()
    for each in zip(*columns.values()):
        for numbers in each:
            digest.update(len(numbers).to_bytes(8, "big") + array("q", numbers).tobytes())
    table = import_module("datasets.table").InMemoryTable.from_pydict(columns)
    return import_module("datasets").Dataset(table, fingerprint=digest.hexdigest()[:16])


def _adapter(lora: Lora | None) -> object:
    if lora is None:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.layers),
        task_type="CAUSAL_LM",
    )


def _reporter(path: Path) -> object:
    """Writes what the trainer reports, and ends the training at a loss that is no number."""
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        def on_log(
            self, args: Any, state: Any, control: Any, logs: Mapping[str, object] | None = None, **_: Any
        ) -> None:
            figures = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
            with open(path, "a", encoding="utf-8") as file:
                finite = {name: value if math.isfinite(value) else None for name, value in figures.items()}
                file.write(json.dumps({"step": state.global_step, "at": round(time.time(), 3), **finite}) + "\n")
            bad = [name for name, value in figures.items() if not math.isfinite(value)]
            if bad:
                raise RuntimeFault(
                    "R0993", f"`{bad[0]}` of step {state.global_step} is no number",
                    "Go on from the last checkpoint with a lower learning rate.",
                )  # fmt: skip

    return Reporter()


def _loss(trainer: Any) -> float:
    """The mean over the tokens of the held-out rows: the trainer's own is one over batches."""
    import torch

    model = trainer.model
    was = model.training
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for batch in trainer.get_eval_dataloader():
            tokens = int((batch["labels"][:, 1:] != IGNORED).sum())
            with trainer.compute_loss_context_manager():
                loss = trainer.compute_loss(model, trainer._prepare_inputs(batch), num_items_in_batch=None)
            total += float(loss) * tokens
            count += tokens
    model.train(was)
    return total / max(1, count)


def _last(out: Path) -> str | None:
    """The checkpoint with the greatest number that was written to its end: the trainer's state comes last."""
    numbers = [
        path.name.removeprefix("checkpoint-")
        for path in out.glob("checkpoint-*")
        if (path / "trainer_state.json").is_file()
    ]
    steps = [int(number) for number in numbers if number.isdigit()]
    return str(out / f"checkpoint-{max(steps)}") if steps else None
