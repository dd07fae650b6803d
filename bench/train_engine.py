"""The local engine on a card: tokens a second against what reading weights and cache allows and against `model.generate`, and the
log probabilities that it gives against those of a forward pass."""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import LlamaForCausalLM

from bench.train_card import wait
from clawc.runtime.engine.interface import Sampling
from clawc.runtime.engine.local.template import Template
from clawc.runtime.engine.local.transformers_engine import TransformersEngine

_NO_END = 3  # a reserved token of SmolLM2's, which is hardly ever drawn: all answers get as long as they may


def endless(folder: Path, into: Path) -> Path:
    """The same model, whose answers have no end."""
    into.mkdir(parents=True)
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        os.symlink(folder / name, into / name)
    for name in ("config.json", "generation_config.json"):
        found = json.loads((folder / name).read_text(encoding="utf-8"))
        (into / name).write_text(json.dumps({**found, "eos_token_id": _NO_END}), encoding="utf-8")
    return into


def prompts(folder: Path, count: int) -> list[list[int]]:
    """Of about 150 tokens, each another one."""
    template = Template.of(folder)
    end = template.encode("assistant\n")
    said = [" ".join(f"{n * 7919 % 9973} apples and {n + k} pears," for k in range(10)) for n in range(count)]
    return [template.render([{"role": "user", "content": f"Tell me of {text} at length."}]) + end for text in said]


async def _answers(
    engine: TransformersEngine, asked: Sequence[Sequence[int]], most: int, temperature: float = 1.0
) -> list[tuple[list[int], list[float]]]:
    async def one(prompt: Sequence[int], seed: int) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        logprobs: list[float] = []
        async for some in engine.generate(prompt, Sampling(max_tokens=most, temperature=temperature, seed=seed)):
            ids += some.ids
            logprobs += some.logprobs
        return ids, logprobs

    return list(await asyncio.gather(*(one(prompt, seed) for seed, prompt in enumerate(asked))))


async def _speeds(
    engine: TransformersEngine, asked: list[list[int]], sizes: Sequence[int], most: int
) -> dict[str, float]:
    found: dict[str, float] = {}
    for size in sizes:
        await _answers(engine, asked[:size], most)  # captures what is captured, and computes the prompts' beginnings
        begun = time.perf_counter()
        drawn = await _answers(engine, asked[:size], most)
        found[str(size)] = round(sum(len(ids) for ids, _ in drawn) / (time.perf_counter() - begun), 1)
    return found


async def engine_speeds(
    folder: Path, device: Literal["cpu", "cuda"], graphs: bool, asked: list[list[int]], sizes: Sequence[int], most: int
) -> dict[str, Any]:
    """Tokens a second by calls at once."""
    engine = TransformersEngine(folder, device=device, dtype="bfloat16", graphs=graphs)
    begun = time.perf_counter()
    try:
        await engine.open()
        ready = round(time.perf_counter() - begun, 1)
        return {
            "ready_s": ready,
            "about": dict(engine.about),
            "tokens_a_second": await _speeds(engine, asked, sizes, most),
        }
    finally:
        await engine.close()


def generate_speeds(
    folder: Path, device: torch.device, asked: list[list[int]], sizes: Sequence[int], most: int
) -> dict[str, float]:
    """The same of `model.generate`: prompts filled up on the left, drawn from the whole distribution."""
    model: Any = LlamaForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        folder, dtype=torch.bfloat16, attn_implementation="sdpa"
    )
    model = model.to(device).eval()
    found: dict[str, float] = {}
    for size in sizes:
        longest = max(map(len, asked[:size]))
        ids = torch.tensor([[0] * (longest - len(each)) + each for each in asked[:size]], device=device)
        mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in asked[:size]], device=device)
        for most_now in (8, most):  # the first turn is not counted
            wait(device)
            begun = time.perf_counter()
            with torch.no_grad():
                model.generate(
                    input_ids=ids, attention_mask=mask, max_new_tokens=most_now, do_sample=True, top_k=0, top_p=1.0, pad_token_id=0
                )  # fmt: skip
            wait(device)
            found[str(size)] = round(size * most_now / (time.perf_counter() - begun), 1)
    return found


def roofline(folder: Path, copy_bytes_a_second: float, size: int, context: float) -> float:
    """Tokens a second if a step took no more than reading the weights once and the cache of all calls once, in bfloat16."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers, heads, width = config["num_hidden_layers"], config["num_key_value_heads"], config["hidden_size"]
    token = 2 * 2 * layers * heads * (width // config["num_attention_heads"])
    weights = (folder / "model.safetensors").stat().st_size
    return size * copy_bytes_a_second / (weights + size * context * float(token))


def gaps(
    folder: Path, device: Literal["cpu", "cuda"], dtype: Literal["float32", "bfloat16"], asked: list[list[int]], most: int, graphs: bool
) -> dict[str, Any]:  # fmt: skip
    """How far log probabilities of the engine are from those of a forward pass over the same tokens, of each call alone. In bfloat16 there
    are three passes: `trainer`, with weights in float32 under autocast and the last layer in float32, as TRL has it with
    `cast_lm_head_to_fp32`; `autocast`, the same with the last layer in bfloat16; `same`, with all of it in bfloat16."""

    async def drawn() -> list[tuple[list[int], list[float]]]:
        engine = TransformersEngine(folder, device=device, dtype=dtype, graphs=graphs)
        try:
            await engine.open()
            return await _answers(engine, asked, most)
        finally:
            await engine.close()

    answers = asyncio.run(drawn())
    found: dict[str, Any] = {"dtype": dtype, "graphs": graphs, "tokens": sum(len(ids) for ids, _ in answers)}
    for name in ("trainer", "autocast", "same") if dtype == "bfloat16" else ("same",):
        found[name] = _gap(_Forward(folder, torch.device(device), dtype, name), asked, answers)
    return found


class _Forward:
    """A pass of a kind that `gaps` names."""

    def __init__(self, folder: Path, device: torch.device, dtype: str, kind: str) -> None:
        kept = torch.bfloat16 if dtype == "bfloat16" and kind == "same" else torch.float32
        model: Any = LlamaForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
            folder, dtype=kept, attn_implementation="sdpa"
        )
        self._model = model.to(device).eval()
        self._device = device
        self._autocast = kind != "same"
        self._wide_head = kind == "trainer"

    def logprobs(self, prompt: Sequence[int], ids: Sequence[int]) -> torch.Tensor:
        """Of the tokens `ids`, which come after the prompt."""
        given = torch.tensor([[*prompt, *ids]], device=self._device)
        with torch.no_grad():
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
                hidden = self._model.model(given).last_hidden_state[0, len(prompt) - 1 : -1]
                logits = None if self._wide_head else self._model.lm_head(hidden).float()
            if logits is None:
                logits = torch.nn.functional.linear(hidden.float(), self._model.lm_head.weight)
            return torch.log_softmax(logits, -1).gather(1, torch.tensor(ids, device=self._device)[:, None])[:, 0].cpu()


def _gap(
    forward: _Forward, asked: Sequence[Sequence[int]], answers: Sequence[tuple[list[int], list[float]]]
) -> dict[str, float]:
    differences: list[float] = []
    for prompt, (ids, logprobs) in zip(asked, answers, strict=True):
        if ids:
            differences += map(float, (forward.logprobs(prompt, ids) - torch.tensor(logprobs)).abs())
    return {
        "mean_exp_abs": round(sum(map(math.exp, differences)) / len(differences), 6),
        "mean_abs": sum(differences) / len(differences),
        "max_abs": max(differences),
    }
