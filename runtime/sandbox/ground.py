"""What all sandboxes of a runner stand on: the state root and, for each role, an area of it.

Agents, the programs that a checker wants run, and checkers have an area each: none sees the files of another, and as root
each has a user of its own.
"""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.box import Box
from clawc.runtime.sandbox.duplicate import duplicate
from clawc.runtime.sandbox.finish import acquire, finish, in_thread
from clawc.runtime.sandbox.interface import LaidFile, SandboxEnded, Template
from clawc.runtime.sandbox.layers import Layer, Layers
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.start import Start, Workspace
from clawc.runtime.sandbox.state import StateRoot, first_user, own
from clawc.runtime.sandbox.tools import TOOLS, lay_tools

Role = Literal["agent", "job", "check"]
ROLES: tuple[Role, ...] = ("agent", "job", "check")
# Errors of keeping a workspace that its author has brought about.
_ITS_OWN = {
    errno.EFBIG, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ESTALE, errno.EAGAIN,
    errno.EEXIST, errno.ENXIO, errno.EISDIR,
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Place:
    """A workspace of its own for one sandbox; `layers` are what it stands on, the topmost first. `further` are writable
    folders beside it, by their path inside."""

    folder: Path
    workspace: Workspace
    layers: tuple[Layer, ...]
    further: dict[str, Path] = field(default_factory=dict[str, Path])

    def written(self) -> tuple[Path, ...]:
        """Where all that its sandbox writes to the disk lies."""
        return (self.workspace.upper, *self.further.values())


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """A role's part of the disk. `user` is whom its sandboxes run as on this machine, None for the runner's own."""

    role: Role
    path: Path
    user: int | None
    layers: Layers


class Starter(Protocol):
    """What starts the processes of sandboxes. `enforcers` says who holds each limit."""

    enforcers: Mapping[str, str]

    async def start(self, area: Area, start: Start, fds: Sequence[int]) -> Box:
        """Start a box that gets the descriptors as 0, 1, 2 …; raises RuntimeFault R0302. Not to be cancelled."""
        ...

    async def clear(self, folders: Sequence[Path]) -> None:
        """Remove folders that hold what our user may not remove."""
        ...

    def expect(self, area: Area) -> None:
        """Have what the first box there needs ready by the time that it is wanted."""
        ...

    async def end(self) -> None:
        """End all boxes."""
        ...

    async def close(self) -> None:
        """Let go of what boxes were started by; comes after `end`."""
        ...

    def end_now(self) -> None:
        """At the end of the process: kill without waiting."""
        ...


class Ground:
    """Starts boxes and gives them places. `overlay` is false where workspaces are copied instead."""

    def __init__(self, root: StateRoot, starter: Starter) -> None:
        self.root = root
        self.starter = starter
        self.overlay = True
        first = first_user()
        self.drops_user = first is not None
        self._areas: dict[Role, Area] = {}
        for number, role in enumerate(ROLES):
            user = None if first is None else first + number
            path = root.folder(0o711)
            self._areas[role] = Area(role, path, user, Layers(root, path, user))
        # What is left of workspaces that could not be removed whole.
        self._remains: list[Path] = []
        self._tools: dict[Role, Path] = {}
        self._lending = asyncio.Lock()
        # Collections of deep trees hold many descriptors, so few run at a time.
        self.collecting = asyncio.Semaphore(2)
        # So do looks at what workspaces take.
        self.looking = asyncio.Semaphore(3)

    def area(self, role: Role) -> Area:
        return self._areas[role]

    def folder(self, role: Role, mode: int) -> Path:
        """A new empty folder of the runner's in a role's area."""
        return self.root.folder(mode, self._areas[role].path)

    async def place(self, role: Role, template: Template | Layer, laid: Mapping[str, LaidFile]) -> Place:
        """A fresh workspace: the template or snapshot, with files laid over it."""
        area = self._areas[role]
        folder = self.folder(role, 0o700)
        layers: tuple[Layer, ...] = ()
        try:
            if isinstance(template, Layer):
                template.uses += 1
                layers = template.stack()
            elif self.overlay:
                layers = (await area.layers.of(template),)
            source = template if not layers and not isinstance(template, Layer) else None
            if layers and self.overlay and not laid:
                # Two folders: a thread would cost more.
                workspace = _prepare(folder, layers, None, laid, area.user, True)
            else:
                workspace = await in_thread(_prepare, folder, layers, source, laid, area.user, self.overlay)
            return Place(folder, workspace, layers)
        except BaseException as error:
            await finish(self._undo(area, folder, layers))
            if isinstance(error, OSError):
                raise RuntimeFault("R0303", f"cannot write a workspace: {error.strerror}") from error
            raise

    def add_folder(self, role: Role, place: Place, at: str) -> None:
        """One more empty folder that its sandbox may write to, which is to be started yet. Raises RuntimeFault R0303."""
        folder = place.folder / f"f{len(place.further)}"
        try:
            folder.mkdir(0o755)
            own(folder, self._areas[role].user)
        except OSError as error:
            raise RuntimeFault("R0303", f"cannot write a folder for a sandbox: {error.strerror}") from error
        place.further[at] = folder

    async def _undo(self, area: Area, folder: Path, layers: tuple[Layer, ...]) -> None:
        try:
            await in_thread(remove_tree, folder)
        except OSError:
            self._remains.append(folder)
        if layers:
            await area.layers.release(layers[0])

    async def vacate(self, role: Role, place: Place) -> None:
        """Remove a workspace whose sandbox has ended."""
        await self._undo(self._areas[role], place.folder, place.layers)

    async def keep(self, role: Role, place: Place, max_bytes: int) -> Layer:
        """A layer of what the sandbox in `place` has written so far; everything in it should stand still. The caller releases
        it.

        Raises SandboxEnded if that is more than it may have written, or changes meanwhile; else RuntimeFault R0303. Not to be
        cancelled.
        """
        area = self._areas[role]
        folder = self.folder(role, 0o755)
        try:
            own(folder, area.user)
            async with self.collecting:
                await in_thread(duplicate, place.workspace.upper, folder, area.user, max_bytes)
        except BaseException as error:
            await finish(in_thread(remove_tree, folder))
            if isinstance(error, OSError) and error.errno in _ITS_OWN:
                limit = "disk" if error.errno == errno.EFBIG else ""
                raise SandboxEnded(limit, f"the workspace cannot be kept: {error.strerror}") from error
            if isinstance(error, OSError):
                raise RuntimeFault("R0303", f"cannot keep a workspace: {error.strerror}") from error
            raise
        for layer in place.layers[:1]:
            layer.uses += 1
        return Layer(folder, below=place.layers)

    @property
    def enforcers(self) -> Mapping[str, str]:
        """Who holds each limit."""
        return self.starter.enforcers

    def named_enforcers(self) -> tuple[str, ...]:
        """What bounds a sandbox, as records name it."""
        found = [f"{name}:{by}" for name, by in self.enforcers.items()]
        found += ["calls:seccomp", "workspace:overlay" if self.overlay else "workspace:copy"]
        return (*found, "user:own" if self.drops_user else "user:shared")

    async def start(self, role: Role, start: Start, fds: Sequence[int]) -> Box:
        """Start a box in a role's area."""
        if TOOLS in start.env.get("PYTHONPATH", ""):
            start = start.with_folder(TOOLS, await self._lent(role))
        return await acquire(self.starter.start(self._areas[role], start, fds), _end)

    def expect(self, role: Role) -> None:
        """A first box in a role's area will be wanted soon."""
        self.starter.expect(self._areas[role])

    async def _lent(self, role: Role) -> Path:
        """The folder of the tools that the runner lends, made at the first use."""
        async with self._lending:
            if role not in self._tools:
                folder = self.folder(role, 0o755)
                await in_thread(lay_tools, folder)
                self._tools[role] = folder
            return self._tools[role]

    async def close(self) -> None:
        """End all sandboxes."""
        await self.starter.end()
        if self._remains:
            await self.starter.clear(self._remains)
        await self.starter.close()

    def end_now(self) -> None:
        """At the end of the process: kill without waiting."""
        self.starter.end_now()


async def _end(box: Box) -> None:
    await box.kill()


def _prepare(
    folder: Path,
    layers: tuple[Layer, ...],
    source: Template | None,
    laid: Mapping[str, LaidFile],
    user: int | None,
    overlay: bool,
) -> Workspace:
    upper, work = folder / "u", folder / "k"
    for path in (upper, work):
        path.mkdir(0o755)
    upper.chmod(0o755)
    if source is not None:
        source.write(upper)
    elif not overlay:
        duplicate(layers[0].path, upper, user, sys.maxsize)
        layers = ()
    for name, file in laid.items():
        _lay(upper, name, file)
    own(folder, user)
    return Workspace(upper, work, tuple(layer.path for layer in layers))


def _lay(upper: Path, name: str, file: LaidFile) -> None:
    """Write one file over the template, in place of whatever stands in its way. Nobody else is writing
    here."""
    *folders, last = name.split("/")
    at = upper
    for part in folders:
        at /= part
        if at.is_file():
            at.unlink()
        at.mkdir(exist_ok=True)
    target = at / last
    if target.is_dir():
        remove_tree(target)
    target.write_bytes(file.data)
    target.chmod(file.mode)
