"""Expressions to core: names, operators, attributes, templates. Calls and verbs have files of their own."""

from __future__ import annotations

import re

from clawc.compiler.elaborate import calls, comparing, naming, verbs
from clawc.compiler.elaborate.context import (
    MAX_CHAIN,
    MAX_DEPTH,
    Context,
    broken,
    closest,
    field_meant,
    is_error,
    meant_by,
    nearest,
    nearest_fix,
    written_as,
)
from clawc.compiler.elaborate.literals import is_stand_in, literal, text_pieces
from clawc.compiler.passes import params
from clawc.compiler.passes.parse import parse_expression
from clawc.compiler.paths import kind_of
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import AGGREGATE_NAMES
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
        value = _expression(cx, node)
        if cx.task.observer is not None:
            cx.task.observer.typed(cx, node, value)
        return value
    finally:
        cx.depth -= 1
        cx.task.depth -= 1


def _expression(cx: Context, node: ast.Expr) -> Core:
    if isinstance(node, ast.Literal):
        return literal(cx, node)
    if isinstance(node, ast.Text):
        return text(cx, node)
    if isinstance(node, ast.Ident):
        return naming.name(cx, node)
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
        return comparing.compare(cx, node)
    if isinstance(node, ast.RangeOf):
        return comparing.range_of(cx, node)
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
            fix = _path_fix(cx, piece.hole, inner)
            help = fix.title if fix is not None else "write the value that is meant, such as `path.NAME` or `count(…)`"
            inner = cx.error("E0408", inner.span, f"{phrase(inner.type)} cannot stand in a text", help, fix)
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


def _path_fix(cx: Context, hole: Span, value: Core) -> Fix | None:
    """The edit that names a file by its path, where a hole holds nothing but its name."""
    name = cx.source.slice(value.span)
    if (
        cx.source.slice(hole).strip() != name
        or naming.path_of(cx, value, value.span) is None
        or not name.isidentifier()
    ):
        return None
    return Fix(value.span, f"path.{name}", f"write `path.{name}`")


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
            if isinstance(key.type, (ListType, RecordType, TableType, FileType, RangeType)):
                key = cx.error("E0403", entry.key.span, f"a key of a record is a text, found {phrase(key.type)}")
            elif not isinstance(key, Const):
                key = core.call("record_key", [key], key.type, entry.key.span)
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
        return naming.path(cx, node)
    if isinstance(node.object, ast.Ident) and node.object.text == "param" and cx.find("param") is None:
        return params.parameter(cx, node)
    value = expression(cx, node.object)
    key = node.name.text
    t = value.type
    if t is ERROR:
        return value
    if isinstance(t, FileType):
        if key == "path" and isinstance(node.object, ast.Ident) and naming.path_of(cx, value, node.span) is not None:
            meant = f"path.{node.object.text}"
            return cx.error("E0404", node.span, f"`{t.name}` is a file, which has no `path`", f"its path is `{meant}`",
                            Fix(node.span, meant, f"write `{meant}`"))  # fmt: skip
        return cx.error("E0404", node.span, f"`{t.name}` is a file, which has no `{key}`",
                        f"read it first, for example `{comparing.reader_of(t)}({t.name}).{key}`",
                        comparing.wrapped(node.object, comparing.reader_of(t)) if t.kind in ("json", "yaml", "toml", "ini") else None)  # fmt: skip
    known: Type | None = ANY
    if isinstance(t, TableType):
        inner = t.get(key)
        known = ListType(inner) if inner is not None else (ANY_LIST if t.open else None)
        if known is not None:
            return core.call("column", [value, Const(key, TEXT, node.name.span)], known, node.span)
        hint, fix = field_meant(node.name, t.names)
        failed = cx.error("E0402", node.name.span, f"unknown column `{key}`{written_as(value)}{hint}",
                        "columns: " + ", ".join(t.names[:12]), fix)  # fmt: skip
        inner = t.get(meant_by(key, t.names))
        return failed if inner is None else core.mistaken(value, ListType(inner), node.span)
    if isinstance(t, RecordType):
        names = [n for n, _ in t.fields]
        known = t.get(key) or (ANY if t.open else None)
        if t.open and t.get(key) is None and closest(key, names) and (of := _declares(cx, value)):
            return cx.error("E0405", node.name.span, f"key `{key}` is not declared by `{of}`{nearest(key, names)}",
                            "keys: " + ", ".join(names[:12]), nearest_fix(key, names, node.name.span))  # fmt: skip
        if known is None:
            hint, fix = field_meant(node.name, names)
            failed = cx.error(
                "E0405", node.name.span, f"unknown key `{key}`{hint}", "keys: " + ", ".join(names[:12]), fix
            )
            inner = t.get(meant_by(key, names))
            return failed if inner is None else core.mistaken(value, inner, node.span)
    elif isinstance(t, ListType):
        element = t.element
        if isinstance(element, RecordType):
            inner = element.get(key) or (ANY if element.open else None)
            if inner is None:
                names = [n for n, _ in element.fields]
                hint, fix = field_meant(node.name, names)
                return cx.error(
                    "E0405", node.name.span, f"unknown key `{key}`{hint}", "keys: " + ", ".join(names[:12]), fix
                )
            known = ListType(inner)
        elif element is not ANY:
            return cx.error("E0404", node.span, f"{phrase(t)} of {phrase(element)} has no `{key}`")
        else:
            known = ANY_LIST
    elif isinstance(t, Simple) and t is not ANY:
        return cx.error("E0404", node.span, f"{phrase(t)} has no `{key}`")
    return core.call("get", [value, Const(key, TEXT, node.name.span)], known or ANY, node.span)


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
        return core.call("file_in", [tree, index], FileType(path or cx.source.slice(span), kind_of(path), "run"), span)
    if isinstance(tree, Const) and isinstance(tree.value, Files) and path and path not in tree.value.files:
        names = list(tree.value.files)
        return cx.error("E0703", index.span, f"the tree has no file `{path}`{nearest(path, names)}",
                        "files: " + ", ".join(names[:12]), nearest_fix(path, names, index.span, '"{}"'))  # fmt: skip
    return core.call("file_at", [tree, index], FileType(path or cx.source.slice(span), kind_of(path), "input"), span)


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
        help = (
            "to ask about its rows, put the pipeline in parentheses: `(t | any …)`"
            if isinstance(node.type, TableType)
            else ""
        )
        return cx.error("E0406", node.span, f"expected a condition, found {phrase(node.type)}", help)
    return node


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?")


def _binary(cx: Context, node: ast.Binary) -> Core:
    if node.op == "-" and _DAY.fullmatch(written := cx.source.slice(node.span)):
        return cx.error("E0105", node.span, f"`{written}` is a difference, not a date", f"write `@{written}`",
                        Fix(node.span, f"@{written}", "write a date"))  # fmt: skip
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
        fix = _operand_fix(cx, node, left, right)
        help = fix.title if fix is not None else _operand_help(cx, node, left, right)
        return cx.error(
            "E0403", node.op_span, f"`{node.op}` between {phrase(left.type)} and {phrase(right.type)}", help, fix
        )
    return core.call(ARITHMETIC[node.op], [left, right], result, node.span)


def _operand_fix(cx: Context, node: ast.Binary, left: Core, right: Core) -> Fix | None:
    """The edit that makes a text in quotes the date or number that it spells, where that goes with the other side."""
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        plain = str(side.value) if isinstance(side, Const) and side.type is TEXT else ""
        if other.type in (DATE, DATETIME) and _MOMENT.fullmatch(plain):
            return Fix(at.span, f"@{plain}", f"dates are written `@{plain}`")
        if other.type is NUMBER and node.op != "+" and re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain):
            return Fix(at.span, plain, f"write `{plain}` without quotes")
        if other.type is DATE and node.op in "+-" and isinstance(at, ast.Literal) and side.type is NUMBER:
            return Fix(at.span, f"{at.raw}d", f"days are written `{at.raw}d`")
    return comparing.factors_fix(cx, node, left, right)


def _operand_help(cx: Context, node: ast.Binary, left: Core, right: Core) -> str:
    for side, other, at in ((left, right, node.left), (right, left, node.right)):
        shown = cx.source.slice(at.span)
        if side.type is not TEXT or isinstance(side, Const) or len(shown) > 60:
            continue
        if other.type in (DATE, DATETIME, DURATION):
            return f"write `date({shown})` if it spells a date"
        if other.type is NUMBER and node.op != "+":
            return f"write `number({shown})` if it spells a number"
    if node.op == "+" and TEXT in (left.type, right.type):
        return 'join texts with `+` and make a number text by "{{ … }}"'
    for a, b in ((left.type, right.type), (right.type, left.type)):
        if a in (DATE, DATETIME) and b is NUMBER:
            return "days are written with a unit, such as `7d`"
    return comparing.DURATIONS if DURATION in (left.type, right.type) else ""


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
