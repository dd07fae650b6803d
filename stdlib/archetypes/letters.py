"""Archetypes that write to people: reminders, posts."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
from clawc.stdlib.archetypes.draft import Draft, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    column,
    deliver,
    judge,
    keep,
    let,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import State

# Letters of names that no accent makes out of a plain one: what they become in a path would be anybody's guess.
_NO_ACCENTS = "ßæœøđðłþıÆŒØĐÐŁÞ"


def reminder_letters(draft: Draft) -> None:
    """One letter for each person with something that is late."""
    draw = draft.draw
    state = main_table(draft, ("person", "due", "status", draw.pick(("amount", "quantity"))))
    ident, person, number, due = (
        state.column("id"),
        state.column("person"),
        state.those("amount", "quantity")[0],
        state.column("due"),
    )
    state = take(draft, state, "narrow", ("overdue",))
    late = let(
        draft,
        "late",
        state.expression
        + f"\n    | group {person.name}, whole = sum({number.name}), oldest = min({due.name}), refs = list({ident.name})\n    | derive file_name = slug({person.name})\n    | sort {person.name}",
    )
    folder, words = draw.pick(("letters", "outbox", "reminders", "post")), draw.pick((70, 80, 90, 110, 120))
    name = deliver(draft, "letters", f"{folder}/{{{{ file_name }}}}.txt", f"each = {late}", "only = true")
    label, second = draw.pick((("To", "Subject"), ("Recipient", "About"), ("For", "Re"), ("Addressee", "Subject")))
    subject = draw.pick(
        ("Reminder", "Still open", f"Your {draft.domain.many}", "A friendly reminder", "Please have a look")
    )
    with_subject, with_oldest = draw.chance(50), draw.chance(60)
    day = draw.pick(("YYYY-MM-DD",))
    facts = listed(
        [
            f"the sum of {number.name} over them",
            f"each {ident.say}",
            *([f"the earliest {due.say} ({day})"] if with_oldest else []),
        ]
    )
    draft.say("output", draft.phrase("letters", (
        "Each {person} with late {many} gets one letter, {folder}/NAME.txt, where NAME is the name in lower case and without accents, with a hyphen for every run of other signs than letters and digits. It states {facts}, in at most {words} words. Only these files may lie in {folder}.",
        "Write a reminder to each {person} who is late, into {folder}/NAME.txt (NAME: the name in lower case and without accents, anything but letters and digits turned into one hyphen), at most {words} words long, that gives {facts}. Put only these files into {folder}.",
        "Write once to every {person} who is late: {folder}/NAME.txt where NAME is the name in lower case, without accents and with one hyphen in place of all other signs than letters and digits. Give {facts}; {words} words are the limit. Only these files may lie in {folder}.",
    ), person=person.say, many=state.many, folder=folder, facts=facts, words=words), {
        "do": "letters", "by": person.name, "path": folder, "accents": "without", "column": [number.name, ident.name, *([due.name] if with_oldest else [])], "how": "sum, list, earliest" if with_oldest else "sum, list", "words": words})  # fmt: skip
    draft.say("output", draft.phrase(f"letter start {with_subject}", (
        "A line \"{label}:\" has the name of the {person} as it is in the file.", "It has a line \"{label}:\" with the name, spelt as in the file.", "The name stands on a line of its own behind \"{label}:\".",
    ) if not with_subject else (
        "A line \"{label}:\" has the name of the {person} as it is in the file, and another one reads \"{second}: {subject}\".", "On lines of their own there are \"{label}:\" with the name and \"{second}: {subject}\".",
        "Each one has a line \"{second}: {subject}\" and a line \"{label}:\" with the name as the file spells it.",
    ), label=label, second=second, person=person.say, subject=subject), {"do": "letter lines", "to": label, **({"subject": [second, subject]} if with_subject else {})})  # fmt: skip
    draft.say("limit", draft.phrase("own only", (
        "A letter must not mention {many} of anybody else.", "Nobody may read about the {many} of other people.", "Keep every {id} of other people out of a letter.",
    ), many=state.many, id=ident.say))  # fmt: skip
    more = f" and mentions({name}[file_name], oldest)" if with_oldest else ""
    judge(
        draft,
        "facts_right",
        f"{late} | all mentions({name}[file_name], whole) and mentions_all({name}[file_name], refs){more} and words({name}[file_name]) <= {words}",
        weight=4,
        partial=True,
    )
    judge(
        draft,
        "lines_right",
        f"{late} | all field({name}[file_name], {quoted(label)}) == {person.name}",
        *([f"{late} | all field({name}[file_name], {quoted(second)}) == {quoted(subject)}"] if with_subject else []),
    )
    every = (
        state.start
        if not state.stages
        else state.start + "".join(f" | {s}" for s in state.stages if not s.startswith("where"))
    )
    draft.checks.append(
        f"forbid others_named {{\n  expect {late} | any mentions_any({name}[file_name], except(({every}).{ident.name}, refs))\n}}"
    )
    draft.formats_out.append("text files")
    if draw.chance(55):
        said = len(draft.sentences)
        rows = State(
            f"({late} | select {person.name}, {number.name} = whole, {state.many.replace(' ', '_').replace('-', '_')} = count(refs))",
            state.one,
            state.many,
            (person, number, column(state.many.replace(" ", "_").replace("-", "_"), "count", "number")),
            (person.name,),
        )
        draft.say("rule", draft.phrase("letter list", (
            "There is also a list of the letters: {person}, {number} (the sum that the letter states) and {many} (how many are late).", "Keep a list of whom we wrote to, with {person}, {number} (the sum) and {many} (their number).", "A list goes with the letters: for each {person} it has the sum as {number} and the number of late ones as {many}.",
        ), person=person.name, number=number.name, many=rows.columns[2].name), {"do": "letter list", "columns": [c.name for c in rows.columns]})  # fmt: skip
        rows = take(draft, rows, "order", ("by_key",))
        draft.retold(said, "output")
        outputs.table_file(draft, rows, formats=("csv", "json", "markdown", "tsv"))
    keep(draft)
    draft.admits += [
        f"expect count({late}) in 2..9 and unique({late}.file_name)",
        f'expect {late} | all matches({person.name}, re"^[^{_NO_ACCENTS}]*$")',
    ]
    draft.operation("data.aggregate", "communication.draft", "files.write")


def posts(draft: Draft) -> None:
    """A short post about each row that is chosen."""
    draw, domain = draft.draw, draft.domain
    state = main_table(draft, ("group", "class", "date", "amount"))
    ident, group, kind, date, amount = (state.column(r) for r in ("id", "group", "class", "date", "amount"))
    state = maybe(draft, state, "narrow", 100, 1, ("only_class", "only_size"))
    state = take(draft, state, "order", ("by_measure", "by_date"))
    state = take(draft, state, "top")
    chosen = let(draft, "chosen", state.expression + f"\n    | derive file_name = slug({ident.name})")
    folder, limit = draw.pick(("posts", "social", "feed", "channel")), draw.pick((140, 200, 240, 280, 300))
    name = deliver(draft, "posts", f"{folder}/{{{{ file_name }}}}.txt", f"each = {chosen}", "only = true")
    tag = "#" + "".join(w.capitalize() for w in domain.many.replace("-", " ").split())
    facts = draw.sample((group, kind, date, amount), draw.between(2, 3))
    draft.say("output", draft.phrase("posts", (
        "Write one post for each {one} that is left, {folder}/NAME.txt, where NAME is the {id} in lower case with a hyphen for every run of other signs than letters and digits. It is at most {limit} characters long, names {facts} and ends with {tag}. Only these files may lie in {folder}.",
        "Each {one} that is left gets a post of no more than {limit} characters in {folder}/NAME.txt (NAME: the {id} in lower case, all but letters and digits turned into one hyphen). A post gives {facts} and has {tag} at its end. Put only these files into {folder}.",
        "For every {one} that is left draft a post, {folder}/NAME.txt, up to {limit} characters: mention {facts} and close with {tag}. NAME is the {id} in lower case with one hyphen for anything but letters and digits. The only files in {folder} are these.",
    ), one=state.one, id=ident.name, folder=folder, limit=limit, facts=listed([f.name for f in facts]), tag=tag), {"do": "posts", "by": ident.name, "path": folder, "characters": limit, "facts": [f.name for f in facts], "ends": tag})  # fmt: skip
    if date in facts:
        draft.say(
            "limit",
            draft.phrase(
                "post date",
                (
                    "Dates are written like 2024-12-31.",
                    "Write days in the form YYYY-MM-DD.",
                    "Give the day as in the file (YYYY-MM-DD).",
                ),
            ),
        )
    judge(
        draft,
        "facts_right",
        f"{chosen} | all mentions_all({name}[file_name], [{', '.join(f.name for f in facts)}]) and length(text({name}[file_name])) <= {limit}",
        weight=3,
        partial=True,
    )
    judge(draft, "end_right", f"{chosen} | all ends_with(trim(text({name}[file_name])), {quoted(tag)})")
    if draw.chance(40):
        word = draw.pick(("cheap", "amazing", "unique", "guaranteed", "best"))
        draft.say(
            "limit",
            draft.phrase(
                "banned",
                (
                    'The word "{word}" must not occur.',
                    'We never say "{word}" in public.',
                    'Do without the word "{word}".',
                ),
                word=word,
            ),
            {"do": "ban", "word": word},
        )
        draft.checks.append(
            f"forbid banned_word {{\n  expect {chosen} | any mentions({name}[file_name], {quoted(word)})\n}}"
        )
    draft.formats_out.append("text files")
    keep(draft)
    draft.admits.append(f"expect count({chosen}) >= 3 and unique({chosen}.file_name)")
    draft.operation("communication.draft", "files.write", "data.rank")


ARCHETYPES = (
    Archetype("reminder_letters", ("messaging.reminders", "content.correspondence"), (
        "Some {people} need a reminder of their {many}.", "It is time for reminders about {many}.", "Please write to everybody whose {many} are late.", "Reminder time has come again.", "For {purpose} we remind people of what is late.",
        "Several {people} are late with their {many}.", "Draft the reminders about {many} for me.", "I need letters to the {people} who are behind.",
    ), reminder_letters, "Reminders about {many}"),
    Archetype("posts", ("content.social", "content.marketing"), (
        "We want to post about some of our {many}.", "Draft posts about {many} for our channel.", "Our channel has been quiet; let us show a few {many}.", "Short posts about {many}, please.", "For {purpose} we announce some {many} online.",
        "Turn some {many} into posts.", "The public likes to hear about our {many}.", "Write social media posts about {many}.",
    ), posts, "Posts about {many}"),
)  # fmt: skip
