"""Calls of a judge's model: one question, one whole answer; what they cost is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clawc.runtime.engine.closing import closing
from clawc.runtime.engine.interface import ChatRequest, Engine, EngineFailure, Finish, Object, Sampling, TokenUsage
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.judge.reply import REPLY_CHARACTERS


@dataclass(slots=True)
class Tally:
    """What was asked so far; tokens are None where the engine does not tell them, `cost` where there is no price."""

    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: Decimal | None = None

    def add(self, usage: TokenUsage | None) -> None:
        self.calls += 1
        if usage is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + usage.prompt
            self.completion_tokens = (self.completion_tokens or 0) + usage.completion
            if usage.cost is not None:
                self.cost = (self.cost or Decimal(0)) + usage.cost

    def join(self, other: Tally) -> None:
        """Count what another one has counted."""
        self.calls += other.calls
        if other.prompt_tokens is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + other.prompt_tokens
        if other.completion_tokens is not None:
            self.completion_tokens = (self.completion_tokens or 0) + other.completion_tokens
        if other.cost is not None:
            self.cost = (self.cost or Decimal(0)) + other.cost


@dataclass(frozen=True, slots=True)
class Answer:
    """`finish` is `length` also for an answer that is longer than any reply may be."""

    text: str
    finish: Finish | None


class Asker:
    """The model of a judge."""

    def __init__(self, engine: Engine, sampling: Sampling, budget: Budget) -> None:
        self._engine = engine
        self._sampling = sampling
        self._budget = budget

    async def open(self) -> None:
        """Raises RuntimeFault if no call could be answered, R0964 if a budget is set and a price is missing."""
        self._budget.require_prices(self._engine)
        self._budget.open()
        await self._engine.open()

    async def close(self) -> None:
        """May be called twice."""
        self._budget.close()
        await self._engine.close()

    async def ask(self, messages: Sequence[Object], tally: Tally) -> Answer:
        """The answer to a conversation. Raises EngineFailure, and RuntimeFault R0967 where every call would be refused."""
        return await self.answer(ChatRequest(tuple(messages), sampling=self._sampling), tally)

    async def answer(self, request: ChatRequest, tally: Tally) -> Answer:
        """The answer to a request that brings its own sampling; raises as `ask`."""
        try:
            self._budget.require()
            return await self._whole(request, tally)
        except EngineFailure as failure:
            if failure.kind not in ("refused", "budget"):
                raise
            help = (
                "Run the same again with a greater budget."
                if failure.kind == "budget"
                else "See the model's settings in claw.toml."
            )
            raise RuntimeFault("R0967", f"the model cannot be used: {failure.message}", help) from failure

    async def _whole(self, request: ChatRequest, tally: Tally) -> Answer:
        text: list[str] = []
        size = 0
        finish: Finish | None = None
        usage: TokenUsage | None = None
        try:
            async with closing(self._engine.chat(request, _unheard)) as pieces:
                async for piece in pieces:
                    usage = piece.usage or usage
                    finish = piece.finish or finish
                    size += len(piece.content)
                    if size <= REPLY_CHARACTERS:
                        text.append(piece.content)
                    if piece.tool_calls:
                        finish = "tool_calls"
        finally:
            tally.add(usage)
            self._budget.spend(usage)
        return Answer("".join(text), finish if size <= REPLY_CHARACTERS else "length")


def _unheard(engine: str, kind: str, data: bytes) -> None:
    """What an engine says beside its answers is kept by nobody here."""
