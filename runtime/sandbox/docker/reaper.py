"""Removes containers of runners that are gone, and their volumes. The first process of one ends with its runner, so this is for what
an engine that was killed, or a machine that was switched off, has left: once it is back it removes some containers itself, and leaves
their volumes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from clawc.runtime.sandbox.docker.labels import KIND, NAME, SANDBOX, STATE
from clawc.runtime.sandbox.state import in_use


def reap(client: Any) -> int:
    """How many containers and volumes were removed. Those of other users' runners are left alone unless their state folder is gone."""
    from docker.errors import APIError
    from requests.exceptions import Timeout

    removed = 0
    for found in client.containers(all=True, filters={"label": f"{KIND}={SANDBOX}"}):
        # Labels are inherited from images, names are not.
        ours = any(str(name).startswith(f"/{NAME}") for name in found.get("Names") or ())
        if not ours or in_use(_state(found["Labels"])):
            continue
        try:
            client.remove_container(found["Id"], force=True, v=True)
            removed += 1
        except (APIError, Timeout):
            continue  # another runner, or the engine, is removing it, or cannot
    for found in client.volumes(filters={"label": f"{KIND}={SANDBOX}", "dangling": "true"}).get("Volumes") or ():
        if not in_use(_state(found["Labels"])):
            with suppress(APIError, Timeout):
                client.remove_volume(found["Name"])
                removed += 1
    return removed


def _state(labels: Mapping[str, str]) -> Path:
    """The state folder of the runner that a container or volume was made for."""
    return Path(labels.get(STATE, "/"))
