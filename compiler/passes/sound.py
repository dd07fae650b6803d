"""What of a task with mistakes can still be judged: checks without a mistake, and deliverables that no mistake touches.

Nothing is said about the rest, so no finding about the sound part follows from a mistake elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from clawc.compiler.elaborate.context import closest, is_unsound
from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.passes.evaluate import EvaluationFault, report
from clawc.compiler.passes.mentioned import error_spans, inside
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.shape import known
from clawc.compiler.source import Diagnostics, Source
from clawc.compiler.witness.derive import written
from clawc.spec import ast, core
from clawc.spec.blocks import BY_KIND

JUDGING = ("check", "require", "forbid", "grader")
_WORD = re.compile(r"[A-Za-z_]\w*")


def is_sound(source: Source, file: ast.File, block: ast.Block, diagnostics: Diagnostics) -> bool:
    """Has a task no mistake? Those of the other tasks of its file are none of its own."""
    if not diagnostics.has_errors:
        return True
    others = [i.span for i in file.items if isinstance(i, ast.Block) and i.kind.text == "task" and i is not block]
    errors = [d for d in diagnostics.sorted() if d.severity == "error"]
    return all(d.source is source and any(inside([d.span], other) for other in others) for d in errors)


def judged_part(task: Task, block: ast.Block, sound: bool) -> Task:
    """The task with those checks alone that are sound, read sound deliverables, and wait for sound checks."""
    if sound:
        return task
    wrong = error_spans(task.context)
    readable = {d.name for d in task.delivers} - _mistaken_delivers(block, wrong)
    names = [c.name for c in task.checks]
    return _waiting_for_none(task, [
        c for c in task.checks
        if c.whole and c.expects and names.count(c.name) == 1 and _reads(c) <= readable
        and not (c.home is task.source and any(inside(wrong, e.span) for e in c.expects))
    ])  # fmt: skip


def _reads(check: CheckDecl) -> set[str]:
    return {n.name for e in check.expects for n in core.walk(e.core) if isinstance(n, core.Deliverable)}


def sealed_part(part: Task, sealer: Sealer) -> Task:
    """The part without checks of which a static expression has no value; each of these is reported."""
    good: list[CheckDecl] = []
    for check in part.checks:
        try:
            for expect in check.expects:
                sealer.seal(expect.core)
            good.append(check)
        except EvaluationFault as fault:
            report(part.context, fault)
    return part if len(good) == len(part.checks) else _waiting_for_none(part, good)


def _waiting_for_none(task: Task, checks: list[CheckDecl]) -> Task:
    """The task with those of the checks alone that wait for none but each other."""
    while True:
        left = {c.name for c in checks}
        kept = [c for c in checks if set(c.after) <= left]
        if len(kept) == len(checks):
            return replace(task, checks=kept)
        checks = kept


def derived_part(task: Task, part: Task, block: ast.Block, blamed: set[str]) -> Task | None:
    """The part of which an answer can be derived: no mistake reads the same deliverables; None where there is none.

    `blamed`: checks about which something was said.
    """
    if part is task:
        return _waiting_for_none(task, [c for c in task.checks if c.name not in blamed]) if blamed else task
    wrong = error_spans(task.context)
    names = {d.name for d in task.delivers}
    unwritten = _unwritten(task, block, names)
    if unwritten is None or any(_may_be_solution(task, item, wrong) for item in block.items):
        return None
    words = _Words(task, block)
    sound = {c.name for c in part.checks}
    touched = _mistaken_delivers(block, wrong) | {d.name for d in task.delivers if d.made_by} | unwritten
    for span in _unsound(block, sound):
        found = words.of(span)
        touched |= found & names
        for word in found & task.context.task.unresolved:
            touched.update(closest(word, names))
    read = {name: words.of(item.span) for name, item in _checks(block)}
    # A check of an included block may read all that the block is called with.
    checks = [c for c in part.checks if c.name not in blamed and not read.get(c.name, names) & touched]
    delivers = [d for d in task.delivers if d.name not in touched]
    writes = [w for w in task.writes if w.name not in touched]
    for write in task.writes:
        if write.name in touched and not is_unsound(write.core):  # its form is right or wrong whatever reads it
            written(task, write)
    return replace(_waiting_for_none(task, checks), delivers=delivers, writes=writes)


def _may_be_solution(task: Task, item: ast.Item, wrong: list[ast.Span]) -> bool:
    """Is this a `solution` with a mistake outside of its values, or something unread that may have been one?"""
    if isinstance(item, ast.BrokenItem):
        return re.search(r"\b(solution|write)\b", task.context.source.slice(item.span)) is not None
    if not isinstance(item, ast.Block):
        return False
    if item.kind.text == "solution":
        values = [i.span for i in item.items if isinstance(i, (ast.Labelled, ast.Let, ast.Def))]
        return any(inside([w], item.span) and not any(inside([w], v) for v in values) for w in wrong)
    return not known(item, "task") and item.kind.text not in BY_KIND


def _unwritten(task: Task, block: ast.Block, names: set[str]) -> set[str] | None:
    """The deliverables of which a `solution` writes a mistaken value; None where it may be any of them."""
    sound = {w.name for w in task.writes if not is_unsound(w.core)}
    found: set[str] = set()
    for item in block.items:
        if isinstance(item, ast.Block) and item.kind.text == "solution":
            for write in item.items:
                name = write.name.text if isinstance(write, ast.Labelled) else ""
                if name and name not in names:
                    meant = closest(name, names)
                    if not meant:
                        return None
                    found |= set(meant)
                elif name and name not in sound:
                    found.add(name)
    return found


def _judging(block: ast.Block) -> Iterator[ast.Item]:
    """Everything in the `verify` blocks of a task."""
    for item in block.items:
        if isinstance(item, ast.Block) and item.kind.text == "verify":
            yield from item.items


def _checks(block: ast.Block) -> Iterator[tuple[str, ast.Block]]:
    """The checks of a task that stand in it, with their names."""
    for item in _judging(block):
        if isinstance(item, ast.Block) and item.kind.text in JUDGING:
            label = item.labels[0] if item.labels else None
            yield (label.text if isinstance(label, ast.Ident) else ""), item


def _unsound(block: ast.Block, sound: set[str]) -> Iterator[ast.Span]:
    """Where mistaken checks stand, and what could not be read."""
    for item in [*block.items, *_judging(block)]:
        if isinstance(item, ast.BrokenItem):
            yield item.span
    for name, item in _checks(block):
        if name not in sound:
            yield item.span


def _mistaken_delivers(block: ast.Block, wrong: list[ast.Span]) -> set[str]:
    """The names of deliverables whose block holds a mistake."""
    return {
        label.text
        for item in block.items
        if isinstance(item, ast.Block) and item.kind.text == "deliver" and inside(wrong, item.span)
        for label in item.labels
        if isinstance(label, ast.Ident)
    }


class _Words:
    """Stretches of source as the words in them, and those of all `let`s and `def`s of the task that they name."""

    def __init__(self, task: Task, block: ast.Block) -> None:
        self._source = task.context.source
        self._defined: dict[str, list[ast.Span]] = {}
        stack: list[ast.Item] = list(block.items)
        while stack:
            item = stack.pop()
            if isinstance(item, (ast.Let, ast.Def)):
                self._defined.setdefault(item.name.text, []).append(item.span)
            elif isinstance(item, ast.Block):
                stack += item.items

    def of(self, span: ast.Span) -> set[str]:
        found = set(_WORD.findall(self._source.slice(span)))
        todo = list(found)
        while todo:
            for inner in self._defined.get(todo.pop(), ()):
                more = set(_WORD.findall(self._source.slice(inner))) - found
                found |= more
                todo += more
        return found
