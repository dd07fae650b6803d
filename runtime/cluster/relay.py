"""The model of an attempt on a node: its calls wait here until the command takes them, and are answered as the command says.

So a node needs no way to a model and no key of one, and an engine beside the command, whose weights may change, answers all nodes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import asdict
from typing import cast

from pydantic import TypeAdapter, ValidationError

from clawc.runtime.cluster.messages import Asked, BadAnswer, Said
from clawc.runtime.engine.interface import ChatRequest, EngineFailure, Piece, Tap

_REQUEST = TypeAdapter(ChatRequest)
_PIECE = TypeAdapter(Piece)


class Relay:
    """The engine of one attempt; `name` is that of the model of the command."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._number = 0
        self._news: list[Asked] = []
        self._wake = asyncio.Event()
        self._answers: dict[int, asyncio.Queue[tuple[Said, ...]]] = {}
        self._over = False

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        self._number += 1
        number, whole = self._number, False
        queue = self._answers[number] = asyncio.Queue[tuple[Said, ...]]()
        self._tell(Asked(call=number, request=_text(request)))
        try:
            while not whole:
                for said in await queue.get():
                    whole = said.kind in ("end", "failure")
                    if said.kind == "tap":
                        tap(said.upstream, said.what, said.data)
                    elif said.kind == "failure":
                        raise said.failure()
                    elif said.kind == "piece":
                        yield _piece(said.text)
        finally:
            del self._answers[number]
            if not whole:
                self._tell(Asked(call=number))

    async def asks(self, wait_s: float) -> tuple[Asked, ...] | None:
        """What was asked since the last time, after `wait_s` seconds at most; None when nothing will be any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        self._wake.clear()
        news, self._news = tuple(self._news), []
        return None if self._over and not news else news

    def said(self, number: int, parts: tuple[Said, ...]) -> bool:
        """Takes parts of an answer; whether anybody waits for more."""
        queue = self._answers.get(number)
        if queue is None:
            return False
        queue.put_nowait(parts)
        return True

    def end(self) -> None:
        """The attempt is over."""
        self._over = True
        self._wake.set()

    def _tell(self, news: Asked) -> None:
        self._news.append(news)
        self._wake.set()


def request_of(text: str) -> ChatRequest:
    """The request in a message. Raises BadAnswer."""
    try:
        return _REQUEST.validate_python(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadAnswer("a call of a model is none") from error


def piece_text(piece: Piece) -> str:
    return _text(piece)


def _piece(text: str) -> Piece:
    try:
        return _PIECE.validate_python(json.loads(text))
    except (ValidationError, ValueError, RecursionError) as error:
        raise EngineFailure("broken", "what the command says is no part of an answer") from error


def _text(found: ChatRequest | Piece) -> str:
    """JSON of ASCII: what a model or an agent says may be no Unicode."""
    return json.dumps(cast("dict[str, object]", asdict(found)), default=str)
