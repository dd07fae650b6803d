"""Parts that end a chain: files that the agent must write, with the checks that judge them and the words that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.state import Column, State

ENDINGS = {"csv": "csv", "tsv": "tsv", "json": "json", "jsonl": "jsonl", "markdown": "md", "xlsx": "xlsx"}
_SAID = {
    "csv": "as CSV with the columns {columns}", "tsv": "as tab-separated values with the columns {columns}", "json": "as a JSON array of objects with the keys {columns}",
    "jsonl": "as JSON Lines, one object with the keys {columns} per row", "markdown": "as a Markdown table with the columns {columns}",
    "xlsx": "as a spreadsheet with the columns {columns} on its first sheet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A deliverable: its name in the spec, and its path."""

    name: str
    path: str


def _target(draft: Draft, stem: str | None, ending: str) -> tuple[str, str]:
    path = draft.path(draft.draw.pick(_folders(draft)), stem or draft.draw.pick(draft.domain.results), ending)
    return draft.name("report"), path


def _folders(draft: Draft) -> tuple[str, ...]:
    """One folder for all that a task wants written."""
    chosen = draft.outbox or draft.draw.pick(
        ("output", "results", "out", "reports", "deliverables", "for_review", "finished", "done", "report")
    )
    draft.outbox = chosen
    return (chosen,)


def table_file(
    draft: Draft,
    state: State,
    columns: Sequence[Column] | None = None,
    formats: Sequence[str] = tuple(ENDINGS),
    weight: int = 3,
) -> Written:
    """The rows as a file in one of the formats."""
    chosen = draft.balance.pick(draft.draw, f"output {draft.category}", formats)
    wanted = list(columns or state.columns)
    names = [column.name for column in wanted]
    name, path = _target(draft, None, ENDINGS[chosen])
    rows = draft.name("result")
    draft.lets.append(f"let {rows} = {state.expression}")
    draft.delivers.append(f"deliver {name} {quoted(path)} {{ columns = [{', '.join(names)}] }}")
    shown = _SAID[chosen].format(columns=listed(names))
    text = draft.phrase("table file", (
        "Write the result to {file} {shown}.", "Save it as {file}, {shown}.", "The result goes into {file}, {shown}.", "Put it into {file} {shown}.", "Deliver {file} {shown}.",
        "I expect {file}, {shown}.", "Create {file} {shown}.",
    ), file=hole(name), shown=shown)  # fmt: skip
    draft.say("output", text, {"do": "write", "path": path, "format": chosen, "columns": names})
    tolerance = " within 0.005" if any(column.kind == "number" for column in wanted) else ""
    draft.checks.append(
        f"check {draft.name('rows_right')} {{\n  weight = {weight}\n  because = {quoted(_plain(text, draft))}\n  expect rows({name}) == {rows}{tolerance}\n}}"
    )
    draft.formats_out.append(chosen)
    draft.operation("files.write")
    draft.last = rows
    return Written(name, path)


def _plain(text: str, draft: Draft) -> str:
    """The part of a sentence behind its last path, to be quoted."""
    return text.rsplit("}}", 1)[-1].strip(" ,.:;")


def summary_file(draft: Draft, state: State, rows: str) -> Written | None:
    """A few single figures as a JSON or YAML record."""
    draw = draft.draw
    facts: list[tuple[str, str, str, str, str]] = []  # key, expression, meaning, how, column
    facts.append(
        (
            draw.pick(("rows", "entries", "rows_listed", "number_of_rows")),
            f"count({rows})",
            "the number of rows in the result",
            "count",
            "",
        )
    )
    for column in draw.sample(state.those("total", "amount", "worth", "quantity", "count"), 2):
        how = draw.pick(("sum", "max"))
        say = {"sum": "the sum of {c} over all rows of the result", "max": "the largest value of {c} in the result"}[
            how
        ].format(c=column.name)
        facts.append(
            (
                f"{'overall' if how == 'sum' else 'highest'}_{column.name}",
                f"{how}({rows}.{column.name})",
                say,
                how,
                column.name,
            )
        )
    if state.ordered:
        key = state.columns[0]
        facts.append(
            (
                draw.pick(("leader", "first", "top")) + f"_{key.name}",
                f"first({rows}).{key.name}",
                f"the {key.name} of the first row",
                "first",
                key.name,
            )
        )
    facts = draw.shuffled(facts)
    chosen = draft.balance.pick(draw, "summary", ("json", "yaml", "json"))
    name, path = _target(
        draft,
        draw.pick(("summary", "key_figures", "headline", "at_a_glance", "totals", "figures")),
        "json" if chosen == "json" else "yaml",
    )
    draft.delivers.append(f"deliver {name} {quoted(path)} {{ keys = [{', '.join(f[0] for f in facts)}] }}")
    shown = listed([f"{key} ({meaning})" for key, _, meaning, _, _ in facts])
    text = draft.phrase("summary", (
        "Also write {file}, a {kind} with {shown}.", "Besides that, {file} is a {kind} with the keys {shown}.", "Add {file}: a {kind} that holds {shown}.", "Key figures go into {file}, a {kind} with {shown}.",
        "In {file}, give a {kind} with {shown}.",
    ), file=hole(name), kind="JSON object" if chosen == "json" else "YAML mapping", shown=shown)  # fmt: skip
    draft.say(
        "output",
        text,
        {
            "do": "summary",
            "path": path,
            "format": chosen,
            "facts": [{"name": k, "how": h, "column": c} for k, _, _, h, c in facts],
        },
    )
    expects = "\n".join(
        f"  expect {chosen}({name}).{key} == {expression} within 0.005"
        if how in ("sum", "max")
        else f"  expect {chosen}({name}).{key} == {expression}"
        for key, expression, _, how, _ in facts
    )
    draft.checks.append(f"check {draft.name('figures_right')} {{\n  weight = 2\n  partial = true\n{expects}\n}}")
    draft.formats_out.append(chosen)
    draft.operation("files.write")
    return Written(name, path)


def note_file(draft: Draft, state: State, rows: str) -> Written:
    """A short text that says what stands at the top of the result."""
    draw = draft.draw
    key = state.columns[0]
    numbers = state.those("total", "count", "amount", "worth", "quantity", "measure", "span")
    column = draw.pick(numbers)
    limit = draw.pick((40, 50, 60, 80, 100))
    name, path = _target(
        draft, draw.pick(("note", "cover_note", "message", "brief", "remarks", "memo")), draw.pick(("md", "txt"))
    )
    draft.delivers.append(f"deliver {name} {quoted(path)}")
    with_sum = draw.chance(50) and column.role in ("total", "count", "amount", "worth", "quantity", "span")
    text = draft.phrase(f"note {with_sum}", (
        "Finally write {file}, at most {limit} words: name the {key} in the first row of the result and its {column}{sum}.",
        "Add a short text {file} (no more than {limit} words) that states the {key} of the first row, with its {column}{sum}.",
        "I also want {file}, up to {limit} words, that tells readers the {key} and the {column} of the first row{sum}.",
        "In {file}, sum it up in {limit} words or fewer: the {key} in the first row{its} its {column}{sum}.",
    ), file=hole(name), limit=limit, key=key.name, column=column.name, its="," if with_sum else " and", sum=f", and the sum of {column.name} over the whole result" if with_sum else "")  # fmt: skip
    draft.say(
        "output",
        text,
        {
            "do": "note",
            "path": path,
            "facts": [
                {"how": "first", "column": key.name},
                {"how": "first", "column": column.name},
                *([{"how": "sum", "column": column.name}] if with_sum else []),
            ],
            "words": limit,
        },
    )
    facts = [
        f"first({rows}).{key.name}",
        f"first({rows}).{column.name}",
        *([f"sum({rows}.{column.name})"] if with_sum else []),
    ]
    draft.checks.append(
        f"check {draft.name('note_right')} {{\n  weight = 2\n  expect mentions_all({name}, [{', '.join(facts)}])\n  expect words({name}) <= {limit}\n}}"
    )
    draft.formats_out.append("text")
    draft.operation("communication.report")
    return Written(name, path)


def list_file(draft: Draft, state: State) -> Written:
    """One column of the rows as lines of a text."""
    key = next(column for column in state.columns if column.name in state.key)
    name, path = _target(draft, draft.draw.pick(draft.domain.results), "txt")
    rows = draft.name("result")
    draft.lets.append(f"let {rows} = {state.expression}")
    draft.delivers.append(f"deliver {name} {quoted(path)}")
    text = draft.phrase("list file", (
        "Write {file} with nothing but the {key} of each, one per line.", "All I need is {file}: one {key} a line and no other text.", "List each {key} on a line of its own in {file}, without anything else.",
        "{File} should hold only the {key} values, one on each line.",
    ), file=hole(name), key=key.name)  # fmt: skip
    draft.say("output", text, {"do": "lines", "path": path, "column": key.name})
    draft.checks.append(
        f"check {draft.name('list_right')} {{\n  weight = 3\n  expect lines({name}) == {rows}.{key.name}\n}}"
    )
    draft.formats_out.append("text")
    draft.operation("files.write")
    draft.last = rows
    return Written(name, path)


def split_files(draft: Draft, state: State, columns: Sequence[Column]) -> Written:
    """A file of rows for each value of a column, and no other file beside them."""
    by = draft.draw.pick(state.those("group", "class", "label"))
    rows, keys = draft.name("result"), draft.name("parts")
    names = [column.name for column in columns]
    name = draft.name("files")
    folder = draft.path(
        _folders(draft)[0], draft.draw.pick((f"by_{by.name}", f"per_{by.name}", "split", "parts")), "d"
    )[:-2]
    draft.lets += [
        f"let {rows} = {state.expression}",
        f"let {keys} = {rows} | distinct {by.name} | select {by.name}, file_name = slug({by.name})",
    ]
    draft.delivers.append(
        f'deliver {name} "{folder}/{{{{ file_name }}}}.csv" {{\n  each = {keys}\n  only = true\n  columns = [{", ".join(names)}]\n}}'
    )
    example = f"{by.values[0]!r}".strip("'")
    text = draft.phrase("split", (
        "Write one CSV file per {say} that occurs, {folder}/NAME.csv, where NAME is {by} in lower case, each run of other characters than letters and digits being one hyphen, none at either end; columns {columns}. Only these files may lie in {folder}.",
        "Split the result into {folder}/NAME.csv, a file for each {by} in it. NAME is {by} in lower case, with each run of characters other than letters and digits turned into one hyphen (none at the start or end). Columns: {columns}. Put only these files into {folder}.",
    ), say=by.say, by=by.name, folder=folder, columns=listed(names), example=example)  # fmt: skip
    draft.say("output", text, {"do": "split", "path": folder, "by": by.name, "columns": names, "format": "csv"})
    draft.checks.append(
        f"check {draft.name('files_right')} {{\n  weight = 3\n  partial = true\n  expect {keys} | all rows({name}[file_name]) == ({rows} | where slug({by.name}) == file_name) within 0.005\n}}"
    )
    draft.formats_out.append("csv files")
    draft.words["part"] = by.say
    draft.operation("files.write")
    draft.last = rows
    return Written(name, folder)
