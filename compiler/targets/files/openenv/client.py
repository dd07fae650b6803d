"""The client: `WorkspaceEnv(base_url=…).sync()` has `reset(task=…)` and `step(WorkspaceAction(…))`."""

# OpenEnv is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,no-redef,no-any-return"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

from openenv.core import EnvClient
from openenv.core.client_types import StepResult

try:
    from .models import WorkspaceAction, WorkspaceObservation, WorkspaceState
except ImportError:
    from models import WorkspaceAction, WorkspaceObservation, WorkspaceState


class WorkspaceEnv(EnvClient[WorkspaceAction, WorkspaceObservation, WorkspaceState]):
    """One session with a workspace of its own."""

    def _step_payload(self, action: WorkspaceAction) -> dict[str, Any]:
        return action.model_dump(exclude_defaults=True)

    def _parse_result(self, payload: dict[str, Any]) -> StepResult[WorkspaceObservation]:
        reward, done = payload.get("reward"), payload.get("done", False)
        seen = WorkspaceObservation(**{**payload.get("observation", {}), "reward": reward, "done": done})
        return StepResult(observation=seen, reward=reward, done=done, metadata=payload.get("metadata"))

    def _parse_state(self, payload: dict[str, Any]) -> WorkspaceState:
        return WorkspaceState(**payload)
