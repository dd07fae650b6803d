"""The YAML on top of a `SKILL.md`, read within bounds, and what it says that the skill needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from clawc.runtime.engine.untyped import listing, mapping, parsed, sound
from clawc.runtime.synth.skills.skill import Requires
from clawc.stdlib.checks.values import Unmet
from clawc.stdlib.checks.yaml_reader import yaml_value

MAX_FRONT = 64 << 10  # characters
_NO_YAML = "is not YAML: line"
_MARK, _ENDS = "---", ("---", "...")
_LINE = re.compile(r"([A-Za-z][\w-]*):(?:[ \t]+(.*))?\Z", re.ASCII)
_MANY, _LONG = 64, 200  # texts of a list that are kept, and characters of each
_NETWORK = re.compile(r"\b(?:internet|network|online|web ?access|api)\b", re.IGNORECASE)
_NETWORK_TOOL = re.compile(r"\b(?:Web(?:Fetch|Search)|curl|wget)\b", re.IGNORECASE)
# The lists of `requires`, with the fields that they become.
_LISTS = {"bins": "bins", "anybins": "any_bins", "any_bins": "any_bins", "env": "env", "config": "config", "os": "os"}


class Document(NamedTuple):
    """A `SKILL.md` in its parts. `loose`: its front matter is no YAML, and was read line by line, as OpenClaw reads it."""

    fields: dict[str, object]
    body: str
    loose: bool


def document(text: str) -> Document:
    """The parts of a `SKILL.md`. Raises ValueError where it has no front matter, or one that cannot be read."""
    lines = text.split("\n")
    if lines[0].rstrip() != _MARK:
        raise ValueError(f"does not begin with a line `{_MARK}`, so it has no front matter")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() in _ENDS), 0)
    if not end:
        raise ValueError(f"has a front matter without a line `{_MARK}` at its end")
    front = "\n".join(line.rstrip("\r") for line in lines[1:end])
    if len(front) > MAX_FRONT:
        raise ValueError(f"has a front matter of more than {MAX_FRONT >> 10} KiB")
    first = next((number for number in range(end + 1, len(lines)) if lines[number].strip()), len(lines))
    body = "\n".join(lines[first:])
    try:
        value: object = yaml_value(front)
    except Unmet as unmet:
        # What is no YAML at all may be plain lines; what is YAML and too much, or has odd tags, is not looked at again.
        found = _line_by_line(front) if _NO_YAML in str(unmet) else None
        if found is None:
            raise ValueError(f"has a front matter that cannot be read: {unmet}") from None
        return Document(found, body, True)
    if not isinstance(value, dict):
        raise ValueError("has a front matter that is no mapping")
    return Document(dict(mapping(value)), body, False)  # pyright: ignore[reportUnknownArgumentType]


def text_field(fields: Mapping[str, object], name: str) -> str:
    """A text of the front matter on one line. Raises ValueError for one that is missing, empty or no text."""
    value = fields.get(name)
    if name not in fields or not isinstance(value, str) or not value.strip():
        raise ValueError(f"has no `{name}`" if value in (None, "") else f"has a `{name}` that is no text")
    return " ".join(sound(value).split())


def requires_of(fields: Mapping[str, object]) -> Requires:
    """What a skill needs, from `requires`, `os`, `primaryEnv` and `install` of the front matter, of its `metadata` and of whatever that
    says to one agent, from `compatibility` and from `allowed-tools`. Raises ValueError for `metadata` that cannot be read."""
    found: dict[str, list[str]] = {}
    network = bool(_NETWORK.search(_text(fields.get("compatibility"))))
    network = network or bool(_NETWORK_TOOL.search(" ".join(_texts(fields.get("allowed-tools")))))
    metadata = _metadata(fields.get("metadata"))
    for place in (fields, metadata, *(mapping(inner) for inner in metadata.values())):
        found.setdefault("os", []).extend(_texts(place.get("os")))
        found.setdefault("env", []).extend(_texts(place.get("primaryEnv")))
        for each in listing(place.get("install")):
            found.setdefault("bins", []).extend(_texts(mapping(each).get("bins")))
        network = network or _true(place.get("network"))
        for key, value in _requirements(place.get("requires")):
            if key == "network":
                network = network or _true(value)
            elif key in _LISTS:
                found.setdefault(_LISTS[key], []).extend(_texts(value))
            elif value not in (None, False, "") and value != [] and value != {}:
                found.setdefault("other", []).append(key[:_LONG])
    kept = {name: tuple(dict.fromkeys(texts))[:_MANY] for name, texts in found.items()}
    return Requires(
        kept.get("bins", ()), kept.get("any_bins", ()), kept.get("env", ()), kept.get("config", ()),
        tuple(name.lower() for name in kept.get("os", ())), network, kept.get("other", ()),
    )  # fmt: skip


def _line_by_line(front: str) -> dict[str, object] | None:
    """The texts of a front matter of which each line is one field; None for another one."""
    found: dict[str, object] = {}
    for line in front.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        field = _LINE.match(line.rstrip())
        if field is None or not field[2] or field[1] in found or field[2].strip() in ("|", ">", "|-", ">-"):
            return None
        value = field[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[field[1]] = value[1:-1] if quoted else value
    return found


def _metadata(value: object) -> Mapping[str, object]:
    """A mapping, or JSON of one."""
    if not isinstance(value, str):
        return mapping(value)
    try:
        return mapping(parsed(value))
    except ValueError:
        if value.lstrip().startswith("{"):
            raise ValueError("has `metadata` that cannot be read, so what it needs is not known") from None
        return {}


def _requirements(value: object) -> Iterator[tuple[str, object]]:
    """The entries of `requires`; a list or a text stands for programs."""
    if not isinstance(value, dict):
        yield "bins", value
        return
    for key, inner in mapping(value).items():  # pyright: ignore[reportUnknownArgumentType]
        yield key.lower(), inner


def _texts(value: object) -> Iterable[str]:
    """The texts of a list, of a text with commas or blanks between them, or of the keys of a mapping."""
    if isinstance(value, str):
        value = [part for part in re.split(r"[\s,]+", value) if part]
    elif isinstance(value, dict):
        value = list(mapping(value))  # pyright: ignore[reportUnknownArgumentType]
    kept = [sound(each).strip()[:_LONG] for each in listing(value)[: 2 * _MANY] if isinstance(each, str)]
    return [each for each in kept if each]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "yes", "required"))
