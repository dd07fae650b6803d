"""All files of a bundle, as bytes by path; the same source gives the same bytes on every machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from clawc import __version__
from clawc.compiler.assets import RecordedAssets
from clawc.compiler.emit.builder import builder
from clawc.compiler.emit.checker import checker
from clawc.compiler.emit.lower import lower
from clawc.compiler.emit.python_source import job_id
from clawc.compiler.emit.rubric import description, prompt
from clawc.compiler.emit.shake import library
from clawc.compiler.emit.sources import source_files
from clawc.compiler.model import Task
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trace import Quotation
from clawc.compiler.witness.derive import Witness
from clawc.spec import bundle as spec
from clawc.spec.manifest_id import manifest_id
from clawc.stdlib.checks.kinds import plain


@dataclass(frozen=True, slots=True)
class BundleFiles:
    """A bundle in memory: its manifest and its files, `bundle.json` included."""

    manifest: spec.Manifest
    files: dict[str, bytes]


def bundle_files(
    task: Task, sealer: Sealer, quotations: list[Quotation], witness: Witness, assets: RecordedAssets
) -> BundleFiles:
    """Emits every part, then the manifest over them."""
    script = checker(task, sealer)
    files: dict[str, bytes] = {
        spec.INSTRUCTION: task.instruction.encode(),
        spec.BUILDER: builder(task).encode(),
        spec.CHECKER: script.source.encode(),
        spec.IR: lower(task, sealer, quotations).encode(),
    }
    for number, turn in enumerate(task.turns, 2):
        files[f"{spec.TURNS}/{number}.md"] = turn.encode()
    files.update({f"{spec.VENDOR}/{path}": data for path, data in script.vendor.items()})
    for item in (*task.inputs, *task.placed):
        files[f"{spec.WORKSPACE}/{item.file.path}"] = item.data
    if task.rubrics:
        files[f"{spec.RUBRIC}/rubric.json"] = description(task).encode()
        for rubric in task.rubrics:
            files[f"{spec.RUBRIC}/{rubric.name}.md"] = prompt(task, rubric).encode()
    files.update(_solution(witness))
    for number, job in enumerate(task.context.task.jobs):
        for path, data in job.files:
            files[f"{spec.JOBS}/{job_id(number)}/{path}"] = data
    index, kept = source_files(task, assets, files)
    files |= {**kept, spec.SOURCE_INDEX: _json(index.model_dump(mode="json"))}
    manifest = _manifest(task, witness, files)
    files[spec.MANIFEST] = _json(manifest.model_dump(mode="json"))
    return BundleFiles(manifest, dict(sorted(files.items())))


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _solution(witness: Witness) -> dict[str, bytes]:
    files = {f"{spec.SOLUTION_FILES}/{path}": data for path, data in witness.files.items()}
    steps = [
        spec.SolutionStep(
            op=step.op, path=step.path or None, source=f"{spec.SOLUTION_FILES}/{step.path}" if step.op == "write" else None,
            argv=step.argv, text=step.text,
        )
        for step in witness.steps
    ]  # fmt: skip
    files[spec.SOLUTION_STEPS] = _json(spec.Solution(steps=tuple(steps)).model_dump(mode="json"))
    return files


def _manifest(task: Task, witness: Witness, files: dict[str, bytes]) -> spec.Manifest:
    limits = task.limits
    draft = spec.Manifest(
        id="0" * 64,
        task=task.name,
        title=task.title,
        category=task.category,
        operations=task.operations,
        edition=task.edition,
        provenance=spec.Provenance(
            source=task.source.path.rsplit("/", 1)[-1],
            source_sha256=hashlib.sha256(task.source.text.encode("utf-8", "surrogatepass")).hexdigest(),
            compiler=__version__,
            library_sha256=library().sha256,
        ),
        instance=spec.Instance(template=task.template, seed=task.seed, draws=task.draws, params=dict(task.params))
        if task.drawn
        else None,
        limits=spec.Limits(
            wall_s=limits.wall_s, memory_bytes=limits.memory_bytes, disk_bytes=limits.disk_bytes,
            processes=limits.processes,
        ),
        environment=spec.Environment(tools=limits.tools, env=dict(limits.env)),
        scoring=_scoring(task),
        workspace=tuple(
            spec.WorkspaceFile(path=i.file.path, sha256=hashlib.sha256(i.data).hexdigest(), size=len(i.data),
                               mode=i.mode)
            for i in sorted([*task.inputs, *task.placed], key=lambda i: i.file.path)
        ),
        links=tuple(spec.WorkspaceLink(path=path, to=to) for path, to in task.links),
        turns=tuple(f"{spec.TURNS}/{number}.md" for number, _ in enumerate(task.turns, 2)),
        deliverables=tuple(
            spec.DeliverableRef(name=d.name, path=d.path, kind=d.kind, edits=d.edits, shape=d.shape) for d in task.delivers
        ),
        jobs=tuple(
            spec.Job(id=job_id(n), argv=j.argv, files={p: f"{spec.JOBS}/{job_id(n)}/{p}" for p, _ in j.files},
                     env=dict(j.env), stdin=j.stdin, cwd=j.cwd, timeout_s=j.timeout_s, without=j.without,
                     alone=j.alone, whole=j.whole, transcript=j.transcript)
            for n, j in enumerate(task.context.task.jobs)
        ),
        oracle=witness.origin,
        imported=task.imported,
        files=tuple(
            spec.BundleFile(path=p, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for p, data in sorted(files.items())
        ),
    )  # fmt: skip
    return draft.model_copy(update={"id": manifest_id(draft.model_dump(mode="json"))})


def _scoring(task: Task) -> spec.Scoring:
    checks = tuple(
        spec.ScoredCheck(name=c.name, kind=c.kind, weight=plain(c.weight), partial=c.partial, after=c.after)
        for c in task.checks
    )
    after = tuple(dict.fromkeys(gate for r in task.rubrics for gate in r.after))
    return spec.Scoring(checks=checks, rubric_share=plain(task.rubric_share), rubric_after=after,
                        rubric_gated=not task.imported or bool(after))  # fmt: skip
