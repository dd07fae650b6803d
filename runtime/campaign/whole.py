"""Files and folders that take their places whole: what stood there before is there until the new one is durable."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clawc.runtime.store.journal import fault_of, sync_folder


@contextmanager
def write_whole(place: Path) -> Generator[BinaryIO]:
    """A file that takes its place when the block ends well. Links are replaced, never followed; nobody else writes to the folder. Raises
    RuntimeFault R0203 and R0207."""
    staged = place.with_name(f".{place.name}.new")
    try:
        remove(staged)
        fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with open(fd, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if place.is_dir() and not place.is_symlink():
                remove(place)
            os.replace(staged, place)
            sync_folder(place.parent)
        finally:
            remove(staged)
    except OSError as error:
        raise fault_of(error, place.parent) from error


@contextmanager
def new_folder(place: Path) -> Generator[Path]:
    """A folder that takes its place when the block ends well. Raises RuntimeFault R0203 and R0207."""
    staged, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    try:
        remove(staged)
        remove(old)
        staged.mkdir()
        try:
            yield staged
            if os.path.lexists(place):
                os.rename(place, old)
            os.rename(staged, place)
            sync_folder(place.parent)
        finally:
            remove(staged)
            remove(old)
    except OSError as error:
        raise fault_of(error, place.parent) from error


def remove(path: Path) -> None:
    """Whatever stands there, if anything does; a link and not what it leads to."""
    from clawc.runtime.sandbox.remove import remove_tree

    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        remove_tree(path)
