"""Calls of functions: arguments against signatures, and the few functions whose result type depends on more."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.compiler.elaborate import (
    aggregates,
    arguments,
    change,
    documents,
    elsewhere,
    expressions,
    generated,
    jobs,
    naming,
    reading,
    unknown_calls,
    verbs,
)
from clawc.compiler.elaborate.context import (
    BrokenBinding,
    CheckBinding,
    Context,
    CoreBinding,
    DefBinding,
    DeliverableBinding,
    argument_meant,
    broken,
    is_error,
    nearest,
    nearest_fix,
)
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import (
    AGGREGATE_NAMES,
    LATER,
    PROVIDED,
    VERB_NAMES,
    WINDOW_NAMES,
    Function,
    Parameter,
)
from clawc.spec.types import (
    ANY,
    ANY_LIST,
    ANY_RECORD,
    ANY_TABLE,
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    LETTERS,
    NUMBER,
    TEXT,
    TREE,
    FileType,
    ListType,
    RangeType,
    RecordType,
    TableType,
    Type,
    fits,
    phrase,
)

RESULTS: dict[str, Type] = {
    "S": TEXT, "N": NUMBER, "B": BOOL, "D": DATE, "U": DURATION, "V": ANY, "L": ANY_LIST, "R": ANY_RECORD,
    "T": ANY_TABLE, "G": RangeType(ANY),
}  # fmt: skip
TEXT_LISTS = {"split", "find_all", "sentences", "paragraphs", "bullets", "headings", "lines", "columns", "imports"}
KNOWN: dict[str, Type] = {
    "datetime": DATETIME,
    "dates": ListType(DATE),
    "cron_times": ListType(DATETIME),
    "bounds": RangeType(NUMBER),
    "split_at": TableType((("title", TEXT), ("body", TEXT))),
    "command_line": RecordType((("program", TEXT), ("flags", ANY_RECORD), ("args", ListType(TEXT)))),
}
MAX_EXPANSIONS = 20_000


class Bound(NamedTuple):
    """Arguments of a call by parameter; `rest` are those of a starred parameter."""

    named: dict[str, Core]
    rest: list[Core]


def call(cx: Context, node: ast.CallOf) -> Core:
    """A call written `f(…)`."""
    return call_function(cx, node.function, node.args, node.span, [])


def call_function(cx: Context, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]) -> Core:
    """A call of `function`; `piped` holds what stands left of `|`, which is the first argument."""
    name = function.text
    binding = cx.find(name)
    if isinstance(binding, DefBinding):
        return _expand(cx, binding, function, args, span, piped)
    if name in AGGREGATE_NAMES:
        return aggregates.aggregate(cx, function, args, span, piped)
    if name in WINDOW_NAMES:
        return aggregates.of_window(cx, function, args, span)
    if name in VERB_NAMES:
        if not piped and not args:
            return cx.error("E0401", span, f"`{name}` needs a table", f"write `table | {name} …`")
        head = piped[0] if piped else expressions.expression(cx, args[0].value)
        return verbs.verb(cx, function, args if piped else args[1:], (), span, head)
    if isinstance(binding, BrokenBinding):
        for arg in args:
            expressions.expression(cx, arg.value)
        return broken(span)
    row = generated.row_of(cx, name)
    if row is None and name in PROVIDED:
        return generated.not_taken(cx, function, args)
    if row is not None and row.group == "dirt":
        return cx.error("E0306", function.span, f"`{name}` belongs into `dirt` of `data`")
    if row is not None and row.group == "testing":
        return _testing(cx, row, args, span)
    if row is None:
        if name in LATER:
            return cx.error("E0306", function.span, f"`{name}` is not in this version")
        if binding is not None:
            return cx.error("E0302", function.span, f"`{name}` is a value, not a function")
        return unknown_calls.unknown(cx, function, args, span, piped)
    if piped and args and (verb := elsewhere.OF_TABLES.get(name)) and isinstance(piped[0].type, TableType):
        return unknown_calls.verb_meant(cx, row, function, verb, args, span, piped)
    bound = _bind(cx, row, function, args, span, piped)
    if bound is None or not arguments.is_meant(cx, row, bound.named, bound.rest, span):
        known_type = _certain(row)
        return broken(span) if known_type is None else core.mistaken(Const(None, ANY, span), known_type, span)
    return _typed_call(cx, row, bound, span)


def _certain(row: Function) -> Type | None:
    """The type of a result that is the same whatever the arguments are."""
    if row.name in TEXT_LISTS:
        return ListType(TEXT)
    if row.name in ("files", "commits"):
        return FILE_ROWS if row.name == "files" else COMMIT_ROWS
    if row.name in KNOWN:
        return KNOWN[row.name]
    certain: dict[str, Type] = {"email": documents.MESSAGE, "ics": documents.EVENTS, "log": documents.LOG, "diff": reading.DIFF,
               "python": reading.PROGRAM, "run": jobs.RUN}  # fmt: skip
    return certain.get(row.name) or (RESULTS[row.result] if row.result in "SNBU" else None)


class _Given(NamedTuple):
    """An argument with the parameter that it is for."""

    parameter: Parameter
    value: Core
    span: Span


def _bind(
    cx: Context, row: Function, function: ast.Ident, args: tuple[ast.Arg, ...], span: Span, piped: list[Core]
) -> Bound | None:
    """Elaborates the arguments and matches them with the parameters; None after a mistake.

    What lacks is told at the name where the first argument stands before it.
    """
    positional = [p for p in row.parameters if not p.rest]
    rest = next((p for p in row.parameters if p.rest), None)
    named: dict[str, Core] = {}
    extra: list[Core] = []
    given: list[_Given] = []
    good, guessed = True, False
    place = 0
    for value in piped:
        parameter = positional[0] if positional else rest
        place = 1
        if parameter is not None:
            given.append(_Given(parameter, value, value.span if cut_name(value) else function.span))
        if parameter is rest:
            extra.append(value)
        else:
            named[positional[0].name] = value
    for arg in args:
        if arg.name is None and place >= len(positional) and rest is None:
            cx.error("E0401", arg.span, f"`{row.name}` takes {_count(positional)}, this is one more", row.signature)
            return None
        value = _argument(cx, row, arg)
        if arg.name is not None:
            parameter = next((p for p in positional if p.name == arg.name.text), None)
            if parameter is None:
                meant = _misnamed(cx, row, arg.name, [p for p in positional if p.name not in named], args)
                good, guessed = False, True
                if meant is not None:
                    named[meant.name] = value
                continue
        elif place < len(positional):
            parameter = positional[place]
            place += 1
        else:
            parameter = rest
        if parameter is None:
            continue
        if parameter.name in named:
            cx.error("E0401", arg.span, f"`{parameter.name}` is given twice")
            good = False
            continue
        given.append(_Given(parameter, value, arg.span))
        if parameter.rest:
            extra.append(value)
        else:
            named[parameter.name] = value
    missing = next((p for p in positional if p.required and p.name not in named), None)
    if missing is not None and not guessed:
        left_out = _left_out(row, given, missing)
        at = function.span if piped else span
        cx.error("E0401", at, f"`{row.name}` lacks its argument `{(left_out or missing).name}`", row.signature)
        if left_out is None:
            _misfits(cx, row, given)
        return None
    if missing is not None or _misfits(cx, row, given):
        return None
    good = good and not any(is_error(v) for v in [*named.values(), *extra])
    return Bound(named, extra) if good else None


def _misnamed(
    cx: Context, row: Function, name: ast.Ident, free: list[Parameter], args: tuple[ast.Arg, ...]
) -> Parameter | None:
    """The parameter that is meant by a name that the function does not have: a near one, or the only one that lacks."""
    hint, fix, meant = argument_meant(name, [p.name for p in free])
    found = next((p for p in free if p.name == meant), None)
    lacking = [p for p in free[sum(a.name is None for a in args) :] if p.required]
    if found is None and not hint and len(lacking) == 1:
        found = lacking[0]
        hint, fix = f"; did you mean `{found.name}`?", Fix(name.span, found.name, f"write `{found.name}`")
    cx.error("E0401", name.span, f"`{row.name}` has no argument `{name.text}`{hint}", row.signature, fix)
    return found


def _left_out(row: Function, given: list[_Given], missing: Parameter) -> Parameter | None:
    """The parameter in the middle that was left out, where the arguments behind it fit those behind it."""
    order = list(row.parameters)
    wrong = next((g for g in given if not fits(g.value.type, g.parameter.letters)), None)
    if wrong is None or wrong.parameter not in order or missing not in order:
        return None
    at, end = order.index(wrong.parameter), order.index(missing)
    behind = [g for g in given if at <= order.index(g.parameter) < end]
    fit = all(fits(g.value.type, order[order.index(g.parameter) + 1].letters) for g in behind)
    return wrong.parameter if fit and len(behind) == end - at else None


def _misfits(cx: Context, row: Function, given: list[_Given]) -> bool:
    """Reports the arguments of another type than their parameter; two in the other order are one mistake."""
    wrong = [g for g in given if not is_error(g.value) and not fits(g.value.type, g.parameter.letters)]
    if len(wrong) == 2:
        first, second = sorted(wrong, key=lambda g: g.span)
        if fits(first.value.type, second.parameter.letters) and fits(second.value.type, first.parameter.letters):
            whole = Span(first.span.start, second.span.end)
            swapped = (
                cx.source.slice(second.span)
                + cx.source.slice(Span(first.span.end, second.span.start))
                + cx.source.slice(first.span)
            )
            cx.error("E0401", whole, f"`{row.name}` takes {_kind(first.parameter)} and then {_kind(second.parameter)}; here they stand in the other order",
                     row.signature, Fix(whole, swapped, "swap them"))  # fmt: skip
            return True
    fit = [_check_argument(cx, row, g.parameter, g.value, g.span) for g in given]
    return not all(fit)


def _kind(parameter: Parameter) -> str:
    return " or ".join(LETTERS[letter] for letter in parameter.letters.split("|"))


def _argument(cx: Context, row: Function, arg: ast.Arg) -> Core:
    if row.name == "run" and arg.name is None and isinstance(arg.value, ast.ListOf):
        return jobs.command(cx, arg.value)
    if row.name == "call" and isinstance(arg.value, ast.Ident):
        return jobs.word(cx, arg.value)
    if cx.rows and isinstance(arg.value, ast.Ident) and isinstance(cx.find(arg.value.text), DeliverableBinding):
        _file_hidden(cx, row, arg.value)
    return expressions.expression(cx, arg.value)


def _file_hidden(cx: Context, row: Function, name: ast.Ident) -> None:
    """A column of the name of a deliverable, where a file may be wanted."""
    scope = next((s for s in reversed(cx.rows) if name.text in s.columns), None)
    if scope is not None and any("F" in p.letters for p in row.parameters):
        naming.hides(cx, name, scope)


def _check_argument(cx: Context, row: Function, parameter: Parameter, value: Core, span: Span) -> bool:
    if is_error(value):
        return True
    if isinstance(value.type, TableType) and parameter.letters == "L" and row.name.startswith("mentions"):
        cx.error("E0401", span, f"`{row.name}` wants a list of values here, not a table",
                 "name the column: `t.column`")  # fmt: skip
        return False
    if fits(value.type, parameter.letters):
        return True
    fix: Fix | None = None
    if isinstance(value.type, FileType):
        fix = _reading(parameter, value, span)
        help = f"read the file first, for example `text({value.type.name})` or `rows({value.type.name})`"
    else:
        help = row.signature
    wanted = _kind(parameter)
    plain = str(value.value) if isinstance(value, Const) and value.type is TEXT else ""
    if "N" in parameter.letters and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", plain):
        fix = Fix(span, plain, "without quotes")
        help = f"write `{plain}` without quotes"
    elif parameter.letters == "D" and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", plain):
        fix = Fix(span, f"@{plain}", "as a date")
        help = f"dates are written `@{plain}`"
    cx.error("E0401", span, f"`{row.name}` wants {wanted} here, not {phrase(value.type)}", help, fix)
    return False


def _reading(parameter: Parameter, value: Core, span: Span) -> Fix | None:
    """The edit that reads a file that stands where its rows or its text are wanted."""
    assert isinstance(value.type, FileType)
    if cut_name(value) and parameter.letters == "S":
        return Fix(span, f"text({value.type.name})", "read its text")
    return reading_rows(value, span) if "T" in parameter.letters else None


def reading_rows(value: Core, span: Span) -> Fix | None:
    """The edit that reads the rows of a file that is written by its name alone."""
    if not isinstance(value.type, FileType) or not cut_name(value) or value.type.kind not in ("csv", "tsv", "jsonl"):
        return None
    reader = "rows" if value.type.role == "deliverable" else value.type.kind
    return Fix(span, f"{reader}({value.type.name})", "read its rows")


def cut_name(value: Core) -> bool:
    """Is this a file that is written by its name alone?"""
    return isinstance(value, (Const, core.Deliverable)) and isinstance(value.type, FileType)


def _count(positional: list[Parameter]) -> str:
    return _count_of(len(positional))


def _count_of(number: int) -> str:
    return "no argument" if number == 0 else "1 argument" if number == 1 else f"{number} arguments"


def _typed_call(cx: Context, row: Function, bound: Bound, span: Span) -> Core:
    named = bound.named
    if row.group == "data" or PROVIDED.get(row.name) is row:
        return generated.generated(cx, row, named, span)
    if row.name in documents.TYPES:
        return documents.reader(cx, row, python_arguments(row, bound), span)
    if row.group == "readers" and row.name not in ("from", "field"):
        return reading.reader(cx, row, named, span)
    if row.name == "from":
        return reading.asset(cx, named["path"], span)
    if row.group == "change":
        return change.change(cx, row, named, span)
    if row.name == "run":
        return jobs.run(cx, named, span)
    if row.name == "call":
        return jobs.call_function(cx, named, span)
    if row.name == "raises":
        return jobs.raises(cx, named, span)
    if row.name == "holds":
        # What cannot be judged must not end the condition around it, so it is called where it is caught.
        return core.call("can_hold", [core.row_lambda(cx.task.fresh.take(), named["of"])], BOOL, span)
    if row.group == "files":
        return _files(cx, row, named["of"], span)
    first = next(iter(named.values()), None)
    result = RESULTS.get(row.result, ANY)
    if row.name in ("table", "unordered", "ordered", "except", "union", "intersect", "only"):
        assert first is not None
        result = _same_rows(row.name, first.type, bound)
    elif row.name in TEXT_LISTS:
        result = ListType(TEXT)
    elif row.name in KNOWN:
        result = KNOWN[row.name]
    elif row.name == "numbered" and first is not None:
        result = _numbered(first.type)
    elif row.name == "add_months" and first is not None:
        result = first.type
    elif row.name == "section":
        _check_section(cx, named, span)
    elif row.name == "record" and first is not None and isinstance(first.type, TableType) and not first.type.open:
        if len(first.type.columns) != 2:
            return cx.error("E0401", span, f"`record` wants a table of two columns, this one has {len(first.type.columns)}",
                            "write `| select key, value` before it")  # fmt: skip
    args, kwargs = python_arguments(row, bound)
    return core.call(row.python, args, result, span, **kwargs)


def _testing(cx: Context, row: Function, args: tuple[ast.Arg, ...], span: Span) -> Core:
    """`passed(check)` and `score()`, in `test` only."""
    checks = [n for n in cx.all_names() if isinstance(cx.find(n), CheckBinding)]
    if not checks:
        return cx.error("E0306", span, f"`{row.name}` belongs into `test`")
    here = core.Workspace(ANY, span)
    if row.name == "score":
        return core.call("score_of", [here], NUMBER, span)
    node = args[0].value if len(args) == 1 and args[0].name is None else None
    if not isinstance(node, ast.Ident) or not isinstance(cx.find(node.text), CheckBinding):
        name = node.text if isinstance(node, ast.Ident) else ""
        return cx.error("E0604", span, f"`passed` takes a check of the task{nearest(name, checks)}",
                        "checks: " + ", ".join(checks), nearest_fix(name, checks, span if node is None else node.span))  # fmt: skip
    return core.call("passed", [here, Const(node.text, TEXT, node.span)], BOOL, span)


COMMIT_ROWS = TableType((("id", TEXT), ("author", TEXT), ("email", TEXT), ("at", DATETIME), ("message", TEXT),
                         ("files", ListType(TEXT))), ordered=True)  # fmt: skip
FILE_ROWS = TableType((("path", TEXT), ("name", TEXT), ("stem", TEXT), ("ext", TEXT), ("text", TEXT)))


def _files(cx: Context, row: Function, of: Core, span: Span) -> Core:
    """`files` and its like over a tree, a set, a family, or what a run leaves."""
    if of.type is not TREE and of.type is not ANY:
        return cx.error("E0401", of.span, f"`{row.name}` wants a tree or a set of files, not {phrase(of.type)}",
                        "a `tree` of the workspace, a deliverable with `*` in its path, or the `files` of a run")  # fmt: skip
    results: dict[str, Type] = {"files": FILE_ROWS, "commits": COMMIT_ROWS}
    if row.name == "commits" and (of.dynamic or of.free):
        return cx.error("E0502", of.span, "`commits` reads the history that the agent finds",
                        'what it leaves is read by a program: `run(["git", "log"], cwd = path.NAME)`')  # fmt: skip
    return core.call(row.python, [of], results.get(row.name, ListType(TEXT)), span)


def python_arguments(row: Function, bound: Bound) -> tuple[list[Core], dict[str, Core]]:
    """Required arguments by place, optional ones by name."""
    args: list[Core] = []
    kwargs: dict[str, Core] = {}
    for parameter in row.parameters:
        if parameter.rest:
            args.extend(bound.rest)
        elif parameter.name in bound.named:
            if parameter.required:
                args.append(bound.named[parameter.name])
            else:
                kwargs[PYTHON_NAMES.get((row.name, parameter.name), parameter.name)] = bound.named[parameter.name]
    return args, kwargs


PYTHON_NAMES = {("round", "digits"): "n", ("sqlite", "table"): "title"}


def _same_rows(name: str, first: Type, bound: Bound) -> Type:
    """Result types of functions that keep the rows of their argument."""
    if name == "only":
        return RecordType(first.columns, first.open) if isinstance(first, TableType) else (
            first.element if isinstance(first, ListType) else ANY)  # fmt: skip
    if name == "table":
        if isinstance(first, ListType) and isinstance(first.element, RecordType):
            return TableType(first.element.fields, first.element.open)
        if isinstance(first, ListType) and first.element is not ANY:
            return TableType((("value", first.element),))
        return first if isinstance(first, TableType) else ANY_TABLE
    if isinstance(first, TableType):
        keep = first.ordered and name == "ordered"
        columns = dict(first.columns)
        if name == "union":
            for other in bound.rest:
                if isinstance(other.type, TableType):
                    columns = {c: t if other.type.get(c) in (t, None) else ANY for c, t in columns.items()}
        return TableType(tuple(columns.items()), first.open, keep)
    return first


def _numbered(first: Type) -> Type:
    if isinstance(first, TableType):
        return TableType((("n", NUMBER), *first.columns), first.open)
    element = first.element if isinstance(first, ListType) else ANY
    return TableType((("n", NUMBER), ("value", element)), ordered=True)


def _check_section(cx: Context, named: dict[str, Core], span: Span) -> None:
    """A section that the deliverable does not declare is more likely a slip."""
    source, wanted = named.get("of"), named.get("name")
    if not isinstance(source, core.Deliverable) or not isinstance(wanted, Const):
        return
    binding = cx.task.delivered.get(source.name)
    if binding is not None and binding.sections is not None and wanted.value not in binding.sections:
        cx.error("E0411", wanted.span, f"section `{wanted.value}` is not declared by `{source.name}`"
                 + nearest(str(wanted.value), binding.sections), "sections: " + ", ".join(binding.sections),
                 nearest_fix(str(wanted.value), binding.sections, wanted.span, '"{}"'))  # fmt: skip


def _expand(
    cx: Context,
    binding: DefBinding,
    function: ast.Ident,
    args: tuple[ast.Arg, ...],
    span: Span,
    piped: list[Core],
) -> Core:
    """A call of a `def`: its body, with the parameters bound to the arguments."""
    binding.used = True
    cx.task.expansions += 1
    if cx.task.expansions > MAX_EXPANSIONS:
        return cx.error("E0108", function.span, f"calls of `def` lead to more than {MAX_EXPANSIONS} expansions",
                        "name what is computed more than once with `let`")  # fmt: skip
    if binding.busy:
        return cx.error("E0304", function.span, f"`{binding.name}` calls itself; there is no recursion")
    values = dict(zip(binding.params, piped))
    place = len(piped)
    for arg in args:
        value = expressions.expression(cx, arg.value)
        if arg.name is not None:
            key = arg.name.text
        else:
            key = binding.params[place] if place < len(binding.params) else ""
            place += 1
        if key not in binding.params or key in values:
            wrong = (
                f"`{binding.name}` takes {_count_of(len(binding.params))}, this is one more" if not key
                else f"`{key}` is given twice" if key in values
                else f"`{binding.name}` has no argument `{key}`" + nearest(key, binding.params)
            )  # fmt: skip
            fix = (
                nearest_fix(key, binding.params, arg.name.span) if arg.name is not None and key not in values else None
            )
            return cx.error("E0401", arg.span, wrong, f"{binding.name}({', '.join(binding.params)})", fix)
        values[key] = value
    missing = [p for p in binding.params if p not in values]
    if missing:
        return cx.error("E0401", span, f"`{binding.name}` lacks its argument `{missing[0]}`",
                        f"{binding.name}({', '.join(binding.params)})")  # fmt: skip
    with binding.home.outside_rows():
        inner = binding.home.child()
    inner.depth = cx.depth
    inner.generator = cx.generator
    inner.names.update({name: CoreBinding(value) for name, value in values.items()})
    binding.busy = True
    try:
        return expressions.expression(inner, binding.body)
    finally:
        binding.busy = False
