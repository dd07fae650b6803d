"""The `test` blocks of a task that ask about checks which judge programs: what the compiler cannot try, the runtime does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from clawc.compiler.model import Task, TestDecl
from clawc.compiler.passes.evaluate import evaluate
from clawc.compiler.passes.trial import NOTHING_DONE, Trial
from clawc.compiler.passes.variants import asked_by
from clawc.compiler.source import Diagnostic
from clawc.compiler.witness.derive import Witness, events_of, written
from clawc.spec import core


class Tested(NamedTuple):
    """A test and the workspace that it is about."""

    test: TestDecl
    files: Mapping[str, bytes | None]
    events: list[dict[str, Any]]


def tests_of(task: Task, witness: Witness, runs: frozenset[str]) -> Iterator[Tested]:
    """The tests that ask about one of the checks `runs`, or about the score where there are any."""
    for test in task.tests:
        asked = {name for e in test.expects for name in asked_by(e)}
        scored = any(isinstance(n, core.Call) and n.function == "score_of" for e in test.expects for n in core.walk(e))
        if not asked & runs and not (scored and runs):
            continue
        files: dict[str, bytes | None] = dict(witness.written) if test.start == "solution" else {}
        events = events_of(witness.steps) if test.start == "solution" else NOTHING_DONE
        for edit in test.edits:
            files |= written(task, edit) or {}
        yield Tested(test, files, events)


def outcome_of(task: Task, trial: Trial, tested: Tested, verdict: Mapping[str, Any]) -> Diagnostic | None:
    """What is said of a test that comes out otherwise."""
    for node in tested.test.expects:
        if not evaluate(node, task.context.task, trial.verdict_reader(dict(verdict))):
            said = " ".join(task.source.slice(node.span).split())[:100]
            failed = ", ".join(f"`{c['name']}`" for c in verdict["checks"] if not c["passed"])
            return Diagnostic("E0615", f"the test does not come out as expected: `{said}`", task.source, tested.test.span,
                              f"failed: {failed}" if failed else "every check passed")  # fmt: skip
    return None
