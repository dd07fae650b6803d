"""Skills for tests: the realistic ones beside this file, and ones that are made from a body."""

from __future__ import annotations

from pathlib import Path

from clawc.runtime.synth.skills.annotation import Annotation, Need
from clawc.runtime.synth.skills.graph import Annotated
from clawc.runtime.synth.skills.importer import read_skills
from clawc.runtime.synth.skills.skill import SKILL_FILE, Requires, Skill, SkillFile, digest_of
from clawc.runtime.synth.skills.states import FileState, Holds

DATA = Path(__file__).parent / "data"


def real_skills() -> dict[str, Skill]:
    """The realistic skills, by name."""
    return {skill.name: skill for skill in read_skills([DATA]).skills}


def skill_of(
    body: str,
    name: str = "a-skill",
    description: str = "What it does.",
    requires: Requires | None = None,
    files: tuple[SkillFile, ...] = (),
) -> Skill:
    """A skill that says nothing but this."""
    whole = (SkillFile(SKILL_FILE, f"---\nname: {name}\n---\n{body}".encode()), *files)
    return Skill(name, description, body, whole, digest_of(whole), requires or Requires())


def state(format: str, holds: Holds) -> FileState:
    return FileState(format=format, holds=holds)


def annotation(
    pre: tuple[FileState, ...] = (),
    post: tuple[FileState, ...] = (state("csv", "rows"),),
    *,
    usable: bool = True,
    needs: tuple[Need, ...] = ("nothing",),
) -> Annotation:
    return Annotation(
        why="a test",
        pre=pre,
        post=post,
        operations=("data.clean",),
        category="office.records",
        needs=needs,
        usable=usable,
    )


def annotated(
    name: str, pre: tuple[FileState, ...] = (), post: tuple[FileState, ...] = (), *, usable: bool = True
) -> Annotated:
    return Annotated(skill_of(f"The body of {name}.\n", name), annotation(pre, post, usable=usable))


def packed(name: str, body: str = "Do it.\n", front: str = "") -> str:
    """The text of a `SKILL.md`."""
    return f"---\nname: {name}\ndescription: What {name} does.\n{front}---\n\n{body}"


def lay(folder: Path, name: str, text: str | bytes | None = None) -> Path:
    """A folder of a skill."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    data = packed(name) if text is None else text
    (folder / name / SKILL_FILE).write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder / name
