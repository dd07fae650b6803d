"""Archetypes over texts: notes of meetings, announcements."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, capital, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    column,
    data_block,
    deliver,
    judge,
    keep,
    let,
    out_path,
    people_block,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State


def _tasks(draft: Draft) -> list[str]:
    """Things that somebody there may have to do."""
    d = draft.domain
    return draft.draw.sample((
        f"send the list of {d.many} round", f"check the {d.amount.say} of the last {d.one}", f"ask about the {d.due.say}", f"prepare {d.purposes[0]}", f"update the {d.group.say} plan", f"file the {d.results[0].replace('_', ' ')}",
        f"call the {d.person.say} back", f"order a second {d.kind.say} label", f"write up the {d.note.say}", f"compare the {d.quantity.say} with last year", "book the room for the next meeting", "draft the budget page", "test the new form",
    ), 8)  # fmt: skip


def meeting_notes(draft: Draft) -> None:
    """Notes of a meeting to actions and minutes."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 4, 6)
    marks = draw.pick((("ACTION", "DECISION"), ("TODO", "DECIDED"), ("AP", "RESOLVED"), ("Task", "Agreed")))
    form = draw.pick(("- {m} {o}: {t} (due {d})", "* {m} | {o} | {t} | {d}", "- [{m}] {t} -- {o}, by {d}"))
    tasks = _tasks(draft)
    count = draw.between(6, 8)
    year, month, day = draft.when.today.split("-")
    held = draft.when.today
    ahead = f"@{held} + 3d, @{held} + 40d"
    todo = let(draft, "todo_list", f"table({texts(tasks)})")
    actions = data_block(
        draft,
        "agreed_actions",
        count,
        (f"owner = pick({people}.name)", f"task = {todo}.value[n - 1]", f"due = any_date({ahead})"),
    )
    facts = [
        f"The {domain.kind.say} stays as it is.",
        f"{capital(domain.many)} are counted once a month.",
        f"From next month the {domain.due.say} is shown on the board.",
        f"{draw.pick(domain.group.values)} moves to the front of the list.",
        f"Nobody changes the {domain.amount.say} alone.",
    ]
    decided = draw.sample(facts, draw.between(2, 3))
    talk = draw.sample(
        (
            f"Long talk about {draw.pick(domain.purposes)}, no result.",
            f"{capital(domain.note.phrases[0])}, again.",
            "Coffee machine is broken.",
            "Next meeting in two weeks.",
            "The figures were shown and nobody had questions.",
        ),
        draw.between(2, 4),
    )
    line = form.format(m=marks[0], o="{{ owner }}", t="{{ task }}", d="{{ due }}")
    static = draw.shuffled([*(f"- {marks[1]}: {d}" for d in decided), *(f"- {t}" for t in talk)])
    half = len(static) // 2
    head = f"# {draw.pick(('Weekly meeting', 'Team meeting', 'Monthly round', 'Meeting'))}, {int(day)}.{int(month)}.{year}\n\n"
    cut = draw.between(2, count - 2)
    path = draft.path(
        draw.pick(("notes", "meetings", "protocols", "minutes_raw")),
        draw.pick((held, "meeting", "notes", "raw_notes")),
        draw.pick(("md", "txt")),
    )
    file = draft.name("notes_file")
    first, second = "\n".join(static[:half]) + "\n", "\n" + "\n".join(static[half:]) + "\n"
    lines = f"({actions} | select line = {quoted(line)}).line"
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = {quoted(head + first)} + join_text({lines}, "\\n") + {quoted(second)} }}'
    )
    draft.formats_in.append("text")
    draft.shape.append(f"{form[:4]} {cut}")
    shown = form.format(m=marks[0], o="OWNER", t="TASK", d="DAY")
    draft.say("source", draft.phrase("notes", (
        "The notes are in {file}; actions look like \"{shown}\" and decisions begin with \"- {mark}:\".", "In {file} a line of the form \"{shown}\" is an action and one with \"- {mark}:\" is a decision; the other lines are talk.",
        "{File} was typed during the meeting. Its actions have the form \"{shown}\", its decisions follow \"- {mark}:\".",
    ), file=hole(file), shown=shown, mark=marks[1]), {"do": "read", "path": path, "format": "text"}, {"do": "parse lines", "action": shown, "decision": f"- {marks[1]}:"})  # fmt: skip
    pattern = {
        "- {": rf"^- {marks[0]} (?P<owner>[^:]+): (?P<task>.*) \(due (?P<due>[0-9-]+)\)$", "* {": rf"^\* {marks[0]} \| (?P<owner>[^|]+) \| (?P<task>[^|]+) \| (?P<due>[0-9-]+)$", "- [": rf"^- \[{marks[0]}\] (?P<task>.*) -- (?P<owner>.*), by (?P<due>[0-9-]+)$",
    }[form[:3]]  # fmt: skip
    found = let(
        draft,
        "actions",
        f're_lines | parse re"{pattern}" | derive due = date(due)'.replace("re_lines", f"lines({file})"),
    )
    columns = (column("owner", "person"), column("task", "id"), column("due", "date", "date"))
    rows = State(found, "action", "actions", columns, ("due", "task"))
    late = ""
    if draw.chance(40):
        until = draw.between(14, 24)
        late = f" | where due <= @{held} + {until}d"
        draft.say("rule", draft.phrase("soon", (
            "The meeting was on {held}; only actions that are due within {days} days of it are of interest.", "Take actions due up to {days} days after {held}, the day of the meeting, and leave later ones out.", "Leave out what is due more than {days} days after the meeting on {held}.",
        ), held=held, days=until), {"do": "keep", "column": "due", "compare": "within days", "value": [held, until]})  # fmt: skip
        rows = rows.then(late.strip(" |"))
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("json", "csv", "json", "jsonl", "markdown"))
    final = draft.last
    if draw.chance(60):
        names = draw.pick(
            (("Decisions", "Actions"), ("What was decided", "What is to do"), ("Resolutions", "Next steps"))
        )
        limit = draw.pick((160, 200, 250))
        minutes = deliver(
            draft,
            "minutes",
            out_path(draft, draw.pick(("minutes", "summary", "protocol")), "md"),
            f"sections = {texts(names)}",
        )
        draft.say("output", draft.phrase("minutes", (
            "Write the minutes to {file} with the sections {a} and {b}, at most {limit} words in all. {a} has one bullet per decision, word for word; {b} has one bullet for each action of the list, with owner, task and due.",
            "{File} gets two sections, {a} (a bullet for every decision, worded as in the notes) and {b} (a bullet per action of the list that names owner, task and due), within {limit} words.",
            "In {file}, no more than {limit} words, give under {a} every decision as it was worded and under {b} every action of the list with owner, task and due, a bullet each.",
        ), file=hole(minutes), a=names[0], b=names[1], limit=limit), {"do": "minutes", "path": draft.places[minutes], "columns": ["owner", "task", "due"], "sections": list(names), "words": limit})  # fmt: skip
        decisions = let(draft, "decisions", f'lines({file}) | parse re"^- {marks[1]}: (?P<what>.*)$"')
        judge(
            draft,
            "decisions_right",
            f"{decisions} | all any(bullets(section({minutes}, {quoted(names[0])})), mentions(value, what))",
            f"count(bullets(section({minutes}, {quoted(names[0])}))) == count({decisions})",
            weight=2,
        )
        judge(
            draft,
            "actions_named",
            f"{final} | all any(bullets(section({minutes}, {quoted(names[1])})), mentions_all(value, [owner, task, due]))",
            f"count(bullets(section({minutes}, {quoted(names[1])}))) == count({final})",
            f"words({minutes}) <= {limit}",
            weight=2,
        )
        draft.formats_out.append("markdown")
        draft.operation("communication.minutes")
    elif draw.chance(60):
        counts = let(draft, "per_owner", f"{final} | group owner, actions = count()")
        listing = deliver(
            draft,
            "owners",
            out_path(draft, draw.pick(("per_person", "load", "owners")), "csv"),
            "columns = [owner, actions]",
        )
        draft.say(
            "output",
            draft.phrase(
                "owners",
                (
                    "{File} says how many of them each owner has (columns owner and actions).",
                    "Count them per owner in {file}, with the columns owner and actions.",
                    "Also write {file}: owner and actions, the number of each owner's.",
                ),
                file=hole(listing),
            ),
            {"do": "count by", "path": draft.places[listing], "by": "owner", "into": "actions"},
        )
        judge(draft, "owners_right", f"rows({listing}) == {counts}")
        draft.formats_out.append("csv")
    keep(draft)
    draft.admits.append(f"expect count({final}) >= 3 and unique({final}.task)")
    draft.operation("files.extract", "data.extract", "files.write")


def announcement(draft: Draft) -> None:
    """A text from facts, with sections and a limit."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 2, 3)
    draft.use("std.people", "email")
    facts = data_block(draft, "facts", 1, (
        f"title = pick({texts([f'{capital(draw.pick(domain.group.values))} day', f'Open house on {domain.many}', f'News about {domain.many}', f'{capital(domain.one)} week'])})", f"day = any_date(@{draft.when.today} + 10d, @{draft.when.today} + 60d)",
        f"place = pick({texts(domain.group.values)})", "host = first(" + people + ".name)", f"seats = integer_between({draw.between(10, 30)}, {draw.between(50, 140)})", "fee = pick([4, 5, 7.5, 9, 12, 15])", "contact = email(host)", f"budget = integer_between({draw.between(1100, 2900)}, {draw.between(5000, 9900)})",
    ))  # fmt: skip
    kind = draft.balance.pick(draw, "facts format", ("json", "yaml"))
    path = draft.path(draw.pick(domain.folders), draw.pick(("facts", "event", "announcement_facts", "brief")), kind)
    file = draft.name("facts_file")
    draft.files.append(f"file {file} {quoted(path)} {{ content = {kind}(only({facts})) }}")
    draft.formats_in.append(kind)
    fields = draw.sample(("day", "place", "host", "seats", "fee"), draw.between(3, 4))
    secret = draw.chance(60)
    draft.say(
        "source",
        draft.phrase(
            "facts",
            ("The facts are in {file}.", "Take all facts from {file}.", "{File} has what is known about it."),
            file=hole(file),
        ),
        {"do": "read", "path": path, "format": kind},
    )
    what = draw.pick(
        (
            ("What happens", "How to take part"),
            ("The event", "Contact"),
            ("About it", "Sign up"),
            ("In short", "Questions"),
        )
    )
    low, high = draw.pick(((40, 150), (50, 160), (40, 120), (60, 180)))
    name = deliver(
        draft,
        "notice",
        out_path(draft, draw.pick(("announcement", "notice", "invitation", "press_note")), "md"),
        f"sections = {texts(what)}",
    )
    got = f"{kind}({file})"
    draft.say("output", draft.phrase("announcement", (
        "Write {file} with the sections {a} and {b}, {low} to {high} words in all. {a} names the title, {facts}; {b} gives the contact and asks readers to write by {by}.",
        "{File} has two sections, {a} and {b}, and {low} to {high} words. Under {a} state the title, {facts}, under {b} the contact and that the closing day is {by}.",
        "In {file}, between {low} and {high} words, put the title, {facts} under the heading {a}, and the contact with {by} as the closing day under {b}.",
    ), file=hole(name), a=what[0], b=what[1], low=low, high=high, facts=listed(fields), by=_week_before(draft)), {
        "do": "announcement", "path": draft.places[name], "sections": list(what), "facts": ["title", *fields], "contact": "contact", "words": [low, high], "how": "closing day a week before", "column": "day"})  # fmt: skip
    draft.say(
        "limit",
        draft.phrase(
            "fact form",
            (
                "Write days as YYYY-MM-DD and numbers as in the file.",
                "Days have the form YYYY-MM-DD; names and numbers are those of the file.",
                "Keep names and numbers as they are in the file, and days in the form YYYY-MM-DD.",
            ),
        ),
    )
    judge(
        draft,
        "facts_right",
        f"mentions_all(section({name}, {quoted(what[0])}), [{', '.join(f'{got}.{f}' if f != 'day' else f'date({got}.day)' for f in ['title', *fields])}])",
        weight=3,
    )
    judge(
        draft,
        "contact_right",
        f"mentions(section({name}, {quoted(what[1])}), {got}.contact)",
        f"mentions(section({name}, {quoted(what[1])}), date({got}.day) - 7d)",
        weight=2,
    )
    judge(draft, "length_right", f"words({name}) in {low}..{high}", after="facts_right")
    if secret:
        draft.say(
            "limit",
            draft.phrase(
                "secret",
                (
                    "The budget must not be mentioned.",
                    "Keep the budget out of it.",
                    "The budget is nobody's business: leave it out.",
                ),
                what="budget",
            ),
            {"do": "leave out", "column": "budget"},
        )
        draft.checks.append(f"forbid budget_told {{\n  expect mentions({name}, {got}.budget)\n}}")
    draft.formats_out.append("markdown")
    keep(draft)
    draft.operation("files.extract", "communication.draft")


def _week_before(draft: Draft) -> str:
    return draft.draw.pick(
        (
            "the day one week before the event",
            "the seventh day before it takes place",
            "the day seven days before the event",
        )
    )


ARCHETYPES = (
    Archetype("meeting_notes", ("office.meetings", "planning.summaries"), (
        "We met about {purpose} and I took notes.", "Make something useful out of my meeting notes.", "Who agreed to do what in our meeting?", "Please turn the notes of the meeting into a list.", "The notes of our last meeting are a mess.", "I want the actions out of the meeting notes.",
        "The meeting at {scene} is over and what was agreed needs writing up.", "Our meeting on {many} is over; here are the notes.",
    ), meeting_notes, "Actions from meeting notes"),
    Archetype("announcement", ("content.writing", "content.marketing"), (
        "We have something to announce.", "Please write an announcement for {scene}.", "An announcement is due and I have but the facts.", "Write the invitation for me.", "People want to hear about our plans.", "Turn a few facts into a notice.", "We want to invite people, for {purpose}.", "We need a notice for the public.",
    ), announcement, "An announcement"),
)  # fmt: skip
