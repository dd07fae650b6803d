"""Expressions to core: names, operators, attributes, templates. Calls and verbs have files of their own."""

from __future__ import annotations

import re

from clawc.compiler.elaborate import calls, verbs
from clawc.compiler.elaborate.context import (
    MAX_CHAIN,
    MAX_DEPTH,
    BrokenBinding,
    Context,
    CoreBinding,
    DefBinding,
    DeliverableBinding,
    Hidden,
    InputBinding,
    LetBinding,
    RowScope,
    TreeBinding,
    broken,
    closest,
    column,
    is_error,
    meant_by,
    nearest,
    nearest_fix,
    written_as,
)
from clawc.compiler.elaborate.literals import is_stand_in, literal, text_pieces
from clawc.compiler.passes.parse import parse_expression
from clawc.compiler.paths import kind_of
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import AGGREGATE_NAMES, BY_NAME
from clawc.spec.types import (
    ANY,
    ANY_LIST,
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    ERROR,
    NULL,
    NUMBER,
    PERCENT,
    REGEX,
    SIZE,
    TEXT,
    TREE,
    FileType,
    ListType,
    RangeType,
    RecordType,
    Simple,
    TableType,
    Type,
    phrase,
)
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File

CALLS = TableType(
    (("step", NUMBER), ("tool", TEXT), ("path", TEXT), ("command", TEXT), ("ok", BOOL), ("output", TEXT)), ordered=True
)
TRANSCRIPT = RecordType((("calls", CALLS), ("commands", ListType(TEXT)), ("final", TEXT)))

COMPARISONS = {
    "==": "equal", "!=": "differs", "<": "less", "<=": "at_most", ">": "more", ">=": "at_least",
    "in": "is_in", "not in": "not_in",
}  # fmt: skip
ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}


def expression(cx: Context, node: ast.Expr) -> Core:
    """The core of an expression; mistakes are reported and give a node of type ERROR."""
    cx.depth += 1
    cx.task.depth += 1
    try:
        if cx.depth > MAX_DEPTH:
            return cx.error("E0108", node.span, f"nested more than {MAX_DEPTH} deep", "name the parts with `let`")
        if cx.task.depth > MAX_CHAIN:
            return cx.error(
                "E0108", node.span, f"definitions lead through each other more than {MAX_CHAIN} levels deep"
            )
        return _expression(cx, node)
    finally:
        cx.depth -= 1
        cx.task.depth -= 1


def _expression(cx: Context, node: ast.Expr) -> Core:
    if isinstance(node, ast.Literal):
        return literal(cx, node)
    if isinstance(node, ast.Text):
        return text(cx, node)
    if isinstance(node, ast.Ident):
        return name(cx, node)
    if isinstance(node, ast.ListOf):
        parts = [expression(cx, item) for item in node.items]
        return core.items(parts, ListType(_common(parts)), node.span)
    if isinstance(node, ast.RecordOf):
        return _record(cx, node)
    if isinstance(node, ast.CallOf):
        return calls.call(cx, node)
    if isinstance(node, ast.Attr):
        return _attribute(cx, node)
    if isinstance(node, ast.Index):
        return _index(cx, node)
    if isinstance(node, ast.Unary):
        return _unary(cx, node)
    if isinstance(node, ast.Binary):
        return _binary(cx, node)
    if isinstance(node, ast.Compare):
        return _compare(cx, node)
    if isinstance(node, ast.RangeOf):
        low, high = expression(cx, node.low), expression(cx, node.high)
        if not is_error(low) and not is_error(high) and not _comparable(low.type, high.type):
            return cx.error("E0403", node.span, f"a range from {phrase(low.type)} to {phrase(high.type)}")
        return core.call("Range", [low, high], RangeType(low.type), node.span)
    if isinstance(node, ast.If):
        return _if(cx, node)
    if isinstance(node, ast.Pipeline):
        return verbs.pipeline(cx, node)
    return broken(node.span)


def _common(parts: list[Core]) -> Type:
    """The type that all elements share, else ANY."""
    types = {p.type for p in parts if not is_error(p)}
    if len(types) == 1:
        return next(iter(types))
    records = [t for t in types if isinstance(t, RecordType)]
    if records and len(records) == len(types):
        fields: dict[str, Type] = {}
        for record in records:
            for key, type in record.fields:
                fields[key] = type if fields.get(key, type) == type else ANY
        return RecordType(tuple(sorted(fields.items(), key=lambda f: _first(records, f[0]))), False)
    return ANY


def _first(records: list[RecordType], key: str) -> tuple[int, int]:
    for number, record in enumerate(records):
        for place, (name, _) in enumerate(record.fields):
            if name == key:
                return (number, place)
    return (0, 0)


def text(cx: Context, node: ast.Text) -> Core:
    """A text; its holes are expressions of the place where it stands."""
    parts: list[Core] = []
    wrong = is_stand_in(cx, node)
    for piece in text_pieces(cx, node, template=True):
        if piece.hole is None:
            if piece.text:
                parts.append(Const(piece.text, TEXT, node.span))
            continue
        inner = expression(cx, parse_expression(cx.source, piece.hole, cx.diagnostics))
        if isinstance(inner.type, FileType) and any(d.span == inner.span for d in cx.diagnostics.sorted()):
            inner = broken(inner.span)  # a misspelt name, which was reported
        if isinstance(inner.type, (TableType, RecordType, ListType, FileType)):
            inner = cx.error("E0408", inner.span, f"{phrase(inner.type)} cannot stand in a text",
                             "write the value that is meant, such as `path.NAME` or `count(…)`")  # fmt: skip
        wrong = wrong or is_error(inner)
        parts.append(inner if inner.type is TEXT else core.call("as_text", [inner], TEXT, piece.hole))
    if not parts and not wrong:
        return Const("", TEXT, node.span)
    if len(parts) == 1 and isinstance(parts[0], Const):
        return parts[0]
    listed = core.items(parts, ListType(TEXT), node.span)
    if wrong:
        return core.mistaken(listed, TEXT, node.span)
    return core.call("join_text", [listed, Const("", TEXT, node.span)], TEXT, node.span)


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
    assert isinstance(binding, BrokenBinding)
    return broken(node.span)


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
            value = expression(binding.home, binding.expr)
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


def _record(cx: Context, node: ast.RecordOf) -> Core:
    entries: list[tuple[Core, Core]] = []
    fields: list[tuple[str, Type]] = []
    seen: set[str] = set()
    known = True
    for entry in node.entries:
        value = expression(cx, entry.value)
        if isinstance(entry.key, ast.Ident) and not entry.computed:
            key: Core = Const(entry.key.text, TEXT, entry.key.span)
        elif isinstance(entry.key, ast.Text) and not entry.computed:
            key = text(cx, entry.key)
        else:
            key = expression(cx, entry.key)
        if isinstance(key, Const) and isinstance(key.value, str):
            if key.value in seen:
                cx.error("E0303", entry.span, f"the key `{key.value}` is given twice")
            seen.add(key.value)
            fields.append((key.value, value.type))
        else:
            known = False
        entries.append((key, value))
    return core.record(entries, RecordType(tuple(fields), not known), node.span)


def _attribute(cx: Context, node: ast.Attr) -> Core:
    if isinstance(node.object, ast.Ident) and node.object.text == "path" and cx.find("path") is None:
        return _path(cx, node)
    if isinstance(node.object, ast.Ident) and node.object.text == "param" and cx.find("param") is None:
        if isinstance(cx.find(node.name.text), BrokenBinding):
            return broken(node.span)  # the block `param` was reported
        return cx.error("E0207", node.span, "`param` is not in this version")
    value = expression(cx, node.object)
    key = node.name.text
    t = value.type
    if t is ERROR:
        return value
    if isinstance(t, FileType):
        return cx.error("E0404", node.span, f"`{t.name}` is a file, which has no `{key}`",
                        f"read it first, for example `{_reader_of(t)}({t.name}).{key}`",
                        _wrapped(node.object, _reader_of(t)) if t.kind in ("json", "yaml", "toml", "ini") else None)  # fmt: skip
    known: Type | None = ANY
    if isinstance(t, TableType):
        inner = t.get(key)
        known = ListType(inner) if inner is not None else (ANY_LIST if t.open else None)
        if known is not None:
            return core.call("column", [value, Const(key, TEXT, node.name.span)], known, node.span)
        failed = cx.error("E0402", node.name.span, f"unknown column `{key}`{written_as(value)}{nearest(key, t.names)}",
                        "columns: " + ", ".join(t.names[:12]), nearest_fix(key, t.names, node.name.span))  # fmt: skip
        inner = t.get(meant_by(key, t.names))
        return failed if inner is None else core.mistaken(value, ListType(inner), node.span)
    if isinstance(t, RecordType):
        names = [n for n, _ in t.fields]
        known = t.get(key) or (ANY if t.open else None)
        if t.open and t.get(key) is None and closest(key, names) and (of := _declares(cx, value)):
            return cx.error("E0405", node.name.span, f"key `{key}` is not declared by `{of}`{nearest(key, names)}",
                            "keys: " + ", ".join(names[:12]), nearest_fix(key, names, node.name.span))  # fmt: skip
        if known is None:
            failed = cx.error("E0405", node.name.span, f"unknown key `{key}`{nearest(key, names)}",
                              "keys: " + ", ".join(names[:12]), nearest_fix(key, names, node.name.span))  # fmt: skip
            inner = t.get(meant_by(key, names))
            return failed if inner is None else core.mistaken(value, inner, node.span)
    elif isinstance(t, ListType):
        element = t.element
        if isinstance(element, RecordType):
            inner = element.get(key) or (ANY if element.open else None)
            if inner is None:
                names = [n for n, _ in element.fields]
                return cx.error("E0405", node.name.span, f"unknown key `{key}`{nearest(key, names)}",
                                "keys: " + ", ".join(names[:12]), nearest_fix(key, names, node.name.span))  # fmt: skip
            known = ListType(inner)
        elif element is not ANY:
            return cx.error("E0404", node.span, f"{phrase(t)} of {phrase(element)} has no `{key}`")
        else:
            known = ANY_LIST
    elif isinstance(t, Simple) and t is not ANY:
        return cx.error("E0404", node.span, f"{phrase(t)} has no `{key}`")
    return core.call("get", [value, Const(key, TEXT, node.name.span)], known or ANY, node.span)


TABLE_READERS = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "xlsx": "xlsx"}


def _reader_of(file: FileType) -> str:
    """The reader of a file of which a part is wanted."""
    return file.kind if file.kind in ("yaml", "toml", "ini", "email", "xml", "html") else "json"


def _wrapped(node: ast.Expr, reader: str) -> Fix | None:
    """The edit that reads the file that a name stands for."""
    return Fix(node.span, f"{reader}({node.text})", f"read it by `{reader}`") if isinstance(node, ast.Ident) else None


def _read_fix(node: ast.Expr, file: FileType, other: Type) -> Fix | None:
    """How a file has to be read to be compared with the other side."""
    if other is TEXT:
        return _wrapped(node, "text")
    if isinstance(other, TableType) and file.kind in TABLE_READERS:
        return _wrapped(node, "rows" if file.role == "deliverable" else TABLE_READERS[file.kind])
    return _wrapped(node, "json") if isinstance(other, RecordType) and file.kind == "json" else None


def _declares(cx: Context, value: Core) -> str:
    """The deliverable of which this is the value, if it declares keys."""
    while isinstance(value, core.LetRef):
        value = value.value
    of = (
        value.args[0]
        if isinstance(value, core.Call) and value.function in ("json_value", "yaml_value", "toml_value")
        else None
    )
    binding = cx.task.delivered.get(of.name) if isinstance(of, core.Deliverable) else None
    return binding.name if binding is not None and binding.keys is not None else ""


def path_of(cx: Context, value: Core, span: Span) -> Core | None:
    """The path of a file that is held as a value: an input, or a deliverable; None for anything else."""
    while isinstance(value, core.LetRef):
        value = value.value
    if isinstance(value, Const) and isinstance(value.value, File):
        return Const(value.value.path, TEXT, span)
    binding = cx.find(value.name) if isinstance(value, core.Deliverable) else None
    return Const(_shown_path(binding), TEXT, span) if isinstance(binding, DeliverableBinding) else None


def _path(cx: Context, node: ast.Attr) -> Core:
    binding = cx.find(node.name.text)
    if isinstance(binding, (CoreBinding, LetBinding)):  # another name for a file
        held = path_of(cx, expression(cx, node.name), node.span)
        if held is not None:
            return held
    if isinstance(binding, InputBinding):
        binding.used = True
        return Const(binding.file.path, TEXT, node.span)
    if isinstance(binding, TreeBinding):
        binding.used = True
        return Const(binding.folder, TEXT, node.span)
    if isinstance(binding, DeliverableBinding):
        return Const(_shown_path(binding), TEXT, node.span)
    if isinstance(binding, BrokenBinding):
        return broken(node.span)
    names = files_in_scope(cx)
    failed = cx.error("E0301", node.name.span, f"`path.{node.name.text}`: no file or deliverable has this name"
                    + nearest(node.name.text, names), "", nearest_fix(node.name.text, names, node.name.span))  # fmt: skip
    meant = meant_by(node.name.text, names)
    if not meant or isinstance(cx.find(meant), BrokenBinding):
        return failed
    return _path(cx, ast.Attr(node.object, ast.Ident(meant, node.name.span), node.span))


def _shown_path(binding: DeliverableBinding) -> str:
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


def _index(cx: Context, node: ast.Index) -> Core:
    value, index = expression(cx, node.object), expression(cx, node.index)
    t = value.type
    if is_error(value) or is_error(index):
        return broken(node.span)
    if t is TREE:
        return _tree_item(cx, value, index, node.span)
    result: Type = ANY
    if isinstance(t, ListType):
        result = t.element
    elif isinstance(t, TableType):
        result = RecordType(t.columns, t.open)
    elif isinstance(t, RecordType):
        if isinstance(index, Const) and isinstance(index.value, str):
            result = t.get(index.value) or ANY
    elif t is not ANY:
        return cx.error("E0404", node.span, f"{phrase(t)} has no elements")
    if isinstance(t, (ListType, TableType)) and index.type not in (NUMBER, ANY):
        return cx.error("E0403", node.index.span, f"elements are counted from 0; {phrase(index.type)} is no place")
    return core.call("item", [value, index], result, node.span)


def _tree_item(cx: Context, tree: Core, index: Core, span: Span) -> Core:
    """`files["a.csv"]` of a run, `project["a.py"]` of a tree or set, `letters[key]` of a family."""
    path = str(index.value) if isinstance(index, Const) else ""
    if isinstance(tree, core.Deliverable):
        binding = cx.task.delivered.get(tree.name)
        kind = binding.kind if binding is not None else "text"
        if tree.shape == "family":
            columns = binding.key if binding is not None else ()
            given = len(index.items) if isinstance(index, core.Items) else 1
            if columns and given != len(columns):
                return cx.error("E0403", index.span, f"a file of `{tree.name}` is named by {', '.join(columns)}",
                                f"write `{tree.name}[{columns[0]}]`" if len(columns) == 1 else f"write `{tree.name}[[{', '.join(columns)}]]`")  # fmt: skip
            return core.call("member", [tree, index], FileType(tree.name, kind, "deliverable"), span)
        return core.call("file_at", [tree, index], FileType(path or tree.name, kind, "deliverable"), span)
    if tree.dynamic:
        return core.call("file_in", [tree, index], FileType(path, kind_of(path), "run"), span)
    if isinstance(tree, Const) and isinstance(tree.value, Files) and path and path not in tree.value.files:
        names = list(tree.value.files)
        return cx.error("E0703", index.span, f"the tree has no file `{path}`{nearest(path, names)}",
                        "files: " + ", ".join(names[:12]), nearest_fix(path, names, index.span, '"{}"'))  # fmt: skip
    return core.call("file_at", [tree, index], FileType(path, kind_of(path), "input"), span)


def _unary(cx: Context, node: ast.Unary) -> Core:
    operand = expression(cx, node.operand)
    if is_error(operand):
        return operand
    if node.op == "not":
        test = condition(cx, operand)
        return test if is_error(test) else core.logic("not", [test], BOOL, node.span)
    if operand.type not in (NUMBER, ANY, NULL, DURATION):
        return cx.error("E0403", node.span, f"`-` wants a number, not {phrase(operand.type)}")
    return core.call("neg", [operand], operand.type, node.span)


def condition(cx: Context, node: Core) -> Core:
    """Complains when a node cannot be true or false."""
    if node.type not in (BOOL, ANY, NULL, ERROR):
        return cx.error("E0406", node.span, f"expected a condition, found {phrase(node.type)}")
    return node


def _binary(cx: Context, node: ast.Binary) -> Core:
    left, right = expression(cx, node.left), expression(cx, node.right)
    if node.op in ("and", "or"):
        left, right = condition(cx, left), condition(cx, right)
    if is_error(left) or is_error(right):
        return broken(node.span)
    if node.op in ("and", "or"):
        return core.logic(node.op, [left, right], BOOL, node.span)
    if node.op == "??":
        return core.call("coalesce", [left, right], right.type if left.type is NULL else left.type, node.span)
    result = _arithmetic(node.op, left.type, right.type)
    if result is None:
        help = 'join texts with `+` and make a number text by "{{ … }}"' if TEXT in (left.type, right.type) else ""
        return cx.error(
            "E0403", node.op_span, f"`{node.op}` between {phrase(left.type)} and {phrase(right.type)}", help
        )
    return core.call(ARITHMETIC[node.op], [left, right], result, node.span)


def _arithmetic(op: str, a: Type, b: Type) -> Type | None:
    if a is NULL or b is NULL:
        return b if a is NULL else a
    if a is ANY or b is ANY:
        other = b if a is ANY else a
        return ANY if other in (ANY, NUMBER, TEXT, DATE, DATETIME, DURATION) or isinstance(other, ListType) else None
    if a in (NUMBER, SIZE) and b in (NUMBER, SIZE):
        return NUMBER
    if op == "+" and a is TEXT and b is TEXT:
        return TEXT
    if op == "+" and isinstance(a, ListType) and isinstance(b, ListType):
        return a if a == b else ANY_LIST
    if op in "+-" and a in (DATE, DATETIME) and b is DURATION:
        return a
    if op == "+" and a is DURATION and b in (DATE, DATETIME):
        return b
    if op == "-" and a in (DATE, DATETIME) and a == b:
        return DURATION
    if op in "+-" and a is DURATION and b is DURATION:
        return DURATION
    if op in "*/" and a is DURATION and b is NUMBER:
        return DURATION
    return None


def _comparable(a: Type, b: Type) -> bool:
    if a in (ANY, NULL, ERROR) or b in (ANY, NULL, ERROR):
        return True
    if a in (NUMBER, SIZE) and b in (NUMBER, SIZE):
        return True
    if isinstance(a, (TableType, ListType)) and isinstance(b, (TableType, ListType)):
        return True
    if isinstance(a, RecordType) and isinstance(b, RecordType):
        return True
    if isinstance(a, RangeType) and isinstance(b, RangeType):
        return True
    return a == b or {a, b} <= {DATE, DATETIME}


def _compare(cx: Context, node: ast.Compare) -> Core:
    if node.op == "within":
        return cx.error("E0407", node.span, "`within` belongs behind a comparison", "write `a == b within 0.01`")
    left, right = expression(cx, node.left), expression(cx, node.right)
    within = expression(cx, node.within) if node.within is not None else None
    for side in (left, right):
        if isinstance(side.type, FileType):
            at, other = (node.left, right) if side is left else (node.right, left)
            return cx.error("E0404", side.span, f"`{side.type.name}` is a file; read it before comparing",
                            f"for example `text({side.type.name})`, `rows({side.type.name})` or `json({side.type.name})`",
                            _read_fix(at, side.type, other.type))  # fmt: skip
    if is_error(left) or is_error(right):
        return broken(node.span)
    if within is not None and node.op != "==":
        return cx.error("E0407", within.span, f"`within` belongs to `==`, not to `{node.op}`")
    if node.op in ("in", "not in"):
        return _membership(cx, node, left, right)
    if not _comparable(left.type, right.type):
        fix = _comparison_fix(cx, node, left, right)
        return cx.error("E0403", node.op_span, f"{phrase(left.type)} compared with {phrase(right.type)}",
                        f"{fix.title}" if fix is not None else _comparison_help(cx, node, left, right), fix)  # fmt: skip
    if node.op not in ("==", "!="):
        for side in (left, right):
            if isinstance(side.type, (TableType, ListType, RecordType, RangeType)) or side.type in (
                BOOL,
                REGEX,
            ):
                return cx.error(
                    "E0403",
                    node.op_span,
                    f"{phrase(side.type)} has no order; `{node.op}` wants numbers, dates or text",
                )
    kwargs: dict[str, Core] = {}
    if within is not None and not is_error(within):
        if within.type not in (NUMBER, PERCENT, DURATION, ANY):
            return cx.error("E0407", within.span, f"a tolerance is a number or a percentage, not {phrase(within.type)}")
        if left.type in (TEXT, BOOL) or right.type in (TEXT, BOOL):
            at, kind = (node.left, left.type) if left.type in (TEXT, BOOL) else (node.right, right.type)
            return cx.error("E0407", within.span, f"a tolerance applies to numbers; `{cx.source.slice(at.span)}` is "
                            + phrase(kind))  # fmt: skip
        kwargs["within"] = within
    if node.op == "==":
        left, right = _declared_columns(cx, left, right), _declared_columns(cx, right, left)
        if is_error(left) or is_error(right):
            return broken(node.span)
    return core.call(COMPARISONS[node.op], [left, right], BOOL, node.span, **kwargs)


def _declared_columns(cx: Context, side: Core, other: Core) -> Core:
    """Where `other` is `rows(d)` with declared columns: exactly these of `side`, and each must be there."""
    if not (isinstance(other, core.Call) and other.function == "rows" and isinstance(other.type, TableType)):
        return side
    t = side.type
    if not isinstance(t, TableType) or t.open or other.type.open:
        return side
    wanted = other.type.names
    for name_ in wanted:
        if t.get(name_) is None:
            return cx.error("E0402", side.span, f"the deliverable's column `{name_}` is no column of this table"
                            + nearest(name_, t.names), "columns: " + ", ".join(t.names[:12]))  # fmt: skip
    if wanted == t.names:
        return side
    with cx.row(t) as scope:
        picked = [
            (
                Const(n, TEXT, side.span),
                core.row_lambda(scope.id, column(scope, n, t.get(n) or ANY, side.span, sure=True)),
            )
            for n in wanted
        ]
    columns = tuple((n, t.get(n) or ANY) for n in wanted)
    return core.call(
        "select", [side, core.record(picked, ANY, side.span)], TableType(columns, False, t.ordered), side.span
    )


def _comparison_help(cx: Context, node: ast.Compare, left: Core, right: Core) -> str:
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        if side.type is TEXT and other.type is NUMBER and not isinstance(side, Const):
            return f"write `number({cx.source.slice(at.span)})` if it spells a number"
        if side.type is TEXT and other.type in (DATE, DATETIME):
            return "dates are written `@2026-01-31`"
        if isinstance(side.type, (ListType, TableType)) and other.type is NUMBER:
            return f"for how many there are write `count({cx.source.slice(at.span)})`" if _short(cx, at) else ""
    return ""


def _short(cx: Context, node: ast.Expr) -> bool:
    shown = cx.source.slice(node.span)
    return len(shown) <= 60 and "\n" not in shown


_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_PLAIN_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?")


def _comparison_fix(cx: Context, node: ast.Compare, left: Core, right: Core) -> Fix | None:
    """The edit that makes one side of the type of the other, where it is sure."""
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        if side.type is not TEXT:
            continue
        plain = str(side.value) if isinstance(side, Const) else ""
        if other.type is NUMBER and _PLAIN_NUMBER.fullmatch(plain):
            return Fix(at.span, plain, f"write `{plain}` without quotes")
        if other.type in (DATE, DATETIME) and _PLAIN_DATE.fullmatch(plain):
            return Fix(at.span, f"@{plain}", f"dates are written `@{plain}`")
        if other.type is BOOL and plain in ("true", "false"):
            return Fix(at.span, plain, f"write `{plain}` without quotes")
        if other.type in (DATE, DATETIME) and not isinstance(side, Const) and _short(cx, at):
            return Fix(at.span, f"date({cx.source.slice(at.span)})", f"write `date({cx.source.slice(at.span)})`")
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        if isinstance(side, Const) and side.type is NUMBER and other.type is TEXT:
            return Fix(at.span, f'"{side.value}"', f'write `"{side.value}"`, as the other side is text')
    return None


def _membership(cx: Context, node: ast.Compare, left: Core, right: Core) -> Core:
    t = right.type
    if t is TEXT:
        return cx.error("E0403", node.op_span, "`in` wants a list or a range, not text",
                        f"to look inside a text write `contains({cx.source.slice(node.right.span)}, …)`")  # fmt: skip
    if not isinstance(t, (ListType, RangeType, TableType)) and t not in (ANY, NULL):
        return cx.error("E0403", node.op_span, f"`in` wants a list or a range, not {phrase(t)}")
    element = t.element if isinstance(t, (ListType, RangeType)) else ANY
    if not _comparable(left.type, element):
        return cx.error("E0403", node.op_span, f"{phrase(left.type)} looked for among {phrase(element)}")
    return core.call(COMPARISONS[node.op], [left, right], BOOL, node.span)


def _if(cx: Context, node: ast.If) -> Core:
    parts = [expression(cx, p) for p in (node.condition, node.then, node.otherwise)]
    if any(is_error(p) for p in parts):
        return broken(node.span)
    test = condition(cx, parts[0])
    if is_error(test):
        return broken(node.span)
    a, b = parts[1].type, parts[2].type
    result = a if a == b or b is NULL else b if a is NULL else ANY
    return core.logic("if", [test, parts[1], parts[2]], result, node.span)


def contains_aggregate(node: ast.Expr) -> bool:
    """Does an argument of `group` compute a result, or is it a key?"""
    if isinstance(node, ast.CallOf):
        return node.function.text in AGGREGATE_NAMES or any(contains_aggregate(a.value) for a in node.args)
    if isinstance(node, ast.Binary):
        return contains_aggregate(node.left) or contains_aggregate(node.right)
    if isinstance(node, ast.Compare):
        return contains_aggregate(node.left) or contains_aggregate(node.right)
    if isinstance(node, ast.Unary):
        return contains_aggregate(node.operand)
    if isinstance(node, ast.If):
        return any(contains_aggregate(p) for p in (node.condition, node.then, node.otherwise))
    if isinstance(node, (ast.Attr, ast.Index)):
        return contains_aggregate(node.object)
    if isinstance(node, ast.ListOf):
        return any(contains_aggregate(i) for i in node.items)
    if isinstance(node, ast.RecordOf):
        return any(contains_aggregate(e.value) for e in node.entries)
    if isinstance(node, ast.Pipeline):
        return contains_aggregate(node.head)
    return False
