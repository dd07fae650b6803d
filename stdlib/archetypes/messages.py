"""Archetypes over what people write to each other: mails into queues, reminders, open questions of a chat, posts."""

from __future__ import annotations

from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
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
    out_path,
    outputs,
    people_block,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Column, State

# Words of a subject that tell what a mail is about, by topic, with names for its queue.
_TOPICS = (
    (("invoice", "refund", "payment"), ("accounts", "billing", "money")), (("complaint", "damage", "apology"), ("complaints", "quality", "care")), (("postpone", "reschedule", "appointment"), ("planning", "diary", "calendar")),
    (("certificate", "copy", "paperwork"), ("records", "archive", "papers")), (("password", "login", "website"), ("it", "helpdesk", "web")), (("application", "vacancy", "internship"), ("people", "hr", "staffing")),
    (("newspaper", "interview", "photo"), ("press", "media", "public")),
)  # fmt: skip


def mail_triage(draft: Draft) -> None:
    """Mails of an inbox to queues, by words of the subject."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 8, 12)
    draft.use("std.people", "email")
    topics = draw.sample(_TOPICS, draw.between(3, 4))
    queues = [draw.pick(names) for _, names in topics]
    words = [draw.sample(found, draw.between(2, 3)) for found, _ in topics]
    rest = draw.pick(("general", "front desk", "other", "reception"))
    every = [w for group in words for w in group]
    count = draw.between(9, 13)
    urgent = draw.pick(("urgent", "today", "at once"))
    stop = domain.id.form
    number = f'"{stop[: stop.index("#")]}{{{{ _number }}}}{stop[stop.rindex("#") + 1 :]}"'
    digits = stop.count("#")
    low = 10 ** (digits - 1) if digits > 1 else 1
    closing = draw.pick(("Kind regards", "Best wishes", "Yours sincerely", "Thank you"))
    data = data_block(draft, "mails", count, (
        f"name = pick({people}.name)", 'sender = email(name)', f"_number = pad(integer_between({low}, {10**digits - 1}), {digits})", f"ref = {number}",
        f"_word = pick({texts([*every, *domain.many.split()[:1], 'question', 'thanks'])})", f"_form = pick({texts(['{w} for {r}', 'About the {w}, {r}', '{r}: {w}', 'Re: {w} ({r})'])})",
        'subject = replace(replace(_form, "{w}", _word), "{r}", ref)', f"_note = pick({texts(domain.note.phrases)})",
        f'_more = pick(["It is {urgent}.", "It is {urgent}.", "There is no hurry.", "Take your time.", "Please let me know."])',
        f'body = "Hello,\\n\\nthis is about {domain.one} {{{{ ref }}}}: {{{{ _note }}}}. {{{{ _more }}}}\\n\\n{closing}\\n{{{{ name }}}}\\n"',
        f"at = any_date(@{draft.when.first}, @{draft.when.last})",
    ))  # fmt: skip
    folder = draw.pick(("inbox", "mail", "messages", "mailbox"))
    style = draw.pick(("{:03}.eml", "mail_{:02}.eml", "msg{:02}.eml"))
    records: list[str] = []
    for index in range(count):
        path = f"{folder}/{style.format(index + 1)}"
        file = draft.name(f"mail_{index + 1}")
        draft.files.append(
            f'file {file} {quoted(path)} {{ content = email({{from: {data}[{index}].sender, to: "office@example.com", subject: {data}[{index}].subject, date: {data}[{index}].at, body: {data}[{index}].body}}) }}'
        )
        records.append(f"{{file: {quoted(style.format(index + 1))}, mail: email({file})}}")
    draft.formats_in.append("email")
    draft.say("source", draft.phrase("inbox", (
        "There are {count} mails in the folder {folder}, one .eml file each.", "The folder {folder} holds the mails as .eml files.", "All mails lie in {folder}/ ({count} files in the .eml format).", "Read every .eml file in {folder}.",
    ), count=count, folder=folder), {"do": "read", "path": folder, "format": "email"})  # fmt: skip
    queue, urgent_col = draw.pick(("queue", "team", "desk", "goes_to")), draw.pick(("urgent", "priority", "rush"))
    condition = ""
    for name, found in zip(queues, words, strict=True):
        condition += "if " + " or ".join(f"contains(low, {quoted(w)})" for w in found) + f" then {quoted(name)} else "
    condition += quoted(rest)
    with_urgent = draw.chance(55)
    yes, no = draw.pick((("yes", "no"), ("high", "normal"), ("1st", "2nd")))
    rules = "; ".join(
        f"{listed([quoted(w) for w in found], 'or')} in the subject: {name}"
        for name, found in zip(queues, words, strict=True)
    )
    draft.say("rule", draft.phrase("queues", (
        "The {queue} depends on the subject, whatever its case: {rules}. Everything else is {rest}.", "Sort them by the words of the subject (upper or lower case does not matter). {rules}. Mails without any of these words get {rest}.",
        "Give each mail a {queue} by its subject line, ignoring case. {rules}. Where none of this applies it is {rest}.",
    ), queue=queue, rules=rules, rest=rest), {"do": "route", "column": "subject", "into": queue, "words": [list(w) for w in words], "names": queues, "otherwise": rest})  # fmt: skip
    extra = ""
    if with_urgent:
        extra = f", {urgent_col} = if contains(mail.body, {quoted(urgent)}) then {quoted(yes)} else {quoted(no)}"
        draft.say("rule", draft.phrase("urgent", (
            "{col} is {yes} if the body says \"{word}\" and {no} otherwise.", "Set {col} to {yes} where \"{word}\" stands in the body, else to {no}.", "In {col} write {yes} for mails whose body contains \"{word}\", {no} for the others.",
        ), col=urgent_col, yes=yes, no=no, word=urgent), {"do": "flag", "column": "body", "contains": urgent, "into": urgent_col, "names": [yes, no]})  # fmt: skip
    ref = Column(domain.id.column, "id", "text", domain.id.say)
    with_ref = draw.chance(60)
    if with_ref:
        pattern = "".join(
            r"\d" if c == "#" else ("\\" + c if not c.isalnum() and c != " " else c) for c in domain.id.form
        )
        extra += f', {ref.name} = capture(mail.subject, re"({pattern})")'
        draft.say("rule", draft.phrase("mail ref", (
            "The {say} in the subject (like {example}) goes into {col}.", "Copy the {say} from the subject line into {col}; it looks like {example}.", "{col} is the {say} that the subject names, in the form {example}.",
        ), say=ref.say, col=ref.name, example=domain.id.form.replace("#", "0")), {"do": "capture", "column": "subject", "into": ref.name, "form": domain.id.form.replace("#", "0")})  # fmt: skip
    found = let(
        draft,
        "sorted_mails",
        f"table([{', '.join(records)}])\n    | derive low = lower(mail.subject), sender = mail.from\n    | derive {queue} = {condition}{extra}\n    | drop low, mail",
    )
    columns = [
        column("file", "id"),
        column("sender", "person"),
        *([ref] if with_ref else []),
        column(queue, "class", values=queues),
        *([column(urgent_col, "flag")] if with_urgent else []),
    ]
    draft.say(
        "rule",
        draft.phrase(
            "mail columns",
            (
                "Here file is the name of the .eml file and sender the address that it is from.",
                "By sender we mean the address alone, by file the name without the folder.",
                "Put the file's name (no folder) into file, and the address of who wrote it into sender.",
            ),
        ),
        {"do": "mail columns", "columns": ["file", "sender"]},
    )
    rows = State(found, "mail", "mails", tuple(columns), draw.pick((("file",), (queue, "file"))))
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("csv", "json", "tsv", "xlsx", "markdown"))
    if draw.chance(60):
        figures_file(
            draft,
            [
                Figure(
                    name.replace(" ", "_"),
                    f"count({found} | where {queue} == {quoted(name)})",
                    f"the number of mails for {name}",
                    {"how": "count", "column": queue, "value": name},
                )
                for name in [*queues, rest]
            ],
            ("queues", "counts", "load"),
        )
    keep(draft)
    draft.admits += [
        f"expect count({found} | distinct {queue}) >= {len(queues)}",
        *([f"expect count({found} | where {urgent_col} == {quoted(yes)}) in 1..{count - 1}"] if with_urgent else []),
    ]
    draft.operation("files.extract", "data.extract", "files.write")


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
        "Each {person} with such {many} gets one letter, {folder}/NAME.txt, where NAME is the name in lower case with a hyphen for every run of other signs than letters and digits. It states {facts}, in at most {words} words. No other file may lie in {folder}.",
        "Write a reminder per {person} into {folder}/NAME.txt (NAME: the name in lower case, anything but letters and digits turned into one hyphen), at most {words} words long, that gives {facts}. Put nothing else into {folder}.",
        "Every {person} concerned is written to once: {folder}/NAME.txt with NAME in lower case and a hyphen in place of all other signs than letters and digits. Name {facts}; {words} words are the limit. No other file may lie in {folder}.",
    ), person=person.say, many=state.many, folder=folder, facts=facts, words=words), {
        "do": "letters", "by": person.name, "path": folder, "sum": number.name, "list": ident.name, "words": words, **({"earliest": due.name} if with_oldest else {})})  # fmt: skip
    draft.say("output", draft.phrase(f"letter start {with_subject}", (
        "A line \"{label}:\" has the {person}'s name as it is in the file.", "It has a line \"{label}:\" with the name, spelt as in the file.", "The name stands on a line of its own behind \"{label}:\".",
    ) if not with_subject else (
        "A line \"{label}:\" has the {person}'s name as it is in the file, and another one reads \"{second}: {subject}\".", "On lines of their own there are \"{label}:\" with the name and \"{second}: {subject}\".",
        "Each one has a line \"{second}: {subject}\" and a line \"{label}:\" with the name as the file spells it.",
    ), label=label, second=second, person=person.say, subject=subject), {"do": "letter lines", "to": label, **({"subject": [second, subject]} if with_subject else {})})  # fmt: skip
    draft.say("rule", draft.phrase("own only", (
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
        rows = State(
            f"({late} | select {person.name}, {number.name} = whole, {state.many.replace(' ', '_').replace('-', '_')} = count(refs))",
            state.one,
            state.many,
            (person, number, column(state.many.replace(" ", "_").replace("-", "_"), "count", "number")),
            (person.name,),
        )
        draft.say("rule", draft.phrase("letter list", (
            "There is also a list of the letters: {person}, {number} (the sum that the letter states) and {many} (how many are late).", "Keep a list of whom we wrote to, with {person}, {number} (the sum) and {many} (their number).", "A list goes with the letters: per {person} the sum as {number} and the number of late ones as {many}.",
        ), person=person.name, number=number.name, many=rows.columns[2].name), {"do": "letter list", "columns": [c.name for c in rows.columns]})  # fmt: skip
        rows = take(draft, rows, "order", ("by_key",))
        outputs.table_file(draft, rows, formats=("csv", "json", "markdown", "tsv"))
    keep(draft)
    draft.admits.append(f"expect count({late}) in 2..9 and unique({late}.file_name)")
    draft.operation("data.aggregate", "communication.draft", "files.write")


def open_questions(draft: Draft) -> None:
    """Questions in a chat that nobody answered."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 5, 8)
    channels = draw.sample(
        (*(v.lower().replace(" ", "-") for v in domain.group.values[:3]), "general", "office", "ideas"),
        draw.between(3, 4),
    )
    count = draw.between(26, 40)
    asked = [
        f"Who looks after the next {domain.one}?",
        f"When is {draw.pick(domain.purposes)}?",
        f"Is the {domain.amount.say} final?",
        f"Can somebody check the {domain.due.say}?",
        f"Where do I find the {domain.group.say}?",
        f"Did we get the {domain.quantity.say} right?",
    ]
    told = [
        f"The {domain.kind.say} is clear now.",
        "Done.",
        f"I will send the {domain.many} later.",
        "Thanks a lot!",
        f"{domain.note.phrases[0][:1].upper()}{domain.note.phrases[0][1:]}.",
        "See you tomorrow.",
        "No, not before Monday.",
        "Yes, that is right.",
    ]
    ident, reply, author, channel, body = draw.pick(
        (
            ("id", "reply_to", "author", "channel", "text"),
            ("msg", "answers", "user", "room", "message"),
            ("number", "in_reply_to", "name", "channel", "body"),
        )
    )
    data = data_block(draft, "chat", count, (
        f"{ident} = n", f"at = @{draft.when.first}T08:00 + 17min * n + 3min * integer_between(0, 4)", f"{channel} = pick({texts(channels)})", f"{author} = pick({people}.name)",
        f"{body} = if chance(0.45) then pick({texts(asked)}) else pick({texts(told)})", f"{reply} = if n > 3 and chance(0.55) then integer_between(1, n - 1) else 0",
    ))  # fmt: skip
    chosen = draft.balance.pick(draw, "chat format", ("jsonl", "json", "jsonl", "csv"))
    path = draft.path(
        draw.pick(("chat", "exports", "export", "team")),
        draw.pick(("chat_export", "messages", "conversation", "history")),
        chosen,
    )
    file = draft.name("chat_file")
    draft.files.append(f"file {file} {quoted(path)} {{ content = {chosen}({data}) }}")
    draft.formats_in.append(chosen)
    draft.say("source", draft.phrase("chat", (
        "{File} is the export of our chat, one message per entry; {reply} is the {id} of the message that it replies to, 0 if none.", "The chat is in {file}. Messages have {id}, {channel}, {author}, {body} and {reply} (0, or the {id} that they answer).",
        "All messages stand in {file}; where {reply} is not 0 it names the {id} of another message.",
    ), file=hole(file), reply=reply, id=ident, channel=channel, author=author, body=body), {"do": "read", "path": path, "format": chosen})  # fmt: skip
    other = draw.chance(50)
    messages = let(draft, "messages", f"{chosen}({file})")
    answer = f"({messages} | select {ident} = {reply}, by = {author})"
    found = let(
        draft,
        "open_questions",
        f'{messages}\n    | where ends_with({body}, "?")\n    | '
        + (
            f"nest_join replies = {answer} on {ident}\n    | where none(replies, by != {author})\n    | drop replies"
            if other
            else f"anti_join {answer} on {ident}"
        ),
    )
    draft.say("rule", draft.phrase(f"open {other}", (
        "A question is a message that ends in a question mark. It is open as long as no message of somebody else replies to it.", "Messages ending in \"?\" are questions. Those to which nobody but their {author} replied are open.",
        "Take messages with a question mark at the end; replies by the same {author} do not count as an answer. What has no answer is open.",
    ) if other else (
        "A question is a message that ends in a question mark. It is open if no message replies to it.", "Messages ending in \"?\" are questions. Those without any reply are open.", "Take messages with a question mark at the end; whatever no other message replies to is open.",
    ), author=author), {"do": "open questions", "column": [body, reply, ident, author], "by others": other})  # fmt: skip
    rows = State(
        found,
        "question",
        "questions",
        (column(ident, "id", "number"), column(channel, "group"), column(author, "person"), column(body, "note")),
        draw.pick(((ident,), (channel, ident), (author, ident))),
    )
    rows = maybe(draft, rows, "narrow", 0)
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(65):
        counts = let(
            draft,
            "per_channel",
            f"{found} | group {channel}, questions = count()"
            + draw.pick((f" | sort {channel}", f" | sort -questions, {channel}")),
        )
        by_count = "-questions" in draft.lets[-1]
        listing = deliver(
            draft,
            "per_channel_file",
            out_path(draft, draw.pick(("per_channel", "by_room", "open_by_channel")), "csv"),
            f"columns = [{channel}, questions]",
        )
        draft.say("output", draft.phrase(f"per channel {by_count}", (
            "{File} has one row per {channel} with open questions: {channel} and questions (how many), {order}.", "Count them by {channel} in {file}, with the columns {channel} and questions, {order}.", "Also write {file}: for each {channel} the number of open ones as questions, {order}.",
        ), file=hole(listing), channel=channel, order=f"sorted by questions, highest first, then by {channel}" if by_count else f"sorted by {channel}"), {"do": "count by", "by": channel, "into": "questions", "sort": ["-questions", channel] if by_count else [channel]})  # fmt: skip
        judge(draft, "counts_right", f"rows({listing}) == {counts}", weight=2)
        draft.formats_out.append("csv")
    keep(draft)
    draft.admits += [f"expect count({found}) in 3..16", f"expect count({found} | distinct {channel}) >= 2"]
    draft.operation("files.extract", "data.filter", "files.write")


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
        "Write one post for each, {folder}/NAME.txt, where NAME is the {id} in lower case with a hyphen for every run of other signs than letters and digits. It is at most {limit} characters long, names {facts} and ends with {tag}. No other file may lie in {folder}.",
        "Each of them gets a post of no more than {limit} characters in {folder}/NAME.txt (NAME: the {id} in lower case, all but letters and digits turned into one hyphen). A post gives {facts} and has {tag} at its end. Put nothing else into {folder}.",
        "For every one of these draft a post, {folder}/NAME.txt, up to {limit} characters: mention {facts} and close with {tag}. NAME is the {id} in lower case with one hyphen for anything but letters and digits. Put no other file into {folder}.",
    ), id=ident.name, folder=folder, limit=limit, facts=listed([f.name for f in facts]), tag=tag), {"do": "posts", "by": ident.name, "path": folder, "characters": limit, "facts": [f.name for f in facts], "ends": tag})  # fmt: skip
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
    Archetype("mail_triage", ("messaging.handling", "automation.routing"), (
        "The shared mailbox of {scene} is full.", "Sort our inbox for me.", "Nobody has looked at the mails for days.", "Please triage the mails about our {many}.", "Mails about {many} pile up; find out who gets which.",
        "I come back from leave and there is a pile of mail.", "Help me hand the mails over to the right people.", "Before {purpose} I want an empty inbox.",
    ), mail_triage, "Mails about {many} sorted"),
    Archetype("reminder_letters", ("messaging.reminders", "content.correspondence"), (
        "Some {people} need a reminder of their {many}.", "It is time for reminders about {many}.", "Please write to everybody whose {many} are late.", "Reminder time has come again.", "For {purpose} we remind people of what is late.",
        "Several {people} are late with their {many}.", "Draft the reminders about {many} for me.", "I need letters to the {people} who are behind.",
    ), reminder_letters, "Reminders about {many}"),
    Archetype("open_questions", ("messaging.collaboration", "messaging.handling", "planning.memory"), (
        "Questions get lost in our chat.", "Which questions in the team chat got no answer?", "Go through the chat and find what is still open.", "Before {purpose} I want every question to have an answer.", "People of {scene} complain that nobody answers them.",
        "Please collect the unanswered questions from our chat.", "I was away and want to know which questions wait.", "Our chat is long and the open questions are hard to see.",
    ), open_questions, "Open questions of the chat"),
    Archetype("posts", ("content.social", "content.marketing"), (
        "We want to post about some of our {many}.", "Draft posts about {many} for our channel.", "Our channel has been quiet; let us show a few {many}.", "Short posts about {many}, please.", "For {purpose} we announce some {many} online.",
        "Turn some {many} into posts.", "The public likes to hear about our {many}.", "Write social media posts about {many}.",
    ), posts, "Posts about {many}"),
)  # fmt: skip
