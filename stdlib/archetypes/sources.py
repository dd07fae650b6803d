"""Parts that give rows: a file of the workspace in some format, made from generated data, with or without dirt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clawc.stdlib.archetypes.draft import Draft, Period, article, hole, quoted
from clawc.stdlib.archetypes.state import Column, Role, State
from clawc.stdlib.seeds.domains import Domain

# How a table is written and read again: ending, content, reader. `{t}` is the name of the data, `{f}` that of the file.
FORMATS: dict[str, tuple[str, str, str]] = {
    "csv": ("csv", "csv({t})", "csv({f})"),
    "tsv": ("tsv", "tsv({t})", "tsv({f})"),
    "json": ("json", "json({t})", "json({f})"),
    "jsonl": ("jsonl", "jsonl({t})", "jsonl({f})"),
    "yaml": ("yaml", "yaml({t})", "table(yaml({f}))"),
    "xlsx": ("xlsx", "xlsx({t})", "xlsx({f})"),
    "sqlite": ("db", "sqlite({{{table}: {t}}})", "sqlite({f}, {named})"),
    "markdown": ("md", "{head} + join_text(({t} | select line = {line}).line, {end}) + {end}", "md_table({f})"),
    "html": ("html", "{head} + join_text(({t} | select line = {line}).line, {end}) + {tail}", "html_table({f})"),
    "xml": ("xml", "xml({{tag: {root}, attr: {{}}, text: {none}, children: ({t} | select tag = {tag}, attr = {attr}, text = {none}, children = [])}})",
            "xml_select({f}, {tag})"),
}  # fmt: skip
DIRTY = ("csv", "tsv", "json", "jsonl", "yaml", "xlsx", "sqlite")  # formats in which a table stands with its dirt
_DATES_ARE_TEXT = frozenset({"json", "jsonl", "yaml", "xlsx", "sqlite", "xml"})
KINDS = {
    "csv": "CSV", "tsv": "tab-separated", "json": "a JSON array", "jsonl": "JSON Lines", "yaml": "a YAML list", "xlsx": "a spreadsheet",
    "sqlite": "an SQLite database", "markdown": "a Markdown table", "html": "an HTML page", "xml": "XML",
}  # fmt: skip
SIZES = {"few": (12, 18), "some": (19, 28), "many": (29, 44)}

_SAID = (
    "The {many} are in {file}.", "You find all {many} in {file}.", "{File} holds the {many}, one {one} a row.", "All the {many} stand in {file}.",
    "Our {many} are kept in {file}.", "Start from {file}, which lists the {many}.", "Use {file} ({what}); every row there is {a_one}.",
    "What we have is {file}, {what} with one entry per {one}.", "The list of {many} is {file}.", "Take the {many} from {file}.",
    "Work from {file}: one {one} per row.", "The data sits in {file}, one entry for each {one}.",
)  # fmt: skip


def columns_of(domain: Domain) -> tuple[Column, ...]:
    """The columns that a row of the domain may have, `id` first."""
    d = domain
    return (
        Column(d.id.column, "id", "text", d.id.say),
        Column(d.person.column, "person", "text", d.person.say, d.person.many),
        Column(d.group.column, "group", "text", d.group.say, d.group.many, d.group.values),
        Column(d.kind.column, "class", "text", d.kind.say, d.kind.many, d.kind.values),
        Column(d.status.column, "status", "text", d.status.say, "", d.status.values),
        Column(d.date.column, "date", "date", d.date.say),
        Column(d.due.column, "due", "date", d.due.say),
        Column(d.amount.column, "amount", "number", d.amount.say, "", (), int(d.amount.low), int(d.amount.high), d.amount.decimals, d.amount.unit),
        Column(d.quantity.column, "quantity", "number", d.quantity.say, "", (), int(d.quantity.low), int(d.quantity.high), 0, d.quantity.unit),
        Column(d.note.column, "note", "text", d.note.say, "", d.note.phrases),
    )  # fmt: skip


def main_table(
    draft: Draft,
    roles: Sequence[Role],
    formats: Sequence[str] = tuple(FORMATS),
    twice: bool = False,
    least: int = 0,
) -> State:
    """The table of the domain with the columns of these roles and one to three others; `twice` lets some rows stand twice;
    `least` is the number of rows that another table needs here.

    Gives the rows as they are read, one for each thing that happened (so with `twice`, some twice).
    """
    domain, draw = draft.domain, draft.draw
    chosen = draft.balance.pick(draw, f"format {draft.category}", [f for f in formats if not twice or f in DIRTY])
    # A list of many records in YAML is nothing that people keep.
    size = "few" if chosen == "yaml" else draft.balance.pick(draw, "size", list(SIZES))
    every = columns_of(domain)
    wanted = {"id", *roles}
    spare = [column for column in every if column.role not in wanted]
    wanted |= {column.role for column in draw.sample(spare, draw.between(1, 3))}
    columns = [column for column in every if column.role in wanted]
    if draw.chance(40):
        columns = [columns[0], *draw.shuffled(columns[1:])]
    if "due" in wanted and "date" in wanted:  # the later day is drawn from the earlier one
        order = {"date": 0, "due": 1}
        days = iter(sorted((c for c in columns if c.role in order), key=lambda c: order[c.role]))
        columns = [next(days) if c.role in order else c for c in columns]
    table = draft.name(domain.many)
    count = max(least, draw.between(*SIZES[size]))
    columns = [_some_values(draft, column) for column in columns]
    when = draft.when
    lines = [f"count = {count}"]
    if "person" in wanted:
        people = draft.name("people")
        draft.use("std.people", "full_name")
        locale = draw.pick(("en", "en", "en-gb", "de", "fr", "sv"))
        draft.blocks.append(
            f"data {people} {{\n  count = {draw.between(6, 12)}\n  unique = [name]\n  name = full_name(locale = {quoted(locale)})\n}}"
        )
        lines += [f"{column.name} = {_drawn(draft, column, columns, when, people)}" for column in columns]
    else:
        lines += [f"{column.name} = {_drawn(draft, column, columns, when, '')}" for column in columns]
    if twice:
        lines.append(f"dirt = [duplicate_rows({draw.between(2, 4)}){', shuffle_rows()' if draw.chance(60) else ''}]")
    draft.blocks.append("data " + table + " {\n  " + "\n  ".join(lines) + "\n}")
    path = draft.path(draw.pick(domain.folders), draw.pick(domain.files), FORMATS[chosen][0])
    file = draft.name(f"{domain.many}_file")
    start, stages = written(draft, chosen, table, file, path, columns, domain.one)
    draft.formats_in.append(chosen)
    draft.shape.append(size + (" dup" if twice else ""))
    draft.operation("files.extract")
    said(draft, file, domain.one, domain.many, chosen)
    draft.brief.append({"do": "read", "path": path, "format": chosen, "one": domain.one})
    return State(
        start, domain.one, domain.many, tuple(columns), () if twice else (columns[0].name,), stages=stages, rows=count
    )


def said(draft: Draft, file: str, one: str, many: str, chosen: str) -> None:
    """The sentence that says where rows are."""
    text = draft.phrase("source", _SAID, many=many, one=one, a_one=article(one), file=hole(file), what=KINDS[chosen])
    draft.say("source", text)


def written(
    draft: Draft, chosen: str, table: str, file: str, path: str, columns: Sequence[Column], one: str
) -> tuple[str, tuple[str, ...]]:
    """Writes a table into a file of the workspace; gives the expression that reads it, and the stages that give cells their types."""
    _, content, reader = FORMATS[chosen]
    named = quoted(draft.domain.many.replace(" ", "_").replace("-", "_"))
    tag = one.replace(" ", "_")
    names = [column.name for column in columns]
    cells = [f"{{{{ {name} }}}}" for name in names]
    slots = {
        "t": table, "f": file, "table": named, "named": named, "tag": quoted(tag), "root": quoted(f"{tag}_list"), "end": quoted("\n"), "none": '""',
        "head": "", "line": "", "tail": "", "attr": "",
    }  # fmt: skip
    if chosen == "markdown":
        slots["head"] = quoted(f"| {' | '.join(names)} |\n|{'---|' * len(names)}\n")
        slots["line"] = quoted(f"| {' | '.join(cells)} |")
    elif chosen == "html":
        heads = "".join(f"<th>{name}</th>" for name in names)
        slots["head"] = quoted(
            f"<!doctype html>\n<title>{draft.domain.many.capitalize()}</title>\n<table>\n<tr>{heads}</tr>\n"
        )
        slots["line"] = quoted("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        slots["tail"] = quoted("\n</table>\n")
    elif chosen == "xml":
        slots["attr"] = (
            "{" + ", ".join(f"{name}: {quoted(cell)}" for name, cell in zip(names, cells, strict=True)) + "}"
        )
    draft.files.append(f"file {file} {quoted(path)} {{ content = {content.format(**slots)} }}")
    stages: list[str] = []
    if chosen == "xml":
        stages.append("select " + ", ".join(f"{c.name} = {_from_text(c, f'attr.{c.name}')}" for c in columns))
    elif chosen in _DATES_ARE_TEXT and any(c.kind == "date" for c in columns):
        stages.append("derive " + ", ".join(f"{c.name} = date({c.name})" for c in columns if c.kind == "date"))
    return reader.format(**slots), tuple(stages)


def _some_values(draft: Draft, column: Column) -> Column:
    """Not every value of the domain occurs in every task."""
    if column.role not in ("group", "class"):
        return column
    return replace(column, values=tuple(draft.draw.sample(column.values, draft.draw.between(3, len(column.values)))))


def _from_text(column: Column, expression: str) -> str:
    return {"text": expression, "number": f"number({expression})", "date": f"date({expression})"}[column.kind]


def _drawn(draft: Draft, column: Column, columns: Sequence[Column], when: Period, people: str) -> str:
    """The expression that a cell is drawn by."""
    draw = draft.draw
    if column.role == "id":
        form = draft.domain.id.form
        digits = form.count("#")
        head, tail = form[: form.index("#")], form[form.rindex("#") + 1 :]
        first = draw.between(1, 9) * 10 ** (digits - 1) + draw.below(10 ** (digits - 1) // 2) if digits > 1 else 0
        return f'serial("{head}{{{{ pad(n + {first}, {digits}) }}}}{tail}")'
    if column.role == "person":
        return f"pick({people}.name)"
    if column.role == "status":
        weights = [draw.between(2, 5) for _ in column.values]
        return f"pick([{', '.join(quoted(v) for v, w in zip(column.values, weights, strict=True) for _ in range(w))}])"
    if column.role in ("group", "class", "note"):
        return f"pick([{', '.join(map(quoted, column.values))}])"
    if column.role == "date":
        return f"any_date(@{when.first}, @{when.last})"
    if column.role == "due":
        day = next((c.name for c in columns if c.role == "date"), None)
        return f"any_date({day} + 2d, {day} + 40d)" if day else f"any_date(@{when.first}, @{when.last})"
    if column.role == "quantity":
        return f"integer_between({column.low}, {column.high})"
    return (
        f"round(uniform({column.low}, {column.high}), {column.decimals})"
        if column.decimals
        else f"integer_between({column.low}, {column.high})"
    )
