"""Archetypes over time: clashes and free slots, runs of a crontab, plans of tasks one after the other."""

from __future__ import annotations

from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    deliver,
    figures_file,
    judge,
    keep,
    let,
    out_path,
    outputs,
    people_block,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State

_PLACES = (
    "Oak",
    "Elm",
    "Ash",
    "Birch",
    "Studio",
    "Workshop",
    "Room 1",
    "Room 2",
    "Blue room",
    "Hall",
    "Van",
    "Projector",
    "Lab",
    "Attic",
    "Kitchen",
)


def _bookings(draft: Draft, places: list[str], room: str, size: tuple[int, int] = (14, 22)) -> tuple[str, str, str]:
    """A file of bookings of one week; gives the `let` of its rows and the names of begin and end."""
    draw = draft.draw
    people = people_block(draft, 5, 8)
    begin, end = draw.pick((("start", "end"), ("begins", "ends"), ("starts_at", "ends_at"), ("since", "until")))
    count, first = draw.between(*size), draft.when.today
    data = data_block(draft, "booked", count, (
        f'id = serial("{draw.pick(("B", "R-", "bk"))}{{{{ pad(n + {draw.between(10, 60)}, 3) }}}}")', f"{room} = pick({texts(places)})",
        f"{begin} = @{first}T08:00 + 1d * integer_between(0, {2 if size[0] < 14 else 4}) + 30min * integer_between(0, 16)", f"{end} = {begin} + 30min * integer_between(1, 5)", f"booked_by = pick({people}.name)",
    ))  # fmt: skip
    stem = draw.pick(("bookings", "reservations", "calendar_export", "room_plan"))
    columns = (
        column("id", "id"),
        column(room, "group"),
        column(begin, "text"),
        column(end, "text"),
        column("booked_by", "person"),
    )
    table = table_input(
        draft,
        data,
        columns,
        stem,
        "booking",
        ("csv", "tsv"),
        draw.pick(("calendar", "bookings", "planning", draft.domain.folders[0])),
    )
    draft.say("source", draft.phrase("bookings", (
        "All bookings are in {file}: {room}, {begin}, {end} and who booked.", "{File} lists the bookings, each with {room}, {begin} and {end}.", "Take the bookings from {file} (one per row, from {begin} to {end}).", "The bookings of the week stand in {file}.",
    ), file=hole(table.file), room=room, begin=begin, end=end))  # fmt: skip
    return table.rows, begin, end


def clashes(draft: Draft) -> None:
    """Bookings of one thing that overlap."""
    draw = draft.draw
    room = draw.pick(("room", "place", "resource"))
    rows, begin, end = _bookings(draft, draw.sample(_PLACES, draw.between(3, 4)), room)
    other, minutes = draw.pick(
        (
            ("other", "minutes"),
            ("second", "overlap_minutes"),
            ("clashes_with", "overlap"),
            ("with_id", "shared_minutes"),
        )
    )
    slack = draw.pick((0, 0, 30))
    found = let(draft, "overlaps", (
        f"{rows}\n    | join ({rows} | select {room}, {other} = id, {begin}_2 = {begin}, {end}_2 = {end}) on {room}\n    | where id < {other}\n"
        f"    | derive {minutes} = minutes(overlap({begin}..{end}, {begin}_2..{end}_2))\n    | where {minutes} > {slack}"
    ))  # fmt: skip
    draft.say("rule", draft.phrase(f"clash {slack}", (
        "Two bookings of the same {room} clash if they overlap by more than {slack} minutes; {other} is the larger of the two ids and {minutes} how long they overlap, in minutes.",
        "A clash is a pair of bookings with the same {room} that share more than {slack} minutes. Write each pair once, with the smaller id as id, the larger as {other} and the shared minutes as {minutes}.",
        "For each {room}, find pairs that overlap by more than {slack} minutes (those that only touch are fine). The smaller id goes into id, the larger into {other}, the length of the overlap in minutes into {minutes}.",
    ), room=room, slack=slack, other=other, minutes=minutes), {"do": "clashes", "by": room, "column": [begin, end], "into": [other, minutes], "more than": slack})  # fmt: skip
    columns = (column(room, "group"), column("id", "id"), column(other, "text"), column(minutes, "measure", "number"))
    table = State(found, "clash", "clashes", columns, ("id", other))
    table = take(draft, table, "order", ("by_key", "by_measure"))
    outputs.table_file(draft, table)
    if draw.chance(55):
        per = let(draft, "per_place", f"{found} | group {room}, clashes = count(), lost = sum({minutes}) | sort {room}")
        name = deliver(
            draft,
            "per_place_file",
            out_path(draft, draw.pick(("per_room", "by_place", "trouble_spots")), "json"),
            f"columns = [{room}, clashes, lost]",
        )
        draft.say("output", draft.phrase("per place", (
            "{File} is a JSON array with an object per {room} that has clashes: {room}, clashes (how many) and lost (the sum of {minutes}), sorted by {room}.", "Also write {file}, a JSON array sorted by {room}: for each {room} with clashes its {room}, clashes (the number) and lost (all {minutes} added).",
            "Sum it up in {file} as a JSON array of {room}, clashes (their number) and lost (the sum of {minutes}), sorted by {room}; leave out those without a clash.",
        ), file=hole(name), room=room, minutes=minutes), {"do": "clashes by", "by": room, "into": ["clashes", "lost"]})  # fmt: skip
        judge(draft, "per_place_right", f"rows({name}) == {per}", weight=2)
        draft.formats_out.append("json")
    if draw.chance(40):
        free = let(
            draft,
            "fine",
            f"{rows} | anti_join {found} on id | anti_join ({found} | select id = {other}) on id | sort id",
        )
        listing = deliver(draft, "fine_list", out_path(draft, draw.pick(("confirmed", "no_clash", "fine")), "txt"))
        draft.say(
            "output",
            draft.phrase(
                "no clash",
                (
                    "List the ids of all bookings without a clash in {file}, one per line and sorted.",
                    "{File} has the id of every booking that clashes with none, one a line, sorted.",
                    "Bookings that are in no clash go into {file}: one id per line in ascending order.",
                ),
                file=hole(listing),
            ),
            {"do": "lines without clash"},
        )
        judge(draft, "fine_right", f"lines({listing}) == {free}.id")
        draft.formats_out.append("text")
    keep(draft)
    draft.admits.append(f"expect count({found}) in 3..20")
    draft.operation("data.join", "files.write")


def free_slots(draft: Draft) -> None:
    """Half-hour slots of a day in which nobody is busy."""
    draw = draft.draw
    room = draw.pick(("person", "member", "who"))
    names = draw.sample(
        ("Ada", "Bo", "Chen", "Dina", "Emil", "Fay", "Goran", "Hilde", "Imre", "Joy", "Kofi", "Lea"), draw.between(3, 4)
    )
    rows, begin, end = _bookings(draft, names, room, (9, 12))
    first, length = draft.when.today, draw.pick((60, 90, 120))
    opens, closes = draw.pick((("09:00", 10), ("08:30", 9), ("10:00", 8), ("13:00", 9)))
    hour, minute = map(int, opens.split(":"))
    last = f"{(hour * 60 + minute + closes * 30) // 60:02}:{(hour * 60 + minute + closes * 30) % 60:02}"
    count = closes - length // 30 + 1
    grid = let(
        draft,
        "grid",
        f'(dates(@{first}..@{first} + 2d) | rename day = value)\n    | cross_join (table([{", ".join(str(30 * i) for i in range(count))}]) | rename offset = value)\n    | derive begin_at = datetime("{{{{ day }}}}T{opens}") + 1min * offset\n    | derive finish_at = begin_at + {length}min',
    )
    busy = let(
        draft,
        "busy",
        f"{grid} | cross_join ({rows} | select {begin}, {end}, {room}) | where minutes(overlap(begin_at..finish_at, {begin}..{end})) > 0 | distinct begin_at, {room}",
    )
    need = len(names)
    free = let(
        draft,
        "free",
        f"{grid} | left_join ({busy} | group begin_at, away = count()) on begin_at | derive away = away ?? 0 | where away == 0 | select day, from_time = right(left(text(begin_at), 16), 5)",
    )
    draft.say("rule", draft.phrase("free slots", (
        "We look for {length} minutes within which all {n} of them ({names}) are free, starting on the full or half hour, not before {opens} and ending by {last}, on each of the three days from {first} on.",
        "The meeting takes {length} minutes. It starts at a full or half hour from {opens} on and is over by {last}; {names} all need to be free, on one of the three days that begin with {first}.",
        "On each of the three days from {first} on, try every full and half hour from {opens}; the {length} minutes have to be over by {last} and nobody of {names} may have a booking in them. Touching is fine.",
    ), length=length, n=need, names=", ".join(names), opens=opens, last=last, first=first), {"do": "free slots", "minutes": length, "from": opens, "until": last, "first day": first, "days": "three", "by": room, "column": [begin, end], "step": "half hour"})  # fmt: skip
    draft.say(
        "rule",
        draft.phrase(
            "slot columns",
            (
                "Give the day (YYYY-MM-DD) as day and the start (HH:MM) as from_time.",
                "A row has day (YYYY-MM-DD) and from_time, the start as HH:MM.",
                "Columns are day, as YYYY-MM-DD, and from_time, as HH:MM.",
            ),
            x=1,
        ),
        {"do": "slot columns", "columns": ["day", "from_time"]},
    )
    table = State(
        free, "slot", "slots", (column("day", "date", "date"), column("from_time", "id")), ("day", "from_time")
    )
    table = take(draft, table, "order", ("by_key",))
    if draw.chance(40):
        table = take(draft, table, "top")
    outputs.table_file(draft, table, formats=("csv", "json", "markdown", "tsv", "jsonl"))
    keep(draft)
    draft.admits.append(f"expect count({draft.last}) in 2..60")
    draft.operation("data.filter", "files.write")


def cron_runs(draft: Draft) -> None:
    """The next runs of the lines of a crontab."""
    draw, domain = draft.draw, draft.domain
    jobs = draw.sample(
        (
            *(f"export_{r}" for r in domain.results[:3]),
            "backup",
            "sync_mail",
            "rotate_logs",
            "send_report",
            "clean_tmp",
            "check_disks",
            "renew_certs",
        ),
        draw.between(5, 7),
    )
    options = [
        "0 6 * * *",
        "30 22 * * 1-5",
        "15 */6 * * *",
        "0 4 * * 0",
        "45 7 1 * *",
        "20 3 * * 2,4",
        "0 12 15 * *",
        "10 0-3 * * 6",
        "5 18 * * 5",
        "0,30 9 * * 1",
    ]
    names = let(draft, "job_names", f"table({texts(jobs)})")
    data = data_block(
        draft, "jobs", len(jobs), (f"job = {names}.value[n - 1]", f"plan = pick({texts(options)})"), "plan"
    )
    path = draft.path(
        draw.pick(("cron", "ops", "schedule", "server")), draw.pick(("crontab", "jobs", "schedule")), "txt"
    )
    file = draft.name("crontab_file")
    folder = draw.pick(("/opt/jobs", "/usr/local/bin", "/srv/tasks"))
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = "# minute hour day month weekday command\\n" + join_text(({data} | select line = "{{{{ plan }}}} {folder}/{{{{ job }}}}.sh").line, "\\n") + "\\n" }}'
    )
    draft.formats_in.append("text")
    hours = draw.pick((24, 48, 72))
    first = draft.when.today
    draft.say(
        "source",
        draft.phrase(
            "crontab",
            (
                "The crontab is {file}.",
                "{File} is a crontab; the job is the name of the script without .sh.",
                "All jobs stand in {file}, a crontab.",
            ),
            file=hole(file),
        ),
        {"do": "read", "path": path, "format": "crontab"},
    )
    draft.say("rule", draft.phrase("cron window", (
        "Work out every run from {first} 00:00 on, for {hours} hours; {first} 00:00 itself counts and the end does not. A row is a run, with job (the script's name without folder and .sh) and at (YYYY-MM-DDTHH:MM).",
        "List all runs that fall into the {hours} hours that begin at {first} 00:00, the end excluded: at (like YYYY-MM-DDTHH:MM) and job, which is the script without its folder and without .sh.",
        "For the {hours} hours from {first} 00:00 (that minute is in, the last one is out) give each run as at, written YYYY-MM-DDTHH:MM, and job, the name of the script without folder and .sh.",
    ), first=first, hours=hours), {"do": "cron", "from": first, "hours": hours, "into": ["job", "at"]})  # fmt: skip
    runs = let(draft, "runs", (
        f'lines({file})\n    | parse re"^(?P<plan>\\S+ \\S+ \\S+ \\S+ \\S+) (?P<script>\\S+)$"\n    | unnest at = cron_times(plan, @{first}T00:00..@{first}T00:00 + {hours * 60 - 1}min)\n    | select job = capture(script, re"([^/]+)\\.sh$"), at'
    ))  # fmt: skip
    table = State(
        runs, "run", "runs", (column("job", "group"), column("at", "id")), draw.pick((("at", "job"), ("job", "at")))
    )
    table = take(draft, table, "order", ("by_key",))
    outputs.table_file(draft, table, formats=("csv", "json", "tsv", "jsonl", "markdown"))
    if draw.chance(70):
        many = draft.last
        figures_file(draft, [
            Figure("runs", f"count({many})", "the number of runs", {"how": "count"}), Figure(draw.pick(("jobs_running", "jobs")), f"count({many} | distinct job)", "how many jobs run at all", {"how": "count distinct", "column": "job"}),
            Figure("silent", f"{len(jobs)} - count({many} | distinct job)", "how many jobs of the crontab do not run in that time", {"how": "count silent", "column": "job"}),
        ], ("summary", "counts", "forecast"))  # fmt: skip
    keep(draft)
    draft.admits.append(f"expect count({runs}) in 4..40 and count({runs} | distinct job) >= 2")
    draft.operation("files.extract", "data.rank", "files.write")


def task_timeline(draft: Draft) -> None:
    """Tasks one after the other: when does each begin and end?"""
    draw, domain = draft.draw, draft.domain
    what = draw.pick(("task", "step", "unit", "lesson", "package"))
    subjects = draw.sample(
        (
            f"look at the {domain.group.say}",
            f"learn about {domain.kind.many}",
            f"count the {domain.many}",
            f"write the {domain.results[0].replace('_', ' ')}",
            f"check the {domain.amount.say}",
            f"meet the {domain.person.many}",
            f"plan {domain.purposes[0]}",
            "clean up",
            "test run",
            "review",
            "training",
            "hand over",
            "set up the room",
        ),
        draw.between(7, 11),
    )
    names = let(draft, "subjects", f"table({texts(subjects)})")
    people = people_block(draft, 2, 3)
    hours, lane = draw.pick(("hours", "days_needed", "effort")), draw.pick(("owner", "who", "team"))
    data = data_block(
        draft,
        "tasks",
        len(subjects),
        (
            f"no = n + {draw.pick((0, 10, 100))}",
            f"{what} = {names}.value[n - 1]",
            f"{lane} = pick({people}.name)",
            f"{hours} = integer_between(1, 6)",
            'optional = pick(["no", "no", "no", "yes"])',
        ),
    )
    table = table_input(
        draft,
        data,
        (
            column("no", "id", "number"),
            column(what, "text"),
            column(lane, "person"),
            column(hours, "quantity", "number"),
            column("optional", "status"),
        ),
        draw.pick(("tasks", "plan", "steps", "backlog")),
        what,
        ("csv", "json", "yaml", "markdown", "tsv", "xlsx"),
    )
    draft.say(
        "source",
        draft.phrase(
            "task list",
            (
                "What is to be done stands in {file}, in the order of no.",
                "{File} lists every {what} with its {hours}; no gives the order.",
                "The {what} list is {file}; {hours} says how many working days each takes.",
            ),
            file=hole(table.file),
            what=what,
            hours=hours,
        ),
    )
    skip = draw.chance(45)
    if skip:
        draft.say(
            "rule",
            draft.phrase(
                "optional",
                (
                    "Leave out whatever is optional (yes).",
                    "Rows with optional yes are left out.",
                    "We skip all that has yes in optional.",
                ),
                x=1,
            ),
            {"do": "keep", "column": "optional", "compare": "not", "value": "yes"},
        )
    each = draw.chance(55)
    draft.say("rule", draft.phrase(f"timeline {each}", (
        "Everybody ({lane}) works through their own rows in the order of no, one after the other, and {hours} is the number of days that a {what} takes. Day 1 is the first day; first_day and last_day are numbers of days.",
        "Per {lane} the rows follow each other by no without a gap: first_day of the first one is 1, a {what} lasts {hours} days, and last_day is its final day.",
        "Number the days from 1. Each {lane} does one {what} after the other, in the order of no; first_day and last_day say from which day to which, as {hours} is its length in days.",
    ) if each else (
        "All is done one after the other in the order of no; {hours} is the number of days that a {what} takes. Day 1 is the first day; first_day and last_day are numbers of days.",
        "The rows follow each other by no without a gap: first_day of the first one is 1, a {what} lasts {hours} days, and last_day is its final day.",
        "Number the days from 1. One {what} follows the other in the order of no; first_day and last_day say from which day to which, as {hours} is its length in days.",
    ), lane=lane, hours=hours, what=what), {"do": "timeline", "order": "no", "length": hours, "into": ["first_day", "last_day"], **({"by": lane} if each else {})})  # fmt: skip
    plan = let(
        draft,
        "plan_rows",
        f"{table.rows}"
        + (' | where optional != "yes"' if skip else "")
        + f"\n    | sort no\n    | window last_day = running_sum({hours})"
        + (f" on {lane}" if each else "")
        + f"\n    | derive first_day = last_day - {hours} + 1",
    )
    columns = (
        column("no", "id", "number"),
        column(what, "text"),
        column(lane, "person"),
        column("first_day", "measure", "number"),
        column("last_day", "measure", "number"),
    )
    rows = State(plan, what, f"{what}s", columns, draw.pick((("no",), ("first_day", "no"))))
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(60):
        figures_file(draft, [
            Figure("length", f"max({plan}.last_day)", "the number of the day on which the last one ends", {"how": "max", "column": "last_day"}), Figure("work_days", f"sum({plan}.{hours})", f"the sum of {hours}", {"how": "sum", "column": hours}),
            Figure("rows", f"count({plan})", "the number of rows", {"how": "count"}),
        ], ("summary", "totals", "plan_figures"))  # fmt: skip
    keep(draft)
    draft.admits.append(f"expect count({plan}) >= 4 and count({plan} | distinct {lane}) >= 2")
    draft.operation("files.extract", "data.aggregate", "files.write")


ARCHETYPES = (
    Archetype("clashes", ("office.scheduling", "messaging.coordination"), (
        "Two parties keep turning up for the same booking.", "Find the double bookings for me.", "Our booking plan has clashes.", "Something is booked twice next to {purpose}.", "Please check the bookings of {scene} for overlaps.", "The calendar lets people book what is taken.",
        "Which bookings get into each other's way?", "Before I confirm the bookings I want to see the clashes.",
    ), clashes, "Double bookings"),
    Archetype("free_slots", ("office.scheduling", "messaging.coordination"), (
        "We need a date for {purpose}.", "When can we all meet?", "Find a time that suits everybody.", "Please look for a slot for a meeting about {many}.", "Nobody finds a date, so please do it from the calendar.", "I want to bring several people together.", "Everyone is busy; find the gaps.", "We need a date for a meeting at {scene}.",
    ), free_slots, "Times that suit all"),
    Archetype("cron_runs", ("automation.scheduled", "systems.inspection"), (
        "What will our server do on its own?", "Which jobs run when?", "Before {purpose} I want to know which jobs will run.", "Please read our crontab and tell me what it does.", "We plan maintenance and want to know what runs.", "List the scheduled runs.", "Nobody here can read a crontab.", "Jobs may get in the way of {purpose}.",
    ), cron_runs, "Runs of scheduled jobs"),
    Archetype("task_timeline", ("planning.decomposition", "planning.curriculum", "planning.design"), (
        "Make a plan out of a list of things to do.", "When would we be done?", "Lay out the work for {purpose} day by day.", "Please turn the list into a schedule.", "We know what to do but not when.", "I want a timeline for {purpose}.", "How long will all of this take us?", "Plan the coming work at {scene}.",
    ), task_timeline, "A timeline"),
)  # fmt: skip
