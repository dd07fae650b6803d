"""Parts that make one row of many: totals by one key or two, months in their order, a table of two sides; and what follows them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clawc.stdlib.archetypes.draft import Draft, listed
from clawc.stdlib.archetypes.enrich import reference_table
from clawc.stdlib.archetypes.parts import Unfit, part
from clawc.stdlib.archetypes.state import Column, Role, State

_KEYS: tuple[Role, ...] = ("group", "class", "person", "label", "band", "status")
_MADE: tuple[Role, ...] = ("label", "band", "month", "worth", "span")  # columns that were worked out to be used
_LEAST_GROUPS = 6  # few groups are no reason against what comes next
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
    """One to so many columns of a group; the first that is drawn is a total or a count."""
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
        name = free(draw.pick((f"number_of_{many}", f"{many}_count", "how_many", f"all_{many}")))
        said = f"{name} ({draw.pick((f'how many {state.many}', f'the number of {state.many}'))})"
        return Result(Column(name, "count", "number", f"number of {state.many}"), "count", "", "count()", said)

    def worked(column: Column, how: str) -> Result:
        word = {
            "sum": ("total", "sum"),
            "mean": ("mean", "average"),
            "max": ("highest", "max"),
            "min": ("lowest", "min"),
        }[how]
        name = free(draw.pick((f"{word[0]}_{column.name}", f"{column.name}_{word[1]}", f"{word[1]}_{column.name}")))
        text = f"{how}({column.name})" if how != "mean" else f"round(mean({column.name}), 2)"
        say = {
            "sum": "the sum of",
            "mean": "the mean of",
            "max": "the largest value of",
            "min": "the smallest value of",
        }[how]
        more = ", rounded half up to two decimals" if how == "mean" else ""
        role: Role = "total" if how == "sum" else "measure"
        made = Column(
            name,
            role,
            "number",
            f"{word[0]} {column.say}",
            decimals=2 if how == "mean" else column.decimals,
            unit=column.unit,
            of=column.role,
        )
        return Result(made, how, column.name, text, f"{name} ({say} {column.name}{more})")

    if not numbers:
        return [counted()]
    fresh = [column for column in numbers if column.role in _MADE]
    made = [worked(draw.pick(fresh or numbers), "sum")]
    for how in draw.sample(("count", "mean", "max", "min"), draw.between(0, most - 1)):
        made.append(counted() if how == "count" else worked(draw.pick(numbers), how))
    return draw.shuffled(made)


def _grouped(draft: Draft, state: State, keys: list[Column], results: list[Result]) -> State:
    one, by = listed([key.say for key in keys]), listed([key.name for key in keys])
    shown = listed([result.said for result in results])
    text = draft.phrase(f"group {len(keys) > 1}", (
        "Put together what has the same {by}: {results}.", "For each {one} ({by}) work out {results}.", "Per {one} ({by}) we need {results}.", "Group by {by} and give {results}.",
        "One row per {by}, with {results}.", "Summarise by {by}: {results}.", "Every {one} that occurs ({by}) gets {results}.", "Break the {many} down by {by}, with {results}.",
    ) if len(keys) == 1 else (
        "For each combination of {by} that occurs work out {results}.", "Group by {by} and give, for every pair that occurs, {results}.", "For every pair of {one} that occurs ({by}), give {results}.",
        "One row per pair of {by}, with {results}; pairs without {many} are left out.", "Break the {many} down by {by} together, with {results}.",
    ), one=one, by=by, results=shown, many=state.many)  # fmt: skip
    draft.say("rule", text, {
        "do": "group", "by": [key.name for key in keys], "results": [{"name": r.column.name, "how": r.how, "column": r.of} for r in results],
    })  # fmt: skip
    draft.operation("data.aggregate")
    named = [key.name for key in keys]
    stage = f"group {', '.join(named)}, " + ", ".join(f"{r.column.name} = {r.text}" for r in results)
    return State(state.start, keys[0].say, keys[0].many or f"{keys[0].say} values", (*keys, *(r.column for r in results)), tuple(named),
                 "groups", (*state.stages, stage), rows=_LEAST_GROUPS + state.rows)  # fmt: skip


def _keys(state: State) -> list[Column]:
    """Columns to group by: what was worked out first; never one that no two rows share."""
    found = [column for column in state.those(*_KEYS) if column.name not in state.key]
    return [column for column in found if column.role in _MADE] or found


def _ready(state: State) -> bool:
    return state.level == "rows" and bool(state.key) and bool(_keys(state))


@part("group", _ready, "group")
def totals(draft: Draft, state: State) -> State:
    """A row for each value of one column."""
    columns = _keys(state)
    column = draft.balance.pick(draft.draw, "key", columns, {c: c.role for c in columns})
    return _grouped(draft, state, [column], _results(draft, state, 4))


_PAIRED: tuple[Role, ...] = ("group", "class", "label", "band", "status")


@part("group", lambda state: _ready(state) and state.rows >= 20 and len(state.those(*_PAIRED)) > 1, "group")
def totals_by_two(draft: Draft, state: State) -> State:
    """A row for each pair of values of two columns."""
    every = [column for column in state.those(*_PAIRED) if column.name not in state.key]
    first = draft.draw.pick([column for column in _keys(state) if column in every] or every)
    keys = draft.draw.shuffled([first, draft.draw.pick([column for column in every if column is not first])])
    return _grouped(draft, state, keys, _results(draft, state, 2))


@part("group", lambda state: state.level == "rows" and bool(state.key) and state.has("month"), "group")
def by_month(draft: Draft, state: State) -> State:
    """A row for each month that occurs, oldest first."""
    grouped = _grouped(draft, state, [state.column("month")], _results(draft, state, 3))
    return replace(grouped, level="series")


@part("after", lambda state: state.level == "groups" and state.has("total") and not state.has("rate"), "share")
def share_of_all(draft: Draft, state: State) -> State:
    """The part of each group in the sum of all groups, in percent."""
    total = state.column("total")
    name = draft.name("parts")
    draft.lets.append(f"let {name} = {state.expression}")
    result = Column(
        draft.draw.pick(("share", "percent", "share_pct", "pct_of_all", "portion")),
        "rate",
        "number",
        "share",
        decimals=1,
        unit="%",
    )
    text = draft.phrase("share", (
        "The column {result} is {total} in percent of the sum over all rows, rounded half up to one decimal.", "Add {result}: what part of the sum of all {total} it is, in percent with one decimal, rounded half up.",
        "Give each its {result} too ({total} divided by the sum of all {total}, times 100, rounded half up to one decimal).",
    ), result=result.name, total=total.name)  # fmt: skip
    draft.say("rule", text, {"do": "share", "column": total.name, "into": result.name, "decimals": "one"})
    return State(name, state.one, state.many, state.with_columns(result), state.key, "groups",
                 (f"derive {result.name} = round({total.name} * 100 / sum({name}.{total.name}), 1)",), rows=state.rows)  # fmt: skip


@part(
    "after",
    lambda state: (
        state.level == "groups" and state.columns[0].role == "group" and state.has("total") and not state.has("target")
    ),
    "target",
)
def against_target(draft: Draft, state: State) -> State:
    """The difference between a total and the group's number in the reference file, where that is a number of the same things."""
    if not any(c.of == draft.domain.reference.number_of for c in state.those("total")):
        raise Unfit("no total that the number of the reference limits")
    name, path, columns = reference_table(draft, state)
    group, target = state.column("group"), columns[3]
    total = next(c for c in state.those("total") if c.of == draft.domain.reference.number_of)
    result = Column(
        draft.draw.pick(("difference", "gap", "deviation", "over_or_under")),
        "measure",
        "number",
        "difference",
        decimals=total.decimals,
        unit=total.unit,
    )
    text = draft.phrase("target", (
        "The column {result} is {total} minus {target}, which stands in {file}.", "Compare {total} with {target} from {file}; {result} is the first minus the second.",
        "Set it against {target} in {file}: {result} is {total} minus {target}.", "Each row also gets {target} and {result}, that is {total} minus {target}; see {file}.",
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
    result = Column(
        draft.draw.pick(("change", "delta", "difference", "against_previous")),
        "flag",
        "number",
        "change",
        decimals=total.decimals,
    )
    text = draft.phrase("change", (
        "The months go from old to new. The column {result} is {total} minus that of the month before in the result; it stays empty for the first month.", "Sort by {month} and add {result}: how much {total} differs from the previous month listed (empty in the first row).",
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
    result = Column(
        draft.draw.pick(("so_far", "running_total", "cumulative", "year_to_date")),
        "measure",
        "number",
        "running total",
        decimals=total.decimals,
    )
    text = draft.phrase("running", (
        "The months go from old to new, and {result} adds up {total} from the first one on.", "Sort by {month} and add {result}, the sum of {total} up to and including the month.", "In the order of {month}, {result} gives {total} of this and all earlier rows together.",
    ), result=result.name, total=total.name, month=month.name)  # fmt: skip
    draft.say("rule", text, {"do": "running", "column": total.name, "into": result.name, "by": month.name})
    return state.then(f"sort {month.name}").then(
        f"window {result.name} = running_sum({total.name})", columns=state.with_columns(result), ordered=True
    )
