"""One episode: workspace, agent, collection, score, record.

The agent's sandbox is closed before anything is judged. A failure counts as not the agent's only on evidence
from outside the sandbox: it did not start, or the checker also fails on the controls.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.bundle import Bundle
from clawc.runtime.changes import changes_of
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.harness.interface import AGENT_HOME, Final, Harness, Task, needs_of
from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.harness.tools import SandboxTools, Trajectory
from clawc.runtime.model_access import PORT, URL, Access, Models, model_access, work
from clawc.runtime.records import (
    Changes,
    EpisodeRecord,
    LimitUse,
    Outcome,
    RefusedEntry,
    Usage,
    attempt_key,
    episode_id,
)
from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.interface import Backend, Collected, SandboxEnded
from clawc.runtime.sandbox.move import move_tree
from clawc.runtime.sandbox.start import mounted
from clawc.runtime.scoring.bytecode import TRAJECTORY, Bytecode
from clawc.runtime.scoring.checking import COLLECTED
from clawc.runtime.scoring.jobs import environment
from clawc.runtime.scoring.score import Scored, judge
from clawc.runtime.workspace import BundleTemplate
from clawc.spec.bundle import INSTRUCTION, SOLUTION_STEPS, Manifest
from clawc.spec.scoring import score_text

if TYPE_CHECKING:  # loaded where an agent has a model
    from clawc.runtime.gateway.gateway import Gateway

_FINAL = 20_000
_REFUSED = 100
# How often the controls of a bundle are played before it counts as broken.
_ASKED = 3


@dataclass(frozen=True, slots=True)
class Episode:
    """One attempt at an episode to play; `index` counts the episodes of its task, `attempt` from 1."""

    run_id: str
    bundle: Bundle
    harness: Harness
    index: int
    seed: int
    attempt: int = 1

    @property
    def id(self) -> str:
        """Names the episode within the run, whatever the attempt."""
        return episode_id(self.bundle.manifest.task, self.bundle.manifest.id, self.harness.name, self.seed)

    @property
    def key(self) -> str:
        """Names this attempt."""
        return attempt_key(self.id, self.attempt)


@dataclass(slots=True)
class Played:
    """How the agent's part went. `hit` are the limits that ended it; `fault` says why it counts for nothing, if it does."""

    final: Final
    collected: Collected
    enforcers: tuple[str, ...]
    limits: tuple[LimitUse, ...]
    hit: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    fault: str = ""


class Clock:
    """Seconds per phase."""

    def __init__(self) -> None:
        self.started = _now()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - began, 4)


@dataclass(slots=True)
class Controls:
    """Whether a bundle's checker works at all here and now: it must judge the untouched workspace and the
    oracle's. Asked only after a checker has failed, once per bundle if it holds. With the checkers that were compiled."""

    backend: Backend
    bytecode: Bytecode = field(default_factory=Bytecode)
    _held: dict[str, bool] = field(default_factory=dict[str, bool])
    _failed: dict[str, int] = field(default_factory=dict[str, int])
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hold(self, bundle: Bundle) -> bool:
        """Asked again if it failed, a few times: once may be a busy machine's doing, and would forgive all that follows."""
        key = bundle.manifest.id
        async with self._lock:
            if not self._held.get(key) and self._failed.get(key, 0) < _ASKED:
                self._held[key] = await self._judged(bundle)
                self._failed[key] = self._failed.get(key, 0) + (not self._held[key])
            return self._held[key]

    async def _judged(self, bundle: Bundle) -> bool:
        harnesses: list[Harness] = [Null()]
        if SOLUTION_STEPS in bundle.files:
            harnesses.append(Oracle())
        for harness in harnesses:
            scratch = self.backend.scratch()
            try:
                await play(bundle, harness, 0, self.backend, scratch, scratch / COLLECTED, Clock())
                scored = await judge(bundle, scratch, self.backend, trajectory=scratch / TRAJECTORY)
            finally:
                await self.backend.discard(scratch)
            if scored.verdict is None:
                return False
        return True


async def run_episode(
    episode: Episode, backend: Backend, folder: Path, controls: Controls, gateway: Gateway | None = None
) -> EpisodeRecord:
    """Play and score one episode into the empty `folder`; `gateway` leads to the model, if the agent needs one. Raises RuntimeFault
    only for what would fail every episode."""
    clock = Clock()
    played: Played | None = None
    scratch = backend.scratch()
    trajectory = folder / TRAJECTORY
    try:
        tree = scratch / COLLECTED
        models = None if gateway is None else Models(gateway, episode.key)
        played = await play(episode.bundle, episode.harness, episode.seed, backend, folder, tree, clock, models)
        if played.fault:
            return _record(episode, clock, "infra_error", played, evidence=played.fault)
        with clock.phase("score"):
            scored = await judge(episode.bundle, scratch, backend, None, trajectory, controls.bytecode)
            forgiven = scored.verdict is not None or not await controls.hold(episode.bundle)
        with clock.phase("keep"):
            changes = await in_thread(_keep, episode.bundle.manifest, tree, played.collected, folder / "workspace")
    except RuntimeFault as fault:
        if not fault.code.startswith("R03") or isinstance(fault, SandboxUnavailable):
            raise
        return _record(episode, clock, "infra_error", played, evidence=str(fault))
    finally:
        await finish(backend.discard(scratch))
    if scored.verdict is not None:
        (folder / "verdict.json").write_text(scored.verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return _record(episode, clock, _outcome(played), played, scored, changes, evidence=played.final.reason)
    evidence = f"{scored.fault}\n{scored.stderr}".strip()
    if forgiven:
        return _record(episode, clock, "verifier_error", played, None, changes, evidence=evidence)
    evidence = f"{evidence}\nthe same checker judges the untouched workspace and the oracle's".strip()
    nothing = Scored(None, Decimal(0), Decimal(0))
    return _record(episode, clock, "agent_error", played, nothing, changes, evidence=evidence)


async def play(
    bundle: Bundle,
    harness: Harness,
    seed: int,
    backend: Backend,
    folder: Path,
    tree: Path,
    clock: Clock,
    models: Models | None = None,
) -> Played:
    """Let an agent work, with its trajectory in `folder`, and collect its workspace to the new folder `tree`; nothing of
    the sandbox is left. Raises RuntimeFault R0967 where the model refuses every call."""
    limits = bundle.manifest.limits
    agent = harness.agent(bundle)
    task = Task(_text(bundle, INSTRUCTION), limits, seed, tuple(_text(bundle, turn) for turn in bundle.manifest.turns))
    inside, needs = harness.endpoint == "sandbox", needs_of(harness)
    lent = mounted(needs.mounts)
    with clock.phase("create"):
        sandbox = await backend.create(
            BundleTemplate(bundle),
            needs.over(limits),
            environment(bundle),
            (AGENT_HOME,) if inside else (),
            PORT if inside else None,
            needs.mounts,
        )
    try:
        hit, access = "", Access()
        with clock.phase("agent"), Trajectory(folder / TRAJECTORY) as trajectory:
            tools = SandboxTools(sandbox, trajectory)
            try:
                async with (
                    asyncio.timeout(limits.wall_s),
                    model_access(models, harness, folder, sandbox, tools, trajectory) as access,
                ):
                    final = await work(agent, replace(task, line=access.line, url=URL, note=trajectory.add), tools)
            except TimeoutError:
                hit, final = "wall", Final("", "truncated", "the episode exceeded its wall limit")
            except SandboxEnded as ended:
                hit, final = ended.limit, Final("", "truncated" if ended.limit else "error", ended.message)
            limit = await sandbox.stop()  # nothing runs, and no time limit, while the rest is told
            await access.note_account()
            if final.stop == "error" and mounted(needs.mounts) != lent:
                raise RuntimeFault("R0302", "what the agent is installed in was changed while it ran", "Play it again.")
            trajectory.add("final", {"text": final.text, "stop": final.stop, "reason": final.reason})
        with clock.phase("collect"):
            collected = await sandbox.collect(tree)
        access.require_usable()
        hits = dict.fromkeys(name for name in (hit, limit, collected.over, access.hit) if name)
        used = (*sandbox.limits(), *access.limits)
        usage = access.usage(tools.calls)
        return Played(final, collected, sandbox.enforcers, used, tuple(hits), usage, access.fault)
    finally:
        with clock.phase("close"):
            await finish(sandbox.close())


def _text(bundle: Bundle, name: str) -> str:
    return bundle.read(name).decode("utf-8", "replace")


def _keep(manifest: Manifest, tree: Path, collected: Collected, dest: Path) -> Changes:
    """Put a collected workspace where it stays; what changed in it."""
    changes = changes_of(manifest, tree, collected)
    move_tree(tree, dest)
    return changes


def _outcome(played: Played) -> Outcome:
    if played.hit or played.final.stop == "truncated":
        return "truncated"
    return "agent_error" if played.final.stop == "error" else "ok"


def _record(
    episode: Episode,
    clock: Clock,
    outcome: Outcome,
    played: Played | None,
    scored: Scored | None = None,
    changes: Changes | None = None,
    *,
    evidence: str = "",
) -> EpisodeRecord:
    verdict = scored.verdict if scored else None
    refused = played.collected.refused if played else ()
    return EpisodeRecord(
        run_id=episode.run_id,
        key=episode.key,
        episode=episode.id,
        attempt=episode.attempt,
        task=episode.bundle.manifest.task,
        template=episode.bundle.manifest.template,
        category=episode.bundle.manifest.category,
        operations=episode.bundle.manifest.operations,
        bundle_id=episode.bundle.manifest.id,
        opaque=bool(episode.bundle.manifest.imported),
        agent=episode.harness.name,
        index=episode.index,
        seed=episode.seed,
        outcome=outcome,
        score=score_text(scored.score) if scored and scored.score is not None else None,
        score_checks=score_text(scored.score_checks) if scored and scored.score_checks is not None else None,
        C=verdict.C if verdict else None,
        V=verdict.V if verdict else None,
        checks=verdict.checks if verdict else (),
        final=played.final.text[:_FINAL] if played else "",
        started=clock.started,
        ended=_now(),
        seconds=clock.seconds,
        usage=played.usage if played else Usage(),
        limits=_limits(played) if played else (),
        limits_hit=played.hit if played else (),
        enforcers=played.enforcers if played else (),
        changes=changes,
        refused=tuple(RefusedEntry(path=entry.path, reason=entry.reason) for entry in refused[:_REFUSED]),
        evidence=evidence,
    )


def _limits(played: Played) -> tuple[LimitUse, ...]:
    """The limits as the sandbox reports them, with the hits that only the runner has seen."""
    return tuple(
        limit.model_copy(update={"hit": True}) if limit.name in played.hit else limit for limit in played.limits
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
