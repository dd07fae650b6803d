"""Read-only layers under workspaces: a template is written once and shared by all workspaces that start from it.

A layer stays while something uses it; then it is kept for the next one, up to a number, and the one that waited longest goes.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.interface import Template
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.state import StateRoot, own

# Layers without a user that are kept.
KEPT = 64


@dataclass(slots=True, eq=False)
class Layer:
    """A folder that nobody writes to. `below` are the layers under it, the topmost first, of which it uses the first;
    `key` is empty for a snapshot."""

    path: Path
    key: str = ""
    below: tuple[Layer, ...] = ()
    uses: int = 1

    def stack(self) -> tuple[Layer, ...]:
        return (self, *self.below)


@dataclass(slots=True)
class Layers:
    """The layers of one area."""

    root: StateRoot
    area: Path
    user: int | None
    _known: OrderedDict[str, Layer] = field(default_factory=OrderedDict[str, Layer])
    _writing: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    async def of(self, template: Template) -> Layer:
        """The layer of a template, in use by the caller until `release`. Raises OSError, or what the template raises."""
        lock = self._writing.setdefault(template.key, asyncio.Lock())
        async with lock:
            layer = self._known.get(template.key)
            if layer is None:
                folder = self.root.folder(0o700, self.area)
                try:
                    await in_thread(_write, template, folder, self.user)
                except BaseException:
                    await finish(in_thread(remove_tree, folder))
                    raise
                layer = self._known[template.key] = Layer(folder, template.key, uses=0)
            self._known.move_to_end(template.key)
            layer.uses += 1
        self._writing.pop(template.key, None)
        await self._thin()
        return layer

    async def release(self, layer: Layer) -> None:
        layer.uses -= 1
        if layer.uses == 0 and not layer.key:
            await in_thread(remove_tree, layer.path)
            if layer.below:
                await self.release(layer.below[0])

    async def _thin(self) -> None:
        idle = [layer for layer in self._known.values() if layer.uses == 0]
        for layer in idle[: max(0, len(idle) - KEPT)]:
            # While another one is removed, this one may have been taken, or be gone.
            if layer.uses == 0 and self._known.get(layer.key) is layer:
                del self._known[layer.key]
                await in_thread(remove_tree, layer.path)


def _write(template: Template, folder: Path, user: int | None) -> None:
    template.write(folder)
    folder.chmod(0o755)
    own(folder, user)
