"""What a model writes that was asked for a task, with the grammar of tasks and without: how much of it can be parsed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.runtime.engine.interface import ChatRequest, Constraint, Engine, Sampling
from clawc.runtime.engine.local import smollm2_engine
from clawc.spec.export.decoding import decoding_grammar

_ASK = {"role": "user", "content": "Write a task in the .claw language."}
_TEMPERATURE = 0.8
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    tokens: int
    whole: bool

    @property
    def parses(self) -> bool:
        diagnostics = Diagnostics()
        parse(Source.of("decoded.claw", self.text), diagnostics)
        return not diagnostics.has_errors

    @property
    def blocks(self) -> int:
        """What is there at the top, if it parses."""
        return len(parse(Source.of("decoded.claw", self.text), Diagnostics()).file.items) if self.parses else 0


def decoding_shares(count: int, tokens: int) -> dict[str, object]:
    """Of `count` texts of SmolLM2's of at most `tokens` tokens: `free`, `held` to the grammar cut to the tables, and `tidy`, the same grammar
    without comments and with few blanks: the shares that end by themselves and that parse, their mean number of blocks, and tokens a second."""
    held, tidy = (
        Constraint("grammar", decoding_grammar("llguidance", "file", cut=True, tidy=tidy)) for tidy in (False, True)
    )
    return asyncio.run(_shares(count, tokens, {"free": None, "held": held, "tidy": tidy}))


async def _shares(count: int, tokens: int, ways: Mapping[str, Constraint | None]) -> dict[str, object]:
    engine = smollm2_engine()
    found: dict[str, object] = {"count": count, "max_tokens": tokens, "temperature": _TEMPERATURE}
    try:
        await engine.open()
        for name, constraint in ways.items():
            await _text(engine, 0, 16 if constraint is None else tokens, constraint)  # what is compiled once
            begun = time.perf_counter()
            texts = await _texts(engine, count, tokens, constraint)
            seconds = time.perf_counter() - begun
            found[name] = {
                "parse": round(sum(each.parses for each in texts) / count, 3),
                "stop": round(sum(each.whole for each in texts) / count, 3),
                "blocks": round(sum(each.blocks for each in texts) / count, 2),
                "mean_tokens": round(sum(each.tokens for each in texts) / count, 1),
                "tokens_a_second": round(sum(each.tokens for each in texts) / seconds, 1),
            }
    finally:
        await engine.close()
    return found


async def _texts(engine: Engine, count: int, tokens: int, constraint: Constraint | None) -> list[_Text]:
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(seed: int) -> _Text:
        async with free:
            return await _text(engine, seed, tokens, constraint)

    return list(await asyncio.gather(*(one(seed) for seed in range(count))))


async def _text(engine: Engine, seed: int, tokens: int, constraint: Constraint | None) -> _Text:
    sampling = Sampling(max_tokens=tokens, temperature=_TEMPERATURE, seed=seed)
    text, used, finish = "", 0, None
    async for piece in engine.chat(ChatRequest((_ASK,), sampling=sampling, constraint=constraint), _untapped):
        text += piece.content
        finish = piece.finish or finish
        used += piece.usage.completion if piece.usage else 0
    return _Text(text, used, finish == "stop")


def _untapped(who: str, kind: str, data: bytes) -> None: ...
