"""Folders of this machine that agents' programs may read in their sandboxes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.tools import TOOLS

_INSIDE = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9_.+@-]*)+")
# What speaks for the machine or its users: processes, devices, sockets.
_NEVER = ("/proc", "/sys", "/dev", "/run")
_SHARED = "/dev/shm"  # holds files only
# What a sandbox has there already, or gives to the task.
_TAKEN = frozenset({
    "agent", "area", "bin", "box", "dev", "etc", "lib", "lib32", "lib64", "mounts", "proc", "run", "sbin", "sys", "tmp", "usr", "w",
})  # fmt: skip


def mounts_of(named: Mapping[str, Path]) -> dict[str, Path]:
    """The folders as they can be mounted at these paths inside. Raises RuntimeFault R0405 where one cannot, or would hide another."""
    for at in named:
        for other in named:
            if at != other and _overlap(at, other):
                raise RuntimeFault(
                    "R0405", f"of `{other}` and `{at}` one lies in the other", "Mount them beside each other."
                )
    return {at: mount_of(at, folder) for at, folder in named.items()}


def mount_of(at: str, folder: Path) -> Path:
    """The folder as it can be mounted at the path `at` inside. Raises RuntimeFault R0405 where it cannot."""
    if not _INSIDE.fullmatch(at) or at.split("/")[1] in _TAKEN or _overlap(at, TOOLS):
        raise RuntimeFault("R0405", f"nothing can be mounted at `{at}`", "Give a path such as /opt/program.")
    try:
        found = Path(os.path.realpath(folder, strict=True))  # `resolve` has another error for a link to itself
        if found == Path("/") or (any(map(found.is_relative_to, _NEVER)) and not found.is_relative_to(_SHARED)):
            raise RuntimeFault(
                "R0405", f"`{found}` is not for sandboxes: what is there speaks for this machine",
                "Mount the folder that holds the program, and no more.",
            )  # fmt: skip
        if not stat.S_ISDIR(found.stat().st_mode):
            raise RuntimeFault("R0405", f"`{folder}` is no folder", "Only folders can be mounted.")
        for above in (found, *found.parents):
            # As root a sandbox is another user.
            if os.geteuid() == 0 and above.stat().st_mode & 0o001 == 0:
                raise RuntimeFault(
                    "R0405", f"`{above}` lets no other user pass, and sandboxes run as another user",
                    "Put what the agent needs into a folder that every user may pass through, such as one below /opt.",
                )  # fmt: skip
    except OSError as error:
        raise RuntimeFault("R0405", f"cannot read `{folder}`: {error.strerror}") from error
    return found


def _overlap(one: str, other: str) -> bool:
    """Is one path the other, or in it?"""
    return PurePosixPath(one).is_relative_to(other) or PurePosixPath(other).is_relative_to(one)
