"""A skill: a folder with a `SKILL.md`, read to plain data. Nothing in it was ever run, and nothing in it is to be trusted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

SKILL_FILE = "SKILL.md"
MAX_NAME = 64  # characters
MAX_DESCRIPTION = 1_024  # characters
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_NAMED = 4  # characters: a shorter name of a file stands in any text by chance


class SkillFile(NamedTuple):
    """A file of a skill; `path` is relative to its folder, with `/`."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Requires:
    """What the front matter says that a skill needs: programs (`bins`, or one of `any_bins`), environment variables, keys of a
    configuration, operating systems (none: any), a network, and whatever else it lists (`other`)."""

    bins: tuple[str, ...] = ()
    any_bins: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    network: bool = False
    other: tuple[str, ...] = ()

    @property
    def unmet(self) -> str:
        """What a sealed sandbox on Linux does not have of it, or ""."""
        for what, names in (
            ("the program", self.bins),
            ("one of the programs", self.any_bins),
            ("the environment variable", self.env),
            ("the setting", self.config),
        ):
            if names:
                return f"{what} `{names[0]}`"
        if self.os and "linux" not in self.os:
            return f"the operating system `{self.os[0]}`"
        if self.network:
            return "a network"
        return f"`{self.other[0]}`" if self.other else ""


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill. `body` is what stands below the front matter of its `SKILL.md`, from the first line that is not blank on; `files`
    are all of its files by path, that one included; `digest` is theirs."""

    name: str
    description: str
    body: str
    files: tuple[SkillFile, ...]
    digest: str
    requires: Requires = Requires()

    @property
    def beside(self) -> tuple[str, ...]:
        """The files besides `SKILL.md` that its body names: without them it would not be whole."""
        return tuple(file.path for file in self.files if file.path != SKILL_FILE and self._names(file.path))

    def _names(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        if path in self.body or (folder and f"{folder.split('/')[0]}/" in self.body):
            return True
        return "." in name and len(name) > _NAMED and name in self.body


def name_problem(name: str) -> str:
    """Why a text is no name of a skill, or ""."""
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME} characters"
    return "" if _NAME.match(name) else "is not of lower-case letters, digits and single hyphens between them"


def digest_of(files: Iterable[SkillFile]) -> str:
    """SHA-256 over paths and contents by path, 64 hexadecimal digits; where the folder lies does not count."""
    whole = hashlib.sha256()
    for file in sorted(files):
        for part in (file.path.encode(), file.data):
            whole.update(len(part).to_bytes(8, "big"))
            whole.update(part)
    return whole.hexdigest()
