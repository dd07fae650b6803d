"""Tasks over files: an OpenEnv environment."""

# OpenEnv is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from .client import WorkspaceEnv
from .models import WorkspaceAction, WorkspaceObservation, WorkspaceState

__all__ = ["WorkspaceAction", "WorkspaceEnv", "WorkspaceObservation", "WorkspaceState"]
