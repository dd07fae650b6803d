"""The one JSON object of a model's answer, as what was asked for. An answer is a stranger's words: bounded and checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from clawc.runtime.bundle import without_duplicates
from clawc.runtime.engine.untyped import parsed, shown

MOST_CHARACTERS = 200_000
_THOUGHT = "</think>"
_TOLD = 200

T = TypeVar("T", bound=BaseModel)


def read_object(text: str, kind: type[T], most: int = MOST_CHARACTERS) -> T:
    """The object of an answer of at most `most` characters, in a fence or bare. Raises ValueError that says what is wrong, in words that may
    be told to the model."""
    try:
        value = _value(_one_object(text, most))
        return kind.model_validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"at `{_told(where) or 'start'}`: {_told(first['msg'][:1].lower() + first['msg'][1:])}"
        ) from error
    except ValueError as error:
        raise ValueError(_told(str(error))) from error


def _value(text: str) -> object:
    try:
        found = parsed(text)  # bounds depth, numbers and how many values there are
        json.loads(text, object_pairs_hook=without_duplicates)
    except ValueError as error:
        raise ValueError(f"the reply is no JSON: {error}") from error
    return found


def _one_object(text: str, most: int) -> str:
    """The text of the one object of a reply. Raises ValueError."""
    if len(text) > most:
        raise ValueError(f"the reply has more than {most:,} characters")
    lines = text.rpartition(_THOUGHT)[2].split("\n")
    fenced, outside = _fenced(lines)
    objects = [inner for inner in fenced if inner.startswith("{")]
    if len(objects) > 1 or (objects and any(line.lstrip().startswith("{") for line in outside)):
        raise ValueError("the reply holds more than one JSON object")
    if objects:
        return objects[0]
    whole = "\n".join(lines)
    start, end = whole.find("{"), whole.rfind("}")
    if not 0 <= start < end:
        raise ValueError("the reply holds no JSON object")
    return whole[start : end + 1]


def _fenced(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands in fences, and the lines outside of them; a fence that is not closed is none."""
    inside: list[str] = []
    outside: list[str] = []
    opened = -1
    for number, line in enumerate(lines):
        mark = line.strip()
        if opened < 0 and mark.lower() in ("```", "```json"):
            opened = number
        elif opened >= 0 and mark == "```":
            inside.append("\n".join(lines[opened + 1 : number]).strip())
            opened = -1
        elif opened < 0:
            outside.append(line)
    return inside, outside + list(lines[opened + 1 :] if opened >= 0 else [])


def _told(text: str) -> str:
    """A stranger's words within a message."""
    return shown(text[: 2 * _TOLD])[:_TOLD].replace("`", "'")
