"""Supervised fine-tuning on rows of tokens: **start here**.

Nothing is rendered or tokenised again, packed or cut: the loss is over the tokens that `Row.loss_mask` names, and over no other. A step's
loss is the mean over all such tokens of its rows. The folder of a training gets `training.json`, `metrics.jsonl`, checkpoints, and `model`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clawc.runtime.engine.local.packages import need
from clawc.runtime.engine.local.template import TEMPLATE, Template
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.begin import begin
from clawc.runtime.train.checkpoints import last_checkpoint, on_full_disk, require_space
from clawc.runtime.train.memory import memory_is_full, on_full_memory
from clawc.runtime.train.records import (
    METRICS,
    MODEL,
    TrainedTask,
    TrainingRecord,
    TrainingResult,
    base_of,
    record_of,
    write_training,
)
from clawc.runtime.train.rows import Row
from clawc.runtime.train.settings import FREE, Lora, SftSettings, as_json
from clawc.runtime.train.trainer import TRAINER, make_trainer, mean_loss, processes, rank

__all__ = ["METRICS", "MODEL", "TRAINER", "Lora", "Origin", "SftResult", "SftSettings", "make_trainer", "sft"]
_BESIDE = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")
_NOT_KEPT = (
    "training_args.bin",
    "README.md",
)  # settings of the trainer as a pickle, and a card of PEFT's that says nothing
_PART = ".model.part"


@dataclass(frozen=True, slots=True)
class SftResult:
    """`model` is the folder of the trained model, or of the adapter. Losses are means over the tokens of the held-out rows, None without
    any. `seconds` are those of the steps alone."""

    model: Path
    steps: int
    seconds: float
    loss_before: float | None
    loss_after: float | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from, as `training.json` says it."""

    sources: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    tasks: tuple[TrainedTask, ...] = ()


def sft(
    model: Path,
    rows: Sequence[Row],
    out: Path,
    settings: SftSettings,
    held_out: Sequence[Row] = (),
    *,
    resume: bool = False,
    origin: Origin | None = None,
) -> SftResult:
    """Trains the model in the folder `model` and saves what was trained, with the files of its tokenizer, in `out/model`. With `resume`
    it goes on from the last checkpoint in `out`, if there is one. In several processes all of them call it. Raises RuntimeFault R0951 if
    a package is missing, R0952 for a folder that has no model, R0992 if there is nothing to train on, R0993 if a loss is no number,
    R0994 if the disk is full, R0999 if the device's memory is, R0995 if `out` holds another training: what was saved before stays."""
    need(*TRAINER, extra="train")
    _check(model)
    rows = [row for row in rows if row.trained]
    if not rows:
        raise RuntimeFault("R0992", "no row has a token to train on", "Look at what the filters have left out.")
    try:
        settings.passes(processes())
    except ValueError as error:
        raise RuntimeFault(
            "R0995", str(error), "give `--batch` as a multiple of `--at-once` times the processes"
        ) from error
    out.mkdir(parents=True, exist_ok=True)
    with on_full_disk(out), on_full_memory("--at-once", settings.at_once):
        record = _record(model, rows, settings, origin or Origin()) if rank() == 0 else None
        if record is not None:
            begin(out, record, FREE, "rows", resume=resume)
        trainer = make_trainer(model, rows, out, settings, held_out)
        trainer.accelerator.wait_for_everyone()
        start = last_checkpoint(out) if resume else None
        _require_space(out, trainer, settings)
        before = mean_loss(trainer, held_out, settings.at_once) if held_out else None
        begun = time.perf_counter()
        _train(trainer, start)
        seconds = time.perf_counter() - begun
        after = mean_loss(trainer, held_out, settings.at_once) if held_out else None
        _save(trainer, model, out)
        done = SftResult(out / MODEL, int(trainer.state.global_step), seconds, before, after)
        if record is not None:
            result = TrainingResult(steps=done.steps, seconds=round(seconds, 3), loss_before=before, loss_after=after)
            write_training(out, record.model_copy(update={"result": result}))
    return done


def _check(model: Path) -> None:
    missing = [name for name in ("config.json", "tokenizer.json", "*.safetensors") if not any(model.glob(name))]
    if missing:
        help = "give a whole model as transformers saves it, not an adapter"
        raise RuntimeFault("R0952", f"`{model}` has no `{missing[0]}`", help)


def _record(model: Path, rows: Sequence[Row], settings: SftSettings, origin: Origin) -> TrainingRecord:
    return record_of(
        base_of(model),
        rows,
        as_json(settings),
        sources=origin.sources,
        left_out=dict(origin.left_out),
        tasks=origin.tasks,
        tokenizer_sha256=Template.of(model).tokenizer_sha256,
        template_sha256=TEMPLATE,
        processes=processes(),
    )


def _require_space(out: Path, trainer: Any, settings: SftSettings) -> None:
    counts = [(each.numel(), each.requires_grad) for each in trainer.model.parameters()]
    trained = sum(count for count, learns in counts if learns)
    saved = trained if settings.lora else sum(count for count, _ in counts)
    require_space(out, saved, trained, settings.save_every > 0)


def _train(trainer: Any, start: Path | None) -> None:
    """Raises RuntimeFault R0995 for a checkpoint that cannot be read."""
    if start is None:
        trainer.train()
        return
    reached: list[bool] = []
    trainer.add_callback(_on_begin(reached))
    try:
        trainer.train(resume_from_checkpoint=str(start))
    except RuntimeFault:
        raise
    except Exception as error:
        if reached or memory_is_full(error):  # it can be read, and something else went wrong
            raise
        why = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        help = "Delete it, then give the same command: it goes on from the one before, or from the beginning."
        raise RuntimeFault("R0995", f"the checkpoint `{start}` cannot be gone on with: {why}", help) from error


def _on_begin(reached: list[bool]) -> object:
    from transformers import TrainerCallback

    class Begun(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            reached.append(True)

    return Begun()


def _save(trainer: Any, model: Path, out: Path) -> None:
    """The folder appears whole or not at all."""
    part, saved = out / _PART, out / MODEL
    if rank() == 0:
        shutil.rmtree(part, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(part))
    trainer.accelerator.wait_for_everyone()
    if rank() == 0:
        for name in _NOT_KEPT:
            (part / name).unlink(missing_ok=True)
        for name in _BESIDE:
            if (model / name).is_file():
                shutil.copyfile(model / name, part / name)
        if saved.exists():
            shutil.rmtree(saved)
        part.replace(saved)
    trainer.accelerator.wait_for_everyone()
