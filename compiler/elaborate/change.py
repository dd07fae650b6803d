"""What has changed: `unchanged` and its like look at the whole submission, `changed_lines` at one edited file."""

from __future__ import annotations

from clawc.compiler.elaborate.context import Context, broken, is_error
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import Function
from clawc.spec.types import ANY, BOOL, NUMBER, TEXT, ListType, TableType
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File


def change(cx: Context, row: Function, named: dict[str, Core], span: Span) -> Core:
    """A call of one of these functions."""
    if row.name == "changed_lines":
        return _changed_lines(cx, named["file"], span)
    here = core.Workspace(ANY, span)
    value = next(iter(named.values()))
    if row.name == "only_under":
        return core.call("only_under", [here, value], BOOL, span)
    paths: list[str] = []
    if isinstance(value, core.Workspace):
        paths = sorted({f.path for f in cx.task.inputs.values()} - cx.task.edited)
    else:
        parts = value.items if isinstance(value, core.Items) else (value,)
        for part in parts:
            if is_error(part):
                return broken(span)
            if isinstance(part, Const) and isinstance(part.value, File):
                paths.append(part.value.path)
            elif isinstance(part, Const) and isinstance(part.value, Files):
                paths += [file.path for file in part.value.files.values()]
            elif isinstance(part, core.Deliverable) and row.name == "only_changed":
                binding = cx.task.delivered.get(part.name)
                if binding is not None and binding.edits:
                    paths.append(binding.edits)
            elif isinstance(part, core.Deliverable):
                return cx.error("E0401", part.span, f"`{part.name}` is a deliverable; `unchanged` wants inputs")
            else:
                return cx.error("E0401", part.span, f"`{row.name}` wants inputs of the task by name, or `workspace`")
    listed = Const(paths, ListType(TEXT), span)
    return core.call(row.python, [here, listed], BOOL, span)


CHANGED = TableType((("kind", TEXT), ("line", NUMBER), ("text", TEXT), ("was", TEXT)))


def _changed_lines(cx: Context, file: Core, span: Span) -> Core:
    """The lines in which a deliverable differs from the input that it edits."""
    binding = cx.task.delivered.get(file.name) if isinstance(file, core.Deliverable) else None
    if binding is None or not binding.edits or binding.shape != "file":
        return cx.error("E0401", file.span, "`changed_lines` wants a deliverable that edits an input",
                        "declare it with `edits = NAME`")  # fmt: skip
    before = next(i for i in cx.task.inputs.values() if i.path == binding.edits)
    return core.call("changed_lines", [file, Const(before, ANY, span)], CHANGED, span)
