"""What is noted of a task where it is proved: all that later stages need, so that nothing of it is compiled here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from clawc.compiler.finding import Finding
from clawc.compiler.pipeline import Compiled
from clawc.runtime.synth.authoring.difficulty import Features, features_of
from clawc.runtime.synth.rows import CardSummary
from clawc.runtime.synth.structure import data_hash, structure
from clawc.spec.bundle import Strict

MOST_BYTES = 4 << 20  # of all files of a workspace
Text = Annotated[str, Field(max_length=1 << 20)]


class TaskNote(Strict):
    """Digests, what the agent is told, the files of the workspace (base64) with their bytes together, and what the source declares."""

    structure: str
    data: str
    instruction: Text
    files: dict[str, str]
    size: Annotated[int, Field(ge=0)]
    category: str
    operations: tuple[str, ...]
    deliverables: tuple[str, ...]
    formats: tuple[str, ...]
    features: Features


class Tried(NamedTuple):
    """What compiling and proving a source came to: findings that speak against it, or `why` in words; else its card, the bundle's id,
    and the note."""

    path: Path
    findings: Sequence[Finding]
    card: CardSummary | None = None
    bundle: str = ""
    note: TaskNote | None = None
    why: str = ""


def read_note(data: object) -> TaskNote:
    """Raises ValueError for a task that declares more than a row of a set holds."""
    try:
        return TaskNote.model_validate(data)
    except ValidationError as error:
        raise ValueError("an instruction or names that are too long") from error


def task_note(compiled: Compiled, solution: Mapping[str, bytes | None] | None) -> dict[str, Any]:
    """As JSON data, in the process that proves. Without files where they are too large for a row of a set."""
    task = compiled.task
    size = sum(map(len, compiled.trial.pristine.values()))
    kept = compiled.trial.pristine if size <= MOST_BYTES else {}
    endings = {each.file.path.rpartition(".")[2] for each in task.inputs} | {each.kind for each in task.delivers}
    note = TaskNote(
        structure=structure(compiled), data=data_hash(compiled), instruction=task.told,
        files={path: b64encode(data).decode("ascii") for path, data in sorted(kept.items())}, size=size,
        category=task.category, operations=tuple(sorted(task.operations)), deliverables=tuple(each.name for each in task.delivers),
        formats=tuple(sorted(each for each in endings if each)), features=features_of(compiled, task.source.text),
    )  # fmt: skip
    return note.model_dump(mode="json")


def no_solution(path: str, compiled: Compiled) -> None:
    """Nobody has solved a task that a model wrote but its own query."""
