"""The application: `uvicorn server.app:app`, or `python -m server.app`."""

# OpenEnv is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,no-redef,no-any-return"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import argparse
import os

import uvicorn

from openenv.core.env_server.http_server import create_app

try:
    from ..models import WorkspaceAction, WorkspaceObservation, WorkspaceState
    from .environment import COLLECTION, WorkspaceEnvironment
except ImportError:
    from models import WorkspaceAction, WorkspaceObservation, WorkspaceState
    from server.environment import COLLECTION, WorkspaceEnvironment

app = create_app(
    WorkspaceEnvironment,
    WorkspaceAction,
    WorkspaceObservation,
    env_name=COLLECTION["name"],
    max_concurrent_envs=int(os.environ.get("CLAWC_SESSIONS", "16")),
    state_cls=WorkspaceState,
)


def main() -> None:
    """Serve it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    uvicorn.run(app, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
