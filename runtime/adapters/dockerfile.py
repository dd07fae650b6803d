"""What of a Dockerfile can be played without building an image: the files it copies, variables, folder, and commands that need
no network."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from clawc.runtime.sandbox.interface import WORKSPACE

_MOST = 1 << 20
_CONTINUED = re.compile(r"\\[ \t]*\n")
# Commands that only bring programs: those of the host are there.
_INSTALLS = re.compile(r"\s*(set -\w+\s*(&&|;)\s*)?(apt-get|apt|apk|dnf|yum|pip3?)\b")
# Instructions that say nothing about what is inside.
_SILENT = {
    "FROM",
    "LABEL",
    "EXPOSE",
    "CMD",
    "ENTRYPOINT",
    "MAINTAINER",
    "STOPSIGNAL",
    "ARG",
    "USER",
    "SHELL",
    "HEALTHCHECK",
}
# The system's own folders are the host's, read-only.
_SYSTEM = {
    "usr",
    "etc",
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "proc",
    "dev",
    "sys",
    "tmp",
    "run",
    "boot",
    "area",
    "box",
}


class RecipeError(ValueError):
    """The text says what cannot be played."""


@dataclass(slots=True)
class Recipe:
    """`copies` are (path in the environment's folder, absolute target), `commands` shell commands for the folder `workdir`."""

    copies: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    commands: list[str] = field(default_factory=list[str])
    env: dict[str, str] = field(default_factory=dict[str, str])
    workdir: str = WORKSPACE

    def folders(self) -> list[str]:
        """The topmost folders that must be there and writable, beside our workspace."""
        paths = [self.workdir, *(target for _, target in self.copies)]
        tops = dict.fromkeys("/" + PurePosixPath(path).parts[1] for path in paths if len(PurePosixPath(path).parts) > 1)
        return [top for top in tops if top != WORKSPACE]


def read_recipe(folder: Path) -> Recipe:
    """The recipe of an environment's folder: its Dockerfile, or all of it where it has none. Raises RecipeError."""
    path = folder / "Dockerfile"
    if (folder / "docker-compose.yaml").exists():
        raise RecipeError("an environment of several containers (docker-compose.yaml) needs a container engine")
    if not folder.is_dir():
        raise RecipeError(f"there is no folder `{folder}`")
    recipe = Recipe()
    if not path.is_file():
        recipe.copies = [(".", WORKSPACE)] if any(folder.iterdir()) else []
        return recipe
    if path.is_symlink() or path.stat().st_size > _MOST:
        raise RecipeError("the Dockerfile is a link, or too large")
    for line in _CONTINUED.sub(" ", path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")).split("\n"):
        word, _, rest = line.strip().partition(" ")
        if word and not word.startswith("#"):
            _take(recipe, word.upper(), rest.strip(), folder)
    for top in recipe.folders():
        if top.strip("/") in _SYSTEM:
            raise RecipeError(f"`{top}` belongs to the system here, and cannot be written to")
    return recipe


def _take(recipe: Recipe, word: str, rest: str, folder: Path) -> None:
    if word == "WORKDIR":
        recipe.workdir = _place(recipe.workdir, rest.strip("\"'"))
    elif word in ("COPY", "ADD"):
        *sources, target = _arguments(rest)
        if any(source.startswith("--") for source in sources):
            raise RecipeError(f"`{word} {rest}` cannot be played without a container engine")
        into = target.endswith(("/", "/.")) or target == "."
        target = _place(recipe.workdir, target)
        for source in sources:
            inside = PurePosixPath(source.lstrip("/"))
            if not _holds(folder, inside):
                raise RecipeError(f"`{word} {rest}`: `{source}` is not in the environment's folder, or a link")
            # A file goes into a folder, as does what is in a folder.
            lies_in = (folder / inside).is_file() and (into or target == recipe.workdir or len(sources) > 1)
            recipe.copies.append((str(inside), str(PurePosixPath(target, inside.name)) if lies_in else target))
    elif word == "ENV":
        for name, value in _variables(rest):
            if not name or "\0" in name + value:
                raise RecipeError(f"`ENV {rest!a}` names no variable")
            recipe.env[name] = value
    elif word == "RUN":
        if not _INSTALLS.match(rest):
            recipe.commands.append(shlex.join(_arguments(rest)) if rest.startswith("[") else rest)
    elif word not in _SILENT:
        raise RecipeError(f"`{word}` cannot be played without a container engine")


def _place(workdir: str, path: str) -> str:
    """An absolute path inside, without `..`."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in path):
        raise RecipeError(f"`{path!a}` is no path")
    return "/" + posixpath.normpath(posixpath.join(workdir, path)).lstrip("/")


def _holds(folder: Path, inside: PurePosixPath) -> bool:
    """Whether there is such a file or folder, which no link leads to: that could be any file of the host."""
    at = folder
    for part in inside.parts:
        at /= part
        if part == ".." or "\0" in part or at.is_symlink():
            return False
    return at.is_file() or at.is_dir()


def _arguments(text: str) -> list[str]:
    try:
        found = json.loads(text) if text.startswith("[") else shlex.split(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"cannot read `{text[:200]}`: {error}") from error
    if not isinstance(found, list) or len(found) < 1:  # pyright: ignore[reportUnknownArgumentType]
        raise RecipeError(f"cannot read `{text}`")
    return [str(one) for one in found]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _variables(text: str) -> list[tuple[str, str]]:
    if "=" not in text.split(" ", 1)[0]:
        name, _, value = text.partition(" ")
        return [(name, value.strip())]
    return [(name, value) for name, _, value in (word.partition("=") for word in _arguments(text))]
