"""Scores a workspace and prints what became of it: a program, so that a test can start it as another user.

Arguments: BUNDLE WORKSPACE."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from clawc.runtime.bundle import load
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.jobs import run_jobs
from clawc.runtime.scoring.score import score


async def main() -> None:
    bundle, workspace = load(Path(sys.argv[1])), Path(sys.argv[2])
    backend = Bubblewrap()
    try:
        found = await backend.probe()
        if not found.ok:
            print(json.dumps({"unavailable": f"{found.reason} {found.help}"}))
            return
        scored = await score(bundle, workspace, backend)
        jobs = backend.scratch() / "jobs"
        await run_jobs(bundle, workspace, backend, jobs)
        said = {job.id: (jobs / job.id / "stdout").read_text() for job in bundle.manifest.jobs}
    finally:
        await backend.close()
    print(
        json.dumps(
            {
                "score": None if scored.score is None else str(scored.score),
                "fault": scored.fault,
                "stderr": scored.stderr,
                "refused": [entry.path for entry in scored.refused],
                "said": said,
            }
        )
    )


asyncio.run(main())
