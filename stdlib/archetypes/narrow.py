"""Parts that keep some rows and leave others out."""

from __future__ import annotations

from calendar import monthrange

from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.parts import holds, part
from clawc.stdlib.archetypes.state import State

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_FILTERS = ("where ", "semi_join ", "anti_join ")


@part("clean", lambda state: state.level == "rows" and not state.key)
def once(draft: Draft, state: State) -> State:
    """Rows that stand in the file twice count once."""
    column = state.columns[0]
    text = draft.phrase("once", (
        "Some {many} are in there twice; count each {column} only once.", "A few rows are exact duplicates, so take every {column} once.",
        "Where the same {column} appears a second time it is a copy: ignore the repeat.", "The export repeats some rows. Each {column} counts only once.",
        "Mind the duplicates: rows with the same {column} are one {one}.", "Drop repeated rows first ({column} tells them apart).",
        "Rows that repeat the same {column} are mistakes and count once.", "Please remove duplicates before anything else; {column} is unique.",
    ), many=state.many, one=state.one, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "once", "column": column.name})
    draft.operation("data.clean")
    return state.then(f"distinct {column.name}", key=(column.name,))


@part("narrow", holds("status"), "status", 60)
def without_void(draft: Draft, state: State) -> State:
    """What is void does not count."""
    column, value = state.column("status"), draft.domain.status.void
    text = draft.phrase("without_void", (
        'Leave out {many} whose {say} is "{value}".', '{Many} with the {say} "{value}" do not count.', 'Ignore all {many} with "{value}" under {column}.',
        'Rows marked "{value}" in {column} stay out.', 'Do not count {many} whose {say} is "{value}".', 'Skip every row that says "{value}" in {column}.',
        'Everything counts except what has "{value}" as {column}.', 'Rows with "{value}" as their {say} do not count.',
    ), many=state.many, say=column.say, value=value, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "not", "value": value})
    draft.operation("data.filter")
    return state.narrowed(f"where {column.name} != {quoted(value)}", 70)


@part("narrow", holds("status"), "status", 25)
def only_status(draft: Draft, state: State) -> State:
    """Only rows of one or two kinds of status."""
    column = state.column("status")
    many = len(column.values) > 3 and draft.draw.chance(40)
    values = draft.draw.sample([v for v in column.values if v != draft.domain.status.void], 2 if many else 1)
    text = draft.phrase("only_status", (
        "Only {many} whose {say} is {value} matter here.", "Count just the {many} with the {say} {value}.", "We only care about rows with {value} as {column}.",
        "Restrict it to {many} whose {say} is {value}.", "Keep the rows with {value} in {column} and forget the others.", "Nothing but {value}, please ({column}).",
        "Use {many} only where the {say} is {value}.", "A row counts only if its {column} is {value}.",
    ), many=state.many, say=column.say, value=_either(values), column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "in", "value": values})
    draft.operation("data.filter")
    condition = (
        f"{column.name} == {quoted(values[0])}"
        if len(values) == 1
        else f"{column.name} in [{', '.join(map(quoted, values))}]"
    )
    return state.narrowed(f"where {condition}", 30 * len(values), column if len(values) == 1 else None)


@part("narrow", holds("class"), "class", 30)
def only_class(draft: Draft, state: State) -> State:
    """Only rows of some classes, or of all but one."""
    column = state.column("class")
    if len(column.values) > 3 and draft.draw.chance(50):
        value = draft.draw.pick(column.values)
        text = draft.phrase("but_class", (
            'Leave out {many} whose {say} is "{value}".', 'Everything except "{value}" counts ({column}).', 'Rows with "{value}" as {column} are somebody else\'s business, so skip them.',
            'The {say} "{value}" is not part of this.', 'Do not include "{value}" ({column}).', 'Forget about rows that have "{value}" under {column}.',
        ), many=state.many, say=column.say, value=value, column=column.name)  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "not", "value": value})
        draft.operation("data.filter")
        return state.narrowed(f"where {column.name} != {quoted(value)}", 75)
    values = draft.draw.sample(
        column.values, draft.draw.between(1, len(column.values) - 1) if len(column.values) > 2 else 1
    )[:3]
    text = draft.phrase("only_class", (
        "Only {many} whose {say} is {value} are of interest.", "Look at {value} only ({column}).", "Keep to {many} with the {say} {value}.",
        "This is about rows with {value} under {column}; others do not count.", "Take nothing but {value} ({column}).", "Use the rows whose {column} is {value}.",
    ), many=state.many, say=column.say, value=_either(values), column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "in", "value": values})
    draft.operation("data.filter")
    return state.narrowed(
        f"where {column.name} in [{', '.join(map(quoted, values))}]", 100 * len(values) // len(column.values), column if len(values) == 1 else None
    )  # fmt: skip


@part("narrow", holds("date"), "date", 30)
def only_period(draft: Draft, state: State) -> State:
    """Only rows of a month, from a day on, up to a day, or between two days."""
    column, draw, when = state.column("date"), draft.draw, draft.when
    year, first, last = when.first[:4], int(when.first[5:7]), int(when.last[5:7])
    sort = draw.pick(("month", "from", "until", "between"))
    draft.operation("data.filter")
    if sort == "month":
        month = draw.between(first, last)
        low, high = f"{year}-{month:02}-01", f"{year}-{month:02}-{monthrange(int(year), month)[1]}"
        text = draft.phrase("month", (
            "Only {month} {year} counts ({column}).", "We are looking at {month} {year} alone, going by {column}.", "Take the {many} whose {say} falls in {month} {year}.",
            "The month in question is {month} {year}, judged by {column}.", "Keep {month} {year} by {column} and drop the other months.",
            "It is all about {month} {year}; {column} decides.",
        ), many=state.many, say=column.say, month=_MONTHS[month - 1], year=year, column=column.name)  # fmt: skip
        draft.say(
            "rule",
            text,
            {"do": "keep", "column": column.name, "compare": "month", "value": f"{_MONTHS[month - 1]} {year}"},
        )
        return state.narrowed(f"where {column.name} >= @{low} and {column.name} <= @{high}", 30)
    day = f"{year}-{draw.between(first, max(first, last - 1)):02}-{draw.between(8, 22):02}"
    if sort == "between":
        month = min(int(day[5:7]) + 1, last)
        other = f"{year}-{month:02}-{28 if month == last else draw.between(5, 25):02}"
        text = draft.phrase("between", (
            "Count {many} from {low} to {high}, both days included ({column}).", "The period runs from {low} up to and including {high}, by {column}.",
            "Only {column} between {low} and {high} matters, with both ends in.", "Take those whose {column} lies in {low} to {high} inclusive.",
        ), many=state.many, low=day, high=other, column=column.name)  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "between", "value": [day, other]})
        return state.narrowed(f"where {column.name} >= @{day} and {column.name} <= @{other}", 30)
    if sort == "from":
        text = draft.phrase("from", (
            "Start with {day}: earlier {many} do not count (by {column}).", "Nothing before {day}, please; {column} decides.",
            "Use {many} from {day} on, that day included ({column}).", "Leave out whatever lies before {day} by {column}.", "Only {many} on or after {day} by {column}.",
        ), many=state.many, day=day, column=column.name)  # fmt: skip
        draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "from", "value": day})
        return state.narrowed(f"where {column.name} >= @{day}", 50)
    text = draft.phrase("before", (
        "Stop before {day}: that day and later ones do not count (by {column}).", "Only {many} before {day} by {column}, not the day itself.",
        "Whatever has {day} or a later {column} stays out.", "We look at the time before {day}; {column} decides, and {day} itself is already too late.",
    ), many=state.many, day=day, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": "before", "value": day})
    return state.narrowed(f"where {column.name} < @{day}", 50)


@part("narrow", lambda state: state.level == "rows" and (state.has("amount") or state.has("quantity")), "size", 30)
def only_size(draft: Draft, state: State) -> State:
    """Only rows from a size on, above it, or below it."""
    column = draft.draw.pick(state.those("amount", "quantity"))
    limit = draft.domain.threshold.amount if column.role == "amount" else draft.domain.threshold.quantity
    bound = int(limit) if limit == int(limit) else float(limit)
    sort, sign = draft.draw.pick((("at least", ">="), ("more than", ">"), ("below", "<")))
    text = draft.phrase(f"size {sign}", {
        ">=": ("Only {many} with at least {bound} in {column} count.", "Ignore everything where {column} is less than {bound}.", "The lower limit for {column} is {bound}; exactly {bound} still counts.",
               "Take {many} from {bound} upwards ({column}), {bound} included.", "To be counted, {column} has to be {bound} or more."),
        ">": ("Only {many} with more than {bound} in {column} count.", "Ignore {many} where {column} is {bound} or less.", "Count what is above {bound} in {column}; exactly {bound} is not enough.",
              "Keep what exceeds {bound} in {column}."),
        "<": ("Only the small ones matter: those with {column} below {bound}.", "Leave out {many} where {column} is {bound} or higher.", "In {column} there must be less than {bound}, not {bound} itself.",
              "Take {many} with {column} under {bound}."),
    }[sign], many=state.many, bound=bound, column=column.name)  # fmt: skip
    draft.say("rule", text, {"do": "keep", "column": column.name, "compare": sort, "value": bound})
    draft.operation("data.filter")
    return state.narrowed(f"where {column.name} {sign} {bound}", 60 if sign == "<" else 35)


@part("narrow", holds("person"), "listed", 30)
def without_listed(draft: Draft, state: State) -> State:
    """People on a list in a second file are left out, or nobody else is taken."""
    column, draw = state.column("person"), draft.draw
    only = draw.chance(35)
    people = next(name for name in draft.taken if name.startswith("people"))
    listing, file = draft.name("listed"), draft.name("list_file")
    how = draw.pick(("lines", "json", "csv"))
    stems = (
        ("selected", "shortlist", "focus_list", "our_cases", "watch_list")
        if only
        else ("exclusions", "opt_outs", "hold_list", "skip_these", "not_now")
    )
    path = draft.path(
        draw.pick(draft.domain.folders), draw.pick(stems), {"lines": "txt", "json": "json", "csv": "csv"}[how]
    )
    draft.blocks.append(
        f"data {listing} {{\n  count = {draw.between(2, 4)}\n  unique = [{column.name}]\n  {column.name} = pick({people}.name)\n}}"
    )
    content, reader = {
        "lines": (
            f'join_text({listing}.{column.name}, "\\n") + "\\n"',
            f"table(lines({file})) | rename {column.name} = value",
        ),
        "json": (f"json({listing}.{column.name})", f"table(json({file})) | rename {column.name} = value"),
        "csv": (f"csv({listing})", f"csv({file})"),
    }[how]
    draft.files.append(f"file {file} {quoted(path)} {{ content = {content} }}")
    names = draft.name("on_the_list")
    draft.lets.append(f"let {names} = {reader}")
    draft.formats_in.append({"lines": "text", "json": "json", "csv": "csv"}[how])
    options = (
        "Only the names in {file} count ({column}).", "{File} names the people that matter; ignore all others ({column}).", "Keep to those listed in {file} under {column}.",
        "The selection is in {file}: nobody else is to appear ({column}).",
    ) if only else (
        "Whoever is listed in {file} is to be left out ({column}).", "Nothing for the people in {file}, please: they do not count ({column}).", "Skip everyone whose name stands in {file} ({column}).",
        "{File} lists names to exclude ({column}).", "Take nobody from {file} into account ({column}).",
    )  # fmt: skip
    text = draft.phrase(f"listed {only}", options, column=column.name, file=hole(file))
    draft.say(
        "rule",
        text,
        {"do": "listed", "column": column.name, "path": path, "format": how, "how": "only" if only else "without"},
    )
    draft.operation("data.join", "data.filter")
    return state.narrowed(f"{'semi_join' if only else 'anti_join'} {names} on {column.name}", 35 if only else 65)


@part("narrow", lambda state: state.level == "rows" and state.has("due", "status"), "status", 25)
def overdue(draft: Draft, state: State) -> State:
    """What still waits for somebody although its day is over."""
    due, status, value, today = state.column("due"), state.column("status"), draft.domain.status.open, draft.when.today
    text = draft.phrase("overdue", (
        'Today is {today}. Only {many} count whose {column} is still "{value}" and whose {due} lies before today.',
        'As of {today} we want what is late: "{value}" in {column} and {due} earlier than that day.',
        'We want only what is late on {today}: {column} is "{value}" and {due} is an earlier day.',
        'Take {today} as today and keep the {many} with "{value}" in {column} although {due} has passed (the day itself is not late).',
        'We need the {many} that still have "{value}" in {column} and a day before {today} in {due}.',
    ), many=state.many, today=today, value=value, column=status.name, due=due.name)  # fmt: skip
    draft.say("rule", text, {"do": "overdue", "column": [status.name, due.name], "value": value, "today": today})
    draft.operation("data.filter")
    return state.narrowed(f"where {status.name} == {quoted(value)} and {due.name} < @{today}", 20, status)


def _unfiltered(state: State) -> bool:
    return not any(stage.startswith(_FILTERS) for stage in state.stages)


@part("narrow", lambda state: state.level == "rows" and bool(state.key) and state.has("date") and (state.has("group") or state.has("person")) and _unfiltered(state), "latest", 25)  # fmt: skip
def latest_of_each(draft: Draft, state: State) -> State:
    """Of several rows with one key only the latest; what is left out by other rules is left out afterwards."""
    key = draft.draw.pick(state.those("group", "person"))
    date, mark = state.column("date"), state.columns[0]
    text = draft.phrase("latest", (
        "First of all, before any other rule leaves something out: of each {key} only the row with the latest {date} counts; on the same day the one with the higher {mark}.",
        "To begin with, keep just the most recent row per {key}, by {date}; if two share the day, the {mark} that comes later in the alphabet wins. The other rules apply to what is left.",
        "Begin by reducing it to one row per {key}: the one with the latest {date}, and of equal days the greatest {mark}. All other rules come after that.",
        "Every {key} enters once, with its newest row by {date} (equal days are settled by the higher {mark}); after that come the other rules.",
    ), key=key.say, date=date.name, mark=mark.name)  # fmt: skip
    draft.say("rule", text, {"do": "latest", "by": key.name, "column": [date.name, mark.name]})
    draft.operation("data.rank")
    left = min(state.rows, len(key.values) or 6)
    return state.then(f"sort -{date.name}, -{mark.name}").then(f"distinct {key.name}", key=(key.name,), rows=left)


def _either(values: list[str]) -> str:
    named = [f'"{value}"' for value in values]
    return named[0] if len(named) == 1 else f"either {listed(named, 'or')}"
