"""What can be set of the loop agent, in a TOML file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from clawc.runtime.harness.settings_file import read_settings
from clawc.spec.bundle import Strict

ToolName = Literal["read", "write", "edit", "exec", "process"]
ALL_TOOLS: tuple[ToolName, ...] = ("read", "write", "edit", "exec", "process")

SYSTEM = """You are an agent that works on files. Your workspace is the folder /w, where commands start and relative paths begin.
Use the tools to look at the files, to change them and to run commands. Look before you change something, and check what you have \
written. Do the whole task; nobody will answer questions. When it is done, answer without calling a tool: that ends your work."""


class Turn(Strict):
    """What the agent is told when it has answered without calling a tool, at most `times` times: `always`, or when its answer was cut off
    (`cut`), when it has not called a tool since it was last told something (`idle`), or when a deliverable is missing (`missing`)."""

    text: Annotated[str, Field(min_length=1)] = "Continue working on the task."
    when: Literal["always", "cut", "idle", "missing"] = "always"
    times: Annotated[int, Field(ge=1, le=100)] = 1


class LoopSettings(Strict):
    """`steps` bounds the answers of the model, of which the first `demand` must call a tool. `context` is the number of tokens it takes, 0 if that is for the engine to say. A tool
    shows at most `output_bytes`; a command ends after `exec_s` unless it asks for another time, `exec_most_s` at most."""

    system: str = SYSTEM
    tools: tuple[ToolName, ...] = ALL_TOOLS
    steps: Annotated[int, Field(ge=1, le=10_000)] = 100
    demand: Annotated[int, Field(ge=0, le=10_000)] = 0
    context: Annotated[int, Field(ge=0, le=1 << 50)] = 0
    output_bytes: Annotated[int, Field(ge=200, le=1 << 20)] = 16 << 10
    exec_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    exec_most_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    stream: bool = False
    turns: tuple[Turn, ...] = ()

    @property
    def digest(self) -> str:
        """Tells these settings from others; empty for those that nobody has set."""
        if self == LoopSettings():
            return ""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]


def loop_settings(path: Path) -> LoopSettings:
    """Raises RuntimeFault R0404."""
    return read_settings(path, LoopSettings)
