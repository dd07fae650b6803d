"""The image of a bundle: its workspace upon a base, as an agent first finds it, to take where clawc is not.

What it is built from holds the Dockerfile and the workspace, and nothing else of the bundle: no checker, no solution, no rubric. All
files travel in one tar, so that no name of a stranger stands in the Dockerfile.
"""

from __future__ import annotations

import os
import re
import stat
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.images import api
from clawc.runtime.images.gather import Entry
from clawc.runtime.images.host import REPOSITORY, host_image, host_reference
from clawc.runtime.images.instructions import argument, command, env, labels
from clawc.runtime.images.layer import write_layer
from clawc.runtime.images.named import named_image
from clawc.runtime.sandbox.command import BASE_ENV
from clawc.runtime.sandbox.interface import WORKSPACE
from clawc.runtime.sandbox.tools import TOOLS, lay_tools, offered, tool_env
from clawc.runtime.workspace import BundleTemplate
from clawc.spec.bundle import Manifest

if TYPE_CHECKING:
    from docker import APIClient

# Changes with the Dockerfile and what else decides what is in an image.
_RECIPE = "1"
_AGENT = 1000
# Files have no time of their own; zip knows none before 1980.
_TIME = 946_684_800
_FILES = "workspace.tar"


@dataclass(frozen=True, slots=True)
class BundleImage:
    """`missing` are tools of the task that the base is known to lack; `built` is false where the engine had the image."""

    id: str
    reference: str
    bundle: str
    base: str
    missing: tuple[str, ...]
    built: bool


def bundle_image(client: APIClient, bundle: Bundle, base: str = "") -> BundleImage:
    """The image of a bundle upon the image of this machine, or upon one that the user names; built unless the engine has it.

    Raises RuntimeFault R0801 where the base is not there, R0802 where a value cannot be written into a Dockerfile, and SandboxUnavailable.
    """
    manifest = bundle.manifest
    below = named_image(client, base) if base else host_image(client, manifest.environment.tools)
    # What a rebuilt image would be upon is said by name; what this one is upon is exact.
    shown = base or host_reference(below.key)
    reference = f"{_repository(manifest)}:{manifest.id[:12]}" + (f"-{below.id[7:19]}" if base else "")
    marks = {api.BUNDLE: manifest.id, api.BASE: below.id, api.RECIPE: _RECIPE, api.KIND: api.BUNDLE_KIND}
    missing = _missing(manifest, below.programs)
    there = api.inspect(client, reference)
    if there is not None and marks.items() <= api.labels_of(there).items():
        return BundleImage(str(there["Id"]), reference, manifest.id, below.id, missing, False)
    try:
        with tempfile.TemporaryDirectory(prefix="clawc-image-") as scratch, tempfile.TemporaryFile() as context:
            folder = Path(scratch, "context")
            folder.mkdir()
            write_context(bundle, shown, {**marks, api.TASK: manifest.task}, folder)
            with tarfile.open(fileobj=context, mode="w") as tar:
                for path in sorted(folder.iterdir()):
                    tar.add(path, path.name)
            context.seek(0)
            made = api.build(client, context, reference, {"BASE": below.id})
    except OSError as error:
        where = f"`{error.filename}`" if isinstance(error.filename, str) else "its files"
        raise SandboxUnavailable(
            f"the image of `{manifest.task}` cannot be built: {where}: {error.strerror or error}",
            "Free some space, or set TMPDIR to a folder that has some.",
        ) from error
    return BundleImage(made, reference, manifest.id, below.id, missing, True)


def write_context(bundle: Bundle, base: str, marks: dict[str, str], dest: Path) -> None:
    """What the image is built from, in the empty folder `dest`: a Dockerfile, whose ARG BASE is `base`, and a tar."""
    manifest = bundle.manifest
    (dest / "Dockerfile").write_text(_dockerfile(manifest, base, marks), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="clawc-image-") as scratch, open(dest / _FILES, "wb") as out:
        workspace, tools = Path(scratch, "w"), Path(scratch, "tools")
        for folder in (workspace, tools):
            folder.mkdir()
        BundleTemplate(bundle).write(workspace)
        entries = _entries(workspace, WORKSPACE.removeprefix("/"), _AGENT)
        if any(map(offered, manifest.environment.tools)):
            lay_tools(tools)
            entries |= _entries(tools, TOOLS.removeprefix("/"), 0)
        write_layer(entries, out)


def _dockerfile(manifest: Manifest, base: str, marks: dict[str, str]) -> str:
    variables = {**tool_env(manifest.environment.tools, BASE_ENV["PATH"]), **manifest.environment.env}
    lines = [
        f"# The workspace of the task {manifest.task}, as an agent first finds it: clawc made it of a bundle.",
        argument("BASE", base),
        "FROM ${BASE}",
        f"ADD {_FILES} /",
        *([env(variables)] if variables else []),
        f"WORKDIR {WORKSPACE}",
        f"USER {_AGENT}:{_AGENT}",
        command(["sleep", "infinity"]),
        # Last, so that only a whole image has them.
        labels(marks),
    ]
    return "\n".join(lines) + "\n"


def _entries(folder: Path, name: str, owner: int) -> dict[str, Entry]:
    """The folder and all below it, as entries below `name`."""
    found = {name: Entry(0o755 | stat.S_IFDIR, mtime=_TIME, owner=owner)}
    for parent, folders, files in os.walk(folder):
        for one in (*folders, *files):
            path = Path(parent, one)
            mode = path.lstat().st_mode
            inside = f"{name}/{path.relative_to(folder)}"
            if stat.S_ISLNK(mode):
                found[inside] = Entry(0o777, link=os.readlink(path), mtime=_TIME, owner=owner)
            else:
                source = None if stat.S_ISDIR(mode) else path
                found[inside] = Entry(mode, source=source, mtime=_TIME, owner=owner)
    return found


def _repository(manifest: Manifest) -> str:
    """The engine wants lower case, and single separators between letters and digits."""
    name = re.sub(r"[_-]+", lambda found: found[0][-1], manifest.task.lower()).strip("_-") or "task"
    return f"clawc/{name}" if f"clawc/{name}" != REPOSITORY else f"{REPOSITORY}-task"


def _missing(manifest: Manifest, programs: frozenset[str] | None) -> tuple[str, ...]:
    if programs is None:
        return ()
    names = {"python": "python3"}
    return tuple(
        tool for tool in manifest.environment.tools if names.get(tool, tool) not in programs and not offered(tool)
    )
