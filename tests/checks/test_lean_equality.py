"""The equalities for known sorts of values agree with the general one: in truth, in reason and in share."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.stdlib.checks.compare import Percent
from clawc.stdlib.checks.equality import equal, equal_parts
from clawc.stdlib.checks.single_values import equal_single
from clawc.stdlib.checks.table_equality import equal_plain_table, equal_rows
from clawc.stdlib.checks.values import MISSING, Cell, No, Table, Unmet

NAMES = ["a", "b", "c"]
spellings = st.sampled_from(
    [
        "",
        " ",
        "1",
        "1.0",
        "2",
        "2.004",
        "-0",
        "1e1",
        "x",
        "X ",
        "true",
        "2026-03-01",
        "2026-03-01T00:00:00Z",
        "é",
        "e\u0301",
    ]
)
numbers = st.one_of(st.integers(-3, 3), st.decimals(-3, 3, places=2), st.just(Decimal("0.30000000000000004")))
moments = st.sampled_from(
    [
        datetime.date(2026, 3, 1),
        datetime.datetime(2026, 3, 1),
        datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC),
        datetime.timedelta(hours=1),
    ]
)
plain = st.one_of(st.none(), st.booleans(), numbers, spellings, moments, st.just(MISSING))
found_json = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, spellings),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)
expected_parts = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, spellings, moments),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)
found_cells = st.one_of(spellings.map(Cell), found_json, st.just(MISSING))
withins = st.sampled_from([None, Decimal("0.005"), 1, Percent(50), datetime.timedelta(hours=2)])
terms = st.fixed_dictionaries(
    {"within": withins, "ignore": st.sampled_from([(), ("case",)]), "optional": st.sampled_from([(), ("a",), ("c",)])}
)


def verdict(function: Any, a: Any, b: Any, given_terms: dict[str, Any]) -> tuple[Any, ...]:
    try:
        truth = function(a, b, **given_terms)
    except Unmet as problem:
        return ("unmet", str(problem))
    return (False, truth.reason, truth.share) if isinstance(truth, No) else (truth,)


@st.composite
def tables(draw: st.DrawFn, cells: Any, least: int) -> Table:
    columns = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    rows = draw(st.lists(st.tuples(*[cells] * len(columns)), min_size=least, max_size=4))
    return Table(columns, rows)


@st.composite
def near_tables(draw: st.DrawFn) -> tuple[Table, Table]:
    """A read table and an expected one, often equal but for the order of rows and one cell."""
    expected = draw(tables(plain, 1))
    if draw(st.booleans()):
        return draw(tables(found_cells, 0)), expected
    rows = [dict(row) for row in draw(st.permutations(expected.rows))]
    if draw(st.booleans()):
        rows[0][expected.columns[0]] = draw(found_cells)
    if draw(st.booleans()):
        rows = rows[1:] if draw(st.booleans()) else [*rows, rows[0]]
    return Table(expected.columns, rows), expected


@given(near_tables(), terms)
@settings(max_examples=600, deadline=None)
def test_rows_in_their_places(pair: tuple[Table, Table], given_terms: dict[str, Any]) -> None:
    found, expected = pair
    expected.blocks = [1] * len(expected.rows)
    assert verdict(equal_rows, found, expected, given_terms) == verdict(equal, found, expected, given_terms)


@given(near_tables(), terms, st.data())
@settings(max_examples=800, deadline=None)
def test_plain_tables(pair: tuple[Table, Table], given_terms: dict[str, Any], data: st.DataObject) -> None:
    found, expected = pair
    size = len(expected.rows)
    expected.blocks = data.draw(st.sampled_from([None, [size], [1] * size, [1, size - 1] if size > 1 else [1]]))
    if expected.blocks is not None and data.draw(st.booleans()):
        expected.spare = [dict(row) for row in expected.rows[:1]]
    assert verdict(equal_plain_table, found, expected, given_terms) == verdict(equal, found, expected, given_terms)


@given(st.one_of(found_cells, tables(found_cells, 0)), plain, terms)
@settings(max_examples=600, deadline=None)
def test_single_values(found: Any, expected: Any, given_terms: dict[str, Any]) -> None:
    assert verdict(equal_single, found, expected, given_terms) == verdict(equal, found, expected, given_terms)


@given(found_json, expected_parts, terms, st.booleans())
@settings(max_examples=600, deadline=None)
def test_parts(found: Any, expected: Any, given_terms: dict[str, Any], same: bool) -> None:
    found = expected if same else found
    assert verdict(equal_parts, found, expected, given_terms) == verdict(equal, found, expected, given_terms)
