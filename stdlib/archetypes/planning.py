"""Archetypes of plans: runs of a crontab, tasks one after the other."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    figures_file,
    keep,
    let,
    people_block,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State


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
    hours = draw.pick((48, 72, 96))
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
        "For the {hours} hours from {first} 00:00 (that minute is in, the end is out) give each run as at, written YYYY-MM-DDTHH:MM, and job, the name of the script without folder and .sh.",
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
    draft.admits.append(f"expect count({runs}) in 6..60 and count({runs} | distinct job) >= 2")
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
    hours, lane = draw.pick(("hours", "days_needed", "effort")), draw.pick(("owner", "colleague", "team"))
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
        "Everybody ({lane}) works through their own rows in the order of no, one after the other, and {hours} is the number of days that {a_what} takes. Day 1 is the first day; first_day and last_day are numbers of days.",
        "Per {lane} the rows follow each other by no without a gap: first_day of the first one is 1, {a_what} lasts {hours} days, and last_day is its final day.",
        "Number the days from 1. Each {lane} does one {what} after the other, in the order of no; first_day and last_day say from which day to which, as {hours} is its length in days.",
    ) if each else (
        "All is done one after the other in the order of no; {hours} is the number of days that {a_what} takes. Day 1 is the first day; first_day and last_day are numbers of days.",
        "The rows follow each other by no without a gap: first_day of the first one is 1, {a_what} lasts {hours} days, and last_day is its final day.",
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
    Archetype("cron_runs", ("automation.scheduled", "systems.inspection"), (
        "What will our server do on its own?", "Which jobs run when?", "Before {purpose} I want to know which jobs will run.", "Please read our crontab and tell me what it does.", "We plan maintenance and want to know what runs.", "List the scheduled runs.", "Nobody here can read a crontab.", "A list of coming runs would help with {purpose}.",
    ), cron_runs, "Runs of scheduled jobs"),
    Archetype("task_timeline", ("planning.decomposition", "planning.curriculum", "planning.design"), (
        "Make a plan out of a list of things to do.", "When would we be done?", "Lay out, day by day, the work for {purpose}.", "Please turn the list into a schedule.", "We know what to do but not when.", "I want a timeline for {purpose}.", "How long will all of this take us?", "Plan the coming work at {scene}.",
    ), task_timeline, "A timeline"),
)  # fmt: skip
