"""Removes a folder that a stranger has filled: of any depth, with any modes, following nothing. Nobody may be
writing to it any more."""

from __future__ import annotations

import os
import secrets
from collections import deque
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(root: Path) -> None:
    """Delete `root` and all below it; an absent folder is fine.

    A folder inside is emptied by moving its folders up to the top, so neither the stack nor the count of open
    descriptors nor the length of a path grows with the depth.
    """
    try:
        _open_up(root)
        top = os.open(root, _FOLDER)
    except FileNotFoundError:
        return
    try:
        queue = deque[str]()
        _empty(top, top, queue)
        while queue:
            name = queue.popleft()
            inner = os.open(name, _FOLDER, dir_fd=top)
            try:
                _empty(inner, top, queue)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)
        os.rmdir(root)
    finally:
        os.close(top)


def _empty(folder: int, top: int, queue: deque[str]) -> None:
    """Unlink the files of `folder`, move its folders to `top` under new names, and queue them."""
    with os.scandir(folder) as found:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name, is_folder in entries:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        _open_up(name, folder)
        moved = secrets.token_hex(16)
        os.rename(name, moved, src_dir_fd=folder, dst_dir_fd=top)
        queue.append(moved)


def _open_up(path: Path | str, parent: int | None = None) -> None:
    """Let the owner list and change a folder. Nobody can have put a link in its place meanwhile."""
    os.chmod(path, 0o700, dir_fd=parent)
