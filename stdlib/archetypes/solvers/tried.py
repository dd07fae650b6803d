"""Small functions traced without being run: what a function returns for its arguments, by the tree of its code.

Only what stands here is understood, so nothing that the code names can do anything but compute. Numbers stay exact decimals
where the code has floats; what is compared is rounded there to a few decimals.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any, cast

from clawc.stdlib.archetypes.solvers.values import Rows, Unsolvable, Value, value_of

Held = object
Names = dict[str, Held]

_SIGNS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right, ast.Mod: operator.mod, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_MODES = {
    "ROUND_CEILING": ROUND_CEILING, "ROUND_DOWN": ROUND_DOWN, "ROUND_FLOOR": ROUND_FLOOR, "ROUND_HALF_DOWN": ROUND_HALF_DOWN,
    "ROUND_HALF_EVEN": ROUND_HALF_EVEN, "ROUND_HALF_UP": ROUND_HALF_UP, "ROUND_UP": ROUND_UP,
}  # fmt: skip


class _Returned(Exception):
    def __init__(self, value: Held) -> None:
        super().__init__()
        self.value = value


def called(function: ast.FunctionDef, arguments: Sequence[Value], table: Rows) -> Value:
    """What the function returns; the table of its module is the only thing outside that it knows."""
    names: Names = {"TABLE": table, **dict(zip([part.arg for part in function.args.args], arguments, strict=True))}
    try:
        _block(function.body, names)
    except _Returned as end:
        return value_of(end.value)
    return None


def _block(body: Sequence[ast.stmt], names: Names) -> None:
    for line in body:
        if isinstance(line, ast.Return):
            raise _Returned(None if line.value is None else _found(line.value, names))
        if isinstance(line, ast.Assign) and len(line.targets) == 1:
            _assign(line.targets[0], _found(line.value, names), names)
        elif isinstance(line, ast.AugAssign) and isinstance(line.target, ast.Name):
            names[line.target.id] = _sign(line.op)(names[line.target.id], _found(line.value, names))
        elif isinstance(line, ast.If):
            _block(line.body if _found(line.test, names) else line.orelse, names)
        elif isinstance(line, ast.For):
            for each in cast(Sequence[Held], _found(line.iter, names)):
                _assign(line.target, each, names)
                _block(line.body, names)
        elif not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)):
            raise _unknown(line)


def _assign(target: ast.expr, value: Held, names: Names) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, ast.Tuple):
        for part, held in zip(target.elts, cast(Sequence[Held], value), strict=True):
            _assign(part, held, names)
    else:
        raise _unknown(target)


def _found(node: ast.expr, names: Names) -> Held:
    for kind, finds in _FINDS.items():
        if isinstance(node, kind):
            return finds(node, names)
    raise _unknown(node)


def _constant(node: ast.Constant, names: Names) -> Held:
    number = isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
    return Decimal(str(node.value)) if number else node.value


def _name(node: ast.Name, names: Names) -> Held:
    if node.id not in names:
        raise _unknown(node)
    return names[node.id]


def _binary(node: ast.BinOp, names: Names) -> Held:
    return _sign(node.op)(_found(node.left, names), _found(node.right, names))


def _negative(node: ast.UnaryOp, names: Names) -> Held:
    value = _found(node.operand, names)
    if isinstance(node.op, ast.USub) and isinstance(value, Decimal):
        return -value
    if isinstance(node.op, ast.Not):
        return not value
    raise _unknown(node)


def _compared(node: ast.Compare, names: Names) -> Held:
    values = [_found(part, names) for part in (node.left, *node.comparators)]
    return all(_sign(sign)(left, right) for sign, left, right in zip(node.ops, values, values[1:]))


def _either(node: ast.BoolOp, names: Names) -> Held:
    found = (bool(_found(part, names)) for part in node.values)
    return all(found) if isinstance(node.op, ast.And) else any(found)


def _choice(node: ast.IfExp, names: Names) -> Held:
    return _found(node.body if _found(node.test, names) else node.orelse, names)


def _tuple(node: ast.Tuple, names: Names) -> Held:
    return [_found(part, names) for part in node.elts]


def _item(node: ast.Subscript, names: Names) -> Held:
    return cast(Mapping[Held, Held], _found(node.value, names))[_found(node.slice, names)]


def _each(node: ast.GeneratorExp, names: Names) -> Held:
    if len(node.generators) != 1:
        raise _unknown(node)
    part, made = node.generators[0], list[Held]()
    for each in cast(Sequence[Held], _found(part.iter, names)):
        inner = dict(names)
        _assign(part.target, each, inner)
        if all(_found(test, inner) for test in part.ifs):
            made.append(_found(node.elt, inner))
    return made


def _call(node: ast.Call, names: Names) -> Held:
    given = [_found(part, names) for part in node.args]
    named = {str(part.arg): part.value for part in node.keywords}
    first = given[0] if given else None
    if isinstance(node.func, ast.Name):
        name = node.func.id
        if name in ("float", "Decimal", "int") and len(given) == 1 and not named:
            number = Decimal(str(first))
            return number.to_integral_value(ROUND_DOWN) if name == "int" else number
        if name == "str" and isinstance(first, (str, Decimal)):
            return str(first)
        if name == "round" and isinstance(first, Decimal):
            places = int(str(given[1])) if len(given) > 1 else 0
            return first.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if name in ("reversed", "next", "list") and isinstance(first, Sequence) and len(given) == 1 and not named:
            rows = cast(Sequence[Held], first)
            return rows[0] if name == "next" else rows[::-1] if name == "reversed" else list(rows)
        if name == "timedelta" and list(named) == ["days"] and not given:
            return timedelta(days=int(str(_found(named["days"], names))))
    elif isinstance(node.func, ast.Attribute):
        if ast.unparse(node.func) == "date.fromisoformat":
            return date.fromisoformat(str(first))
        return _method(node.func.attr, _found(node.func.value, names), first, named)
    raise _unknown(node)


def _method(name: str, held: Held, first: Held, named: Mapping[str, ast.expr]) -> Held:
    if isinstance(held, date) and not named:
        if name == "isoweekday":
            return Decimal(held.isoweekday())
        if name == "weekday":
            return Decimal(held.weekday())
        if name == "isoformat":
            return held.isoformat()
    if name == "quantize" and isinstance(held, Decimal) and isinstance(first, Decimal):
        mode = ast.unparse(named["rounding"]).rsplit(".", 1)[-1] if "rounding" in named else "ROUND_HALF_EVEN"
        if mode in _MODES:
            return held.quantize(first, rounding=_MODES[mode])
    raise Unsolvable(f"try cases: {name} of {held!r}")


def _sign(node: ast.AST) -> Callable[[Any, Any], Any]:
    if type(node) not in _SIGNS:
        raise _unknown(node)
    sign = _SIGNS[type(node)]

    def applied(left: Held, right: Held) -> Held:
        """Days may be counted in decimals here."""
        return (
            sign(left, int(right)) if isinstance(left, timedelta) and isinstance(right, Decimal) else sign(left, right)
        )

    return applied


def _unknown(node: ast.AST) -> Unsolvable:
    return Unsolvable(f"try cases: {ast.unparse(node)} is not understood")


_FINDS: Mapping[type[ast.expr], Callable[..., Held]] = {
    ast.Constant: _constant, ast.Name: _name, ast.BinOp: _binary, ast.UnaryOp: _negative, ast.Compare: _compared,
    ast.BoolOp: _either, ast.IfExp: _choice, ast.Tuple: _tuple, ast.Subscript: _item, ast.GeneratorExp: _each, ast.Call: _call,
}  # fmt: skip
