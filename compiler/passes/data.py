"""`data` blocks: rows that are generated, column by column, each cell from a seed of its own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    CoreBinding,
    ProviderBinding,
    is_error,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.generate import Source
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.compiler.passes.params import shown
from clawc.spec import ast, core
from clawc.spec.core import Const
from clawc.spec.types import ANY, NUMBER, TableType, Type
from clawc.stdlib.checks.values import Table

MAX_GENERATED = 5_000
MAX_ATTEMPTS = 200
MAX_SIZE = 4 << 20  # characters, and one for each other value
OWN = ("count", "unique", "dirt")
# Providers of what two people do not share.
DISTINCT = ("email", "phone")


def data_block(cx: Context, block: ast.Block) -> None:
    """Binds the table of one `data` block: its rows as they were meant, before any dirt."""
    if not block.labels or not isinstance(block.labels[0], ast.Ident):
        return
    name = block.labels[0]
    count = int(attr.number(cx, block, "count", Decimal(10), high=MAX_GENERATED))
    items = [i for i in block.items if isinstance(i, ast.Attribute) and i.name.text not in OWN]
    if not [i for i in items if not _private(i)]:
        cx.error("E0208", block.head, f"`{name.text}` has no column", "write `column = …`")
    columns: dict[str, Type] = {}
    made: dict[str, core.Lambda] = {}
    distinct: dict[str, ast.Ident] = {}
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
        elif not cx.unsound(body):
            made[item.name.text] = core.row_lambda(scope.id, body)
        if _is_distinct(cx, item.value):
            distinct[item.name.text] = item.name
    distinct |= _unique(cx, block, columns)
    kept = [c for c in columns if not c.startswith("_")]
    type = TableType(tuple((c, columns[c]) for c in kept))
    if len(made) != len(items):
        lost = core.mistaken(Const(None, ANY, block.head), type, block.head)
        bind(cx, name, CoreBinding(lost))
        return
    rows = _rows(cx, name.text, count, made, distinct)
    if rows is None:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    table = Table(kept, [{c: row[c] for c in kept} for row in rows])
    value = Const(table, type, block.head, name.text)
    bind(cx, name, CoreBinding(value))
    dirt = attr.attribute(block, "dirt")
    if dirt is not None:
        from clawc.compiler.dirt import soil  # few tables have any

        soil(cx, name.text, dirt.value, value)


def _private(item: ast.Attribute) -> bool:
    """Is the column only there for the others, as its name begins with `_`?"""
    return item.name.text.startswith("_")


def _is_distinct(cx: Context, node: ast.Expr) -> bool:
    if not isinstance(node, ast.CallOf) or node.function.text not in DISTINCT:
        return False
    return isinstance(cx.find(node.function.text), ProviderBinding)


def _unique(cx: Context, block: ast.Block, columns: dict[str, Type]) -> dict[str, ast.Ident]:
    given = attr.attribute(block, "unique")
    found: dict[str, ast.Ident] = {}
    for name in attr.idents(cx, given.value, "unique") if given is not None else ():
        if name.text in columns:
            found[name.text] = name
        else:
            cx.error("E0402", name.span, f"unknown column `{name.text}`{nearest(name.text, columns)}",
                     "columns: " + ", ".join(columns), nearest_fix(name.text, columns, name.span))  # fmt: skip
    return found


def _rows(
    cx: Context, table: str, count: int, made: dict[str, core.Lambda], distinct: dict[str, ast.Ident]
) -> list[dict[str, Any]] | None:
    """The rows with all their columns; None after a diagnostic."""
    task = cx.task
    try:
        cells = [(column, evaluate(cell, task)) for column, cell in made.items()]
        seen: dict[str, set[str]] = {column: set() for column in distinct}
        rows: list[dict[str, Any]] = []
        size = 0
        for number in range(1, count + 1):
            row: dict[str, Any] = {"n": number}
            for column, cell in cells:
                source = Source(task.name, table, task.seed, task.draw, number, column)
                row["__source"] = source
                value = cell(row)
                if column in seen and value is not None:
                    fresh = _fresh(
                        cell, row, value, seen[column], (task.name, table, task.seed, task.draw, number, column)
                    )
                    if fresh is None:
                        cx.error("E0215", distinct[column].span, f"nothing new was found for `{column}` in row {number} of {count}",
                                 f"{len(seen[column])} different values were; draw from more, or make fewer rows")  # fmt: skip
                        return None
                    value = fresh[0]
                row[column] = value
                size += len(value) if isinstance(value, str) else 1
                if size > MAX_SIZE:
                    cx.error("E0501", made[column].span, f"the rows of `{table}` hold more than {MAX_SIZE >> 20} MiB of text", "make fewer or shorter ones")  # fmt: skip
                    return None
            rows.append(row)
        return rows
    except EvaluationFault as fault:
        report(cx, fault)
        return None


def _fresh(
    cell: Callable[[Any], Any], row: dict[str, Any], value: Any, seen: set[str], seed: tuple[object, ...]
) -> tuple[Any] | None:
    """The value, or one that is drawn in its place because it was taken; None where none is found."""
    key = shown(value)
    attempt = 0
    while key in seen:
        attempt += 1
        if attempt > MAX_ATTEMPTS:
            return None
        row["__source"] = Source(*seed, attempt=attempt)
        value = cell(row)
        key = shown(value)
    seen.add(key)
    return (value,)
