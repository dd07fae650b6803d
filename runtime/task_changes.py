"""What differs between two bundles of a task, and what that means for scores: comparable, to be judged again, or to be played
again.

An episode depends on what the agent is given: instruction, workspace, limits, environment. A score depends also on the
verifier, and scores of two verifier hashes are never mixed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle
from clawc.runtime.change_parts import (
    Field,
    Part,
    check_fields,
    field,
    fields_of,
    lines_between,
    parts_of,
    rubric_fields,
)
from clawc.runtime.suite.assemble import verifier_hash
from clawc.runtime.web.differences import lines_of
from clawc.spec import bundle as spec
from clawc.spec.bundle import Strict
from clawc.spec.ir import TaskIR
from clawc.spec.manifest_id import canonical_json

_LISTED = 100  # files, checks or criteria that are named
_DETAILS = 32 << 20  # bytes of an ir.json that is read
# What of a checker says what it is called and where its source stood, and nothing of what it asks: in its head, and anywhere.
_NAMES = re.compile(rb'^(?:"""Checker of the task|Compiled by) [^"\n]*$', re.MULTILINE)
_HEAD = 6  # lines
_PLACES = re.compile(rb"(?<=^    yield )\d+(?=,)", re.MULTILINE)

Scores = Literal["comparable", "rescore", "rerun", "new", "gone"]


class TaskChange(Strict):
    """One task of two versions. `was` is its name before, where it has another. `meaning`: agents or verifiers meet something
    else. `hashes` are all, those that are the same too."""

    task: str
    was: str = ""
    status: Literal["same", "changed", "added", "removed", "renamed"]
    scores: Scores
    meaning: bool
    why: tuple[str, ...] = ()
    hashes: tuple[Field, ...] = ()
    instruction: tuple[Field, ...] = ()
    workspace: tuple[Part, ...] = ()
    checks: tuple[Part, ...] = ()
    rubrics: tuple[Part, ...] = ()
    deliverables: tuple[Part, ...] = ()
    scoring: tuple[Field, ...] = ()
    limits: tuple[Field, ...] = ()
    environment: tuple[Field, ...] = ()
    other: tuple[Field, ...] = ()
    left_out: int = 0


def instruction_hash(bundle: Bundle) -> str:
    """SHA-256 of all that an agent is told, turn by turn."""
    told = [bundle.files[name].sha256 for name in (spec.INSTRUCTION, *bundle.manifest.turns) if name in bundle.files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def workspace_hash(bundle: Bundle) -> str:
    """SHA-256 of what an agent finds: paths, contents, modes, links."""
    document = bundle.manifest.model_dump(mode="json", include={"workspace", "links"})
    return hashlib.sha256(canonical_json(document)).hexdigest()


def only_one(bundle: Bundle, *, added: bool) -> TaskChange:
    """A task that only one of two versions has."""
    said = [
        Field(name=name, after=value) if added else Field(name=name, before=value)
        for name, value in _hashes(bundle).items()
    ]
    return TaskChange(
        task=bundle.manifest.task, status="added" if added else "removed", scores="new" if added else "gone", meaning=True,
        why=("no run has it yet" if added else "its scores have nothing to be compared with",), hashes=tuple(said),
    )  # fmt: skip


def compare(before: Bundle, after: Bundle) -> TaskChange:
    """What differs from one version of a task to the next. Raises RuntimeFault for a bundle that changes meanwhile."""
    old, new = before.manifest, after.manifest
    was, now = _hashes(before), _hashes(after)
    renamed = old.task != new.task
    limits = fields_of(old.limits, new.limits)
    environment = fields_of(old.environment, new.environment)
    given = [name for name in ("instruction", "workspace") if was[name] != now[name]]
    given += ["limits"] if any(field.name != "check_s" for field in limits) else []
    given += ["environment"] if environment else []
    judged = _judged(before, after)
    places = was["verifier"] != now["verifier"] and not judged
    check_s = any(field.name == "check_s" for field in limits)
    solution = _solution(before) != _solution(after)
    scores: Scores = "comparable"
    why: list[str] = []
    if renamed:
        scores = "rerun"
        why.append(f"it was called `{old.task}`, and runs know it by that name")
    if given:
        scores = "rerun"
        why.append(f"agents are given something else: {', '.join(given)}")
    if judged or check_s:
        scores = "rescore" if scores == "comparable" else scores
        why.append(f"the verifier asks something else: {', '.join([*judged, *(['its time'] if check_s else [])])}")
    elif places:
        scores = "rescore" if scores == "comparable" else scores
        why.append(
            "the verifier's text differs by names and line numbers alone: judged again, scores stay what they were"
        )
    if solution:
        why.append("the solution differs, so runs of `oracle` do")
    ir_old, ir_new = _ir(before), _ir(after)
    left_out = 0
    checks: list[Part] = []
    rubrics: list[Part] = []
    if ir_old is None or ir_new is None:
        left_out += 1
    else:
        checks = list(parts_of({c.name: c for c in ir_old.checks}, {c.name: c for c in ir_new.checks}, check_fields))
        rubrics = list(
            parts_of({r.name: r for r in ir_old.rubrics}, {r.name: r for r in ir_new.rubrics}, rubric_fields)
        )
    workspace = list(_workspace(before, after)) if was["workspace"] != now["workspace"] else []
    delivered = list(parts_of({d.name: d for d in old.deliverables}, {d.name: d for d in new.deliverables}, fields_of))
    left_out += sum(max(0, len(parts) - _LISTED) for parts in (workspace, checks, rubrics, delivered))
    meaning = renamed or bool(given or judged or check_s or solution)
    same = old.id == new.id
    return TaskChange(
        task=new.task,
        was=old.task if renamed else "",
        status="renamed" if renamed else "same" if same else "changed",
        scores=scores,
        meaning=meaning,
        why=tuple(why),
        hashes=tuple(Field(name=name, before=was[name], after=now[name]) for name in was),
        instruction=tuple(_instruction(before, after)) if "instruction" in given else (),
        workspace=tuple(workspace[:_LISTED]),
        checks=tuple(checks[:_LISTED]),
        rubrics=tuple(rubrics[:_LISTED]),
        deliverables=tuple(delivered[:_LISTED]),
        scoring=tuple(
            field(name, getattr(old.scoring, name), getattr(new.scoring, name))
            for name in ("rubric_share", "rubric_after", "rubric_gated")
            if getattr(old.scoring, name) != getattr(new.scoring, name)
        ),
        limits=tuple(limits),
        environment=tuple(environment),
        other=tuple(_other(before, after)),
        left_out=left_out,
    )


def likeness(bundle: Bundle) -> tuple[str, str]:
    """Two marks, of which a task that was only renamed has at least one with what it was: what agents are given, and what is
    judged but for names."""
    given = f"{instruction_hash(bundle)} {workspace_hash(bundle)}"
    read = _ir(bundle)
    if read is None or not (read.checks or read.rubrics):
        return given, given
    asked = read.model_dump_json(
        include={"checks", "rubrics", "deliverables"},
        exclude={"checks": {"__all__": {"expects": {"__all__": {"line"}}}}},
    )
    return given, hashlib.sha256(asked.encode()).hexdigest()


def brief(change: TaskChange) -> TaskChange:
    """The same without what differs in detail."""
    kept = change.model_dump(include={"task", "was", "status", "scores", "meaning", "why", "hashes"})
    return TaskChange(**kept, left_out=1)


def _hashes(bundle: Bundle) -> dict[str, str]:
    return {
        "bundle": bundle.manifest.id,
        "verifier": verifier_hash(bundle),
        "instruction": instruction_hash(bundle),
        "workspace": workspace_hash(bundle),
    }


def _judged(before: Bundle, after: Bundle) -> list[str]:
    """What of the verifiers asks something else."""
    found: list[str] = []
    if before.files[spec.CHECKER] != after.files[spec.CHECKER]:
        old, new = (_asked(each.read(spec.CHECKER)) for each in (before, after))
        found += ["checker"] if old != new else []
    for folder, name in ((spec.VENDOR, "libraries"), (spec.RUBRIC, "rubrics"), (spec.JOBS, "programs")):
        old_files, new_files = (
            {path: file.sha256 for path, file in each.files.items() if path.startswith(f"{folder}/")}
            for each in (before, after)
        )
        found += [name] if old_files != new_files else []
    if before.manifest.jobs != after.manifest.jobs and "programs" not in found:
        found.append("programs")
    if before.manifest.scoring != after.manifest.scoring:
        found.append("how checks count")
    return found


def _asked(checker: bytes) -> bytes:
    lines = checker.split(b"\n", _HEAD)
    head = _NAMES.sub(b"", b"\n".join(lines[:_HEAD]))
    return head + b"\n" + _PLACES.sub(b"", b"\n".join(lines[_HEAD:]))


def _solution(bundle: Bundle) -> dict[str, str]:
    return {path: file.sha256 for path, file in bundle.files.items() if path.startswith("private/solution/")}


def _instruction(before: Bundle, after: Bundle) -> Iterator[Field]:
    names = dict.fromkeys((spec.INSTRUCTION, *before.manifest.turns, *after.manifest.turns))
    for name in names:
        old, new = (each.files.get(name) for each in (before, after))
        if old != new:
            data = [None if file is None else each.read(name) for each, file in ((before, old), (after, new))]
            yield Field(name=name.removeprefix("public/"), lines=lines_between(lines_of(data[0]), lines_of(data[1])))


def _workspace(before: Bundle, after: Bundle) -> Iterator[Part]:
    old = {file.path: file for file in before.manifest.workspace}
    new = {file.path: file for file in after.manifest.workspace}
    shown = 0
    for path in sorted(old.keys() | new.keys()):
        a, b = old.get(path), new.get(path)
        if a == b:
            continue
        fields: list[Field] = []
        if a is None or b is None:
            said = b or a
            assert said is not None
            fields.append(field("size", "" if a is None else a.size, "" if b is None else b.size))
        else:
            fields += [field("mode", f"{a.mode:o}", f"{b.mode:o}")] if a.mode != b.mode else []
            if a.sha256 != b.sha256:
                shown += 1
                name = f"{spec.WORKSPACE}/{path}"
                lines = (
                    lines_between(lines_of(before.read(name)), lines_of(after.read(name)))
                    if shown <= _LISTED and max(a.size, b.size) <= 1 << 20
                    else ()
                )
                fields.append(Field(name="content", before=f"{a.size} bytes", after=f"{b.size} bytes", lines=lines))
        yield Part(
            name=path, kind="added" if a is None else "removed" if b is None else "changed", fields=tuple(fields)
        )
    links = {link.path: link for link in before.manifest.links}
    yield from parts_of(links, {link.path: link for link in after.manifest.links}, fields_of)


def _solution_of(bundle: Bundle) -> str:
    return hashlib.sha256(canonical_json(_solution(bundle))).hexdigest()


def _other(before: Bundle, after: Bundle) -> Iterator[Field]:
    old, new = before.manifest, after.manifest
    for name in ("title", "category", "operations", "edition", "oracle", "imported"):
        if getattr(old, name) != getattr(new, name):
            yield field(name, getattr(old, name), getattr(new, name))
    if old.instance != new.instance:
        yield field("instance", *(m.instance and m.instance.model_dump(mode="json") for m in (old, new)))
    for name in ("source_sha256", "compiler", "library_sha256"):
        if getattr(old.provenance, name) != getattr(new.provenance, name):
            yield field(name, getattr(old.provenance, name), getattr(new.provenance, name))
    if _solution(before) != _solution(after):
        yield field("solution", _solution_of(before), _solution_of(after))


def _ir(bundle: Bundle) -> TaskIR | None:
    """None for one that is too large, or that this version does not read."""
    listed = bundle.files.get(spec.IR)
    if listed is None or listed.size > _DETAILS:
        return None
    try:
        return TaskIR.model_validate_json(bundle.read(spec.IR))
    except (ValidationError, ValueError, RecursionError):
        return None
