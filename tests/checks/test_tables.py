"""Verbs on tables, with what becomes of order, ties, nulls and cells; and parts of values."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.aggregates import count_all, total
from clawc.stdlib.checks.compare import less, unordered
from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.joins import (
    anti_join,
    cross_join,
    except_rows,
    intersect,
    join,
    left_join,
    nest_join,
    semi_join,
    union,
)
from clawc.stdlib.checks.lookup import (
    column,
    columns_of,
    get,
    get_path,
    item,
    only,
    record_of,
    values_of,
)
from clawc.stdlib.checks.quantify import all_rows, any_row, none_row
from clawc.stdlib.checks.tables import (
    derive,
    distinct,
    drop,
    each,
    group,
    lagged,
    parse,
    pivot,
    rename,
    rows_of,
    select,
    sort,
    table,
    take,
    unnest,
    unpivot,
    where,
)
from clawc.stdlib.checks.values import MISSING, Cell, No, Table, Truth, Unmet, Unordered

Row = dict[str, Any]


def col(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


def values(t: Table) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in t.columns) for row in t.rows]


SALES = Table(["id", "region", "amount"], [(1, "N", 5), (2, "S", 7), (3, "N", None), (4, "S", 5), (5, "E", 9)])


def test_table_of_lists() -> None:
    made = table([{"a": 1}, {"b": 2, "a": 3}])
    assert (made.columns, made.rows) == (["a", "b"], [{"a": 1, "b": MISSING}, {"a": 3, "b": 2}])
    assert values(table([1, "x"])) == [(1,), ("x",)] and table([1]).columns == ["value"]
    assert table(SALES) is SALES and len(table([])) == 0 and rows_of([{"a": 1}]) == [{"a": 1}]
    for hostile in (None, MISSING, 5, "text", {"a": 1}, [1, {"a": 1}], [{1: 2}]):
        with pytest.raises(Unmet, match=r"not a table|not text"):
            table(hostile)


def test_sizes_are_bounded() -> None:
    long = Table(["a"], [(n,) for n in range(2000)])
    attempts: list[Callable[[], Any]] = [
        lambda: cross_join(long, rename(long, {"b": "a"})),
        lambda: join(
            derive(long, {"k": lambda r: 1}), derive(rename(long, {"b": "a"}), {"k": lambda r: 1}), [("k", "k")]
        ),
        lambda: unnest(long, "x", lambda r: [0] * 1000),
        lambda: table([{str(n): 1} for n in range(1500)]),
        lambda: pivot(long, ["a"], col("a"), count_all),
    ]
    for make in attempts:
        with pytest.raises(Unmet, match="table is too large"):
            make()


def test_where_keeps_order_and_ties() -> None:
    ranked = sort(SALES, [(col("amount"), False)])
    assert ranked.blocks == [2, 1, 1, 1]
    kept = where(ranked, lambda r: r["region"] != "N")
    assert ([row["id"] for row in kept.rows], kept.blocks) == ([4, 2, 5], [1, 1, 1])
    assert where(SALES, lambda r: None).rows == [] and where(SALES, lambda r: No("x")).rows == []
    assert where([1, 2, 3], lambda r: less(r["value"], 3)) == [1, 2]
    assert isinstance(where(Unordered([1]), lambda r: True), Unordered)
    assert where([{"a": 1}, {"a": 2}], lambda r: r["a"] == 2) == [{"a": 2}]


def test_where_drops_spare_rows_with_their_block() -> None:
    top = take(sort(SALES, [(col("amount"), False)]), 1)
    assert [row["id"] for row in top.spare] == [4]
    assert where(top, lambda r: r["id"] == 4).spare == []
    assert [row["id"] for row in where(top, lambda r: r["id"] in (1, 4)).spare] == [4]


def test_derive_sees_earlier_columns_and_keeps_the_source() -> None:
    made = derive(SALES, {"twice": lambda r: (r["amount"] or 0) * 2, "more": lambda r: r["twice"] + 1})
    assert values(made)[0] == (1, "N", 5, 10, 11) and SALES.columns == ["id", "region", "amount"]
    again = derive(take(sort(SALES, [(col("amount"), False)]), 1), {"id": lambda r: -r["id"]})
    assert (again.columns, again.blocks, again.spare[0]["id"]) == (["id", "region", "amount"], [1], -4)


def test_columns_are_picked_dropped_and_renamed() -> None:
    assert values(select(SALES, {"r": col("region"), "id": col("id")}))[1] == ("S", 2)
    assert drop(SALES, ["id"]).columns == ["region", "amount"]
    renamed = rename(SALES, {"key": "id"})
    assert renamed.columns == ["key", "region", "amount"] and renamed.rows[0] == {"key": 1, "region": "N", "amount": 5}
    assert rename(SALES, {"id": "region", "region": "id"}).rows[0] == {"region": 1, "id": "N", "amount": 5}
    attempts: list[Callable[[], Any]] = [
        lambda: drop(SALES, ["x"]),
        lambda: rename(SALES, {"y": "x"}),
        lambda: rename(SALES, {"id": "region"}),
    ]
    for make in attempts:
        with pytest.raises(Unmet):
            make()


def test_sort_puts_nulls_last_both_ways() -> None:
    up = sort(SALES, [(col("amount"), False)])
    down = sort(SALES, [(col("amount"), True)])
    assert [row["id"] for row in up.rows] == [1, 4, 2, 5, 3]
    assert [row["id"] for row in down.rows] == [5, 2, 1, 4, 3]
    assert (up.blocks, down.blocks) == ([2, 1, 1, 1], [1, 1, 2, 1])
    both = sort(SALES, [(col("region"), True), (col("id"), False)])
    assert ([row["id"] for row in both.rows], both.blocks) == ([2, 4, 1, 3, 5], [1] * 5)


def test_sort_reads_cells_as_a_column() -> None:
    numbers = Table(["x"], [(Cell(x),) for x in ("10", "9", "", "1e1")])
    assert [row["x"] for row in sort(numbers, [(col("x"), False)]).rows] == ["9", "10", "1e1", ""]
    assert sort(numbers, [(col("x"), False)]).blocks == [1, 2, 1]
    mixed = Table(["x"], [(Cell(x),) for x in ("10", "9", "a")])
    assert [row["x"] for row in sort(mixed, [(col("x"), False)]).rows] == ["10", "9", "a"]
    assert sort([3, None, 1], [(col("value"), True)]) == [3, 1, None]
    assert [row["x"] for row in sort(Table(["x"], [("a",), (2,)]), [(col("x"), False)]).rows] == [2, "a"]
    assert sort(Table(["x"], []), [(col("x"), False)]).blocks == []
    with pytest.raises(Unmet, match="no order"):
        sort(Table(["x"], [([1],)]), [(col("x"), False)])


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.sampled_from("ab")), max_size=12),
    st.booleans(),
    st.booleans(),
)
def test_sort_agrees_with_its_blocks(rows: list[tuple[Any, str]], one: bool, other: bool) -> None:
    made = sort(Table(["n", "s"], rows), [(col("n"), one), (col("s"), other)])
    assert sorted(values(made), key=repr) == sorted(rows, key=repr)
    assert sum(made.blocks) == len(rows)
    end = 0
    seen: list[Any] = []
    for size in made.blocks:
        block = {tuple(row.values()) for row in made.rows[end : end + size]}
        assert len(block) == 1
        seen.extend(block)
        end += size
    assert len(set(seen)) == len(seen)
    numbers = [n for n, _ in values(made)]
    filled = [n for n in numbers if n is not None]
    assert numbers[: len(filled)] == sorted(filled, reverse=one)


def test_take_through_a_tie() -> None:
    rows = Table(["k", "n"], [("a", 3), ("b", 2), ("c", 2), ("d", 2), ("e", 1)])
    ranked = sort(rows, [(col("n"), True)])
    top = take(ranked, 2)
    assert (top.blocks, [r["k"] for r in top.rows], [r["k"] for r in top.spare]) == ([1, 1], ["a", "b"], ["c", "d"])
    top = take(take(ranked, 3), 2)
    assert (top.blocks, [r["k"] for r in top.rows], [r["k"] for r in top.spare]) == ([1, 1], ["a", "b"], ["c", "d"])
    assert take(ranked, 4).spare == [] and take(ranked, 9).blocks == [1, 3, 1] and take(ranked, 0).rows == []
    assert [r["k"] for r in take(take(ranked, 3), 3).spare] == ["d"]
    assert take(rows, 2).blocks is None and take(rows, 2).spare == []
    assert take([1, 2, 3], Decimal("2.0")) == [1, 2]
    for n in (-1, None, "x", Decimal("1.5")):
        with pytest.raises(Unmet):
            take(rows, n)


def test_distinct() -> None:
    assert distinct([1, Decimal("1.0"), "1", None, None]) == [1, "1", None]
    assert distinct([Cell("1"), Cell("1.0"), Cell("x")]) == ["1", "1.0", "x"]
    assert distinct([Cell("1"), Cell("1.0")]) == ["1"]
    made = distinct(sort(SALES, [(col("id"), False)]), [col("region")])
    assert ([row["id"] for row in made.rows], made.blocks) == ([1, 2, 5], None)
    assert len(distinct(Table(["a", "b"], [(1, 2), (1, 2), (1, 3)]))) == 2


def test_group() -> None:
    made = group(SALES, {"area": col("region")}, {"n": count_all, "sum": lambda t: total(each(t, col("amount")))})
    assert (made.columns, values(made), made.blocks) == (
        ["area", "n", "sum"],
        [("N", 2, 5), ("S", 2, 12), ("E", 1, 9)],
        None,
    )
    assert values(group(SALES, {}, {"n": count_all})) == [(5,)]
    assert values(group(Table(["a"], []), {}, {"n": count_all})) == [(0,)]
    assert values(group(Table(["a"], []), {"a": col("a")}, {"n": count_all})) == []
    nulls = Table(["k"], [(None,), (1,), (None,)])
    assert values(group(nulls, {"k": col("k")}, {"n": count_all})) == [(None, 2), (1, 1)]
    ranked = sort(SALES, [(col("id"), True)])
    ids = group(ranked, {"region": col("region")}, {"ids": lambda t: column(t, "id")})
    assert values(ids) == [("E", [5]), ("S", [4, 2]), ("N", [3, 1])]
    assert not isinstance(ids.rows[1]["ids"], Unordered)
    assert isinstance(group(SALES, {}, {"ids": lambda t: column(t, "id")}).rows[0]["ids"], Unordered)


def test_joins() -> None:
    left = Table(["id", "k"], [(1, "a"), (2, "b"), (3, None), (4, "a")])
    right = Table(["k", "v"], [("a", 10), ("a", 11), ("c", 12), (None, 13)])
    on = [("k", "k")]
    assert values(join(left, right, on)) == [(1, "a", 10), (1, "a", 11), (4, "a", 10), (4, "a", 11)]
    assert join(left, right, on).columns == ["id", "k", "v"] and join(left, right, on).blocks is None
    assert values(left_join(left, right, on))[2:4] == [(2, "b", None), (3, None, None)]
    assert [row["id"] for row in semi_join(left, right, on).rows] == [1, 4]
    assert [row["id"] for row in anti_join(left, right, on).rows] == [2, 3]
    other = rename(right, {"key": "k"})
    assert join(left, other, [("k", "key")]).columns == ["id", "k", "key", "v"]
    assert len(cross_join(left, other)) == 16
    nested = nest_join(left, "hits", right, on)
    assert [len(row["hits"]) for row in nested.rows] == [2, 0, 0, 2]
    with pytest.raises(Unmet, match="both tables have a column `v`"):
        join(derive(left, {"v": lambda r: 0}), right, on)
    with pytest.raises(Unmet, match="no column `x`"):
        join(left, right, [("x", "k")])


def test_join_keys_are_equal_as_values_are() -> None:
    typed = Table(["zip"], [("007",), ("07",)])
    assert len(join(typed, Table(["zip"], [(Cell("007"),)]), [("zip", "zip")])) == 1
    numbers = Table(["n"], [(7,), (Decimal("7.5"),)])
    assert len(join(numbers, Table(["n"], [(Cell("7.0"),), (Cell("7.50"),), (Cell("x"),)]), [("n", "n")])) == 2
    days = Table(["d"], [(date(2026, 3, 17),)])
    assert len(join(days, Table(["d"], [("2026-03-17",)]), [("d", "d")])) == 1
    assert len(join(numbers, Table(["n"], [("7",)]), [("n", "n")])) == 0


def test_filters_by_a_join_keep_the_order() -> None:
    ranked = sort(SALES, [(col("amount"), False)])
    assert semi_join(ranked, Table(["region"], [("S",)]), [("region", "region")]).blocks == [1, 1]
    assert nest_join(ranked, "x", Table(["region"], []), [("region", "region")]).blocks == ranked.blocks


def test_sets_of_rows() -> None:
    assert except_rows(["a", "b", "a", "c"], ["b"]) == ["a", "c"] and intersect([1, 2, 1], [1, 3]) == [1]
    assert isinstance(except_rows(Unordered([1]), []), Unordered)
    assert except_rows(Unordered(["INV-1", "INV-2"]), [Cell("INV-1")]) == ["INV-2"]
    a, b = Table(["x", "y"], [(1, 2), (1, 2), (3, 4)]), Table(["y", "x"], [(2, 1)])
    assert values(except_rows(a, b)) == [(3, 4)] and values(intersect(a, b)) == [(1, 2)]
    assert values(union(a, b)) == [(1, 2), (1, 2), (3, 4), (1, 2)] and union([1], [1]) == [1, 1]
    assert values(union(a, [{"x": 9, "z": 8}])) == [(1, 2, None), (1, 2, None), (3, 4, None), (9, None, 8)]
    assert len(except_rows(a, [])) == 2 and except_rows([], []) == []
    for hostile in (None, MISSING, 5):
        with pytest.raises(Unmet):
            except_rows(["a"], hostile)
    with pytest.raises(Unmet, match="different columns"):
        except_rows(a, Table(["x"], [(1,)]))


def test_reshaping() -> None:
    t = Table(["k", "tags"], [(1, ["a", "b"]), (2, []), (3, None), (4, ["c"])], [1, 1, 1, 1])
    flat = unnest(t, "tag", col("tags"))
    assert ([(row["k"], row["tag"]) for row in flat.rows], flat.blocks) == ([(1, "a"), (1, "b"), (4, "c")], [2, 1])
    wide = pivot(SALES, ["region"], lambda r: f"id{r['id'] % 2}", count_all)
    assert (wide.columns, values(wide)) == (["region", "id1", "id0"], [("N", 2, 0), ("S", 0, 2), ("E", 1, 0)])
    long = unpivot(Table(["k", "x", "y"], [("a", 1, 2)]), ["x", "y"])
    assert (long.columns, values(long)) == (["k", "name", "value"], [("a", "x", 1), ("a", "y", 2)])
    with pytest.raises(Unmet):
        unnest(t, "tag", col("k"))


def test_parse() -> None:
    lines = ["a=1", "junk", "b=", 5]
    made = parse(lines, re.compile(r"^(?P<key>\w)=(?P<value>\d)?"))
    assert (made.columns, values(made)) == (["key", "value"], [("a", "1"), ("b", None)])
    assert isinstance(made.rows[0]["value"], Cell)


def reason(found: Truth) -> str:
    assert isinstance(found, No)
    return found.reason


def test_conditions_on_all_rows() -> None:
    assert all_rows(SALES, lambda r: True) is True and all_rows([], lambda r: False) is True
    found = all_rows(SALES, lambda r: less(r["amount"], 7))
    assert (
        reason(found) == "row 2 (id 2): expected less than 7, found 7" and isinstance(found, No) and found.share == 0.4
    )
    assert any_row([1, 2], lambda r: r["value"] == 2) is True and none_row([1, 2], lambda r: r["value"] == 3) is True
    assert reason(any_row([], lambda r: True)) == "there are no rows"
    assert reason(none_row([1, 2], lambda r: r["value"] == 2)) == "row 2 (2) holds"
    assert reason(all_rows(["x"], lambda r: None)) == "row 1 (`x`): the condition has no value"
    assert all_rows([Cell("true")], lambda r: r["value"]) is True and not all_rows([1], lambda r: 1)
    with pytest.raises(Unmet):
        all_rows(None, lambda r: True)


def test_rows_that_cannot_be_judged() -> None:
    def letter(row: Row) -> Truth:
        if row["value"] == "gone":
            raise Unmet("`outbox/gone.txt` does not exist")
        return bool(row["value"] == "right")

    found = all_rows(["right", "gone", "right", "right"], letter)
    assert (
        reason(found) == "row 2 (`gone`): `outbox/gone.txt` does not exist"
        and isinstance(found, No)
        and found.share == 0.75
    )
    assert any_row(["gone", "right"], letter) is True and not none_row(["gone", "right"], letter)
    for quantifier, rows in ((all_rows, ["gone", "gone"]), (any_row, ["gone", "wrong"]), (none_row, ["gone", "wrong"])):
        with pytest.raises(Unmet, match="does not exist"):
            quantifier(rows, letter)


def test_parts_of_values() -> None:
    assert isinstance(column(SALES, "id"), Unordered) and isinstance(column(unordered(SALES), "id"), Unordered)
    assert type(column(sort(SALES, [(col("id"), False)]), "id")) is list
    assert columns_of(SALES) == ["id", "region", "amount"] and column([], "x") == []
    assert record_of(Table(["k", "v"], [("a", 1), (2, None)])) == {"a": 1, "2": None}
    assert only(take(SALES, 1)) == {"id": 1, "region": "N", "amount": 5} and only([7]) == 7
    assert values_of({"a": 1, "b": 2}) == [1, 2]
    attempts: list[Callable[[], Any]] = [
        lambda: column(SALES, "x"),
        lambda: record_of(SALES),
        lambda: record_of(Table(["k", "v"], [("a", 1), ("a", 2)])),
        lambda: only(SALES),
        lambda: only([]),
        lambda: values_of([1]),
    ]
    for make in attempts:
        with pytest.raises(Unmet):
            make()


def test_keys_and_paths() -> None:
    v = {"a": {"b": [{"c": 1}, {"c": 2}, 5]}, "n": None}
    assert (get(v, "n"), get(v, "x"), get(None, "x"), get(5, "x"), get({1: 2}, 1)) == (
        None,
        MISSING,
        MISSING,
        MISSING,
        MISSING,
    )
    assert get_path(v, "a.b.c") == [1, 2, MISSING] and get_path(v, "a.b.1.c") == 2 and get_path(v, "a.b.-1") == 5
    assert get_path(v, "a.x.y") is MISSING and get_path(v, "n.x") is MISSING and get_path(v, 5) is MISSING
    assert get(SALES, "id") == [1, 2, 3, 4, 5] and get([], "x") == []
    assert (item([1, 2], -1), item([1, 2], 2), item({"a": 1}, "a"), item([1], "x")) == (2, MISSING, 1, MISSING)
    assert item(SALES, 0) == {"id": 1, "region": "N", "amount": 5} and item(None, 0) is MISSING


def test_each_is_as_ordered_as_its_rows() -> None:
    assert isinstance(each(SALES, col("id")), Unordered) and each([1, 2], lambda r: r["value"] + 1) == [2, 3]
    assert equal(each(SALES, col("id")), Unordered([5, 4, 3, 2, 1]))
    assert not equal(each(SALES, col("id")), [5, 4, 3, 2, 1])  # what is compared with has an order
    assert not equal(each(sort(SALES, [(col("id"), False)]), col("id")), [5, 4, 3, 2, 1])


def test_values_of_the_row_before() -> None:
    assert (lagged([]), lagged([1]), lagged([1, 2, 3])) == ([], [None], [None, 1, 2])
