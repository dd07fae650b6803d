"""Archetypes over calendars: clashes and free slots."""

from __future__ import annotations

from collections.abc import Sequence

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, hole
from clawc.stdlib.archetypes.pieces import (
    column,
    data_block,
    deliver,
    judge,
    keep,
    let,
    out_path,
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


def _bookings(draft: Draft, places: Sequence[str], room: str, size: tuple[int, int] = (14, 22)) -> tuple[str, str, str]:
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
        "All bookings are in {file}: {room}, {begin}, {end} and who booked.", "{File} lists the bookings, each with {room}, {begin} and {end}.", "Take the bookings from {file} (one per row, from {begin} to {end}).", "The bookings of the week are in {file}.",
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
    more = "by more than 30 minutes" if slack else "at all (0 shared minutes, as where they only touch, are fine)"
    draft.say("rule", draft.phrase(f"clash {slack}", (
        "Two bookings of the same {room} clash if they overlap {more}; {other} is the larger of the two ids and {minutes} how long they overlap, in minutes.",
        "A clash is a pair of bookings with the same {room} that overlap {more}. Write each pair once, with the smaller id as id, the larger as {other} and the shared minutes as {minutes}.",
        "For each {room}, find pairs that overlap {more}. The smaller id goes into id, the larger into {other}, the length of the overlap in minutes into {minutes}.",
    ), room=room, more=more, other=other, minutes=minutes), {"do": "clashes", "on": "id", "by": room, "column": [begin, end], "into": [other, minutes], "more than": slack})  # fmt: skip
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
        ), file=hole(name), room=room, minutes=minutes), {"do": "clashes by", "path": draft.places[name], "by": room, "into": ["clashes", "lost"]})  # fmt: skip
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
            {"do": "lines without clash", "path": draft.places[listing], "column": "id"},
        )
        judge(draft, "fine_right", f"lines({listing}) == {free}.id")
        draft.formats_out.append("text")
    keep(draft)
    draft.admits.append(f"expect count({found}) in 3..20")
    draft.operation("data.join", "files.write")


def free_slots(draft: Draft) -> None:
    """Half-hour slots of a day in which nobody is busy."""
    draw = draft.draw
    room = draw.pick(("person", "member", "colleague"))
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
        "We look for {length} minutes in which all {n} of them ({names}) are free, starting on the full or half hour, not before {opens} and ending by {last}, on each of the three days from {first} on.",
        "The meeting takes {length} minutes. It starts at a full or half hour from {opens} on and is over by {last}; {names} all need to be free, on one of the three days that begin with {first}.",
        "On each of the three days from {first} on, try every full and half hour from {opens}; the {length} minutes have to be over by {last} and nobody of {names} may have a booking in them. Touching is fine.",
    ), length=length, n=need, names=", ".join(names), opens=opens, last=last, first=first), {"do": "free slots", "minutes": length, "from": opens, "until": last, "first day": first, "days": "three", "by": room, "names": names, "column": [begin, end], "step": "half hour"})  # fmt: skip
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
    outputs.table_file(draft, table, formats=("csv", "json", "markdown", "tsv", "jsonl"))
    keep(draft)
    draft.admits.append(f"expect count({draft.last}) in 2..60")
    draft.operation("data.filter", "files.write")


ARCHETYPES = (
    Archetype("clashes", ("office.scheduling", "messaging.coordination"), (
        "Two parties keep turning up for the same booking.", "Find the double bookings for me.", "Our booking plan has clashes.", "Something is booked twice next to {purpose}.", "Please check the bookings of {scene} for overlaps.", "The calendar lets people book what is taken.",
        "Which bookings get into each other's way?", "Before I confirm the bookings I want to see the clashes.",
    ), clashes, "Double bookings"),
    Archetype("free_slots", ("office.scheduling", "messaging.coordination"), (
        "We need a date for {purpose}.", "When can we all meet?", "Find a time that suits everybody.", "Please look for a slot for a meeting about {many}.", "Nobody finds a date, so please do it from the calendar.", "I want to bring several people together.", "Everyone is busy; find the gaps.", "We need a date for a meeting at {scene}.",
    ), free_slots, "Times that suit all"),
)  # fmt: skip
