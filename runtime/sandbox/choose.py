"""Which sandboxes a command uses: bubblewrap's unless it is told otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import Backend

NAMES = ("bubblewrap", "docker")


@dataclass(frozen=True, slots=True)
class SandboxChoice:
    """`image` is the Docker image of sandboxes; empty for the one that is assembled from this machine."""

    name: str = "bubblewrap"
    image: str = ""


def environment_choice(environment: Mapping[str, str] = os.environ) -> SandboxChoice:
    """What CLAWC_SANDBOX and CLAWC_IMAGE say, for commands that have no option for it."""
    return SandboxChoice(environment.get("CLAWC_SANDBOX") or NAMES[0], environment.get("CLAWC_IMAGE", ""))


def backend_of(choice: SandboxChoice, state: Path | None = None) -> Backend:
    """The backend of that name, not probed yet; `state` is the folder for its temporary files. Raises RuntimeFault R0305."""
    if choice.name == "bubblewrap":
        if choice.image:
            raise RuntimeFault("R0305", "bubblewrap has no images", "Give `--sandbox docker` with `--image`.")
        from clawc.runtime.sandbox.bubblewrap import Bubblewrap

        return Bubblewrap(state)
    if choice.name == "docker":
        from clawc.runtime.sandbox.docker.backend import Docker

        return Docker(state, image=choice.image)
    raise RuntimeFault("R0305", f"there is no sandbox `{choice.name}`", f"Choose one of {', '.join(NAMES)}.")
