"""What the capture says of a call, as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from clawc.runtime.engine.interface import Object, Sampled, Sampling, TokenUsage
from clawc.runtime.gateway.lineage import Place
from clawc.runtime.gateway.wire import Asked


def placed(id: str, caller: str, main: bool, place: Place, asked: Asked, sampling: Sampling, spliced: bool) -> Object:
    """Where a call stands, and what it may."""
    return {
        "id": id, "caller": caller, "main": main, "parent": place.parent, "covered": place.covered, "digest": place.digest,
        "tools": place.tools, "wished": dict(asked.wished), "unknown": list(asked.unknown),
        "effective": {name: getattr(sampling, name) for name in Sampling.__slots__}, "spliced": spliced,
    }  # fmt: skip


def answered(
    message: Object, finish: str, model: str, usage: TokenUsage | None, sampled: Sampled | None, seconds: float
) -> Object:
    """What the model has said."""
    return {
        "message": message, "finish": finish, "model": model, "usage": _usage(usage), "sampled": _sampled(sampled),
        "seconds": round(seconds, 4),
    }  # fmt: skip


def _usage(usage: TokenUsage | None) -> Mapping[str, object] | None:
    if usage is None:
        return None
    cost = None if usage.cost is None else format(usage.cost, "f")
    return {"prompt": usage.prompt, "completion": usage.completion, "cached": usage.cached, "cost": cost}


def _sampled(sampled: Sampled | None) -> Mapping[str, object] | None:
    if sampled is None:
        return None
    return {
        "prompt_ids": list(sampled.prompt_ids), "output_ids": list(sampled.output_ids), "logprobs": list(sampled.logprobs),
        "version": sampled.version, "tokenizer": sampled.tokenizer, "template": sampled.template, "parse_error": sampled.parse_error,
        "sampling": None if sampled.sampling is None else asdict(sampled.sampling),
    }  # fmt: skip
