"""Any OpenAI-compatible server as an engine. The key comes from the environment, and is taken out of all that the server says
before anybody sees it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from clawc.runtime.engine.answers import Stream, status_failure, whole
from clawc.runtime.engine.client import client_session
from clawc.runtime.engine.interface import ChatRequest, Constraint, ConstraintKind, EngineFailure, Piece, Tap
from clawc.runtime.engine.untyped import mapping, parsed, shown
from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    import aiohttp

# A line of a stream, a whole body and a whole stream may not be longer.
_LINE = 4 << 20
_BODY = 32 << 20
_STREAM = 64 << 20
_ERROR = 64 << 10
_REDACTED = b"[key]"
# A server that has answered and then forbids may mean what a call says, as filters before models do. So many one after another mean all.
_FORBIDDEN = 403
_MEANT = 8
Constrains = Literal["none", "schema", "vllm"]
_CONSTRAINS: dict[Constrains, frozenset[ConstraintKind]] = {
    "none": frozenset(),
    "schema": frozenset(("schema",)),
    "vllm": frozenset(("grammar", "schema")),
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model is served: `url` ends with `/v1` or the like, `key_env` names the variable that holds its key. `connect_s` bounds
    connecting, `first_s` the wait for an answer's start, `idle_s` that for its next part. `exact` asks for token ids as vLLM gives them;
    `fields` are further fields of each call. `constrain` says how a constraint is asked for: `schema` as OpenAI has it, for schemas alone, `vllm`
    as vLLM has it from 0.12 on."""

    url: str
    model: str
    key_env: str = ""
    connect_s: float = 10.0
    first_s: float = 300.0
    idle_s: float = 120.0
    exact: bool = False
    usage_in_stream: bool = True
    max_tokens_field: str = "max_tokens"
    fields: tuple[tuple[str, object], ...] = ()
    constrain: Constrains = "none"


class HttpEngine:
    """An Engine."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key = b""
        self._session: aiohttp.ClientSession | None = None
        self._waits: set[asyncio.Timeout] = set()
        self._heard = False
        self._forbade = 0
        self.name = server.model

    @property
    def constrains(self) -> frozenset[ConstraintKind]:
        return _CONSTRAINS[self._server.constrain]

    async def open(self) -> None:
        """Raises RuntimeFault R0961 without a key, R0960 without aiohttp."""
        if self._session is not None:
            return
        name = self._server.key_env
        key = os.environ.get(name, "").strip() if name else ""
        if name and not (key and key.isascii() and key.isprintable()):
            raise RuntimeFault(
                "R0961", f"the variable `{name}` holds no key for `{self.name}`", f"Set it: export {name}=…"
            )
        self._key = key.encode()
        self._session = client_session(self._key, self._server.connect_s)

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        import aiohttp

        if self._session is None:
            raise EngineFailure("unavailable", "the engine is not open")
        data = self._body(request)
        where = urlsplit(self._server.url).netloc
        wait_s = self._server.first_s
        try:
            async with self._within(wait_s):
                response = await self._session.post(
                    f"{self._server.url.rstrip('/')}/chat/completions", data=data, allow_redirects=False,
                    headers={"Content-Type": "application/json"},
                )  # fmt: skip
            wait_s = self._server.idle_s
            async with response:
                tap(where, "status", str(response.status).encode())
                if response.status != 200:
                    body = self._clean(await self._read(response, _ERROR, cut=True))
                    tap(where, "bytes", body)
                    raise self._told(response.status, body, _seconds(response.headers.get("Retry-After")))
                self._heard, self._forbade = True, 0
                if request.stream and "json" not in response.content_type:
                    async with aclosing(self._stream(response, tap, where)) as pieces:
                        async for piece in pieces:
                            yield piece
                    return
                body = self._clean(await self._read(response, _BODY))
                tap(where, "bytes", body)
                for piece in whole(body):
                    yield piece
        except TimeoutError as error:
            raise EngineFailure("unavailable", f"`{where}` did not answer within {wait_s:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise EngineFailure("broken", f"`{where}` ended in the middle of an answer") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            said = shown(self._clean(str(error).encode("utf-8", "replace")).decode("utf-8", "replace"))
            raise EngineFailure("unavailable", f"`{where}`: {said or type(error).__name__}") from error

    def _told(self, status: int, body: bytes, retry_after_s: float | None) -> EngineFailure:
        """The failure that a status stands for, after those before it."""
        failure = status_failure(status, body, retry_after_s)
        if status == _FORBIDDEN:
            self._forbade += 1
            if self._heard and self._forbade < _MEANT:
                return EngineFailure("rejected", failure.message)
        return failure

    async def close(self) -> None:
        session, self._session = self._session, None
        for timer in self._waits:  # a call on its way would wait on, though nothing more comes
            timer.reschedule(asyncio.get_running_loop().time())
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncGenerator[None]:
        """Raises TimeoutError after these seconds, or when the engine is closed."""
        async with asyncio.timeout(seconds) as timer:
            self._waits.add(timer)
            try:
                yield
            finally:
                self._waits.discard(timer)

    async def _stream(self, response: aiohttp.ClientResponse, tap: Tap, where: str) -> AsyncGenerator[Piece]:
        """Pieces of an event stream, line by line: a key that two parts hold between them is still found."""
        stream, rest, searched, came = Stream(), bytearray(), 0, 0
        while not stream.done:
            async with self._within(self._server.idle_s):
                chunk = await response.content.readany()
            if not chunk:
                break
            rest += chunk
            came += len(chunk)
            if came > _STREAM:
                raise EngineFailure("broken", f"a stream is longer than {_STREAM >> 20} MiB")
            end = rest.rfind(b"\n", searched) + 1
            searched = len(rest)
            if end:
                part = self._clean(bytes(rest[:end]))
                del rest[:end]
                searched = len(rest)
                tap(where, "bytes", part)
                for line in part.splitlines():
                    for piece in stream.feed(line):
                        yield piece
            elif len(rest) > _LINE:
                raise EngineFailure("broken", f"a line of the stream is longer than {_LINE >> 20} MiB")
        if rest and not stream.done:
            part = self._clean(bytes(rest))
            tap(where, "bytes", part)
            for piece in stream.feed(part):
                yield piece
        for piece in stream.end():
            yield piece

    async def _read(self, response: aiohttp.ClientResponse, most: int, *, cut: bool = False) -> bytes:
        found = bytearray()
        while True:
            async with self._within(self._server.idle_s):
                chunk = await response.content.readany()
            if not chunk:
                return bytes(found)
            found += chunk
            if len(found) > most:
                if cut:
                    return bytes(found[:most])
                raise EngineFailure("broken", f"an answer is larger than {most >> 20} MiB")

    def _clean(self, data: bytes) -> bytes:
        return data.replace(self._key, _REDACTED) if self._key else data

    def _body(self, request: ChatRequest) -> bytes:
        """Raises EngineFailure for a constraint that the server is not said to hold to."""
        sampling, server = request.sampling, self._server
        body: dict[str, object] = {**dict(server.fields), "model": server.model, "messages": list(request.messages)}
        if request.tools:
            body["tools"] = list(request.tools)
            if request.tool_choice is not None:
                body["tool_choice"] = request.tool_choice
        for name, value in (
            (server.max_tokens_field, sampling.max_tokens), ("temperature", sampling.temperature), ("top_p", sampling.top_p),
            ("top_k", sampling.top_k), ("seed", sampling.seed), ("stop", list(sampling.stop) or None),
        ):  # fmt: skip
            if value is not None:
                body[name] = value
        if server.exact:
            body |= {"return_token_ids": True, "logprobs": True}
        if request.constraint is not None:
            body |= self._held(request.constraint)
        body["stream"] = request.stream
        if request.stream and server.usage_in_stream:
            body["stream_options"] = {"include_usage": True}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    def _held(self, constraint: Constraint) -> dict[str, object]:
        if constraint.kind not in self.constrains:
            raise EngineFailure(
                "rejected", f"`{self.name}` is not said to hold answers to a {constraint.kind}: see `constrain`"
            )
        if constraint.kind == "grammar":
            return {"structured_outputs": {"grammar": constraint.text}}
        try:
            schema = parsed(constraint.text)
        except ValueError as error:
            raise EngineFailure("rejected", f"the schema is no JSON: {shown(str(error))}") from error
        if mapping(schema) is not schema:
            raise EngineFailure("rejected", "the schema is no JSON object")
        if self._server.constrain == "vllm":
            return {"structured_outputs": {"json": schema}}
        named = {"name": "answer", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}


def _seconds(text: str | None) -> float | None:
    """What `Retry-After` asks for, if it is a number of seconds."""
    try:
        seconds = float(text or "nan")
    except ValueError:
        return None
    return max(0.0, seconds) if isfinite(seconds) else None
