"""As much of a Dockerfile as says which files an agent finds where. Nothing is built."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::[-+]([^}]*))?\}|(\w+))")
MAX_LINES = 5_000


@dataclass(slots=True)
class Image:
    """`workdir` is where commands run; `copies` are sources and their absolute destination; `runs` count commands that only
    building would carry out; `base` is the image below."""

    base: str = ""
    workdir: str = ""
    env: dict[str, str] = field(default_factory=dict[str, str])
    copies: list[tuple[list[str], str]] = field(default_factory=list[tuple[list[str], str]])
    made: list[str] = field(default_factory=list[str])
    runs: int = 0


def read_dockerfile(text: str) -> Image:
    """The last stage of a Dockerfile; what is not understood is left out."""
    image = Image()
    for word, rest in _instructions(text):
        if word == "FROM":
            image = Image(base=rest.split(" ")[0], env=dict(image.env) if not image.base else {})
        elif word == "WORKDIR":
            image.workdir = _absolute(image, _filled(image, rest.strip().strip("\"'")))
        elif word in ("ENV", "ARG"):
            _environment(image, rest)
        elif word in ("COPY", "ADD"):
            _copy(image, rest)
        elif word == "RUN":
            made = [m for m in re.findall(r"mkdir\s+(?:-p\s+)?((?:/[\w./-]+\s*)+)", rest) for m in m.split()]
            image.made += made
            image.runs += re.sub(r"(mkdir|chown|chmod)\b[^;&|]*|[;&|\s]", "", rest) != ""
    return image


def _instructions(text: str) -> list[tuple[str, str]]:
    """Instructions with what follows, lines joined and comments dropped."""
    found: list[tuple[str, str]] = []
    held = ""
    ends = ""
    for line in text.splitlines()[:MAX_LINES]:
        if ends:
            ends = "" if line.strip() == ends else ends
            continue
        if line.lstrip().startswith("#"):
            continue
        if line.rstrip().endswith("\\"):
            held += line.rstrip()[:-1] + " "
            continue
        whole, held = held + line, ""
        here = re.search(r"<<-?\s*['\"]?(\w+)['\"]?", whole)
        word, _, rest = whole.strip().partition(" ")
        if here and word.upper() in ("RUN", "COPY"):
            ends = here[1]
            found.append(("RUN", "heredoc"))
        elif word:
            found.append((word.upper(), rest.strip()))
    return found


def _environment(image: Image, rest: str) -> None:
    try:
        words = shlex.split(rest)
    except ValueError:
        return
    if words and "=" not in words[0] and len(words) > 1:
        image.env[words[0]] = _filled(image, " ".join(words[1:]))
        return
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            image.env[name] = _filled(image, value)


def _copy(image: Image, rest: str) -> None:
    flags = re.match(r"((?:--\S+\s+)*)", rest)
    if flags and "--from" in flags[0]:
        return
    rest = rest[flags.end() :] if flags else rest
    try:
        words: list[Any] = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    except ValueError:
        return
    if len(words) < 2 or not all(isinstance(w, str) for w in words):
        return
    dest = _filled(image, words[-1])
    if words[-1].endswith("/") or len(words) > 2:
        dest = dest.rstrip("/") + "/"
    absolute = _absolute(image, dest) + ("/" if dest.endswith("/") or dest in (".", "./") else "")
    image.copies.append(([_filled(image, w) for w in words[:-1]], absolute))


def _filled(image: Image, text: str) -> str:
    return _VARIABLE.sub(lambda m: image.env.get(m[1] or m[3], m[2] or ""), text)


def _absolute(image: Image, path: str) -> str:
    """An absolute path without `.` and `..`."""
    joined = path if path.startswith("/") else f"{image.workdir or '/'}/{path}"
    parts: list[str] = []
    for part in joined.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
