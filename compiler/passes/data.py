"""`data` blocks: rows that are generated, column by column, each cell from a seed of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate.context import BrokenBinding, Context, CoreBinding, is_error
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.generate import Source
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.spec import ast, core
from clawc.spec.core import Const
from clawc.spec.types import ANY, NUMBER, TableType, Type
from clawc.stdlib.checks.values import Table

MAX_GENERATED = 5_000
OWN = ("count", "dirt")


def data_block(cx: Context, task_name: str, block: ast.Block) -> None:
    """Binds the table of one `data` block."""
    if not block.labels or not isinstance(block.labels[0], ast.Ident):
        return
    name = block.labels[0]
    count = int(attr.number(cx, block, "count", Decimal(10), high=MAX_GENERATED))
    items = [i for i in block.items if isinstance(i, ast.Attribute) and i.name.text not in OWN]
    if not items:
        cx.error("E0208", block.head, f"`{name.text}` has no column", "write `column = …`")
    columns: dict[str, Type] = {}
    made: list[tuple[str, core.Lambda]] = []
    for item in items:
        if item.name.text in columns:
            cx.error("E0206", item.name.span, f"the column `{item.name.text}` is given twice")
            continue
        with cx.row(TableType((("n", NUMBER), *columns.items()))) as scope:
            cx.generator = scope
            body = expression(cx, item.value)
            cx.generator = None
        columns[item.name.text] = ANY if is_error(body) else body.type
        if body.dynamic:
            cx.error("E0502", item.value.span, "generated data cannot depend on what the agent leaves")
        elif not is_error(body):
            made.append((item.name.text, core.row_lambda(scope.id, body)))
    if len(made) != len(items):
        lost = core.mistaken(Const(None, ANY, block.head), TableType(tuple(columns.items())), block.head)
        bind(cx, name, CoreBinding(lost))
        return
    rows: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        row: dict[str, Any] = {"n": number}
        for column, cell in made:
            row["__source"] = Source(task_name, name.text, cx.task.seed, number, column)
            try:
                row[column] = evaluate(cell, cx.task)(row)
            except EvaluationFault as fault:
                if fault.message:
                    cx.error("E0501", fault.span, fault.message)
                cx.names.setdefault(name.text, BrokenBinding())
                return
        rows.append({c: row[c] for c in columns})
    table = Table(list(columns), rows)
    value = Const(table, TableType(tuple(columns.items())), block.head, name.text)
    bind(cx, name, CoreBinding(value))
