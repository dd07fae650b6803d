"""A backend whose workspaces lie on this machine: finds out once what works here, then makes sandboxes and runs single programs
in them. What keeps processes apart is another's part, the `Means`."""

from __future__ import annotations

import asyncio
import atexit
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.sandbox.collect import collect
from clawc.runtime.sandbox.finish import acquire, finish, in_thread
from clawc.runtime.sandbox.ground import Ground, Starter
from clawc.runtime.sandbox.interface import Finished, LaidFile, Probe, Program, ScriptRun, Snapshot, Template
from clawc.runtime.sandbox.layers import Layer
from clawc.runtime.sandbox.oneshot import run_program, run_series
from clawc.runtime.sandbox.probe import no_room
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.session import LayerSnapshot, Session, open_in_place
from clawc.runtime.sandbox.state import StateRoot, check_fit
from clawc.spec.bundle import Limits

# What a bundle may ask for at most: it is a stranger's.
CEILING = Limits(wall_s=6 * 3600, memory_bytes=16 << 30, disk_bytes=16 << 30, processes=2048, check_s=3600)


class _Nothing:
    """The template without files."""

    key = "nothing"

    def write(self, dest: Path) -> None:
        (dest / "empty").mkdir()


class Means(Protocol):
    """What keeps the processes of sandboxes apart on this machine."""

    async def find(self) -> str:
        """Its version. Raises SandboxUnavailable if it is not there or too old."""
        ...

    async def starter(self, root: StateRoot) -> Starter:
        """What starts processes over folders of `root`. Raises SandboxUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of what `find` has opened; comes last."""
        ...

    def explain(self, said: str) -> SandboxUnavailable:
        """Why a first sandbox did not work, from what it said."""
        ...

    def missing(self, tools: Sequence[str]) -> tuple[str, ...]:
        """Those of the named programs that a sandbox would not have."""
        ...


class LocalBackend:
    """A Backend. `state` is the folder for its temporary root (default: the system's)."""

    def __init__(self, means: Means, state: Path | None, ceiling: Limits = CEILING) -> None:
        self._means = means
        self._state = state
        self._ceiling = ceiling
        self._ground: Ground | None = None
        self._probe: Probe | None = None
        self._lock = asyncio.Lock()
        self._shelves: dict[str, Path] = {}
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()

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
        return self._means.missing(tools)

    def scratch(self) -> Path:
        return self._prepared().folder("check", 0o711)

    async def discard(self, folder: Path) -> None:
        await in_thread(remove_tree, folder)

    async def shelf(self, key: str, files: Mapping[str, bytes]) -> Path:
        ground = await self._ready()
        folder = self._shelves.get(key)
        if folder is None:
            folder = ground.folder("check", 0o755)
            await in_thread(_lay_files, folder, files)
            self._shelves[key] = folder
        return folder

    async def unshelve(self, key: str) -> None:
        folder = self._shelves.pop(key, None)
        if folder is not None:
            await in_thread(remove_tree, folder)

    async def create(
        self,
        template: Template | Snapshot,
        limits: Limits,
        env: Mapping[str, str],
        folders: Sequence[str] = (),
        port: int | None = None,
        mounts: Mapping[str, Path] | None = None,
    ) -> Session:
        ground = await self._ready()
        source = template.layer if isinstance(template, LayerSnapshot) else template
        if not isinstance(source, Layer) and not hasattr(source, "write"):
            raise RuntimeFault("R0302", "this snapshot is of another backend")
        layer = cast("Template | Layer", source)
        work = open_in_place(ground, layer, self._clamped(limits), env, folders, port, mounts or {})
        session = await acquire(work, Session.close)
        self._sessions.add(session)
        return session

    async def run_over(
        self, program: Program, template: Template, laid: Mapping[str, LaidFile], tree: Path
    ) -> Finished:
        ground = await self._ready()
        place = await ground.place("job", template, laid)
        try:
            workspace = place.workspace
            finished = await run_program(ground, "job", self._bounded(program), workspace, {})
            async with ground.collecting:
                await in_thread(collect, (workspace.upper, *workspace.lower), tree, base=bool(workspace.lower))
            return finished
        finally:
            await finish(ground.vacate("job", place))

    async def run_reading(self, program: Program, folders: Mapping[str, Path]) -> Finished:
        ground = await self._ready()
        return await run_program(ground, "check", self._bounded(program), None, folders)

    async def run_series(
        self, program: Program, runs: Sequence[ScriptRun], folders: Mapping[str, Path]
    ) -> list[Finished | None]:
        ground = await self._ready()
        return await run_series(ground, self._bounded(program), runs, folders)

    async def close(self) -> None:
        ground, self._ground = self._ground, None
        if ground is None:
            await self._means.close()
            return
        for session in list(self._sessions):
            await finish(session.close())
        await finish(ground.close())
        atexit.unregister(ground.end_now)
        await in_thread(ground.root.remove)
        await self._means.close()

    async def _ready(self) -> Ground:
        await self.probe()
        return self._prepared()

    def _prepared(self) -> Ground:
        if self._ground is None:
            found = self._probe
            if found is None:
                raise RuntimeFault("R0302", "the backend has not been probed")
            raise SandboxUnavailable(found.reason or "the backend was closed", found.help)
        return self._ground

    async def _set_up(self) -> Probe:
        """Raises SandboxUnavailable with the reason."""
        version = await self._means.find()
        try:
            root = StateRoot(self._state)
        except OSError as error:
            raise no_room(error) from error
        try:
            check_fit(root.path)
            ground = Ground(root, await self._means.starter(root))
            atexit.register(ground.end_now)  # runs before the removal of the root, which registered earlier
            self._ground = ground
            said = ""
            for overlay in (True, False):
                ground.overlay = overlay
                said = await self._trial(ground)
                if not said:
                    ground.expect("check")
                    return Probe(True, version=version, overlay=overlay, enforcers=ground.named_enforcers())
            raise self._means.explain(said)
        except BaseException as error:
            if self._ground is None:
                root.remove()
            if isinstance(error, OSError):
                raise no_room(error) from error
            raise

    async def _trial(self, ground: Ground) -> str:
        """What the first sandbox said if it failed."""
        program = Program(("/bin/sh", "-c", ": > /w/trial"), Limits(), timeout_s=60)
        try:
            place = await ground.place("agent", _Nothing(), {})
            try:
                finished = await run_program(ground, "agent", program, place.workspace, {})
            finally:
                await ground.vacate("agent", place)
        except RuntimeFault as fault:
            return fault.message
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
        return replace(
            program,
            limits=self._clamped(program.limits),
            timeout_s=min(program.timeout_s, self._ceiling.check_s),
        )


def _lay_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        for above in reversed(path.relative_to(folder).parents[:-1]):
            (folder / above).mkdir(mode=0o755, exist_ok=True)
            (folder / above).chmod(0o755)
        path.write_bytes(data)
        path.chmod(0o644)
