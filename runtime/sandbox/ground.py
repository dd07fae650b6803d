"""What all sandboxes of a runner stand on: bwrap, the filter, the state root and its slots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.command import Descriptors, View, Writable
from clawc.runtime.sandbox.finish import acquire, in_thread
from clawc.runtime.sandbox.interface import LaidFile, Template
from clawc.runtime.sandbox.process import Box, launch
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.state import Slot, Slots, StateRoot, own
from clawc.runtime.sandbox.tools import TOOLS, lay_tools


@dataclass(slots=True)
class Place:
    """A slot with a workspace of its own in it."""

    slot: Slot
    folder: Path
    writable: Writable


class Ground:
    """Starts boxes and gives them places. `overlay` is false where workspaces are copied instead."""

    def __init__(self, root: StateRoot, bwrap: Path, seccomp: bytes) -> None:
        self.root = root
        self.slots = Slots(root)
        self.bwrap = bwrap
        self.seccomp = seccomp
        self.overlay = True
        self.boxes: set[Box] = set()
        self._tools: Path | None = None
        self._lending = asyncio.Lock()
        # Collections of deep trees hold many descriptors, so few run at a time.
        self.collecting = asyncio.Semaphore(2)

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[Slot]:
        """A slot without a workspace."""
        slot = self.slots.take("")
        try:
            yield slot
        finally:
            self.slots.give(slot)

    async def place(self, template: Template, laid: Mapping[str, LaidFile]) -> Place:
        """A slot with a fresh workspace: the template, with files laid over it."""
        slot = self.slots.take(template.key)
        folder = self.root.folder(0o700)
        try:
            return await in_thread(self._prepare, slot, folder, template, laid)
        except BaseException as error:
            remove_tree(folder)
            self.slots.give(slot)
            if isinstance(error, OSError):
                raise RuntimeFault("R0303", f"cannot write a workspace: {error.strerror}") from error
            raise

    def _prepare(self, slot: Slot, folder: Path, template: Template, laid: Mapping[str, LaidFile]) -> Place:
        upper, work = folder / "u", folder / "k"
        lower = self.slots.template(slot, template) if self.overlay else None
        for path in (upper, work):
            path.mkdir(0o700)
        if lower is None:
            template.write(upper)
        for name, file in laid.items():
            _lay(upper, name, file)
        own(folder, slot.user)
        return Place(slot, folder, Writable(upper, work, lower))

    async def vacate(self, place: Place) -> None:
        """Remove a workspace whose sandbox has ended, and free its slot."""
        try:
            await in_thread(remove_tree, place.folder)
        finally:
            self.slots.give(place.slot)

    async def start(
        self,
        view: View,
        command: Sequence[str],
        held: Descriptors,
        slot: Slot,
        *,
        stdin: int,
        stdout: int,
        stderr: int,
        keep: tuple[int, ...] = (),
    ) -> Box:
        """Launch, and remember the box until `end`."""
        if TOOLS in (view.env or {}).get("PYTHONPATH", ""):
            view = replace(view, folders={**(view.folders or {}), TOOLS: await self._lent()})
        work = launch(
            self.bwrap,
            view,
            command,
            held,
            seccomp=self.seccomp,
            user=slot.user,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            keep=keep,
        )
        box = await acquire(work, Box.kill)
        self.boxes.add(box)
        return box

    async def _lent(self) -> Path:
        """The folder of the tools that the runner lends, made at the first use."""
        async with self._lending:
            if self._tools is None:
                folder = self.root.folder(0o755)
                await in_thread(lay_tools, folder)
                self._tools = folder
            return self._tools

    async def end(self, box: Box) -> None:
        await box.kill()
        self.boxes.discard(box)

    def end_now(self) -> None:
        """At the end of the process: kill without waiting."""
        for box in self.boxes:
            box.kill_now()


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
