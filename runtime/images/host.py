"""The image of this machine: its ordinary programs with their libraries, put together without network.

One image serves all sandboxes that need the same programs. It is found again by its key, which changes with any of the programs,
and shared with every other runner of the same engine. Two that assemble it at once get equal images, and either may be used.
"""

from __future__ import annotations

import os
import platform
import stat
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.images import api
from clawc.runtime.images.gather import Entry, beside, gather, program_path
from clawc.runtime.images.instructions import command, env, labels
from clawc.runtime.images.layer import write_layer
from clawc.runtime.images.programs import LEFT_OUT, PROGRAMS
from clawc.runtime.sandbox.command import BASE_ENV
from clawc.runtime.sandbox.interface import WORKSPACE
from clawc.runtime.sandbox.lock import lock_file

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY = "clawc/host"
# Changes with whatever else than the machine decides what is in an image.
_ASSEMBLER = 3
_PATIENCE_S = 120
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class HostImage:
    """`id` is the engine's, `key` ours; `programs` are the names on its path. Of an image that the user names the key is empty, and
    the programs are None unless it is made of one of ours. `volumes` are paths for which it wants room on the engine's disk."""

    id: str
    key: str
    programs: frozenset[str] | None
    volumes: frozenset[str] = frozenset()


def host_reference(key: str) -> str:
    """The name of the image with that key."""
    return f"{REPOSITORY}:{key[:12]}"


def host_image(client: APIClient, tools: Sequence[str] = ()) -> HostImage:
    """The image of this machine with its ordinary programs and `tools`, assembled unless the engine has it; a tool that is not
    installed here is not in it. Takes seconds the first time. Raises SandboxUnavailable."""
    programs = sorted({*PROGRAMS, *tools})
    key = host_key(programs)
    found = _known(client, key)
    if found is None:
        with _one_at_a_time, _across_processes():
            found = _known(client, key) or _assemble(client, key, programs)
    return found


def known_host_image(client: APIClient, tools: Sequence[str] = ()) -> HostImage | None:
    """The same image, if the engine has it. Raises SandboxUnavailable."""
    return _known(client, host_key(sorted({*PROGRAMS, *tools})))


def host_key(programs: Sequence[str]) -> str:
    """What the image of these programs depends on, without reading their contents."""
    told = [f"{_ASSEMBLER} {platform.machine()} {LEFT_OUT}"]
    for name in programs:
        path = program_path(name)
        if path is not None:
            found = path.stat()
            told.append(f"{name!r} {os.path.realpath(path)!r} {found.st_size} {found.st_mtime_ns}")
    for place in (Path("/etc/ld.so.cache"), *beside(programs)):
        with suppress(OSError):
            found = place.stat()
            told.append(f"{str(place)!r} {found.st_size} {found.st_mtime_ns}")
    return sha256("\n".join(told).encode("utf-8", "surrogateescape")).hexdigest()


def _known(client: APIClient, key: str) -> HostImage | None:
    """By its name, not by its labels alone: those are inherited by whatever is built upon it."""
    found = api.inspect(client, host_reference(key))
    labels = api.labels_of(found or {})
    if found is None or (labels.get(api.KIND), labels.get(api.KEY)) != (api.HOST_KIND, key):
        return None
    return HostImage(str(found["Id"]), key, frozenset(labels.get(api.PROGRAMS, "").split()))


def _assemble(client: APIClient, key: str, programs: Sequence[str]) -> HostImage:
    try:
        with tempfile.NamedTemporaryFile(prefix="clawc-image-", suffix=".tar") as file:
            entries = gather(programs)
            write_layer(entries, file)
            file.flush()
            there = programs_of(entries)
            marks = {api.KIND: api.HOST_KIND, api.KEY: key, api.PROGRAMS: " ".join(sorted(there))}
            changes = [
                labels(marks),
                env(BASE_ENV),
                f"WORKDIR {WORKSPACE}",
                command(["/bin/sh"]),
            ]
            made = api.import_tar(client, Path(file.name), REPOSITORY, key[:12], changes)
    except OSError as error:
        where = f"`{error.filename}`" if isinstance(error.filename, str) else "its files"
        raise SandboxUnavailable(
            f"an image of this machine cannot be put together: {where}: {error.strerror or error}",
            "Free some space, or set TMPDIR to a folder that has 300 MB.",
        ) from error
    return HostImage(made, key, there)


def programs_of(entries: dict[str, Entry]) -> frozenset[str]:
    """The names on the path of an image."""
    return frozenset(
        name.rpartition("/")[2]
        for name, entry in entries.items()
        if name.rpartition("/")[0] in ("usr/bin", "bin") and not stat.S_ISDIR(entry.mode)
    )


@contextmanager
def _across_processes() -> Generator[None]:
    """One process of this user at a time, where that can be had: without it the work is done twice, no more."""
    fd = -1
    with suppress(OSError):
        path = os.path.join(tempfile.gettempdir(), f"clawc-images-{os.getuid()}.lock")
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + _PATIENCE_S
        while os.fstat(fd).st_uid == os.getuid() and not lock_file(fd) and time.monotonic() < until:
            time.sleep(0.05)
    try:
        yield
    finally:
        if fd >= 0:
            os.close(fd)
