"""The table of operators: by the primitive, or `and`, `or`, `not` and `if`, what an author could have meant instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from clawc.compiler.adequacy.mutant import Neighbour, Site
from clawc.compiler.adequacy.operators import (
    aggregation,
    arithmetic,
    combining,
    comparison,
    conditions,
    defaults,
    duplicates,
    grouping,
    joining,
    membership,
    ranges,
    rounding,
    sorting,
    taking,
    texts,
)


class Operator(NamedTuple):
    """A family of changes: its name, the primitives that it applies to, and the changes of one node."""

    name: str
    functions: tuple[str, ...]
    neighbours: Callable[[Site], Iterator[Neighbour]]


LIMITS = tuple(comparison.OPPOSITE)
JOINS = ("join", "left_join", "semi_join", "anti_join", "nest_join")
OPERATORS: tuple[Operator, ...] = (
    Operator("comparison", (*LIMITS, *comparison.NEGATED), comparison.comparisons),
    Operator("bound", LIMITS, comparison.bounds),
    Operator("range_end", ("is_in", "not_in"), ranges.ends),
    Operator("listed_value", ("is_in", "not_in"), membership.values),
    Operator("term", ("and", "or"), conditions.terms),
    Operator("negation", ("not",), conditions.negations),
    Operator("filter", ("where", "semi_join", "anti_join"), conditions.filters),
    Operator("branch", ("if",), conditions.branches),
    Operator("quantifier", ("all_rows", "any_row"), conditions.quantifiers),
    Operator("sort_key", ("sort",), sorting.keys),
    Operator("count", ("take", "left_of", "right_of"), taking.counts),
    Operator("rounding", ("round_to",), rounding.roundings),
    Operator("decimals", ("format_number",), rounding.formats),
    Operator("whole_number", ("floor_of", "ceil_of"), rounding.wholes),
    Operator("kind_of_join", tuple(joining.OTHER), joining.kinds),
    Operator("join_key", JOINS, joining.keys),
    Operator("distinct", ("distinct",), duplicates.distincts),
    Operator("aggregate", (*aggregation.EXCHANGED, "count_values"), aggregation.aggregates),
    Operator("group_key", ("group",), grouping.groups),
    Operator("window_key", ("window",), grouping.windows),
    Operator("operand", tuple(combining.NAMES), combining.operands),
    Operator("spelling", tuple(texts.ALIKE.values()), texts.spellings),
    Operator("end_of_text", texts.ENDS, texts.ends),
    Operator("default", ("coalesce",), defaults.defaults),
    Operator("arithmetic", tuple(arithmetic.SIGNS), arithmetic.operands),
    Operator("sign", ("abs_of",), arithmetic.signs),
    Operator("months", ("add_months",), arithmetic.months),
)

BY_FUNCTION: dict[str, tuple[Operator, ...]] = {
    function: tuple(o for o in OPERATORS if function in o.functions)
    for function in sorted({f for o in OPERATORS for f in o.functions})
}
