"""The agent that does nothing: its score is what an untouched workspace is paid."""

from __future__ import annotations

from typing import Literal

from clawc.runtime.bundle import Bundle
from clawc.runtime.harness.interface import Final, Task, Tools


class NullAgent:
    async def run(self, task: Task, tools: Tools) -> Final:
        return Final("")


class Null:
    name = "null"
    endpoint: Literal["none"] = "none"

    def agent(self, bundle: Bundle) -> NullAgent:
        return NullAgent()
