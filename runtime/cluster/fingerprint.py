"""What must be the same on all machines of a run, so that it does not matter which of them plays an episode."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

import clawc.runtime
import clawc.spec
import clawc.stdlib

_PACKAGES = (clawc.runtime, clawc.spec, clawc.stdlib)


def python_version() -> str:
    """As Ray compares it: the patch counts, too."""
    return platform.python_version()


@cache
def sources() -> str:
    """A hash of our modules that play and judge, by name and content; where they are installed does not matter."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for root in map(Path, package.__path__):
            for path in sorted(root.rglob("*.py")):
                data = path.read_bytes()
                name = f"{package.__name__}/{path.relative_to(root).as_posix()}"
                digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()
