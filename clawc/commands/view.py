"""`clawc view`: runs as pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clawc.exits import UserError


def view_command(runs: Sequence[Path], out: Path | None, port: int, *, browse: bool) -> int:
    """Serve the pages until interrupted, or write them into `out`."""
    raise UserError("pages of runs are not in this version")
