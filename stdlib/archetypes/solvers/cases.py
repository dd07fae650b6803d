"""Test cases for a function: inputs at limits and borders, what the rules of the text give for them, and what the code gives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import product

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.tried import called
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

_CENT = Decimal("0.01")
_ROUNDED = {"down": ROUND_DOWN, "half up": ROUND_HALF_UP, "half even": ROUND_HALF_EVEN}


def rule(work: Work, asked: Asked) -> None:
    """What the function ought to do: see `expected`."""
    work.begun = asked


# The inputs.


def test_cases(work: Work, asked: Asked) -> None:
    """Rows of inputs, under the columns that the next step names."""
    how = asked.text("how")
    if how not in _INPUTS:
        raise Unsolvable(f"test cases: {how!r}")
    columns = [name for step in work.told("expected") for name in step.texts("columns")][:-1]
    inputs = _INPUTS[how](work.table(work.source(0)), asked)
    if any(len(values) != len(columns) for values in inputs):
        raise Unsolvable(f"test cases: not one value for each of {columns}")
    work.rows = [dict(zip(columns, values)) for values in inputs]


def _at_limits(rows: Rows, asked: Asked) -> list[list[Value]]:
    """Both sides of each limit: where the limits are allowed, the numbers beyond them; where not, those within."""
    low, high, kind = asked.text("column"), asked.texts("columns")[0], asked.text("kind")
    if kind not in ("inclusive", "strict"):
        raise Unsolvable(f"limits: {kind!r}")
    step = 1 if kind == "strict" else -1
    made: list[list[Value]] = []
    for row in rows:
        least, most = number(cell(row, low), low), number(cell(row, high), high)
        made += [[next(iter(row.values())), value] for value in sorted((least, least + step, most - step, most))]
    return made


def _around_borders(rows: Rows, asked: Asked) -> list[list[Value]]:
    column, step = asked.text("column"), Decimal(asked.text("step"))
    borders = sorted(number(cell(row, column), column) for row in rows)[1:]
    return [[value] for border in borders for value in (border - step, border, border + step)]


def _listed(rows: Rows, asked: Asked) -> list[list[Value]]:
    return [[cell(row, asked.text("column"))] for row in rows]


def _combinations(rows: Rows, asked: Asked) -> list[list[Value]]:
    first, options = asked.texts("columns"), asked.texts("options")
    kinds = [list(dict.fromkeys(cell(row, column) for row in rows)) for column in first]
    return [list(values) for values in product(*kinds, *(asked.texts("values") for _ in options))]


_INPUTS: Mapping[str, Callable[[Rows, Asked], list[list[Value]]]] = {
    "at limits": _at_limits,
    "around borders": _around_borders,
    "listed": _listed,
    "combinations": _combinations,
}


# What the rules give.


def expected(work: Work, asked: Asked) -> None:
    *inputs, into = asked.texts("columns")
    rule, rows = work.asked(), work.table(work.source(0))
    if rule.do not in _RULES:
        raise Unsolvable(f"expected: by which rule, {rule.do!r}?")
    work.rows = [{**row, into: _RULES[rule.do](rule, rows, [cell(row, name) for name in inputs])} for row in work.rows]


def _by_limits(rule: Asked, rows: Rows, given: list[Value]) -> Value:
    low, high = rule.text("column"), rule.texts("columns")[0]
    row = next(row for row in rows if next(iter(row.values())) == given[0])
    least, most, value = number(cell(row, low), low), number(cell(row, high), high), number(given[1], "value")
    yes, no = rule.texts("values")
    strict = rule.text("kind") == "strict"
    return yes if (least < value < most if strict else least <= value <= most) else no


def _by_bands(rule: Asked, rows: Rows, given: list[Value]) -> Value:
    column, kind, value = rule.text("column"), rule.text("kind"), number(given[0], rule.text("value"))
    if kind not in ("from", "above"):
        raise Unsolvable(f"bands: {kind!r}")
    found: Value = None
    for row in sorted(rows, key=lambda row: number(cell(row, column), column)):
        border = number(cell(row, column), column)
        if border < value or (kind == "from" and border == value):
            found = cell(row, rule.text("take"))
    return found


def _by_days(rule: Asked, rows: Rows, given: list[Value]) -> Value:
    end = date.fromisoformat(shown(given[0])) + timedelta(days=rule.whole("days"))
    beyond = max(end.isoweekday() - 5, 0)
    if beyond and rule.text("kind") == "Friday before":
        end -= timedelta(days=beyond)
    elif beyond and rule.text("kind") == "Monday after":
        end += timedelta(days=3 - beyond)
    elif beyond:
        raise Unsolvable(f"deadline: {rule.text('kind')!r}")
    return end.isoformat()


def _by_price(rule: Asked, rows: Rows, given: list[Value]) -> Value:
    what, option, client = given
    base = next(number(cell(row, rule.text("base")), "base") for row in rows if next(iter(row.values())) == what)
    more = Decimal(rule.whole("more")) if option == "yes" else Decimal(0)
    share = (100 - Decimal(rule.whole("percent"))) / 100 if client == "yes" else Decimal(1)
    if rule.text("kind") not in ("sum", "base only"):
        raise Unsolvable(f"price: {rule.text('kind')!r}")
    return (base + more) * share if rule.text("kind") == "sum" else base * share + more


def _by_share(rule: Asked, rows: Rows, given: list[Value]) -> Value:
    how, percent = rule.text("how"), rule.value("percent")
    if how not in _ROUNDED or not isinstance(percent, Decimal):
        raise Unsolvable(f"share: {percent} % {how}")
    return (number(given[0], rule.text("column")) * percent / 100).quantize(_CENT, rounding=_ROUNDED[how])


_RULES: Mapping[str, Callable[[Asked, Rows, list[Value]], Value]] = {
    "limits": _by_limits,
    "bands": _by_bands,
    "deadline": _by_days,
    "price": _by_price,
    "share": _by_share,
}


# What the code gives.


def try_cases(work: Work, asked: Asked) -> None:
    """Each case is traced through the code by hand, so to say; the last function of the only module is the one that is meant."""
    into, (right, wrong) = asked.text("into"), asked.texts("values")
    *inputs, wanted = [name for step in work.told("expected") for name in step.texts("columns")]
    modules = [path for path in work.paths(".py") if not path.rsplit("/", 1)[-1].startswith("test_")]
    functions = [
        node for path in modules for node in ast.parse(work.text(path)).body if isinstance(node, ast.FunctionDef)
    ]
    if len(functions) != 1:
        raise Unsolvable(f"try cases: which function of {modules}?")
    table = _as_the_code_reads(work)

    def judged(row: Row) -> Value:
        found = called(functions[0], [cell(row, name) for name in inputs], table)
        return right if found == cell(row, wanted) else wrong

    work.rows = [{**row, into: judged(row)} for row in work.rows]


def _as_the_code_reads(work: Work) -> Rows:
    """JSON has numbers, all other formats have texts."""
    path = work.source(0)
    rows = work.table(path)
    return rows if work.form(path) == "json" else [{name: shown(value) for name, value in row.items()} for row in rows]
