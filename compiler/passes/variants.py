"""`mutant` and `test` blocks: wrong answers and expected verdicts, typed here; tests that need no program are tried."""

from __future__ import annotations

from typing import Any

from clawc.compiler.elaborate.context import (
    BrokenBinding,
    CheckBinding,
    Context,
    DeliverableBinding,
    is_error,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.expressions import condition, expression
from clawc.compiler.model import MutantDecl, Task, TestDecl, WriteDecl
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind_statements
from clawc.compiler.passes.evaluate import evaluate
from clawc.compiler.passes.trial import Trial, uses_run
from clawc.compiler.witness.derive import Witness, events_of, written
from clawc.spec import ast, core


def variants(task: Task, block: ast.Block) -> None:
    """Fills the mutants and tests of a task."""
    cx = task.context
    for item in block.items:
        if not isinstance(item, ast.Block) or item.kind.text not in ("mutant", "test") or not item.labels:
            continue
        inner = cx.child()
        inner.names.update({c.name: CheckBinding(c.name) for c in task.checks if c.name not in cx.names})
        bind_statements(inner, item.items)
        edits = tuple(w for i in item.items if isinstance(i, ast.Labelled) for w in [_edit(inner, task, i)] if w)
        label = item.labels[0]
        if item.kind.text == "mutant":
            name = label.text if isinstance(label, ast.Ident) else ""
            if not any(isinstance(i, (ast.Labelled, ast.BrokenItem)) for i in item.items):
                cx.error("E0602", item.head, f"the mutant `{name}` changes nothing", "write `replace NAME = …`")
            if any(m.name == name for m in task.mutants):
                cx.error("E0303", label.span, f"`{name}` is defined twice")
            task.mutants.append(MutantDecl(name, edits, item.head))
        else:
            task.tests.append(_test(inner, item, label, edits))


def _edit(cx: Context, task: Task, item: ast.Labelled) -> WriteDecl | None:
    deliver = task.deliver(item.name.text)
    value = expression(cx, item.value)
    if deliver is None:
        if not isinstance(cx.find(item.name.text), (BrokenBinding, DeliverableBinding)):
            names = [d.name for d in task.delivers]
            cx.error("E0301", item.name.span, f"`{item.name.text}` is no deliverable{nearest(item.name.text, names)}",
                     "", nearest_fix(item.name.text, names, item.name.span))  # fmt: skip
        return None
    if value.dynamic and not is_error(value):
        cx.error("E0502", item.value.span, "a wrong answer is written from the inputs, not from what the agent leaves",
                 "name the table or text that the check expects, and change that")  # fmt: skip
        return None
    return None if is_error(value) else WriteDecl(deliver.name, value, item.span)


def _test(cx: Context, block: ast.Block, label: ast.Ident | ast.Text, edits: tuple[WriteDecl, ...]) -> TestDecl:
    given = attr.attribute(block, "start")
    start = "solution"
    if given is not None:
        names = attr.idents(cx, given.value, "start")
        start = names[0].text if len(names) == 1 else start
        if names and start not in ("solution", "inputs"):
            cx.error("E0203", given.value.span, "`start` is `solution` or `inputs`", "",
                     nearest_fix(start, ("solution", "inputs"), given.value.span))  # fmt: skip
    expects: list[core.Core] = []
    for item in block.items:
        if isinstance(item, ast.Expect):
            node = expression(cx, item.value)
            if is_error(node) or is_error(condition(cx, node)):
                continue
            if _asks_for_files(node):
                cx.error("E0502", node.span, "a test asks for the verdict, not for what the agent leaves",
                         "write `expect passed(check)` or `expect score() == 1`, and put this condition into a check")  # fmt: skip
                continue
            expects.append(node)
    if not any(isinstance(i, (ast.Expect, ast.BrokenItem)) for i in block.items):
        cx.error("E0602", block.head, "this test expects nothing", "write `expect not passed(check)`")
    title = cx.source.slice(label.span).strip('"')
    return TestDecl(title, start, edits, tuple(expects), block.head)


def _asks_for_files(node: core.Core) -> bool:
    """Does a condition look at the workspace otherwise than through `passed` and `score`?"""
    nodes = list(core.walk(node))
    asked = {id(n.args[0]) for n in nodes if isinstance(n, core.Call) and n.function in ("passed", "score_of")}
    return any(isinstance(n, (core.Deliverable, core.Workspace, core.Run)) and id(n) not in asked for n in nodes)


def try_tests(task: Task, trial: Trial, witness: Witness) -> None:
    """Judges the tests that need no program and the mutants likewise; a test that comes out otherwise is an error."""
    needs_run = {c.name for c in task.checks if any(uses_run(e.core) for e in c.expects)}
    needs_run |= {c.name for c in task.checks if set(c.after) & needs_run}
    for test in task.tests:
        asked = {name for e in test.expects for name in asked_by(e)}
        scored = any(isinstance(n, core.Call) and n.function == "score_of" for e in test.expects for n in core.walk(e))
        if asked & needs_run or (scored and needs_run):
            continue
        start: dict[str, bytes | None] = dict(witness.written) if test.start == "solution" else {}
        events = events_of(witness.steps) if start else None
        edits = [written(task, edit) for edit in test.edits]
        if any(edit is None for edit in edits):
            continue
        for edit in edits:
            start |= edit or {}
        verdict = trial.judge(start, events)
        for node in test.expects:
            if not evaluate(node, task.context.task, trial.verdict_reader(verdict)):
                task.context.error("E0615", test.span, f"the test does not come out as expected: {_said(task, node)}",
                                   _outcome(verdict, node, needs_run))  # fmt: skip


def _said(task: Task, node: core.Core) -> str:
    return f"`{' '.join(task.source.slice(node.span).split())[:100]}`"


def _outcome(verdict: dict[str, Any], node: core.Core, unknown: set[str]) -> str:
    """What became of the checks that a condition asks about; of its score, all checks that can be judged here."""
    asked = asked_by(node)
    judged = {c["name"]: bool(c["passed"]) for c in verdict["checks"] if c["name"] not in unknown}
    if asked:
        return "; ".join(f"`{name}` {'passed' if judged[name] else 'failed'}" for name in judged if name in asked)
    failed = [f"`{name}` failed" for name, passed in judged.items() if not passed]
    return f"the score is {verdict['score_checks']}: {', '.join(failed) or 'every check passed'}"


def asked_by(node: core.Core) -> set[str]:
    """The checks that a condition names in `passed(…)`."""
    calls = [n for n in core.walk(node) if isinstance(n, core.Call) and n.function == "passed"]
    return {str(n.args[1].value) for n in calls if isinstance(n.args[1], core.Const)}
