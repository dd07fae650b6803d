"""What the oracle does, step by step, and what that changes in the workspace: out of the bundle alone, nothing is run."""

from __future__ import annotations

import difflib
import shlex
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.spec.bundle import SOLUTION_STEPS, WORKSPACE, Solution, SolutionStep

MOST_LINES = 400  # of one difference
_COMPARED = 3_000  # lines of a file
_BYTES = 256 << 10
_WIDTH = 2_000


class DiffLine(NamedTuple):
    """`kind` is added, removed, hunk or ""."""

    kind: str
    text: str


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
    old, new = _lines(before), _lines(after)
    if old is None or new is None:
        sizes = " to ".join("nothing" if data is None else f"{len(data):,} bytes" for data in (before, after))
        return (), f"no text, or too long to compare: {sizes}"
    if before is None:
        found = [DiffLine("added", _cut(line)) for line in new]
    elif after is None:
        found = [DiffLine("removed", _cut(line)) for line in old]
    else:
        found = [
            DiffLine(_KINDS.get(line[:1], ""), _cut(line if line[:1] == "@" else line[1:]))
            for line in list(difflib.unified_diff(old, new, n=3, lineterm=""))[2:]
        ]
    if not found:
        return (), "nothing changes" if before == after else "only line ends change"
    more = len(found) - MOST_LINES
    return tuple(found[:MOST_LINES]), f"{more} more lines" if more > 0 else ""


_KINDS = {"+": "added", "-": "removed", "@": "hunk"}


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


def as_text(data: bytes) -> str | None:
    """The bytes as text; None for what is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _lines(data: bytes | None) -> list[str] | None:
    if data is None:
        return []
    text = as_text(data) if len(data) <= _BYTES else None
    lines = None if text is None else text.replace("\r\n", "\n").split("\n")
    if lines is not None and lines[-1] == "":
        lines.pop()
    return None if lines is None or len(lines) > _COMPARED else lines


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
