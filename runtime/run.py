"""Runs episodes: tasks times repetitions, some at once, into a run folder that can be continued.

What is finished is never played again. An episode that the infrastructure failed is tried again as its next attempt,
after a start of the program just as within one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from clawc import __version__
from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import Harness
from clawc.runtime.player import SHORT, LocalPlayer, NotPlayed, Player, overdue
from clawc.runtime.records import EpisodeRecord, RunInfo, RunSuite, RunTask, episode_id
from clawc.runtime.rollout import Episode
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Backend
from clawc.runtime.scheduling.schedule import Ending, Policy, schedule
from clawc.runtime.store.index import Entry
from clawc.runtime.store.journal import fault_of
from clawc.runtime.store.run_folder import Store, open_store, records_at

_Result = TypeVar("_Result")
# Seconds for what no limit of a task bounds: making a workspace, collecting and closing it.
AROUND_S = 120.0


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What to run: `episodes` per bundle, at most `jobs` at once, into the folder `out`. An episode that the
    infrastructure failed is tried `retries` times more. After `deadline_s` seconds the run ends with what it has."""

    bundles: Sequence[Bundle]
    harness: Harness
    out: Path
    episodes: int = 1
    jobs: int = 1
    seed: int = 0
    retries: int = 2
    deadline_s: float | None = None
    suite: RunSuite | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One more episode is finished; `skipped` of the `done` ones were so from the start."""

    done: int
    total: int
    skipped: int
    record: EpisodeRecord


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The last attempts of the planned episodes in the plan's order, but for the `missing` ones that have none."""

    info: RunInfo
    folder: Path
    entries: tuple[Entry, ...]
    skipped: int
    missing: int
    ending: Ending

    @property
    def records(self) -> tuple[EpisodeRecord, ...]:
        """The whole records, from the folder."""
        return tuple(records_at(self.folder, self.entries))


def run(
    plan: RunPlan,
    backend: Backend,
    progress: Callable[[Progress], None] | None = None,
    runner: asyncio.Runner | None = None,
) -> RunSummary:
    """Run on this machine, as `run_with`. `runner` is the one that the backend was used in."""
    return run_with(plan, LocalPlayer(backend), progress, runner)


def run_with(
    plan: RunPlan,
    player: Player,
    progress: Callable[[Progress], None] | None = None,
    runner: asyncio.Runner | None = None,
) -> RunSummary:
    """Run in this thread, which must be the main one. Ctrl-C and SIGTERM end all that is played, keep what is
    finished and raise RuntimeFault R0204; the player is closed in any case. `runner` is the one that it was used in."""
    return run_closing(play_all(plan, player, progress), player, f"continue it with `--out {plan.out}`", runner)


class Closing(Protocol):
    """What must be closed when the work with it ends."""

    async def close(self) -> None: ...


def run_closing(
    work: Coroutine[Any, Any, _Result], backend: Closing, resume: str, runner: asyncio.Runner | None = None
) -> _Result:
    """Run a coroutine to its end and close the backend, also when interrupted: the first signal cancels the work, and
    those that follow do not disturb its cleaning up."""

    async def main() -> _Result:
        task = asyncio.current_task()
        stopping = False

        def stop() -> None:
            nonlocal stopping
            if not stopping and task is not None:
                stopping = True
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        try:
            return await work
        finally:
            stopping = True
            await finish(backend.close())

    try:
        return asyncio.run(main()) if runner is None else runner.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError) as stop:
        raise RuntimeFault("R0204", "interrupted; what was finished is kept", f"You can {resume}.") from stop
    finally:
        work.close()  # not even begun, if the signal came first


async def run_episodes(
    plan: RunPlan, backend: Backend, progress: Callable[[Progress], None] | None = None
) -> RunSummary:
    """`play_all` in the sandboxes of this machine."""
    return await play_all(plan, LocalPlayer(backend), progress)


async def play_all(plan: RunPlan, player: Player, progress: Callable[[Progress], None] | None = None) -> RunSummary:
    """Run what the run folder does not yet hold.

    Raises RuntimeFault (SandboxUnavailable where nothing can be isolated); finished episodes are kept.
    """
    _require(plan)
    await player.require(plan.bundles, plan.harness)
    store = open_store(plan.out, _info(plan))
    try:
        planned = [_planned(plan, bundle) for bundle in plan.bundles]
        todo = {
            bundle.manifest.id: [each for each in group if not _finished(store, each)]
            for bundle, group in zip(plan.bundles, planned, strict=True)
        }
        total = sum(map(len, planned))
        skipped = total - sum(map(len, todo.values()))
        policy = Policy(plan.jobs, plan.retries, plan.deadline_s, seed=plan.seed)
        work = _Rollouts(plan, player, store, total, skipped, progress)
        ending = await schedule(todo, work, policy, player.short, player.room)
        last = [store.last.get(each.episode) for group in planned for each in group]
        entries = tuple(entry for entry in last if entry is not None)
        return RunSummary(store.info, plan.out, entries, skipped, total - len(entries), ending)
    finally:
        await finish(store.close())


def _require(plan: RunPlan) -> None:
    """Fail before the first episode if none could work."""
    if not plan.bundles or plan.episodes < 1:
        raise RuntimeFault("R0208", "there is nothing to run", "Give at least one bundle and one episode.")
    if len({bundle.manifest.id for bundle in plan.bundles}) != len(plan.bundles):
        raise RuntimeFault("R0208", "a bundle is given twice", "Ask for more episodes instead.")
    for bundle in plan.bundles:
        plan.harness.agent(bundle)


class _Planned(NamedTuple):
    """The episode `number` of a task, from 0."""

    bundle: Bundle
    number: int
    seed: int
    episode: str


class _Rollouts:
    """The work of a run, for `schedule`."""

    def __init__(
        self,
        plan: RunPlan,
        player: Player,
        store: Store,
        total: int,
        skipped: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._plan = plan
        self._player = player
        self._store = store
        self._total = total
        self._skipped = self._done = skipped
        self._progress = progress
        self._before = {id: entry.attempt for id, entry in store.last.items() if entry.outcome == "infra_error"}

    def deadline_s(self, item: _Planned) -> None:
        """None: the player holds the limit, since waiting for a place, or for another one, does not count."""
        return None

    async def play(self, item: _Planned, tries: int) -> EpisodeRecord:
        episode = self._episode(item, tries)
        started = _now()
        try:
            folder = await self._store.attempt_folder(episode.key)
            return await self._player.play(episode, folder, _limit_s(item.bundle))
        except NotPlayed as why:
            return _failed(episode, started, str(why))
        except OSError as error:
            if error.errno in SHORT:
                return _failed(episode, started, f"the runner ran short: {error.strerror}")
            raise fault_of(error, self._store.folder) from error

    def overdue(self, item: _Planned, tries: int) -> EpisodeRecord:
        return _failed(self._episode(item, tries), _now(), overdue(_limit_s(item.bundle)))

    async def keep(self, item: _Planned, result: EpisodeRecord) -> None:
        await self._store.append(result)
        tries = result.attempt - self._before.get(item.episode, 0)
        if self.failed(result) and tries <= self._plan.retries:
            return
        self._done += 1
        if self._progress is not None:
            self._progress(Progress(self._done, self._total, self._skipped, result))

    def failed(self, result: EpisodeRecord) -> bool:
        return result.outcome == "infra_error"

    def _episode(self, item: _Planned, tries: int) -> Episode:
        attempt = self._before.get(item.episode, 0) + 1 + tries
        return Episode(self._store.info.run_id, item.bundle, self._plan.harness, item.number, item.seed, attempt)


def _limit_s(bundle: Bundle) -> float:
    """Longer than everything that has a limit of its own, also where the controls are asked."""
    manifest = bundle.manifest
    bounded = manifest.limits.wall_s + manifest.limits.check_s + sum(job.timeout_s for job in manifest.jobs)
    return 3 * bounded + AROUND_S


def _finished(store: Store, planned: _Planned) -> bool:
    entry = store.last.get(planned.episode)
    return entry is not None and entry.outcome != "infra_error"


def _planned(plan: RunPlan, bundle: Bundle) -> list[_Planned]:
    found: list[_Planned] = []
    for index in range(plan.episodes):
        digest = hashlib.sha256(f"{plan.seed}:{bundle.manifest.id}:{index}".encode()).digest()
        seed = int.from_bytes(digest[:6], "big")
        id = episode_id(bundle.manifest.task, bundle.manifest.id, plan.harness.name, seed)
        found.append(_Planned(bundle, index, seed, id))
    return found


def _failed(episode: Episode, started: str, evidence: str) -> EpisodeRecord:
    """The record of an attempt of which nothing came for want of the runner."""
    manifest = episode.bundle.manifest
    return EpisodeRecord(
        run_id=episode.run_id,
        key=episode.key,
        episode=episode.id,
        attempt=episode.attempt,
        task=manifest.task,
        template=manifest.template,
        category=manifest.category,
        operations=manifest.operations,
        bundle_id=manifest.id,
        opaque=bool(manifest.imported),
        agent=episode.harness.name,
        index=episode.index,
        seed=episode.seed,
        outcome="infra_error",
        started=started,
        ended=_now(),
        seconds={},
        evidence=evidence,
    )


def _text(path: Path) -> str:
    """A path as a record can hold it: bytes that are no UTF-8 are replaced, and who looks there finds nothing."""
    return os.fsencode(path).decode("utf-8", "replace")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _info(plan: RunPlan) -> RunInfo:
    return RunInfo(
        run_id=secrets.token_hex(8),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        clawc=__version__,
        agent=plan.harness.name,
        episodes=plan.episodes,
        seed=plan.seed,
        tasks=tuple(
            RunTask(task=bundle.manifest.task, bundle_id=bundle.manifest.id, path=_text(bundle.path))
            for bundle in plan.bundles
        ),
        suite=plan.suite,
    )
