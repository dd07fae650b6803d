"""Calls that are broken off, by whom and when ever: nothing is left of them, neither tasks nor descriptors nor half a line."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import warnings
from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from clawc.runtime.engine.http import HttpEngine, Server
from clawc.runtime.engine.interface import ChatRequest, Engine, EngineFailure, Piece, Tap, TokenUsage
from clawc.runtime.engine.pool import Patience, Pool, Rate, Upstream
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.budget import LEDGER, Budget
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.gateway.line import Line
from tests.descriptors import held
from tests.gateway.conftest import MakeLine, scripted
from tests.gateway.test_hostile_callers import BODY, door, post, send
from tests.gateway.test_line import body
from tests.gateway.upstream import serving


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the event loop complains of, which is otherwise only logged."""
    said: list[str] = []

    def hear(loop: object, context: Mapping[str, object]) -> None:
        said.append(str(context["message"]))

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_exception_handler", hear)
    return said


def test_many_episodes_leave_nothing(tmp_path: Path, heard: list[str]) -> None:
    """Some calls are whole, some are cut by the client, some by the wall limit, some by closing the line under them."""

    async def episode(gateway: Gateway, number: int, folder: Path) -> None:
        folder.mkdir()
        try:
            async with (
                asyncio.timeout(0.05 if number % 4 == 1 else 5),
                gateway.line("key", folder) as line,
                door(line) as port,
            ):
                stream = json.dumps({**json.loads(BODY), "stream": number % 2 == 0}).encode()
                if number % 4 < 2:
                    await send(port, post(stream, b"Connection: close"), wait_s=1)
                elif number % 4 == 2:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(post(stream))
                    await writer.drain()
                    await asyncio.sleep(0.01)
                    writer.transport.abort()
                else:
                    call = asyncio.create_task(line.chat(BODY, "harness"))
                    await asyncio.sleep(0.01)
                    await line.close()
                    await line.close()
                    call.cancel()
                    await asyncio.gather(call, return_exceptions=True)
        except TimeoutError:
            pass

    async def main() -> None:
        gateway = Gateway(
            scripted(tmp_path, {"text": "a long enough answer", "wait_s": 0.06}), budget=Budget(Decimal(9), None)
        )
        gateway.engine.priced = True  # type: ignore[attr-defined]
        await gateway.open()
        before = held()
        for first in range(0, 200, 20):
            await asyncio.gather(*(episode(gateway, first + n, tmp_path / str(first + n)) for n in range(20)))
        await asyncio.sleep(0.1)
        assert not held() - before
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        await gateway.close()
        await gateway.close()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()
    assert heard == []
    for number in range(200):
        read_calls(tmp_path / str(number) / CAPTURE)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["cancelled", "closed"])
def test_a_real_upstream_is_let_go_of(make_line: MakeLine, heard: list[str], how: str, stream: bool) -> None:
    """In the middle of a call the attempt is cancelled, or the engine is closed under it."""

    async def main() -> None:
        async with serving("pause:9") as upstream:
            upstream.steps = [{"text": "hello"}]
            if not stream:
                upstream.always = "stall:9"
            engine: Engine = Pool(
                "p", [Upstream(HttpEngine(Server(upstream.url, "m")), rate=Rate(at_once=1))], Patience(1)
            )
            await engine.open()
            line: Line = make_line(engine=engine)

            async def use() -> None:
                reply = await line.chat(body(stream=stream), "harness")
                assert reply.events is not None
                async for _ in reply.events:
                    pass

            task = asyncio.create_task(use())
            await asyncio.sleep(0.1)
            if how == "cancelled":
                task.cancel()
            else:
                await engine.close()
            [found] = await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 2)
            assert isinstance(found, asyncio.CancelledError | EngineFailure | AssertionError)
            if how == "cancelled":  # its turn is free for the next
                upstream.always = "good"
                reply = await line.chat(body(), "harness")
                assert reply.status == 200
            await line.close()
            await engine.close()

    asyncio.run(main())
    gc.collect()
    assert heard == []


def test_who_does_not_read_holds_up_nobody(make_line: MakeLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawc.runtime.gateway.server._WRITE_S", 0.1)
    monkeypatch.setattr("clawc.runtime.gateway.underway._ANSWER", 1 << 40)  # more than the system holds for a reader

    class Long:
        name = "long"
        ended = False

        async def open(self) -> None: ...

        async def close(self) -> None: ...

        async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
            try:
                for _ in range(1_000):
                    yield Piece(content="x" * 100_000)
                yield Piece(finish="stop", usage=TokenUsage(1, 1))
            finally:
                self.ended = True

    engine = Long()
    line = make_line(engine=engine, at_once=1)

    async def main() -> None:
        async with door(line) as port:
            stream = json.dumps({**json.loads(BODY), "stream": True}).encode()
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(post(stream))
            async with asyncio.timeout(5):
                while not engine.ended:
                    await asyncio.sleep(0.02)
            writer.close()
        assert (await line.close()).fault == ""

    asyncio.run(main())


def test_a_disk_that_is_full_in_the_middle_of_a_line_spoils_no_capture(
    make_line: MakeLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_line({"text": "x"})
    write, full = os.write, [False]

    def half(fd: int, data: bytes) -> int:
        if full[0]:
            full[0] = False
            write(fd, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        return write(fd, data)

    async def main() -> None:
        assert (await line.chat(body(), "harness")).status == 200
        full[0] = True
        assert (await line.chat(body(), "harness")).status == 500
        assert (await line.chat(body(), "harness")).status in (200, 403)
        assert "No space" in (await line.close()).fault

    monkeypatch.setattr(os, "write", half)
    asyncio.run(main())
    assert read_calls(tmp_path / CAPTURE)[0].state == "answered"


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "1E+9999999", "[]", "1e999999999999999999999"])
def test_a_ledger_of_nonsense_is_located(tmp_path: Path, cost: str) -> None:
    (tmp_path / LEDGER).write_text(json.dumps({"cost": cost}) + "\n" + json.dumps({"cost": "1"}) + "\n")
    with pytest.raises(RuntimeFault, match="R0966"):
        Budget(Decimal(1), tmp_path / LEDGER).open()


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.03, 0.06])
@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_goes_away_is_nobodys_fault(make_line: MakeLine, after_s: float, stream: bool) -> None:
    """Before its call has come, before the answer, and in the middle of it."""
    line = make_line({"text": "a long enough answer " * 500, "wait_s": 0.03})
    data = post(json.dumps({**json.loads(BODY), "stream": stream}).encode())

    async def main() -> None:
        async with door(line) as port:
            for cut in (len(data) // 2, len(data) - 1, len(data)):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(data[:cut])
                await asyncio.sleep(after_s)
                writer.transport.abort()
            await asyncio.sleep(0.1)
            assert not line.over.is_set()
        assert (await line.close()).fault == ""

    asyncio.run(main())
