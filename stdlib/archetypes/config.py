"""Archetypes over configurations: settings edited in place, drift between two machines."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
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
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State

SERVICES = (
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
    services = draw.sample(SERVICES, draw.between(5, 8))
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
        said = len(draft.sentences)
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
                    "List what changed, with the name of the service as name and the values before and after as old and new.",
                    "There is to be a list of the changes as well, with name, old and new.",
                    "Log each changed service with name, old and new {key}.",
                ),
                key=key,
            ),
            {"do": "log changes", "columns": ["name", "old", "new"]},
        )
        rows = take(draft, rows, "order", ("by_key", "by_measure"))
        draft.retold(said, "output")
        outputs.table_file(draft, rows)
    keep(draft, f"only_changed([{new}])")
    draft.admits.append(f"expect count({changed}) in 2..{len(services) if lift == 'both' else len(services) - 1}")
    draft.operation("files.extract", "files.edit", "data.join")
    draft.shape.append(unit)


_KEYS: tuple[tuple[str, tuple[str | int, ...]], ...] = (
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
        f"{known}\n    | derive {a}_value = text(get({form}({files[0]}), key)), {b}_value = text(get({form}({files[1]}), key))\n    | where {a}_value != {b}_value",
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
    # Formats with types of their own would ask whether a number is wanted as text.
    outputs.table_file(draft, rows, formats=("csv", "tsv", "markdown"))
    if draw.chance(65):
        figures_file(draft, [
            Figure("different", f"count({found} | where {a}_value != \"\" and {b}_value != \"\")", "the number of keys that both have with different values", {"how": "count both"}), Figure(f"only_{a}", f"count({found} | where {b}_value == \"\")", "the number of keys that only the first file has", {"how": "count first only"}),
            Figure(f"only_{b}", f"count({found} | where {a}_value == \"\")", "the number of keys that only the second file has", {"how": "count second only"}),
        ], ("summary", "drift", "counts"))  # fmt: skip
    keep(draft)
    draft.admits.append(f"expect count({found}) in 4..{len(keys) - 2}")
    draft.operation("files.inspect", "data.join", "files.write")


def _values(values: tuple[str | int, ...]) -> str:
    return f"[{', '.join(quoted(v) if isinstance(v, str) else str(v) for v in values)}]"


ARCHETYPES = (
    Archetype("settings", ("systems.configuration", "systems.control"), (
        "The settings of our services no longer fit.", "Please adapt the configuration to what is really used.", "Our servers waste resources.", "We want the limits to follow the measurements.", "The configuration needs new values.", "After {purpose} the settings need adjusting.", "Adjust the service settings for me.", "Nobody has tuned these settings for a year.",
    ), settings, "New settings for services"),
    Archetype("drift", ("systems.inspection", "systems.configuration"), (
        "Two machines are meant to have the same settings.", "Where do the two configurations differ?", "Something works on one machine and not on the other.", "Please compare two configurations.", "I suspect that the settings have drifted apart.", "Before {purpose} we want both systems to agree.", "Find the drift between our configurations.", "Show me what is different on the second machine.",
    ), drift, "Drift of a configuration"),
)  # fmt: skip
