"""Who plays the episodes of a run: this machine, or a cluster. Records and files come to the same, whoever it is."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.harness.interface import Harness, ModelHarness
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.rollout import Controls, Episode, run_episode
from clawc.runtime.sandbox.interface import Backend
from clawc.runtime.scheduling.pressure import read_pressure, shortage

if TYPE_CHECKING:
    from clawc.runtime.gateway.gateway import Gateway

# The machine ran short for this one; others may still work.
SHORT = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}


class NotPlayed(Exception):
    """Nothing came of an attempt for want of the runner; the text is the evidence."""


class Player(Protocol):
    """Plays episodes, several at once."""

    def room(self) -> int | None:
        """How many it takes at once as things are now, 1 or more; None if that is for others to say."""
        ...

    def short(self) -> bool:
        """Whether it would do better with fewer at once."""
        ...

    async def require(self, bundles: Sequence[Bundle], harness: Harness) -> None:
        """Get ready. Raises RuntimeFault (SandboxUnavailable where nothing can be isolated) if no episode could work."""
        ...

    async def play(self, episode: Episode, folder: Path, limit_s: float) -> EpisodeRecord:
        """Play an episode into the empty `folder`. Raises NotPlayed, also when the playing takes longer than `limit_s`, and
        RuntimeFault and OSError for what would fail every episode."""
        ...

    async def close(self) -> None:
        """End everything that was begun. May be called twice."""
        ...


class LocalPlayer:
    """Plays in the sandboxes of this machine. What the models of a run have cost stands in its `run_folder`. The first harness that it got
    ready for opens what others share, and is closed last."""

    def __init__(self, backend: Backend, run_folder: Path | None = None) -> None:
        self.run_folder = run_folder
        self._backend = backend
        self._controls = Controls(backend)
        self._gateways: dict[int, tuple[Harness, Gateway]] = {}

    def room(self) -> None:
        return None

    def short(self) -> bool:
        return bool(shortage(read_pressure()))

    async def require(self, bundles: Sequence[Bundle], harness: Harness) -> None:
        found = await self._backend.probe()
        if not found.ok:
            raise SandboxUnavailable(found.reason, found.help)
        for bundle in bundles:
            lacking = self._backend.missing(bundle.manifest.environment.tools)
            if lacking:
                raise SandboxUnavailable(
                    f"the task `{bundle.manifest.task}` needs `{'`, `'.join(lacking)}`, which is not here",
                    "Install it under /usr on this machine.",
                )
        if harness.endpoint != "none" and id(harness) not in self._gateways:
            gateway = cast(ModelHarness, harness).model.gateway(self.run_folder)
            self._gateways[id(harness)] = harness, gateway
            await gateway.open()

    async def play(self, episode: Episode, folder: Path, limit_s: float) -> EpisodeRecord:
        timer = asyncio.timeout(limit_s)
        try:
            async with timer:
                _, gateway = self._gateways.get(id(episode.harness), (None, None))
                return await run_episode(episode, self._backend, folder, self._controls, gateway)
        except TimeoutError:
            if not timer.expired():
                raise
            raise NotPlayed(overdue(limit_s)) from None

    async def close(self) -> None:
        gateways, self._gateways = list(self._gateways.values()), {}
        for _, gateway in reversed(gateways):
            await gateway.close()
        await self._backend.close()


def overdue(limit_s: float) -> str:
    """The evidence of an attempt that was ended at its limit."""
    return f"the runner did not finish it within {limit_s:.0f} s"
