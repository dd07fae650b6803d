"""JSON that may be anything, as the type that it should have, and text that may be anything, as text that every sink takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import cast

_DEPTH = 64
# Reading takes time and memory by the number of values, not by the length of texts: so much may stand between texts.
_BETWEEN = 1 << 20
_MANY = 300_000
_TEXT = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL
)  # one without an end, too: it is looked for only once


def mapping(found: object) -> Mapping[str, object]:
    """The object, or an empty one for what is none."""
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def listing(found: object) -> list[object]:
    """The list, or an empty one for what is none."""
    return cast("list[object]", found) if isinstance(found, list) else []


def parsed(text: str) -> object:
    """Strict JSON that can be written again: finite numbers, no lone halves of surrogates (each is U+FFFD then), nested no deeper than
    whoever reads it can go, and of no more values than can be read in a moment. Raises ValueError."""
    if sum(text.count(mark) for mark in ",[{") > _MANY and sum(map(len, _TEXT.split(text))) > _BETWEEN:
        raise ValueError("too many values")
    try:
        found: object = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise ValueError(f"nested deeper than {_DEPTH}") from error
    level = [found]
    for _ in range(_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return _sound_inside(found) if "\\ud" in text or "\\uD" in text or not _is_sound(text) else found
    raise ValueError(f"nested deeper than {_DEPTH}")


def sound(text: str) -> str:
    """Text without lone halves of surrogates, which JSON can spell and UTF-8 cannot."""
    return text if _is_sound(text) else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def shown(text: str) -> str:
    """What a stranger says, on one line that a terminal only shows."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in sound(text)).split())


def _is_sound(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _sound_inside(found: object) -> object:
    if isinstance(found, str):
        return sound(found)
    if isinstance(found, dict):
        return {sound(name): _sound_inside(each) for name, each in mapping(cast(object, found)).items()}
    return [_sound_inside(each) for each in listing(cast(object, found))] if isinstance(found, list) else found


def _inside(found: object) -> Iterable[object]:
    return listing(found) or mapping(found).values()


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number
