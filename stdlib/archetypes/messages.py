"""Archetypes over what people write to each other: mails into queues, open questions of a chat."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
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
    people_block,
    texts,
)  # fmt: skip
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
    queue, urgent_col = draw.pick(("queue", "team", "desk", "department")), draw.pick(("urgent", "priority", "rush"))
    condition = ""
    for name, theirs in zip(queues, words, strict=True):
        condition += "if " + " or ".join(f"contains(low, {quoted(w)})" for w in theirs) + f" then {quoted(name)} else "
    condition += quoted(rest)
    with_urgent = draw.chance(55)
    yes, no = draw.pick((("yes", "no"), ("high", "normal"), ("1st", "2nd")))
    rules = "; ".join(
        f"{listed([quoted(w) for w in theirs], 'or')} in the subject: {name}"
        for name, theirs in zip(queues, words, strict=True)
    )
    draft.say("rule", draft.phrase("queues", (
        "The {queue} depends on the subject, whatever its case: {rules}. Everything else goes to {rest}.", "Sort them by the words of the subject (upper or lower case does not matter). {rules}. Mails without any of these words get {rest}.",
        "Give each mail {a_queue} by its subject line, ignoring case. {rules}. Where none of this applies, it goes to {rest}.",
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
        ), file=hole(listing), channel=channel, order=f"sorted by questions, highest first, then by {channel}" if by_count else f"sorted by {channel}"), {"do": "count by", "path": draft.places[listing], "by": channel, "into": "questions", "dir": "number down" if by_count else "key up"})  # fmt: skip
        judge(draft, "counts_right", f"rows({listing}) == {counts}", weight=2)
        draft.formats_out.append("csv")
    keep(draft)
    draft.admits += [f"expect count({found}) in 3..16", f"expect count({found} | distinct {channel}) >= 2"]
    draft.operation("files.extract", "data.filter", "files.write")


ARCHETYPES = (
    Archetype("mail_triage", ("messaging.handling", "automation.routing"), (
        "The shared mailbox of {scene} is full.", "Sort our inbox for me.", "Nobody has looked at the mails for days.", "Please triage the mails about our {many}.", "Mails about {many} pile up; find out who gets which.",
        "I come back from leave and there is a pile of mail.", "Help me hand the mails over to the right people.", "Before {purpose} I want an empty inbox.",
    ), mail_triage, "Mails about {many} sorted"),
    Archetype("open_questions", ("messaging.collaboration", "messaging.handling", "planning.memory"), (
        "Questions get lost in our chat.", "Which questions in the team chat got no answer?", "Go through the chat and find what is still open.", "Before {purpose} I want every question to have an answer.", "People of {scene} complain that nobody answers them.",
        "Please collect the unanswered questions from our chat.", "I was away and want to know which questions wait.", "Our chat is long and the open questions are hard to see.",
    ), open_questions, "Open questions of the chat"),
)  # fmt: skip
