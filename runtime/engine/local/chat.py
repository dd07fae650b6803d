"""An engine of chats made of one of tokens: renders, counts, takes answers apart, and keeps what was drawn as it was drawn.

The tokens and log probabilities in `Sampled` are those that the engine of tokens gave, all of them and nothing else; text is
only ever made from them. Whole distributions are drawn from: top_p and top_k are left out, since log probabilities of what is
left of a distribution are not those that training computes. `Sampled.sampling` says what a call was drawn with.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Generic, TypeVar

from clawc.runtime.engine.interface import (
    ChatRequest,
    Constraint,
    ConstraintKind,
    Drawn,
    EngineFailure,
    Finish,
    Piece,
    Sampled,
    Sampling,
    Tap,
    TokenEngine,
    TokenUsage,
    constrains,
)
from clawc.runtime.engine.local.detokenise import Detokeniser, Stopper
from clawc.runtime.engine.local.hermes import Hermes
from clawc.runtime.engine.local.template import TEMPLATE, Template, opening

_MOST_TOKENS = 1024  # of an answer, where the request has no bound: a small model may never end
_COLDEST = 1e-3  # what is colder is drawn greedily
_HOTTEST = 100.0


_Tokens = TypeVar("_Tokens", bound=TokenEngine)


class ChatOverTokens(Generic[_Tokens]):
    """`context` is how many tokens a prompt and its answer may have together."""

    def __init__(self, tokens: _Tokens, template: Template, context: int) -> None:
        self.tokens = tokens
        self.template = template
        self.context = context

    @property
    def name(self) -> str:
        return self.tokens.name

    @property
    def constrains(self) -> frozenset[ConstraintKind]:
        return constrains(self.tokens)

    async def open(self) -> None:
        """Raises RuntimeFault."""
        await self.tokens.open()

    async def close(self) -> None:
        await self.tokens.close()

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        """See Engine. `stop` strings end an answer; the tokens up to the end of one are kept. What is held to a
        constraint is text alone: it takes no tools, and no `stop`."""
        held = request.constraint
        if held is not None:
            self._check(request, held)
        prompt = self.template.prompt(request)
        sampling = self._sampling(request.sampling, len(prompt))
        tap(self.name, "bytes", _line({"prompt_ids": prompt, "sampling": _said(sampling), **_told(held)}))
        answer = _Answer(self.template, request, prompt)
        try:
            async with _closing(self.tokens.generate(prompt, sampling, held)) as drawn:
                async for some in drawn:
                    tap(self.name, "bytes", _line({"ids": some.ids, "logprobs": some.logprobs, "finish": some.finish}))
                    for piece in answer.feed(some):
                        yield piece
                    if answer.stopped:
                        break
        except EngineFailure as failure:
            tap(self.name, "failure", f"{failure.kind}: {failure.message}".encode())
            raise
        if not answer.stopped and answer.finish is None:
            raise EngineFailure("broken", f"{self.name} ended an answer without a last token")
        for piece in answer.end():
            yield piece
        yield replace(answer.last(sampling), model=self.name)

    def _check(self, request: ChatRequest, held: Constraint) -> None:
        """Raises EngineFailure."""
        if held.kind not in self.constrains:
            raise EngineFailure("rejected", f"{self.name} cannot hold an answer to a {held.kind}")
        if request.tools or request.sampling.stop:
            raise EngineFailure("rejected", "an answer that is held to a constraint takes no tools and no `stop`")

    def _sampling(self, asked: Sampling, prompt: int) -> Sampling:
        """What is left out by the request, filled in; `stop` is not for the engine of tokens. Raises EngineFailure."""
        room = self.context - prompt
        if room < 1:
            message = f"the prompt has {prompt} tokens, and the model takes {self.context} with the answer"
            raise EngineFailure("context", message)
        temperature = 1.0 if asked.temperature is None else asked.temperature
        most = _MOST_TOKENS if asked.max_tokens is None else asked.max_tokens
        if not 0 <= temperature <= _HOTTEST or most < 1:
            raise EngineFailure("rejected", f"no answer has temperature {temperature} and at most {most} tokens")
        return Sampling(
            max_tokens=min(most, room),
            temperature=0.0 if temperature < _COLDEST else temperature,
            top_p=1.0,
            top_k=0,
            seed=secrets.randbits(63) if asked.seed is None else asked.seed,
        )


class _Answer:
    """What came of one call so far."""

    def __init__(self, template: Template, request: ChatRequest, prompt: Sequence[int]) -> None:
        self._template = template
        self._prompt = tuple(prompt)
        self._ids: list[int] = []
        self._logprobs: list[float] = []
        self._version = 0
        self._text = Detokeniser(template.bytes_of)
        self._stopper = Stopper(request.sampling.stop)
        # The same tokens give the same ids: what is played again is equal.
        seed = hashlib.sha256(json.dumps(self._prompt).encode()).hexdigest()
        self._parser = Hermes(seed, calls=bool(request.tools) and request.tool_choice != "none")
        self._opening = opening(request)
        self.finish: Finish | None = None

    @property
    def stopped(self) -> bool:
        return self._stopper.stopped

    def feed(self, drawn: Drawn) -> list[Piece]:
        if len(drawn.ids) != len(drawn.logprobs):
            raise EngineFailure("broken", f"{len(drawn.ids)} tokens have {len(drawn.logprobs)} log probabilities")
        self._version = drawn.version
        self.finish = drawn.finish
        text = ""
        for id, logprob in zip(drawn.ids, drawn.logprobs):  # what was drawn after the end of a stop is nobody's
            if self.stopped:
                break
            self._ids.append(id)
            self._logprobs.append(logprob)
            text += self._stopper.feed(self._text.feed((id,)))
        return self._parsed(text)

    def end(self) -> list[Piece]:
        rest = self._stopper.feed(self._text.end())
        return self._parsed(rest + self._stopper.end()) + self._parser.end()

    def last(self, sampling: Sampling) -> Piece:
        finish: Finish = "stop" if self.stopped or self.finish is None else self.finish
        sampled = Sampled(
            self._prompt,
            tuple(self._ids),
            tuple(self._logprobs),
            version=self._version,
            tokenizer=self._template.tokenizer_sha256,
            template=TEMPLATE,
            parse_error=self._parser.error,
            sampling=sampling,
        )
        usage = TokenUsage(len(self._prompt), len(self._ids))
        return Piece(finish="tool_calls" if self._parser.count else finish, usage=usage, sampled=sampled)

    def _parsed(self, text: str) -> list[Piece]:
        begun, self._opening = self._opening, ""
        return self._parser.feed(begun + text)


@asynccontextmanager
async def _closing(drawn: AsyncIterator[Drawn]) -> AsyncGenerator[AsyncIterator[Drawn]]:
    """Closes it at the end, however that comes, if it can be closed."""
    try:
        yield drawn
    finally:
        if isinstance(drawn, AsyncGenerator):
            await drawn.aclose()


def _said(sampling: Sampling) -> dict[str, object]:
    names = ("max_tokens", "temperature", "top_p", "top_k", "seed")
    return {name: getattr(sampling, name) for name in names}


def _told(held: Constraint | None) -> dict[str, object]:
    """A constraint by its hash: it may be long."""
    if held is None:
        return {}
    digest = hashlib.sha256(held.text.encode("utf-8", "surrogatepass")).hexdigest()
    return {"constraint": {"kind": held.kind, "sha256": digest}}


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
