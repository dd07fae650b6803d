"""Archetypes that hold rows against rules: limits of a policy, ranges of a class."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    deliver,
    figures_file,
    json_or_yaml,
    judge,
    keep,
    let,
    out_path,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Column, State

# Below this, whole numbers are too coarse for the bounds of a column that has decimals.
_NARROW = 20


def _bound(number: Column, low: int, high: int) -> str:
    """The expression of a number within a column's range, between so many percent of it and so many."""
    span = number.high - number.low
    if number.decimals and span < _NARROW:
        places = number.decimals
        return f"round(uniform({number.low + span * low / 100:.{places}f}, {number.low + span * high / 100:.{places}f}), {places})"
    first = number.low + span * low // 100
    return f"integer_between({first}, {max(number.low + span * high // 100, first + 1)})"


def policy_audit(draft: Draft) -> None:
    """Rows that break the rules of a policy file."""
    draw = draft.draw
    state = main_table(draft, ("amount", "class", "status", "date", "due"))
    ident, amount, kind, status, date, due = (
        state.column(r) for r in ("id", "amount", "class", "status", "date", "due")
    )
    state = maybe(draft, state, "narrow", 35, 1, ("only_period",))
    known = let(draft, "kinds", f"table({texts(draw.shuffled(kind.values))})")
    limit = draw.pick(("limit", "maximum", "ceiling", "cap"))
    data = data_block(
        draft,
        "limits",
        len(kind.values),
        (f"{kind.name} = {known}.value[n - 1]", f"{limit} = {_bound(amount, 60, 95)}"),
    )
    days, blocked = draw.between(18, 34), draw.pick([v for v in status.values if v != draft.domain.status.void])
    key_days, key_blocked = (
        draw.pick(("max_days", "longest_days", "days_allowed")),
        draw.pick(("not_accepted", "blocked", "refused")),
    )
    top = draw.pick(("limits", "rules", "per_class"))
    file, path, reader = json_or_yaml(
        draft,
        draw.pick(("policy", "rules", "guidelines", "house_rules")),
        f"{{{top}: {data}, {key_days}: {days}, {key_blocked}: {quoted(blocked)}}}",
    )
    draft.say("source", draft.phrase("policy", (
        "The rules stand in {file}: {top} has the {limit} for each {kind}, {days} the longest time and {blocked} {a_status} that is not accepted.",
        "{File} is the policy. Under {top} each {kind} has {a_limit}; {days} and {blocked} are single values.",
        "Our policy is {file}, with the keys {top} ({a_limit} for every {kind}), {days} and {blocked}.",
    ), file=hole(file), top=top, limit=limit, kind=kind.name, days=key_days, blocked=key_blocked, status=status.name))  # fmt: skip
    names = draw.pick(
        (
            ("over limit", "too long", "not accepted"),
            ("limit", "duration", "status"),
            ("R1", "R2", "R3"),
            ("amount too high", "late date", "bad status"),
        )
    )
    word = draw.pick(("rule", "breach", "violation", "reason"))
    rules: list[tuple[str, str, Step]] = [
        (f"join table({reader}({file}).{top}) on {kind.name} | where {amount.name} > {limit}", draft.phrase("rule limit", (
            "\"{name}\" if {amount} is above the {limit} of its {kind}", "\"{name}\" where {amount} exceeds the {limit} for the {kind}", "\"{name}\" when its {kind} allows less than its {amount} (equal to the {limit} is fine)",
        ), name=names[0], amount=amount.name, limit=limit, kind=kind.name), {"do": "breach", "how": "above", "column": amount.name, "by": kind.name, "limit": limit, "under": top, "name": names[0]}),
        (f"where days({due.name} - {date.name}) > {reader}({file}).{key_days}", draft.phrase("rule days", (
            "\"{name}\" if there are more than {days} days from {date} to {due}", "\"{name}\" where {due} minus {date} is more days than {days}", "\"{name}\" when the days between {date} and {due} are more than {days} says",
        ), name=names[1], days=key_days, date=date.name, due=due.name), {"do": "breach", "how": "days above", "column": [date.name, due.name], "limit": key_days, "name": names[1]}),
        (f"where {status.name} == {reader}({file}).{key_blocked}", draft.phrase("rule status", (
            "\"{name}\" if {status} is the one named in {blocked}", "\"{name}\" where its {status} equals {blocked}", "\"{name}\" when its {status} is what {blocked} says",
        ), name=names[2], blocked=key_blocked, status=status.name), {"do": "breach", "how": "equal", "column": status.name, "limit": key_blocked, "name": names[2]}),
    ]  # fmt: skip
    chosen = draw.shuffled(rules)[: draw.between(2, 3)]
    if rules[0] not in chosen:
        chosen[0] = rules[0]
    ours = let(draft, "ours", state.expression)
    parts = ", ".join(
        f"({ours} | {test} | select {ident.name}, {word} = {quoted(str(step['name']))})" for test, _, step in chosen
    )
    found = let(draft, "breaches", f"union({parts})")
    draft.say("rule", draft.phrase("breaches", (
        "{A_one} may break several rules, and each breach is a row with {id} and {word}: {rules}.", "Write one row for each {one} and rule that it breaks. The {word} is {rules}.", "For every breach give {id} and, as {word}, {rules}. {A_one} with two breaches has two rows.",
    ), one=state.one, id=ident.name, word=word, rules="; ".join(said for _, said, _ in chosen)), {"do": "audit", "into": word, "policy": path}, *(step for _, _, step in chosen))  # fmt: skip
    rows = State(
        found, "breach", "breaches", (ident, column(word, "class")), draw.pick(((ident.name, word), (word, ident.name)))
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(60):
        figures_file(draft, [
            Figure("breaches", f"count({found})", "the number of breaches", {"how": "count"}),
            Figure(draw.pick(("affected", "with_breach")), f"count({found} | distinct {ident.name})", f"how many {state.many} have at least one", {"how": "count distinct", "column": ident.name}),
        ], ("summary", "audit_figures", "overview"))  # fmt: skip
    if draw.chance(35):
        clean = let(draft, "in_order", f"{ours} | anti_join {found} on {ident.name} | sort {ident.name}")
        listing = deliver(draft, "listing", out_path(draft, draw.pick(("without_breach", "in_order", "passed")), "txt"))
        draft.say("output", draft.phrase("passed", (
            "{File} lists the {id} of every {one} that breaks no rule, one per line, sorted.", "Write {file} with the {id} of those without a breach, one on each line in ascending order.", "The ones without any breach belong in {file}: one {id} a line, sorted.",
        ), file=hole(listing), id=ident.name, one=state.one), {"do": "lines without breach", "path": draft.places[listing], "column": ident.name})  # fmt: skip
        judge(draft, "passed_right", f"lines({listing}) == {clean}.{ident.name}")
        draft.formats_out.append("text")
        draft.admits.append(f"expect count({clean}) >= 2")
    keep(draft)
    draft.admits += [
        f"expect count({found} | where {word} == {quoted(str(step['name']))}) >= 1" for _, _, step in chosen
    ]
    draft.operation("data.join", "data.filter")


def out_of_range(draft: Draft) -> None:
    """Values outside the range of their class."""
    draw = draft.draw
    state = main_table(draft, (draw.pick(("amount", "quantity")), "class", draw.pick(("person", "group", "date"))))
    ident, kind = state.column("id"), state.column("class")
    number = state.those("amount", "quantity")[0]
    state = maybe(draft, state, "narrow", 35, 1, ("without_void",))
    low, high = draw.pick((("low", "high"), ("from", "to"), ("lower", "upper"), ("min_ok", "max_ok")))
    if low == "from":
        low, high = "range_from", "range_to"
    known = let(draft, "kinds", f"table({texts(draw.shuffled(kind.values))})")
    data = data_block(
        draft,
        "ranges",
        len(kind.values),
        (
            f"{kind.name} = {known}.value[n - 1]",
            f"{low} = {_bound(number, 15, 35)}",
            f"{high} = {_bound(number, 65, 85)}",
        ),
    )
    ranges = table_input(
        draft,
        data,
        (kind, column(low, "text", "number"), column(high, "text", "number")),
        draw.pick(("reference_ranges", "normal_ranges", "tolerances", "bounds")),
        kind.name,
        ("csv", "json", "yaml", "tsv", "markdown", "xlsx"),
    )
    draft.say("source", draft.phrase("ranges", (
        "What is normal for each {kind} is in {file}, from {low} to {high}.", "{File} gives the range of each {kind}: {low} and {high}.", "The range that {number} should have is in {file} ({low} to {high}, by {kind}).", "The range of every {kind}, from {low} to {high}, is in {file}.",
    ), kind=kind.say, file=hole(ranges.file), low=low, high=high, number=number.name))  # fmt: skip
    flag, off = draw.pick(("flag", "mark", "side", "alert")), draw.pick(("off_by", "distance", "beyond"))
    below, above = draw.pick((("low", "high"), ("L", "H"), ("below", "above"), ("too low", "too high")))
    found = let(draft, "outside", (
        f"{state.expression}\n    | join {ranges.rows} on {kind.name}\n    | where {number.name} < {low} or {number.name} > {high}\n"
        f"    | derive {flag} = if {number.name} < {low} then {quoted(below)} else {quoted(above)}, {off} = if {number.name} < {low} then {low} - {number.name} else {number.name} - {high}"
    ))  # fmt: skip
    with_off = draw.chance(60)
    draft.say("rule", draft.phrase("out of range", (
        "Keep the {many} whose {number} is outside the range of its {kind}; the two ends are still normal. {flag} is \"{below}\" under the range and \"{above}\" over it.",
        "{A_one} is listed if its {number} is less than {low} (then {flag} is \"{below}\") or more than {high} (then it is \"{above}\"); {low} and {high} themselves are fine.",
        "Everything outside its range has to be listed, with \"{below}\" (too low) or \"{above}\" (too high) as {flag}. Values of {number} equal to {low} or {high} are inside.",
    ), many=state.many, one=state.one, number=number.name, kind=kind.say, flag=flag, low=low, high=high, below=below, above=above),
        {"do": "outside", "path": ranges.path, "column": number.name, "by": kind.name, "bounds": [low, high], "into": flag, "names": [below, above]})  # fmt: skip
    if with_off:
        draft.say("rule", draft.phrase("off by", (
            "{off} says how far it is from the nearer end of the range, without a sign.", "Give the distance to the nearer end as {off}, always positive.", "In {off}, say by how much the end of the range is missed (a positive number).",
        ), off=off), {"do": "distance", "into": off})  # fmt: skip
    columns = [ident, kind, number, column(flag, "band"), *([column(off, "measure", "number")] if with_off else [])]
    rows = State(found, state.one, state.many, tuple(columns), (ident.name,))
    rows = take(draft, rows, "order")
    outputs.table_file(draft, rows)
    if draw.chance(50):
        figures_file(
            draft,
            [
                Figure(
                    f"{name.replace(' ', '_').lower()}_count",
                    f"count({found} | where {flag} == {quoted(name)})",
                    f"how many rows are marked {name}",
                    {"how": "count", "column": flag, "value": name},
                )
                for name in (below, above)
            ],
            ("summary", "flags", "counts"),
        )
    if draw.chance(35):
        outputs.note_file(draft, rows, draft.last)
    keep(draft)
    draft.admits += [f"expect count({found} | where {flag} == {quoted(name)}) >= 2" for name in (below, above)]
    draft.operation("data.join", "data.filter")


ARCHETYPES = (
    Archetype("policy_audit", ("professional.legal", "professional.security", "professional.finance"), (
        "Do our {many} keep to the policy?", "Please audit the {many} against our rules.", "Before {purpose} I want to know which {many} break the rules.", "Which of the {many} violate the policy?", "Check the {many} of {scene} for breaches.",
        "The question is whether all {many} are within the rules.", "An audit of the {many} is due, for {purpose}.", "Go through the {many} and find everything that is against the rules.",
    ), policy_audit, "{Many} against the rules"),
    Archetype("out_of_range", ("professional.medical", "automation.inspection", "reasoning.science"), (
        "Which {many} have values outside the normal range?", "Find the {many} that are out of range.", "We want to look at the unusual {many}; which are they?", "Before {purpose}, flag all values that are not normal.", "Flag the {many} whose values are too low or too high.",
        "Please check the values of our {many} against their ranges.", "Are there {many} with worrying values?", "We screen the {many} for {purpose}.",
    ), out_of_range, "{Many} out of range"),
)  # fmt: skip
