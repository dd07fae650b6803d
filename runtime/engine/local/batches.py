"""Calls to a model that are answered at once, in a process of its own: one thread takes them, computes prompts and draws tokens.

All calls that have their prompts computed take part in each step. New ones are taken in between, and prompts are computed in parts of a
bounded size, so that nobody waits long for a long prompt. Calls that are held to a constraint are given one token in between, all of them in
one pass: what the next one may be depends on it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch

from clawc.runtime.engine.interface import Constraint, EngineFailure
from clawc.runtime.engine.local.arena import Arena, Place, Range
from clawc.runtime.engine.local.network import AT_ONCE, Network, Row
from clawc.runtime.engine.local.sampler import Draw, uniform
from clawc.runtime.engine.local.wire import Setup

if TYPE_CHECKING:
    from clawc.runtime.engine.local.guide import Guide, Guides

_PART = {"cpu": 512, "cuda": 8192}  # tokens of prompts that are computed at once


class Output(NamedTuple):
    """What is new of a call; with an `error` it has ended and is no answer."""

    name: str
    ids: list[int]
    logprobs: list[float]
    finish: Literal["stop", "length"] | None
    error: str = ""


@dataclass(eq=False, slots=True)
class _Call:
    name: str
    tokens: list[int]
    most: int
    temperature: float
    key: str
    prompt: int
    guide: Guide | None = None
    cancelled: bool = False
    range: Range | None = None
    below: list[float] = field(default_factory=list[float])  # numbers that the next tokens are drawn with

    @property
    def room(self) -> int:
        return self.prompt + self.most

    def numbers(self, position: int, count: int) -> list[float]:
        """What tokens from a position on are drawn with."""
        return (
            [uniform(self.key, at) for at in range(position, position + count)] if self.temperature else [0.0] * count
        )

    def draw(self, allowed: torch.Tensor | None) -> Draw:
        """What its next token is drawn with; one that its guide has refused is drawn anew with another number."""
        refused = self.guide.refused if self.guide else 0
        key = f"{self.key} {refused}" if refused else self.key
        return Draw(self.temperature, key, len(self.tokens), allowed)


class Batches:
    """Starts at once. All methods may be called from any thread."""

    def __init__(self, setup: Setup, turns: int = 0) -> None:
        self._network = Network(setup, turns)
        self.device = self._network.device.type
        self.dtype = str(self._network.dtype).removeprefix("torch.")
        self.steps = "captured" if self._network.captured else "single"
        self.ends = sorted({*setup.ends, *_ends(self._network.model)})
        self._guides: Guides | None = None
        self._compiling = threading.Lock()
        self._folder = Path(setup.model)
        self._arena = Arena(self._network.cells)
        self._calls: dict[str, _Call] = {}
        self._waiting: deque[_Call] = deque()
        self._reading: list[_Call] = []  # that have a range, and whose prompts are not computed yet
        self._drawing: list[_Call] = []
        self._outputs: SimpleQueue[Output | None] = SimpleQueue()
        self._stopping = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(
        self,
        name: str,
        prompt: list[int],
        most: int,
        temperature: float,
        seed: int,
        constraint: Constraint | None = None,
    ) -> None:
        """Begins to answer, with at most `most` tokens. A constraint is compiled here, by the thread that calls; one that cannot be is the
        end of this call."""
        # Calls with one seed and different prompts are drawn for independently.
        key = hashlib.blake2b(f"{seed} {prompt}".encode(), digest_size=16).hexdigest()
        call = _Call(name, list(prompt), most, temperature, key, len(prompt))
        if constraint is not None:
            try:
                call.guide = self._guide(constraint, most)
            except EngineFailure as failure:
                self._outputs.put(Output(name, [], [], None, failure.message))
                return
        with self._news:
            self._calls[name] = call
            self._waiting.append(call)
            self._news.notify()

    def _guide(self, constraint: Constraint, most: int) -> Guide:
        """Raises EngineFailure. The library is loaded when it is needed first."""
        from clawc.runtime.engine.local.guide import Guides

        with self._compiling:
            if self._guides is None:
                self._guides = Guides(self._folder, self._network.vocabulary, self.ends)
            return self._guides.guide(constraint, most)

    def cancel(self, name: str) -> None:
        with self._news:
            call = self._calls.pop(name, None)
            if call is not None:
                call.cancelled = True

    def outputs(self) -> Iterator[list[Output]]:
        """What is drawn, as it comes. Ends after `stop`."""
        while True:
            found = [self._outputs.get()]
            with suppress(Empty):
                while True:
                    found.append(self._outputs.get_nowait())
            some = [output for output in found if output is not None]
            yield some
            if len(some) < len(found):
                return

    def stop(self) -> None:
        """Once all calls are answered. Memory of the device is given back when this is."""
        with self._news:
            self._stopping = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._taken_in():
            self._read()
            self._draw()
        self._outputs.put(None)

    def _taken_in(self) -> bool:
        """Gives ranges to those who wait, the first first. False once there is nothing more to do."""
        for calls in (self._reading, self._drawing):
            for call in [call for call in calls if call.cancelled]:
                self._left(call, calls)
        with self._news:
            while not (self._waiting or self._reading or self._drawing):
                if self._stopping:
                    return False
                self._news.wait()
            places: list[Place] = []
            while self._waiting and len(self._reading) + len(self._drawing) < AT_ONCE:
                call = self._waiting[0]
                place = None if call.cancelled else self._arena.take(call.tokens, call.room)
                if place is None and not call.cancelled:
                    break
                self._waiting.popleft()
                if place is not None:
                    call.range = place.range
                    # What is left of it may be the one token that a step computes.
                    (self._reading if place.known + 1 < call.prompt else self._drawing).append(call)
                    places.append(place)
        self._copy(places)
        return True

    def _copy(self, places: Sequence[Place]) -> None:
        """Puts what is computed where it belongs; what one call takes over may be what another one has just taken over."""
        copies: list[tuple[int, int, int]] = []
        for place in places:
            if place.source is None:
                continue
            if any(target <= place.source < target + count for _, target, count in copies):
                self._network.copy(copies)
                copies = []
            copies.append((place.source, place.range.start, place.known))
        self._network.copy(copies)

    def _read(self) -> None:
        """Computes a part of the prompts, and draws the first token of those that are computed to their end."""
        parts: list[tuple[list[int], int, int]] = []
        draws: list[tuple[int, Draw]] = []
        read: list[tuple[_Call, Range]] = []
        room = _PART.get(self.device, 512)
        for call in list(self._reading):
            kept = call.range
            if room == 0 or kept is None:
                break
            known = len(kept.tokens)
            part = call.tokens[known : known + room]
            if known + len(part) == call.prompt:
                drawn = self._next(call)
                if drawn is None:
                    continue
                draws.append((len(parts), drawn))
            room -= len(part)
            parts.append((part, known, kept.start))
            read.append((call, kept))
        if not parts:
            return
        tokens, logprobs = self._network.compute(parts, draws)
        for (part, _, _), (_, kept) in zip(parts, read, strict=True):
            kept.tokens.extend(part)
        for (index, _), token, logprob in zip(draws, tokens, logprobs, strict=True):
            call, _ = read[index]
            self._reading.remove(call)
            self._drawing.append(call)
            self._took(call, token, logprob)

    def _draw(self) -> None:
        """Some tokens for each call."""
        free, turns = [call for call in self._drawing if call.guide is None], self._network.turns
        held = [call for call in self._drawing if call.guide is not None]
        step = self._network.begin([self._row(call, turns) for call in free]) if free else None
        for call in free:  # while the device is at work
            call.below = call.numbers(len(call.tokens) + turns, turns)
        draws = [(call, self._next(call)) for call in held]
        if step is not None:
            tokens, logprobs = step.drawn()
            for row, call in enumerate(free):
                self._said(call, [each[row] for each in tokens], [each[row] for each in logprobs])
        self._draw_held([(call, draw) for call, draw in draws if draw is not None])

    def _draw_held(self, draws: Sequence[tuple[_Call, Draw]]) -> None:
        """A token for each call that is held to a constraint."""
        if not draws:
            return
        parts: list[tuple[list[int], int, int]] = []
        for call, _ in draws:
            assert call.range is not None
            parts.append((call.tokens[-1:], len(call.tokens) - 1, call.range.start))
        tokens, logprobs = self._network.compute(parts, [(index, draw) for index, (_, draw) in enumerate(draws)])
        for (call, _), token, logprob in zip(draws, tokens, logprobs, strict=True):
            self._took(call, token, logprob)

    def _next(self, call: _Call) -> Draw | None:
        """What its next token is drawn with; None where its constraint cannot be followed any further, which ends the call."""
        if call.guide is None:
            return call.draw(None)
        try:
            allowed = call.guide.allowed(call.room - len(call.tokens))
            return call.draw(torch.from_numpy(allowed))  # pyright: ignore[reportUnknownMemberType]
        except EngineFailure as failure:
            self._failed(call, failure.message)
            return None

    def _took(self, call: _Call, token: int, logprob: float) -> None:
        """Adds what was drawn, unless its guide refuses it: then it is drawn once more."""
        try:
            if call.guide is None or call.guide.take(token, call.room - len(call.tokens) - 1):
                self._said(call, [token], [logprob])
        except EngineFailure as failure:
            self._failed(call, failure.message)

    def _row(self, call: _Call, turns: int) -> Row:
        assert call.range is not None
        at = len(call.tokens)
        below = call.below or call.numbers(at, turns)
        return Row(call.tokens[-1], at - 1, call.range.start, call.range.size, call.temperature, below)

    def _said(self, call: _Call, ids: list[int], logprobs: list[float]) -> None:
        """Adds what was drawn, up to its end."""
        kept = call.range
        assert kept is not None
        left = call.room - len(call.tokens)
        end = next((at + 1 for at, token in enumerate(ids[:left]) if token in self.ends), None)
        ids = ids[: end or left]
        finish: Literal["stop", "length"] | None = "stop" if end else "length" if len(ids) == left else None
        kept.tokens.extend(call.tokens[len(kept.tokens) :] + ids[:-1])
        call.tokens += ids
        if not call.cancelled:
            self._outputs.put(Output(call.name, ids, logprobs[: len(ids)], finish))
        if finish:
            self._left(call, self._drawing)

    def _failed(self, call: _Call, message: str) -> None:
        if not call.cancelled:
            self._outputs.put(Output(call.name, [], [], None, message))
        self._left(call, self._reading if call in self._reading else self._drawing)

    def _left(self, call: _Call, calls: list[_Call]) -> None:
        calls.remove(call)
        with self._news:
            self._calls.pop(call.name, None)
        if call.range is not None:
            self._arena.give_back(call.range)


def _ends(model: object) -> list[int]:
    found: list[int] = []
    for name in ("config", "generation_config"):
        ends = getattr(getattr(model, name, None), "eos_token_id", None)
        found += [ends] if isinstance(ends, int) else [end for end in ends or () if isinstance(end, int)]
    return found
