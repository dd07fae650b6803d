"""Each operator on inputs that do not tell its change apart, and with the rows that it asks for, which do."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from clawc.compiler.adequacy.operators import OPERATORS
from tests.compiler.adequacy.queries import mutants_of, task_of, with_rows


class Case(NamedTuple):
    """A query on which a change is not seen; the changed text is `after`."""

    operator: str
    query: str
    after: str
    files: dict[str, str]
    condition: str = ""
    told: str = ""


ITEMS = {"t.csv": "item,price,size,kind\na,4,1.5,x\nb,7,2.5,y\nc,9,3.5,x\n"}
DATED = {"t.csv": "item,due,kind\na,2026-03-01,x\nb,2026-03-09,y\n"}
SALES = {"t.csv": "item,shop,amount\na,north,5\nb,south,7\n"}
STOCK = {"t.csv": "item,shop,amount\na,north,5\nb,south,7\n", "shops.csv": "shop,town\nnorth,Ulm\nsouth,Bonn\n"}
TWO_KEYS = {"t.csv": "item,shop,year\na,north,2025\nb,south,2026\n",
            "rates.csv": "shop,year,rate\nnorth,2025,3\nsouth,2026,4\n"}  # fmt: skip
WORDS = {"t.csv": "item,name\na,Oak desk\nb,Elm chair\n"}
HALF_UP = "Read {{ path.t }} and write {{ path.answer }}, rounded half up, sorted by item."

CASES = [
    Case("comparison", "csv(t) | where price >= 5 | select item, price | sort item", "price > 5", ITEMS),
    Case("comparison", "csv(t) | where price < 5 | select item, price | sort item", "price <= 5", ITEMS),
    Case("comparison", "csv(t) | where due <= @2026-03-05 | select item | sort item", "due < @2026-03-05", DATED),
    Case("bound", "csv(t) | where price >= 5 | select item, price | sort item", "price >= 4", {
        "t.csv": "item,price\na,3\nb,7\n"}),
    Case("bound", "csv(t) | where size > 2 | select item | sort item", "size > 2.1", ITEMS),
    Case("bound", "csv(t) | where due < @2026-03-05 | select item | sort item", "due < @2026-03-04", DATED),
    Case("bound", "csv(t) | where 5 <= price | select item | sort item", "4 <= price", {"t.csv": "item,price\na,3\nb,7\n"}),
    Case("bound", "csv(t) | derive total = price * 2 + 1 | where total > 10 | select item | sort item", "total > 11", {
        "t.csv": "item,price\na,3\nb,7\n"}),
    Case("range_end", "csv(t) | where price in 5..8 | select item | sort item", "price > 5 and price <= 8", ITEMS),
    Case("range_end", "csv(t) | where price in 5..8 | select item | sort item", "price in 5..9", {
        "t.csv": "item,price\na,3\nb,7\n"}),
    Case("listed_value", 'csv(t) | where kind in ["x", "z"] | select item | sort item', 'kind in ["x"]', ITEMS),
    Case("term", 'csv(t) | where kind == "x" and price > 2 | select item | sort item', "", ITEMS),
    Case("negation", 'csv(t) | where not (kind == "x") or price > 2 | select item | sort item', '(kind == "x")', ITEMS),
    Case("filter", "csv(t) | where price > 2 | select item | sort item", "", ITEMS),
    Case("filter", "csv(t) | semi_join csv(shops) on shop | select item | sort item", "", STOCK),
    Case("branch", 'csv(t) | select item, size = if price > 3 then "big" else "small" | sort item', '"big"', ITEMS),
    Case("sort_key", "csv(t) | select item, price | sort price, item", "sort price", ITEMS),
    Case("sort_key", "csv(t) | select item, price | sort price, -item", "sort price, item", ITEMS),
    Case("sort_key", "csv(t) | select item | sort item", "", ITEMS),
    Case("count", "csv(t) | select item, price | sort -price, item | take 3", "take 4", ITEMS),
    Case("count", "csv(t) | select item, short = left(kind, 3) | sort item", "left(kind, 4)", ITEMS),
    Case("rounding", "csv(t) | select item, cost = round(size, 1) | sort item", "round(size, 1) cut off", {
        "t.csv": "item,size\na,1.52\nb,2.54\n"}),
    Case("rounding", "csv(t) | select item, cost = round(size, 1) | sort item", "round(size, 1) to 2 decimals", {
        "t.csv": "item,size\na,1.50\nb,2.50\n"}),
    Case("rounding", "csv(t) | select item, cost = round(size, 1) | sort item", "round(size, 1) half to even", {
        "t.csv": "item,size\na,1.52\nb,2.54\n"}, told=HALF_UP),
    Case("rounding", "csv(t) | select item, cost = round(size, 2) | sort item", "round(size, 2) of binary floats", {
        "t.csv": "item,size\na,1.521\nb,2.541\n"}, told=HALF_UP),
    Case("decimals", "csv(t) | select item, cost = format_number(size, 1) | sort item", "", ITEMS),
    Case("whole_number", "csv(t) | select item, n = floor(size) | sort item", "ceil(size)", {
        "t.csv": "item,size\na,1.0\nb,2.0\n"}),
    Case("kind_of_join", "csv(t) | join csv(shops) on shop | select item, town | sort item",
         "left_join csv(shops) on shop", STOCK),
    Case("kind_of_join", "csv(t) | left_join csv(shops) on shop | select item, town | sort item",
         "join csv(shops) on shop", STOCK),
    Case("join_key", "csv(t) | join csv(rates) on shop, year | select item, rate | sort item, rate",
         "join csv(rates) on shop", TWO_KEYS),
    Case("distinct", "csv(t) | select kind | distinct | sort kind", "", {"t.csv": "item,kind\na,x\nb,y\n"}),
    Case("distinct", "csv(t) | distinct kind, size | select kind, size | sort kind, size", "distinct kind", {
        "t.csv": "item,kind,size\na,x,1\nb,y,2\n"}),
    Case("aggregate", "csv(t) | group shop, total = sum(amount) | sort shop", "max(amount)", SALES),
    Case("aggregate", "csv(t) | group shop, total = mean(amount) | sort shop", "median(amount)", SALES),
    Case("aggregate", "csv(t) | group shop, least = min(amount) | sort shop", "max(amount)", SALES),
    Case("aggregate", "csv(t) | group shop, n = count(amount) | sort shop", "count(set(amount))", SALES),
    Case("window_key", "csv(t) | window total = sum(amount) on shop | select item, total | sort item",
         "window total = sum(amount)", {"t.csv": "item,shop,amount\na,north,5\nb,north,7\n"}),
    Case("operand", 'table(except(csv(t).item, ["z"])) | rename item = value | sort item', "", ITEMS),
    Case("spelling", 'csv(t) | where lower(kind) == "x" | select item | sort item', "kind", ITEMS),
    Case("spelling", "csv(t) | select item, n = length(trim(name)) | sort item", "name", WORDS),
    Case("end_of_text", 'csv(t) | where starts_with(name, "Oak") | select item | sort item', 'contains(name, "Oak")', WORDS),
    Case("default", "json(t) | select item, size = size ?? 0 | sort item", "size", {
        "t.json": '[\n{"item": "a", "size": 3},\n{"item": "b", "size": 4}\n]\n'}),
    Case("arithmetic", "csv(t) | select item, cost = price * count | sort item", "price", {
        "t.csv": "item,price,count\na,3,1\nb,4,1\n"}),
    Case("arithmetic", "csv(t) | select item, cost = price + fee | sort item", "price - fee", {
        "t.csv": "item,price,fee\na,3,0\nb,4,0\n"}),
    Case("sign", "csv(t) | select item, far = abs(price) | sort item", "price", ITEMS),
    Case("months", "csv(t) | select item, next = add_months(due, 1) | sort item", "due + 30d", {
        "t.csv": "item,due\na,2026-04-01\nb,2026-06-09\n"}),
]  # fmt: skip
TRIED = [c for c in CASES if c.operator != "decimals"]


@pytest.mark.parametrize("case", TRIED, ids=lambda c: f"{c.operator}: {c.after or c.query}")
def test_the_row_that_is_asked_for_tells_the_change(case: Case) -> None:
    found = mutants_of(task_of(case.query, case.files, case.condition, case.told))
    mutant = found[case.operator, case.after]
    assert (mutant.status, mutant.reason) == ("same", "")
    assert mutant.row is not None and mutant.row.path.startswith("input/")
    more = with_rows(case.files, mutant)
    again = mutants_of(task_of(case.query, more, case.condition, case.told))[case.operator, case.after]
    assert again.status == "changed", (mutant.row, again)
    assert again.checks == ("right",) and again.sure


def test_decimals_of_format_number_always_tell() -> None:
    found = mutants_of(task_of("csv(t) | select item, cost = format_number(size, 1) | sort item", ITEMS))
    made = {m.after: m.status for (operator, _), m in found.items() if operator == "decimals"}
    assert made == {
        "format_number(size, 1) with 2 decimals": "changed",
        "format_number(size, 1) with 0 decimals": "changed",
    }


def test_quantifiers_and_group_keys() -> None:
    rows = {"t.csv": "shop,year,amount\nnorth,2025,5\nnorth,2026,7\nsouth,2025,1\n"}
    grouped = mutants_of(task_of("csv(t) | group shop, year, total = sum(amount) | sort shop, year", rows))
    assert grouped["group_key", "group shop, total = sum(amount)"].status == "changed"
    source = task_of("{any: (csv(t) | any amount > 6)}", rows, "json(answer) == wanted")
    assert mutants_of(source)["quantifier", "all amount > 6"].status == "changed"


def test_every_operator_has_a_case() -> None:
    tried = {c.operator for c in CASES} | {"quantifier", "group_key"}
    assert {o.name for o in OPERATORS} == tried
