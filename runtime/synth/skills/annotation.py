"""What is said of one skill: whether tasks can be made with it, and which files it takes and gives.

A model says it, and its word is checked; what a sealed sandbox cannot offer makes a skill unusable whatever was said.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, NamedTuple, TypeAlias, cast, get_args

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from clawc.runtime.engine.untyped import listing, mapping, shown
from clawc.runtime.judge.injection import speaking
from clawc.runtime.synth.replies import read_object
from clawc.runtime.synth.skills.skill import Skill
from clawc.runtime.synth.skills.states import FileState
from clawc.spec.bundle import Strict
from clawc.spec.taxonomy import CATEGORIES, OPERATIONS, dotted

MAX_REPLY = 100_000  # characters
MAX_WHY = 600
MAX_STATES = 8
MAX_OPERATIONS = 8
Need: TypeAlias = Literal["network", "auth", "device", "program", "nothing"]
NEEDS: tuple[Need, ...] = get_args(Need)
_OPERATIONS, _CATEGORIES = tuple(dotted(OPERATIONS)), tuple(dotted(CATEGORIES))
_TOLD = 200


def _operation(name: str) -> str:
    if name not in _OPERATIONS:
        raise ValueError("it is no operation that is known")
    return name


def _category(name: str) -> str:
    if name not in _CATEGORIES:
        raise ValueError("it is no category that is known")
    return name


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("a name stands twice")
    return names


def _states_once(states: tuple[FileState, ...]) -> tuple[FileState, ...]:
    return tuple(dict.fromkeys(states))  # the same state twice says no more than once


def _together(needs: tuple[Need, ...]) -> tuple[Need, ...]:
    if "nothing" in needs and len(needs) > 1:
        raise ValueError("`nothing` stands beside a need")
    return needs


Operation: TypeAlias = Annotated[
    str, AfterValidator(_operation), WithJsonSchema({"type": "string", "enum": list(_OPERATIONS)})
]
Category: TypeAlias = Annotated[
    str, AfterValidator(_category), WithJsonSchema({"type": "string", "enum": list(_CATEGORIES)})
]
States: TypeAlias = Annotated[tuple[FileState, ...], Field(max_length=MAX_STATES), AfterValidator(_states_once)]


class Annotation(Strict):
    """What is said of a skill; a model gives its reason (`why`) before its verdict. `pre` are the files that must be there, `post` those
    that are there afterwards; `needs` is what it takes besides files."""

    why: Annotated[str, Field(min_length=1, max_length=MAX_WHY)]
    pre: States
    post: States
    operations: Annotated[tuple[Operation, ...], Field(max_length=MAX_OPERATIONS), AfterValidator(_once)]
    category: Category
    needs: Annotated[
        tuple[Need, ...], Field(min_length=1, max_length=len(NEEDS)), AfterValidator(_once), AfterValidator(_together)
    ]
    usable: bool

    model_config = ConfigDict(strict=True)


class Refused(NamedTuple):
    """A reply that says nothing of a skill, and why, in words that may be told to the model."""

    why: str


def schema_text() -> str:
    """The JSON Schema of a reply on one line, for prompts and for decoding under constraints."""
    return json.dumps(_bare(Annotation.model_json_schema()), ensure_ascii=True) + "\n"


def read_annotation(text: str, skill: Skill) -> Annotation | Refused:
    """The one JSON object of a reply, in a fence or bare, as the annotation of the skill that was asked about. What a rule forbids is not
    usable, whatever the reply says."""
    try:
        return gated(read_object(text, Annotation, MAX_REPLY), skill)
    except ValueError as error:
        return Refused(str(error))


def gated(annotation: Annotation, skill: Skill) -> Annotation:
    """The same, but not usable, and for which reason, where a rule forbids it."""
    why = barred(skill) or _unfit(annotation)
    return annotation.model_copy(update={"usable": False, "why": why[:MAX_WHY]}) if why else annotation


def barred(skill: Skill) -> str:
    """Why no task can be made with a skill, from its front matter and text alone, or ""."""
    if skill.requires.unmet:
        return f"it requires {shown(skill.requires.unmet)}"
    if beside := skill.beside:
        return f"its text names a file beside it, `{shown(beside[0])[:_TOLD]}`, and a source holds the text alone"
    if spans := speaking(f"{skill.description}\n\n{skill.body}"):
        return f"its text speaks to whoever judges or prompts a model ({spans[0].kind})"
    return ""


def _unfit(annotation: Annotation) -> str:
    if not annotation.post:
        return "no file is said to be there afterwards"
    needs = [need for need in annotation.needs if need != "nothing"]
    return f"it needs a {needs[0]}, which a sealed sandbox does not have" if needs else ""


def _bare(schema: object) -> object:
    """A schema without what pydantic says about it to programmers; no field has one of these names."""
    if isinstance(schema, dict):
        inner = mapping(cast(object, schema)).items()
        return {key: _bare(each) for key, each in inner if key not in ("title", "description")}
    return [_bare(each) for each in listing(cast(object, schema))] if isinstance(schema, list) else schema
