"""Values of any type, in any place, make the primitives raise nothing but Unmet."""

from __future__ import annotations

import contextlib
import datetime
import inspect
import re
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawc.stdlib.checks import (
    aggregates,
    compare,
    dates,
    equality,
    joins,
    keys,
    kinds,
    lookup,
    numbers,
    quantify,
    tables,
    text,
)
from clawc.stdlib.checks.values import MISSING, Cell, File, No, Range, Table, Truth, Unmet, Unordered

# Primitives whose arguments the compiler writes: tried with rows and functions that are hostile, see below.
WITH_FUNCTIONS = {"each", "where", "derive", "select", "sort", "distinct", "group", "unnest", "pivot", "all_rows", "any_row", "none_row"}  # fmt: skip
WITH_NAMES = {"drop", "rename", "join", "left_join", "semi_join", "anti_join", "nest_join", "unpivot"}
MODULES = (aggregates, compare, dates, equality, joins, lookup, numbers, quantify, tables, text)
# Of the parts of other primitives, these take values of any type too.
ANY_VALUE = {"as_text", "fold", "iso"}


def primitives(module: ModuleType) -> list[tuple[str, Callable[..., Any]]]:
    """The functions of a module whose parameters are all declared as any value."""
    found: list[tuple[str, Callable[..., Any]]] = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != module.__name__ or name.startswith("_") or name in WITH_FUNCTIONS | WITH_NAMES:
            continue
        kinds_of = [p.annotation for p in inspect.signature(function).parameters.values() if p.default is p.empty]
        if all(kind == "Any" for kind in kinds_of):
            found.append((name, function))
    return found


PRIMITIVES = [pair for module in MODULES for pair in primitives(module)]

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "", " ", "1", "-2.50", "1e999", "1e-999", "9" * 999, "2026-03-17", "9999-12-31", "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00", "true", "12 %", "3-5", "\ufeff", "\ud800", "\r\n", "\0", "a.b", "up",
        ]
    ),
)  # fmt: skip
numbers_of_any_size = st.one_of(
    st.integers(),
    st.integers(-3, 3),
    st.decimals(),
    st.sampled_from([10**999, 10**4200, -(10**4200), Decimal("1e6000"), Decimal("1e-6000"), Decimal("0e99999"), Decimal("sNaN"),
                     Decimal("-0"), Decimal("0.30000000000000004")]),
)  # fmt: skip
times = st.one_of(
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.timedeltas(),
    st.sampled_from(
        [
            datetime.timedelta.max, datetime.timedelta.min, datetime.date.max, datetime.datetime.min,
            datetime.datetime.min.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=14))),
            datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-14))),
        ]
    ),
)  # fmt: skip
others = st.sampled_from(
    [
        None, MISSING, True, False, No("why"), 1.5, float("nan"), b"bytes", object(), re.compile("a(b)?"), re.compile(b"a"),
        File("f", "f.csv", "csv", b"a,b\n1,2\n"), File("g", "g", "text"), compare.Percent(5), compare.OneOf([1, "a"]), (1, 2), {1, 2}, print,
    ]
)  # fmt: skip
scalars = st.one_of(texts, texts.map(Cell), numbers_of_any_size, times, others)


def parts(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=4)
    names = st.one_of(st.sampled_from(["a", "b", "value"]), st.text(max_size=3), st.integers(0, 2))
    row: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    rows = st.lists(row, max_size=4)
    return st.one_of(
        lists,
        lists.map(Unordered),
        st.dictionaries(names, inner, max_size=3),
        rows,
        st.builds(Range, inner, inner),
        st.builds(made_table, rows, st.sampled_from([None, "blocks", "one"]), rows),
        lists.map(lambda found: compare.OneOf(found)),
    )


def made_table(rows: list[dict[str, Any]], order: str | None, spare: list[dict[str, Any]]) -> Table:
    blocks = {None: None, "blocks": [1] * len(rows), "one": [len(rows)] if rows else []}[order]
    return Table(["a", "b"], rows, blocks, spare if blocks else [])


values = st.recursive(scalars, parts, max_leaves=8)
lenient = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


def check_result(found: Any) -> None:
    if isinstance(found, No):
        assert 0 < len(found.reason) <= 300 and found.reason.isprintable() and 0 <= found.share <= 1


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("name", "primitive"), PRIMITIVES, ids=[name for name, _ in PRIMITIVES])
@lenient
@given(data=st.data())
def test_primitives_are_total(name: str, primitive: Callable[..., Any], data: st.DataObject) -> None:
    parameters = inspect.signature(primitive).parameters.values()
    arguments = [data.draw(values) for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    options = {p.name: data.draw(values) for p in parameters if p.default is not p.empty and p.annotation == "Any"}
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        arguments.extend(data.draw(st.lists(values, max_size=3)))
    with contextlib.suppress(Unmet):
        check_result(primitive(*arguments, **options))


@lenient
@given(
    values,
    values,
    values,
    st.lists(st.sampled_from(text.FOLDS), max_size=2),
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
)
def test_equality_is_total(a: Any, b: Any, within: Any, ignore: list[str], optional: list[str]) -> None:
    with contextlib.suppress(Unmet):
        check_result(equality.equal(a, b, within=within, ignore=ignore, optional=optional))


@lenient
@given(values)
def test_a_value_equals_itself_unless_it_holds_what_equals_nothing(v: Any) -> None:
    with contextlib.suppress(Unmet):
        found: Truth = equality.equal(v, v)
        if not found:
            assert isinstance(found, No) and holds_strange(v)


def holds_strange(v: Any) -> bool:
    if isinstance(v, Table):
        return any(holds_strange(part) for row in v.rows for part in row.values())
    if isinstance(v, Range):
        return holds_strange(v.low) or holds_strange(v.high)
    if isinstance(v, compare.OneOf):
        return not v.values or any(holds_strange(part) for part in v.values)
    if isinstance(v, dict):
        return any(holds_strange(part) for part in v.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if isinstance(v, list):
        return any(holds_strange(part) for part in v)  # pyright: ignore[reportUnknownVariableType]
    return v is MISSING


@lenient
@given(values, values, st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), max_size=2))
def test_joins_are_total(t: Any, u: Any, on: list[tuple[str, str]]) -> None:
    for verb in (joins.join, joins.left_join, joins.semi_join, joins.anti_join):
        with contextlib.suppress(Unmet):
            verb(t, u, on)
    with contextlib.suppress(Unmet):
        joins.nest_join(t, "hits", u, on)


@lenient
@given(values, st.sampled_from(["a", "b", "c"]), values)
def test_verbs_are_total(t: Any, name: str, odd: Any) -> None:
    def of_row(row: Any) -> Any:
        return row.get(name, odd)

    calls: list[Callable[[], Any]] = [
        lambda: tables.each(t, of_row),
        lambda: tables.where(t, of_row),
        lambda: tables.derive(t, {"c": of_row}),
        lambda: tables.select(t, {"c": of_row}),
        lambda: tables.drop(t, [name]),
        lambda: tables.rename(t, {"d": name}),
        lambda: tables.sort(t, [(of_row, True), (lambda row: row.get("b"), False)]),
        lambda: tables.take(tables.sort(t, [(of_row, False)]), 1),
        lambda: tables.distinct(t, [of_row]),
        lambda: tables.distinct(t),
        lambda: tables.group(t, {"k": of_row}, {"n": lambda rows: lookup.column(rows, name)}),
        lambda: tables.unnest(t, "c", of_row),
        lambda: tables.pivot(t, ["a"], of_row, aggregates.count_all),
        lambda: tables.unpivot(t, [name]),
        lambda: check_result(quantify.all_rows(t, of_row)),
        lambda: check_result(quantify.any_row(t, of_row)),
        lambda: check_result(quantify.none_row(t, of_row)),
        lambda: check_result(equality.equal(tables.sort(t, [(of_row, False)]), t)),
    ]
    for call in calls:
        with contextlib.suppress(Unmet):
            call()


@lenient
@given(values)
def test_what_messages_show_is_short_and_printable(v: Any) -> None:
    found = kinds.shown(v)
    assert found.isprintable() and len(found) <= 2000


@lenient
@given(st.lists(values, max_size=5))
def test_keys_agree_with_equality(found: list[Any]) -> None:
    with contextlib.suppress(Unmet):
        for value in keys.distinct_values(found):
            hash(keys.value_key(value, keys.column_tag(found), None, 0))


WRAPS: list[Callable[[Any], Any]] = [
    lambda v: [v],
    lambda v: {"a": v},
    lambda v: Unordered([v]),
    lambda v: Range(v, 1),
]


@pytest.mark.parametrize("wrap", WRAPS)
def test_depth_is_bounded(wrap: Callable[[Any], Any]) -> None:
    deep = nested(5000, wrap)
    assert kinds.shown(deep)
    for call in (lambda: equality.equal(deep, deep), lambda: tables.distinct([deep]), lambda: compare.unique([deep])):
        with pytest.raises(Unmet, match="100 levels"):
            call()
    with contextlib.suppress(Unmet):
        text.as_text(deep)
        compare.at_most(deep, deep)


def test_every_primitive_is_tried() -> None:
    names = {name for name, _ in PRIMITIVES}
    assert len(names) > 85
    assert {
        "equal",
        "number",
        "total",
        "contains",
        "overlap",
        "union",
        "get_path",
        "take",
        "parse",
        "is_in",
        "table",
    } <= names
