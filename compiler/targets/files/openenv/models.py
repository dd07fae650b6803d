"""What an agent can do in a workspace, and what it gets to see."""

# OpenEnv is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Literal

from pydantic import Field

from openenv.core.env_server.types import Action, Observation, State


class WorkspaceAction(Action):
    """One action: `run` takes `command`, `read` and `write` take `path`, `submit` ends the turn."""

    kind: Literal["run", "read", "write", "submit"] = Field(description="What to do")
    command: str = Field(default="", description="run: a command for /bin/sh, in the workspace")
    timeout_s: float = Field(default=60.0, gt=0, le=600, description="run: seconds it may take")
    path: str = Field(default="", description="read, write: a file, relative to the workspace")
    content: str = Field(default="", description="write: the whole new content")
    encoding: Literal["text", "base64"] = Field(default="text", description="read, write: how content is given")
    offset: int = Field(default=0, ge=0, description="read: the byte to start from")
    text: str = Field(default="", description="submit: what to say to the user")


class WorkspaceObservation(Observation):
    """What came of an action. `error` says what the agent did wrong; the reward comes with the last `submit`."""

    task: str = Field(default="", description="The name of the task")
    instruction: str = Field(default="", description="What the user says: after reset, and at the start of a turn")
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = Field(default=None, description="None if the command was ended, or if there is none")
    limit: str = Field(default="", description="The limit that ended the command")
    content: str = Field(default="", description="What was read, as `encoding` says")
    truncated: bool = Field(default=False, description="There is more than this of the output or the file")
    error: str = ""


class WorkspaceState(State):
    """Where the episode stands."""

    task: str = ""
    done: bool = False
