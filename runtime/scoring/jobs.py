"""Runs the programs that a checker wants to know about. They are the agent's code, so each has a sandbox
of its own, with neither checker nor truth in it; the checker reads what is left of them from a folder per
job."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.sandbox.command import BASE_ENV
from clawc.runtime.sandbox.interface import WORKSPACE, Backend, Finished, LaidFile, Program, Template
from clawc.runtime.sandbox.tools import tool_env
from clawc.runtime.scoring.job_results import JobResults
from clawc.runtime.workspace import BundleTemplate, EmptyTemplate
from clawc.spec.bundle import DeliverableRef, Job
from clawc.stdlib.checks.sets import MAX_SET, path_pattern, pattern_folder

OUTPUT_LIMIT = 8 << 20


async def run_jobs(
    bundle: Bundle,
    workspace: Path,
    backend: Backend,
    dest: Path,
    trajectory: Path | None = None,
    known: JobResults | None = None,
) -> None:
    """Run all jobs of a bundle over its pristine inputs and the deliverables in `workspace`, a collected
    folder; those that are `whole`, over all of that folder. `trajectory` is the record of what the agent did. What `known`
    remembers is not run again.

    `dest` must not exist; it gets `<id>/result.json`, `stdout`, `stderr` and `tree/` for each job.
    """
    dest.mkdir()
    dest.chmod(0o755)
    delivered = _deliverables(bundle, workspace) if bundle.manifest.jobs else {}
    edited = tuple(path for ref in bundle.manifest.deliverables if (path := ref.edits))
    for job in bundle.manifest.jobs:
        folder = dest / job.id
        folder.mkdir()
        folder.chmod(0o755)
        changed = edited
        if job.whole:
            laid = _everything(workspace)
        else:
            laid = {path: file for path, file in delivered.items() if path not in job.without}
        if job.alone:
            laid = {path: file for path, file in laid.items() if path in job.argv}
            changed = tuple(path for path in edited if path in job.argv)
        laid |= {name: LaidFile(bundle.read(source)) for name, source in job.files.items()}
        # What the agent was to change is there as it left it, or not at all.
        template = EmptyTemplate() if job.whole else BundleTemplate(bundle, (*changed, *job.without))
        record = trajectory.read_bytes() if job.transcript and trajectory and trajectory.is_file() else b""
        run = partial(_run, backend, _program(bundle, job, record), template, laid, folder)
        if known is not None and not record:
            await known.fill(job.id, laid, folder, run)
        else:
            await run()


async def _run(
    backend: Backend, program: Program, template: Template, laid: Mapping[str, LaidFile], folder: Path
) -> None:
    _record(await backend.run_over(program, template, laid, folder / "tree"), folder)


def _program(bundle: Bundle, job: Job, record: bytes) -> Program:
    return Program(
        argv=job.argv,
        limits=bundle.manifest.limits,
        timeout_s=job.timeout_s,
        env={**environment(bundle), **job.env},
        cwd=WORKSPACE if job.cwd == "." else f"{WORKSPACE}/{job.cwd}",
        stdin=job.stdin.encode("utf-8", "replace") + record,
        output_limit=OUTPUT_LIMIT,
    )


def environment(bundle: Bundle) -> dict[str, str]:
    """The variables of the agent's sandbox and of jobs, with where lent tools are found."""
    offered = bundle.manifest.environment
    return {**tool_env(offered.tools, BASE_ENV["PATH"]), **offered.env}


def _deliverables(bundle: Bundle, workspace: Path) -> dict[str, LaidFile]:
    """The deliverables that exist. `workspace` was collected, so it holds no links."""
    found: dict[str, LaidFile] = {}
    for ref in bundle.manifest.deliverables:
        for name in _paths(ref, workspace):
            path = workspace / name
            if path.is_file():
                found[name] = _laid(path)
    return found


def _everything(workspace: Path) -> dict[str, LaidFile]:
    """All files of a collected folder."""
    found: dict[str, LaidFile] = {}
    for folder, folders, names in os.walk(workspace):
        folders.sort()
        inside = Path(folder).relative_to(workspace)
        found |= {(inside / name).as_posix(): _laid(Path(folder) / name) for name in sorted(names)}
    return found


def _laid(path: Path) -> LaidFile:
    return LaidFile(path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644)


def _paths(ref: DeliverableRef, workspace: Path) -> list[str]:
    """The paths of a deliverable; those of a set or family are looked for."""
    if ref.shape == "file":
        return [ref.path]
    pattern, found = path_pattern(ref.path), list[str]()
    for folder, folders, names in os.walk(workspace / pattern_folder(ref.path)):
        folders.sort()
        inside = Path(folder).relative_to(workspace)
        found += [path for name in sorted(names) if pattern.match(path := (inside / name).as_posix())]
    return found[:MAX_SET]


def _record(finished: Finished, folder: Path) -> None:
    problem = ""
    if finished.limit and finished.limit != "time":
        problem = f"exceeded its {finished.limit} limit"
    elif finished.truncated:
        problem = f"wrote more than {OUTPUT_LIMIT} bytes of output"
    result = {"exit": finished.exit, "timed_out": finished.limit == "time", "problem": problem}
    for name, data in (
        ("result.json", json.dumps(result).encode()),
        ("stdout", finished.stdout),
        ("stderr", finished.stderr),
    ):
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o644)
