"""The bubblewrap backend: no daemon and no root, a sandbox in a few milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox import probe
from clawc.runtime.sandbox.local import CEILING, LocalBackend
from clawc.runtime.sandbox.orphans import end_orphans
from clawc.runtime.sandbox.pods import Pods
from clawc.runtime.sandbox.state import StateRoot, first_user
from clawc.spec.bundle import Limits


class Bubblewrap(LocalBackend):
    """A Backend. `state` is the folder for its temporary root (default: the system's)."""

    def __init__(self, state: Path | None = None, ceiling: Limits = CEILING) -> None:
        super().__init__(_Means(), state, ceiling)


class _Means:
    def __init__(self) -> None:
        self._machine = ""
        self._bwrap = Path()

    async def find(self) -> str:
        self._machine = probe.require_system()
        self._bwrap, version = probe.find_bwrap()
        end_orphans()
        return version

    async def starter(self, root: StateRoot) -> Pods:
        dropped = first_user() is not None
        return Pods(probe.stage(self._bwrap, root.folder()) if dropped else self._bwrap, self._machine)

    async def close(self) -> None:
        """Nothing is open."""

    def explain(self, said: str) -> SandboxUnavailable:
        return probe.explain(said)

    def missing(self, tools: Sequence[str]) -> tuple[str, ...]:
        return probe.missing_tools(tools)
