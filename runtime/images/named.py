"""Images that the user names: they are taken as they are, and never fetched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.images import api
from clawc.runtime.images.host import HostImage
from clawc.runtime.sandbox.interface import WORKSPACE

if TYPE_CHECKING:
    from docker import APIClient

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@\-]{0,400}")


def named_image(client: APIClient, reference: str) -> HostImage:
    """The image of that name or id, which the engine has. Raises RuntimeFault R0801, or SandboxUnavailable."""
    if not _REFERENCE.fullmatch(reference) or ".." in reference:
        raise RuntimeFault(
            "R0801", f"`{reference[:200]!a}` is not the name of an image", "Names are such as `debian:bookworm-slim`."
        )
    found = api.inspect(client, reference)
    if found is None:
        raise RuntimeFault(
            "R0801",
            f"the Docker engine has no image `{reference}`",
            f"Images are not fetched by themselves: `docker pull {reference}`, or `docker load` of an archive.",
        )
    if found.get("Os", "linux") != "linux":
        raise RuntimeFault("R0801", f"the image `{reference}` is for {found['Os']}", "Name one for Linux.")
    programs = api.labels_of(found).get(api.PROGRAMS)
    volumes = api.volumes_of(found)
    if inside := sorted(path for path in volumes if path.startswith(f"{WORKSPACE}/")):
        raise RuntimeFault(
            "R0801",
            f"the image `{reference}` declares a volume inside of the workspace, `{inside[0]}`",
            f"`{WORKSPACE}` is the task's own: build the image without this volume.",
        )
    return HostImage(str(found["Id"]), "", None if programs is None else frozenset(programs.split()), volumes)
