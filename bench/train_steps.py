"""Steps of supervised fine-tuning: tokens a second, and the share of what the card's matrix product does."""

from __future__ import annotations

import gc
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from transformers import TrainerCallback

from bench.train_card import wait
from clawc.runtime.train.rows import Row, Span, mask_of
from clawc.runtime.train.sft import SftSettings, make_trainer

_WARM = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """`rows` of `length` tokens a step."""

    name: str
    length: int
    rows: int
    settings: SftSettings


def rows_of_length(count: int, length: int, vocabulary: int) -> list[Row]:
    """Random tokens, the loss over all but the first."""
    drawn = random.Random(length)
    spans = (Span("all", 1, length),)
    mask = mask_of(length, spans)
    ids = [tuple(drawn.randrange(vocabulary) for _ in range(length)) for _ in range(min(count, 8))]
    return [Row(ids[n % len(ids)], mask, None, str(n), "", 0, (0, 0), spans) for n in range(count)]


def step_flops(folder: Path, length: int, rows: int, adapter: bool) -> float:
    """Operations of the products of matrices in a step: forward, gradients of activations, and gradients of weights where they are
    trained; attention is causal. What is computed twice to save memory does not count."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width, layers, inner = config["hidden_size"], config["num_hidden_layers"], config["intermediate_size"]
    narrow = width * config["num_key_value_heads"] // config["num_attention_heads"]
    layer = 2 * width * width + 2 * width * narrow + 3 * width * inner
    weights = layers * layer + width * config["vocab_size"]
    attention = layers * 2 * length * width  # two products over half of the pairs, two operations each
    return float(length * rows * ((2 if adapter else 3) * 2 * weights + 3 * attention))


def step_speed(folder: Path, out: Path, shape: Shape, device: torch.device, steps: int, peak: float) -> dict[str, Any]:
    """The median step after the first ones."""
    vocabulary = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    times: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            wait(device)
            times.append(time.perf_counter())

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    rows = rows_of_length(shape.rows * (steps + _WARM), shape.length, vocabulary)
    begun = time.perf_counter()
    trainer = make_trainer(folder, rows, out, shape.settings, callbacks=[Clock()])
    trainer.train()
    step = median([after - before for before, after in zip(times[_WARM - 1 :], times[_WARM:])])
    flops = step_flops(folder, shape.length, shape.rows, shape.settings.lora is not None) / step
    del trainer
    gc.collect()
    torch.compiler.reset()  # what was compiled for this trainer
    memory = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return {
        "name": shape.name, "length": shape.length, "rows": shape.rows, "step_s": round(step, 5),
        "tokens_a_second": round(shape.length * shape.rows / step), "mfu": round(flops / peak, 4),
        "peak_memory_gib": None if memory is None else round(memory / 2**30, 2), "whole_s": round(time.perf_counter() - begun, 1),
    }  # fmt: skip
