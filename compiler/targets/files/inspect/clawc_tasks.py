"""Tasks that clawc has compiled, for Inspect: `inspect eval clawc_tasks.py --sandbox clawc --model MODEL`.

Each sample is one bundle below `bundles/`. Its own checker judges what the agent leaves, in the sandbox `verifier` where there is
one, else on this machine; the score is the reward. `-T tasks=a,b` chooses tasks, `-T replay=FOLDER` plays stored solutions
(`FOLDER/TASK/steps.json`) instead of asking a model, `-T replay=bundle` those of the bundles.
"""

# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from inspect_ai import Task, task
from inspect_ai.dataset import Dataset, MemoryDataset, json_dataset
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, basic_agent, solver
from inspect_ai.tool import bash, python
from inspect_ai.util import OutputLimitExceededError, SandboxEnvironment, sandbox

HERE = Path(__file__).resolve().parent
DATASET = HERE / "dataset.jsonl"
_TOOL_S = 180


@task
def clawc_tasks(tasks: str | list[str] = "", replay: str = "", sandbox: str = "clawc") -> Task:
    """All tasks, or those named. `sandbox` is what they run in unless the command line says otherwise."""
    dataset = _dataset(tasks)
    return Task(
        dataset=dataset,
        solver=replayed(replay) if replay else agent(),
        scorer=checked(),
        sandbox=("docker", str(HERE / "compose.yaml")) if sandbox == "docker" else sandbox,
        time_limit=max((int(sample.metadata["wall_s"]) for sample in dataset if sample.metadata), default=None),
    )


def _dataset(tasks: str | list[str]) -> Dataset:
    dataset = json_dataset(str(DATASET))
    wanted = [name for name in (tasks.split(",") if isinstance(tasks, str) else tasks) if name]
    unknown = set(wanted) - {str(sample.id) for sample in dataset}
    if unknown:
        raise ValueError(f"there is no task {', '.join(sorted(unknown))} in {DATASET}")
    return MemoryDataset([s for s in dataset if s.id in wanted]) if wanted else dataset


@solver
def agent() -> Solver:
    """A model with a shell and Python, told each turn of the task when it has ended the one before."""
    solve_turn = basic_agent(tools=[bash(timeout=_TOOL_S), python(timeout=_TOOL_S)])

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await solve_turn(state, generate)
        for text in state.metadata["turns"]:
            state.completed = False
            state.messages.append(ChatMessageUser(content=text))
            state = await solve_turn(state, generate)
        return state

    return solve


@solver
def replayed(folder: str) -> Solver:
    """Plays stored solutions: the steps in `folder/TASK`, or those of the bundles if it is `bundle`. None for a task leaves its
    workspace untouched."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        name = str(state.sample_id)
        bundle = HERE / "bundles" / name
        at = bundle / "private" / "solution" if folder == "bundle" else Path(folder) / name
        sources = bundle if folder == "bundle" else at
        steps = json.loads((at / "steps.json").read_bytes())["steps"] if (at / "steps.json").is_file() else []
        for step in steps:
            if step["op"] == "write":
                await sandbox().write_file(step["path"], (sources / step["source"]).read_bytes())
            elif step["op"] == "delete":
                await _must(["rm", "-f", "--", step["path"]])
            elif step["op"] == "run":
                await _must(list(step["argv"]))
            elif step["op"] == "say":
                state.output.completion = step["text"]
        return state

    return solve


async def _must(command: list[str]) -> None:
    done = await sandbox().exec(command)
    if not done.success:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr[-500:]}")


@scorer(metrics=[mean(), stderr()])
def checked() -> Scorer:
    """The reward by the task's own checker. A grader without a verdict is an error of the sample, not a score."""

    async def score(state: TaskState, target: Target) -> Score:
        bundle = HERE / "bundles" / str(state.sample_id)
        archive = await _workspace()
        verifier = _verifier()
        if verifier:
            document = await _grade_inside(verifier, bundle, archive)
        else:
            document = await asyncio.to_thread(_grade_here, bundle, archive)
        if document["reward"] is None:
            raise RuntimeError(f"there is no verdict: {document.get('fault')}")
        failed = [c for c in document["checks"] if not c["passed"]]
        return Score(
            value=document["reward"],
            answer=f"{len(document['checks']) - len(failed)} of {len(document['checks'])} checks passed",
            explanation="\n".join(f"{c['name']}: {c['message']}" for c in failed) or None,
            metadata=document,
        )

    return score


def _inner(environment: SandboxEnvironment) -> Any:
    """The environment itself, without what records its calls."""
    return environment.as_type(SandboxEnvironment)


def _verifier() -> SandboxEnvironment | None:
    try:
        return sandbox("verifier")
    except ValueError:
        return None


async def _workspace() -> bytes:
    """The files that the agent has left, as a tar archive; whatever is in it is the agent's word."""
    taken = getattr(_inner(sandbox()), "workspace_archive", None)
    if taken is not None:
        return bytes(await taken())
    path = f"/tmp/workspace-{uuid4().hex}.tar"  # in the sandbox `local` all samples share the folder
    try:
        # Whatever tar says: what it cannot read is not there, and if it was made useless nothing is.
        await sandbox().exec(["tar", "-C", ".", "-cf", path, "."])
        archive: bytes = await sandbox().read_file(path, text=False)
        return archive
    except (FileNotFoundError, IsADirectoryError, PermissionError, OutputLimitExceededError):
        return b""
    finally:
        await sandbox().exec(["rm", "-f", path])


async def _grade_inside(verifier: SandboxEnvironment, bundle: Path, archive: bytes) -> dict[str, Any]:
    """Grade in the sandbox for that, where programs of the agent get others."""
    await verifier.write_file("/grade/parts.tar", _parts(bundle))
    await verifier.write_file("/grade/workspace.tar", archive)
    unpack = "import tarfile; tarfile.open('/grade/parts.tar').extractall('/grade')"
    await _checked_exec(verifier, ["python3", "-I", "-S", "-c", unpack])
    done = await verifier.exec(
        ["/bin/sh", "-c", "exec python3 -I -S /grade/grade.py /grade/bundle /grade/workspace.tar --disposable"
         ' ${CLAWC_PROGRAMS:+--jobs "$CLAWC_PROGRAMS"}'],
    )  # fmt: skip
    return _document(done.stdout, done.stderr)


async def _checked_exec(environment: SandboxEnvironment, command: list[str]) -> None:
    done = await environment.exec(command)
    if not done.success:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")


def _parts(bundle: Path) -> bytes:
    """Bundle and grader as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, name in ((bundle, "bundle"), (HERE / "grade.py", "grade.py"), (HERE / "grader", "grader")):
            archive.add(path, name, filter=lambda one: None if "__pycache__" in one.name else one)
    return buffer.getvalue()


def _grade_here(bundle: Path, archive: bytes) -> dict[str, Any]:
    """Grade on this machine; the grader isolates programs of the agent as well as it can be done here."""
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        workspace = os.path.join(folder, "workspace.tar")
        Path(workspace).write_bytes(archive)
        command = [sys.executable, "-I", "-S", str(HERE / "grade.py"), str(bundle), workspace]
        bwrap = shutil.which("bwrap")
        done = subprocess.run(
            [*command, *(["--bwrap", bwrap] if bwrap else [])], capture_output=True, text=True, check=False
        )
        return _document(done.stdout, done.stderr)


def _document(said: str, errors: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(said)
    except ValueError:
        raise RuntimeError(f"the grader gave no answer: {errors[-2000:]}") from None
    return document
