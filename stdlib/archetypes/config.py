"""Archetypes over systems: settings edited in place, drift, incidents in logs, commands for devices, folders against manifests."""

from __future__ import annotations

from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    deliver,
    figures_file,
    judge,
    keep,
    let,
    outputs,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State

_SERVICES = (
    "api",
    "worker",
    "mailer",
    "billing",
    "search",
    "frontend",
    "reports",
    "auth",
    "scheduler",
    "images",
    "exports",
    "chat",
)


def settings(draft: Draft) -> None:
    """Values of a configuration file changed by a rule, comments kept."""
    draw = draft.draw
    services = draw.sample(_SERVICES, draw.between(5, 8))
    key, unit, low, high, step = draw.pick(
        (
            ("memory_mb", "MB", 256, 4096, 64),
            ("max_clients", "clients", 40, 900, 10),
            ("cache_mb", "MB", 64, 1024, 32),
            ("timeout_ms", "ms", 200, 9000, 100),
            ("queue_size", "messages", 50, 2000, 25),
        )
    )
    other = draw.pick(("replicas", "retries", "priority", "workers"))
    names = let(draft, "services", f"table({texts(services)})")
    data = data_block(draft, "units", len(services), (
        f"name = {names}.value[n - 1]", f"{key} = integer_between({low // step}, {high // step}) * {step}", f"{other} = integer_between(1, 9)", "_share = pick([0.2, 0.4, 0.55, 0.7, 0.9, 1.2])", f"peak = round({key} * _share)",
        f"remark = pick({texts(['# do not touch without asking', '# since the move', '# see the wiki', '# checked in spring', '# owner is on leave'])})",
    ))  # fmt: skip
    form = draft.balance.pick(draw, "config format", ("yaml", "toml", "ini"))
    folder = draw.pick(("deploy", "conf", "etc", "settings"))
    path = draft.path(folder, draw.pick(("services", "limits", "app", "production")), form)
    file = draft.name("conf_0")
    head = draw.pick(("# Edited by hand. Keep the comments.", "# Loaded at start.", "# One block per service."))
    if form == "yaml":
        top, prefix = f"{head}\nservices:\n", "services."
        line = "  {{ name }}:  {{ remark }}\n    KEY: {{ KEY }}\n    OTHER: {{ OTHER }}"
    elif form == "toml":
        top, prefix, line = f"{head}\n", "", "[{{ name }}]  {{ remark }}\nKEY = {{ KEY }}\nOTHER = {{ OTHER }}\n"
    else:
        top, prefix, line = (
            head.replace("#", ";") + "\n",
            "",
            "[{{ name }}]\n; {{ right(remark, length(remark) - 2) }}\nKEY = {{ KEY }}\nOTHER = {{ OTHER }}\n",
        )
    line = line.replace("KEY", key).replace("OTHER", other)
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = {quoted(top)} + join_text(({data} | select line = {quoted(line)}).line, "\\n") + "\\n" }}'
    )
    draft.formats_in.append(form)
    usage = table_input(
        draft,
        data,
        (column("name", "id"), column("peak", "amount", "number")),
        draw.pick(("usage", "peaks", "measured")),
        "service",
        ("csv", "json", "tsv", "markdown", "yaml"),
        draw.pick(("input", "monitoring", "stats")),
    )
    new = deliver(draft, "conf", path, f"edits = {file}")
    draft.say(
        "source",
        draft.phrase(
            "usage",
            (
                "How much each service really needs is in {file} (name and peak).",
                "{File} has the peak of every service.",
                "The measured peaks stand in {file}, one service a row.",
            ),
            file=hole(usage.file),
        ),
    )
    margin, lift = draw.pick((10, 20, 25, 50)), draw.pick(("lower", "lower", "both"))
    value = f"ceil(peak * {100 + margin} / 100 / {step}) * {step}"
    text = draft.phrase(f"settings {lift}", (
        "The new {key} of a service is its peak plus {margin} %, rounded up to the next multiple of {step}; never raise a value.", "Set {key} to the peak plus {margin} %, rounded up to a multiple of {step}, but only where that is less than the present value.",
        "Lower {key} to the peak and {margin} % more, rounded up to a multiple of {step}. A value that would grow stays as it is.",
    ) if lift == "lower" else (
        "The new {key} of a service is its peak plus {margin} %, rounded up to the next multiple of {step}, be it more or less than before.", "Set {key} to the peak plus {margin} %, rounded up to a multiple of {step}, for every service.",
        "Change {key} of each service to its peak and {margin} % on top, rounded up to a multiple of {step}.",
    ), key=key, margin=margin, step=step)  # fmt: skip
    draft.say(
        "rule", text, {"do": "set", "key": key, "column": "peak", "margin": margin, "multiple": step, "how": lift}
    )
    place = f'"{prefix}{{{{ name }}}}.{key}"'
    old = f"get({form}({file}), {place})" if form != "ini" else f"number(get(ini({file}), {place}))"
    wanted = let(
        draft,
        "wanted",
        f"{usage.rows} | derive old = {old}, goal = {value} | derive new = {'min([old, goal])' if lift == 'lower' else 'goal'}",
    )
    changed = let(draft, "changed", f"{wanted} | where new != old")
    draft.say("output", draft.phrase("edit config", (
        "Edit {file} in place; comments, the order and all other values must stay as they are.", "Change {file} itself and nothing else in it: comments, order and other values stay.", "Make the changes directly in {file}, and leave comments, order and every other value alone.",
    ), file=hole(new)), {"do": "edit", "path": path, "format": form})  # fmt: skip
    judge(
        draft,
        "values_right",
        f"{form}({new}) == patch({form}({file}), record({wanted} | select path = {place}, value = new))",
        weight=4,
    )
    judge(
        draft,
        "rest_right",
        f'replace(text({new}), re"[0-9]+", "N") == replace(text({file}), re"[0-9]+", "N")',
        f"count(changed_lines({new})) == count({changed})",
        weight=1,
        after="values_right",
    )
    draft.formats_out.append(form)
    if draw.chance(65):
        rows = State(
            f"({changed} | select name, old, new)",
            "change",
            "changes",
            (column("name", "id"), column("old", "text", "number"), column("new", "measure", "number")),
            ("name",),
        )
        draft.say(
            "rule",
            draft.phrase(
                "config log",
                (
                    "List what changed: name of the service, old and new value.",
                    "There is to be a list of the changes as well, with name, old and new.",
                    "Log each changed service with name, old and new {key}.",
                ),
                key=key,
            ),
            {"do": "log changes", "columns": ["name", "old", "new"]},
        )
        rows = take(draft, rows, "order", ("by_key", "by_measure"))
        outputs.table_file(draft, rows)
    keep(draft, f"only_changed([{new}])")
    draft.admits.append(f"expect count({changed}) in 2..{len(services) if lift == 'both' else len(services) - 1}")
    draft.operation("files.extract", "files.edit", "data.join")
    draft.shape.append(unit)


_KEYS = (
    ("mail.host", ("mail.example.com", "smtp.example.net", "relay.example.org")), ("mail.port", (25, 465, 587)), ("mail.sender", ("office@example.com", "noreply@example.com")), ("cache.size", (64, 128, 256)), ("cache.ttl", (60, 300, 900)),
    ("log.level", ("info", "debug", "warning")), ("log.keep_days", (7, 14, 30)), ("db.host", ("db1.example.com", "db2.example.com")), ("db.pool", (5, 10, 20)), ("web.port", (80, 8080, 443)), ("web.language", ("en", "de", "fr")),
    ("web.theme", ("light", "dark")), ("backup.hour", (1, 2, 3)), ("backup.target", ("nas", "cloud")),
)  # fmt: skip


def drift(draft: Draft) -> None:
    """What two configurations have different."""
    draw = draft.draw
    keys = sorted(draw.sample(_KEYS, draw.between(9, 12)))
    only_a, only_b = draw.sample([k for k, _ in keys], 2)
    sides = draw.pick(
        (("staging", "production"), ("old", "new"), ("north", "south"), ("main", "spare"), ("test", "live"))
    )
    lines = [
        f"here_{i} = pick({_values(v)})\n  there_{i} = if chance(0.35) then pick({_values(v)}) else here_{i}"
        for i, (_, v) in enumerate(keys)
    ]
    data = data_block(draft, "values", 1, lines)
    form = draft.balance.pick(draw, "config format", ("yaml", "json", "toml"))
    folder = draw.pick(("conf", "config", "servers", "etc"))
    files: list[str] = []
    for side, skip, mark in ((sides[0], only_b, "here"), (sides[1], only_a, "there")):
        sections: dict[str, list[str]] = {}
        for index, (key, _) in enumerate(keys):
            if key != skip:
                sections.setdefault(key.split(".")[0], []).append(f"{key.split('.')[1]}: first({data}).{mark}_{index}")
        value = "{" + ", ".join(f"{section}: {{{', '.join(parts)}}}" for section, parts in sections.items()) + "}"
        file = draft.name(f"{side}_file")
        path = draft.path(folder, side, form)
        draft.files.append(f"file {file} {quoted(path)} {{ content = {form}({value}) }}")
        draft.brief.append({"do": "read", "path": path, "format": form})
        files.append(file)
    draft.formats_in += [form, form]
    draft.say(
        "source",
        draft.phrase(
            "two configs",
            (
                "Compare {a} with {b}.",
                "The two files are {a} and {b}.",
                "One machine runs with {a}, the other with {b}.",
            ),
            a=hole(files[0]),
            b=hole(files[1]),
        ),
    )
    a, b = sides
    known = let(draft, "known_keys", f"table({texts([k for k, _ in keys])}) | rename key = value")
    found = let(
        draft,
        "drifted",
        f"{known}\n    | derive {a}_value = text(get({form}({files[0]}), key)), {b}_value = text(get({form}({files[1]}), key))\n    | where {a}_value == null or {b}_value == null or {a}_value != {b}_value",
    )
    draft.say("rule", draft.phrase("drift", (
        "Every key that differs or that one side lacks is a row: key (with a dot between section and name), {a}_value and {b}_value, empty where a side does not have it.",
        "List each key whose value is not the same in both, or that is missing in one. Write keys as section.name, the two values as {a}_value (from the first file) and {b}_value (from the second), and leave a missing one empty.",
        "A row per difference: key as section.name, {a}_value, {b}_value. Keys that only one file has belong to it, with the other value empty.",
    ), a=a, b=b), {"do": "drift", "into": [f"{a}_value", f"{b}_value"]})  # fmt: skip
    rows = State(
        found,
        "difference",
        "differences",
        (column("key", "id"), column(f"{a}_value", "text"), column(f"{b}_value", "text")),
        ("key",),
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("csv", "tsv", "markdown", "xlsx"))
    if draw.chance(65):
        figures_file(draft, [
            Figure("different", f"count({found} | where {a}_value != null and {b}_value != null)", "keys that both have with other values", {"how": "count both"}), Figure(f"only_{a}", f"count({found} | where {b}_value == null)", "keys of the first file alone", {"how": "count first only"}),
            Figure(f"only_{b}", f"count({found} | where {a}_value == null)", "keys of the second file alone", {"how": "count second only"}),
        ], ("summary", "drift", "counts"))  # fmt: skip
    keep(draft)
    draft.admits.append(f"expect count({found}) in 4..{len(keys) - 2}")
    draft.operation("files.inspect", "data.join", "files.write")


def _values(values: tuple[str, ...] | tuple[int, ...]) -> str:
    return f"[{', '.join(quoted(v) if isinstance(v, str) else str(v) for v in values)}]"


def incident_log(draft: Draft) -> None:
    """Lines of a log to incidents by service."""
    draw = draft.draw
    services = draw.sample(_SERVICES, draw.between(4, 5))
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
        "An incident entry is one with the level {levels}{cut}.", "What counts are entries whose level is {levels}{cut}.", "Only entries with the level {levels} matter{cut}.",
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
                    "how many of them are incident entries",
                    {"how": "count"},
                ),
                Figure(
                    f"{by}s_hit",
                    f"count({found})",
                    f"how many different values of {by} have such entries",
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
                "{File} says how the devices stand right then: {mode}, state and reading.",
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
                "The state that a device is to have depends on its kind. {said}.",
                "These are the rules by kind. {said}.",
                "Decide by kind and reading. {said}.",
            ),
            said=said,
        ),
        {
            "do": "device rules",
            "column": "reading",
            "rules": [{"kind_of_device": k, "compare": s, "bound": b} for k, b, s in rules],
            "names": [on, off],
        },
    )
    draft.say("rule", draft.phrase("device limits", (
        "A device in {mode} {manual} gets no command, and neither does one that already has the right state.", "Send commands only to devices whose state is not what it is to be; those with {mode} {manual} are left alone.", "No command for {mode} {manual}, and none where the state is right as it is.",
    ), mode=mode, manual=manual), {"do": "only changes", "column": mode, "not": manual})  # fmt: skip
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
                "Write {device}, {where} and as command {on} or {off}.",
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
                    f"the number of commands {w}",
                    {"how": "count", "column": "command", "value": w},
                )
                for w in (on, off)
            ]
            + [
                Figure(
                    "left_alone",
                    f'count({table.rows} | where {mode} == "{manual}")',
                    f"how many devices have {mode} {manual}",
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
    Archetype("settings", ("systems.configuration", "systems.control"), (
        "The settings of our services no longer fit.", "Please adapt the configuration to what is really used.", "Our servers waste resources.", "We want the limits to follow the measurements.", "The configuration needs new values.", "After {purpose} the settings need adjusting.", "Adjust the service settings for me.", "Nobody has tuned these settings for a year.",
    ), settings, "New settings for services"),
    Archetype("drift", ("systems.inspection", "systems.configuration"), (
        "Two machines are meant to have the same settings.", "Where do the two configurations differ?", "Something works on one machine and not on the other.", "Please compare two configurations.", "I suspect that the settings have drifted apart.", "Before {purpose} we want both systems to agree.", "Find the drift between our configurations.", "Show me what is different on the second machine.",
    ), drift, "Drift of a configuration"),
    Archetype("incident_log", ("systems.incidents", "systems.inspection"), (
        "Something went wrong in the night.", "What happened to our services?", "Please read the log for me.", "I need the story of an outage.", "The alarm went off and I have a log.", "Sum up the problems in our log.", "Before {purpose} I want to know what failed.", "Make a digest out of the log.",
    ), incident_log, "Digest of a log"),
    Archetype("device_commands", ("systems.control", "automation.triggered"), (
        "Our devices need new commands.", "Find out what to switch.", "Work out which devices to switch.", "The controller is down, so the commands come from us.", "Please write the commands for the devices of {scene}.", "Which devices are to change their state?", "We set the building for {purpose}.", "Turn the readings into commands.",
    ), device_commands, "Commands for devices"),
)  # fmt: skip
