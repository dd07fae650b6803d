"""Servers that speak HTTP as no server should: bounded in memory and time, and a failure of the right kind."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from clawc.runtime.engine import http
from clawc.runtime.engine.http import HttpEngine, Server
from clawc.runtime.engine.interface import ChatRequest, EngineFailure, Piece
from clawc.runtime.gateway.wire import Gathered
from tests.gateway.test_line import nowhere

Script = Callable[[asyncio.StreamWriter], Coroutine[None, None, None]]
HELLO = ({"role": "user", "content": "hello"},)
OK = b"HTTP/1.1 200 OK\r\n"
EVENTS = OK + b"Content-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def raw(script: Script) -> AsyncGenerator[str]:
    """A server that writes what it wants once it has got a request's head."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await script(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in tasks:
            task.cancel()


async def said(url: str, *, stream: bool) -> tuple[Gathered, list[Piece]]:
    engine = HttpEngine(Server(url, "m", first_s=1.0, idle_s=0.3))
    gathered, pieces = Gathered(), list[Piece]()
    await engine.open()
    try:
        async for piece in engine.chat(ChatRequest(HELLO, stream=stream), nowhere):
            gathered.add(piece)
            pieces.append(piece)
    finally:
        await engine.close()
    return gathered, pieces


def failing(script: Script, *, stream: bool = True) -> EngineFailure:
    async def main() -> EngineFailure:
        async with raw(script) as url, asyncio.timeout(8):
            with pytest.raises(EngineFailure) as failure:
                await said(url, stream=stream)
        return failure.value

    found = asyncio.run(main())
    assert found.message.isprintable()
    found.message.encode()
    return found


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "finish_reason": None, **fields}]}).encode() + b"\n\n"


def writing(*parts: bytes, pause_s: float = 0.0, endless: bytes = b"") -> Script:
    async def script(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        while endless:
            writer.write(endless)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return script


DELTA = event(delta={"content": ""})
BOMB = gzip.compress(b"x" * (80 << 20))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_STREAM", 2 << 20)


@pytest.mark.parametrize(
    ("script", "stream", "kind"),
    [
        (writing(EVENTS, endless=b"x" * 65_536), True, "broken"),
        (writing(EVENTS, endless=DELTA * 500), True, "broken"),
        (writing(EVENTS, endless=b": nothing\n\n" * 5_000), True, "broken"),
        (writing(EVENTS, event(delta={"tool_calls": [{"index": n} for n in range(1_000)]})), True, "broken"),
        (writing(EVENTS, event(delta={"tool_calls": [{"index": 1 << 60}]})), True, "broken"),
        (writing(EVENTS, event(delta={"tool_calls": [{"index": True}]})), True, "broken"),
        (writing(EVENTS, b"data: " + b'{"choices":' * 985 + b"1" + b"}" * 985 + b"\n\n"), True, "broken"),
        (writing(EVENTS, b'data: {"error": "\\ud800\\u001b[2J"}\n\n'), True, "broken"),
        (writing(EVENTS, b"data: {\ndata: }\n\n"), True, "broken"),
        (writing(EVENTS, DELTA, b": waiting\n\n", pause_s=0.1, endless=b""), True, "broken"),
        (writing(EVENTS, DELTA, pause_s=9), True, "unavailable"),
        (writing(b"HTTP/1.1 2", pause_s=9), True, "unavailable"),
        (writing(b"data: {}\n\nHTTP/1.1 200 OK\r\n\r\n"), True, "unavailable"),
        (writing(b"\x00\x01\x02" * 100), True, "unavailable"),
        (writing(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000), True, "unavailable"),
        (writing(OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), True, "unavailable"),
        (writing(OK + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"), False, "broken"),
        (writing(OK + b"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB), False, "broken"),
        (writing(OK + b"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nxxxxx"), False, "broken"),
        (writing(b"HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"), False, "refused"),
        (writing(b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"), False, "unavailable"),
        (writing(b"HTTP/1.1 500 \x1b[2J\r\nRetry-After: inf\r\nContent-Length: 12\r\n\r\n\x1b[31m no \x00\xff\xfe\n"), False, "unavailable"),
    ],
)  # fmt: skip
def test_ways_to_speak(script: Script, stream: bool, kind: str) -> None:
    failure = failing(script, stream=stream)
    assert failure.kind == kind, failure.message
    assert failure.retry_after_s is None


def test_an_odd_stream_that_is_whole() -> None:
    """Line ends and comments as they may be, an end twice, content after it, and usage of nonsense."""
    lines = b"".join([
        b"\xef\xbb\xbf: comment\r\nid: 5\r\nretry: 1\r\nevent: message\r\n", event(delta={"content": "a\ud800"}).replace(b"\n\n", b"\r\n\r\n"),
        event(delta={}, finish_reason="stop"), event(delta={"content": "b"}, finish_reason="stop"),
        b'data: {"model": "\\u001b[2Jm", "choices": [], "usage": {"prompt_tokens": -5, "completion_tokens": 1e99}}\n\n',
        b'data: {"choices": [], "usage": {"prompt_tokens": 1000000000000000000, "completion_tokens": 1}}\n\n', b"data: [DONE]\n\ndata: {more\n\n",
    ])  # fmt: skip

    async def main() -> None:
        async with raw(writing(EVENTS, *(bytes([byte]) for byte in lines[:300]), lines[300:])) as url:
            gathered, pieces = await said(url, stream=True)
        assert gathered.message()["content"] == "a\ufffdb"
        assert [piece.usage for piece in pieces if piece.usage] == []
        assert all(piece.model.isprintable() for piece in pieces)

    asyncio.run(main())


def test_a_server_that_forbids_what_a_call_says_ends_no_run() -> None:
    """As filters before models do, once calls were answered; one that forbids from the start, or everything, is refused."""
    good = json.dumps({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}).encode()
    doing = ["403", "200", *["403"] * 9]

    async def script(writer: asyncio.StreamWriter) -> None:
        status = doing.pop(0)
        body = good if status == "200" else b'{"error": {"message": "flagged"}}'
        writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    async def main() -> list[str]:
        kinds: list[str] = []
        async with raw(script) as url:
            engine = HttpEngine(Server(url, "m"))
            await engine.open()
            while doing:
                try:
                    async for _ in engine.chat(ChatRequest(HELLO), nowhere):
                        pass
                    kinds.append("")
                except EngineFailure as failure:
                    kinds.append(failure.kind)
            await engine.close()
        return kinds

    assert asyncio.run(main()) == ["refused", "", *["rejected"] * 7, "refused", "refused"]
