"""The engines that play, which are given the weights of the trainer by a folder: a model of this machine, or an external server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from clawc.runtime.engine.interface import ChatRequest, Engine, Piece, Tap
from clawc.runtime.engine.local.build import local_engine
from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.transformers_engine import TransformersEngine
from clawc.runtime.engine.local.wire import Device
from clawc.runtime.engine.token_server import served_at
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.grpo.servers import ServerWeights
from clawc.runtime.train.grpo.settings import GrpoSettings


class Shared:
    """An engine that somebody else opens and closes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        return self._engine.name

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        async for piece in self._engine.chat(request, tap):
            yield piece


class LocalWeights:
    """A model of this machine in a process of its own. `version` counts the trainer's updates; that of the folder is 0."""

    def __init__(self, model: Path, *, dtype: str, device: Device, adapters: bool, graphs: bool = False) -> None:
        self.engine: ChatOverTokens[TransformersEngine] = local_engine(
            model, device=device, dtype="float32" if dtype == "float32" else "bfloat16", graphs=graphs
        )
        self._tokens = self.engine.tokens
        self._adapters = adapters

    @property
    def version(self) -> int:
        return self._tokens.version

    async def load(self, folder: Path, version: int) -> None:
        """See `Weights`. A process that is gone meanwhile need not be of these weights: another one is started with them. Raises RuntimeFault
        R0953 if that is gone, too."""
        try:
            await self._give(folder, version)
        except RuntimeFault as fault:
            if fault.code != "R0953":
                raise
            await self._give(folder, version)
            await self._tokens.open()

    async def _give(self, folder: Path, version: int) -> None:
        if self._adapters:
            await self._tokens.load_adapter(folder, version)
        else:
            await self._tokens.load(folder, None, version)


def weights_of(model: Path, settings: GrpoSettings, out: Path, *, graphs: bool = False) -> LocalWeights | ServerWeights:
    """What plays in the training of `model` in `out`. Raises RuntimeFault R0951 and R0952."""
    adapters = settings.lora is not None
    if settings.served:
        served = served_at(settings.served)
        return ServerWeights(model, served, adapters=adapters, out=out, seen=settings.served_out)
    return LocalWeights(model, dtype=settings.dtype, device=settings.device, adapters=adapters, graphs=graphs)
