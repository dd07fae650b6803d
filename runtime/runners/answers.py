"""Answers to try in every runner: the oracle's, none at all, and mutants of the oracle's, right and wrong ones.

Bundles are untrusted: `answers_of` compiles their sources, so call it in a child within bounds.
"""

from __future__ import annotations

from pydantic import ValidationError

from clawc.compiler.mutants.derive import mutants_of
from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.runners.interface import Answer
from clawc.runtime.selftest.rebuild import rebuilt, source_of
from clawc.spec.bundle import SOLUTION_FILES, SOLUTION_STEPS, Solution, SolutionStep

ORACLE, NULL = "oracle", "null"


def oracle_and_null(bundle: Bundle) -> list[Answer]:
    """The bundle's own solution, if it has one, and an untouched workspace. Raises RuntimeFault R0402 for one that is none."""
    found = [Answer(bundle, NULL, "the workspace as it was", Solution(steps=()), {})]
    if SOLUTION_STEPS in bundle.files:
        try:
            stored = Solution.model_validate_json(bundle.read(SOLUTION_STEPS))
        except ValidationError as error:
            raise RuntimeFault("R0402", f"`{SOLUTION_STEPS}` is not a solution: {error.errors()[0]['msg']}") from error
        files = {_short(step.source): bundle.read(step.source) for step in stored.steps if step.source}
        steps = [
            step.model_copy(update={"source": _short(step.source)}) if step.source else step for step in stored.steps
        ]
        found.insert(0, Answer(bundle, ORACLE, "the solution of the bundle", Solution(steps=tuple(steps)), files))
    return found


def _short(source: str) -> str:
    """Where a file of the solution stands beside its steps."""
    return source.removeprefix(f"{SOLUTION_FILES.rpartition('/')[0]}/")


def changed_answers(bundle: Bundle, count: int) -> list[tuple[str, dict[str, bytes | None]]]:
    """Up to `count` mutants of the oracle's answer, spread over all kinds: what each is, and files over the inputs (None: not
    there). Raises RuntimeFault R0108 to R0110 for a bundle that is not what its source gives."""
    compiled = rebuilt(bundle, source_of(bundle)).tasks[0]
    compiled.trial.remember()
    made = [m for m in mutants_of(compiled.trial, compiled.witness, 4 * count) if m.events is None]
    step = max(1, len(made) // max(count, 1))
    chosen = made[::step][:count]
    written = compiled.witness.written
    return [(f"{m.operator} ({m.kind}): {m.what}", {**written, **m.files}) for m in chosen]


def answer_of(bundle: Bundle, name: str, what: str, files: dict[str, bytes | None]) -> Answer:
    """An answer that leaves these files over the inputs."""
    inputs = {one.path for one in bundle.manifest.workspace}
    steps: list[SolutionStep] = []
    kept: dict[str, bytes] = {}
    for path, data in files.items():
        if data is not None:
            kept[f"files/{path}"] = data
            steps.append(SolutionStep(op="write", path=path, source=f"files/{path}"))
        elif path in inputs:
            steps.append(SolutionStep(op="delete", path=path))
    return Answer(bundle, name, what, Solution(steps=tuple(steps)), kept)
