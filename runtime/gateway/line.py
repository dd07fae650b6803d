"""One attempt's line to its model: every call is written down, bounded, placed and answered here, whatever way it came.

What a harness makes of an answer is its word; what happened is in the capture. A failure counts as the infrastructure's only if the
engine has failed a call of the harness's own conversation and no later one was answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TypeAlias

from clawc.runtime.engine.closing import closing
from clawc.runtime.engine.interface import (
    ChatRequest,
    Continued,
    Engine,
    EngineFailure,
    Object,
    Piece,
    Sampled,
    Sampling,
)
from clawc.runtime.engine.untyped import shown
from clawc.runtime.gateway import noted, wire
from clawc.runtime.gateway.blame import Blame
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.gateway.callers import Callers
from clawc.runtime.gateway.capture import Capture, coded
from clawc.runtime.gateway.differences import Account, Answer
from clawc.runtime.gateway.limits import Caps, Meter
from clawc.runtime.gateway.lineage import Lineage
from clawc.runtime.gateway.rules import Caller, LineReport, Reply, Rules
from clawc.runtime.gateway.underway import Underway
from clawc.runtime.gateway.wire import Asked, BadCall, Head

__all__ = ["Caller", "Line", "LineReport", "Reply", "Rules"]

_STATUS = {"unavailable": 503, "broken": 502, "refused": 502, "rejected": 400, "context": 400, "budget": 403}
_CODES = {
    "unavailable": "upstream_unavailable", "broken": "upstream_broken", "refused": "upstream_refused", "rejected": "invalid_request",
    "context": "context_length_exceeded", "budget": "budget_spent",
}  # fmt: skip
_REASON = 500
# Calls that are denied are written down so often; an agent may go on for ever.
_DENIALS = 20
# The part of the turns that others than the harness may have at once: 1 of so many.
_OTHERS = 4

Conversation: TypeAlias = tuple[Sequence[Object], Sequence[Object]]


class Line:
    """`over` is set when the attempt must end: `why` is a cap or what the engine said."""

    def __init__(self, key: str, engine: Engine, rules: Rules, caps: Caps, capture: Capture, budget: Budget) -> None:
        self.over = asyncio.Event()
        self.rules = rules
        self._key = hashlib.sha256(key.encode()).hexdigest()[:12]
        self._engine = engine
        self._capture = capture
        self._budget = budget
        self._meter = Meter(caps)
        self._turns = asyncio.Semaphore(caps.at_once)
        self._others = asyncio.Semaphore(max(1, caps.at_once // _OTHERS))
        self._blame = Blame()
        self._denials = 0
        self._held = 0
        self._lineage = Lineage()
        self._numbers = 0
        self._main: set[int] = set()
        self._roots: set[str] = set()
        self._tools = ""
        self.callers = Callers()
        self.account = Account()
        self._tokens: dict[int, Sampled] = {}
        self._side = 0
        self._open: dict[int, Underway] = {}
        self._conversations: dict[int, Conversation] = {}
        self._closed = False

    @property
    def why(self) -> str:
        """What ended it, for people."""
        if self._blame.refusal is not None:
            return self._blame.refusal.message
        return f"the episode exceeded its limit of {self._meter.hit}" if self._meter.hit else self._blame.broken

    @property
    def conversations(self) -> Sequence[Conversation]:
        """Those of the harness, as far as each has got: the tools, and the messages with the last answer."""
        return tuple(self._conversations.values())

    @property
    def last_text(self) -> str:
        """What the model said last to the harness."""
        for _, messages in reversed(self._conversations.values()):
            return str(messages[-1].get("content") or "")
        return ""

    async def chat(self, body: bytes, caller: Caller) -> Reply:
        """Answer a call. An answer that is a stream must be read to its end or closed."""
        self._numbers += 1
        number = self._numbers
        try:
            denied = self._denied(number)
            if denied is not None:
                return denied
            self._capture.body(number, body)
            return await self._answer(number, body, caller)
        except OSError as error:
            return self._unwritten(error)

    @contextmanager
    def room(self, most: int) -> Generator[Callable[[int], None]]:
        """Takes the sizes of the parts of a call as they come, until it is answered. Raises BadCall where all that are on their way have
        more than `most` bytes."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            taken += size
            self._held += size
            if self._held > most:
                raise BadCall(429, "too_many", f"the calls on their way have more than {most >> 20} MiB")

        try:
            yield take
        finally:
            self._held -= taken

    def delivered(self, number: int) -> None:
        """The answer has been handed over."""
        self.account.delivered(number)
        with suppress(OSError):
            self._capture.add("delivered", number, {})

    def break_off(self, reason: str) -> None:
        """End the attempt for a reason that is not the agent's."""
        self._blame.broken = self._blame.broken or reason
        self.over.set()

    def models(self) -> Reply:
        return Reply(200, wire.models(self.rules.model))

    async def close(self) -> LineReport:
        """Take no more calls; what became of it."""
        self._closed = True
        for call in [*self._open.values()]:
            self._dropped(call)
        try:
            await self._capture.close()
        except OSError as error:
            self._blame.broken = self._blame.broken or f"the capture cannot be written: {error.strerror}"
        spent = self._meter.spent
        known = spent.counted > 0 and spent.known
        hit = self._meter.hit or ("context" if self._blame.context else "")
        return LineReport(
            calls=spent.calls,
            prompt_tokens=spent.prompt if known else None,
            completion_tokens=spent.completion if known else None,
            cost=format(spent.cost.normalize(), "f") if known and spent.priced else None,
            limits=self._meter.uses(),
            hit=hit,
            fault=self._blame.fault,
            refusal=self._blame.refusal,
            side_calls=self._side,
        )

    async def _answer(self, number: int, body: bytes, caller: Caller) -> Reply:
        try:
            asked = wire.parse_call(body)
        except BadCall as bad:
            self._capture.add("refused", number, {"status": bad.status, "code": bad.code, "reason": bad.message})
            return Reply(bad.status, wire.error_body(bad.code, bad.message))
        call = self._open[number] = self._placed(number, asked, caller, len(body))
        pieces = self._pieces(call, self._request(call))
        first = await self._first(call, pieces)
        if isinstance(first, Reply):
            return first
        if asked.stream:
            return Reply(200, number=number, events=self._events(call, first, pieces))
        return await self._whole(call, pieces)

    def _denied(self, number: int) -> Reply | None:
        """The answer to a call that comes too late, or None to admit it."""
        code = "episode_over" if self._closed or self._blame.refusal is not None else ""
        if not code and self._meter.admit(self._capture.weight) is not None:
            code = "limit_reached"
            self.over.set()
        if not code:
            return None
        reason = self.why or "the episode is over"
        self._denials += 1
        if self._denials <= _DENIALS:
            self._capture.add("refused", number, {"status": 403, "code": code, "reason": reason})
        return Reply(403, wire.error_body(code, reason))

    def _placed(self, number: int, asked: Asked, caller: Caller, size: int) -> Underway:
        place = self._lineage.place(asked.messages, asked.tools, asked.tool_choice)
        if not self._roots and caller != "other":
            self._roots.add(place.digest)  # nothing that the model has said can have made the first call
            self._tools = place.tools
        known = place.parent in self._main or place.digest in self._roots
        main = caller != "other" and (known or (caller == "harness" and place.tools == self._tools))
        self._side += not main
        if main:
            self.account.asked(number, asked.messages)
        head = Head(f"chatcmpl-{self._key}{number:05d}", int(time.time()), self.rules.model)
        return Underway(number, head, caller, place, main, asked, time.monotonic(), size=size)

    def _seed(self, pinned: int, number: int) -> int:
        """A seed for one call: no two calls of a run share it, and the same attempt has the same again."""
        return int.from_bytes(hashlib.sha256(f"{pinned}:{self._key}:{number}".encode()).digest()[:4], "big") >> 1

    def _request(self, call: Underway) -> ChatRequest:
        asked, pinned = call.asked, self.rules.pinned
        most = min(asked.max_tokens or self.rules.max_tokens, self.rules.max_tokens, self._meter.tokens_left())
        sampling = Sampling(
            max_tokens=most if pinned.max_tokens is None else min(most, pinned.max_tokens),
            temperature=asked.temperature if pinned.temperature is None else pinned.temperature,
            top_p=asked.top_p if pinned.top_p is None else pinned.top_p,
            top_k=pinned.top_k,
            seed=asked.seed if pinned.seed is None else self._seed(pinned.seed, call.number),
            stop=pinned.stop or asked.stop,
        )
        before = self._tokens.get(call.place.parent)
        continued = None if before is None else Continued(call.place.covered, before.prompt_ids, before.output_ids)
        data = noted.placed(call.head.id, call.caller, call.main, call.place, asked, sampling, continued is not None)
        self._capture.add("placed", call.number, data)
        return ChatRequest(asked.messages, asked.tools, asked.tool_choice, sampling, asked.stream, continued)

    async def _pieces(self, call: Underway, request: ChatRequest) -> AsyncGenerator[Piece]:
        """What the engine says, with names of tool calls of ours, each part noted before it goes on."""

        def tap(upstream: str, what: str, data: bytes) -> None:
            if self._capture.weight >= self._meter.caps.capture_bytes:  # this is also how endless answers end
                self._meter.hit = self._meter.hit or "capture"
                raise EngineFailure("rejected", "the capture of the episode is full")
            self._capture.add("engine", call.number, {"upstream": upstream, "what": what, **coded(data)})

        async with AsyncExitStack() as turns:
            if call.caller == "other":
                await turns.enter_async_context(self._others)
            await turns.enter_async_context(self._turns)
            began = time.monotonic()
            try:
                self._budget.require()
                async with closing(self._engine.chat(request, tap)) as pieces:
                    until = asyncio.get_running_loop().time() + self._meter.seconds_left()
                    while True:
                        timer = asyncio.timeout_at(until)
                        try:
                            async with timer:
                                piece = await anext(pieces, None)
                        except TimeoutError as error:
                            if not timer.expired():
                                raise EngineFailure("unavailable", "the engine did not answer in its time") from error
                            self._meter.hit = self._meter.hit or "model time"
                            raise EngineFailure("unavailable", "the model's time for this episode was over") from error
                        if piece is None:
                            break
                        yield call.take(piece)
                if call.finish is None:
                    raise EngineFailure("broken", "the answer ended before its end")
            finally:
                self._meter.seconds += time.monotonic() - began

    async def _first(self, call: Underway, pieces: AsyncGenerator[Piece]) -> Piece | Reply:
        """The first piece, before which a failure still has an HTTP status."""
        try:
            return await anext(pieces)
        except StopAsyncIteration:
            return self._failed(call, EngineFailure("broken", "the answer has no parts"))
        except EngineFailure as failure:
            return self._failed(call, failure)
        except BaseException:
            await pieces.aclose()
            self._dropped(call)
            raise

    async def _whole(self, call: Underway, pieces: AsyncGenerator[Piece]) -> Reply:
        try:
            async for _ in pieces:
                pass
        except EngineFailure as failure:
            return self._failed(call, failure)
        except BaseException:
            await pieces.aclose()
            self._dropped(call)
            raise
        message = self._answered(call)
        self.callers.spoke()
        return Reply(200, wire.completion(call.head, message, call.finish or "stop", call.usage), call.number)

    async def _events(self, call: Underway, first: Piece, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[bytes]:
        """The stream. It breaks off, without its end, where the engine does."""
        done = False
        self.callers.spoke()
        try:
            yield wire.first_event(call.head) + _part(call.head, first)
            async for piece in pieces:
                events = _part(call.head, piece)
                if events:
                    yield events
            self._answered(call)
            done = True
            finish = wire.piece_event(call.head, Piece(finish=call.finish))
            yield finish + wire.last_events(call.head, call.usage, call.asked.include_usage)
            self.delivered(call.number)
        except EngineFailure as failure:
            done = True
            self._failed(call, failure)
            raise
        finally:
            await pieces.aclose()
            if not done:
                self._dropped(call)

    def _answered(self, call: Underway) -> Object:
        self._open.pop(call.number, None)
        message = call.gathered.message()
        self._meter.spent.add(call.usage, call.size + call.gathered.size)
        self._budget.spend(call.usage)
        seconds = time.monotonic() - call.began
        data = noted.answered(message, call.finish or "stop", call.model, call.usage, call.sampled, seconds)
        self._capture.add("answered", call.number, data)
        if call.main:
            self._main.add(call.number)
            self._blame.answered()
            self.account.answered(Answer(call.number, call.head.id, message))
            self._conversations.pop(call.place.parent, None)
            self._conversations[call.number] = (call.asked.tools, (*call.asked.messages, message))
            if self._meter.answered(message) is not None:
                self.over.set()
        if call.sampled is not None:
            self._tokens[call.number] = call.sampled
        self._lineage.answered(call.number, call.place, message, main=call.main)
        return message

    def _failed(self, call: Underway, failure: EngineFailure) -> Reply:
        self._open.pop(call.number, None)
        reason = shown(failure.message)[:_REASON]
        failure = EngineFailure(failure.kind, reason, retry_after_s=failure.retry_after_s)
        with suppress(OSError):
            self._capture.add("failed", call.number, {"kind": failure.kind, "reason": reason})
            self._unanswered(call)
        if self._meter.hit is None:  # what a cap has ended, the engine has not failed
            self._blame.failed(call.number, failure, main=call.main)
        if self._meter.hit is not None or self._blame.refusal is not None:
            self.over.set()
        return Reply(
            _STATUS[failure.kind], wire.error_body(_CODES[failure.kind], reason), retry_after_s=failure.retry_after_s
        )

    def _dropped(self, call: Underway) -> None:
        """Who asked has gone away, or the attempt is over."""
        if self._open.pop(call.number, None) is None:
            return
        with suppress(OSError):
            self._capture.add("dropped", call.number, {})
            self._unanswered(call)

    def _unanswered(self, call: Underway) -> None:
        """What was begun is paid for, though nobody has all of it. Raises OSError."""
        if call.usage is not None:
            self._meter.spent.add(call.usage, 0)
            self._budget.spend(call.usage)
            call.usage = None  # it is paid for once
        elif call.gathered.size:
            self._meter.spent.guess(call.size + call.gathered.size)

    def _unwritten(self, error: OSError) -> Reply:
        """Without a capture nothing goes on."""
        self.break_off(f"the capture cannot be written: {error.strerror}")
        return Reply(500, wire.error_body("capture_failed", self._blame.broken))


def _part(head: Head, piece: Piece) -> bytes:
    """The events of a piece but for the end, which goes out once the answer is on record."""
    return wire.piece_event(head, replace(piece, finish=None))
