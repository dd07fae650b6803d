"""What nobody asks for or reads: names, input files, deliverables.

Where the task has errors, a name counts as read if it occurs at all: what is broken may have been its reader.
"""

from __future__ import annotations

import re

from clawc.compiler.elaborate.context import InputBinding, TreeBinding
from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.judge_blocks import read_by_mistake, report_unused
from clawc.compiler.passes.lints.told import span_of
from clawc.compiler.passes.mentioned import error_spans, inside
from clawc.compiler.source import Fix
from clawc.spec import ast
from clawc.spec.ast import Span


def unread(task: Task, block: ast.Block) -> None:
    """Findings about names, files and deliverables that nothing reads."""
    cx = task.context
    report_unused(cx)
    if task.imported:
        return  # its authors are others, and it is kept as it is
    wrong = error_spans(cx)
    blocks = [i for i in block.items if isinstance(i, ast.Block)]
    doubled = [b.span for b in [b for b in blocks if b.kind.text == "workspace"][1:]]
    inner = [i for b in blocks if b.kind.text == "workspace" for i in b.items if isinstance(i, ast.Block)]
    broken = [b.head for b in (*blocks, *inner) if wrong and inside(wrong, b.span)]

    def idle(used: bool, name: str) -> bool:
        return not used and not read_by_mistake(cx, name)

    for deliver in task.delivers:
        if deliver.span in broken:
            continue  # what is wrong with it comes first
        if (task.instruction or task.stated) and deliver.name not in task.named_in_instruction:
            cx.error("E0606", deliver.span, f"the instruction never names `{deliver.name}`",
                     f"write `{{{{ path.{deliver.name} }}}}` where it is asked for", _asking(task, block, deliver))  # fmt: skip
        elif idle(deliver.binding.used, deliver.name):
            cx.error("E0607", deliver.span, f"no check reads `{deliver.name}`", "judge it, or do not ask for it")
    for name, found in sorted(cx.task.hidden.items()):
        cx.diagnostics.add("W0303", found.source, found.span, f"this is the column `{name}`{found.table}, which hides {found.other}",
                           f"if the column is not meant, write `| rename its_{name} = {name}` before")  # fmt: skip
    told = task.stated or task.told
    if not told:
        return
    _hidden_named(task, told)
    places = [(i.file.name, i.file.path, i.span) for i in task.inputs]
    places += [(n, b.folder, b.span) for n, b in cx.names.items() if isinstance(b, TreeBinding)]
    for name, path, span in places:
        binding = cx.names.get(name)
        if not isinstance(binding, (InputBinding, TreeBinding)) or path in told or not idle(binding.used, name):
            continue
        if span in broken or any(inside([span], other) for other in doubled):
            continue
        cx.diagnostics.add("W0302", cx.source, span, f"nothing uses the input `{name}`",
                           "name it in the instruction, read it in a query, or remove it")  # fmt: skip


def _hidden_named(task: Task, told: str) -> None:
    """Files of the checker alone to which the agent is sent."""
    there = {i.file.path for i in task.inputs} | {p for d in task.delivers for p in d.paths}
    for item in task.hidden:
        hole = re.compile(rf"\bpath\.{re.escape(item.file.name)}\b")
        spans = [task.instruction_span, *task.turn_spans]
        found = next((m for s in spans if (m := hole.search(task.source.text, s.start, s.end)) is not None), None)
        plain = re.search(rf"(?<![\w./-]){re.escape(item.file.path)}(?![\w/-]|\.\w)", told)
        if item.file.path in there or (found is None and plain is None):
            continue
        span = Span(*found.span()) if found is not None else task.instruction_span
        if found is None and plain is not None and not task.stated:
            span = span_of(task, *plain.span())
        task.context.diagnostics.add("E0618", task.source, span, f"the agent is sent to `{item.file.path}`, which is hidden from it",
                                     f"remove `hidden` from `{item.file.name}`, or do not name it")  # fmt: skip


def _asking(task: Task, block: ast.Block, deliver: DeliverDecl) -> Fix | None:
    """The edit that asks for a file at the end of an instruction that is written in the task."""
    given = next((i for i in block.items if isinstance(i, ast.Attribute) and i.name.text == "instruction"), None)
    if given is None or not isinstance(given.value, ast.Text):
        return None
    raw, start = given.value.raw, given.value.span.start
    hole = f"{{{{ path.{deliver.name} }}}}"
    foreign = re.search(rf"(?<!\{{)\$?\{{\s*path\.{re.escape(deliver.name)}\s*\}}(?!\}})", raw)
    if foreign is not None:
        return Fix(Span(start + foreign.start(), start + foreign.end()), hole, f"write `{hole}`")
    asked = f"Write {hole}."
    if not given.value.triple:
        at = start + len(raw) - 1
        return Fix(Span(at, at), f" {asked}", f"ask for `{deliver.name}`")
    text = raw[:-3].rstrip()
    last = text[text.rfind("\n") + 1 :]
    indent = last[: len(last) - len(last.lstrip())] if "\n" in text else ""
    return Fix(Span(start + len(text), start + len(text)), f"\n{indent}{asked}" if "\n" in text else f" {asked}",
               f"ask for `{deliver.name}`")  # fmt: skip
