"""Credit that is not earned: checks that hold on the untouched workspace, edits that no check can tell from none."""

from __future__ import annotations

from dataclasses import replace

from clawc.compiler.model import Task
from clawc.compiler.passes.lints.facts import Facts, home
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trial import Trial
from clawc.compiler.source import Fix
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Core


def vacuous(task: Task, trial: Trial) -> set[str]:
    """Checks that hold on the untouched workspace earn credit for nothing; gives those that were reported."""
    if not task.checks or task.imported:
        return set()
    blamed: set[str] = set()
    verdict = trial.judge({})
    by_name = {c["name"]: c for c in verdict["checks"]}
    for check in task.checks:
        found = by_name[check.name]
        if check.kind == "check" and found["credit"] not in ("0",):
            plain = check.weight == 1 and not check.partial and "weight" not in home(task, check).slice(check.block)
            word = Span(check.span.start, check.span.start + len("check"))
            task.context.diagnostics.add("E0608", home(task, check), check.span, f"`{check.name}` earns credit on the untouched workspace",
                               "name in `after` the check that must pass first, or make it a `require`",
                               Fix(word, "require", "make it a `require`") if plain else None)  # fmt: skip
        elif check.kind == "forbid" and not found["passed"]:
            task.context.diagnostics.add("E0609", home(task, check), check.span, f"`{check.name}` is violated before the agent starts",
                               "a `forbid` names what must not come to be")  # fmt: skip
        elif check.kind == "require" and not found["passed"] and not _reads_deliverable(check.expects[0].core):
            task.context.diagnostics.add("E0609", home(task, check), check.span, f"`{check.name}` does not hold before the agent starts",
                               "a `require` names what must stay so; what must come to be is a `check`")  # fmt: skip
        else:
            continue
        blamed.add(check.name)
    return blamed


def _reads_deliverable(node: Core) -> bool:
    return any(isinstance(n, core.Deliverable) for n in core.walk(node))


def edits_unseen(task: Task, facts: list[Facts], sealer: Sealer) -> None:
    """Edited deliverables whose unedited form passes every check that reads them."""
    for deliver in task.delivers:
        reading = [f for f in facts if deliver.name in f.reads and f.check.kind == "check"]
        if not deliver.edits or any(f.runs for f in facts) or any(not f.check.after for f in reading):
            continue  # a check that waits for none would have been found to pay for nothing
        if reading:
            alone = replace(task, checks=[replace(f.check, after=()) for f in reading])
            verdict = Trial(alone, sealer).judge({})
            if not all(c["passed"] for c in verdict["checks"]):
                continue
        task.context.diagnostics.add(
            "W0610", task.source, deliver.span, f"every check that reads `{deliver.name}` passes without an edit",
            "add a check that the edit alone passes",
        )  # fmt: skip
