"""`verify` and `solution`: expectations to core, weights, gates, rubrics."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal, cast

from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    CoreBinding,
    DefBinding,
    DeliverableBinding,
    LetBinding,
    is_error,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.expressions import condition, expression
from clawc.compiler.elaborate.graders import graded
from clawc.compiler.elaborate.jobs import python_check
from clawc.compiler.elaborate.naming import let_value
from clawc.compiler.model import CheckDecl, Criterion, ExpectDecl, RubricDecl, Task, WriteDecl
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind, bind_statements
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.compiler.passes.mentioned import error_spans, inside, may_read_agent
from clawc.compiler.passes.reusable import included
from clawc.compiler.passes.shape import known, unread
from clawc.compiler.source import Diagnostics, Fix, Source
from clawc.spec import ast
from clawc.spec.core import Const, Core, Deliverable, LetRef, mistaken
from clawc.spec.types import ANY, FileType


def is_imported(block: ast.Block) -> bool:
    """Does the task keep a verifier as its authors score?"""
    verify = [i for i in block.items if isinstance(i, ast.Block) and i.kind.text == "verify"]
    return any(attr.attribute(part, "imported") is not None for part in verify)


def judge_blocks(task: Task, block: ast.Block) -> None:
    """Fills checks, rubrics and the authored solution of a task."""
    cx = task.context
    verify = [i for i in block.items if isinstance(i, ast.Block) and i.kind.text == "verify"]
    if not verify and not any(unread(i, "task") for i in block.items):
        cx.error("E0601", block.head, f"`{task.name}` has no `verify`, so nothing is judged")
    cx.task.unjudged = not verify
    for part in verify:
        inner = cx.child()
        bind_statements(inner, part.items)
        task.imported = attr.text(cx, part, "imported")
        names: set[str] = set()
        _judged(inner, task, part, names)
        for taken in included(inner, part, "verifier|rubric"):
            if taken.block.kind.text == "rubric":
                _rubric(taken.cx, task, taken.block)
            else:
                _judged(taken.cx, task, taken.block, names)
                _unused(taken.cx)
        if task.rubrics:
            task.rubric_share = attr.number(cx, part, "rubric_share", Decimal("0.3"), high=1)
        _unused(inner)
        judged = any(c.kind == "check" for c in task.checks) or (task.imported and task.rubrics)
        if not judged and not any(unread(i, "verify") for i in part.items):
            cx.error("E0601", part.head, "there is no `check`, so no credit can be earned")
        if any(unread(i, "verify") for i in part.items if isinstance(i, ast.Block)):
            cx.task.unjudged = True
    _after(task)
    for item in block.items:
        if isinstance(item, ast.Block) and item.kind.text == "solution":
            _solution(cx, task, item)


def _judged(cx: Context, task: Task, part: ast.Block, names: set[str]) -> None:
    """The checks and rubrics of a `verify`, or of a `verifier` that it includes."""
    for item in part.items:
        if isinstance(item, ast.Block) and known(item, "verify") and item.labels:
            label = item.labels[0]
            if label.text in names if isinstance(label, ast.Ident) else False:
                cx.error("E0303", label.span, f"`{cx.source.slice(label.span)}` is defined twice")
            if item.kind.text == "rubric":
                _rubric(cx, task, item)
            elif isinstance(label, ast.Ident):
                names.add(label.text)
                made = (
                    _grader(cx, task, item, label.text) if item.kind.text == "grader" else _check(cx, item, label.text)
                )
                task.checks.append(made)


def _check(outer: Context, block: ast.Block, name: str) -> CheckDecl:
    cx = outer.child()
    lets: list[tuple[str, Core]] = []
    for item in block.items:
        if isinstance(item, ast.Let):
            binding = LetBinding(item.name.text, item.value, cx, item.span)
            if bind(cx, item.name, binding):
                value = let_value(cx, binding, item.span)
                binding.used = False
                if value.dynamic:
                    lets.append((item.name.text, value))
    bind_statements(cx, tuple(i for i in block.items if isinstance(i, ast.BrokenItem)))
    expects: list[ExpectDecl] = []
    for item in block.items:
        if isinstance(item, ast.Expect):
            made = _expect(cx, item)
            if made is not None:
                expects.append(made)
        elif isinstance(item, ast.Block) and item.kind.text == "python" and len(item.labels) == 1:
            made = _python(cx, item)
            if made is not None:
                expects.append(made)
    stated = (ast.Expect, ast.BrokenItem, ast.Block)
    if not any(isinstance(i, stated) for i in block.items):
        cx.error("E0602", block.head, f"`{name}` expects nothing")
    after = attr.attribute(block, "after")
    gates = tuple(i.text for i in attr.idents(cx, after.value, "after")) if after is not None else ()
    _unused(cx)
    kind = cast(Literal["check", "require", "forbid"], block.kind.text)
    weight = attr.number(cx, block, "weight", Decimal(1)) if kind == "check" else Decimal(0)
    given = attr.attribute(block, "weight")
    if kind == "check" and weight == 0 and given is not None and not cx.task.imported:
        cx.error("E0203", given.value.span, f"`{name}` has weight 0; a condition without credit is a `require`")
    because = attr.attribute(block, "because")
    return CheckDecl(
        kind,
        name,
        weight,
        attr.flag(cx, block, "partial") if kind == "check" else False,
        gates,
        attr.text(cx, block, "because"),
        tuple(lets),
        tuple(expects),
        block.head,
        block.head if because is None else because.value.span,
        block.head if after is None else after.value.span,
        block.doc,
        block.span,
        len(expects) == sum(isinstance(i, stated) for i in block.items)
        and not any(cx.unsound(e.core) for e in expects),
        cx.source,
    )


def _grader(cx: Context, task: Task, block: ast.Block, name: str) -> CheckDecl:
    """A `grader` as a check that pays the share which it gives."""
    if not task.imported:
        cx.error("E0620", block.head, f"`{name}` is opaque: what it accepts can be neither derived nor proved",
                 'say in `verify` where it comes from: `imported = "…"`')  # fmt: skip
    made = graded(cx, block, task.limits.tools)
    weight = attr.number(cx, block, "weight", Decimal(1))
    line = cx.source.position(block.head.start)[0]
    expects = () if made is None else (ExpectDecl(made, "grader", line, block.head),)
    return CheckDecl(
        "check", name, weight, True, (), "", (), expects, block.head, block.head, block.head, block.doc, block.span,
        made is not None, cx.source,
    )  # fmt: skip


def _expect(cx: Context, item: ast.Expect) -> ExpectDecl | None:
    core = expression(cx, item.value)
    if is_error(core):
        return None
    if isinstance(core.type, FileType):
        shown = cx.source.slice(item.value.span)
        cx.error("E0406", item.value.span, "expected a condition, found a file",
                 "write `exists(…)` or compare what it holds", Fix(item.value.span, f"exists({shown})", "is it there?"))  # fmt: skip
        return None
    if is_error(condition(cx, core)):
        return None
    if not core.dynamic and not (cx.task.imported and not cx.unsound(core)):  # others may pay whatever is done
        if cx.unsound(core) and may_read_agent(cx, item.value.span):
            return None
        cx.error("E0603", item.value.span, "this reads nothing that the agent leaves, so it says nothing about the agent",
                 "read a deliverable, or remove the condition")  # fmt: skip
        return None
    text = " ".join(cx.source.slice(item.value.span).split())
    return ExpectDecl(core, text, cx.source.position(item.span.start)[0], item.value.span)


def _python(cx: Context, item: ast.Block) -> ExpectDecl | None:
    """The condition of a `python` block. It may read every deliverable."""
    label = item.labels[0]
    if not isinstance(label, ast.Text):
        return None
    made = python_check(cx, label)
    for name in cx.all_names():
        binding = cx.find(name)
        if isinstance(binding, DeliverableBinding):
            binding.used = True
    if is_error(made):
        return None
    return ExpectDecl(made, "python", cx.source.position(item.span.start)[0], item.head)


def proved(task: Task) -> None:
    """A task with Python in its checks has a `solution` and a `mutant`."""
    lacking = [] if task.writes else ["solution"]
    lacking += [] if task.mutants else ["mutant"]
    for check in task.checks:
        if lacking and any(e.source == "python" for e in check.expects):
            task.blame(check, "E0617", f"`{check.name}` is Python, and the task has no `{lacking[0]}`",
                       "a `solution` must win, a `mutant` must lose")  # fmt: skip


def _unused(cx: Context) -> None:
    """Every `let` is elaborated and worked out, used or not; a `let` or `def` that nothing uses is said."""
    spare: list[LetBinding | DefBinding] = []
    for binding in list(cx.names.values()):
        if isinstance(binding, LetBinding):
            used = binding.used
            value = let_value(cx, binding, binding.span)
            if not _worked_out(cx, value) or used:
                continue
            spare.append(binding)
        elif isinstance(binding, DefBinding) and not binding.used and binding.home is cx:
            check_body(binding)
            spare.append(binding)
    wrong = error_spans(cx)
    for binding in spare:
        # About a name with a mistake in its definition there is nothing more to say.
        if not read_by_mistake(cx, binding.name) and not inside(wrong, binding.span):
            cx.diagnostics.add("W0301", cx.source, binding.span, f"`{binding.name}` is never used", "remove it, or use it",
                               Fix(_line(cx, binding.span), "", f"remove `{binding.name}`"))  # fmt: skip


def _worked_out(cx: Context, value: Core) -> bool:
    """Is a value sound? What is static has its value now, so that a mistake in it shows beside all others."""
    if cx.unsound(value):
        return False
    if not value.dynamic and not value.free:
        try:
            evaluate(value, cx.task)
        except EvaluationFault as fault:
            report(cx, fault)
            return False
    return True


def _line(cx: Context, span: ast.Span) -> ast.Span:
    """The span with the rest of its lines, where it has them alone."""
    text = cx.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    if text[start : span.start].strip() or text[span.end : end].strip():
        return span
    return ast.Span(start, min(end + 1, len(text)))


# What is wrong in the body of a `def` whatever it is called with.
SURE = ("E0109", "E0110", "E0301", "E0302", "E0306", "E0402", "E0405", "E0409", "E0410")


def check_body(binding: DefBinding) -> None:
    """A `def` that nothing calls: its body is read with parameters of which nothing is known."""
    home = binding.home
    trial = Diagnostics()
    inner = Context(home.source, trial, home.task, home)
    unknown = Const(None, ANY, binding.span)
    inner.names.update({name: CoreBinding(mistaken(unknown, ANY, binding.span)) for name in binding.params})
    binding.busy = True
    expression(inner, binding.body)
    binding.busy = False
    for found in trial.sorted():
        if found.code in SURE:
            home.diagnostics.add(found.code, found.source, found.span, found.message, found.help, found.fix)


def read_by_mistake(cx: Context, name: str) -> bool:
    """May something that is mistaken have been meant to read the name? Elaboration stops at mistakes."""
    state = cx.task
    if not cx.diagnostics.has_errors:
        return False
    return state.unjudged or name in state.mentioned or bool(nearest(name, state.unresolved))


def report_unused(cx: Context) -> None:
    """Names of a task or file that nothing reads."""
    _unused(cx)


def _after(task: Task) -> None:
    cx = task.context
    names = [c.name for c in task.checks]
    gates = {c.name: c.after for c in task.checks}
    owners: list[tuple[str, tuple[str, ...], ast.Span, Source]] = [
        *((c.name, c.after, c.after_span, c.home or cx.source) for c in task.checks),
        *((r.name, r.after, r.after_span, cx.source) for r in task.rubrics),
    ]
    for owner, after, span, source in owners:
        for gate in after:
            where = _gate_span(source, span, gate)
            others = [n for n in names if n != owner]
            if gate not in names:
                cx.diagnostics.add("E0604", source, where, f"`after` names `{gate}`, which is no check{nearest(gate, others)}",
                                   "checks: " + ", ".join(names), nearest_fix(gate, others, where))  # fmt: skip
            elif next(c for c in task.checks if c.name == gate).kind != "check":
                cx.diagnostics.add(
                    "E0604", source, where, f"`after` names `{gate}`, which earns no credit; name a `check`"
                )
    told: set[str] = set()
    for check in task.checks:
        circle = _circle(check.name, gates)
        if circle and told.isdisjoint(circle):
            way = f": {' → '.join(circle)}" if len(circle) > 2 else ""
            task.blame(check, "E0604", f"`{check.name}` waits for itself{way}", span=check.after_span)
        told.update(circle)


def _gate_span(source: Source, span: ast.Span, gate: str) -> ast.Span:
    """Where a list of names names one of them."""
    found = re.compile(rf"\b{re.escape(gate)}\b").search(source.text, span.start, span.end)
    return ast.Span(*found.span()) if found else span


def _circle(start: str, gates: dict[str, tuple[str, ...]]) -> list[str]:
    """A shortest way from a check over those that it waits for back to itself, both ends included; else nothing."""
    ways, seen = [[start]], set[str]()
    while ways:
        way = ways.pop(0)
        for gate in gates.get(way[-1], ()):
            if gate == start:
                return [*way, gate]
            if gate not in seen:
                seen.add(gate)
                ways.append([*way, gate])
    return []


def _rubric(cx: Context, task: Task, block: ast.Block) -> None:
    name = block.labels[0].text if isinstance(block.labels[0], ast.Ident) else ""
    reads = attr.attribute(block, "reads")
    evidence: list[str] = []
    for ident in attr.idents(cx, reads.value, "reads") if reads is not None else []:
        found = task.deliver(_delivered_name(cx, ident.text))
        if found is None:
            if isinstance(cx.find(ident.text), (BrokenBinding, DeliverableBinding)):
                continue
            known_names = [d.name for d in task.delivers]
            cx.error("E0301", ident.span, f"`{ident.text}` is no deliverable{nearest(ident.text, known_names)}",
                     "", nearest_fix(ident.text, known_names, ident.span))  # fmt: skip
            continue
        found.binding.used = True
        evidence.append(found.name)
    criteria: list[Criterion] = []
    for item in block.items:
        if isinstance(item, ast.Block) and item.kind.text == "criterion" and item.labels:
            text = attr.attribute(item, "text")
            words = attr.template(cx, text.value, "`text`") if text is not None else None
            label = item.labels[0]
            if words is not None and isinstance(label, ast.Ident):
                criteria.append(Criterion(label.text, words, attr.number(cx, item, "points", Decimal(1))))
    if not criteria and not any(isinstance(i, ast.BrokenItem) for i in block.items):
        cx.error("E0602", block.head, f"`{name}` has no `criterion`")
    after = attr.attribute(block, "after")
    gates = tuple(i.text for i in attr.idents(cx, after.value, "after")) if after is not None else ()
    weight = attr.number(cx, block, "weight", Decimal(1))
    where = block.head if after is None else after.value.span
    task.rubrics.append(RubricDecl(name, weight, tuple(evidence), gates, tuple(criteria), block.head, where))


def _delivered_name(cx: Context, name: str) -> str:
    """The name of a deliverable; that of a parameter of a `verifier` which is called with one."""
    binding = cx.find(name)
    value = binding.value if isinstance(binding, CoreBinding) else None
    while isinstance(value, LetRef):
        value = value.value
    return value.name if isinstance(value, Deliverable) else name


def _solution(outer: Context, task: Task, block: ast.Block) -> None:
    cx = outer.child()
    bind_statements(cx, block.items)
    say, calls = attr.attribute(block, "say"), attr.attribute(block, "calls")
    run = attr.attribute(block, "run")
    if run is not None:
        words: Any = attr.static(cx, expression(cx, run.value))
        if not task.imported:
            cx.error("E0620", run.value.span, "the checks of this task are derived or written, so its answer is, too",
                     "`run` is for a `verify` that is `imported`; elsewhere `write` what cannot be derived")  # fmt: skip
        elif isinstance(words, list) and words and all(isinstance(w, str) and w and "\0" not in w for w in words):  # pyright: ignore[reportUnknownVariableType]
            task.solved_by = tuple(str(w) for w in words)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        elif words is not None:
            cx.error("E0203", run.value.span, '`run` is a command: `["bash", "-c", from("solve.sh")]`')
    if say is not None:
        task.said = attr.template(cx, say.value, "`say`") or ""
    if calls is not None:
        value: Any = attr.static(cx, expression(cx, calls.value))
        for call in value if isinstance(value, list) else []:  # pyright: ignore[reportUnknownVariableType]
            if not isinstance(call, list) or len(call) != 2 or call[0] not in ("read", "exec"):  # pyright: ignore[reportUnknownArgumentType]
                cx.error("E0203", calls.value.span, 'a call is `["read", path]` or `["exec", command]`')
                break
            task.calls.append((str(call[0]), str(call[1])))  # pyright: ignore[reportUnknownArgumentType]
    written: set[str] = set()
    for item in block.items:
        if not isinstance(item, ast.Labelled) or item.verb.text not in ("write", "edit"):
            continue
        found = task.deliver(item.name.text)
        if found is None:
            if isinstance(cx.find(item.name.text), (BrokenBinding, DeliverableBinding)):
                expression(cx, item.value)
                continue
            names = [d.name for d in task.delivers]
            cx.error("E0301", item.name.span, f"`{item.name.text}` is no deliverable{nearest(item.name.text, names)}",
                     "", nearest_fix(item.name.text, names, item.name.span))  # fmt: skip
            expression(cx, item.value)
            continue
        if found.name in written:
            cx.error("E0303", item.name.span, f"`{found.name}` is written twice", "write all of it at once")
        written.add(found.name)
        core = expression(cx, item.value)
        if is_error(core):
            continue
        if core.dynamic:
            cx.error(
                "E0502",
                item.value.span,
                "a solution is written from the inputs, not from what the agent leaves",
            )
            continue
        task.writes.append(WriteDecl(found.name, core, item.span))
