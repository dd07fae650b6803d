"""Judges files in this process, with the evaluator in place of the emitted checker: same primitives, same rules."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.elaborate.context import TaskState
from clawc.compiler.forms import declared
from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.passes.evaluate import Reader, evaluate
from clawc.compiler.passes.remembered import Remembered, remembered_form
from clawc.compiler.passes.seal import Sealer
from clawc.spec import core
from clawc.spec.core import Core
from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.sets import file_family, file_set
from clawc.stdlib.checks.values import Unmet
from clawc.stdlib.checks.verdict import Check, Expect, judge
from clawc.stdlib.checks.workspace import Deliverable, Memory, Submission

# The trajectory of an agent that does nothing.
NOTHING_DONE: list[dict[str, Any]] = [{"event": "final", "text": ""}]


class _Submitted(Reader):
    def __init__(self, submission: Submission, memory: Remembered | None = None) -> None:
        self.submission = submission
        self.memory = memory

    def deliverable(self, node: core.Deliverable) -> Any:
        if node.shape == "set":
            return file_set(self.submission, node.name)
        if node.shape == "family":
            return file_family(self.submission, node.name)
        if node.raw:
            return self.submission.raw(node.name)
        if node.job >= 0:
            raise Unmet("programs are not run at compile time")
        return self.submission[node.name]

    def workspace(self) -> Any:
        return self.submission

    def run(self, number: int) -> Any:
        raise Unmet("programs are not run at compile time")


class _Judged(Reader):
    """For the tests of a task, which ask what a verdict says."""

    def __init__(self, verdict: dict[str, Any]) -> None:
        self._verdict = verdict

    def workspace(self) -> Any:
        return None

    def verdict(self) -> dict[str, Any]:
        return self._verdict


class _Thunk:
    """Evaluates one condition when called."""

    def __init__(self, node: Core, state: TaskState, reader: Reader) -> None:
        self.node = node
        self.state = state
        self.reader = reader

    def __call__(self) -> Any:
        return evaluate(self.node, self.state, self.reader)


class _Reads(NamedTuple):
    """What a condition looks at: deliverables of known paths, or all files, the inputs, what the agent did."""

    paths: tuple[str, ...]
    everything: bool
    inputs: bool
    events: bool


class Trial:
    """The checks of one task, ready to judge workspaces held in memory."""

    def __init__(self, task: Task, sealer: Sealer) -> None:
        self.task = task
        self.state = task.context.task
        self.sealed: dict[str, list[tuple[int, str, Core]]] = {
            c.name: [(e.line, e.shown, sealer.seal(e.core)) for e in c.expects] for c in task.checks
        }
        self.deliverables = [declared(d) for d in task.delivers]
        self.memory: Remembered | None = None
        self._reads: dict[int, _Reads] = {}
        self._paths = {d.name: None if d.shape == "set" or d.only else d.paths for d in task.delivers}
        self.pristine = {i.file.path: i.data for i in task.inputs}
        self.hashes = {path: hashlib.sha256(data).hexdigest() for path, data in self.pristine.items()}
        self.hashes |= {f"{folder}/.git/": "" for folder in task.repos}

    def remember(self) -> None:
        """From now on, what was found out about the files of one submission is not found out again for the next."""
        if self.memory is not None:
            return
        self.memory = Remembered()
        for place, deliverable in enumerate(self.deliverables):
            forms = [remembered_form(form) for form in deliverable.forms]
            if isinstance(deliverable, Deliverable):
                self.deliverables[place] = deliverable._replace(forms=forms)
            else:
                deliverable.forms = forms

    def judge(
        self,
        written: Mapping[str, bytes | None],
        events: list[dict[str, Any]] | None = None,
        only: Container[str] | None = None,
    ) -> dict[str, Any]:
        """The verdict on the inputs with `written` (path to bytes, None: deleted) laid over them, after `events`; of some
        checks alone if they are named."""
        files = {path: data for path, data in {**self.pristine, **written}.items() if data is not None}
        submission = Submission(Memory(files), self.deliverables, self.hashes)
        submission.events = NOTHING_DONE if events is None else events
        reader = _Submitted(submission, self.memory)
        checks = [self._check(c, reader) for c in self.task.checks if only is None or c.name in only]
        return judge(self.task.name, checks, submission, "")

    def verdict_reader(self, verdict: dict[str, Any]) -> Reader:
        """What `passed` and `score` of a test look at."""
        return _Judged(verdict)

    def _key(self, node: Core, submission: Submission) -> object:
        """What a condition depends on in one submission."""
        if id(node) not in self._reads:
            self._reads[id(node)] = self._reads_of(node)
        reads = self._reads[id(node)]
        files = submission.disk.files if isinstance(submission.disk, Memory) else {}
        if reads.everything:
            seen: object = tuple(sorted(files.items()))
        else:
            paths = (*reads.paths, *self.pristine) if reads.inputs else reads.paths
            seen = tuple([files.get(path) for path in paths])
        return id(node), seen, repr(submission.events) if reads.events else ""

    def _reads_of(self, node: Core) -> _Reads:
        paths: list[str] = []
        everything = inputs = events = False
        for n in core.walk(node):
            if isinstance(n, core.Deliverable):
                known = self._paths.get(n.name)
                everything |= known is None
                paths += known or ()
            elif isinstance(n, core.Call) and any(isinstance(a, core.Workspace) for a in n.args):
                inputs |= n.function in ("unchanged", "only_changed")
                events |= n.function in ("transcript_of", "tool_calls", "final_text")
                everything |= n.function not in (
                    "unchanged",
                    "only_changed",
                    "transcript_of",
                    "tool_calls",
                    "final_text",
                )
        return _Reads(tuple(paths), everything, inputs, events)

    def _check(self, check: CheckDecl, reader: _Submitted) -> Check:
        def body(_: Submission) -> Iterator[Expect]:
            for line, source, node in self.sealed[check.name]:
                thunk = _Thunk(node, self.state, reader)
                memory = reader.memory
                yield line, source, thunk if memory is None else memory.thunk(self._key(node, reader.submission), thunk)

        floor = plain(self.task.floors.get(check.name, Decimal(0)))
        return Check(check.name, body, plain(check.weight), check.kind, check.partial, check.after, floor)


def uses_run(node: Core) -> bool:
    """Can only the runtime judge this, because programs have to be run?"""
    return any(isinstance(n, core.Run) or (isinstance(n, core.Deliverable) and n.job >= 0) for n in core.walk(node))
