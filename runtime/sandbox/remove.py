"""Removes a folder that a stranger has filled: of any depth, with any modes, following nothing. Nobody may be
writing to it any more."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES = 1_000


def remove_tree(root: Path) -> None:
    """Delete `root` and all below it; an absent folder is fine, and so is one that another call is deleting.

    A folder inside is emptied by moving its folders up to the top, so neither the stack nor the count of
    open descriptors nor the length of a path grows with the depth.
    """
    with suppress(FileNotFoundError):
        _open_up(root)
        top = os.open(root, _FOLDER)
        try:
            for tries in range(_TRIES, 0, -1):
                while names := _emptied(top, top):
                    for name in names:
                        with suppress(FileNotFoundError):
                            _remove_folder(name, top)
                try:
                    os.rmdir(root)
                    break
                except OSError as error:  # another call may have moved a folder up since we looked
                    if error.errno != errno.ENOTEMPTY or tries == 1:
                        raise
        finally:
            os.close(top)


def _remove_folder(name: str, top: int) -> None:
    inner = os.open(name, _FOLDER, dir_fd=top)
    try:
        _emptied(inner, top)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)


def _emptied(folder: int, top: int) -> list[str]:
    """Unlink the files of `folder` and move its folders to `top` under new names, which are returned."""
    with os.scandir(folder) as found:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    moved: list[str] = []
    for name, is_folder in entries:
        with suppress(FileNotFoundError):
            if not is_folder:
                os.unlink(name, dir_fd=folder)
                continue
            try:
                _open_up(name, folder)
            except PermissionError:
                os.rmdir(name, dir_fd=folder)  # what the system has made to mount an overlay, which is empty by now
                continue
            new = secrets.token_hex(16)
            os.rename(name, new, src_dir_fd=folder, dst_dir_fd=top)
            moved.append(new)
    return moved


def _open_up(path: Path | str, parent: int | None = None) -> None:
    """Let the owner list and change a folder. Nobody can have put a link in its place meanwhile."""
    os.chmod(path, 0o700, dir_fd=parent)
