"""An image as one file, which `docker load` takes in elsewhere: whole and looked over, or not there."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tarfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.images import api

if TYPE_CHECKING:
    from docker import APIClient
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Archive:
    """`image` is the id that the engine which loads it will give it."""

    path: Path
    size: int
    image: str


def save_image(client: APIClient, reference: str, dest: Path, *, replace: bool = False) -> Archive:
    """Writes the image to the file `dest`, by way of another name in the same folder.

    Raises RuntimeFault R0803 where `dest` is there and not to be replaced, or cannot be written, and SandboxUnavailable where the
    engine has no such image or its archive is not whole.
    """
    check_free(dest, replace=replace)
    found = api.inspect(client, reference)
    if found is None:
        raise SandboxUnavailable(f"the Docker engine has no image `{reference}`", "Build it: `clawc image build`.")
    image = str(found["Id"])
    part = dest.with_name(f".{dest.name[:200]}.{secrets.token_hex(4)}")
    try:
        with open(part, "xb+") as file:
            for piece in api.export(client, reference):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            file.seek(0)
            verify(file, image)
        _place(part, dest, replace)
    except OSError as error:
        raise RuntimeFault(
            "R0803", f"`{dest}` cannot be written: {error.strerror or error}", "Free some space, or write elsewhere."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return Archive(dest, size, image)


def check_free(dest: Path, *, replace: bool) -> None:
    """Raises RuntimeFault R0803 where an archive cannot be written to `dest`: before the work, rather than after it."""
    if os.path.lexists(dest) if not replace else dest.is_dir():
        raise _there(dest)
    if not dest.parent.is_dir():
        raise RuntimeFault("R0803", f"there is no folder `{dest.parent}`", "Make it first.")


def verify(archive: IO[bytes], image: str) -> None:
    """Is it an archive of this image, with all its layers? Raises SandboxUnavailable."""
    try:
        with tarfile.open(fileobj=archive, mode="r:") as tar:
            listed = cast("list[dict[str, object]]", json.loads(_member(tar, "manifest.json").read()))
            config = _member(tar, str(listed[0]["Config"])).read()
            named = hashlib.sha256(config).hexdigest()
            layers = cast("list[str]", listed[0]["Layers"])
            digests = cast("list[str]", json.loads(config)["rootfs"]["diff_ids"])
            # Engines that keep images as registries do name them by the manifest.
            whole = f"sha256:{named}" == image or _index_names(tar, image)
            whole = whole and len(layers) == len(digests)
            for layer, digest in zip(layers, digests, strict=False):
                found = _digest(_member(tar, layer))
                whole = whole and (digest == f"sha256:{found}" or layer.endswith(f"/{found}"))
    except (tarfile.TarError, ValueError, LookupError, TypeError) as error:
        raise _torn(str(error)) from error
    if not whole:
        raise _torn("it does not hold what its list says")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    if file is None:
        raise LookupError(f"`{name}` is no file")
    return file


def _index_names(tar: tarfile.TarFile, image: str) -> bool:
    with suppress(KeyError):
        index = json.loads(_member(tar, "index.json").read())
        return any(one["digest"] == image for one in index["manifests"])
    return False


def _digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while piece := file.read(_PIECE):
        found.update(piece)
    return found.hexdigest()


def _place(part: Path, dest: Path, replace: bool) -> None:
    if replace:
        part.replace(dest)
    else:
        try:
            os.link(part, dest)
        except FileExistsError as error:
            raise _there(dest) from error
        except OSError:  # a file system without hard links
            if os.path.lexists(dest):
                raise _there(dest) from None
            part.rename(dest)
    folder = os.open(dest.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _there(dest: Path) -> RuntimeFault:
    return RuntimeFault("R0803", f"`{dest}` is there already", "Write elsewhere, or replace it with `--replace`.")


def _torn(why: str) -> SandboxUnavailable:
    return SandboxUnavailable(f"the engine's archive of the image is not whole: {why}", "Save it again.")
