"""Sources of older editions rewritten to the newest, text to text; comments and layout stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from clawc.spec.blocks import EDITIONS

_FIRST = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:claw[ \t]+([0-9]+)\b)?")

# From the edition to the next one. A new edition adds its step here.
STEPS: dict[int, Callable[[str], str]] = {}


class Migrated(NamedTuple):
    """The source in the newest edition; `found` is the edition that it had, 0 for none."""

    text: str
    found: int


def migrated(text: str) -> Migrated:
    """The source in the newest edition. Raises ValueError for an edition that is not known."""
    match = _FIRST.match(text)
    found = int(match[1][:9]) if match and match[1] else 0
    if found > EDITIONS[-1]:
        raise ValueError(f"edition {found} is newer than this version, which knows {EDITIONS[-1]}")
    if not found:
        # Without an edition it was meant for the first.
        text = f"claw {EDITIONS[0]}\n\n{text}"
    for edition in range(found or EDITIONS[0], EDITIONS[-1]):
        text = STEPS[edition](text)
    return Migrated(text, found)
