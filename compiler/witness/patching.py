"""Edits of a text that change as little as possible."""

from __future__ import annotations

from typing import Any


def patched(kind: str, text: str, wanted: Any) -> str | None:
    """The text changed so that it parses to `wanted`; None where that cannot be done."""
    return None
