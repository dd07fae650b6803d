"""What the placing of episodes needs of a cluster: its nodes, and calls to what was started on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Lost(Exception):
    """What was called is gone, with all that it had in flight."""


class Failed(Exception):
    """What was called met an error that it did not foresee; the text is the error."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A node that is alive; `processors` as the cluster counts them."""

    id: str
    name: str
    processors: int


class Remote(Protocol):
    """A `Node` on another machine."""

    async def call(self, name: str, *arguments: str | int | bool | bytes) -> bytes:
        """Call a method. Raises Lost and Failed."""
        ...

    def kill(self) -> None:
        """End it at once; may be called when it is gone."""
        ...


class Link(Protocol):
    """A connection to a cluster."""

    async def open(self) -> None:
        """Connect. Raises RuntimeFault R0701 to R0703."""
        ...

    async def machines(self) -> list[Machine]:
        """The nodes that are alive now. Raises RuntimeFault R0703 when the connection is lost."""
        ...

    def start(self, machine: Machine) -> Remote:
        """Begin to start a `Node` there; the first call waits for it. Raises Lost."""
        ...

    async def close(self) -> None: ...
