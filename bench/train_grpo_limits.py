"""What a training by reinforcement did, out of its folder, beside the least that a card would have to do for it.

A step's rows are made out of its captures again, and the limits are those of what was drawn and trained: no more is read or multiplied than
that takes. Seconds are those of `metrics.jsonl`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from clawc.runtime.gateway.calls import CallRecord, read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.store.run_folder import FOLDERS, read_run
from clawc.runtime.train.grpo.advantages import group_advantages
from clawc.runtime.train.grpo.passes import passes, shared_prefix
from clawc.runtime.train.grpo.rewards import reward_of
from clawc.runtime.train.grpo.session import ROLLOUTS
from clawc.runtime.train.grpo.settings import GrpoSettings
from clawc.runtime.train.records import METRICS, read_training
from clawc.runtime.train.rows import Row, rows_of, sampled_calls, with_advantage

_BYTES = 2  # of a number in bfloat16, as the engine has weights and cache


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a model: `matrices` are the weights of all layers' products, `head` those of the last layer's, `cache` numbers that are kept of a token."""

    layers: int
    width: int
    matrices: int
    head: int
    cache: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A call of the engine: tokens of its prompt and its answer, and the seconds that it was open."""

    prompt: int
    answer: int
    seconds: float


def shape_of(folder: Path) -> Shape:
    """Of a model as Llama's, by its `config.json`."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width, layers, heads = config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]
    each = config.get("head_dim") or width // heads
    query, narrow = heads * each, config["num_key_value_heads"] * each
    layer = 2 * width * query + 2 * width * narrow + 3 * width * config["intermediate_size"]
    return Shape(layers, query, layers * layer, width * config["vocab_size"], 2 * layers * narrow)


def sampling_bytes(shape: Shape, calls: Iterable[Drawn], at_once: int) -> float:
    """Bytes that drawing these answers reads: for each token the cache of all before it, and all weights once for `at_once` tokens. Passes over
    prompts are left out."""
    calls = list(calls)
    before = sum(call.answer * call.prompt + call.answer * (call.answer - 1) // 2 for call in calls)
    weights = (shape.matrices + shape.head) * sum(call.answer for call in calls) / at_once
    return _BYTES * (before * shape.cache + weights)


def pass_tokens(rows: Sequence[Row]) -> int:
    """Tokens that a pass over these rows has to compute: those that all of them begin with once, and none that fills up."""
    shared = shared_prefix(rows)
    return shared + sum(len(row.input_ids) - shared for row in rows)


def pass_flops(shape: Shape, rows: Sequence[Row]) -> float:
    """Operations of the products of matrices of a pass and of its gradients, three times those of the pass: layers for `pass_tokens`, attention
    for each of them and each token before it, the last layer where a token is trained. What is computed twice to save memory does not count."""
    shared = shared_prefix(rows)
    pairs = _pairs(shared) + sum(_pairs(len(row.input_ids)) - _pairs(shared) for row in rows)
    products = shape.matrices * pass_tokens(rows) + shape.head * sum(row.trained for row in rows)
    attention = 2 * shape.layers * shape.width * pairs  # scores and sums
    return 3.0 * 2 * (products + attention)


def _pairs(tokens: int) -> int:
    return tokens * (tokens + 1) // 2


@dataclass(frozen=True, slots=True)
class Step:
    """What a step drew and trained, and its line of `metrics.jsonl`."""

    calls: tuple[Drawn, ...]
    rows: tuple[Row, ...]
    line: Mapping[str, Any]


def steps_of(folder: Path) -> Iterator[Step]:
    """Of a training whose steps are each played once. Raises RuntimeFault for what is no such folder, and ValueError where its captures and its
    metrics do not tell the same."""
    known = read_training(folder).settings
    settings = TypeAdapter(GrpoSettings).validate_python({name: known[name] for name in known if name != "agent"})
    for text in (folder / METRICS).read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        step = _played(sorted((folder / ROLLOUTS).glob(f"step-{line['step'] - 1:06d}-*")), settings, line)
        told = line["sampled_tokens"], line.get("rows", 0), line.get("tokens", 0)
        found = sum(call.answer for call in step.calls), len(step.rows), sum(row.trained for row in step.rows)
        if told != found:
            raise ValueError(
                f"step {line['step']}: tokens drawn, rows and tokens trained are {found}, and told as {told}"
            )
        yield step


def _played(runs: Iterable[Path], settings: GrpoSettings, line: Mapping[str, Any]) -> Step:
    drawn: list[Drawn] = []
    rows: list[Row] = []
    for run in runs:
        groups: dict[str, list[tuple[str, float | None, tuple[Row, ...]]]] = defaultdict(list)
        for record in read_run(run, "original")[1]:
            calls = _calls(run / FOLDERS / record.key / CAPTURE)
            drawn += [
                Drawn(len(each.sampled.prompt_ids), len(each.sampled.output_ids), each.ended - each.began)
                for each in calls if each.sampled is not None
            ]  # fmt: skip
            mine = rows_of(sampled_calls(calls), record.key, record.bundle_id)
            groups[record.bundle_id].append((record.key, reward_of(record, calls, mine, settings.reward), mine))
        for group in groups.values():
            advantages = group_advantages([reward for _, reward, _ in group], settings.scale)
            if advantages is not None:
                kept = (row for _, _, mine in group for row in mine if row.old_logprobs is not None)
                short = [row for row in kept if len(row.input_ids) <= settings.longest]
                rows += with_advantage(short, dict(zip([key for key, _, _ in group], advantages, strict=True)))
    return Step(tuple(drawn), tuple(rows), line)


def _calls(path: Path) -> tuple[CallRecord, ...]:
    return tuple(read_calls(path)) if path.is_file() else ()


def against(
    steps: Sequence[Step], shape: Shape, settings: Mapping[str, Any], card: Mapping[str, Any]
) -> dict[str, Any]:
    """The steps together: their time, and tokens a second beside what the card's copy and its product of matrices allow."""
    seconds = {name: fsum(step.line[f"{name}_s"] for step in steps) for name in ("rollout", "sync", "train")}
    whole = fsum(seconds.values())
    calls = [call for step in steps for call in step.calls]
    sampled = sum(call.answer for call in calls)
    at_once = min(settings["at_once"], settings["tasks"] * settings["group"])
    read_s = sampling_bytes(shape, calls, at_once) / card["copy_bytes_a_second"]
    every = [some for step in steps for some in passes(step.rows, settings["pass_tokens"])]
    computed, trained = sum(map(pass_tokens, every)), sum(row.trained for some in every for row in some)
    flops = fsum(pass_flops(shape, some) for some in every)
    return {
        "steps": len(steps), "seconds": round(whole, 2), "shares_of_time": _rounded({name: each / whole for name, each in seconds.items()}),
        "sampling": {
            "tokens": sampled, "calls": len(calls), "seconds": round(seconds["rollout"], 2), "tokens_a_second": _rate(sampled, seconds["rollout"]),
            "limit_tokens_a_second": _rate(sampled, read_s), "share_of_limit": _rate(read_s, seconds["rollout"], 5),
            "calls_open": _rate(fsum(call.seconds for call in calls), seconds["rollout"]),
        },
        "training": {
            "trained_tokens": trained, "computed_tokens": computed, "row_tokens": sum(len(row.input_ids) for some in every for row in some),
            "passes": len(every), "seconds": round(seconds["train"], 2), "trained_tokens_a_second": _rate(trained, seconds["train"]),
            "computed_tokens_a_second": _rate(computed, seconds["train"]),
            "share_of_limit": _rate(flops / card["matmul_flops_a_second"], seconds["train"], 5),
        },
        "largest_gap": max((step.line["gap"] for step in steps if step.line.get("gap") is not None), default=None),
    }  # fmt: skip


def _rate(count: float, seconds: float, digits: int = 1) -> float | None:
    return round(count / seconds, digits) if seconds else None


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(each, 4) for name, each in values.items()}
