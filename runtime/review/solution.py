"""What the oracle does, step by step, and what that changes in the workspace: out of the bundle alone, nothing is run."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.web.differences import DiffLine, differences, lines_of
from clawc.spec.bundle import SOLUTION_STEPS, WORKSPACE, Solution, SolutionStep

MOST_LINES = 400  # of one difference


class Step(NamedTuple):
    """`title` says what is done, `path` to which file; `lines` are the difference, `note` says why there is none."""

    op: str
    title: str
    path: str = ""
    lines: tuple[DiffLine, ...] = ()
    note: str = ""


def steps_of(bundle: Bundle) -> tuple[Step, ...]:
    """The steps of the oracle; none where the bundle has no solution. Raises RuntimeFault for a damaged bundle, ValueError for steps that are none."""
    if SOLUTION_STEPS not in bundle.files:
        return ()
    solution = Solution.model_validate_json(bundle.read(SOLUTION_STEPS))
    now = {file.path: f"{WORKSPACE}/{file.path}" for file in bundle.manifest.workspace}
    return tuple(_step(bundle, step, now) for step in solution.steps)


def difference(before: bytes | None, after: bytes | None) -> tuple[tuple[DiffLine, ...], str]:
    """The lines that differ with three around them, and a note where they are not all shown. None is a file that is not there."""
    old, new = lines_of(before), lines_of(after)
    if old is None or new is None:
        sizes = " to ".join("nothing" if data is None else f"{len(data):,} bytes" for data in (before, after))
        return (), f"no text, or too long to compare: {sizes}"
    found = tuple(differences(old, new))
    if not found:
        return (), "nothing changes" if before == after else "only line ends change"
    more = len(found) - MOST_LINES
    return found[:MOST_LINES], f"{more} more lines" if more > 0 else ""


def _step(bundle: Bundle, step: SolutionStep, now: dict[str, str]) -> Step:
    path = step.path or ""
    if step.op == "run":
        return Step("run", shlex.join(step.argv))
    if step.op == "say":
        return Step("say", "says at the end", note=step.text)
    if step.op == "read":
        return Step("read", "reads", path)
    before = bundle.read(now[path]) if path in now else None
    if step.op == "delete":
        now.pop(path, None)
        return Step("delete", "deletes", path, *difference(before, None))
    if step.source is None:
        return Step("write", "writes", path, note="the bundle does not hold what")
    now[path] = step.source
    return Step("write", "writes" if before is None else "changes", path, *difference(before, bundle.read(step.source)))
