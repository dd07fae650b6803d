"""Archetypes of measurements and of figures: units and outliers, middle values and spreads."""

from __future__ import annotations

from clawc.stdlib.archetypes import grouping, outputs
from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
from clawc.stdlib.archetypes.draft import Draft, hole, listed
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    figures_file,
    keep,
    let,
    table_input,
    texts,
)
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Column, State

PARTS_USED = (grouping,)  # imported for what it enters into the list of parts

# What is measured: quantity, unit that is wanted, low and high in it, other units with factor and offset (value * factor + offset).
_MEASURED = (
    ("temperature", "C", 4, 38, (("F", "({v} - 32) * 5 / 9", "{v} * 9 / 5 + 32", "(F - 32) * 5 / 9"), ("K", "{v} - 273.15", "{v} + 273.15", "K - 273.15"))),
    ("length", "cm", 12, 240, (("mm", "{v} / 10", "{v} * 10", "mm / 10"), ("in", "{v} * 2.54", "{v} / 2.54", "in * 2.54"))),
    ("mass", "g", 80, 900, (("kg", "{v} * 1000", "{v} / 1000", "kg * 1000"), ("oz", "{v} * 28.35", "{v} / 28.35", "oz * 28.35"))),
    ("pressure", "kPa", 85, 140, (("hPa", "{v} / 10", "{v} * 10", "hPa / 10"), ("bar", "{v} * 100", "{v} / 100", "bar * 100"))),
    ("speed", "km_h", 8, 95, (("m_s", "{v} * 3.6", "{v} / 3.6", "m_s * 3.6"), ("mph", "{v} * 1.609", "{v} / 1.609", "mph * 1.609"))),
    ("volume", "ml", 50, 990, (("l", "{v} * 1000", "{v} / 1000", "l * 1000"), ("cl", "{v} * 10", "{v} / 10", "cl * 10"))),
)  # fmt: skip


def units(draft: Draft) -> None:
    """Measurements in several units to one, without outliers, and means by place."""
    draw, domain = draft.draw, draft.domain
    name, base, low, high, others = draw.pick(_MEASURED)
    used = others if draw.chance(60) else others[:1]
    places = draw.sample(domain.group.values, draw.between(3, min(5, len(domain.group.values))))
    where, value, unit = draw.pick(
        (
            (domain.group.column, "value", "unit"),
            ("station", "reading", "unit"),
            ("site", "measured", "in_unit"),
            ("probe", "result_value", "scale"),
        )
    )
    kinds = [base, base, *(u[0] for u in used)]
    expression = "_v"
    for short, _, back, _ in used:
        expression = f'if {unit} == "{short}" then {back.format(v="_v")} else {expression}'
    data = data_block(draft, "measured", draw.between(24, 38), (
        f'no = serial("{draw.pick(("M", "x", "P-"))}{{{{ pad(n + 10, 3) }}}}")', f"{where} = pick({texts(places)})", f"{unit} = pick({texts(kinds)})", f"_v = if chance(0.1) then {high * 4} + integer_between(0, {high}) else round(uniform({low}, {high}), 1)", f"{value} = round({expression}, 2)",
    ))  # fmt: skip
    stem = draw.pick(("measurements", "readings", f"{name}_log", "series"))
    table = table_input(
        draft,
        data,
        (
            column("no", "id"),
            column(where, "group", values=places),
            column(unit, "class"),
            column(value, "amount", "number"),
        ),
        stem,
        "measurement",
        ("csv", "tsv", "json", "jsonl", "xlsx", "markdown", "sqlite"),
        draw.pick(("lab", "field", "sensors", "measuring")),
    )
    draft.say(
        "source",
        draft.phrase(
            "measurements",
            (
                "The measurements of {name} are in {file}, with {value} and {unit}.",
                "{File} holds the {name} series; each row has its own {unit}.",
                "We measured {name}: see {file} ({value} in the given {unit}).",
            ),
            file=hole(table.file),
            name=name,
            value=value,
            unit=unit,
        ),
    )
    target = f"{name}_{base.lower()}"
    digits = draw.pick((1, 2))
    convert = value
    for short, forth, _, _ in used:
        convert = f'if {unit} == "{short}" then {forth.format(v=value)} else {convert}'
    rules = listed([f"{target} = {how}" for *_, how in used])
    draft.say("rule", draft.phrase(f"units {digits}", (
        "Bring everything to {base} as {target}, rounded half up to {digits} {places}: {rules}; values in {base} stay as they are.", "{target} is the value in {base}, rounded half up to {digits} {places}. Convert by {rules}.", "Convert all values to {base} ({rules}), rounded half up to {digits} {places}, and call the column {target}.",
    ), base=base, target=target, digits={1: "one", 2: "two"}[digits], places="decimal" if digits == 1 else "decimals", rules=rules), {"do": "convert", "column": value, "unit": unit, "base": base, "into": target, "formulas": [how for *_, how in used], "decimals": {1: "one", 2: "two"}[digits]})  # fmt: skip
    limit = high * draw.pick((2, 3))
    draft.say("rule", draft.phrase("outliers", (
        "After that, drop every measurement above {limit} {base}: these are errors of the instrument.", "Values of more than {limit} {base} are mistakes of measuring and are left out.", "Leave out outliers, by which we mean anything greater than {limit} {base}.",
    ), limit=limit, base=base), {"do": "keep", "column": target, "compare": "at most", "value": limit})  # fmt: skip
    state = State(
        table.rows,
        "measurement",
        "measurements",
        (
            column("no", "id"),
            Column(where, "group", "text", where, where, tuple(places)),
            Column(target, "amount", "number", target, low=low, high=high, decimals=digits),
        ),
        ("no",),
    )
    state = state.then(f"derive {target} = round({convert}, {digits})").then(f"where {target} <= {limit}")
    if draw.chance(70):
        state = take(draft, state, "group", ("totals",))
    state = take(draft, state, "order")
    outputs.table_file(draft, state)
    if draw.chance(60):
        kept = let(
            draft, "dropped", f"{table.rows} | derive {target} = round({convert}, {digits}) | where {target} > {limit}"
        )
        figures_file(
            draft,
            [
                Figure("outliers", f"count({kept})", "how many were left out", {"how": "count outliers"}),
                Figure(
                    "largest",
                    f"max({kept}.{target})",
                    f"the largest value of {target} that was left out",
                    {"how": "max outliers", "column": target},
                    True,
                ),
            ],
            ("outliers", "quality", "summary"),
        )
        draft.admits.append(f"expect count({kept}) >= 1")
    keep(draft)
    draft.admits.append(f"expect count({draft.last}) >= 3")
    draft.operation("data.clean", "data.aggregate", "files.write")


def middles(draft: Draft) -> None:
    """Medians, quantiles and spreads of each group."""
    draw = draft.draw
    state = main_table(draft, (draw.pick(("amount", "quantity")), "group", "class"))
    number, by = state.those("amount", "quantity")[0], draw.pick(state.those("group", "class"))
    state = maybe(draft, state, "narrow", 50, 1, ("without_void", "only_size", "only_class"))
    options = [
        ("median", f"median({number.name})", "the median (the mean of the two middle ones if their number is even)", {"how": "median"}), ("q1", f"quantile({number.name}, 0.25)", "the first quartile (linear between neighbours)", {"how": "quantile", "p": "first quartile"}),
        ("q3", f"quantile({number.name}, 0.75)", "the third quartile (linear between neighbours)", {"how": "quantile", "p": "third quartile"}), ("p90", f"quantile({number.name}, 0.9)", "the 90th percentile (linear between neighbours)", {"how": "quantile", "p": "90th percentile"}),
        ("deviation", f"stddev_pop({number.name})", "the standard deviation of the population (divided by the number of rows)", {"how": "stddev_pop"}), ("mean", f"mean({number.name})", "the mean", {"how": "mean"}),
    ]  # fmt: skip
    chosen = draw.sample(options, draw.between(2, 3))
    if not any(o[0] in ("median", "q1", "q3", "p90") for o in chosen):
        chosen[0] = options[0]
    names = {o[0]: draw.pick((f"{o[0]}_{number.name}", f"{number.name}_{o[0]}")) for o in chosen}
    count = "how_many" if draw.chance(50) else ""
    parts = ", ".join(f"{names[o[0]]} = round({o[1]}, 2)" for o in chosen)
    shown = "; ".join(f"{names[o[0]]}, {o[2]}" for o in chosen)
    draft.say("rule", draft.phrase("middles", (
        "For each {by} work out of {number}, all rounded half up to two decimals: {shown}{count}.", "Per {by} we need these figures on {number}, rounded half up to two decimals: {shown}{count}.", "Group by {by} and describe {number} by the following, each rounded half up to two decimals: {shown}{count}.",
    ), by=by.name, number=number.name, shown=shown, count=f"; and {count}, the number of rows" if count else ""), {
        "do": "describe", "by": by.name, "column": number.name, "decimals": "two", "results": [{"into": names[o[0]], **o[3]} for o in chosen], **({"count": count} if count else {})})  # fmt: skip
    columns = (
        by,
        *(Column(names[o[0]], "measure", "number", names[o[0]], decimals=2) for o in chosen),
        *((Column(count, "count", "number", count),) if count else ()),
    )
    rows = state.then(
        f"group {by.name}, {parts}" + (f", {count} = count()" if count else ""),
        level="groups",
        columns=columns,
        key=(by.name,),
        ordered=False,
    )
    if draw.chance(25):
        rows = rows.then("where how_many >= 2") if count else rows
        if count:
            draft.say(
                "rule",
                draft.phrase(
                    "two rows",
                    (
                        "Leave out groups with less than 2 rows.",
                        "{A_by} with fewer than 2 rows is left out.",
                        "Groups of less than 2 rows do not appear.",
                    ),
                    by=by.name,
                ),
                {"do": "keep groups", "column": count, "compare": "at least", "value": 2},
            )
    rows = take(draft, rows, "order")
    outputs.table_file(draft, rows)
    if draw.chance(50):
        figures_file(
            draft,
            [
                Figure(
                    "overall_median",
                    f"median(({state.expression}).{number.name})",
                    f"the median of {number.name} over all rows that count",
                    {"how": "median", "column": number.name},
                    True,
                ),
                Figure("rows", f"count({state.expression})", "the number of rows that count", {"how": "count"}, False),
            ],
            ("overall", "summary", "key_figures"),
        )
    keep(draft)
    draft.admits.append(f"expect count({draft.last}) >= 3")
    draft.operation("data.aggregate", "files.write")


ARCHETYPES = (
    Archetype("units", ("reasoning.science", "analysis.calculation"), (
        "Our measurements come in all sorts of units.", "Please clean up a series of measurements.", "We measured a lot and used whatever instrument was there.", "Bring our readings to one unit.", "For {purpose} the measurements need to be comparable.", "Every instrument has a unit of its own.", "Make these readings usable.", "The data from the field is raw and mixed.",
    ), units, "Measurements in one unit"),
    Archetype("middles", ("reasoning.mathematics", "analysis.calculation"), (
        "Averages tell little about our {many}; we want better figures.", "Describe the spread of the {many}.", "What is a typical one of our {many}?", "Some statistics on the {many}, please.", "For {purpose} we need figures that a few extremes cannot spoil.", "How are the {many} distributed?", "Give me robust figures on our {many}.", "The {role} wants statistics on {many}.",
    ), middles, "Statistics of {many}"),
)  # fmt: skip
