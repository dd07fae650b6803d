"""A resources server of NeMo Gym: a session is a task with a fresh workspace, in which the tools `exec`, `read` and `write`
act; `verify` grades it. Whatever a model calls the tools with, they answer with an object; `error` says what was wrong."""

# NeMo Gym is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,no-redef,no-any-return"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import base64
import os
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from nemo_gym.base_resources_server import (
    BaseResourcesServerConfig,
    BaseSeedSessionRequest,
    BaseSeedSessionResponse,
    BaseVerifyRequest,
    BaseVerifyResponse,
    SimpleResourcesServer,
)
from nemo_gym.server_utils import SESSION_ID_KEY
from pydantic import ConfigDict, PrivateAttr
from starlette.concurrency import run_in_threadpool

try:
    from .episode.episode import COMMAND_S, Episode, Fault, Refused, Settings, load_tasks
except ImportError:
    from episode.episode import COMMAND_S, Episode, Fault, Refused, Settings, load_tasks

TASKS = load_tasks(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bundles"))
# A session whose time was up so long ago is not coming back.
_FORGOTTEN_S = 3600.0


class WorkspaceConfig(BaseResourcesServerConfig):
    """Nothing of our own."""


class WorkspaceSeedRequest(BaseSeedSessionRequest):
    """`task` is the name of a bundle."""

    task: str


class WorkspaceVerifyRequest(BaseVerifyRequest):
    """A row with the response; `task` must be that of the session."""

    model_config = ConfigDict(extra="allow")

    task: str


class WorkspaceVerifyResponse(BaseVerifyResponse):
    """The row with the reward, and what the grader says beside it."""

    model_config = ConfigDict(extra="allow")

    task: str
    verdict: dict[str, Any]


class WorkspaceServer(SimpleResourcesServer):
    """Sessions are held in this process, so there is one worker."""

    config: WorkspaceConfig
    _episodes: dict[str, Episode] = PrivateAttr(default_factory=dict)

    def setup_webserver(self) -> FastAPI:
        app = super().setup_webserver()
        app.post("/exec")(self.exec)
        app.post("/read")(self.read)
        app.post("/write")(self.write)
        return app

    async def seed_session(self, request: Request, body: WorkspaceSeedRequest) -> BaseSeedSessionResponse:
        """Lay the workspace of the row's task."""
        if body.task not in TASKS:
            raise HTTPException(422, "there is no such task")
        for session, episode in list(self._episodes.items()):
            if episode.left_s < -_FORGOTTEN_S:
                await run_in_threadpool(self._episodes.pop(session).close)
        try:
            episode = await run_in_threadpool(Episode, TASKS[body.task], Settings.of_environment())
        except Fault as fault:
            raise HTTPException(500, str(fault)) from fault
        before = self._episodes.get(request.session[SESSION_ID_KEY])
        self._episodes[request.session[SESSION_ID_KEY]] = episode
        if before is not None:
            await run_in_threadpool(before.close)
        return BaseSeedSessionResponse()

    async def exec(self, request: Request) -> dict[str, Any]:
        """`command` for /bin/sh, with `timeout_s`."""
        return await self._tool(request, _exec)

    async def read(self, request: Request) -> dict[str, Any]:
        """The file at `path`, from the byte `offset` on; `encoding` is text or base64."""
        return await self._tool(request, _read)

    async def write(self, request: Request) -> dict[str, Any]:
        """`content` to the file at `path`; `encoding` is text or base64."""
        return await self._tool(request, _write)

    async def verify(self, request: Request, body: WorkspaceVerifyRequest) -> WorkspaceVerifyResponse:
        """The grader's reward. Fails where there is none: for a session that was not seeded, or a machine out of order."""
        episode = self._episodes.get(request.session[SESSION_ID_KEY])
        if episode is None or episode.task.name != body.task:
            raise HTTPException(409, "this session was not seeded with this task")
        try:
            if episode.grade is None:
                await run_in_threadpool(_end, episode, _last_message(body))
            grade = await run_in_threadpool(episode.graded)
        except Fault as fault:
            raise HTTPException(500, str(fault)) from fault
        return WorkspaceVerifyResponse(**{**body.model_dump(), "reward": grade.reward, "verdict": grade.document})

    async def _tool(self, request: Request, act: Any) -> dict[str, Any]:
        episode = self._episodes.get(request.session[SESSION_ID_KEY])
        if episode is None:
            return {"error": "this session was not seeded"}
        try:
            given = await request.json()
            if not isinstance(given, dict):
                raise Refused("the arguments are no object")
            return await run_in_threadpool(act, episode, given)
        except (Refused, Fault) as error:
            return {"error": str(error)}
        except (ValueError, RecursionError):
            return {"error": "the arguments are no JSON"}


def _exec(episode: Episode, given: dict[str, Any]) -> dict[str, Any]:
    ran = episode.run(_text(given, "command"), _number(given, "timeout_s", COMMAND_S))
    seen: dict[str, Any] = {"exit_code": ran.exit, "stdout": ran.stdout, "stderr": ran.stderr}
    if ran.truncated:
        seen["truncated"] = True
    if ran.limit:
        seen["error"] = f"the command was ended: it exceeded its {ran.limit} limit"
    return seen


def _read(episode: Episode, given: dict[str, Any]) -> dict[str, Any]:
    plain = _is_text(given)
    piece = episode.read(_text(given, "path"), int(_number(given, "offset", 0)))
    content = piece.data.decode("utf-8", "replace") if plain else base64.b64encode(piece.data).decode()
    return {"content": content, **({"truncated": True} if piece.more else {})}


def _write(episode: Episode, given: dict[str, Any]) -> dict[str, Any]:
    content = _text(given, "content")
    if _is_text(given):
        data = content.encode("utf-8", "replace")
    else:
        try:
            data = base64.b64decode(content, validate=True)
        except ValueError:
            raise Refused("`content` is not base64") from None
    return {"result": episode.write(_text(given, "path"), data)}


def _end(episode: Episode, text: str) -> None:
    """All turns were said at once, so all end at once."""
    while episode.end_turn(text) is not None:
        pass


def _last_message(body: WorkspaceVerifyRequest) -> str:
    for item in reversed(body.response.output):
        if item.type == "message" and item.role == "assistant":
            content = item.content
            return content if isinstance(content, str) else "".join(getattr(part, "text", "") for part in content)
    return ""


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise Refused(f"`{name}` must be a text")
    return value


def _number(given: dict[str, Any], name: str, default: float) -> float:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        raise Refused(f"`{name}` must be a number")
    return value


def _is_text(given: dict[str, Any]) -> bool:
    encoding = given.get("encoding")
    if encoding not in (None, "text", "base64"):
        raise Refused("`encoding` is text or base64")
    return encoding != "base64"


if __name__ == "__main__":
    WorkspaceServer.run_webserver()
