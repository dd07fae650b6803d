"""Export to JSON lines: a line holds a task whole, so that other programs can read it without knowing what a bundle is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import Field

from clawc.compiler.targets import parts
from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions
from clawc.spec import bundle as spec

FORMAT_VERSION = 1
TASKS, SCHEMA = "tasks.jsonl", "tasks.schema.json"


class Content(spec.Strict):
    """The bytes of a file: `text` if they are UTF-8, else `base64`."""

    text: str | None = None
    base64: str | None = None


class Turn(spec.Strict):
    """What the user says after a turn of the agent has ended; `path` is in the bundle."""

    path: spec.RelPath
    text: str


class Input(spec.Strict):
    """A file that the agent finds; `path` is relative to the workspace."""

    path: spec.RelPath
    mode: int
    content: Content


class Step(spec.Strict):
    """A step of the solution: write `content` to `path`, delete or read it, run a command, or end with `text`."""

    op: Literal["write", "delete", "run", "read", "say"]
    path: spec.RelPath | None = None
    argv: tuple[str, ...] | None = None
    text: str | None = None
    source: spec.RelPath | None = None
    content: Content | None = None


class Record(spec.Strict):
    """A task compiled by clawc. `checker` is a Python script that needs nothing but `vendor` beside it; `files` are those of
    the bundle that no other field holds, so that it can be had again, byte for byte."""

    format_version: Literal[1] = 1
    task: spec.TaskName
    bundle: spec.Sha256
    title: str
    category: str
    operations: tuple[str, ...]
    instruction: str
    turns: tuple[Turn, ...]
    inputs: tuple[Input, ...]
    links: tuple[spec.WorkspaceLink, ...]
    deliverables: tuple[spec.DeliverableRef, ...]
    environment: spec.Environment
    limits: spec.Limits
    scoring: spec.Scoring
    jobs: tuple[spec.Job, ...]
    checker: str
    vendor: dict[spec.RelPath, Content]
    rubric: dict[spec.RelPath, Content]
    oracle: Literal["derived", "authored", "mixed", "none"]
    solution: Annotated[tuple[Step, ...] | None, Field(description="not there if the task has none")] = None
    instance: spec.Instance | None = None
    provenance: spec.Provenance
    files: dict[spec.RelPath, Content]


def jsonl(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """One line a task, all of it ASCII: what else ends a line for some reader is escaped."""
    here = files("clawc.compiler.targets") / "files" / "jsonl"
    lines = [json.dumps(record(task).model_dump(mode="json", exclude_none=True)) + "\n" for task in tasks]
    found = {
        TASKS: ExportFile("".join(lines).encode("ascii")),
        SCHEMA: ExportFile((json.dumps(schema(), indent=2) + "\n").encode("ascii")),
        "unpack.py": ExportFile((here / "unpack.py").read_bytes()),
    }
    return Export(found | parts.grader_files(""), run=f"python3 unpack.py {TASKS} TASK FOLDER")


def record(task: BundleParts) -> Record:
    """All of a bundle."""
    manifest, rest = task.manifest, dict(task.files)
    solution = parts.solution(task)
    steps = None if solution is None else tuple(_step(step, task, rest) for step in solution.steps)
    return Record(
        task=manifest.task, bundle=manifest.id, title=manifest.title, category=manifest.category,
        operations=manifest.operations, instruction=rest.pop(spec.INSTRUCTION).decode(),
        turns=tuple(Turn(path=path, text=rest.pop(path).decode()) for path in manifest.turns),
        inputs=tuple(
            Input(path=one.path, mode=one.mode, content=_content(rest.pop(f"{spec.WORKSPACE}/{one.path}")))
            for one in manifest.workspace
        ),
        links=manifest.links, deliverables=manifest.deliverables, environment=manifest.environment,
        limits=manifest.limits, scoring=manifest.scoring, jobs=manifest.jobs,
        checker=rest.pop(spec.CHECKER).decode(), vendor=dict(_below(spec.VENDOR, rest)), rubric=dict(_below(spec.RUBRIC, rest)),
        oracle=manifest.oracle, solution=steps, instance=manifest.instance, provenance=manifest.provenance,
        files={path: _content(data) for path, data in rest.items()},
    )  # fmt: skip


def schema() -> dict[str, Any]:
    """JSON Schema of a line."""
    found = Record.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _step(step: spec.SolutionStep, task: BundleParts, rest: dict[str, bytes]) -> Step:
    content = None
    if step.source is not None:
        content = _content(task.files[step.source])
        rest.pop(step.source, None)
    return Step(
        op=step.op, path=step.path, argv=step.argv or None, text=step.text or None, source=step.source, content=content
    )


def _below(folder: str, rest: dict[str, bytes]) -> Iterator[tuple[str, Content]]:
    for path in [path for path in rest if path.startswith(f"{folder}/")]:
        yield path.removeprefix(f"{folder}/"), _content(rest.pop(path))


def _content(data: bytes) -> Content:
    try:
        return Content(text=data.decode("utf-8"))
    except UnicodeDecodeError:
        return Content(base64=base64.b64encode(data).decode("ascii"))
