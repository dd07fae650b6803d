"""OpenClaw as an agent: the package as it is published, in the sandbox, as a black box. Each turn is a run of its command `agent`, and all
are one session.

That it ends with status 0, and what it prints, says nothing: after a failure it prints a text of its own. What happened stands in the
gateway's capture.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Literal

from clawc.runtime.bundle import Bundle
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.harness.interface import AGENT_HOME, Final, Needs, Task, Tools
from clawc.runtime.harness.npm import node
from clawc.runtime.harness.npm.install import OPENCLAW
from clawc.runtime.harness.npm.turns import play_turns
from clawc.runtime.harness.openclaw.output import said
from clawc.runtime.harness.openclaw.settings import OpenClawSettings, configuration
from clawc.runtime.harness.program import Ended, run_program
from clawc.runtime.sandbox.interface import WORKSPACE, FileProblem

_STATE = f"{AGENT_HOME}/.openclaw"
_CONFIG = f"{_STATE}/openclaw.json"
_SESSION = "episode"
# What one argument of a program may have.
_MESSAGE = 128 << 10
# It runs in a sandbox without a network: nothing that reaches out or lives beside the agent is started.
QUIET = {
    "OPENCLAW_NO_RESPAWN": "1", "OPENCLAW_SKIP_CHANNELS": "1", "OPENCLAW_SKIP_CRON": "1", "OPENCLAW_SKIP_GMAIL_WATCHER": "1",
    "OPENCLAW_SKIP_CANVAS_HOST": "1", "OPENCLAW_DISABLE_BONJOUR": "1",
}  # fmt: skip


class OpenClaw:
    """The Harness `openclaw`. Raises RuntimeFault R0407 where it is not installed."""

    endpoint: Literal["sandbox"] = "sandbox"

    def __init__(self, settings: OpenClawSettings, model: ModelChoice) -> None:
        self.model = model
        self.settings = settings
        self.needs = Needs(node.mounts(OPENCLAW), 1 << 30, 128, 64 << 20, f"{_STATE}/agents/main/sessions")
        self.name = f"openclaw:{OPENCLAW.version}{settings.tag}@{model.name}"

    def agent(self, bundle: Bundle) -> OpenClawAgent:
        return OpenClawAgent(self.settings)


@dataclass(frozen=True, slots=True)
class OpenClawAgent:
    settings: OpenClawSettings

    async def run(self, task: Task, tools: Tools) -> Final:
        seconds = math.ceil(task.limits.wall_s)
        model = "policy" if task.line is None else task.line.rules.model
        config = json.dumps(configuration(self.settings, task.url, model, seconds), indent=1).encode()

        async def turn(text: str, number: int) -> Ended:
            _require_sayable(text)
            await tools.lay({_CONFIG: config}, 0o600)
            arguments = ["agent", "--local", "--session-id", _SESSION, f"--message={text}", "--json"]
            arguments += ["--timeout", str(seconds), "--thinking", self.settings.thinking]
            return await run_program(
                tools,
                node.command(OPENCLAW, arguments),
                cwd=WORKSPACE,
                env=self._environment(),
                started=task.line.callers.turn if number and task.line is not None else None,
            )

        return await play_turns(task, self.settings, turn, lambda ended: said(ended.err))

    def _environment(self) -> dict[str, str]:
        env = {**node.environment(), **QUIET, "OPENCLAW_STATE_DIR": _STATE, "OPENCLAW_CONFIG_PATH": _CONFIG}
        if not self.settings.bundled_skills:
            env["OPENCLAW_BUNDLED_SKILLS_DIR"] = "/nonexistent"
        return env


def _require_sayable(text: str) -> None:
    """Raises FileProblem for a message that an argument of a program cannot hold, or that OpenClaw does not take."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise FileProblem("OpenClaw cannot be told what is not Unicode") from None
    if not text.strip():
        raise FileProblem("OpenClaw takes no empty message")
    if "\0" in text:
        raise FileProblem("OpenClaw cannot be told a NUL")
    if size + len("--message=") >= _MESSAGE:
        raise FileProblem(f"OpenClaw cannot be told a message of more than {_MESSAGE >> 10} KiB")
