"""JSON that may be anything, as the type that it should have, and text that may be anything, as text that every sink takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import cast

_DEPTH = 64


def mapping(found: object) -> Mapping[str, object]:
    """The object, or an empty one for what is none."""
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def listing(found: object) -> list[object]:
    """The list, or an empty one for what is none."""
    return cast("list[object]", found) if isinstance(found, list) else []


def parsed(text: str) -> object:
    """Strict JSON that can be written again: finite numbers, no lone halves of surrogates (each is U+FFFD then), nested no deeper than
    whoever reads it can go. Raises ValueError."""
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
