"""Several upstreams as one engine: tries again, elsewhere if it can, waits as it is told, keeps to rates, and prices what is used.

A call is tried again only as long as nothing of an answer has come: what a harness has seen is never said a second time.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal

from clawc.runtime.engine.closing import closing
from clawc.runtime.engine.interface import (
    ChatRequest,
    ConstraintKind,
    Engine,
    EngineFailure,
    Piece,
    Tap,
    TokenUsage,
    constrains,
)

_MILLION = Decimal(1_000_000)
# Failures one after another after which others are called first, and how long.
_STRIKES = 3
_SHUNNED_S = 15.0
_MINUTE = 60.0
_LONGEST_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; those of a prompt that were not computed anew cost `cached`, like others unless given."""

    prompt: Decimal
    completion: Decimal
    cached: Decimal | None = None

    def of(self, usage: TokenUsage) -> Decimal:
        cached = min(usage.cached, usage.prompt)
        rate = self.prompt if self.cached is None else self.cached
        return ((usage.prompt - cached) * self.prompt + cached * rate + usage.completion * self.completion) / _MILLION


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls and tokens a minute, and calls at once; None for no bound."""

    calls: int | None = None
    tokens: int | None = None
    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried in all, and the waits between: doubling from `first_s` to `most_s`, by chance shortened by up to half."""

    tries: int = 5
    first_s: float = 0.5
    most_s: float = 30.0


@dataclass(slots=True)
class Upstream:
    """One way to the model. What was used in the last minute bounds what may be used now. It rests while it asks for that; after several
    failures others are called before it."""

    engine: Engine
    price: Price | None = None
    rate: Rate = field(default_factory=Rate)
    rests_until: float = 0.0
    shunned_until: float = 0.0
    strikes: int = 0
    busy: int = 0
    _calls: deque[float] = field(default_factory=deque[float])
    _tokens: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def wait_s(self, now: float) -> float:
        """Seconds until it may be called; infinite while as many calls as may be are on their way."""
        if self.rate.at_once is not None and self.busy >= self.rate.at_once:
            return float("inf")
        wait = self.rests_until - now
        while self._calls and self._calls[0] <= now - _MINUTE:
            self._calls.popleft()
        while self._tokens and self._tokens[0][0] <= now - _MINUTE:
            self._tokens.popleft()
        if self.rate.calls is not None and len(self._calls) >= self.rate.calls:
            wait = max(wait, self._calls[0] + _MINUTE - now)
        if self.rate.tokens is not None and sum(count for _, count in self._tokens) >= self.rate.tokens:
            wait = max(wait, self._tokens[0][0] + _MINUTE - now)
        return max(0.0, wait)

    def begin(self, now: float) -> None:
        self.busy += 1
        self._calls.append(now)

    def used(self, now: float, usage: TokenUsage) -> None:
        self._tokens.append((now, usage.prompt + usage.completion))

    def failed(self, now: float, failure: EngineFailure) -> None:
        self.strikes += 1
        if failure.retry_after_s is not None:
            self.rests_until = max(self.rests_until, now + min(failure.retry_after_s, _LONGEST_WAIT_S))
        elif self.strikes >= _STRIKES:
            self.shunned_until = now + _SHUNNED_S


class Pool:
    """An Engine over others, tried in their order where several are free."""

    def __init__(self, name: str, upstreams: Sequence[Upstream], patience: Patience | None = None) -> None:
        self.name = name
        self.priced = all(upstream.price is not None for upstream in upstreams)
        self._upstreams = list(upstreams)
        self._patience = patience or Patience()
        self._changed = asyncio.Event()

    @property
    def constrains(self) -> frozenset[ConstraintKind]:
        """What all of them can be held to: any of them may be called."""
        found = [constrains(upstream.engine) for upstream in self._upstreams]
        return frozenset(kind for kind in found[0] if all(kind in each for each in found)) if found else frozenset()

    async def open(self) -> None:
        for upstream in self._upstreams:
            await upstream.engine.open()

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        patience = self._patience
        failure = EngineFailure("unavailable", "nothing was tried")
        for number in range(patience.tries):
            if number:
                wait = min(patience.most_s, patience.first_s * 2 ** (number - 1))
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            upstream = await self._free()
            begun = False
            try:
                async with aclosing(self._one(upstream, request, tap)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except EngineFailure as found:
                failure = found
                tap(upstream.engine.name, "failure", f"{found.kind}: {found.message}".encode("utf-8", "replace"))
                if begun or not found.worth_a_try:
                    raise
        raise EngineFailure(failure.kind, f"{failure.message} (tried {patience.tries} times)")

    async def close(self) -> None:
        for upstream in self._upstreams:
            await upstream.engine.close()

    async def _free(self) -> Upstream:
        """The first upstream that may be called, which it then counts as being. Waits for one."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            waits = [upstream.wait_s(now) for upstream in self._upstreams]
            least = min(waits)
            free = [upstream for upstream, wait in zip(self._upstreams, waits) if wait == 0]
            if free:
                upstream = min(free, key=lambda each: each.shunned_until > now)
                upstream.begin(now)
                return upstream
            with suppress(TimeoutError):
                async with asyncio.timeout(None if least == float("inf") else least):
                    await self._changed.wait()

    async def _one(self, upstream: Upstream, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        loop = asyncio.get_running_loop()
        usage: TokenUsage | None = None
        try:
            async with closing(upstream.engine.chat(request, tap)) as pieces:
                async for piece in pieces:
                    usage = piece.usage or usage
                    if piece.usage is not None and upstream.price is not None:
                        piece = replace(piece, usage=replace(piece.usage, cost=upstream.price.of(piece.usage)))
                    yield piece
            upstream.strikes = 0
        except EngineFailure as failure:
            if failure.worth_a_try:
                upstream.failed(loop.time(), failure)
            raise
        finally:
            if usage is not None:  # the last one counts: some servers say with each part what there was so far
                upstream.used(loop.time(), usage)
            upstream.busy -= 1
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
