"""Runs episodes: tasks times repetitions, some at once, into a run folder that can be continued."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from clawc import __version__
from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.harness.interface import Harness
from clawc.runtime.records import EpisodeRecord, RunInfo, RunTask
from clawc.runtime.rollout import Controls, Episode, run_episode
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Backend
from clawc.runtime.store import Store, fault_of, open_store

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What to run: `episodes` per bundle, at most `jobs` at once, into the folder `out`."""

    bundles: Sequence[Bundle]
    harness: Harness
    out: Path
    episodes: int = 1
    jobs: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """One more episode is finished; `skipped` of the `done` ones were so from the start."""

    done: int
    total: int
    skipped: int
    record: EpisodeRecord


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All records of the planned episodes, in the plan's order."""

    info: RunInfo
    records: tuple[EpisodeRecord, ...]
    skipped: int


def run(plan: RunPlan, backend: Backend, progress: Callable[[Progress], None] | None = None) -> RunSummary:
    """Run in this thread, which must be the main one. Ctrl-C and SIGTERM close all sandboxes, keep what is
    finished and raise RuntimeFault R0204; the backend is closed in any case."""
    return run_closing(run_episodes(plan, backend, progress), backend, f"continue it with `--out {plan.out}`")


def run_closing(work: Coroutine[Any, Any, _Result], backend: Backend, resume: str) -> _Result:
    """Run a coroutine to its end and close the backend, also when interrupted."""

    async def main() -> _Result:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            return await work
        finally:
            await finish(backend.close())

    try:
        return asyncio.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError) as stop:
        raise RuntimeFault("R0204", "interrupted; what was finished is kept", f"You can {resume}.") from stop


async def run_episodes(
    plan: RunPlan, backend: Backend, progress: Callable[[Progress], None] | None = None
) -> RunSummary:
    """Run what the run folder does not yet hold. Episodes that failed for reasons outside the sandbox are
    tried again.

    Raises RuntimeFault (SandboxUnavailable where nothing can be isolated); finished episodes are kept.
    """
    await _require(plan, backend)
    store = open_store(plan.out, _info(plan))
    try:
        planned = list(_planned(plan, store.info.run_id))
        todo = [episode for episode in planned if not _finished(store, episode.key)]
        skipped = len(planned) - len(todo)
        controls = Controls(backend)
        waiting = iter(todo)
        done = skipped

        async def work() -> None:
            nonlocal done
            for episode in waiting:
                record = await _one(episode, backend, store, controls)
                done += 1
                if progress is not None:
                    progress(Progress(done, len(planned), skipped, record))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, min(plan.jobs, len(todo)))):
                    group.create_task(work())
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from group_error
        records = tuple(store.records[episode.key] for episode in planned)
        return RunSummary(store.info, records, skipped)
    finally:
        store.close()


async def _require(plan: RunPlan, backend: Backend) -> None:
    """Fail before the first episode if none could work."""
    if not plan.bundles or plan.episodes < 1:
        raise RuntimeFault("R0208", "there is nothing to run", "Give at least one bundle and one episode.")
    if len({bundle.manifest.id for bundle in plan.bundles}) != len(plan.bundles):
        raise RuntimeFault("R0208", "a bundle is given twice", "Ask for more episodes instead.")
    found = await backend.probe()
    if not found.ok:
        raise SandboxUnavailable(found.reason, found.help)
    for bundle in plan.bundles:
        plan.harness.agent(bundle)
        lacking = backend.missing(bundle.manifest.environment.tools)
        if lacking:
            raise SandboxUnavailable(
                f"the task `{bundle.manifest.task}` needs `{'`, `'.join(lacking)}`, which is not here",
                "Install it under /usr on this machine.",
            )


async def _one(episode: Episode, backend: Backend, store: Store, controls: Controls) -> EpisodeRecord:
    try:
        folder = store.episode_folder(episode.key)
        record = await run_episode(episode, backend, folder, controls)
    except OSError as error:
        raise fault_of(error, store.folder) from error
    store.append(record)
    return record


def _finished(store: Store, key: str) -> bool:
    return key in store.records and store.records[key].outcome != "infra_error"


def _planned(plan: RunPlan, run_id: str) -> Iterator[Episode]:
    for bundle in plan.bundles:
        for index in range(plan.episodes):
            digest = hashlib.sha256(f"{plan.seed}:{bundle.manifest.id}:{index}".encode()).digest()
            yield Episode(run_id, bundle, plan.harness, index, int.from_bytes(digest[:6], "big"))


def _info(plan: RunPlan) -> RunInfo:
    return RunInfo(
        run_id=secrets.token_hex(8),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        clawc=__version__,
        agent=plan.harness.name,
        episodes=plan.episodes,
        seed=plan.seed,
        tasks=tuple(
            RunTask(task=bundle.manifest.task, bundle_id=bundle.manifest.id, path=str(bundle.path))
            for bundle in plan.bundles
        ),
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure of a group that is one a person can act on, else the first."""
    flat = list(_leaves(group))
    return next((error for error in flat if isinstance(error, RuntimeFault)), flat[0])


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(inner)
    else:
        yield error
