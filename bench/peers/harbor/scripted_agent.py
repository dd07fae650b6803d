"""A Harbor agent that runs given shell commands, without a model."""

# Harbor is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json

from harbor.agents.base import BaseAgent
from harbor.environments.base import BaseEnvironment
from harbor.models.agent.context import AgentContext


class ScriptedAgent(BaseAgent):
    """`commands` is a JSON list of shell commands, for one `exec` each."""

    def __init__(self, *args: object, commands: str | list[str], **options: object) -> None:
        super().__init__(*args, **options)
        self._commands = json.loads(commands) if isinstance(commands, str) else commands

    @staticmethod
    def name() -> str:
        return "scripted"

    def version(self) -> str:
        return "1"

    async def setup(self, environment: BaseEnvironment) -> None:
        return

    async def run(self, instruction: str, environment: BaseEnvironment, context: AgentContext) -> None:
        for command in self._commands:
            done = await environment.exec(command)
            if done.return_code:
                raise RuntimeError(f"{command!r} ended with {done.return_code}: {done.stderr}")
