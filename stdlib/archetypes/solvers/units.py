"""Measured values in one unit: the formulas of the text, computed exactly, and what is left out as an outlier."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Unsolvable, number, rounded, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

_SIGNS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}


def _computed(node: ast.expr, value: Decimal) -> Decimal:
    if isinstance(node, ast.Name):
        return value
    if isinstance(node, ast.Constant):
        return Decimal(str(node.value))
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_computed(node.left, value), _computed(node.right, value))
    raise Unsolvable(f"convert: {ast.unparse(node)} is no formula")


def convert(work: Work, asked: Asked) -> None:
    """Each formula is named by the only unit in it; a value that has the wanted unit is only rounded."""
    column, unit, into, decimals = asked.text("column"), asked.text("unit"), asked.text("into"), asked.decimals()
    formulas: dict[str, ast.expr] = {asked.text("base"): ast.parse("x", mode="eval").body}
    for formula in asked.texts("formulas"):
        # A unit may be called like a word of Python, so it is put aside before the formula is parsed.
        names = set(re.findall(r"[^\W\d]\w*", formula))
        if len(names) != 1:
            raise Unsolvable(f"convert: {formula} is about no single unit")
        name = names.pop()
        formulas[name] = ast.parse(re.sub(rf"\b{name}\b", "x", formula), mode="eval").body

    def converted(given: str, value: Decimal) -> Decimal:
        if given not in formulas:
            raise Unsolvable(f"convert: no formula for {given}")
        return rounded(_computed(formulas[given], value), decimals)

    work.begun = asked
    work.rows = [
        {**row, into: converted(shown(cell(row, unit)), number(cell(row, column), column))} for row in work.rows
    ]


def note_outliers(work: Work, asked: Asked, kept: list[int]) -> None:
    """What a condition on the converted value leaves out."""
    if work.begun is None or work.begun.do != "convert" or work.begun.text("into") != asked.text("column"):
        return
    column = asked.text("column")
    lost = [number(cell(row, column), column) for at, row in enumerate(work.rows) if at not in set(kept)]
    work.counts["count outliers"] = Decimal(len(lost))
    work.counts["max outliers"] = max(lost, default=None)
