"""The backends that must pass this suite, by name: a new one is a line here.

A factory takes the folder for the state of its sandboxes, which is empty before and must be empty after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.docker.backend import Docker
from clawc.runtime.sandbox.interface import Backend

BACKENDS: Mapping[str, Callable[[Path], Backend]] = {
    "bubblewrap": Bubblewrap,
    "docker": Docker,
}

# What a backend does not hold yet, and for which users: these cases must fail until the line goes.
NOT_YET: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "bubblewrap": {},
    "docker": {},
}

# Backends that take half a second for a case: the usual run, as root, plays each case as one of both users, by turns, so that
# every case and either user are tried; the nightly run plays all.
BY_TURNS = ("docker",)
