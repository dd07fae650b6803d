"""Static nodes to values: calls the same primitives as the checker, on the pristine inputs, within fixed bounds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from clawc.compiler.deferred import deferred
from clawc.compiler.elaborate.context import Context, TaskState
from clawc.compiler.passes.remembered import Remembered
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.spec.types import ANY, BOOL, ListType, RecordType, TableType, Type
from clawc.stdlib.checks import PRIMITIVES, primitive
from clawc.stdlib.checks.values import MISSING, No, Table, Unmet, Unordered

MAX_STEPS = 3_000_000
# Primitives that give a part of a value.
PARTS = ("column", "get", "get_path", "item")
COMPILE_TIME_ONLY: dict[str, Callable[..., Any]] = {
    name: deferred(module, name)
    for module, names in {
        "render": "render_csv render_tsv typed_table",
        "render_json": "render_json render_jsonl",
        "render_yaml": "render_yaml",
        "render_toml": "render_toml",
        "render_ini": "render_ini",
        "render_files": "render_sqlite render_xlsx render_zip",
        "render_markup": "render_xml render_html render_ics render_email",
        "generate": "pick_one any_date any_integer any_uniform any_normal any_lognormal any_chance",
        "providers": "any_full_name any_first_name any_last_name any_email any_phone any_job any_city any_state any_country"
        " any_street any_postcode any_address any_company any_department any_word any_phrase any_sentence any_paragraph"
        " any_price any_currency money_text",
        "dirt": "duplicate_rows shuffle_rows blank_cells garble_cells mixed_date_formats mixed_case stray_spaces outliers",
        "repository": "commits_of",
        "adequacy.roundings": "rounded_as_float truncated",
    }.items()
    for name in names.split()
}


class EvaluationFault(Exception):
    """A static expression has no value; `span` is the innermost call that failed. Without a message it was reported."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


def report(cx: Context, fault: EvaluationFault) -> None:
    """Reports that a static expression has no value, unless what it is built on was reported."""
    if fault.message and fault.message not in cx.task.unreadable:
        cx.error("E0501", fault.span, fault.message)


class Reader:
    """Where dynamic nodes come from when a submission is judged in this process; empty at compile time.

    `memory` remembers what primitives gave for other submissions.
    """

    memory: Remembered | None = None

    def deliverable(self, node: core.Deliverable) -> Any:
        raise Unmet(f"`{node.name}` is not known at compile time")

    def workspace(self) -> Any:
        raise Unmet("the workspace is not known at compile time")

    def verdict(self) -> dict[str, Any]:
        raise Unmet("there is no verdict to ask")

    def run(self, number: int) -> Any:
        raise Unmet("programs are not run at compile time")


COMPILE_TIME = Reader()


def evaluate(node: Core, task: TaskState, reader: Reader = COMPILE_TIME) -> Any:
    """The value of a node without free rows. Raises EvaluationFault; Unmet only where a reader is given."""
    value = _Evaluation(task, reader).value(node, {})
    return without_reasons(value) if reader is COMPILE_TIME and _holds_conditions(node.type) else value


def without_reasons(value: Any) -> Any:
    """A value as data: a condition that does not hold is false, and why does not matter."""
    if isinstance(value, No):
        return False
    if isinstance(value, Unordered):
        return Unordered([without_reasons(v) for v in value])  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, Table):
        rows, spare = without_reasons(value.rows), without_reasons(value.spare)
        return Table(value.columns, rows, value.blocks, spare)
    if type(value) is list:
        return [without_reasons(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if type(value) is dict:
        return {k: without_reasons(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


def null_for_missing(value: Any) -> Any:
    """A part of what the task itself gives: a key that is absent there is null. In an answer it is not."""
    if value is MISSING:
        return None
    if isinstance(value, list) and any(v is MISSING for v in value):  # pyright: ignore[reportUnknownVariableType]
        found: list[Any] = [None if v is MISSING else v for v in value]  # pyright: ignore[reportUnknownVariableType]
        return Unordered(found) if isinstance(value, Unordered) else found
    return value  # pyright: ignore[reportUnknownVariableType]


def _holds_conditions(t: Type) -> bool:
    if isinstance(t, ListType):
        return _holds_conditions(t.element)
    if isinstance(t, RecordType):
        return any(_holds_conditions(of) for _, of in t.fields)
    if isinstance(t, TableType):
        return any(_holds_conditions(of) for _, of in t.columns)
    return t in (BOOL, ANY)


def _function(name: str) -> Callable[..., Any]:
    return primitive(name) if name in PRIMITIVES else COMPILE_TIME_ONLY[name]


class _Evaluation:
    def __init__(self, task: TaskState, reader: Reader) -> None:
        self.task = task
        self.reader = reader
        self.values: dict[int, Any] = {}  # dynamic nodes, for this submission only

    def value(self, node: Core, rows: dict[int, Any]) -> Any:
        if isinstance(node, core.Const):
            if node.value is core.MISTAKEN:
                raise EvaluationFault("", node.span)
            return node.value
        closed = not node.free
        task = self.task
        known = self.values if node.dynamic else task.values
        if closed:
            found = known.get(id(node), known)
            if found is not known:
                return found
        task.steps += 1
        if task.steps > MAX_STEPS:
            raise EvaluationFault("this takes too many steps to evaluate", node.span)
        result = _COMPUTE[type(node)](self, node, rows)
        if closed and type(node) is not core.Lambda:
            known[id(node)] = result
            task.keep.append(node)
        return result

    def let_ref(self, node: core.LetRef, rows: dict[int, Any]) -> Any:
        return self.value(node.value, rows)

    def column(self, node: core.Col, rows: dict[int, Any]) -> Any:
        row = rows[node.row]
        value: Any = row.get(node.name, MISSING) if isinstance(row, dict) else MISSING  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        return null_for_missing(value) if self.reader is COMPILE_TIME else value  # pyright: ignore[reportUnknownVariableType]

    def variable(self, node: core.Var, rows: dict[int, Any]) -> Any:
        return rows[node.id]

    def items(self, node: core.Items, rows: dict[int, Any]) -> Any:
        values = [self.value(item, rows) for item in node.items]
        return tuple(values) if node.tuple else values

    def record(self, node: core.Record, rows: dict[int, Any]) -> Any:
        return {self.value(k, rows): self.value(v, rows) for k, v in node.entries}

    def deliverable(self, node: core.Deliverable, _: dict[int, Any]) -> Any:
        return self.reader.deliverable(node)

    def run(self, node: core.Run, _: dict[int, Any]) -> Any:
        return self.reader.run(node.number)

    def workspace(self, _: core.Workspace, __: dict[int, Any]) -> Any:
        return self.reader.workspace()

    def call(self, node: core.Call, rows: dict[int, Any]) -> Any:
        if node.function == "passed":
            return any(
                c["passed"] for c in self.reader.verdict()["checks"] if c["name"] == self.value(node.args[1], rows)
            )
        if node.function == "score_of":
            return Decimal(self.reader.verdict()["score_checks"])
        function: Callable[..., Any] = _function(node.function)
        args = [self.value(arg, rows) for arg in node.args]
        kwargs = {name: self.value(arg, rows) for name, arg in node.kwargs}
        memory = self.reader.memory
        try:
            if memory is not None:
                value = memory.call(node.function, function, args, kwargs)
            else:
                value = function(*args, **kwargs)
            return null_for_missing(value) if node.function in PARTS and self.reader is COMPILE_TIME else value
        except Unmet as problem:
            if node.dynamic or (node.free and self.reader is not COMPILE_TIME):
                raise
            raise EvaluationFault(str(problem), node.span) from None

    def function(self, node: core.Lambda, rows: dict[int, Any]) -> Callable[[Any], Any]:
        def apply(row: Any) -> Any:
            return self.value(node.body, {**rows, node.param: row})

        return apply

    def logic(self, node: core.Logic, rows: dict[int, Any]) -> Any:
        operands = node.operands
        if node.op == "if":
            return self.value(operands[1] if self.value(operands[0], rows) else operands[2], rows)
        if node.op == "not":
            return not self.value(operands[0], rows)
        left = self.value(operands[0], rows)
        if node.op == "and":
            return self.value(operands[1], rows) if left else left
        return left if left else self.value(operands[1], rows)


_COMPUTE: dict[type, Callable[[_Evaluation, Any, dict[int, Any]], Any]] = {
    core.LetRef: _Evaluation.let_ref,
    core.Call: _Evaluation.call,
    core.Col: _Evaluation.column,
    core.Var: _Evaluation.variable,
    core.Lambda: _Evaluation.function,
    core.Items: _Evaluation.items,
    core.Record: _Evaluation.record,
    core.Logic: _Evaluation.logic,
    core.Deliverable: _Evaluation.deliverable,
    core.Run: _Evaluation.run,
    core.Workspace: _Evaluation.workspace,
}
