"""Steps of the oracle left out, and the wrong answers that the author has written down."""

from __future__ import annotations

from collections.abc import Iterator

from clawc.compiler.mutants.model import Change, Result, WorkspaceOperator
from clawc.compiler.witness.derive import written


def _left_out(result: Result) -> Iterator[Change]:
    """What is written or deleted stays as it was; each path alone."""
    for path, data in list(result.written.items())[:12]:
        before = result.pristine.get(path)
        if before == data:
            continue
        owner = next((d.name for d in result.task.delivers if path in d.paths), "")
        what = f"`{path}` is not {'deleted' if data is None else 'written' if before is None else 'edited'}"
        yield Change({path: before}, "the steps", what, result.readers(owner), certain=False)


def _all_but_one(result: Result) -> Iterator[Change]:
    """Only the first file of several is written."""
    paths = list(result.written)
    if len(paths) > 2:
        rest = {p: result.pristine.get(p) for p in paths[1:]}
        yield Change(rest, "the steps", f"only `{paths[0]}` is written", certain=False)


def _authored(result: Result) -> Iterator[Change]:
    for mutant in result.task.mutants:
        files: dict[str, bytes | None] = {}
        for edit in mutant.edits:
            files |= written(result.task, edit) or {}
        if files:
            yield Change(
                files, f"the mutant `{mutant.name}`", f"the mutant `{mutant.name}` of the task", span=mutant.span
            )


OPERATORS = (
    WorkspaceOperator("step_left_out", "wrong", _left_out),
    WorkspaceOperator("half_done", "wrong", _all_but_one),
    WorkspaceOperator("authored", "wrong", _authored),
)
