"""Run folders made of records, without playing anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from clawc.runtime.records import EpisodeRecord, Outcome, RunInfo, RunTask, attempt_key
from clawc.runtime.store.run_folder import open_store
from clawc.spec.bundle import CheckVerdict

INFO = RunInfo(
    run_id="r1",
    created="2026-01-01T00:00:00+00:00",
    clawc="0",
    agent="a",
    episodes=2,
    seed=0,
    tasks=(RunTask(task="t", bundle_id="0" * 64, path="b"),),
)


def record(episode: str, attempt: int = 1, outcome: Outcome = "ok", passed: Sequence[bool] = (True,)) -> EpisodeRecord:
    """A record whose checks passed as said, each of weight 1; no score where the outcome has none."""
    scored = outcome not in ("infra_error", "verifier_error")
    score = "1" if all(passed) else "0"
    checks = [
        CheckVerdict(name=f"c{n}", kind="check", weight="1", passed=ok, credit="1" if ok else "0")
        for n, ok in enumerate(passed)
    ]
    return EpisodeRecord(
        run_id=INFO.run_id,
        key=attempt_key(episode, attempt),
        episode=episode,
        attempt=attempt,
        task="t",
        template="t",
        bundle_id="0" * 64,
        agent="a",
        index=0,
        seed=0,
        outcome=outcome,
        score=score if scored else None,
        score_checks=score if scored else None,
        C=score if scored else None,
        V="1" if scored else None,
        checks=tuple(checks) if scored else (),
        started="2026-01-01T00:00:00.000+00:00",
        ended="2026-01-01T00:00:01.000+00:00",
        seconds={"agent": 0.5},
    )


def write_run(folder: Path, records: Sequence[EpisodeRecord], info: RunInfo = INFO) -> None:
    """Append the records to the run in `folder`, as a run does."""

    async def main() -> None:
        store = open_store(folder, info)
        try:
            await asyncio.gather(*(store.append(each) for each in records))
        finally:
            await store.close()

    asyncio.run(main())
