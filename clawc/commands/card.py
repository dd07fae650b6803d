"""`clawc card`."""

from __future__ import annotations

from pathlib import Path

from clawc import exits
from clawc.commands.output import put
from clawc.spec.export.card import card


def card_command(out: Path | None) -> int:
    """Prints the language card."""
    put(card(), out)
    return exits.OK
