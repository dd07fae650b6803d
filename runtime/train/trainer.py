"""TRL's trainer, given ids and labels as they are, in one process or in several."""

from __future__ import annotations

import hashlib
import os
import warnings
from array import array
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from clawc.runtime.engine.local.template import END
from clawc.runtime.train.order import RowOrder
from clawc.runtime.train.reporting import callbacks as reporting_callbacks
from clawc.runtime.train.rows import Row
from clawc.runtime.train.settings import Lora, SftSettings

IGNORED = -100  # the label of a token that the loss is not over
TRAINER = ("torch", "transformers", "accelerate", "peft", "datasets", "trl")
_COMPILER = "inductor"


def examples(rows: Iterable[Row]) -> dict[str, list[list[int]]]:
    """The columns that TRL takes as they are."""
    ids: list[list[int]] = []
    labels: list[list[int]] = []
    for row in rows:
        ids.append(list(row.input_ids))
        labels.append([id if trained else IGNORED for id, trained in zip(row.input_ids, row.loss_mask, strict=True)])
    return {"input_ids": ids, "labels": labels}


def make_trainer(
    model: Path, rows: Sequence[Row], out: Path, settings: SftSettings, held_out: Sequence[Row] = (), callbacks: Sequence[object] = ()
) -> Any:  # fmt: skip
    """TRL's SFTTrainer over these rows. Raises ValueError if processes cannot share a batch."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, PrinterCallback

    quiet()

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
        gradient_accumulation_steps=settings.passes(processes()),
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        bf16=half and not settings.pure,
        use_cpu=not cuda,
        seed=settings.seed,
        data_seed=settings.seed,
        activation_checkpointing=settings.recompute,
        ddp_find_unused_parameters=False,
        train_sampling_strategy="group_by_length",  # of rows that are held out; those that are trained on have an order of their own
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
    lengths = [len(row.input_ids) for row in rows]

    class Trainer(trl.SFTTrainer):  # type: ignore[misc, name-defined]
        def _get_train_sampler(self, train_dataset: object = None) -> RowOrder:
            return RowOrder(lengths, settings.batch, settings.seed, lambda: float(self.state.epoch or 0.0))

        def create_model_card(self, *_: object, **__: object) -> None:
            """None: an export has one that says more."""

    trainer = Trainer(
        model=loaded,
        args=arguments,
        train_dataset=_dataset(rows),
        eval_dataset=_dataset(held_out) if held_out else None,
        processing_class=tokenizer,
        peft_config=_adapter(settings.lora),
        callbacks=[*reporting_callbacks(out, settings.trackers if rank() == 0 else ()), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)  # it writes to standard output
    return trainer


def quiet() -> None:
    """Bars of files that are loaded, and names that will be others one day, are nothing that a user can act on."""
    import_module("transformers.utils.logging").disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.")


def mean_loss(trainer: Any, rows: Sequence[Row], at_once: int) -> float:
    """The mean over the tokens of the rows, which all processes share; the trainer's own is one over batches."""
    import torch

    model = trainer.model_wrapped
    was = model.training
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for batch, counts in _shares(rows, at_once):
            made = trainer.data_collator(
                [{name: each[n] for name, each in batch.items()} for n in range(len(batch["input_ids"]))]
            )
            with trainer.compute_loss_context_manager():
                loss = trainer.compute_loss(model, trainer._prepare_inputs(made), num_items_in_batch=None)
            if counts:
                tokens = int((made["labels"][:, 1:] != IGNORED).sum())
                total += float(loss) * tokens
                count += tokens
    model.train(was)
    sums = torch.tensor([total, float(count)], dtype=torch.float64, device=trainer.accelerator.device)
    if processes() > 1:
        import_module("torch.distributed").all_reduce(sums)
    return float(sums[0]) / max(1.0, float(sums[1]))


def processes() -> int:
    """How many train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this one of them; the first one writes."""
    return int(os.environ.get("RANK", "0"))


def _shares(rows: Sequence[Row], at_once: int) -> Iterable[tuple[Mapping[str, list[list[int]]], bool]]:
    """The batches of this process, as many as of any other: where layers are split a pass takes all of them. The last ones may not
    count."""
    mine = rows[rank() :: processes()]
    most = -(-len(rows) // processes())
    for start in range(0, most, at_once):
        batch = mine[start : start + at_once]
        yield examples(batch or rows[:1]), bool(batch)


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
