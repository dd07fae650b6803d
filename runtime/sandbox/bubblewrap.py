"""The bubblewrap backend: finds out once what works here, then makes sandboxes and runs single programs in
them."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Mapping, Sequence
from pathlib import Path

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.sandbox import probe, seccomp
from clawc.runtime.sandbox.collect import collect
from clawc.runtime.sandbox.command import PYTHON, View
from clawc.runtime.sandbox.finish import acquire, finish, in_thread
from clawc.runtime.sandbox.ground import Ground
from clawc.runtime.sandbox.interface import Finished, LaidFile, Probe, Program, Template
from clawc.runtime.sandbox.oneshot import run_program
from clawc.runtime.sandbox.orphans import end_orphans
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.session import Session, enforcers, open_session
from clawc.runtime.sandbox.state import StateRoot, check_reachable
from clawc.spec.bundle import Limits

# What a bundle may ask for at most: it is a stranger's.
CEILING = Limits(wall_s=6 * 3600, memory_bytes=16 << 30, disk_bytes=16 << 30, processes=2048, check_s=3600)
# Succeeds if the interpreter is recent enough for checkers and the workspace can be written.
_TRIAL = """
import sys
open("/w/trial", "w").close()
if sys.version_info < (3, 9):
    sys.exit("python3 is older than 3.9")
"""


class _Nothing:
    """The template without files."""

    key = "nothing"

    def write(self, dest: Path) -> None:
        (dest / "empty").mkdir()


class Bubblewrap:
    """A Backend. `state` is the folder for its temporary root (default: the system's)."""

    def __init__(self, state: Path | None = None, ceiling: Limits = CEILING) -> None:
        self._state = state
        self._ceiling = ceiling
        self._ground: Ground | None = None
        self._probe: Probe | None = None
        self._lock = asyncio.Lock()

    async def probe(self) -> Probe:
        """Run a first sandbox for real; the answer is kept. Never raises SandboxUnavailable."""
        async with self._lock:
            if self._probe is None:
                try:
                    self._probe = await self._set_up()
                except SandboxUnavailable as error:
                    self._probe = Probe(False, error.message, error.help)
                    await self.close()
            return self._probe

    def missing(self, tools: Sequence[str]) -> tuple[str, ...]:
        return probe.missing_tools(tools)

    def scratch(self) -> Path:
        if self._ground is None:
            raise RuntimeFault("R0302", "the backend has not been probed")
        return self._ground.root.folder(0o711)

    async def discard(self, folder: Path) -> None:
        await in_thread(remove_tree, folder)

    async def create(self, template: Template, limits: Limits, env: Mapping[str, str]) -> Session:
        ground = await self._ready()
        return await acquire(self._create(ground, template, limits, env), Session.close)

    async def _create(self, ground: Ground, template: Template, limits: Limits, env: Mapping[str, str]) -> Session:
        place = await ground.place(template, {})
        try:
            return await open_session(ground, place, self._clamped(limits), env)
        except BaseException:
            await finish(ground.vacate(place))
            raise

    async def run_over(
        self, program: Program, template: Template, laid: Mapping[str, LaidFile], tree: Path
    ) -> Finished:
        ground = await self._ready()
        place = await ground.place(template, laid)
        try:
            view = View(workspace=place.writable, env=program.env)
            finished = await run_program(ground, place.slot, self._bounded(program), view, place.writable.upper)
            async with ground.collecting:
                await in_thread(collect, place.writable.upper, place.writable.lower, tree)
            return finished
        finally:
            await finish(ground.vacate(place))

    async def run_reading(self, program: Program, folders: Mapping[str, Path], files: Mapping[str, bytes]) -> Finished:
        ground = await self._ready()
        async with ground.slot() as slot:
            view = View(folders=folders, files=files, env=program.env, cwd=program.cwd)
            return await run_program(ground, slot, self._bounded(program), view, None)

    async def close(self) -> None:
        ground, self._ground = self._ground, None
        if ground is None:
            return
        for box in list(ground.boxes):
            await ground.end(box)
        atexit.unregister(ground.end_now)
        await in_thread(ground.root.remove)

    async def _ready(self) -> Ground:
        found = await self.probe()
        if self._ground is None:
            raise SandboxUnavailable(found.reason or "the backend was closed", found.help)
        return self._ground

    async def _set_up(self) -> Probe:
        """Raises SandboxUnavailable with the reason."""
        machine = probe.require_system()
        bwrap, version = probe.find_bwrap()
        end_orphans()
        root = StateRoot(self._state)
        try:
            check_reachable(root.path)
            ground = Ground(root, bwrap, seccomp.program(machine))
            if ground.slots.drops_user:
                ground.bwrap = probe.stage(bwrap, root.folder())
            atexit.register(ground.end_now)  # runs before the removal of the root, which registered earlier
            self._ground = ground
            said = ""
            for overlay in (True, False):
                ground.overlay = overlay
                said = await self._trial(ground)
                if not said:
                    return Probe(True, version=version, overlay=overlay, enforcers=enforcers(ground))
            raise probe.explain(said)
        except BaseException:
            if self._ground is None:
                root.remove()
            raise

    async def _trial(self, ground: Ground) -> str:
        """What the first sandbox said if it failed."""
        program = Program((PYTHON, "-I", "-S", "-c", _TRIAL), Limits(), timeout_s=60)
        place = await ground.place(_Nothing(), {})
        try:
            view = View(workspace=place.writable)
            finished = await run_program(ground, place.slot, program, view, place.writable.upper)
        except RuntimeFault as fault:
            return fault.message
        finally:
            await ground.vacate(place)
        return "" if finished.exit == 0 else finished.stderr.decode("utf-8", "replace") or "a first program failed"

    def _clamped(self, limits: Limits) -> Limits:
        top = self._ceiling
        return Limits(
            wall_s=min(limits.wall_s, top.wall_s),
            memory_bytes=min(limits.memory_bytes, top.memory_bytes),
            disk_bytes=min(limits.disk_bytes, top.disk_bytes),
            processes=min(limits.processes, top.processes),
            check_s=min(limits.check_s, top.check_s),
        )

    def _bounded(self, program: Program) -> Program:
        limits = self._clamped(program.limits)
        return Program(
            program.argv,
            limits,
            min(program.timeout_s, self._ceiling.check_s),
            program.env,
            program.cwd,
            program.stdin,
            program.output_limit,
        )
