"""`clawc run`: compiles what is not yet a bundle, then plays."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.commands.bundles import bundles_of
from clawc.commands.faults import user_errors
from clawc.commands.sources import require_format
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.commands.rollouts import Ready


def run_command(
    paths: Sequence[Path],
    agent: str,
    episodes: int,
    jobs: int,
    seed: int,
    out: Path | None,
    format: str,
    retries: int = 2,
    deadline_s: float | None = None,
) -> int:
    """The exit status, as `roll_out`."""
    require_format(format)
    folder = out or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    if os.path.islink(folder / "bundles"):
        raise UserError(f"`{folder / 'bundles'}` is a link", "give another --out")
    ready: list[Ready] = []

    def prepare() -> None:
        """What playing needs is loaded and started while another process compiles."""
        from clawc.commands.rollouts import Ready

        if not ready:
            ready.append(Ready(agent))

    with user_errors():
        try:
            bundles = bundles_of(paths, folder / "bundles", prepare)
            prepare()
            from clawc.runtime.run import RunPlan

            gc.enable()
            gc.freeze()
            plan = RunPlan(bundles, ready[0].harness, folder, episodes, jobs, seed, retries, deadline_s)
            return ready[0].roll_out(plan, format)
        finally:
            for one in ready:
                one.close()
