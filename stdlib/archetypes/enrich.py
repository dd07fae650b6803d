"""Parts that add a column to rows: out of another file, or worked out from what is there."""

from __future__ import annotations

from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.parts import holds, part
from clawc.stdlib.archetypes.sources import FORMATS, KINDS, written
from clawc.stdlib.archetypes.state import Column, State

_SECOND = ("csv", "json", "tsv", "jsonl", "markdown", "yaml", "xlsx")


def reference_table(draft: Draft, state: State) -> tuple[str, str, tuple[Column, ...]]:
    """A second file with a row for each value of the group; gives the `let` of its rows, its file's name and its columns."""
    domain, draw = draft.domain, draft.draw
    about, group = domain.reference, state.column("group")
    data, file = draft.name(about.file), draft.name(f"{about.file}_file")
    people = draft.name("leads")
    draft.use("std.people", "full_name")
    columns = (
        group,
        Column(about.person.column, "person", "text", about.person.say),
        Column(about.label.column, "label", "text", about.label.say, about.label.many, about.label.values),
        Column(
            about.number.column,
            "target",
            "number",
            about.number.say,
            "",
            (),
            int(about.number.low),
            int(about.number.high),
        ),
    )
    draft.blocks.append(f"data {people} {{\n  count = {len(group.values)}\n  unique = [name]\n  name = full_name()\n}}")
    rows = draft.name("known")
    draft.lets.append(f"let {rows} = table([{', '.join(quoted(v) for v in draw.shuffled(group.values))}])")
    draft.blocks.append(
        f"data {data} {{\n  count = {len(group.values)}\n  {group.name} = {rows}.value[n - 1]\n  {columns[1].name} = {people}.name[n - 1]\n"
        f"  {columns[2].name} = pick([{', '.join(map(quoted, about.label.values))}])\n"
        f"  {columns[3].name} = integer_between({int(about.number.low)}, {int(about.number.high)})\n}}"
    )
    chosen = draft.balance.pick(draw, f"second format {draft.category}", _SECOND)
    path = draft.path(draw.pick(domain.folders), about.file, FORMATS[chosen][0])
    start, stages = written(draft, chosen, data, file, path, columns, about.one)
    name = draft.name(f"{about.file}_known")
    draft.lets.append(f"let {name} = {''.join([start, *(f' | {stage}' for stage in stages)])}")
    draft.formats_in.append(chosen)
    draft.brief.append({"do": "read", "path": path, "format": chosen, "one": about.one})
    text = draft.phrase("reference", (
        "{File} ({what}) has a row for each {say}, with {label}.", "Facts about each {say} stand in {file}.", "What is known of the {many} is in {file}, one row each.",
        "You need {file} as well: one {say} a row, with {label}.", "The {many} themselves are described in {file}.", "For {label} of each {say} see {file}.",
    ), say=group.say, many=group.many, label=about.label.column, file=hole(file), what=KINDS[chosen])  # fmt: skip
    draft.say("source", text)
    draft.operation("data.join")
    return name, path, columns


@part("enrich", lambda state: state.level == "rows" and state.has("group") and not state.has("label"), "label")
def look_up_label(draft: Draft, state: State) -> State:
    """The label of each row's group, from the reference file."""
    name, path, columns = reference_table(draft, state)
    group, label = state.column("group"), columns[2]
    draft.brief.append({"do": "look up", "path": path, "on": group.name, "take": [label.name]})
    return state.then(
        f"join ({name} | select {group.name}, {label.name}) on {group.name}", columns=state.with_columns(label)
    )


@part("enrich", holds("class", "amount"), "worth")
def times_rate(draft: Draft, state: State) -> State:
    """Amount times the number of its class from a third file, rounded."""
    domain, draw = draft.domain, draft.draw
    rates, kind, amount = domain.rates, state.column("class"), state.column("amount")
    data, file = draft.name(rates.file), draft.name(f"{rates.file}_file")
    known = draft.name("kinds")
    draft.lets.append(f"let {known} = table([{', '.join(map(quoted, kind.values))}])")
    steps = 10**rates.number.decimals
    low, high = round(rates.number.low * steps), round(rates.number.high * steps)
    number = f"integer_between({low}, {high})" + (f" / {steps}" if steps > 1 else "")
    draft.blocks.append(
        f"data {data} {{\n  count = {len(kind.values)}\n  {kind.name} = {known}.value[n - 1]\n  {rates.number.column} = {number}\n}}"
    )
    chosen = draft.balance.pick(draw, f"second format {draft.category}", ("csv", "json", "tsv", "markdown", "xlsx"))
    path = draft.path(draw.pick(domain.folders), rates.file, FORMATS[chosen][0])
    columns = (kind, Column(rates.number.column, "rate", "number", rates.number.say))
    start, stages = written(draft, chosen, data, file, path, columns, kind.name)
    name = draft.name("rates")
    draft.lets.append(f"let {name} = {''.join([start, *(f' | {stage}' for stage in stages)])}")
    result = Column(_free(state, draw.pick((f"{rates.number.column}_amount", f"weighted_{amount.name}", f"adjusted_{amount.name}", "net_value", "counted_value"))),
                    "worth", "number", draw.pick(("weighted " + amount.say, "adjusted " + amount.say)), decimals=2, unit=amount.unit)  # fmt: skip
    text = draft.phrase("times_rate", (
        "Each {amount_column} is multiplied by {rate_column} of the same {kind} ({file}) and rounded half up to two decimals; call that {result}.",
        "{File} has {rate_column} per {kind}, {means}. The column {result} is {amount_column} times that number, rounded half up to two decimals, row by row.",
        "What counts is not {amount_column} itself but {result}: {amount_column} times {rate_column} from {file}, by {kind}, each rounded half up to two decimals.",
        "Work out {result} for every {one}: {amount_column} times {rate_column} of the same {kind} in {file}, rounded half up to two decimals.",
    ), amount=amount.say, amount_column=amount.name, rate=rates.number.say, rate_column=rates.number.column, kind=kind.say, means=rates.say, one=state.one,
        result=result.name, file=hole(file))  # fmt: skip
    draft.say("rule", text, {"do": "read", "path": path, "format": chosen, "one": kind.name}, {
        "do": "times", "path": path, "on": kind.name, "column": [amount.name, rates.number.column], "into": result.name, "decimals": "two"})  # fmt: skip
    draft.formats_in.append(chosen)
    draft.operation("data.join")
    return state.then(f"join {name} on {kind.name}").then(
        f"derive {result.name} = round({amount.name} * {rates.number.column}, 2)", columns=state.with_columns(result)
    )


@part("enrich", lambda state: state.level == "rows" and state.has("date", "due") and not state.has("span"), "span")
def days_between(draft: Draft, state: State) -> State:
    """Days from one date of a row to the other."""
    date, due = state.column("date"), state.column("due")
    result = Column(
        _free(state, draft.draw.pick(("days", "lead_days", "days_between", "span_days", "duration_days"))),
        "span",
        "number",
        "number of days",
        unit="days",
    )
    text = draft.phrase("span", (
        "The column {result} is the number of days from {date} to {due}.", "Work out {result}: the days between {date} and {due} ({due} minus {date}).",
        "For each {one}, {result} means {due} minus {date} in days.", "The time from {date} to {due}, in days, is called {result}.",
    ), result=result.name, date=date.name, due=due.name, date_say=date.say, due_say=due.say, one=state.one)  # fmt: skip
    draft.say("rule", text, {"do": "days", "column": [date.name, due.name], "into": result.name})
    return state.then(f"derive {result.name} = days({due.name} - {date.name})", columns=state.with_columns(result))


@part("enrich", lambda state: state.level == "rows" and state.has("date") and not state.has("month"), "month")
def with_month(draft: Draft, state: State) -> State:
    """The month of a date as text."""
    date = state.column("date")
    result = Column(
        _free(state, draft.draw.pick(("month", "in_month", "month_of"))), "month", "text", "month", "months"
    )
    text = draft.phrase("month column", (
        "The column {result} is the month of {date}, in the form {example}.", "Months come from {date}, in the form {example} (column {result}).",
        "Take the month from {date} and put it into {result}, in a form like {example}.", "By {result} we mean year and month of {date}, in the form {example}.",
    ), result=result.name, date=date.name, say=date.say, example=f"{int(draft.when.first[:4]) - 2}-{draft.when.first[5:7]}")  # fmt: skip
    draft.say("rule", text, {"do": "month", "column": date.name, "into": result.name})
    return state.then(f"derive {result.name} = left(text({date.name}), 7)", columns=state.with_columns(result))


def _bounded(state: State, column: Column) -> bool:
    """Is there a bound on it already? A band beside it may have no row."""
    return any(f"{column.name} {sign}" in stage for stage in state.stages for sign in ("<", ">"))


def _for_bands(state: State) -> list[Column]:
    return [c for c in state.those("amount", "quantity") if not _bounded(state, c) and c.high - c.low >= 6]


@part("enrich", lambda state: state.level == "rows" and bool(_for_bands(state)) and not state.has("band"), "band")
def with_band(draft: Draft, state: State) -> State:
    """A band by size, with bounds that are said."""
    column = draft.draw.pick(_for_bands(state))
    low, high = column.low + (column.high - column.low) // 3, column.low + (column.high - column.low) * 2 // 3
    low, high = (n - n % 5 if n >= 20 else n for n in (low, high))
    small, middle, large = names = draft.draw.pick(
        (
            ("small", "medium", "large"),
            ("low", "mid", "high"),
            ("minor", "normal", "major"),
            ("C", "B", "A"),
            ("short", "average", "long"),
        )
    )
    result = Column(
        _free(state, draft.draw.pick(("band", "size_class", "bracket", "tier", "level"))),
        "band",
        "text",
        "band",
        "bands",
        names,
    )
    text = draft.phrase("band", (
        "Put every {one} into {a_result} by {column}: {small} below {low}, {middle} from {low} to below {high}, {large} from {high} up.",
        "The column {result} depends on {column}: under {low} it is {small}, from {low} but under {high} {middle}, {high} and more {large}.",
        "Less than {low} in {column} makes the {result} {small}, {high} or more makes it {large}, and whatever lies between is {middle} ({low} itself is {middle}).",
    ), one=state.one, result=result.name, small=small, middle=middle, large=large, low=low, high=high, unit=column.unit, column=column.name, say=column.say, article="a")  # fmt: skip
    draft.say(
        "rule",
        text,
        {"do": "band", "column": column.name, "into": result.name, "bounds": [low, high], "names": list(names)},
    )
    condition = f"if {column.name} < {low} then {quoted(small)} else if {column.name} < {high} then {quoted(middle)} else {quoted(large)}"
    return state.then(f"derive {result.name} = {condition}", columns=state.with_columns(result))


def _free(state: State, wish: str) -> str:
    """A name for a column that no column has."""
    held = {column.name for column in state.columns}
    return wish if wish not in held else next(f"{wish}_{n}" for n in range(2, 99) if f"{wish}_{n}" not in held)
