"""Whoever is at the port of a sandbox may send anything: the line goes on, and what is sent badly is nobody's fault but the sender's."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from clawc.runtime.gateway.line import Line
from clawc.runtime.gateway.server import serve_door
from clawc.runtime.sandbox.interface import Peer
from tests.gateway.conftest import MakeLine

BODY = json.dumps({"messages": [{"role": "user", "content": "do it"}]}).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"


def post(body: bytes = BODY, *headers: bytes, line: bytes = POST) -> bytes:
    return line + b"".join(h + b"\r\n" for h in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def door(line: Line, began: int | None = 1) -> AsyncGenerator[int]:
    """A port that the line is served at; whoever connects began then."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    port = listening.getsockname()[1]

    async def peer(port: int) -> Peer | None:
        return None if began is None else Peer(began, ())

    served = await serve_door(listening, line, peer)
    try:
        yield port
    finally:
        await served.close()


async def send(port: int, *parts: bytes, wait_s: float = 1.0) -> bytes:
    """What comes back, until the other end closes or nothing more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        while True:
            async with asyncio.timeout(wait_s):
                data = await reader.read(1 << 16)
            if not data:
                break
            found += data
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return found


BROKEN: dict[str, tuple[bytes, ...]] = {
    "no HTTP": (b"\x00\xff garbage\r\n\r\n",),
    "a bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\nhello\r\n"),
    "a chunk too short": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nhello\r\n0\r\n\r\n"),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",),
    "chunked and a length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", b"zz\r\n"),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n",),
    "gone in the middle": (POST + b"Content-Length: 500\r\n\r\n{",),
    "no gzip": (post(b"no gzip", b"Content-Encoding: gzip"),),
    "no deflate": (post(b"\xff\xff\xff", b"Content-Encoding: deflate"),),
    "no brotli": (post(b"\xff\xff\xff", b"Content-Encoding: br"),),
    "an upgrade": (post(BODY, b"Connection: Upgrade", b"Upgrade: websocket"),),
    "h2c": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",),
    "CONNECT": (b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n",),
    "a whole address": (b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: x\r\n\r\n",),
    "a long line": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5_000 + b"\r\n",),
    "odd bytes in the path": (b"POST /v1/%ff\xff/../chat HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",),
    "odd bytes in a header": (post(BODY, b"Authorization: Bearer \xff\xfe"),),
    "half a call": (POST + b"Content-Le",),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_http_is_the_senders_own(make_line: MakeLine, name: str) -> None:
    line = make_line({"text": "x"})

    async def main() -> None:
        async with door(line) as port:
            found = await send(port, *BROKEN[name], wait_s=0.2)
            assert b"Traceback" not in found
            assert b"500 Internal" not in found
            assert b" 200 OK" in await send(port, post(BODY, b"Connection: close"))
        report = await line.close()
        assert not line.over.is_set()
        assert (report.fault, report.refusal) == ("", None)

    asyncio.run(main())


def test_expect_is_answered(make_line: MakeLine) -> None:
    """Clients on libcurl wait for it before a larger body."""
    line = make_line({"text": "x"})

    async def main() -> None:
        async with door(line) as port:
            head = POST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            async with asyncio.timeout(2):
                assert b" 100 " in await reader.readline()
            writer.write(BODY)
            assert b" 200 OK" in await reader.read()
            writer.close()
        await line.close()

    asyncio.run(main())


@pytest.mark.parametrize("stream", [False, True])
def test_http_1_0_and_pipelines(make_line: MakeLine, stream: bool) -> None:
    line = make_line({"text": "an answer"})
    body = json.dumps({**json.loads(BODY), "stream": stream}).encode()

    async def main() -> None:
        async with door(line) as port:
            old = await send(port, post(body, line=POST.replace(b"1.1", b"1.0")))
            assert b" 200 OK" in old
            assert b"an answer" in old.replace(b'"}', b"") or b'"an answer"' in old
            assert (b"[DONE]" in old) == stream
            last = post(body, b"Connection: close")
            assert (await send(port, post(body) * 3 + last)).count(b" 200 OK") == 4
        assert (await line.close()).fault == ""

    asyncio.run(main())
