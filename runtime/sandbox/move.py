"""Moves a collected workspace to where it is kept."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from clawc.runtime.sandbox.remove import remove_tree


def move_tree(source: Path, dest: Path) -> None:
    """Rename the folder `source` to `dest`, which must not exist; across file systems copy it. It holds regular files and folders."""
    try:
        os.rename(source, dest)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(source, dest)
        remove_tree(source)
