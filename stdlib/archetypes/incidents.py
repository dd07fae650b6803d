"""Archetypes over systems that run: incidents in logs, commands for devices."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.config import SERVICES
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    figures_file,
    keep,
    let,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State


def incident_log(draft: Draft) -> None:
    """Lines of a log to incidents by service."""
    draw = draft.draw
    services = draw.sample(SERVICES, draw.between(4, 5))
    levels = ["INFO", "INFO", "INFO", "WARN", "ERROR", "ERROR", "FATAL"]
    count = draw.between(28, 40)
    texts_of = [
        "timeout after 5000 ms",
        "disk full on /data",
        "connection refused",
        "started",
        "cache rebuilt",
        "slow query",
        "retry 3 of 5",
        "certificate renewed",
        "worker lost",
    ]
    day = draft.when.today
    data = data_block(draft, "entries", count, (
        f"at = @{day}T01:00 + 7min * n + 1min * integer_between(0, 5)", f"level = pick({texts(levels)})", f"service = pick({texts(services)})", f"message = pick({texts(texts_of)})",
        f"odd = if n == {draw.between(5, 20)} then \"-- log rotated --\" else \"\"",
    ))  # fmt: skip
    form, pattern, shown = draw.pick((
        ("{{ text(at) }} {{ level }} {{ service }} {{ message }}", r"^(?P<at>\d\S+) (?P<level>[A-Z]+) (?P<service>\w+) (?P<message>.*)$", "TIME LEVEL SERVICE MESSAGE"),
        ("[{{ level }}] {{ text(at) }} {{ service }}: {{ message }}", r"^\[(?P<level>[A-Z]+)\] (?P<at>\S+) (?P<service>\w+): (?P<message>.*)$", "[LEVEL] TIME SERVICE: MESSAGE"),
        ("{{ text(at) }} | {{ service }} | {{ level }} | {{ message }}", r"^(?P<at>\d\S+) \| (?P<service>\w+) \| (?P<level>[A-Z]+) \| (?P<message>.*)$", "TIME | SERVICE | LEVEL | MESSAGE"),
    ))  # fmt: skip
    path = draft.path(draw.pick(("logs", "var/log", "log")), draw.pick(("app", "gateway", "night", "service")), "log")
    file = draft.name("log_file")
    odd = 'if odd == "" then line else odd + "\\n" + line'
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = join_text(({data} | derive line = {quoted(form)} | select line = {odd}).line, "\\n") + "\\n" }}'
    )
    draft.formats_in.append("log")
    draft.say(
        "source",
        draft.phrase(
            "log",
            (
                'The log is {file}, with lines of the form "{shown}"; other lines are noise.',
                '{File} is the log. An entry looks like "{shown}", whatever looks otherwise is no entry.',
                'Read {file}: entries are "{shown}", and lines of any other form are skipped.',
            ),
            file=hole(file),
            shown=shown,
        ),
        {"do": "read", "path": path, "format": "log"},
        {"do": "parse lines", "entry": shown},
    )
    bad = draw.pick((("ERROR", "FATAL"), ("ERROR",), ("WARN", "ERROR", "FATAL")))
    entries = let(draft, "log_entries", f'lines({file})\n    | parse re"{pattern}"\n    | derive at = datetime(at)')
    cuts = draw.pick(("", "", "03:00"))
    where = f"level in {texts(bad)}" + (f" and at >= @{day}T{cuts}" if cuts else "")
    draft.say("rule", draft.phrase(f"bad {bool(cuts)}", (
        "An incident entry is one with the level {levels}{cut}.", "What counts are entries whose level is {levels}{cut}.", "Only entries with the level {levels}{cut} matter.",
    ), levels=listed(bad, "or"), cut=f" from {cuts} on {day} on" if cuts else ""), {"do": "keep", "column": "level", "compare": "in", "value": list(bad)}, *([{"do": "keep", "column": "at", "compare": "from", "value": [day, cuts]}] if cuts else []))  # fmt: skip
    errors, first, last = draw.pick(
        (("errors", "first_seen", "last_seen"), ("entries", "begin", "finish"), ("problems", "since", "until"))
    )
    by = draw.pick(("service", "service", "message"))
    found = let(
        draft,
        "incidents",
        f"{entries}\n    | where {where}\n    | group {by}, {errors} = count(), {first} = min(at), {last} = max(at)\n    | derive span_min = minutes({last} - {first})",
    )
    draft.say("rule", draft.phrase("incidents", (
        "Per {by} give {errors} (how many), {first} and {last} (the times of the first and the last one) and span_min, the minutes between these two.", "One row per {by} with such entries: {errors}, the number of them, {first} and {last} as times, and span_min, the time between them in minutes.",
        "Group them by {by} and give their number as {errors}, the earliest and latest time as {first} and {last}, and the minutes from one to the other as span_min.",
    ), by=by, errors=errors, first=first, last=last), {"do": "incidents", "by": by, "into": [errors, first, last, "span_min"]})  # fmt: skip
    columns = (
        column(by, "group"),
        column(errors, "count", "number"),
        column(first, "text"),
        column(last, "text"),
        column("span_min", "span", "number"),
    )
    rows = State(found, "incident", "incidents", columns, (by,))
    rows = take(draft, rows, "order", ("by_key", "by_measure"))
    outputs.table_file(draft, rows, formats=("csv", "json", "tsv", "markdown", "jsonl"))
    if draw.chance(50):
        figures_file(
            draft,
            [
                Figure("entries", f"count({entries})", "the number of all entries", {"how": "count all"}),
                Figure(
                    "bad",
                    f"count({entries} | where {where})",
                    "the number of incident entries",
                    {"how": "count"},
                ),
                Figure(
                    f"{by}s_hit",
                    f"count({found})",
                    f"how many values of {by} have incident entries",
                    {"how": "count groups"},
                ),
            ],
            ("digest", "summary", "night"),
        )
    if draw.chance(45):
        outputs.note_file(draft, rows, draft.last)
    keep(draft)
    draft.admits.append(f"expect count({found}) >= 3")
    draft.operation("files.extract", "data.aggregate", "communication.report")


def device_commands(draft: Draft) -> None:
    """Commands for devices by rules on their readings."""
    draw = draft.draw
    rooms = draw.sample(draft.domain.group.values, min(4, len(draft.domain.group.values)))
    kinds = draw.sample(
        (
            ("heater", "temperature", 12, 27),
            ("fan", "humidity", 30, 85),
            ("lamp", "light", 20, 900),
            ("pump", "level", 5, 98),
            ("valve", "pressure", 1, 9),
            ("blind", "sun", 0, 100),
        ),
        draw.between(3, 4),
    )
    names = let(draft, "device_kinds", f"table({texts([k[0] for k in kinds])})")
    device, where, mode = draw.pick(
        (("device", "room", "mode"), ("unit", "zone", "control"), ("id", "place", "setting"))
    )
    on, off = draw.pick((("on", "off"), ("start", "stop"), ("open", "close")))
    manual = draw.pick(("manual", "locked", "service"))
    data = data_block(draft, "devices", draw.between(14, 20), (
        f"kind = pick({names}.value)", f'{device} = serial("{draw.pick(("dev", "d", "x"))}-{{{{ pad(n + 100, 3) }}}}")', f"{where} = pick({texts(rooms)})", f"{mode} = pick({texts(['auto', 'auto', 'auto', manual])})", f'state = pick(["{on}", "{off}"])',
        f"reading = integer_between({min(k[2] for k in kinds)}, {max(k[3] for k in kinds)})",
    ))  # fmt: skip
    columns = (
        column(device, "id"),
        column("kind", "class"),
        column(where, "group"),
        column(mode, "status"),
        column("state", "flag"),
        column("reading", "amount", "number"),
    )
    table = table_input(
        draft,
        data,
        columns,
        draw.pick(("devices", "status", "sensors")),
        "device",
        ("json", "csv", "jsonl", "yaml", "sqlite"),
        draw.pick(("plant", "home", "control", "site")),
    )
    draft.say(
        "source",
        draft.phrase(
            "devices",
            (
                "All devices are in {file}, with {mode}, state and reading.",
                "{File} says how the devices stand right now: {mode}, state and reading.",
                "The devices and their readings stand in {file}.",
            ),
            file=hole(table.file),
            mode=mode,
        ),
    )
    top = max(k[3] for k in kinds)
    rules: list[tuple[str, int, str]] = [
        (k[0], max(2, top * draw.between(25, 70) // 100), draw.pick(("below", "above"))) for k in kinds
    ]
    want = ""
    for kind, bound, side in rules:
        want += f'if kind == "{kind}" then (if reading {"<" if side == "below" else ">"} {bound} then "{on}" else "{off}") else '
    want += f'"{off}"'
    said = "; ".join(f"{kind}: {on} if the reading is {side} {bound}, else {off}" for kind, bound, side in rules)
    draft.say(
        "rule",
        draft.phrase(
            "device rules",
            (
                "The command for a device depends on its kind and its reading. {said}.",
                "These are the rules by kind. {said}.",
                "Decide by kind and reading. {said}.",
            ),
            said=said,
        ),
        {
            "do": "device rules",
            "by": "kind",
            "column": "reading",
            "into": "command",
            "rules": [{"kind_of_device": k, "compare": s, "bound": b} for k, b, s in rules],
            "names": [on, off],
        },
    )
    draft.say("rule", draft.phrase("device limits", (
        "A device with {manual} as its {mode} gets no command, and neither does one that already has the right state.", "Send commands only to devices whose state is not what it is to be; those whose {mode} is {manual} are left alone.", "There is no command where {mode} is {manual}, and none where the state is right as it is.",
    ), mode=mode, manual=manual), {"do": "only changes", "column": mode, "not": manual, "state": "state"})  # fmt: skip
    found = let(
        draft,
        "commands",
        f'{table.rows}\n    | where {mode} != "{manual}"\n    | derive command = {want}\n    | where command != state',
    )
    draft.say(
        "rule",
        draft.phrase(
            "command",
            (
                "A command has {device}, command ({on} or {off}) and {where}.",
                "Each command names {device}, {where} and command, which is {on} or {off}.",
                "For each command write {device}, {where} and, as command, {on} or {off}.",
            ),
            device=device,
            where=where,
            on=on,
            off=off,
        ),
        {"do": "command columns", "columns": [device, where, "command"]},
    )
    rows = State(
        found,
        "command",
        "commands",
        (column(device, "id"), column(where, "group"), column("command", "class")),
        draw.pick(((device,), (where, device))),
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("jsonl", "json", "jsonl", "csv"))
    if draw.chance(55):
        figures_file(
            draft,
            [
                Figure(
                    f"{w}_commands",
                    f'count({found} | where command == "{w}")',
                    f"the number of commands that are '{w}'",
                    {"how": "count", "column": "command", "value": w},
                )
                for w in (on, off)
            ]
            + [
                Figure(
                    "left_alone",
                    f'count({table.rows} | where {mode} == "{manual}")',
                    f"how many devices have '{manual}' as {mode}",
                    {"how": "count", "column": mode, "value": manual},
                )
            ],
            ("summary", "counts", "switching"),
        )
    keep(draft)
    draft.admits.append(
        f"expect count({found}) >= 4 and count({found} | distinct command) == 2 and count({found} | distinct kind) >= 2"
    )
    draft.operation("files.extract", "data.filter", "files.write")


ARCHETYPES = (
    Archetype("incident_log", ("systems.incidents", "systems.inspection"), (
        "Something went wrong in the night.", "What happened to our services?", "Please read the log for me.", "I need the story of an outage.", "The alarm went off and I have a log.", "Sum up the problems in our log.", "Before {purpose} I want to know what failed.", "Make a digest out of the log.",
    ), incident_log, "Digest of a log"),
    Archetype("device_commands", ("systems.control", "automation.triggered"), (
        "Our devices need new commands.", "Find out what to switch.", "Work out which devices to switch.", "The controller is down, so the commands come from us.", "Please write the commands for the devices of {scene}.", "Which devices are to change their state?", "The devices need to be set for {purpose}.", "Turn the readings into commands.",
    ), device_commands, "Commands for devices"),
)  # fmt: skip
