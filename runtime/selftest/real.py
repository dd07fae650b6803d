"""Runs of the emitted checker in sandboxes: the same workspaces as in the compiler's process, a few disturbed ones, and the
oracle's in many environments."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.interface import WORKSPACE as INSIDE
from clawc.runtime.sandbox.interface import Backend, FileProblem, SandboxEnded
from clawc.runtime.scoring.bytecode import TRAJECTORY, Bytecode
from clawc.runtime.scoring.checking import COLLECTED, MOST, Series
from clawc.runtime.scoring.job_results import JobResults
from clawc.runtime.scoring.jobs import environment
from clawc.runtime.scoring.score import judge
from clawc.runtime.workspace import BundleTemplate
from clawc.spec.bundle import WORKSPACE

# Workspaces that are there at once (those that fill a sandbox for checkers, and those for which programs run meanwhile), those of
# them for which programs run, and seconds that one of the oracle may take.
AT_ONCE = 2 * MOST
_PROGRAMS_AT_ONCE = 4
# Seconds after which no further workspace of a task is begun: a program may hang on each.
PATIENCE_S = 180.0
_PROGRAM_S = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """A workspace to judge: `files` over the inputs of the bundle (None: not there), and the trajectory. `programs` are run in
    it first, in a sandbox, as an agent runs them."""

    files: Mapping[str, bytes | None]
    events: Sequence[Mapping[str, Any]] = ()
    programs: Sequence[Sequence[str]] = ()


@dataclass(slots=True)
class Judge:
    """Judges workspaces of one bundle by its checker, in sandboxes of the backend; in one event loop."""

    bundle: Bundle
    backend: Backend
    bytecode: Bytecode = field(default_factory=Bytecode)
    jobs: JobResults = field(default_factory=JobResults)
    _pristine: dict[str, bytes] | None = None
    # Checkers of workspaces whose programs have ended wait for each other, and share a sandbox.
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_PROGRAMS_AT_ONCE))

    async def all(self, cases: Sequence[Case], patience_s: float = PATIENCE_S) -> list[dict[str, Any] | str | None]:
        """The verdict of each case without its nonce, or why there is none; None for those that were not begun when the time
        was up."""
        until = time.monotonic() + patience_s
        few = len(cases) <= MOST and not self.bundle.manifest.jobs
        bytecode = Bytecode(compiles=False) if few else self.bytecode
        series = Series(self.backend, bytecode, len(cases)) if len(cases) > 1 else None
        room = asyncio.Semaphore(AT_ONCE)

        async def one(case: Case) -> dict[str, Any] | str | None:
            async with room:
                return await self.one(case, series, bytecode) if time.monotonic() < until else None

        tasks = [asyncio.create_task(one(case)) for case in cases]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def one(
        self, case: Case, series: Series | None = None, bytecode: Bytecode | None = None
    ) -> dict[str, Any] | str:
        """As `all`, of one."""
        scratch = self.backend.scratch()
        try:
            if case.programs:
                async with self._room:
                    await self._play(scratch, case)
            else:
                await in_thread(self._lay, scratch, case)
            trajectory = scratch / TRAJECTORY
            trajectory.write_text("".join(json.dumps(e) + "\n" for e in case.events), encoding="utf-8")
            scored = await judge(
                self.bundle,
                scratch,
                self.backend,
                None,
                trajectory,
                bytecode or self.bytecode,
                series,
                self.jobs,
                self._room,
            )
        finally:
            await finish(self.backend.discard(scratch))
        if scored.verdict is None:
            return scored.fault or "the checker gave no verdict"
        return scored.verdict.model_dump(mode="json", exclude={"nonce"})

    def pristine(self) -> dict[str, bytes]:
        """The inputs of the bundle by their path in the workspace."""
        if self._pristine is None:
            listed = self.bundle.manifest.workspace
            self._pristine = {f.path: self.bundle.read(f"{WORKSPACE}/{f.path}") for f in listed}
        return self._pristine

    async def _play(self, scratch: Path, case: Case) -> None:
        """Lay the files in a sandbox, run the programs there, and collect what they leave."""
        limits = self.bundle.manifest.limits
        sandbox = await self.backend.create(BundleTemplate(self.bundle), limits, environment(self.bundle))
        try:
            try:
                for path, data in case.files.items():
                    if data is None:
                        await sandbox.exec(["rm", "-f", "--", path], timeout_s=limits.wall_s)
                    else:
                        await sandbox.put(f"{INSIDE}/{path}", data)
                for argv in case.programs:
                    await sandbox.exec(argv, timeout_s=_PROGRAM_S)
            except (SandboxEnded, FileProblem):
                pass  # what it has left is judged, as it is with agents
            await sandbox.stop()
            await sandbox.collect(scratch / COLLECTED)
        finally:
            await finish(sandbox.close())

    def _lay(self, scratch: Path, case: Case) -> None:
        root = scratch / COLLECTED
        root.mkdir(mode=0o755)
        for path, data in {**self.pristine(), **case.files}.items():
            if data is not None:
                write_inside(root, path, data)


def write_inside(root: Path, path: str, data: bytes) -> None:
    """Write a file below a folder that is ours alone. Raises RuntimeFault for a path that leads elsewhere, or onto a folder."""
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise RuntimeFault("R0504", f"`{path}` is no path in a workspace")
    target = root.joinpath(*parts)
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o644)
    except OSError as error:
        raise RuntimeFault("R0504", f"`{path}` cannot be written into a workspace: {error.strerror}") from error


def same_verdict(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Why two verdicts on one workspace differ, or "": scores to 1e-9, checks one by one with their messages."""
    if abs(float(here["score_checks"]) - float(there["score_checks"])) > 1e-9 or here["V"] != there["V"]:
        return f"score {here['score_checks']} here, {there['score_checks']} there"
    for a, b in zip(here["checks"], there["checks"]):
        if a["name"] != b["name"] or a["passed"] != b["passed"] or abs(float(a["credit"]) - float(b["credit"])) > 1e-9:
            return f"`{a['name']}`: credit {a['credit']} here, {b['credit']} there ({b['message'] or a['message']})"
        if a["message"] != b["message"]:
            return f"`{a['name']}` says `{a['message']}` here, `{b['message']}` there"
    return ""
