"""Parts that keep some rows and leave others out."""

from __future__ import annotations

from dataclasses import replace

from clawc.stdlib.archetypes.draft import Draft, article, hole, listed, quoted
from clawc.stdlib.archetypes.parts import holds, part
from clawc.stdlib.archetypes.state import Column, State

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


@part("clean", lambda state: state.level == "rows" and not state.key)
def once(draft: Draft, state: State) -> State:
    """Rows that stand in the file twice count once."""
    column = state.columns[0]
    text = draft.phrase("once", (
        "Some {many} are in there twice; count each {id} only once.", "A few rows are exact duplicates, so take every {id} once.",
        "Where the same {id} appears a second time it is a copy: ignore the repeat.", "The export repeats some rows. Each {id} counts one time only.",
        "Mind the duplicates: one {id} is one {one}.", "Drop repeated rows first ({column} tells them apart).", "Double entries of the same {id} are mistakes and count once.",
        "Please remove duplicates before anything else; a {id} is unique.",
    ), many=state.many, one=state.one, id=column.say, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "once", "column": column.name})
    draft.operation("data.clean")
    return state.then(f"distinct {column.name}", key=(column.name,))


@part("narrow", holds("status"), "status")
def without_void(draft: Draft, state: State) -> State:
    """What is void does not count."""
    column, value = state.column("status"), draft.domain.status.void
    text = draft.phrase("without_void", (
        "Leave out everything that is {value}.", "{Many} marked {value} do not count.", "Ignore the {many} whose {say} is {value}.", "Anything with {say} {value} stays out.",
        "Do not count {value} {many}.", "Skip each {one} that is {value}.", "Everything counts except what is {value} ({column}).", "{Many} with the {say} {value} must not be included.",
    ), many=state.many, one=state.one, say=column.say, value=value, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "not", "value": value})
    draft.operation("data.filter")
    return state.then(f"where {column.name} != {quoted(value)}")


@part("narrow", holds("status"), "status")
def only_status(draft: Draft, state: State) -> State:
    """Only rows of one or two kinds of status."""
    column = state.column("status")
    many = len(column.values) > 3 and draft.draw.chance(40)
    values = draft.draw.sample([v for v in column.values if v != draft.domain.status.void], 2 if many else 1)
    text = draft.phrase("only_status", (
        "Only {many} that are {value} matter here.", "Count just the {many} with {say} {value}.", "We only care about {value} {many}.", "Restrict it to {many} whose {say} is {value}.",
        "Keep the {many} that are {value} and forget the others.", "Nothing but {value} {many}, please ({column}).", "Use those {many} only where the {say} is {value}.",
        "Take a {one} into account only if it is {value}.",
    ), many=state.many, one=state.one, say=column.say, value=listed(values, "or"), column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "in", "value": values})
    draft.operation("data.filter")
    condition = f"{column.name} == {quoted(values[0])}" if len(values) == 1 else f"{column.name} in [{', '.join(map(quoted, values))}]"
    return state.then(f"where {condition}")


@part("narrow", holds("class"), "class")
def only_class(draft: Draft, state: State) -> State:
    """Only rows of some classes, or of all but one."""
    column = state.column("class")
    if len(column.values) > 3 and draft.draw.chance(50):
        value = draft.draw.pick(column.values)
        text = draft.phrase("but_class", (
            "Leave the {say} {value} out of it.", "Everything except {value} counts ({column}).", "{Many} of the {say} {value} are somebody else's business, so skip them.",
            "The {say} {value} is not part of this.", "Do not include {value}.", "Forget about rows with {column} {value}.",
        ), many=state.many, say=column.say, value=value, column=column.name)  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "not", "value": value})
        draft.operation("data.filter")
        return state.then(f"where {column.name} != {quoted(value)}")
    values = draft.draw.sample(column.values, draft.draw.between(1, len(column.values) - 1) if len(column.values) > 2 else 1)[:3]
    text = draft.phrase("only_class", (
        "Only the {say} {value} is of interest.", "Look at {value} only ({column}).", "Keep to {many} with the {say} {value}.", "This is about {value}; other rows do not count.",
        "Take nothing but the {say} {value}.", "Use the rows whose {column} is {value}.",
    ), many=state.many, say=column.say, value=listed(values, "or"), column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "in", "value": values})
    draft.operation("data.filter")
    return state.then(f"where {column.name} in [{', '.join(map(quoted, values))}]")


@part("narrow", holds("date"), "date")
def only_period(draft: Draft, state: State) -> State:
    """Only rows of a month, from a day on, up to a day, or between two days."""
    column, draw, when = state.column("date"), draft.draw, draft.when
    year, first, last = when.first[:4], int(when.first[5:7]), int(when.last[5:7])
    sort = draw.pick(("month", "from", "until", "between"))
    if sort == "month":
        month = draw.between(first, last)
        low, high = f"{year}-{month:02}-01", f"{year}-{month:02}-{_LAST[month - 1]}"
        text = draft.phrase("month", (
            "Only {month} {year} counts ({column}).", "We are looking at {month} {year} alone, going by the {say}.", "Take the {many} whose {say} falls in {month} {year}.",
            "The month in question is {month} {year}, judged by {column}.", "Keep {month} {year} by {say} and drop the other months.", "It is all about {month} {year}; the {say} decides.",
        ), many=state.many, say=column.say, month=_MONTHS[month - 1], year=year, column=column.name)  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "month", "value": f"{_MONTHS[month - 1]} {year}"})
        draft.operation("data.filter")
        return state.then(f"where {column.name} >= @{low} and {column.name} <= @{high}")
    day = f"{year}-{draw.between(first, max(first, last - 1)):02}-{draw.between(8, 22):02}"
    if sort == "between":
        other = f"{day[:5]}{min(int(day[5:7]) + 1, last) if int(day[5:7]) < last else int(day[5:7]):02}-{28 if int(day[5:7]) >= last else draw.between(5, 25):02}"
        text = draft.phrase("between", (
            "Count {many} from {low} to {high}, both days included ({column}).", "The period runs from {low} up to and including {high}, by {say}.",
            "Only the {say} between {low} and {high} matters, with both ends in.", "Take those whose {column} lies in {low} to {high} inclusive.",
        ), many=state.many, say=column.say, low=day, high=other, column=column.name)  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "between", "value": [day, other]})
        draft.operation("data.filter")
        return state.then(f"where {column.name} >= @{day} and {column.name} <= @{other}")
    if sort == "from":
        text = draft.phrase("from", (
            "Start with {day}: earlier {many} do not count ({column}).", "Nothing before {day}, please; the {say} decides.", "Use {many} from {day} on, that day included ({column}).",
            "Leave out whatever has {article} {say} before {day}.", "Only {many} on or after {day} by {say}.",
        ), many=state.many, say=column.say, day=day, column=column.name, article=article(column.say).split()[0])  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "from", "value": day})
        draft.operation("data.filter")
        return state.then(f"where {column.name} >= @{day}")
    text = draft.phrase("before", (
        "Stop before {day}: that day and later ones do not count ({column}).", "Only {many} before {day} by {say}, not the day itself.", "Whatever has {column} {day} or later stays out.",
        "We look at the time before {day}; the {say} decides, and {day} itself is already too late.",
    ), many=state.many, say=column.say, day=day, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "before", "value": day})
    draft.operation("data.filter")
    return state.then(f"where {column.name} < @{day}")


_LAST = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@part("narrow", lambda state: state.level == "rows" and (state.has("amount") or state.has("quantity")), "size")
def only_size(draft: Draft, state: State) -> State:
    """Only rows from a size on, above it, or below it."""
    columns = state.those("amount", "quantity")
    column = draft.draw.pick(columns)
    bound = draft.domain.threshold.amount if column.role == "amount" else draft.domain.threshold.quantity
    bound = int(bound) if bound == int(bound) else float(bound)
    sort, sign = draft.draw.pick((("at least", ">="), ("more than", ">"), ("below", "<")))
    text = draft.phrase(f"size {sign}", {
        ">=": ("Only {many} with {a_say} of at least {bound} {unit} count.", "Ignore everything where {column} is less than {bound}.", "{Bound} {unit} of {say} is the lower limit; exactly {bound} still counts.",
               "Take {many} from {bound} {unit} upwards ({column}), {bound} included.", "{Many} need {a_say} of {bound} {unit} or more to be counted."),
        ">": ("Only {many} with {a_say} of more than {bound} {unit} count.", "Ignore {many} where {column} is {bound} or less.", "The {say} must be above {bound} {unit}; {bound} sharp is not enough.",
              "Keep what exceeds {bound} {unit} in {column}."),
        "<": ("Only the small ones matter: {say} below {bound} {unit}.", "Leave out {many} where {column} is {bound} or higher.", "The {say} has to be under {bound} {unit}, not equal to it.",
              "Take {many} with less than {bound} {unit} of {say} ({column})."),
    }[sign], many=state.many, say=column.say, a_say=article(column.say), bound=bound, unit=column.unit, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": sort, "value": bound})
    draft.operation("data.filter")
    return state.then(f"where {column.name} {sign} {bound}")


@part("narrow", holds("person"), "listed")
def without_listed(draft: Draft, state: State) -> State:
    """People on a list in a second file are left out, or nobody else is taken."""
    column, draw = state.column("person"), draft.draw
    only = draw.chance(35)
    people = next(name for name in draft.taken if name.startswith("people"))
    listing, file = draft.name("listed"), draft.name("list_file")
    how = draw.pick(("lines", "json", "csv"))
    stem = draw.pick(("exclusions", "opt_outs", "hold_list", "skip_these", "not_now") if not only else ("selected", "shortlist", "focus_list", "our_cases", "watch_list"))
    path = draft.path(draw.pick(draft.domain.folders), stem, {"lines": "txt", "json": "json", "csv": "csv"}[how])
    draft.blocks.append(f"data {listing} {{\n  count = {draw.between(2, 4)}\n  unique = [{column.name}]\n  {column.name} = pick({people}.name)\n}}")
    content, reader = {
        "lines": (f'join_text({listing}.{column.name}, "\\n") + "\\n"', f"table(lines({file})) | rename {column.name} = value"),
        "json": (f"json({listing}.{column.name})", f"table(json({file})) | rename {column.name} = value"),
        "csv": (f"csv({listing})", f"csv({file})"),
    }[how]
    draft.files.append(f"file {file} {quoted(path)} {{ content = {content} }}")
    names = draft.name("on_the_list")
    draft.lets.append(f"let {names} = {reader}")
    draft.formats_in.append({"lines": "text", "json": "json", "csv": "csv"}[how])
    options = (
        "Only the {people} listed in {file} count.", "{File} names the {people} that matter; ignore all others.", "Keep to the {people} in {file}.",
        "The selection is in {file}: nobody else is to appear.",
    ) if only else (
        "The {people} listed in {file} are to be left out.", "Nothing for the {people} in {file}, please: they do not count.", "Skip every {person} that stands in {file}.",
        "{File} lists {people} to exclude.", "Take nobody from {file} into account.",
    )  # fmt: skip
    text = draft.phrase(f"listed {only}", options, people=column.many or column.say, person=column.say, file=hole(file))
    draft.say("rule", text, {"do": "listed", "column": column.name, "path": path, "format": how, "how": "only" if only else "without"})
    draft.operation("data.join", "data.filter")
    return state.then(f"{'semi_join' if only else 'anti_join'} {names} on {column.name}")


@part("narrow", lambda state: state.level == "rows" and state.has("due", "status"), "status")
def overdue(draft: Draft, state: State) -> State:
    """What still waits for somebody although its day is over."""
    due, status, value, today = state.column("due"), state.column("status"), draft.domain.status.open, draft.when.today
    text = draft.phrase("overdue", (
        "Today is {today}. Only {many} count that are still {value} and whose {say} lies before today.", "As of {today} we want what is late: {column} {value} and {due} earlier than that day.",
        "Late means {value} with {a_say} before {today}; nothing else belongs in here.", "Take {today} as today and keep the {many} that are {value} although the {say} has passed (the day itself is not late).",
        "We need the {many} that are {value} and had {a_say} before {today}.",
    ), many=state.many, today=today, value=value, say=due.say, a_say=article(due.say), column=status.name, due=due.name)  # fmt: skip
    draft.say("rule", text, {"do": "overdue", "column": [status.name, due.name], "value": value, "today": today})
    draft.operation("data.filter")
    return state.then(f"where {status.name} == {quoted(value)} and {due.name} < @{today}")


@part("narrow", lambda state: state.level == "rows" and bool(state.key) and state.has("date") and (state.has("group") or state.has("person")), "latest")
def latest_of_each(draft: Draft, state: State) -> State:
    """Of several rows with one key only the latest."""
    key = draft.draw.pick(state.those("group", "person"))
    date, mark = state.column("date"), state.columns[0]
    text = draft.phrase("latest", (
        "Of each {key} only the latest {one} counts, by {say}; on the same day the one with the higher {id}.",
        "Per {key}, keep just the most recent {one} ({column}). If two share the day, the later {id} in the alphabet wins.",
        "Reduce it to one {one} per {key}: the one with the latest {say}, and of equal days the greatest {id}.",
        "Every {key} appears once, with its newest {one} by {column}; equal days are settled by the higher {id}.",
    ), key=key.say, one=state.one, say=date.say, column=date.name, id=mark.say)  # fmt: skip
    draft.say("rule", text, {"do": "latest", "by": key.name, "column": [date.name, mark.name]})
    draft.operation("data.rank")
    return state.then(f"sort -{date.name}, -{mark.name}").then(f"distinct {key.name}", key=(key.name,))


def used(column: Column) -> Column:
    """The column under another role, where its old one is spent."""
    return replace(column, role="text")
