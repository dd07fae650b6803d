"""Where this user's results that may be lost, models and agents are kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/clawc`, else `~/.cache/clawc`; `$CLAWC_CACHE` names another place."""
    named = os.environ.get("CLAWC_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base and os.path.isabs(base) else Path.home() / ".cache") / "clawc"
