"""Requests to the engine from the event loop: each in a thread, as its client blocks, with errors in words."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.docker.engine import connect
from clawc.runtime.sandbox.docker.labels import NAME

_Result = TypeVar("_Result")
_THREADS = 12


class Requests:
    """The engine's interface, as far as sandboxes need it. Every call raises RuntimeFault R0302 where the engine refuses or is gone.
    Not to be cancelled."""

    def __init__(self) -> None:
        """Raises SandboxUnavailable where there is no engine."""
        self.client: Any = connect()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="docker")

    async def run(self, work: Callable[[Any], _Result]) -> _Result:
        """What `work` does with the client, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._worded, work)

    def _worded(self, work: Callable[[Any], _Result]) -> _Result:
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            return work(self.client)
        except (DockerException, RequestException, OSError) as error:
            said = getattr(error, "explanation", None) or error
            raise RuntimeFault("R0302", f"the Docker engine refuses or does not answer: {str(said)[:500]}") from error

    async def create(self, body: Mapping[str, Any]) -> str:
        """The id of a new container."""
        name = NAME + secrets.token_hex(8)
        found = await self.run(lambda client: client.create_container_from_config(dict(body), name))
        return str(found["Id"])

    async def start(self, container: str) -> None:
        await self.run(lambda client: client.start(container))

    async def remove(self, container: str) -> None:
        """Whether it runs, has ended, or is gone already."""
        with suppress(RuntimeFault):
            await self.run(lambda client: client.remove_container(container, force=True, v=True))

    async def exists(self, container: str) -> bool:
        from docker.errors import NotFound

        def look(client: Any) -> bool:
            try:
                client.inspect_container(container)
            except NotFound:
                return False
            return True

        return await self.run(look)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self.client.close()
