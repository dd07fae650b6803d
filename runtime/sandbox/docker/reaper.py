"""Removes containers of runners that are gone. The first process of one ends with its runner, so this is for what an engine that was
killed, or a machine that was switched off, has left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clawc.runtime.sandbox.docker.labels import KIND, NAME, SANDBOX, STATE
from clawc.runtime.sandbox.state import in_use


def reap(client: Any) -> int:
    """How many were removed. Those of other users' runners are left alone unless their state folder is gone."""
    from docker.errors import APIError

    removed = 0
    for found in client.containers(all=True, filters={"label": f"{KIND}={SANDBOX}"}):
        # Labels are inherited from images, names are not.
        ours = any(str(name).startswith(f"/{NAME}") for name in found.get("Names") or ())
        if not ours or in_use(Path(str(found.get("Labels", {}).get(STATE, "/")))):
            continue
        try:
            client.remove_container(found["Id"], force=True, v=True)
            removed += 1
        except APIError:
            continue  # another runner, or the engine, is removing it
    return removed
