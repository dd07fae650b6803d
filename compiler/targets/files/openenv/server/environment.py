"""The environment: an episode is a task with a fresh workspace. What an agent does wrong is an observation with `error`;
only a machine or bundle out of order raises."""

# OpenEnv is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,no-redef,no-any-return"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import base64
import binascii
import json
import os
import random
import uuid
from typing import Any

from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import EnvironmentMetadata

try:
    from ..models import WorkspaceAction, WorkspaceObservation, WorkspaceState
    from .episode.episode import Episode, Refused, Settings, load_tasks
except ImportError:
    from models import WorkspaceAction, WorkspaceObservation, WorkspaceState
    from server.episode.episode import Episode, Refused, Settings, load_tasks

_HERE = os.path.dirname(os.path.abspath(__file__))
SPLIT = "all"
with open(os.path.join(_HERE, "collection.json"), encoding="utf-8") as _file:
    COLLECTION: dict[str, str] = json.load(_file)
TASKS = load_tasks(os.path.join(os.path.dirname(_HERE), "tasks"))
NAMES = sorted(TASKS)


class WorkspaceEnvironment(Environment[WorkspaceAction, WorkspaceObservation, WorkspaceState]):
    """Also a provider of tasks, all in the one split `all`."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings.of_environment()
        self._episode: Episode | None = None
        self._state = WorkspaceState(episode_id=str(uuid.uuid4()))

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, task: str | None = None,
        split: str | None = None, index: int | None = None, injected_state: dict[str, Any] | None = None, **_: Any,
    ) -> WorkspaceObservation:  # fmt: skip
        """Begin the task named `task`, else the one at `index`, else the one that belongs to `seed`, else any. With
        `injected_state` (`task`, `files`: path to base64, `deleted`: paths) the workspace is brought into that state."""
        self._end()
        known = isinstance(episode_id, str) and episode_id != ""
        self._state = WorkspaceState(episode_id=episode_id if known else str(uuid.uuid4()))
        try:
            state = _injected(injected_state)
            name = _chosen(seed, task or (state.task if state else None), split, index)
            self._episode = episode = Episode(TASKS[name], self._settings)
            self._state.task = name
            if state:
                episode.put(state.files, state.deleted)
        except Refused as refused:
            self._end()
            return WorkspaceObservation(error=str(refused))
        return WorkspaceObservation(task=name, instruction=TASKS[name].texts[0])

    def step(self, action: WorkspaceAction, timeout_s: float | None = None, **_: Any) -> WorkspaceObservation:
        """Do one action. Each counts as a step, also one that is refused."""
        self._state.step_count += 1
        seen = WorkspaceObservation(task=self._state.task, reward=0.0, done=self._state.done)
        if self._episode is None:
            seen.error = "there is no episode: reset comes first"
            return seen
        try:
            self._do(self._episode, action, seen)
        except Refused as refused:
            seen.error = str(refused)
        return seen

    @property
    def state(self) -> WorkspaceState:
        return self._state

    def get_metadata(self) -> EnvironmentMetadata:
        return EnvironmentMetadata(
            name=COLLECTION["name"], description=COLLECTION["description"], version=COLLECTION["version"]
        )

    def close(self) -> None:
        self._end()

    def list_splits(self) -> list[dict[str, str]]:
        return [{"name": SPLIT, "type": "train"}]

    def num_tasks(self, split: str) -> int:
        return len(NAMES) if split == SPLIT else 0

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        return self.get_task_range(split)

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        if not 0 <= index < self.num_tasks(split):
            raise IndexError(f"there is no task {index} in this split")
        task = TASKS[NAMES[index]]
        return {"id": task.name, "index": index, "title": task.title, "instruction": task.texts[0]}

    def get_task_range(self, split: str, start: int | None = None, stop: int | None = None) -> list[dict[str, Any]]:
        return [self.get_task(split, index) for index in range(self.num_tasks(split))[start:stop]]

    def _do(self, episode: Episode, action: WorkspaceAction, seen: WorkspaceObservation) -> None:
        if action.kind == "run":
            ran = episode.run(action.command, action.timeout_s)
            seen.stdout, seen.stderr, seen.exit_code = ran.stdout, ran.stderr, ran.exit
            seen.truncated, seen.limit = ran.truncated, ran.limit
        elif action.kind == "read":
            piece = episode.read(action.path, action.offset)
            plain = action.encoding == "text"
            seen.content = piece.data.decode("utf-8", "replace") if plain else base64.b64encode(piece.data).decode()
            seen.truncated = piece.more
        elif action.kind == "write":
            plain = action.encoding == "text"
            seen.stdout = episode.write(action.path, action.content.encode() if plain else _bytes(action.content))
        elif (following := episode.end_turn(action.text)) is not None:
            seen.instruction = following
        else:
            seen.reward = episode.graded().reward
            seen.done = self._state.done = True

    def _end(self) -> None:
        if self._episode is not None:
            self._episode.close()
            self._episode = None


class _State:
    def __init__(self, task: str, files: dict[str, bytes], deleted: list[str]) -> None:
        self.task, self.files, self.deleted = task, files, deleted


def _injected(given: object) -> _State | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refused("a state is an object")
    task, files, deleted = given.get("task"), given.get("files", {}), given.get("deleted", [])
    wanted = "a state has `task`, `files` from path to base64, and `deleted` paths"
    if not isinstance(task, str) or not isinstance(files, dict) or not isinstance(deleted, list):
        raise Refused(wanted)
    if not all(isinstance(text, str) for text in (*files, *files.values(), *deleted)):
        raise Refused(wanted)
    return _State(task, {path: _bytes(text) for path, text in files.items()}, deleted)


def _chosen(seed: object, task: object, split: object, index: object) -> str:
    if split is not None and split != SPLIT:
        raise Refused(f"there is one split, `{SPLIT}`")
    if task is not None:
        if not isinstance(task, str) or task not in TASKS:
            raise Refused("there is no such task; the tasks are " + ", ".join(NAMES))
        return task
    if index is not None:
        if not isinstance(index, int) or not 0 <= index < len(NAMES):
            raise Refused(f"there are {len(NAMES)} tasks, from 0 on")
        return NAMES[index]
    if seed is None:
        return random.choice(NAMES)
    if not isinstance(seed, int):
        raise Refused("a seed is a whole number")
    return NAMES[seed % len(NAMES)]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Refused("the content is not base64") from None
