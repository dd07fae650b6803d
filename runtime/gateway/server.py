"""The gateway over HTTP. Whose call it is follows from where it comes: the socket of one sandbox, or the token of one attempt, which
no log ever holds.

A stream that breaks off ends without its last chunk, so that a client cannot take it for whole.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from clawc.runtime.engine.client import NEEDS_GATEWAY
from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway import wire
from clawc.runtime.gateway.line import Line
from clawc.runtime.gateway.rules import Caller, Reply
from clawc.runtime.sandbox.interface import Peer

if TYPE_CHECKING:
    from aiohttp import web

# What goes wrong is told by the line that it went wrong on.
_SILENT = logging.getLogger("clawc.gateway")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
# Connections of one sandbox at once, and seconds for a call's body to come.
_CONNECTIONS = 32
# Connections that are taken before they are counted.
_ACCEPTED = 16
_BODY_S = 60.0
# Bytes of bodies that one line may have on their way at once, and seconds for a part of a stream to be taken.
_BODIES = 4 * wire.BODY_BYTES
_WRITE_S = 30.0
_CHATS = ("/v1/chat/completions", "/chat/completions")
_MODELS = ("/v1/models", "/models")


def require_aiohttp() -> None:
    """Raises RuntimeFault R0960 where it is missing."""
    try:
        import aiohttp  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise RuntimeFault("R0960", "the gateway needs the package `aiohttp`", NEEDS_GATEWAY) from error


Handler = Callable[["web.BaseRequest"], Awaitable["web.StreamResponse"]]


@dataclass(slots=True, eq=False)
class Served:
    """A socket that is being served."""

    server: asyncio.Server
    protocol: web.Server

    async def close(self) -> None:
        """Break all connections off."""
        self.server.close()
        await self.protocol.shutdown(0.2)


class _Full(asyncio.Protocol):
    """Takes a connection that is one too many, and breaks it off."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


async def serve_door(door: socket.socket, line: Line, peer: Callable[[int], Awaitable[Peer | None]]) -> Served:
    """Serve the line at the port of its sandbox; `peer` says which process is connected from a port there."""

    known: WeakKeyDictionary[asyncio.BaseTransport, Peer | None] = WeakKeyDictionary()

    async def who(request: web.BaseRequest) -> Peer | None:
        """Asked once for each connection: a process that hands it on is as good as itself."""
        transport = request.transport
        if transport is None:
            return None
        if transport not in known:
            address = transport.get_extra_info("peername")
            # From another address of the same machine it could have the number of another's port.
            known[transport] = await peer(address[1]) if address and address[0] == "127.0.0.1" else None
        return known[transport]

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        async def caller() -> Caller:
            return line.callers.who(await who(request))

        return await _handle(request, line, request.path, caller)

    return await _serve(_kept_together(handle, line), sock=door)


@dataclass(slots=True, eq=False)
class TokenServer:
    """Serves lines on this machine's loopback interface, each under a token of its own: in the path, `/s/TOKEN/v1`, or as the key."""

    served: Served | None = None
    port: int = 0
    _lines: dict[str, Line] = field(default_factory=dict[str, Line])

    async def open(self) -> None:
        self.served = await _serve(self._handle, host="127.0.0.1", port=0)
        self.port = self.served.server.sockets[0].getsockname()[1]

    def admit(self, line: Line) -> str:
        """A new token for a line."""
        token = secrets.token_urlsafe(32)
        self._lines[token] = line
        return token

    def dismiss(self, token: str) -> None:
        self._lines.pop(token, None)

    def url(self, token: str) -> str:
        """What a client is told; it holds the token."""
        return f"http://127.0.0.1:{self.port}/s/{token}/v1"

    async def close(self) -> None:
        if self.served is not None:
            await self.served.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, given = request.path, ""
        if path.startswith("/s/"):
            given, _, rest = path[3:].partition("/")
            path = f"/{rest}"
        else:
            kind, _, key = request.headers.get("Authorization", "").partition(" ")
            given = key.strip() if kind.lower() == "bearer" else ""
        line = next(
            (line for token, line in self._lines.items() if hmac.compare_digest(token.encode(), _bytes(given))), None
        )
        if line is None or request.headers.get("Origin"):
            return _response(Reply(401, wire.error_body("invalid_api_key", "there is no episode with this token")))
        return await _kept_together(lambda each: _handle(each, line, path, _inside), line)(request)


async def _inside() -> Caller:
    """Nothing tells who has a token."""
    return "inside"


def _bytes(given: str) -> bytes:
    """What came in a header, where bytes that are no text stand as halves of surrogates."""
    return given.encode("utf-8", "surrogatepass")


async def _serve(
    handle: Handler, *, sock: socket.socket | None = None, host: str | None = None, port: int = 0
) -> Served:
    require_aiohttp()
    from aiohttp import web

    protocol = web.Server(
        handle,
        access_log=None,
        logger=_SILENT,
        keepalive_timeout=75,
        max_line_size=8_190,
        max_field_size=16_384,
        lingering_time=1.0,
        auto_decompress=False,
    )
    loop = asyncio.get_running_loop()

    def connected() -> asyncio.Protocol:
        full = len(protocol.connections) >= _CONNECTIONS * (16 if sock is None else 1)
        return _Full() if full else protocol()

    if sock is not None:
        server = await loop.create_server(connected, sock=sock, backlog=_ACCEPTED)
    else:
        server = await loop.create_server(connected, host=host, port=port)
    return Served(server, protocol)


def _kept_together(handle: Handler, line: Line) -> Handler:
    """An error of ours ends the attempt as such, instead of as a strange answer to the agent."""

    async def handled(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handle(request)
        except (ConnectionError, asyncio.CancelledError):
            raise  # who has called is gone
        except BaseException as error:
            line.break_off(f"the gateway failed: {type(error).__name__}: {error}")
            raise

    return handled


async def _handle(
    request: web.BaseRequest, line: Line, path: str, caller: Callable[[], Awaitable[Caller]]
) -> web.StreamResponse:
    if path in _MODELS and request.method == "GET":
        return _response(line.models())
    if path not in _CHATS:
        return _response(Reply(404, wire.error_body("not_found", "only /v1/chat/completions and /v1/models are here")))
    if request.method != "POST":
        return _response(Reply(405, wire.error_body("method_not_allowed", "POST it")))
    try:
        with line.room(_BODIES) as take:
            reply = await line.chat(await _body(request, take), await caller())
    except wire.BadCall as bad:
        return _response(Reply(bad.status, wire.error_body(bad.code, bad.message)), close=True)
    if reply.events is not None:
        return await _streamed(request, reply)
    response = _response(reply)
    if reply.status == 200:
        await response.prepare(request)
        await response.write_eof()
        line.delivered(reply.number)
    return response


async def _body(request: web.BaseRequest, take: Callable[[int], None]) -> bytes:
    """Raises BadCall for one that does not come as it should."""
    from aiohttp import ClientPayloadError, web
    from aiohttp.http_exceptions import HttpProcessingError

    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise wire.BadCall(415, "unsupported_encoding", "send the call as it is, without a `Content-Encoding`")
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    found = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.content.iter_any():
                take(len(chunk))
                found += chunk
                if len(found) > wire.BODY_BYTES:
                    raise wire.BadCall(413, "too_large", f"the call is larger than {wire.BODY_BYTES >> 20} MiB")
    except TimeoutError:
        raise wire.BadCall(408, "timeout", f"the call did not come within {_BODY_S:g} s") from None
    except (HttpProcessingError, ClientPayloadError, web.RequestPayloadError, asyncio.IncompleteReadError) as error:
        raise wire.BadCall(400, "invalid_request", "the body is not as its headers say") from error
    return bytes(found)


async def _streamed(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    from aiohttp import web

    assert reply.events is not None
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    try:
        await response.prepare(request)
        async for events in reply.events:
            async with asyncio.timeout(_WRITE_S):  # who does not read holds up nobody
                await response.write(events)
        await response.write_eof()
    except (EngineFailure, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
    finally:
        with suppress(EngineFailure):
            await reply.events.aclose()
    return response


def _response(reply: Reply, *, close: bool = False) -> web.Response:
    from aiohttp import web

    headers = {} if reply.retry_after_s is None else {"Retry-After": str(int(reply.retry_after_s) + 1)}
    response = web.Response(status=reply.status, body=reply.body, content_type="application/json", headers=headers)
    if close:  # of a body that did not come whole, the rest is no call
        response.force_close()
    return response
