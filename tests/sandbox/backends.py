"""The backends that must pass this suite, by name: a new one is a line here.

A factory takes the folder for the state of its sandboxes, which is empty before and must be empty after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import Backend

BACKENDS: Mapping[str, Callable[[Path], Backend]] = {
    "bubblewrap": Bubblewrap,
}

# Parts of the interface that a backend does not have yet; their cases must fail until the line goes.
NOT_YET: Mapping[str, frozenset[str]] = {
    "bubblewrap": frozenset({"odd modes in forks", "deleted files", "hidden memory", "channel for checkers only"}),
}
