"""Parts that make one row of many: totals by one key or two, months in their order, a table of two sides; and what follows them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clawc.stdlib.archetypes.draft import Draft, hole, listed
from clawc.stdlib.archetypes.enrich import reference_table
from clawc.stdlib.archetypes.parts import part
from clawc.stdlib.archetypes.state import Column, Role, State

_KEYS: tuple[Role, ...] = ("group", "class", "person", "label", "band", "status")
_NUMBERS: tuple[Role, ...] = ("amount", "quantity", "worth", "span")


@dataclass(frozen=True, slots=True)
class Result:
    """A column that a group has: how it is worked out, and how that is said."""

    column: Column
    how: str
    of: str
    text: str
    said: str


def _results(draft: Draft, state: State, most: int) -> list[Result]:
    """One to so many columns of a group; the first is a total or a count."""
    draw = draft.draw
    numbers = state.those(*_NUMBERS)
    many = state.many.replace(" ", "_").replace("-", "_")
    taken = {column.name for column in state.columns}

    def free(name: str) -> str:
        while name in taken:
            name = f"{name}_all"
        taken.add(name)
        return name

    def counted() -> Result:
        name = free(draw.pick((many, f"number_of_{many}", "count", f"{many}_count", "how_many")))
        said = draw.pick((f"{name} (how many {state.many})", f"{name} (the number of {state.many})", f"{name}, the count of {state.many}"))
        return Result(Column(name, "count", "number", f"number of {state.many}"), "count", "", "count()", said)

    def worked(column: Column, how: str) -> Result:
        word = {"sum": ("total", "sum"), "mean": ("mean", "average"), "max": ("highest", "max"), "min": ("lowest", "min")}[how]
        name = free(draw.pick((f"{word[0]}_{column.name}", f"{column.name}_{word[1]}", f"{word[1]}_{column.name}")))
        text = f"{how}({column.name})" if how != "mean" else f"round(mean({column.name}), 2)"
        say = {"sum": "the sum of", "mean": "the mean of", "max": "the largest", "min": "the smallest"}[how]
        more = ", rounded half up to two decimals" if how == "mean" else ""
        said = draw.pick((f"{name} ({say} {column.name}{more})", f"{name}, which is {say} {column.name}{more}" if not more else f"{name} ({say} {column.name}{more})"))
        decimals = 2 if how == "mean" else column.decimals
        role: Role = "total" if how == "sum" else "measure"
        return Result(Column(name, role, "number", f"{word[0]} {column.say}", decimals=decimals, unit=column.unit), how, column.name, text, said)

    made: list[Result] = []
    lead = draw.pick(numbers) if numbers else None
    if lead is None:
        return [counted()]
    first = worked(lead, "sum")
    made.append(first)
    options = ["count", *(h for h in ("mean", "max", "min"))]
    for how in draw.sample(options, draw.between(0, most - 1)):
        made.append(counted() if how == "count" else worked(draw.pick(numbers), how))
    return draw.shuffled(made)


def _grouped(draft: Draft, state: State, keys: list[Column], results: list[Result]) -> State:
    one = listed([key.say for key in keys])
    by = listed([key.name for key in keys])
    shown = "; ".join(result.said for result in results) if any("," in result.said for result in results) else listed([result.said for result in results])
    text = draft.phrase(f"group {len(keys) > 1}", (
        "Add it up by {by}: {results}.", "For each {one} work out {results}.", "Per {one} we need {results}.", "Group by {by} and give {results}.",
        "One row per {one}, with {results}.", "Summarise by {by}: {results}.", "Every {one} that occurs gets {results}.", "Break the {many} down by {by}, with {results}.",
    ) if len(keys) == 1 else (
        "Add it up by {by} together: {results}.", "For each combination of {one} that occurs work out {results}.", "Group by {by} and give {results} for every pair that occurs.",
        "One row per pair of {one}, with {results}; pairs without {many} are left out.", "Break the {many} down by {by} at once, with {results}.",
    ), one=one, by=by, results=shown, many=state.many)  # fmt: skip
    draft.say("rule", text, {"do": "group", "by": [key.name for key in keys], "results": [{"name": r.column.name, "how": r.how, "column": r.of} for r in results]})
    draft.operation("data.aggregate")
    named = [key.name for key in keys]
    stage = f"group {', '.join(named)}, " + ", ".join(f"{r.column.name} = {r.text}" for r in results)
    keep = keys if keys[0].role != "group" else keys
    return State(state.start, keys[0].say, keys[0].many or f"{keys[0].say} values", (*keep, *(r.column for r in results)), tuple(named),
                 "groups", (*state.stages, stage))  # fmt: skip


def _ready(state: State) -> bool:
    return state.level == "rows" and bool(state.key) and bool(state.those(*_KEYS))


@part("group", _ready, "group")
def totals(draft: Draft, state: State) -> State:
    """A row for each value of one column."""
    columns = state.those(*_KEYS)
    role = draft.balance.pick(draft.draw, "key", [column.role for column in columns])
    return _grouped(draft, state, [state.column(role)], _results(draft, state, 4))


@part("group", lambda state: _ready(state) and len(state.those("group", "class", "label", "band", "status")) > 1, "group")
def totals_by_two(draft: Draft, state: State) -> State:
    """A row for each pair of values of two columns."""
    keys = draft.draw.sample(state.those("group", "class", "label", "band", "status"), 2)
    return _grouped(draft, state, keys, _results(draft, state, 2))


@part("group", lambda state: _ready(state) and state.has("month"), "group")
def by_month(draft: Draft, state: State) -> State:
    """A row for each month that occurs, oldest first."""
    grouped = _grouped(draft, state, [state.column("month")], _results(draft, state, 3))
    return replace(grouped, level="series")


@part("after", lambda state: state.level == "groups" and bool(state.those("total", "count")) and len(state.key) == 1, "having")
def big_enough(draft: Draft, state: State) -> State:
    """Groups with too little in them are dropped."""
    counts = state.those("count")
    if not counts:
        column = Column("entries", "count", "number", "number of entries")
        return state if any(c.name == column.name for c in state.columns) else state
    column, bound = counts[0], draft.draw.between(2, 4)
    text = draft.phrase("having", (
        "Drop every {one} with fewer than {bound} of them ({column}).", "Only a {one} with at least {bound} in {column} is reported.", "Where {column} is below {bound}, leave the row out.",
        "Rows with {column} under {bound} are noise and go.",
    ), one=state.one, bound=bound, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "having", "column": column.name, "compare": "at least", "value": bound})
    draft.operation("data.filter")
    return state.then(f"where {column.name} >= {bound}")


@part("after", lambda state: state.level == "groups" and state.has("total") and not state.has("rate"), "share")
def share_of_all(draft: Draft, state: State) -> State:
    """The part of each group in the sum of all groups, in percent."""
    total = state.column("total")
    name = draft.name("parts")
    draft.lets.append(f"let {name} = {state.expression}")
    result = Column(draft.draw.pick(("share", "percent", "share_pct", "pct_of_all", "portion")), "rate", "number", "share", decimals=1, unit="%")
    text = draft.phrase("share", (
        "{Result} is {total} in percent of the sum over all rows of the result, rounded half up to one decimal.", "Add {result}: what part of the overall {total} it is, in percent with one decimal, rounded half up.",
        "Give each its {result} too ({total} divided by the sum of all {total}, times 100, rounded half up to one decimal).",
    ), result=result.name, total=total.name)  # fmt: skip
    draft.say("rule", text, {"do": "share", "column": total.name, "into": result.name, "decimals": "one"})
    return State(name, state.one, state.many, state.with_columns(result), state.key, "groups",
                 (f"derive {result.name} = round({total.name} * 100 / sum({name}.{total.name}), 1)",))  # fmt: skip


@part("after", lambda state: state.level == "groups" and state.key and state.columns[0].role == "group" and state.has("total") and not state.has("target"), "target")  # type: ignore[arg-type,return-value]
def against_target(draft: Draft, state: State) -> State:
    """The difference between a total and the group's number in the reference file."""
    name, path, columns = reference_table(draft, state)
    group, target, total = state.column("group"), columns[3], state.column("total")
    result = Column(draft.draw.pick(("difference", "gap", "deviation", "over_or_under")), "measure", "number", "difference", decimals=total.decimals, unit=total.unit)
    text = draft.phrase("target", (
        "{Result} is {total} minus {target}, which stands in {file}.", "Compare {total} with {target} from {file}; {result} is the first minus the second.",
        "Set it against the {say} in {file} ({target}): {result} = {total} - {target}.", "Each row also gets {target} and {result}, that is {total} minus {target}; see {file}.",
    ), result=result.name, total=total.name, target=target.name, say=target.say, file=path)  # fmt: skip
    draft.say("rule", text, {"do": "look up", "path": path, "on": group.name, "take": [target.name]},
              {"do": "minus", "column": [total.name, target.name], "into": result.name})  # fmt: skip
    return state.then(f"join ({name} | select {group.name}, {target.name}) on {group.name}").then(
        f"derive {result.name} = {total.name} - {target.name}", columns=state.with_columns(target, result)
    )


@part("after", lambda state: state.level == "series" and state.has("total"), "change")
def change_to_before(draft: Draft, state: State) -> State:
    """The difference to the month before it."""
    total, month = state.column("total"), state.columns[0]
    result = Column(draft.draw.pick(("change", "delta", "difference", "against_previous")), "flag", "number", "change", decimals=total.decimals)
    text = draft.phrase("change", (
        "The months go from old to new. {Result} is {total} minus that of the month before in the result; it stays empty for the first month.", "Sort by {month} and add {result}: how much {total} differs from the previous month listed (empty in the first row).",
        "In the order of {month}, the column {result} holds {total} minus the {total} of the row above, nothing in the first.",
    ), result=result.name, total=total.name, month=month.name)  # fmt: skip
    draft.say("rule", text, {"do": "change", "column": total.name, "into": result.name, "by": month.name})
    return (
        state.then(f"sort {month.name}").then(f"window before = lag({total.name})")
        .then(f"derive {result.name} = {total.name} - before").then("drop before", columns=state.with_columns(result), ordered=True)
    )  # fmt: skip


@part("after", lambda state: state.level == "series" and bool(state.those("total", "count")), "running")
def running_total(draft: Draft, state: State) -> State:
    """The sum up to each month."""
    total, month = state.those("total", "count")[0], state.columns[0]
    result = Column(draft.draw.pick(("so_far", "running_total", "cumulative", "year_to_date")), "measure", "number", "running total", decimals=total.decimals)
    text = draft.phrase("running", (
        "The months go from old to new, and {result} adds up {total} from the first one on.", "Sort by {month} and add {result}, the sum of {total} up to and including the month.", "In the order of {month}, {result} gives {total} of this and all earlier rows together.",
    ), result=result.name, total=total.name, month=month.name)  # fmt: skip
    draft.say("rule", text, {"do": "running", "column": total.name, "into": result.name, "by": month.name})
    return state.then(f"sort {month.name}").then(f"window {result.name} = running_sum({total.name})", columns=state.with_columns(result), ordered=True)


__all__ = ["hole"]
