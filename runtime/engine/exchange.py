"""JSON to and from one server: a call at a time is asked and answered whole, within bounds, and nowhere else is it followed to."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from clawc.runtime.engine.client import client_session
from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.engine.untyped import mapping, parsed, shown
from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    import aiohttp

KEY = "CLAWC_API_KEY"
_BODY = 32 << 20
_CONNECT_S = 10.0
_REDACTED = b"[key]"


class Reply(NamedTuple):
    """What came with a status, without the key."""

    status: int
    body: bytes

    def object(self) -> Mapping[str, object]:
        """The JSON object that it is. Raises EngineFailure."""
        try:
            found = parsed(self.body.decode("utf-8"))
        except ValueError as error:
            raise EngineFailure("broken", f"an answer that is no JSON: {shown(str(error))[:200]}") from error
        if not isinstance(found, dict):
            raise EngineFailure("broken", "an answer that is no JSON object")
        return mapping(found)  # pyright: ignore[reportUnknownArgumentType]


class Exchange:
    """`url` is the address of a server without a path; its key is what CLAWC_API_KEY says, if anything."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self.where = urlsplit(url).netloc
        self._key = b""
        self._session: aiohttp.ClientSession | None = None
        self._waits: set[asyncio.Timeout] = set()

    async def open(self) -> None:
        """Raises RuntimeFault R0960 without aiohttp, R0961 for a key that is none."""
        if self._session is not None:
            return
        key = os.environ.get(KEY, "").strip()
        if not (key.isascii() and key.isprintable()) and key:
            raise RuntimeFault("R0961", f"the variable `{KEY}` holds no key", f"Set it: export {KEY}=…")
        self._key = key.encode()
        self._session = client_session(self._key, _CONNECT_S)

    async def ask(
        self, method: Literal["GET", "POST"], path: str, body: Mapping[str, object] | None, wait_s: float
    ) -> Reply:
        """What the server answers within `wait_s` seconds, whatever its status. Raises EngineFailure."""
        import aiohttp

        if self._session is None:
            raise EngineFailure("unavailable", "the engine is not open")
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        try:
            async with asyncio.timeout(wait_s) as timer:
                self._waits.add(timer)
                try:
                    async with self._session.request(
                        method, self._url + path, data=data, headers=headers, allow_redirects=False
                    ) as response:
                        found = bytearray()
                        while chunk := await response.content.readany():
                            found += chunk
                            if len(found) > _BODY:
                                raise EngineFailure("broken", f"an answer is larger than {_BODY >> 20} MiB")
                        return Reply(response.status, self._clean(bytes(found)))
                finally:
                    self._waits.discard(timer)
        except TimeoutError as error:
            raise EngineFailure("unavailable", f"`{self.where}` did not answer within {wait_s:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise EngineFailure("broken", f"`{self.where}` ended in the middle of an answer") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            said = shown(self._clean(str(error).encode("utf-8", "replace")).decode("utf-8", "replace"))
            raise EngineFailure("unavailable", f"`{self.where}`: {said[:300] or type(error).__name__}") from error

    async def close(self) -> None:
        session, self._session = self._session, None
        for timer in self._waits:  # a call on its way would wait on, though nothing more comes
            timer.reschedule(asyncio.get_running_loop().time())
        if session is not None:
            await session.close()

    def _clean(self, data: bytes) -> bytes:
        return data.replace(self._key, _REDACTED) if self._key else data
