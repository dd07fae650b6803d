"""Copies one folder out of a sandbox that is running: whoever is inside may change everything meanwhile, so that each part of
the path is opened without following a link, and no rights are mended."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from clawc.runtime.sandbox.collect import collect, opaque
from clawc.runtime.sandbox.interface import Collected, FileProblem

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_folder(layers: Sequence[Path], inside: Sequence[str], dest: Path) -> Collected:
    """Copy the folder at `inside`, of the topmost of `layers` merged over the others, to the new folder `dest`. Raises
    FileProblem."""
    held: list[int] = []
    try:
        for layer in layers:
            found, hides = _descend(layer, inside)
            if found is not None:
                held.append(found)
            if hides:
                break
        if not held:
            raise FileProblem(f"`{'/'.join(inside)}` is no folder")
        return collect([f"/proc/self/fd/{fd}/." for fd in held], dest, base=False, mend=False)
    except OSError as error:
        raise FileProblem(f"the folder cannot be copied: {error.strerror}") from error
    finally:
        for fd in held:
            os.close(fd)


def is_folder(layers: Sequence[Path], inside: Sequence[str]) -> bool:
    """Whether the layers have a folder there."""
    for layer in layers:
        try:
            found, hides = _descend(layer, inside)
        except OSError:
            return False
        if found is not None:
            os.close(found)
            return True
        if hides:
            return False
    return False


def _descend(layer: Path, inside: Sequence[str]) -> tuple[int | None, bool]:
    """The folder in one layer, and whether what lies in the layers below is hidden by this one."""
    at, hides = os.open(layer, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), False
    try:
        for part in inside:
            seen = os.stat(part, dir_fd=at, follow_symlinks=False)
            if not stat.S_ISDIR(seen.st_mode):
                os.close(at)
                return None, True
            inner = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = inner
            hides = hides or opaque(at)
    except FileNotFoundError:
        os.close(at)
        return None, hides
    except OSError:
        os.close(at)
        raise
    return at, hides
