"""Whether a changed value is still a right answer, by the comparison in which the original stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from clawc.compiler.adequacy.evaluation import Values
from clawc.compiler.adequacy.graph import Root
from clawc.spec import core
from clawc.spec.core import Core
from clawc.stdlib.checks.compare import OneOf
from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.keys import row_keys
from clawc.stdlib.checks.tables import row_of
from clawc.stdlib.checks.values import Table, Unmet

QUANTIFIERS = ("all_rows", "any_row", "none_row")
SETS = ("mentions_all", "mentions_any", "is_in", "not_in", "subset", "unique")


class Uses(NamedTuple):
    """How a sealed value is used: what tells whether another one would be accepted in its place."""

    compared: bool  # the agent's value must equal it
    accepts: Callable[[Any, Any], bool]
    exactly: Callable[[Any, Any], bool] | None = None  # without the tolerance, where there is one


def uses_of(root: Root, value_of: Callable[[Core], Any]) -> Uses:
    """The use of a root; `value_of` gives the values of tolerances and the like."""
    parent = root.parent
    if isinstance(parent, core.Call) and parent.function == "equal":
        terms = {name: value_of(node) for name, node in parent.kwargs}
        strict = {name: value for name, value in terms.items() if name != "within"}
        return Uses(True, partial(_equal, terms=terms), partial(_equal, terms=strict) if "within" in terms else None)
    if isinstance(parent, core.Call) and parent.function in QUANTIFIERS and parent.args[0] is root.node:
        names = _columns_read(parent.args[1])
        return Uses(False, partial(_same_rows, names=names))
    if isinstance(parent, core.Call) and parent.function in SETS:
        return Uses(False, _same_members)
    return Uses(False, _same_both_ways)


def differs(values: Values, sites: list[Core], changed: Callable[[Core], Core]) -> bool:
    """Is a value lowest in the query another one? If not, none above is. Raises EvaluationFault where it has none."""
    return any(differ(values.of(changed(site)), values.of(site)) for site in sites)


def differ(one: Any, other: Any) -> bool:
    """May two values be different? What is plainly equal in all its parts is not."""
    return bool(_content(one) != _content(other))


def _content(value: Any) -> Any:
    """A value so that plain equality says whether two are surely the same."""
    if isinstance(value, Table):
        return (value.columns, value.blocks, list(map(_content, value.rows)), value.spare)
    if isinstance(value, list):
        return (type(value), list(map(_content, value)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, dict):
        return {key: _content(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return (type(value), value)


def _same_members(made: Any, truth: Any) -> bool:
    return _same_rows(made, truth, None) or _same_both_ways(made, truth)


def _same_both_ways(made: Any, truth: Any) -> bool:
    return _equal(made, truth, {}) and _equal(truth, made, {})


def as_answer(value: Any, rejected: Callable[[Any], bool] | None = None) -> Any:
    """A value as an agent leaves it: rows and lists in the order in which they are; of several answers one, if possible one
    that is `rejected`.
    """
    if isinstance(value, OneOf):
        made = [as_answer(v) for v in value.values]
        return next((v for v in made if rejected is not None and rejected(v)), made[0] if made else None)
    if isinstance(value, Table):
        return Table(value.columns, [{k: as_answer(v) for k, v in row.items()} for row in value.rows])
    if isinstance(value, list):
        return [as_answer(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {k: as_answer(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


def _equal(made: Any, truth: Any, terms: Mapping[str, Any]) -> bool:
    def held(answer: Any) -> bool:
        try:
            return bool(equal(answer, truth, **terms))
        except Unmet:
            return False

    if isinstance(made, OneOf):
        return all(held(as_answer(v)) for v in made.values)
    return _plainly_same(made, truth) or held(as_answer(made))


def _plainly_same(made: Any, truth: Any) -> bool:
    if isinstance(made, Table) and isinstance(truth, Table):
        return bool(made.columns == truth.columns and made.rows == truth.rows)
    return made is truth


def _same_rows(made: Any, truth: Any, names: frozenset[str] | None) -> bool:
    """Are they the same rows in some columns (None: all), in any order and number?"""
    if not isinstance(made, (Table, list)) or not isinstance(truth, (Table, list)):
        return False
    one, other = _rows(made), _rows(truth)
    columns = sorted({name for row in [*one, *other] for name in row} if names is None else names)
    samples = [[row.get(name) for row in [*one, *other]] for name in columns]
    try:
        keys = row_keys(samples, samples)
    except Unmet:
        return False
    return set(keys[: len(one)]) == set(keys[len(one) :]) and bool(one) == bool(other)


def _rows(value: Any) -> list[dict[str, Any]]:
    rows: list[Any] = value.rows if isinstance(value, Table) else value
    return [row_of(row) for row in rows]


def _columns_read(test: Core) -> frozenset[str] | None:
    """The columns that a row expression looks at; None where it may be all."""
    if not isinstance(test, core.Lambda):
        return None
    nodes = list(core.walk(test.body))
    if any(isinstance(n, core.Var) and n.id == test.param for n in nodes):
        return None
    return frozenset(n.name for n in nodes if isinstance(n, core.Col) and n.row == test.param)
