"""Judges files in this process, with the evaluator in place of the emitted checker: same primitives, same rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.forms import deliverable
from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.passes.evaluate import Reader, evaluate
from clawc.compiler.passes.seal import Sealer
from clawc.spec.core import Core
from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.values import Unmet
from clawc.stdlib.checks.verdict import Check, Expect, judge
from clawc.stdlib.checks.workspace import Memory, Submission


class _Submitted(Reader):
    def __init__(self, submission: Submission) -> None:
        self.submission = submission

    def deliverable(self, name: str, raw: bool) -> Any:
        return self.submission.raw(name) if raw else self.submission[name]

    def workspace(self) -> Any:
        return self.submission

    def run(self, number: int) -> Any:
        raise Unmet("programs are not run at compile time")


class _Thunk:
    """Evaluates one condition when called."""

    def __init__(self, node: Core, state: TaskState, reader: Reader) -> None:
        self.node = node
        self.state = state
        self.reader = reader

    def __call__(self) -> Any:
        return evaluate(self.node, self.state, self.reader)


class Trial:
    """The checks of one task, ready to judge workspaces held in memory."""

    def __init__(self, task: Task, sealer: Sealer) -> None:
        self.task = task
        self.state = task.context.task
        self.sealed: dict[str, list[tuple[int, str, Core]]] = {
            c.name: [(e.line, e.source, sealer.seal(e.core)) for e in c.expects] for c in task.checks
        }
        self.deliverables = [
            deliverable(
                d.name,
                d.path,
                d.kind,
                columns=d.columns,
                keys=d.keys,
                sections=d.sections,
                extra_columns=d.extra_columns,
                column_order=d.column_order,
            )
            for d in task.delivers
        ]
        self.pristine = {i.file.path: i.data for i in task.inputs}
        self.hashes = {path: hashlib.sha256(data).hexdigest() for path, data in self.pristine.items()}

    def judge(self, written: Mapping[str, bytes]) -> dict[str, Any]:
        """The verdict on the inputs with `written` (path to bytes) laid over them."""
        submission = Submission(Memory({**self.pristine, **written}), self.deliverables, self.hashes)
        reader = _Submitted(submission)
        checks = [self._check(c, reader) for c in self.task.checks]
        return judge(self.task.name, checks, submission, "")

    def _check(self, check: CheckDecl, reader: Reader) -> Check:
        def body(_: Submission) -> Iterator[Expect]:
            for line, source, node in self.sealed[check.name]:
                yield line, shown_source(source), _Thunk(node, self.state, reader)

        return Check(check.name, body, plain(check.weight), check.kind, check.partial, check.after)


def shown_source(source: str) -> str:
    """A condition as verdicts quote it."""
    return source if len(source) <= 160 else source[:159] + "…"


def uses_runs(task: Task) -> bool:
    """Can only the runtime judge this task, because programs have to be run?"""
    return bool(task.context.task.jobs)
