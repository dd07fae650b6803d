"""What makes a task bad although it compiles: deliverables that nobody names or reads, checks that say nothing."""

from __future__ import annotations

from clawc.compiler.elaborate.context import InputBinding
from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.judge_blocks import read_by_mistake, report_unused
from clawc.compiler.passes.mentioned import error_spans, inside
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trial import Trial
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.spec.types import TableType
from clawc.stdlib.checks.values import Table


def lint(task: Task, block: ast.Block) -> None:
    """Findings about names, files and deliverables that nothing reads.

    Where the task has errors, a name counts as read if it occurs at all: what is broken may have been its reader.
    """
    cx = task.context
    report_unused(cx)
    wrong = error_spans(cx)
    blocks = [i for i in block.items if isinstance(i, ast.Block)]
    doubled = [b.span for b in [b for b in blocks if b.kind.text == "workspace"][1:]]
    broken = [b.head for b in blocks if b.kind.text == "deliver" and inside(wrong, b.span)]

    def unread(used: bool, name: str) -> bool:
        return not used and not read_by_mistake(cx, name)

    for deliver in task.delivers:
        if deliver.span in broken:
            continue  # what is wrong with it comes first
        if (task.instruction or task.stated) and deliver.name not in task.named_in_instruction:
            cx.error("E0606", deliver.span, f"the instruction never names `{deliver.name}`",
                     f"write `{{{{ path.{deliver.name} }}}}` where it is asked for")  # fmt: skip
        elif unread(deliver.binding.used, deliver.name):
            cx.error("E0607", deliver.span, f"no check reads `{deliver.name}`", "judge it, or do not ask for it")
    for item in task.inputs:
        binding = cx.names.get(item.file.name)
        if (
            isinstance(binding, InputBinding)
            and (task.instruction or task.stated)
            and item.file.path not in task.instruction
            and unread(binding.used, item.file.name)
            and not inside(wrong, item.span)
            and not any(inside([item.span], span) for span in doubled)
        ):
            cx.diagnostics.add("W0302", cx.source, item.span, f"nothing uses the input `{item.file.name}`",
                               "name it in the instruction, read it in a query, or remove it")  # fmt: skip


def order_lints(task: Task, sealer: Sealer) -> None:
    """Orders that leave rows free, and `take` through a tie: the author should know."""
    seen: set[int] = set()
    for check in task.checks:
        for expect in check.expects:
            for node in core.walk(expect.core):
                if not isinstance(node, core.LetRef) or node.dynamic or id(node.value) in seen:
                    continue
                seen.add(id(node.value))
                _table_order(task, node, sealer)


def _table_order(task: Task, node: core.LetRef, sealer: Sealer) -> None:
    if not isinstance(node.type, TableType):
        return
    try:
        value = sealer.seal(node)
    except EvaluationFault:
        return
    if not isinstance(value, core.Const) or not isinstance(value.value, Table):
        return
    table = value.value
    report = task.context.diagnostics.add
    if table.spare:
        report("W0402", task.source, node.value.span, f"`take` cuts through rows of `{node.name}` that tie",
               "add a key to `sort`; until then any of the tied rows is accepted")  # fmt: skip
    elif table.blocks is not None and any(b > 1 for b in table.blocks):
        report("W0403", task.source, node.value.span, f"the order of `{node.name}` leaves rows that tie",
               "add a key to `sort`; until then the tied rows may stand in any order")  # fmt: skip


def vacuous(task: Task, trial: Trial) -> set[str]:
    """Checks that hold on the untouched workspace earn credit for nothing; gives those that were reported."""
    if not task.checks:
        return set()
    blamed: set[str] = set()
    verdict = trial.judge({})
    by_name = {c["name"]: c for c in verdict["checks"]}
    for check in task.checks:
        found = by_name[check.name]
        if check.kind == "check" and found["credit"] not in ("0",):
            plain = check.weight == 1 and not check.partial and "weight" not in task.source.slice(check.block)
            word = Span(check.span.start, check.span.start + len("check"))
            task.context.error("E0608", check.span, f"`{check.name}` earns credit on the untouched workspace",
                               "name in `after` the check that must pass first, or make it a `require`",
                               Fix(word, "require", "make it a `require`") if plain else None)  # fmt: skip
        elif check.kind == "forbid" and not found["passed"]:
            task.context.error("E0609", check.span, f"`{check.name}` is violated before the agent starts",
                               "a `forbid` names what must not come to be")  # fmt: skip
        elif check.kind == "require" and not found["passed"] and not _reads_deliverable(check.expects[0].core):
            task.context.error("E0609", check.span, f"`{check.name}` does not hold before the agent starts",
                               "a `require` names what must stay so; what must come to be is a `check`")  # fmt: skip
        else:
            continue
        blamed.add(check.name)
    return blamed


def _reads_deliverable(node: Core) -> bool:
    return any(isinstance(n, core.Deliverable) for n in core.walk(node))
