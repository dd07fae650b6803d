"""Skills of strangers, read from folders and archives: bounded, nothing followed or unpacked, and one that is bad harms no other.

What is left out is a problem that says where and why.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.tree import FilesTree, FolderTree, Tree
from clawc.compiler.paths import path_problem
from clawc.runtime.engine.untyped import shown
from clawc.runtime.regular_file import read_regular
from clawc.runtime.synth.skills.front_matter import document, requires_of, text_field
from clawc.runtime.synth.skills.skill import (
    MAX_DESCRIPTION,
    SKILL_FILE,
    Skill,
    SkillFile,
    digest_of,
    name_problem,
)
from clawc.stdlib.checks.archives import archive_members
from clawc.stdlib.checks.values import File, Unmet

MAX_DEPTH = 8  # folders between a path and a skill
MAX_TEXT = 256 << 10  # bytes of a `SKILL.md`
MAX_FILE = 1 << 20  # bytes of another file
MAX_FILES = 200  # of a skill
MAX_SKILL = 8 << 20  # bytes of all its files
MAX_SKILLS = 20_000
MAX_TOGETHER = 256 << 20  # bytes of all skills
MAX_ARCHIVE = 64 << 20  # bytes
MAX_PROBLEMS = 1_000
_LONG = 400  # characters of a problem


@dataclass(frozen=True, slots=True)
class SkillSet:
    """Skills, no two of one name or one digest, and what was left out: `PLACE: WHY` on one line each, or that there is more."""

    skills: tuple[Skill, ...]
    problems: tuple[str, ...] = ()


def read_skills(paths: Sequence[Path]) -> SkillSet:
    """All skills at and below the paths, in the order of the paths, then by folder: each path is the folder of a skill, a folder in which
    such folders are searched, or a `.zip`, `.tar` or `.tar.gz` of either. The first of two with the same files or the same name is kept.
    Raises nothing."""
    reader = _Reader()
    for path in paths:
        reader.path(path)
    return reader.found()


@dataclass(slots=True)
class _Reader:
    skills: dict[str, Skill] = field(default_factory=dict[str, Skill])  # by name
    places: dict[str, str] = field(default_factory=dict[str, str])  # of digests
    problems: list[str] = field(default_factory=list[str])
    unsaid: int = 0
    size: int = 0

    def found(self) -> SkillSet:
        more = [f"{self.unsaid} more problems"] if self.unsaid else []
        return SkillSet(tuple(self.skills.values()), (*self.problems, *more))

    def path(self, path: Path) -> None:
        place = str(path)
        try:
            tree = _tree(path)
        except (Refused, Unmet, ValueError) as refused:  # a path with a NUL is a ValueError
            return self.problem(place, str(refused))
        except OSError as error:
            return self.problem(place, f"cannot be read: {error.strerror}")
        folders = [name[: -len(SKILL_FILE)].rstrip("/") for name in tree.names if f"/{name}".endswith(f"/{SKILL_FILE}")]
        inside: dict[str, list[str]] = {folder: [] for folder in folders}
        for name in tree.names:
            home = next((above for above in _above(name) if above in inside), None)
            if home is not None:
                inside[home].append(name[len(home) + 1 :] if home else name)
        said = self._left_out(tree, inside)
        if not folders and not said:
            self.problem(place, f"holds no {SKILL_FILE}")
        for folder in sorted(folders):
            where = f"{place}/{folder}" if folder else place
            if folder.count("/") >= MAX_DEPTH:
                self.problem(where, f"lies deeper than {MAX_DEPTH} folders")
                continue
            if len(self.skills) >= MAX_SKILLS or self.size >= MAX_TOGETHER:
                self.problem(
                    where, f"is too much: {MAX_SKILLS:,} skills are read, of {MAX_TOGETHER >> 20} MiB together"
                )
                continue
            try:
                self._add(self._skill(tree, folder, inside[folder], where), where)
            except (Refused, ValueError) as refused:
                self.problem(where, str(refused))

    def problem(self, place: str, why: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{shown(place)[:_LONG]}: {shown(why)[:_LONG]}")
        else:
            self.unsaid += 1

    def _left_out(self, tree: Tree, inside: dict[str, list[str]]) -> bool:
        """Says which files of skills are none, and which skills and folders cannot be entered; a link outside of skills is not missed."""
        said = False
        for path, why in tree.problems.items():
            own = any(above in inside for above in _above(path))
            if own or f"/{path}".endswith(f"/{SKILL_FILE}") or "link" not in why:
                self.problem(f"{tree.shown}/{path}", why)
                said = True
        return said

    def _skill(self, tree: Tree, folder: str, names: Sequence[str], where: str) -> Skill:
        """Raises Refused and ValueError."""
        if len(names) > MAX_FILES:
            raise ValueError(f"holds more than {MAX_FILES} files")
        prefix = f"{folder}/" if folder else ""
        text = tree.read(f"{prefix}{SKILL_FILE}")
        if len(text) > MAX_TEXT:
            raise ValueError(f"has a {SKILL_FILE} of more than {MAX_TEXT >> 10} KiB")
        try:
            parts = document(text.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValueError(f"has a {SKILL_FILE} that is not UTF-8 (byte {error.start})") from None
        name, description = text_field(parts.fields, "name"), text_field(parts.fields, "description")
        if why := name_problem(name):
            raise ValueError(f"has the name `{name[:80]}`, which {why}")
        if len(description) > MAX_DESCRIPTION:
            raise ValueError(f"has a description of more than {MAX_DESCRIPTION:,} characters")
        if not parts.body:
            raise ValueError("says nothing below its front matter")
        requires = requires_of(parts.fields)
        if parts.loose:
            self.problem(where, "has a front matter that is no YAML; its lines are read one by one")
        files = tuple(self._files(tree, prefix, names, text))
        return Skill(name, description, parts.body, files, digest_of(files), requires)

    def _files(self, tree: Tree, prefix: str, names: Sequence[str], text: bytes) -> Iterator[SkillFile]:
        size = 0
        for name in sorted(names):
            path = f"{prefix}{name}"
            try:
                data = text if name == SKILL_FILE else tree.read(path)
            except Refused as refused:
                self.problem(f"{tree.shown}/{path}", str(refused))
                continue
            why = path_problem(name)
            if not why and len(data) > MAX_FILE:
                why = f"has more than {MAX_FILE >> 20} MiB"
            if why:
                self.problem(f"{tree.shown}/{path}", f"{why}; it is left out")
                continue
            size += len(data)
            if size > MAX_SKILL:
                raise ValueError(f"holds more than {MAX_SKILL >> 20} MiB")
            yield SkillFile(name, data)

    def _add(self, skill: Skill, where: str) -> None:
        before = self.places.get(skill.digest)
        if before is not None:
            return self.problem(where, f"is the same as {before}")
        other = self.skills.get(skill.name)
        if other is not None:
            why = f"has the name `{skill.name}` of {self.places[other.digest]}, and other content"
            return self.problem(where, why)
        self.skills[skill.name] = skill
        self.places[skill.digest] = where
        self.size += sum(len(file.data) for file in skill.files)


def _tree(path: Path) -> Tree:
    """The files at a path. Raises Refused, Unmet, OSError and ValueError."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        return FolderTree(path)
    if not stat.S_ISREG(mode):
        raise ValueError("is neither a folder nor a regular file")
    data = read_regular(path, MAX_ARCHIVE).data
    return FilesTree(str(path), archive_members(File("archive", shown(path.name), "zip", data)))


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in, from the innermost on; "" is the last."""
    while path:
        path = path.rpartition("/")[0]
        yield path
