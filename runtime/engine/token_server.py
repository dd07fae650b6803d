"""Tokens from a vLLM or SGLang server: prompts go there as tokens, and answers are the tokens that were drawn, each with its log probability.

Template and parser of tools are those of the trainer, so that nothing is tokenised twice. An answer without tokens and log probabilities
is none. All tokens of an answer come from the same weights: others are loaded when no call is in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Literal, NamedTuple, cast, get_args
from urllib.parse import urlsplit

from clawc.runtime.engine.answers import status_failure
from clawc.runtime.engine.exchange import Exchange
from clawc.runtime.engine.interface import Constraint, Drawn, EngineFailure, Sampling
from clawc.runtime.engine.untyped import listing, mapping, shown

ServerKind = Literal["vllm", "sglang"]
_CALL_S = 900.0  # a whole answer, with the wait for others before it
_ABOVE = 1e-3  # how far a log probability may be above 0 by rounding
NOT_EXACT = "gives no token ids with their log probabilities"


class Served(NamedTuple):
    """A server of some kind at an address without a path."""

    kind: ServerKind
    url: str

    @property
    def where(self) -> str:
        return urlsplit(self.url).netloc


def served_at(text: str) -> Served:
    """`vllm:URL` or `sglang:URL`. Raises ValueError for what is neither."""
    kind, _, url = text.partition(":")
    if kind not in get_args(ServerKind):
        raise ValueError(f"`{shown(kind)}` is no kind of server: give vllm:URL or sglang:URL")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise ValueError(f"`{shown(url)}` is no address: give {kind}:http://HOST:PORT")
    if parts.username or parts.password or parts.query or parts.fragment or parts.port == 0:
        raise ValueError("the address of a server is http://HOST:PORT, without a key")
    if parts.path.strip("/"):
        raise ValueError(f"the address of a server has no path: `{shown(parts.path)}`")
    return Served(cast(ServerKind, kind), f"{parts.scheme}://{parts.netloc}")


@dataclass(frozen=True, slots=True)
class Held:
    """The weights that a server has: after `version` updates. Calls name `model`, and `adapter` where SGLang has one; `label` is what its
    answers call them, if they call them anything."""

    version: int
    model: str = ""
    adapter: str = ""
    label: str = ""


class TokenServer:
    """A TokenEngine. `vocabulary` is how many tokens there are, `ends` those that end an answer. It answers no call before it is said what
    weights it has; see `alone`."""

    def __init__(self, served: Served, *, vocabulary: int, ends: Sequence[int]) -> None:
        self.served = served
        self.exchange = Exchange(served.url)
        self.name = f"{served.kind}:{served.where}"
        self.held: Held | None = None
        self._vocabulary = vocabulary
        self._ends = sorted(set(ends))
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._admits = asyncio.Event()
        self._admits.set()

    async def open(self) -> None:
        """Raises RuntimeFault R0960 and R0961."""
        await self.exchange.open()

    async def close(self) -> None:
        await self.exchange.close()

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """No call is in flight; those that come wait. What the server has is not known unless it is said again."""
        self._admits.clear()
        try:
            await self._idle.wait()
            self.held = None
            yield
        finally:
            self._admits.set()

    async def generate(
        self, prompt_ids: Sequence[int], sampling: Sampling, constraint: Constraint | None = None
    ) -> AsyncGenerator[Drawn]:
        """See TokenEngine: the answer comes whole. Needs `max_tokens` and `temperature`; draws from the whole distribution only."""
        if constraint is not None:
            raise EngineFailure("rejected", f"{self.name} holds answers to nothing")
        while not self._admits.is_set():
            await self._admits.wait()
        if self.held is None:
            raise EngineFailure("refused", f"it is not known what weights {self.name} has")
        self._busy += 1
        self._idle.clear()
        try:
            yield await self.draw(self.held, prompt_ids, sampling)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def draw(self, held: Held, prompt_ids: Sequence[int], sampling: Sampling) -> Drawn:
        """One answer of these weights. Raises EngineFailure."""
        if sampling.max_tokens is None or sampling.temperature is None:
            raise EngineFailure("rejected", "tokens are drawn with a temperature and a bound")
        if self.served.kind == "vllm":
            path, body = "/v1/completions", _vllm_call(held, prompt_ids, sampling, self._ends)
        else:
            path, body = "/generate", _sglang_call(held, prompt_ids, sampling, self._ends)
        reply = await self.exchange.ask("POST", path, body, _CALL_S)
        if reply.status != 200:
            raise status_failure(reply.status, reply.body, None)
        found = reply.object()
        taken = _vllm_answer if self.served.kind == "vllm" else _sglang_answer
        drawn = taken(found, held, prompt_ids)
        _check(drawn, sampling.max_tokens, self._vocabulary)
        return drawn


def _vllm_call(held: Held, prompt: Sequence[int], sampling: Sampling, ends: Sequence[int]) -> dict[str, object]:
    # What is left out would be as the generation_config.json of the model says.
    return {
        "model": held.model, "prompt": list(prompt), "max_tokens": sampling.max_tokens, "temperature": sampling.temperature,
        "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "seed": sampling.seed, "stop_token_ids": list(ends),
        "logprobs": 0, "return_token_ids": True, "stream": False,
    }  # fmt: skip


def _sglang_call(held: Held, prompt: Sequence[int], sampling: Sampling, ends: Sequence[int]) -> dict[str, object]:
    parameters = {
        "max_new_tokens": sampling.max_tokens, "temperature": sampling.temperature, "top_p": 1.0, "top_k": -1, "min_p": 0.0,
        "repetition_penalty": 1.0, "stop_token_ids": list(ends), "skip_special_tokens": False,
    }  # fmt: skip
    body: dict[str, object] = {
        "input_ids": list(prompt), "sampling_params": parameters, "return_logprob": True, "stream": False,
    }  # fmt: skip
    return body | ({"lora_path": held.adapter} if held.adapter else {})


def _vllm_answer(found: Mapping[str, object], held: Held, prompt: Sequence[int]) -> Drawn:
    choices = listing(found.get("choices"))
    if len(choices) != 1:
        raise EngineFailure("broken", "an answer with other choices than one")
    choice = mapping(choices[0])
    if found.get("model") != held.model:
        raise EngineFailure("refused", f"`{shown(str(found.get('model')))[:100]}` answers for `{held.model}`")
    echoed = choice.get("prompt_token_ids")
    ids, logprobs = choice.get("token_ids"), mapping(choice.get("logprobs")).get("token_logprobs")
    if not isinstance(echoed, list) or not isinstance(ids, list) or not isinstance(logprobs, list):
        raise EngineFailure("refused", f"the server {NOT_EXACT}")
    if echoed != list(prompt):
        raise EngineFailure("broken", "an answer to another prompt")
    return _drawn(listing(cast(object, ids)), listing(cast(object, logprobs)), choice.get("finish_reason"), held)


def _sglang_answer(found: Mapping[str, object], held: Held, prompt: Sequence[int]) -> Drawn:
    about = mapping(found.get("meta_info"))
    told = about.get("weight_version")
    if held.label and told is not None and told != held.label:
        message = f"the server answers with the weights `{shown(str(told))[:100]}`, and was given `{held.label}`"
        raise EngineFailure("refused", message)
    if about.get("prompt_tokens", len(prompt)) != len(prompt):
        raise EngineFailure("broken", "an answer to another prompt")
    pairs = about.get("output_token_logprobs")
    if not isinstance(pairs, list):
        raise EngineFailure("refused", f"the server {NOT_EXACT}")
    each = [[*listing(pair), None, None] for pair in listing(cast(object, pairs))]
    ended = mapping(about.get("finish_reason")).get("type")
    return _drawn([pair[1] for pair in each], [pair[0] for pair in each], ended, held)


def _drawn(ids: Sequence[object], logprobs: Sequence[object], ended: object, held: Held) -> Drawn:
    if ended not in ("stop", "length"):
        raise EngineFailure("unavailable", f"an answer that ended by `{shown(str(ended))[:100]}`")
    if len(ids) != len(logprobs) or not ids:
        raise EngineFailure("broken", f"{len(ids)} tokens have {len(logprobs)} log probabilities")
    whole = [each for each in ids if isinstance(each, int) and not isinstance(each, bool)]
    numbers = [float(each) for each in logprobs if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(whole) != len(ids) or len(numbers) != len(ids):
        raise EngineFailure("broken", "an answer whose tokens or log probabilities are no numbers")
    return Drawn(tuple(whole), tuple(numbers), "stop" if ended == "stop" else "length", held.version)


def _check(drawn: Drawn, most: int, vocabulary: int) -> None:
    if len(drawn.ids) > most:
        raise EngineFailure("broken", f"an answer of {len(drawn.ids)} tokens, where {most} are the most")
    if not all(0 <= each < vocabulary for each in drawn.ids):
        raise EngineFailure("refused", f"the server has other tokens than the {vocabulary} of the model")
    if not all(isfinite(each) and each <= _ABOVE for each in drawn.logprobs):
        raise EngineFailure("broken", "an answer with log probabilities that are none")
