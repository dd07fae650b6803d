"""Archetypes over what is written down: an index by tag, questions answered from fact sheets."""

from __future__ import annotations

import re

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, capital, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    deliver,
    figures_file,
    identifier,
    judge,
    keep,
    let,
    out_path,
    people_block,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State


def tag_index(draft: Draft) -> None:
    """Notes with tags: who is where?"""
    draw, domain = draft.draw, draft.domain
    tags = draw.sample(
        (*(v.split()[0].lower() for v in domain.kind.values), "idea", "later", "question", "law", "people", "money"),
        draw.between(5, 6),
    )
    tags = list(dict.fromkeys(tags))
    count = draw.between(8, 11)
    label = draw.pick(("Tags", "Keywords", "Topics"))
    data = data_block(draft, "note_data", count, (
        f"title = {quoted(capital(domain.one))} + \" \" + {identifier(draft)}", f"_a = pick({texts(tags)})", f"_b = pick({texts(tags)})", "tags = if _a == _b then _a else _a + \", \" + _b", f"day = any_date(@{draft.when.first}, @{draft.when.last})",
        f"text_of = pick({texts([capital(p) for p in domain.note.phrases])})", f'body = "# {{{{ title }}}}\\n\\n{label}: {{{{ tags }}}}\\nDate: {{{{ day }}}}\\n\\n{{{{ text_of }}}}.\\n"',
    ))  # fmt: skip
    folder = draw.pick(("notes", "memory", "journal", "zettel", "knowledge"))
    records: list[str] = []
    for index in range(count):
        file = draft.name(f"note_{index + 1}")
        stem = draw.pick((f"n{index + 1:02}", f"{index + 101}", f"note-{index + 1}"))
        draft.files.append(f"file {file} {quoted(draft.path(folder, stem, 'md'))} {{ content = {data}[{index}].body }}")
        records.append(
            f'{{file: {quoted(f"{stem}.md")}, title: first(headings({file}, level = 1)), tags: field({file}, {quoted(label)}), day: date(field({file}, "Date"))}}'
        )
    draft.formats_in.append("markdown")
    notes = let(draft, "notes", f"table([{', '.join(records)}])")
    tag = draw.pick(("tag", "topic", "keyword"))
    draft.say(
        "source",
        draft.phrase(
            "tagged",
            (
                'The notes are the .md files in {folder}; each has a heading and the lines "{label}:" (separated by commas) and "Date:".',
                'Every .md file in {folder} is a note with a title, a line "{label}:" with one or two words, and a line "Date:".',
                'In {folder} there are notes (.md) with a title as heading, "{label}:" separated by commas, and "Date:".',
            ),
            folder=folder,
            label=label,
        ),
        {"do": "read", "path": folder, "format": "markdown", "tags": label},
    )
    since = ""
    if draw.chance(40):
        month = f"{draft.when.first[:8]}{draw.between(10, 25)}"
        since = f" | where day >= @{month}"
        draft.say(
            "rule",
            draft.phrase(
                "notes since",
                (
                    "Only notes from {day} on count (that day included).",
                    "Leave out notes dated before {day}.",
                    "Notes that are older than {day} do not matter.",
                ),
                day=month,
            ),
            {"do": "keep", "column": "Date", "compare": "from", "value": month},
        )
    index_rows = let(
        draft, "index_rows", f'{notes}{since}\n    | unnest {tag} = split(tags, ", ")\n    | select {tag}, file, title'
    )
    draft.say("rule", draft.phrase("index rows", (
        "The index has one row for each {tag} of each note: {tag}, file (the file's name alone) and title (the heading).", "Make an index: a row with {tag}, file (the bare file name) and title, for every {tag} that a note has.", "For every note and each {tag} of it write {tag}, file (without the folder) and title, the text of its heading.",
    ), tag=tag), {"do": "index", "into": [tag, "file", "title"]})  # fmt: skip
    rows = State(
        index_rows,
        "entry",
        "entries",
        (column(tag, "class"), column("file", "text"), column("title", "id")),
        (tag, "file"),
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    counts = let(
        draft,
        "per_tag",
        f"{index_rows} | group {tag}, notes = count()" + draw.pick((f" | sort -notes, {tag}", f" | sort {tag}")),
    )
    if draw.chance(65):
        by_count = "-notes" in draft.lets[-1]
        listing = deliver(
            draft,
            "counts_file",
            out_path(draft, draw.pick(("tags", "topics", "tag_counts")), "json"),
            f"columns = [{tag}, notes]",
        )
        draft.say(
            "output",
            draft.phrase(
                "tag counts",
                (
                    "{File} is a JSON array of {tag} and notes (how many), {order}.",
                    "Count the notes per {tag} in {file}, a JSON array with {tag} and notes, {order}.",
                    "Write {file} too: a JSON array, {order}, with each {tag} and the number of its notes as notes.",
                ),
                file=hole(listing),
                tag=tag,
                order=f"sorted by notes, highest first, then by {tag}" if by_count else f"sorted by {tag}",
            ),
            {
                "do": "count by",
                "path": draft.places[listing],
                "by": tag,
                "into": "notes",
                "dir": "number down" if by_count else "key up",
            },
        )
        judge(draft, "counts_right", f"rows({listing}) == {counts}", weight=2)
        draft.formats_out.append("json")
    else:
        draft.lets.pop()
    keep(draft)
    draft.admits.append(f"expect count({index_rows}) >= 6 and count({index_rows} | distinct {tag}) >= 3")
    draft.operation("files.extract", "files.write")


def answers(draft: Draft) -> None:
    """Questions answered from fact sheets, with the sheet that says it."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 6, 9)
    groups = draw.sample(domain.group.values, min(len(domain.group.values), draw.between(4, 5)))
    number, label = domain.reference.number, domain.reference.label
    keys = draw.sample(
        (domain.reference.person.say, label.say, number.say, "telephone number", "opening year", "deputy"), 4
    )
    cells = {
        domain.reference.person.say: f"pick({people}.name)",
        label.say: f"pick({texts(label.values)})",
        number.say: f"text(integer_between({int(number.low)}, {int(number.high)}))",
        "telephone number": "text(integer_between(2000, 8999))",
        "opening year": "text(integer_between(1961, 2019))",
        "deputy": f"pick({people}.name)",
    }
    data = data_block(draft, "sheets", len(groups), [f"f{i} = {cells[key]}" for i, key in enumerate(keys)])
    folder = draw.pick(("facts", "sheets", "docs", "wiki"))
    parts: list[str] = []
    for index, group in enumerate(groups):
        file = draft.name(f"sheet_{index + 1}")
        stem = draw.pick((f"sheet_{index + 1}", f"{index + 1:02}", f"doc-{chr(97 + index)}"))
        path = draft.path(folder, stem, "md")
        lines = "".join(
            f" + {quoted(f'{key}: ')} + {data}[{index}].f{i} + {quoted(chr(10))}"
            for i, key in enumerate(draw.sample(keys, 4))
            for i in [keys.index(key)]
        )
        draft.files.append(
            f"file {file} {quoted(path)} {{ content = {quoted(f'# {group}{chr(10)}{chr(10)}')}{lines} + {quoted(f'{chr(10)}{capital(draw.pick(domain.note.phrases))}.{chr(10)}')} }}"
        )
        parts += [
            f"{{about: first(headings({file}, level = 1)), key: {quoted(key)}, answer: field({file}, {quoted(key)}), source: {quoted(path)}}}"
            for key in keys
        ]
    known = let(draft, "known_facts", f"table([{', '.join(parts)}])")
    unknown = next((v for v in domain.group.values if v not in groups), "Nowhere")
    form = draw.pick(("What is the KEY of ABOUT?", "Tell me the KEY of ABOUT?", "ABOUT: which KEY?"))
    ident, question = draw.pick((("id", "question"), ("no", "ask"), ("q", "question")))
    asked = data_block(
        draft,
        "questions",
        draw.between(8, 11),
        (
            f"{ident} = n",
            f'{question} = replace(replace({quoted(form)}, "KEY", pick({texts(keys)})), "ABOUT", pick({texts([*groups, *groups, unknown])}))',
        ),
        question,
    )
    chosen = draft.balance.pick(draw, "questions format", ("json", "jsonl", "csv", "yaml"))
    table = table_input(
        draft,
        asked,
        (column(ident, "id", "number"), column(question, "text")),
        draw.pick(("questions", "asked", "quiz")),
        "question",
        (chosen,),
        draw.pick(("input", "questions", "desk")),
    )
    # Of a name such as `town of Alder` no part is a key.
    key_of = "|".join(re.escape(key).replace("\\ ", " ") for key in keys)
    pattern = {
        "What": rf"^What is the (?P<key>{key_of}) of (?P<about>.*)\?$",
        "Tell": rf"^Tell me the (?P<key>{key_of}) of (?P<about>.*)\?$",
        "ABOU": rf"^(?P<about>.*): which (?P<key>{key_of})\?$",
    }[form[:4]]
    none = draw.pick(("unknown", "not found", "no idea", "nobody says"))
    pairs = let(
        draft,
        "asked_pairs",
        f'{table.rows} | join ({table.rows}.{question} | parse re"{pattern}" | derive {question} = {quoted(form)} | derive {question} = replace(replace({question}, "KEY", key), "ABOUT", about)) on {question}',
    )
    result = let(
        draft,
        "answered",
        f'{pairs} | left_join {known} on about, key | derive answer = answer ?? {quoted(none)}, source = source ?? "" | select {ident}, answer, source',
    )
    draft.say(
        "source",
        draft.phrase(
            "questions",
            (
                "The questions are in {file}, and the answers stand in the .md files in {folder}.",
                "{File} has the questions; look for answers in the fact sheets in {folder} (.md).",
                "Answer the questions in {file} from the .md files in the folder {folder}.",
            ),
            file=hole(table.file),
            folder=folder,
        ),
        {"do": "read", "path": folder, "format": "markdown"},
    )
    draft.say("rule", draft.phrase("answer rule", (
        "An answer is the value behind the label in the sheet whose heading is the name asked for, as it stands there; source is the path of the sheet ({folder}/…). Where no sheet says, the answer is \"{none}\" and source is an empty text.",
        "Copy the answer from the sheet as it is and give the path of the sheet, with {folder}/, as source. If there is no sheet on it, answer \"{none}\" with an empty source.",
        "Give answer (word for word as in the sheet) and source (its path, beginning with {folder}/). Questions that no sheet answers get \"{none}\" and an empty source.",
    ), folder=folder, none=none), {"do": "answer", "column": question, "as": form.replace("KEY", "").replace("ABOUT", "").strip(" ?:").split("  ")[0], "otherwise": none, "into": ["answer", "source"]})  # fmt: skip
    rows = State(
        result,
        "answer",
        "answers",
        (column(ident, "id", "number"), column("answer", "text"), column("source", "text")),
        (ident,),
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("json", "jsonl", "json"))
    if draw.chance(50):
        figures_file(
            draft,
            [
                Figure(
                    "answered",
                    f'count({result} | where answer != "{none}")',
                    "how many questions have an answer",
                    {"how": "count answered"},
                ),
                Figure(
                    "open",
                    f'count({result} | where answer == "{none}")',
                    f"how many are '{none}'",
                    {"how": "count open"},
                ),
            ],
            ("summary", "result_counts"),
        )
    keep(draft)
    draft.formats_in.append("markdown")
    draft.admits.append(f'expect count({result} | where answer == "{none}") in 1..4')
    draft.operation("files.extract", "data.join", "files.write")
    draft.shape.append(listed(keys[:1]))


ARCHETYPES = (
    Archetype("tag_index", ("planning.memory", "information.knowledge"), (
        "My notes need an index.", "I can find nothing in my notes on {many}.", "Please index our notes.", "Which of my notes are about what?", "Bring order into a folder of notes.", "The notes of {scene} have tags, and nobody uses them.", "For {purpose} I look through old notes.", "Make my notes easier to search.",
    ), tag_index, "An index of notes"),
    Archetype("answers", ("information.knowledge", "information.lookup", "information.verification"), (
        "People keep asking me the same things.", "Please answer some questions about {groups}.", "There are questions about our {groups}.", "Look things up for me.", "A list of questions came in before {purpose}.", "Visitors of {scene} ask a lot.", "I have questions and a folder of fact sheets.", "Somebody sent us questions on {groups}.",
    ), answers, "Questions answered"),
)  # fmt: skip
