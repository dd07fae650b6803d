"""pi (`@mariozechner/pi-coding-agent`) as an agent: the package as it is published, in the sandbox, with its own loop, prompt and tools."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from clawc.runtime.bundle import Bundle
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.harness.interface import AGENT_HOME, Final, Needs, Task, Tools
from clawc.runtime.harness.npm import node
from clawc.runtime.harness.npm.install import PI
from clawc.runtime.harness.npm.turns import BlackBoxSettings, play_turns
from clawc.runtime.harness.program import Ended, run_program
from clawc.runtime.sandbox.interface import WORKSPACE

_CONFIG = f"{AGENT_HOME}/config"
_SESSIONS = f"{AGENT_HOME}/sessions"
_SKILLS = f"{WORKSPACE}/skills"

PiTool = Literal["read", "write", "edit", "bash", "grep", "find", "ls"]


class PiSettings(BlackBoxSettings):
    """`tools` are those of pi that it may use. pi extends what it tells the model of itself by `system`."""

    tools: Annotated[tuple[PiTool, ...], Field(min_length=1)] = ("read", "write", "edit", "bash")
    system: Annotated[str, Field(max_length=30_000, pattern=r"^[^\x00]*$")] = ""  # one argument of a program


class Pi:
    """The Harness `pi`. Raises RuntimeFault R0407 where it is not installed."""

    endpoint: Literal["sandbox"] = "sandbox"

    def __init__(self, settings: PiSettings, model: ModelChoice) -> None:
        self.model = model
        self.settings = settings
        self.needs = Needs(node.mounts(PI), 512 << 20, 64, 64 << 20, _SESSIONS)
        self.name = f"pi:{PI.version}{settings.tag}@{model.name}"

    def agent(self, bundle: Bundle) -> PiAgent:
        return PiAgent(self.settings)


@dataclass(frozen=True, slots=True)
class PiAgent:
    settings: PiSettings

    async def run(self, task: Task, tools: Tools) -> Final:
        model = "policy" if task.line is None else task.line.rules.model
        config = json.dumps(models(self.settings, task.url, model)).encode()
        skills = ["--skill", _SKILLS] if await tools.exist([_SKILLS]) else []

        async def turn(text: str, number: int) -> Ended:
            again = ["--continue"] if number else []
            await tools.lay({f"{_CONFIG}/models.json": config}, 0o644)
            return await run_program(
                tools,
                node.command(PI, [*arguments(self.settings, model, _SESSIONS), *skills, *again]),
                cwd=WORKSPACE,
                env={**node.environment(), "PI_CODING_AGENT_DIR": _CONFIG, "PI_OFFLINE": "1", "PI_TELEMETRY": "0"},
                stdin=text,  # a message of any length and beginning
                started=task.line.callers.turn if number and task.line is not None else None,
            )

        return await play_turns(task, self.settings, turn, lambda ended: (ended.out,))


def arguments(settings: PiSettings, model: str, sessions: str) -> list[str]:
    """pi's command line, but for what it is told."""
    found = ["-p", "--mode", "text", "--provider", "policy", "--model", model, "--thinking", "off"]
    found += ["--session-dir", sessions, "--offline", "--tools", ",".join(settings.tools)]
    found += ["--no-extensions", "--no-prompt-templates", "--no-themes", "--no-context-files", "--no-skills"]
    return [*found, "--append-system-prompt", settings.system] if settings.system else found


def models(settings: PiSettings, url: str, model: str) -> dict[str, object]:
    """pi's `models.json`: one model at an address."""
    about: dict[str, object] = {
        "id": model, "contextWindow": settings.context_window, "maxTokens": settings.max_tokens,
    }  # fmt: skip
    provider: dict[str, object] = {
        "baseUrl": url, "api": "openai-completions", "apiKey": "none",
        "compat": {"supportsDeveloperRole": False, "supportsReasoningEffort": False}, "models": [about],
    }  # fmt: skip
    return {"providers": {"policy": provider}}
