"""Archetypes over programs that fail: crash reports to the places in the code that are to be mended first."""

from __future__ import annotations

from collections.abc import Sequence

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import Figure, column, data_block, figures_file, keep, let, texts
from clawc.stdlib.archetypes.state import State

_ERRORS = (
    "KeyError", "ValueError", "TypeError", "TimeoutError", "IndexError", "ZeroDivisionError", "AttributeError", "OSError", "MemoryError",
)  # fmt: skip
_PLACES = (
    "app/cart.py:118", "app/login.py:42", "app/export.py:77", "core/dates.py:9", "core/money.py:203", "jobs/mail.py:61", "jobs/sync.py:350", "web/views.py:88", "web/search.py:15",
    "api/orders.py:127", "api/users.py:64", "core/cache.py:31", "app/upload.py:256", "jobs/backup.py:19",
)  # fmt: skip
# How a line is written, the pattern that reads it, and how it is shown to people.
_FORMS = (
    ("{{ text(at) }} {{ release }} {{ who }} {{ error }} at {{ place }}", r"^(?P<at>\d\S+) (?P<release>\S+) (?P<who>\S+) (?P<error>\w+) at (?P<place>\S+)$", "TIME RELEASE USER ERROR at PLACE"),
    ("{{ error }} in {{ place }} | {{ text(at) }} | {{ who }} | {{ release }}", r"^(?P<error>\w+) in (?P<place>\S+) \| (?P<at>\S+) \| (?P<who>\S+) \| (?P<release>\S+)$", "ERROR in PLACE | TIME | USER | RELEASE"),
    ("[{{ release }}] {{ text(at) }} {{ place }}: {{ error }} ({{ who }})", r"^\[(?P<release>\S+)\] (?P<at>\S+) (?P<place>\S+): (?P<error>\w+) \((?P<who>\S+)\)$", "[RELEASE] TIME PLACE: ERROR (USER)"),
    ("{{ place }}; {{ error }}; {{ release }}; {{ text(at) }}; {{ who }}", r"^(?P<place>\S+); (?P<error>\w+); (?P<release>\S+); (?P<at>\S+); (?P<who>\S+)$", "PLACE; ERROR; RELEASE; TIME; USER"),
)  # fmt: skip
_NOISE = ("-- upload of reports resumed --", "(report cut off)", "== restarted ==", "no stack")


def crash_report(draft: Draft) -> None:
    """Crash reports of a program to one row for each fault, the worst first."""
    draw = draft.draw
    errors, places = draw.sample(_ERRORS, draw.between(4, 5)), draw.sample(_PLACES, draw.between(4, 6))
    first, day = draw.between(1, 8), draft.when.today
    releases = [f"{first}.{n}.{draw.between(0, 4)}" for n in range(draw.between(2, 4))]
    data = data_block(draft, "reports", draw.between(30, 46), (
        f"at = @{day}T00:20 + {draw.between(9, 23)}min * n + 1min * integer_between(0, 8)", f"release = pick({texts(releases)})", f'who = "u{{{{ integer_between({draw.between(101, 300)}, {draw.between(306, 330)}) }}}}"',
        f"error = pick({texts(errors)})", f"place = pick({texts(places)})", f"odd = if n == {draw.between(4, 24)} then {quoted(draw.pick(_NOISE))} else \"\"",
    ))  # fmt: skip
    form, pattern, shown = draw.pick(_FORMS)
    path = draft.path(
        draw.pick(("crashes", "logs", "reports-in", "diagnostics")),
        draw.pick(("crashes", "crash_reports", "faults", "failures")),
        draw.pick(("log", "txt")),
    )
    file = draft.name("crash_file")
    odd = 'if odd == "" then line else odd + "\\n" + line'
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = join_text(({data} | derive line = {quoted(form)} | select line = {odd}).line, "\\n") + "\\n" }}'
    )
    draft.formats_in.append("log")
    draft.say("source", draft.phrase("crash file", (
        '{File} holds the crash reports, one a line, as "{shown}"; a line of another form is no report.', 'Every crash is a line of {file} that looks like "{shown}". Lines that look otherwise do not count.', 'The reports are in {file}. A report is a line "{shown}"; ignore everything else in there.',
    ), file=hole(file), shown=shown), {"do": "read", "path": path, "format": "log"}, {"do": "crash lines", "entry": shown})  # fmt: skip
    reports = let(draft, "crash_rows", f'lines({file})\n    | parse re"{pattern}"\n    | derive at = datetime(at)')
    kept = _narrowed(draft, reports, errors, releases)
    by = draw.pick((("error", "place"), ("place",), ("error",), ("error", "place")))
    crashes, people, since = draw.pick(
        (("crashes", "users", "first_seen"), ("times", "people", "since"), ("reports", "affected", "earliest"))
    )
    worst = draw.chance(50)
    keys = ", ".join(by)
    users = let(draft, "by_user", f"{kept} | distinct {keys}, who | group {keys}, {people} = count()")
    step = "newest" if worst else "releases_hit"
    if worst:
        found = let(
            draft,
            "faults",
            f"{kept}\n    | group {keys}, {crashes} = count(), {since} = min(at), {step} = max(at)\n    | join {users} on {keys}",
        )
    else:
        hit = let(draft, "by_release", f"{kept} | distinct {keys}, release | group {keys}, {step} = count()")
        found = let(
            draft,
            "faults",
            f"{kept}\n    | group {keys}, {crashes} = count(), {since} = min(at)\n    | join {users} on {keys} | join {hit} on {keys}",
        )
    draft.say("rule", draft.phrase(f"faults {worst}", (
        "One row per {by}: {crashes} (how many reports), {people} (how many different users), {since} (the time of the first report) and {extra}.", "Put together what has the same {by} and give {crashes}, the number of reports, {people}, the number of different users, {since}, the earliest time, and {extra}.", "For each {by} I need {crashes} (the reports), {people} (users, each counted once), {since} (time of the first one) and {extra}.",
    ), by=listed(by), crashes=crashes, people=people, since=since, extra="newest (the time of the last one)" if worst else "releases_hit (in how many releases it happens)"), {"do": "crashes", "by": list(by), "into": [crashes, people, since, step], "last": worst})  # fmt: skip
    columns = (
        *(column(name, "group") for name in by), column(crashes, "count", "number"), column(people, "measure", "number"), column(since, "text"),
        column("newest", "text") if worst else column("releases_hit", "span", "number"),
    )  # fmt: skip
    rows = State(found, "fault", "faults", columns, by)
    rows = take(draft, rows, "order", ("by_measure", "by_key"))
    outputs.table_file(draft, rows, formats=("csv", "json", "tsv", "markdown", "jsonl"))
    if draw.chance(55):
        figures_file(draft, [
            Figure("all_reports", f"count({reports})", "the number of all reports", {"how": "count all"}), Figure("counted", f"count({kept})", "how many reports count", {"how": "count"}),
            Figure("users_hit", f"count({kept} | distinct who)", "how many different users the reports that count are from", {"how": "count users"}),
        ], ("crash_figures", "summary", "totals"))  # fmt: skip
    if draw.chance(40):
        outputs.note_file(draft, rows, draft.last)
    keep(draft)
    draft.admits.append(f"expect count({found}) >= 3")
    draft.operation("files.extract", "code.inspect", "data.aggregate", "communication.report")


def _narrowed(draft: Draft, reports: str, errors: Sequence[str], releases: Sequence[str]) -> str:
    """Which reports count: all, or those of some releases or errors."""
    kind = draft.draw.pick(("known", "release", "all", "release", "known"))
    if kind == "all":
        return reports
    if kind == "known":
        known = errors[-1]
        step: Step = {"do": "keep", "column": "error", "compare": "not", "value": known}
        text = draft.phrase("known error", (
            "{known} is mended already; leave it out.", "Skip every {known}: we know that one.", "Reports of a {known} do not count any more.",
        ), known=known)  # fmt: skip
        where = f"error != {quoted(known)}"
    else:
        old = releases[0]
        step = {"do": "keep", "column": "release", "compare": "not", "value": old}
        text = draft.phrase("old release", (
            "Nobody uses release {old} any more, so its reports are out.", "Ignore reports from release {old}.", "What comes from {old} does not count; that release is withdrawn.",
        ), old=old)  # fmt: skip
        where = f"release != {quoted(old)}"
    draft.say("rule", text, step)
    return let(draft, "counted", f"{reports} | where {where}")


ARCHETYPES = (
    Archetype("crash_report", ("software.debugging",), (
        "Which of our crashes should be mended first?", "The crash reports pile up; please sum them up.", "Before we hunt bugs I want to know where the program fails.", "Find out where our program breaks.", "Please go through the crash reports.", "There are too many crashes since the last release.", "Our users see errors. Which ones, and where?", "For the bug hunt we need a list of faults.", "Tell me which faults hurt most people.", "We look for the worst bugs.", "The developers ask which crashes there are.", "Sort out our crash reports, please.",
    ), crash_report, "Faults by crash reports"),
)  # fmt: skip
