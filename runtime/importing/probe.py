"""What kept verifiers pay for the untouched workspace: each is run in a sandbox over the inputs alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.interface import Backend
from clawc.runtime.scoring.score import score
from clawc.runtime.workspace import materialise


async def untouched(bundles: Sequence[Bundle], backend: Backend, at_once: int, scratch: Path) -> list[Decimal | None]:
    """C times V of each bundle for the workspace as the agent finds it; None where there is no verdict. `scratch` is an empty
    folder. Raises SandboxUnavailable."""
    probe = await backend.probe()
    if not probe.ok:
        raise SandboxUnavailable(probe.reason, probe.help)
    places = asyncio.Semaphore(at_once)

    async def one(number: int, bundle: Bundle) -> Decimal | None:
        async with places:
            workspace = scratch / str(number)
            workspace.mkdir()
            materialise(bundle, workspace)
            return (await score(bundle, workspace, backend)).score_checks

    return list(await asyncio.gather(*(one(number, bundle) for number, bundle in enumerate(bundles))))
