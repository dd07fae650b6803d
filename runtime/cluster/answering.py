"""The command's part of calls that agents on nodes make of its model: takes them from a node, and brings the answers as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from clawc.runtime.cluster.messages import Asked, Said, news_of, said_parts
from clawc.runtime.cluster.relay import piece_text, request_of
from clawc.runtime.engine.closing import closing
from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.gateway.gateway import Gateway

Call = Callable[..., Awaitable[bytes]]


class Answering:
    """Answers the calls of the attempt `key`, which `call` leads to, by the engine and the budget of `gateway`."""

    def __init__(self, call: Call, key: str, gateway: Gateway) -> None:
        self._call = call
        self._key = key
        self._gateway = gateway
        self._answers: dict[int, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Until the attempt is over. Raises what `call` raises, BadAnswer, and OSError where costs cannot be written."""
        asking = asyncio.ensure_future(self._ask())
        try:
            await asyncio.wait((asking, self._failed), return_when=asyncio.FIRST_COMPLETED)
            await (asking if asking.done() else self._failed)
        finally:
            tasks = [asking, *self._answers.values()]
            for task in tasks:
                task.cancel()
            self._failed.cancel()
            await asyncio.gather(*tasks, self._failed, return_exceptions=True)

    async def _ask(self) -> None:
        while (news := news_of(await self._call("asks", self._key))) is not None:
            for each in news:
                if each.request:
                    task = self._answers[each.call] = asyncio.ensure_future(self._answer(each))
                    task.add_done_callback(self._ended)
                elif (gone := self._answers.get(each.call)) is not None:
                    gone.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _answer(self, asked: Asked) -> None:
        """What comes while a part of it is on its way goes with the next one."""
        parts: list[Said] = []
        some = asyncio.Event()

        def add(said: Said) -> None:
            parts.append(said)
            some.set()

        engine = asyncio.ensure_future(self._engine(asked, add))
        engine.add_done_callback(lambda _: some.set())
        try:
            while not engine.done() or parts:
                await some.wait()
                some.clear()
                ready, parts[:] = tuple(parts), []
                if ready and await self._call("said", self._key, asked.call, said_parts(ready)):
                    return  # nobody waits for more
            engine.result()
        finally:
            engine.cancel()
            await asyncio.gather(engine, return_exceptions=True)

    async def _engine(self, asked: Asked, add: Callable[[Said], None]) -> None:
        def tap(upstream: str, what: str, data: bytes) -> None:
            add(Said(kind="tap", upstream=upstream, what=what, data=data))

        budget = self._gateway.budget
        try:
            request = request_of(asked.request)
            budget.require()
            async with closing(self._gateway.engine.chat(request, tap)) as pieces:
                async for piece in pieces:
                    budget.spend(piece.usage)
                    add(Said(kind="piece", text=piece_text(piece)))
            add(Said(kind="end"))
        except EngineFailure as failure:
            add(Said.of(failure))
