"""The Docker backend: a container for each sandbox, its workspace on this machine, its program asked for over a socket of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.images.host import HostImage, host_image
from clawc.runtime.sandbox import probe
from clawc.runtime.sandbox.docker.containers import Containers
from clawc.runtime.sandbox.docker.reaper import reap
from clawc.runtime.sandbox.docker.requests import Requests
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.local import CEILING, LocalBackend
from clawc.runtime.sandbox.state import StateRoot
from clawc.runtime.sandbox.tools import offered
from clawc.spec.bundle import Limits

if TYPE_CHECKING:
    from docker import APIClient


class Docker(LocalBackend):
    """A Backend. `state` is the folder for its temporary root (default: the system's), `image` one that the engine has; without it
    one is assembled from this machine."""

    def __init__(self, state: Path | None = None, ceiling: Limits = CEILING, image: str = "") -> None:
        super().__init__(_Means(image), state, ceiling)


class _Means:
    def __init__(self, image: str) -> None:
        self._name = image
        self._machine = ""
        self._requests: Requests | None = None
        self._image: HostImage | None = None
        self._own: HostImage | None = None
        self._wanted: set[str] = set()
        self._turn = asyncio.Lock()

    async def find(self) -> str:
        self._machine = probe.require_system()
        self._requests = await in_thread(Requests)
        with _as_unavailable():
            version = await self._requests.run(lambda client: client.version())
            await self._requests.run(reap)
        return f"Docker {version.get('Version')}"

    async def starter(self, root: StateRoot) -> Containers:
        requests = self._open()
        with _as_unavailable():
            containers = Containers(requests, root, self._machine, self._current, self._plain)
            await self._current()
            await containers.begin()
        return containers

    def _open(self) -> Requests:
        if self._requests is None:
            raise RuntimeFault("R0302", "the engine was not looked for")
        return self._requests

    async def _current(self) -> HostImage:
        """The image for the next container, with all programs that were asked for."""
        async with self._turn:
            requests, image = self._open(), self._image
            if image is None or (image.programs is not None and not self._wanted <= image.programs):
                wanted = sorted(self._wanted)
                image = self._image = await requests.run(lambda client: _image(client, self._name, wanted))
                self._wanted &= image.programs or frozenset()
            return image

    async def _plain(self) -> HostImage:
        """That of this machine, whatever image the user has named."""
        if not self._name:
            return await self._current()
        async with self._turn:
            if self._own is None:
                self._own = await self._open().run(host_image)
            return self._own

    async def close(self) -> None:
        requests, self._requests = self._requests, None
        if requests is not None:
            await in_thread(requests.close)

    def explain(self, said: str) -> SandboxUnavailable:
        return SandboxUnavailable(
            f"a container does not work here: {said.strip()[-500:]}",
            "The engine must run on this machine, without user remapping, and see the folder for temporary files.",
        )

    def missing(self, tools: Sequence[str]) -> tuple[str, ...]:
        """What this machine has comes into the image before the next container starts."""
        if self._name:
            has = self._image.programs if self._image else None
            return (
                () if has is None else tuple(tool for tool in tools if _program(tool) not in has and not offered(tool))
            )
        lacking = probe.missing_tools(tools)
        self._wanted |= {_program(tool) for tool in tools if tool not in lacking and not offered(tool)}
        return lacking


@contextmanager
def _as_unavailable() -> Generator[None]:
    """What the engine refuses at the start is the reason why there are no sandboxes."""
    try:
        yield
    except RuntimeFault as error:
        raise SandboxUnavailable(error.message, error.help or "See `docker info`.") from error


def _program(tool: str) -> str:
    return {"python": "python3"}.get(tool, tool)


def _image(client: APIClient, name: str, tools: Sequence[str]) -> HostImage:
    if name:
        from clawc.runtime.images.named import named_image

        return named_image(client, name)
    return host_image(client, tools)
