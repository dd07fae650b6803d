"""The gateway: between the harnesses of a run and its model. Nothing else of the runtime speaks to a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clawc.runtime.engine.interface import Engine
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.gateway.capture import CAPTURE, Capture
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.line import Line, Rules
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.store.journal import fault_of

__all__ = ["CAPTURE", "Gateway"]


@dataclass(slots=True, eq=False)
class Gateway:
    """`engine` answers the calls of all attempts; each has a line of its own."""

    engine: Engine
    rules: Rules = field(default_factory=Rules)
    caps: Caps = field(default_factory=Caps)
    budget: Budget = field(default_factory=Budget)

    async def open(self) -> None:
        """Raises RuntimeFault if no call could be answered, R0964 if a budget is set and a price is missing."""
        self.budget.require_prices(self.engine)
        self.budget.open()
        await self.engine.open()

    @asynccontextmanager
    async def line(self, key: str, folder: Path) -> AsyncGenerator[Line]:
        """The line of one attempt, captured in its folder; to be closed by whoever wants its report. Raises RuntimeFault R0203 or R0207."""
        try:
            capture = Capture(folder / CAPTURE)
        except OSError as error:
            raise fault_of(error, folder) from error
        line = Line(key, self.engine, self.rules, self.caps, capture, self.budget)
        try:
            yield line
        finally:
            await finish(line.close())

    async def close(self) -> None:
        """May be called twice."""
        self.budget.close()
        await finish(self.engine.close())
