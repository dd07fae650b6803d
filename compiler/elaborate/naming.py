"""Names: columns of rows in scope, lets, parameters, inputs, deliverables and their paths; and misspelt ones as they are meant."""

from __future__ import annotations

import re

from clawc.compiler.elaborate import expressions
from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    CoreBinding,
    DefBinding,
    DeliverableBinding,
    Hidden,
    InputBinding,
    LetBinding,
    ProviderBinding,
    RowScope,
    TreeBinding,
    broken,
    closest,
    column,
    is_error,
    meant_by,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.elsewhere import otherwise, write_instead
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import BY_NAME
from clawc.spec.types import (
    ANY,
    BOOL,
    ERROR,
    NUMBER,
    TEXT,
    TREE,
    FileType,
    ListType,
    RecordType,
    Simple,
    TableType,
    Type,
)
from clawc.stdlib.checks.values import File

CALLS = TableType(
    (
        ("step", NUMBER), ("tool", TEXT), ("path", TEXT), ("command", TEXT), ("ok", BOOL), ("output", TEXT), ("arguments", TEXT),
    ),
    ordered=True,
)  # fmt: skip
MESSAGES = TableType((("turn", NUMBER), ("text", TEXT), ("tools", ListType(TEXT))), ordered=True)
TRANSCRIPT = RecordType(
    (("calls", CALLS), ("commands", ListType(TEXT)), ("final", TEXT), ("said", ListType(TEXT)), ("messages", MESSAGES))
)


# Constants as they are spelled elsewhere.
CONSTANTS = {
    "True": "true", "TRUE": "true", "yes": "true", "False": "false", "FALSE": "false", "no": "false",
    "None": "null", "NULL": "null", "Null": "null", "nil": "null", "undefined": "null", "NaN": "null",
}  # fmt: skip

CLOCK = ("TODAY", "NOW", "CURRENT_DATE", "CURRENT_TIMESTAMP")


def name(cx: Context, node: ast.Ident) -> Core:
    """A name: the column of a row in scope, else whatever it is bound to."""
    for scope in reversed(cx.rows):
        type = scope.columns.get(node.text)
        if type is not None:
            _hides(cx, node, scope, type)
            return column(scope, node.text, type, node.span, sure=True)
        if scope.guess:
            if cx.find(node.text) is None:
                cx.task.unresolved.add(node.text)  # a column, or a slip of another name
            return column(scope, node.text, ANY, node.span, sure=False)
    binding = cx.find(node.text)
    if binding is not None:
        return bound(cx, binding, node)
    for scope in reversed(cx.rows):
        if scope.open:
            return column(scope, node.text, ANY, node.span, sure=False)
    if node.text in BY_NAME:
        return cx.error("E0305", node.span, f"`{node.text}` is a function; did you mean `{node.text}(x)`?")
    if node.text == "final_message":
        return core.call("final_text", [core.Workspace(ANY, node.span)], TEXT, node.span)
    if node.text == "transcript":
        return core.call("transcript_of", [core.Workspace(ANY, node.span)], TRANSCRIPT, node.span)
    if node.text == "workspace":
        return core.Workspace(ANY, node.span)
    if node.text.upper() in CLOCK:
        return cx.error("E0301", node.span, f"unknown name `{node.text}`", otherwise("today"))
    if node.text in CONSTANTS:
        spelled = CONSTANTS[node.text]
        return cx.error("E0301", node.span, f"unknown name `{node.text}`; did you mean `{spelled}`?", "",
                        write_instead(spelled, node.span))  # fmt: skip
    cx.task.unresolved.add(node.text)
    columns = [c for scope in cx.rows for c in scope.columns]
    if columns:
        shown = ", ".join(list(cx.rows[-1].columns)[:12])
        known = columns if closest(node.text, columns) else cx.all_names()
        failed = cx.error("E0402", node.span, f"unknown column `{node.text}`{cx.rows[-1].of}{nearest(node.text, known, lambda n: f'`{n}`' if n in columns else cx.called(n))}",
                        f"columns: {shown}", nearest_fix(node.text, known, node.span))  # fmt: skip
        return _as_meant(cx, node, known) or failed
    if cx.group is not None and cx.group.table.get(node.text) is not None:
        return cx.error("E0301", node.span, f"`{node.text}` has a value in every row of the group, not one for the group",
                        f"make it a key of `group`, or pick one value: `first({node.text})`")  # fmt: skip
    known = [*cx.all_names(), "workspace", "transcript", "final_message"]
    failed = cx.error("E0301", node.span, f"unknown name `{node.text}`{nearest(node.text, known, cx.called)}", "",
                      nearest_fix(node.text, known, node.span))  # fmt: skip
    return _as_meant(cx, node, known) or failed


def _as_meant(cx: Context, node: ast.Ident, known: list[str]) -> Core | None:
    """A misspelt name as the one that is meant, so that the rest is checked; None where that is not sure."""
    meant = meant_by(node.text, known)
    for scope in reversed(cx.rows):
        type = scope.columns.get(meant)
        if type is not None:
            return core.mistaken(column(scope, meant, type, node.span, sure=True), type, node.span)
    binding = cx.find(meant)
    if isinstance(binding, (InputBinding, DeliverableBinding, TreeBinding)):
        return bound(cx, binding, node)  # the very file, as its columns are wanted
    if isinstance(binding, (LetBinding, CoreBinding)):
        value = bound(cx, binding, node)
        return None if is_error(value) else core.mistaken(value, value.type, node.span)
    return None


def _hides(cx: Context, node: ast.Ident, scope: RowScope, column_type: Type) -> None:
    """A column that hides a `let` or parameter which may stand in its place: said once for each name."""
    binding = cx.find(node.text)
    if isinstance(binding, LetBinding) and not binding.busy:
        used = binding.used
        type = let_value(cx, binding, node.span).type
        binding.used = used
    elif isinstance(binding, CoreBinding):
        type = binding.value.type
    else:
        return
    if type == column_type and isinstance(type, Simple) and type not in (ANY, ERROR):
        binding.used = True  # whether it was meant or not, one warning is enough
        hides(cx, node, scope)


def hides(cx: Context, node: ast.Ident, scope: RowScope) -> None:
    """Keeps that a name is a column and something else; it is said where that happens first."""
    before = cx.task.hidden.get(node.text)
    if before is None or (before.source is cx.source and node.span < before.span):
        kinds = {LetBinding: "the `let` of this name", CoreBinding: "the parameter of this name"}
        other = next(
            (word for kind, word in kinds.items() if isinstance(cx.find(node.text), kind)), cx.called(node.text)
        )
        cx.task.hidden[node.text] = Hidden(cx.source, node.span, scope.of, other)


def bound(cx: Context, binding: object, node: ast.Ident) -> Core:
    """The core of a binding at a use."""
    if isinstance(binding, CoreBinding):
        binding.used = True
        return binding.value
    if isinstance(binding, InputBinding):
        binding.used = True
        return Const(binding.file, FileType(binding.file.name, binding.file.kind, "input"), node.span)
    if isinstance(binding, DeliverableBinding):
        binding.used = True
        return deliverable(binding, node.span)
    if isinstance(binding, TreeBinding):
        binding.used = True
        return Const(binding.files, TREE, node.span)
    if isinstance(binding, LetBinding):
        value = let_value(cx, binding, node.span)
        return core.LetRef(binding.name, value, value.type, node.span, value.dynamic, value.free)
    if isinstance(binding, DefBinding):
        binding.used = True
        return cx.error("E0305", node.span, f"`{node.text}` is a function; did you mean `{node.text}(…)`?")
    if isinstance(binding, BrokenBinding):
        return broken(node.span)
    if isinstance(binding, ProviderBinding):
        binding.used = True
        return cx.error("E0305", node.span, f"`{node.text}` is a function; did you mean `{node.text}()`?")
    return cx.error("E0301", node.span, f"`{node.text}` is no value, but the name of a check or block",
                    f"whether a check passed is `passed({node.text})`, in a `test`")  # fmt: skip


def deliverable(binding: DeliverableBinding, span: Span) -> core.Deliverable:
    """What the agent left under a name: a file, a set of files, or the files of a family."""
    type: Type = TREE
    if binding.shape == "file":
        type = FileType(binding.name, binding.kind, "deliverable")
    return core.Deliverable(binding.name, type, span, shape=binding.shape, job=binding.job)


def let_value(cx: Context, binding: LetBinding, span: Span) -> Core:
    """The core of a `let`, made at its first use in the place where it is written."""
    binding.used = True
    if binding.value is None:
        if binding.busy:
            binding.value = _circle(cx, binding, span)
            return binding.value
        binding.busy = True
        cx.task.busy.append(binding)
        with binding.home.outside_rows():  # its first use may stand in a row expression, it does not
            value = expressions.expression(binding.home, binding.expr)
        binding.busy = False
        cx.task.busy.pop()
        if binding.value is None:
            binding.value = value
    return binding.value


def _circle(cx: Context, binding: LetBinding, span: Span) -> Core:
    """A circle of definitions is told at the first of them in the file."""
    chain = cx.task.busy[cx.task.busy.index(binding) :]
    if len(chain) == 1:
        return cx.error("E0304", span, f"`{binding.name}` is defined by itself")
    at = min(range(len(chain)), key=lambda i: chain[i].span)
    names = [b.name for b in [*chain[at:], *chain[:at], chain[at]]]
    return chain[at].home.error("E0304", chain[at].span, f"`{names[0]}` is defined by itself: {' → '.join(names)}")


def path_of(cx: Context, value: Core, span: Span) -> Core | None:
    """The path of a file that is held as a value: an input, or a deliverable; None for anything else."""
    while isinstance(value, core.LetRef):
        value = value.value
    if isinstance(value, Const) and isinstance(value.value, File):
        return Const(value.value.path, TEXT, span)
    binding = cx.find(value.name) if isinstance(value, core.Deliverable) else None
    return Const(shown_path(binding), TEXT, span) if isinstance(binding, DeliverableBinding) else None


def path(cx: Context, node: ast.Attr) -> Core:
    binding = cx.find(node.name.text)
    if isinstance(binding, (CoreBinding, LetBinding)):  # another name for a file
        held = path_of(cx, expressions.expression(cx, node.name), node.span)
        if held is not None:
            return held
    if isinstance(binding, InputBinding):
        binding.used = True
        return Const(binding.file.path, TEXT, node.span)
    if isinstance(binding, TreeBinding):
        binding.used = True
        return Const(binding.folder, TEXT, node.span)
    if isinstance(binding, DeliverableBinding):
        return Const(shown_path(binding), TEXT, node.span)
    if isinstance(binding, BrokenBinding):
        return broken(node.span)
    names = files_in_scope(cx)
    failed = cx.error("E0301", node.name.span, f"`path.{node.name.text}`: no file or deliverable has this name"
                    + nearest(node.name.text, names), "", nearest_fix(node.name.text, names, node.name.span))  # fmt: skip
    meant = meant_by(node.name.text, names)
    if not meant or isinstance(cx.find(meant), BrokenBinding):
        return failed
    return path(cx, ast.Attr(node.object, ast.Ident(meant, node.name.span), node.span))


def shown_path(binding: DeliverableBinding) -> str:
    """A path as the agent is told: of a family with `<column>` in place of each key, of a folder without `**`."""
    if binding.shape == "family":
        names = iter(binding.key)
        return "".join(f"<{next(names)}>" if part == "*" else part for part in re.split(r"(\*)", binding.path))
    return binding.path.removesuffix("/**") if binding.path.endswith("/**") else binding.path


def files_in_scope(cx: Context) -> list[str]:
    """Names of inputs and deliverables."""
    return [
        n
        for n in cx.all_names()
        if isinstance(cx.find(n), (InputBinding, TreeBinding, DeliverableBinding, BrokenBinding))
    ]
