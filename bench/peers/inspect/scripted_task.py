"""The task for Inspect: a solver that runs given shell commands, without a model, and a scorer that runs the checker."""

# Inspect is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox
from inspect_ai.util._sandbox.docker import prereqs


@solver
def scripted(commands: list[str]) -> Solver:
    """One `exec` for each command."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for command in commands:
            done = await sandbox().exec(["/bin/sh", "-c", command])
            if not done.success:
                raise RuntimeError(f"{command!r} ended with {done.returncode}: {done.stderr}")
        return state

    return solve


@scorer(metrics=[mean()])
def checked(checker: list[str]) -> Scorer:
    """The score that the checker's verdict gives."""

    async def score(state: TaskState, target: Target) -> Score:
        done = await sandbox().exec(checker)
        return Score(value=float(json.loads(done.stdout)["score_checks"]))

    return score


async def any_engine() -> None:
    """In place of Inspect's look at the version of the Docker engine; the older ones of distributions serve it as well."""


@task
def copy_list(plan: str) -> Task:
    """`plan` is a JSON file: instruction, files, commands, checker (a command line), sandbox (`local`, or `docker` and a file for
    compose), and how many episodes."""
    document = json.loads(Path(plan).read_text(encoding="utf-8"))
    kind, *config = document["sandbox"]
    prereqs.validate_docker_engine = any_engine
    samples = [
        Sample(input=document["instruction"], id=number + 1, files=document["files"])
        for number in range(document["episodes"])
    ]
    return Task(
        dataset=samples,
        solver=scripted(document["commands"]),
        scorer=checked(document["checker"]),
        sandbox=(kind, *config) if config else kind,
    )
