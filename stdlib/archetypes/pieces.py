"""What archetypes that are no reports share: generated rows, files of them, and deliverables with their checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clawc.stdlib.archetypes import narrow, order
from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.parts import Unfit
from clawc.stdlib.archetypes.sources import FORMATS, KINDS, written
from clawc.stdlib.archetypes.state import Column, Role

PARTS_USED = (narrow, order)  # imported for what they enter into the list of parts
PLAIN = ("csv", "tsv", "json", "jsonl", "yaml", "xlsx", "markdown", "html", "sqlite", "xml")
_SINGLE_FILE = ("csv", "json", "jsonl", "markdown", "tsv", "xlsx")


@dataclass(frozen=True, slots=True)
class Table:
    """A file of rows: the `let` that holds them as they are read, its path, format and name."""

    rows: str
    path: str
    format: str
    file: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A single value of a record: its key, the query, what it means in words, and the fact for the brief."""

    key: str
    expression: str
    meaning: str
    step: Step
    loose: bool = False


def texts(values: Sequence[str]) -> str:
    """A list of texts in the language."""
    return f"[{', '.join(map(quoted, values))}]"


def data_block(draft: Draft, wish: str, count: int, cells: Sequence[str], unique: str = "", dirt: str = "") -> str:
    """Generated rows; gives their name."""
    _reserve(draft)
    draft.taken |= {cell.split(" = ")[0] for cell in cells if not cell.startswith("_")}
    name = draft.name(wish)
    lines = [
        f"count = {count}",
        *([f"unique = [{unique}]"] if unique else []),
        *cells,
        *([f"dirt = [{dirt}]"] if dirt else []),
    ]
    draft.blocks.append(f"data {name} {{\n  " + "\n  ".join(lines) + "\n}")
    return name


def _reserve(draft: Draft) -> None:
    """Names of columns are no names of rows: a column would hide them."""
    draft.taken |= {known.column for known in draft.domain.columns}


def people_block(draft: Draft, low: int = 6, high: int = 10) -> str:
    """Names of people, no two alike, in the column `name`."""
    draft.use("std.people", "full_name")
    locale = draft.draw.pick(("en", "en-gb", "en", "de", "fr", "sv"))
    return data_block(
        draft, "people", draft.draw.between(low, high), (f"name = full_name(locale = {quoted(locale)})",), "name"
    )


def main_data(draft: Draft) -> str:
    """The name of the generated rows that were drawn last."""
    return draft.blocks[-1].split()[1]


def identifier(draft: Draft, number: str = "n") -> str:
    """The expression of an identifier of the domain for a number up to 40, other than those of the rows that were drawn so far."""
    form = draft.domain.id.form
    digits = form.count("#")
    if digits < 3:
        raise Unfit("identifiers are too short")
    first = max(
        (int(found) for block in draft.blocks for found in re.findall(r"pad\(n \+ (\d+), ", block)),
        default=10 ** (digits - 1),
    )
    start = first + 90 if first + 140 < 10**digits else first - 60
    return (
        f'serial("{form[: form.index("#")]}{{{{ pad({number} + {start}, {digits}) }}}}{form[form.rindex("#") + 1 :]}")'
    )


def table_input(
    draft: Draft,
    rows: str,
    columns: Sequence[Column],
    stem: str,
    one: str,
    formats: Sequence[str] = PLAIN,
    folder: str = "",
) -> Table:
    """Writes rows, an expression, into a file; the fact is entered, the sentence is up to the caller."""
    chosen = draft.balance.pick(draft.draw, f"second format {draft.category}", formats)
    path = draft.path(folder or draft.draw.pick(draft.domain.folders), stem, FORMATS[chosen][0])
    file = draft.name(f"{stem}_file")
    start, stages = written(draft, chosen, rows, file, path, columns, one)
    name = draft.name(f"{stem}_rows")
    draft.lets.append(f"let {name} = {''.join([start, *(f' | {stage}' for stage in stages)])}")
    draft.formats_in.append(chosen)
    draft.brief.append({"do": "read", "path": path, "format": chosen})
    draft.operation("files.extract")
    return Table(name, path, chosen, file)


def kind_of(table: Table) -> str:
    """The format of a table in words."""
    return KINDS[table.format]


def let(draft: Draft, wish: str, expression: str) -> str:
    """A `let`; gives its name."""
    _reserve(draft)
    name = draft.name(wish)
    draft.lets.append(f"let {name} = {expression}")
    return name


def judge(
    draft: Draft, wish: str, *expects: str, weight: int = 1, because: str = "", partial: bool = False, after: str = ""
) -> str:
    """A check; gives its name."""
    name = draft.name(wish)
    lines = [
        *([f"weight = {weight}"] if weight > 1 else []), *(["partial = true"] if partial else []), *([f"because = {quoted(because)}"] if because else []),
        *([f"after = [{after}]"] if after else []), *(e if e.startswith(("let ", "python ")) else f"expect {e}" for e in expects),
    ]  # fmt: skip
    draft.checks.append(f"check {name} {{\n  " + "\n  ".join(lines) + "\n}")
    return name


def keep(draft: Draft, condition: str = "unchanged(workspace)") -> None:
    """Inputs stay as they are."""
    draft.requires.append(f"require inputs_kept {{ expect {condition} }}")


def out_path(draft: Draft, stem: str, ending: str) -> str:
    """A free path in the folder of what is to be written."""
    draft.outbox = draft.outbox or draft.draw.pick(
        ("output", "results", "out", "reports", "deliverables", "for_review", "finished", "done", "report")
    )
    return draft.path(draft.outbox, stem, ending)


def deliver(draft: Draft, wish: str, path: str, *attributes: str) -> str:
    """A deliverable; gives its name. Its path is a fact of its own, for the steps behind it that say what stands there."""
    name = draft.name(wish)
    draft.places[name] = path
    if "{{" not in path:
        draft.brief.append({"do": "file", "path": path})
    inner = "\n  ".join(attributes)
    draft.delivers.append(f"deliver {name} {quoted(path)}" + (f" {{\n  {inner}\n}}" if attributes else ""))
    return name


def figures_file(draft: Draft, figures: Sequence[Figure], stems: Sequence[str], weight: int = 2) -> str:
    """Single values as a JSON or YAML record."""
    chosen = draft.balance.pick(draft.draw, "summary", ("json", "yaml", "json"))
    path = out_path(draft, draft.draw.pick(stems), chosen)
    facts = draft.draw.shuffled(figures)
    name = deliver(draft, "figures", path, f"keys = [{', '.join(f.key for f in facts)}]")
    text = draft.phrase("figures", (
        "Also write {file}, a {kind} with {shown}.", "Besides that, {file} is a {kind} with the keys {shown}.", "Add {file}: a {kind} that holds {shown}.", "The figures go into {file}, a {kind} with {shown}.",
        "In {file}, give a {kind} with {shown}.", "Put {shown} into {file}, a {kind}.",
    ), file=hole(name), kind="JSON object" if chosen == "json" else "YAML mapping", shown=listed([f"{f.key} ({f.meaning})" for f in facts]))  # fmt: skip
    draft.say(
        "output",
        text,
        {"do": "record", "path": path, "format": chosen, "facts": [{"name": f.key, **f.step} for f in facts]},
    )
    judge(
        draft,
        "figures_right",
        *(f"{chosen}({name}).{f.key} == {f.expression}{' within 0.005' if f.loose else ''}" for f in facts),
        weight=weight,
        partial=True,
    )
    draft.formats_out.append(chosen)
    draft.operation("files.write")
    return name


def json_or_yaml(draft: Draft, stem: str, value: str, folder: str = "") -> tuple[str, str, str]:
    """A value as a JSON or YAML file of the workspace; gives its name, path and format."""
    chosen = draft.balance.pick(draft.draw, "policy", ("yaml", "json"))
    path = draft.path(folder or draft.draw.pick(draft.domain.folders), stem, chosen)
    file = draft.name(f"{stem}_file")
    draft.files.append(f"file {file} {quoted(path)} {{ content = {chosen}({value}) }}")
    draft.formats_in.append(chosen)
    draft.brief.append({"do": "read", "path": path, "format": chosen})
    draft.operation("files.extract")
    return file, path, chosen


def text_file(draft: Draft, wish: str, path: str, content: str, executable: bool = False) -> str:
    """A text as it is, as a file of the workspace; gives its name."""
    name = draft.name(wish)
    draft.files.append(
        f"file {name} {quoted(path)} {{\n  content = {quoted(content)}\n"
        + ("  executable = true\n" if executable else "")
        + "}"
    )
    return name


def amount_cell(column: Column) -> str:
    """How a number of the domain is drawn."""
    return (
        f"round(uniform({column.low}, {column.high}), {column.decimals})"
        if column.decimals
        else f"integer_between({column.low}, {column.high})"
    )


def column(name: str, role: Role, kind: str = "text", say: str = "", values: Sequence[str] = ()) -> Column:
    """A column of an archetype's own."""
    return Column(
        name,
        role,
        "number" if kind == "number" else "date" if kind == "date" else "text",
        say or name.replace("_", " "),
        "",
        tuple(values),
    )
