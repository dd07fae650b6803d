"""`clawc image build`, `save`, `list` and `prune`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError

if TYPE_CHECKING:
    from docker import APIClient

    from clawc.runtime.images.api import Image
    from clawc.runtime.images.bundle_image import BundleImage

_FORMAT_VERSION = 1


def build_command(paths: Sequence[Path], base: str, format: str) -> int:
    """Builds the image of each task, or that of this machine; what the engine has is not built again."""
    require_format(format)
    if not paths and base:
        raise UserError("`--base` is for images of tasks", "name bundles or sources")
    with _engine() as client:
        if not paths:
            return _build_host(client, format)
        made = _built(client, paths, base)
    if format == "json":
        put(_document("images", [_row(task, one) for task, one in made]), None)
    else:
        put("".join(f"{one.reference}  {'built' if one.built else 'there'}  {one.id[7:19]}\n" for _, one in made), None)
    return exits.OK


def save_command(path: Path, out: Path, base: str, replace: bool, format: str) -> int:
    """Writes the image of one task to a file."""
    from clawc.runtime.images.archive import check_free, save_image

    require_format(format)
    with _engine() as client:
        check_free(out, replace=replace)
        made = _built(client, [path], base)
        if len(made) != 1:
            raise UserError(f"`{path}` holds {len(made)} tasks", "name the bundle of one")
        task, image = made[0]
        saved = save_image(client, image.reference, out, replace=replace)
    if format == "json":
        put(_document("archive", {**_row(task, image), "path": str(out), "size": saved.size}), None)
    else:
        put(f"{out}  {image.reference}  {saved.size / 1e6:.0f} MB; load it with `docker load -i`\n", None)
    return exits.OK


def list_command(format: str) -> int:
    """Prints a line for each image of ours."""
    from clawc.runtime.images.api import images_in_use
    from clawc.runtime.images.prune import our_images

    require_format(format)
    with _engine() as client:
        images, used = our_images(client), images_in_use(client)
    if format == "json":
        put(_document("images", [{**_facts(one), "used": one.id in used} for one in images]), None)
    else:
        put("".join(_line(one) + ("  in use" if one.id in used else "") + "\n" for one in images), None)
    return exits.OK


def prune_command(all: bool, format: str) -> int:
    """Removes our images that nothing uses; that of this machine as it is now only with `all`."""
    from clawc.runtime.images.host import known_host_image
    from clawc.runtime.images.prune import prune

    require_format(format)
    with _engine() as client:
        current = None if all else known_host_image(client)
        found = prune(client, keep=() if current is None else (current.id,))
    if format == "json":
        parts = {"removed": found.removed, "used": found.used}
        put(_document("prune", {name: [_facts(one) for one in images] for name, images in parts.items()}), None)
    else:
        lines = [f"removed  {_line(one)}" for one in found.removed] + [f"in use   {_line(one)}" for one in found.used]
        put("".join(f"{line}\n" for line in lines) or "there was nothing to remove\n", None)
    return exits.OK


@contextmanager
def _engine() -> Generator[APIClient]:
    from clawc.runtime.sandbox.docker.engine import connect

    with user_errors(), stopping():
        client = connect()
        try:
            yield client
        finally:
            client.close()


def _build_host(client: APIClient, format: str) -> int:
    from clawc.runtime.images.host import host_image, host_reference

    made = host_image(client)
    programs = sorted(made.programs or ())
    if format == "json":
        facts = {"kind": "host", "id": made.id, "reference": host_reference(made.key), "key": made.key}
        put(_document("images", [{**facts, "programs": programs}]), None)
    else:
        put(f"{host_reference(made.key)}  {len(programs)} programs of this machine\n", None)
    return exits.OK


def _built(client: APIClient, paths: Sequence[Path], base: str) -> list[tuple[str, BundleImage]]:
    """The name and image of each task."""
    from clawc.runtime.images.bundle_image import bundle_image

    made: list[tuple[str, BundleImage]] = []
    with tempfile.TemporaryDirectory(prefix="clawc-image-") as scratch:
        for bundle in bundles_of(paths, Path(scratch)):
            image = bundle_image(client, bundle, base)
            if image.missing:
                names = ", ".join(f"`{clean(tool)}`" for tool in image.missing)
                print(f"{bundle.manifest.task}: its image lacks {names}, which the task asks for", file=sys.stderr)
            made.append((bundle.manifest.task, image))
    return made


def _row(task: str, image: BundleImage) -> dict[str, object]:
    return {
        "kind": "bundle", "task": task, "bundle": image.bundle, "id": image.id, "reference": image.reference,
        "base": image.base, "missing": list(image.missing), "built": image.built,
    }  # fmt: skip


def _facts(image: Image) -> dict[str, object]:
    from clawc.runtime.images import api

    labels = image.labels
    names: Mapping[str, str] = {"kind": api.KIND, "key": api.KEY}
    if labels.get(api.KIND) == api.BUNDLE_KIND:
        names = {"kind": api.KIND, "task": api.TASK, "bundle": api.BUNDLE, "base": api.BASE}
    facts: dict[str, object] = {name: labels.get(one, "") for name, one in names.items()}
    return {**facts, "id": image.id, "references": list(image.tags), "size": image.size}


def _line(image: Image) -> str:
    return f"{' '.join(map(clean, image.tags))}  {image.id[7:19]}  {image.size / 1e6:.0f} MB"


def _document(name: str, content: object) -> str:
    return json.dumps({"format_version": _FORMAT_VERSION, name: content}, indent=2, sort_keys=True) + "\n"
