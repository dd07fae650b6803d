"""How many columns a text takes where characters of East Asian scripts and emoji are two columns wide."""

from __future__ import annotations

import unicodedata

WIDTH = 100
LEVEL = 2  # blanks of one level


def columns(text: str) -> int:
    """The width of a text without line ends."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
