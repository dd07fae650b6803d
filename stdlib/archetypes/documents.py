"""Archetypes over texts: notes of meetings, strings to translate, house style, announcements, notes by tag, answers from documents."""

from __future__ import annotations

from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, capital, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    column,
    data_block,
    deliver,
    judge,
    keep,
    let,
    out_path,
    outputs,
    people_block,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State


def _tasks(draft: Draft) -> list[str]:
    """Things that somebody there may have to do."""
    d = draft.domain
    return draft.draw.sample((
        f"send the list of {d.many} round", f"check the {d.amount.say} of the last {d.one}", f"ask about the {d.due.say}", f"prepare {d.purposes[0]}", f"update the {d.group.say} plan", f"file the {d.results[0].replace('_', ' ')}",
        f"call the {d.person.say} back", f"order a second {d.kind.say} label", f"write up the {d.note.say}", f"compare the {d.quantity.say} with last year", "book the room for the next meeting", "draft the budget page", "test the new form",
    ), 8)  # fmt: skip


def meeting_notes(draft: Draft) -> None:
    """Notes of a meeting to actions and minutes."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 4, 6)
    marks = draw.pick((("ACTION", "DECISION"), ("TODO", "DECIDED"), ("AP", "RESOLVED"), ("Task", "Agreed")))
    form = draw.pick(("- {m} {o}: {t} (due {d})", "* {m} | {o} | {t} | {d}", "- [{m}] {t} -- {o}, by {d}"))
    tasks = _tasks(draft)
    count = draw.between(6, 8)
    year, month, day = draft.when.today.split("-")
    held = draft.when.today
    ahead = f"@{held} + 3d, @{held} + 40d"
    todo = let(draft, "todo_list", f"table({texts(tasks)})")
    actions = data_block(
        draft,
        "agreed_actions",
        count,
        (f"owner = pick({people}.name)", f"task = {todo}.value[n - 1]", f"due = any_date({ahead})"),
    )
    facts = [
        f"The {domain.kind.say} stays as it is.",
        f"{capital(domain.many)} are counted once a month.",
        f"From next month the {domain.due.say} is shown on the board.",
        f"{draw.pick(domain.group.values)} moves to the front of the list.",
        f"Nobody changes the {domain.amount.say} alone.",
    ]
    decided = draw.sample(facts, draw.between(2, 3))
    talk = draw.sample(
        (
            f"Long talk about {draw.pick(domain.purposes)}, no result.",
            f"{capital(domain.note.phrases[0])}, again.",
            "Coffee machine is broken.",
            "Next meeting in two weeks.",
            "The figures were shown and nobody had questions.",
        ),
        draw.between(2, 4),
    )
    line = form.format(m=marks[0], o="{{ owner }}", t="{{ task }}", d="{{ due }}")
    static = draw.shuffled([*(f"- {marks[1]}: {d}" for d in decided), *(f"- {t}" for t in talk)])
    half = len(static) // 2
    head = f"# {draw.pick(('Weekly meeting', 'Team meeting', 'Monthly round', 'Meeting'))}, {int(day)}.{int(month)}.{year}\n\n"
    cut = draw.between(2, count - 2)
    path = draft.path(
        draw.pick(("notes", "meetings", "protocols", "minutes_raw")),
        draw.pick((held, "meeting", "notes", "raw_notes")),
        draw.pick(("md", "txt")),
    )
    file = draft.name("notes_file")
    first, second = "\n".join(static[:half]) + "\n", "\n" + "\n".join(static[half:]) + "\n"
    lines = f"({actions} | select line = {quoted(line)}).line"
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = {quoted(head + first)} + join_text({lines}, "\\n") + {quoted(second)} }}'
    )
    draft.formats_in.append("text")
    draft.shape.append(f"{form[:4]} {cut}")
    shown = form.format(m=marks[0], o="OWNER", t="TASK", d="DAY")
    draft.say("source", draft.phrase("notes", (
        "The notes are in {file}; actions look like \"{shown}\" and decisions begin with \"- {mark}:\".", "In {file} a line of the form \"{shown}\" is an action and one with \"- {mark}:\" is a decision; the other lines are talk.",
        "{File} was typed during the meeting. Its actions have the form \"{shown}\", its decisions follow \"- {mark}:\".",
    ), file=hole(file), shown=shown, mark=marks[1]), {"do": "read", "path": path, "format": "text"}, {"do": "parse lines", "action": shown, "decision": f"- {marks[1]}:"})  # fmt: skip
    pattern = {
        "- {": rf"^- {marks[0]} (?P<owner>[^:]+): (?P<task>.*) \(due (?P<due>[0-9-]+)\)$", "* {": rf"^\* {marks[0]} \| (?P<owner>[^|]+) \| (?P<task>[^|]+) \| (?P<due>[0-9-]+)$", "- [": rf"^- \[{marks[0]}\] (?P<task>.*) -- (?P<owner>.*), by (?P<due>[0-9-]+)$",
    }[form[:3]]  # fmt: skip
    found = let(
        draft,
        "actions",
        f're_lines | parse re"{pattern}" | derive due = date(due)'.replace("re_lines", f"lines({file})"),
    )
    columns = (column("owner", "person"), column("task", "id"), column("due", "date", "date"))
    rows = State(found, "action", "actions", columns, ("due", "task"))
    late = ""
    if draw.chance(40):
        until = draw.between(14, 24)
        late = f" | where due <= @{held} + {until}d"
        draft.say("rule", draft.phrase("soon", (
            "The meeting was on {held}; only actions that are due within {days} days of it are of interest.", "Take actions due up to {days} days after {held}, the day of the meeting, and leave later ones out.", "Leave out what is due more than {days} days after the meeting on {held}.",
        ), held=held, days=until), {"do": "keep", "column": "due", "compare": "within days", "value": [held, until]})  # fmt: skip
        rows = rows.then(late.strip(" |"))
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("json", "csv", "json", "jsonl", "markdown"))
    final = draft.last
    if draw.chance(60):
        names = draw.pick(
            (("Decisions", "Actions"), ("What was decided", "What is to do"), ("Resolutions", "Next steps"))
        )
        limit = draw.pick((160, 200, 250))
        minutes = deliver(
            draft,
            "minutes",
            out_path(draft, draw.pick(("minutes", "summary", "protocol")), "md"),
            f"sections = {texts(names)}",
        )
        draft.say("output", draft.phrase("minutes", (
            "Write the minutes to {file} with the sections {a} and {b}, at most {limit} words in all. {a} has one bullet per decision, word for word; {b} has one bullet for each action of the list, with owner, task and due.",
            "{File} gets two sections, {a} (a bullet for every decision, worded as in the notes) and {b} (a bullet per action of the list that names owner, task and due), within {limit} words.",
            "In {file}, no more than {limit} words, give under {a} every decision as it was worded and under {b} every action of the list with owner, task and due, a bullet each.",
        ), file=hole(minutes), a=names[0], b=names[1], limit=limit), {"do": "minutes", "sections": list(names), "words": limit})  # fmt: skip
        decisions = let(draft, "decisions", f'lines({file}) | parse re"^- {marks[1]}: (?P<what>.*)$"')
        judge(
            draft,
            "decisions_right",
            f"{decisions} | all any(bullets(section({minutes}, {quoted(names[0])})), mentions(value, what))",
            f"count(bullets(section({minutes}, {quoted(names[0])}))) == count({decisions})",
            weight=2,
        )
        judge(
            draft,
            "actions_named",
            f"{final} | all any(bullets(section({minutes}, {quoted(names[1])})), mentions_all(value, [owner, task, due]))",
            f"count(bullets(section({minutes}, {quoted(names[1])}))) == count({final})",
            f"words({minutes}) <= {limit}",
            weight=2,
        )
        draft.formats_out.append("markdown")
        draft.operation("communication.minutes")
    elif draw.chance(60):
        counts = let(draft, "per_owner", f"{final} | group owner, actions = count()")
        listing = deliver(
            draft,
            "owners",
            out_path(draft, draw.pick(("per_person", "load", "owners")), "csv"),
            "columns = [owner, actions]",
        )
        draft.say(
            "output",
            draft.phrase(
                "owners",
                (
                    "{File} says how many of them each owner has (columns owner and actions).",
                    "Count them per owner in {file}, with the columns owner and actions.",
                    "Also write {file}: owner and actions, the number of each owner's.",
                ),
                file=hole(listing),
            ),
            {"do": "count by", "by": "owner", "into": "actions"},
        )
        judge(draft, "owners_right", f"rows({listing}) == {counts}")
        draft.formats_out.append("csv")
    keep(draft)
    draft.admits.append(f"expect count({final}) >= 3 and unique({final}.task)")
    draft.operation("files.extract", "data.extract", "files.write")


_WORDS = {
    "de": {"Open": "Öffnen", "Close": "Schließen", "Save": "Speichern", "Cancel": "Abbrechen", "Search": "Suchen", "Print": "Drucken", "Delete": "Löschen", "Settings": "Einstellungen", "Help": "Hilfe", "Back": "Zurück", "Next": "Weiter", "Total": "Summe", "Date": "Datum", "Name": "Name des Kunden", "Send": "Senden", "Folder": "Ordner"},
    "fr": {"Open": "Ouvrir", "Close": "Fermer", "Save": "Enregistrer", "Cancel": "Annuler", "Search": "Rechercher", "Print": "Imprimer", "Delete": "Supprimer", "Settings": "Paramètres", "Help": "Aide", "Back": "Retour", "Next": "Suivant", "Total": "Somme", "Date": "Jour", "Name": "Nom", "Send": "Envoyer", "Folder": "Dossier"},
    "sv": {"Open": "Öppna", "Close": "Stäng", "Save": "Spara", "Cancel": "Avbryt", "Search": "Sök", "Print": "Skriv ut", "Delete": "Ta bort", "Settings": "Inställningar", "Help": "Hjälp", "Back": "Tillbaka", "Next": "Nästa", "Total": "Summa", "Date": "Datum", "Name": "Namn", "Send": "Skicka", "Folder": "Mapp"},
    "es": {"Open": "Abrir", "Close": "Cerrar", "Save": "Guardar", "Cancel": "Cancelar", "Search": "Buscar", "Print": "Imprimir", "Delete": "Borrar", "Settings": "Ajustes", "Help": "Ayuda", "Back": "Atrás", "Next": "Siguiente", "Total": "Suma", "Date": "Fecha", "Name": "Nombre", "Send": "Enviar", "Folder": "Carpeta"},
}  # fmt: skip
_LANGUAGES = {"de": "German", "fr": "French", "sv": "Swedish", "es": "Spanish"}


def glossary(draft: Draft) -> None:
    """Strings of a program translated by a glossary; what it lacks is listed."""
    draw = draft.draw
    language = draw.pick(tuple(_WORDS))
    words = _WORDS[language]
    known = draw.sample(tuple(words), draw.between(9, 12))
    extra = draw.sample([w for w in words if w not in known], 3)
    term, other = draw.pick(
        (("term", language), ("english", _LANGUAGES[language].lower()), ("source", "target"), ("en", language))
    )
    terms = let(draft, "terms", f"table({texts(known)})")
    others = let(draft, "their_words", f"table({texts([words[w] for w in known])})")
    data = data_block(
        draft, "glossary", len(known), (f"{term} = {terms}.value[n - 1]", f"{other} = {others}.value[n - 1]")
    )
    table = table_input(
        draft,
        data,
        (column(term, "id"), column(other, "label")),
        draw.pick(("glossary", "terms", "wordlist")),
        "term",
        ("csv", "json", "tsv", "markdown", "yaml", "xlsx"),
        draw.pick(("i18n", "translation", "terms")),
    )
    draft.say(
        "source",
        draft.phrase(
            "glossary",
            (
                "The glossary is {file}: {term} and {other}.",
                "{File} has the {language} word ({other}) for each {term}.",
                "Use the words of {file} ({term}, {other}) and no others.",
            ),
            file=hole(table.file),
            term=term,
            other=other,
            language=_LANGUAGES[language],
        ),
    )
    places = draw.shuffled(("menu", "dialog", "toolbar", "footer", "page", "form", "list", "start", "error", "mobile"))
    every = draw.shuffled([*known, *extra])
    key, value = draw.pick((("key", "text"), ("id", "string"), ("name", "english_text")))
    if value == term:
        value = "text"
    pool = let(draft, "places", f"table({texts(places)})")
    strings = data_block(
        draft,
        "strings",
        draw.between(14, 20),
        (
            f'{key} = "{{{{ {pool}.value[integer_between(0, 9)] }}}}.{{{{ pad(n, 2) }}}}"',
            f"{value} = pick({texts(every)})",
        ),
    )
    as_record = draw.chance(60)
    path = draft.path("i18n" if draw.chance(50) else "strings", draw.pick(("strings_en", "en", "messages_en")), "json")
    file = draft.name("strings_file")
    draft.files.append(
        f"file {file} {quoted(path)} {{ content = json({f'record({strings})' if as_record else strings}) }}"
    )
    draft.formats_in.append("json")
    source = let(draft, "english", strings if as_record else f"json({file})")
    what = f"an object from {key} to text" if as_record else f"a list of objects with {key} and {value}"
    draft.say(
        "source",
        draft.phrase(
            "strings",
            (
                "The strings are in {file}, {what}.",
                "{File} holds the English strings, {what}.",
                "What is to be translated stands in {file}, {what}.",
            ),
            file=hole(file),
            what=what,
        ),
        {"do": "read", "path": path, "format": "json"},
    )
    mark = draw.pick(("", "", "TODO ", "?? "))
    keep_rule = draw.pick(("keep", "leave out")) if not mark else "mark"
    fallback = {"keep": value, "leave out": value, "mark": f'"{mark}{{{{ {value} }}}}"'}[keep_rule]
    done = let(
        draft,
        "translated",
        f"{source} | left_join ({table.rows} | select {value} = {term}, found = {other}) on {value}"
        + (" | where found != null" if keep_rule == "leave out" else "")
        + f" | select {key}, value = found ?? {fallback}",
    )
    name = deliver(
        draft, "target", out_path(draft, draw.pick((f"strings_{language}", language, f"messages_{language}")), "json")
    )
    rest = {
        "keep": ("A string that the glossary lacks stays as it is.", "Strings without an entry keep their English text.", "What is not in the glossary remains English."),
        "leave out": ("Strings that the glossary lacks are left out.", "Leave out every string without an entry.", "What is not in the glossary does not appear in it."),
        "mark": ("A string that the glossary lacks keeps its English text with \"{mark}\" in front.", "Put \"{mark}\" before the English text where there is no entry.", "What is not in the glossary stays English behind a \"{mark}\"."),
    }[keep_rule]  # fmt: skip
    draft.say("output", draft.phrase("translated", (
        "Write {file}, a JSON object with the same keys and the {language} words as values.", "The result is {file}: a JSON object from each {key} to its {language} text.", "Put the {language} strings into {file} as one JSON object, {key} by {key}.",
    ), file=hole(name), language=_LANGUAGES[language], key=key), {"do": "translate", "format": "json", "key": key})  # fmt: skip
    draft.say(
        "rule",
        draft.phrase(f"no entry {keep_rule}", rest, mark=mark),
        {"do": "no entry", "how": keep_rule, **({"mark": mark.strip()} if mark else {})},
    )
    judge(draft, "strings_right", f"json({name}) == record({done})", weight=3)
    draft.formats_out.append("json")
    missing = let(
        draft,
        "missing",
        f"{source} | anti_join ({table.rows} | select {value} = {term}) on {value} | distinct {value} | sort {value}",
    )
    if draw.chance(75):
        listing = deliver(
            draft, "missing_file", out_path(draft, draw.pick(("missing_terms", "to_ask", "not_found")), "txt")
        )
        draft.say(
            "output",
            draft.phrase(
                "missing terms",
                (
                    "{File} lists the English texts that the glossary lacks, each once, one per line and sorted.",
                    "List the texts without an entry in {file}: every one once, sorted, one a line.",
                    "Write {file} with each text that has no entry, sorted, one per line and none twice.",
                ),
                file=hole(listing),
            ),
            {"do": "lines of missing"},
        )
        judge(draft, "missing_right", f"lines({listing}) == {missing}.{value}", weight=2)
        draft.formats_out.append("text")
    keep(draft)
    draft.admits.append(f"expect count({missing}) >= 2")
    draft.operation("files.extract", "data.join", "files.write", "communication.rewrite")


_STYLE = (
    ("utilise", "use"), ("in order to", "to"), ("prior to", "before"), ("commence", "begin"), ("terminate", "end"), ("assist", "help"), ("purchase", "buy"), ("sufficient", "enough"), ("regarding", "about"),
    ("e-mail", "email"), ("web site", "website"), ("per annum", "a year"), ("in the event of", "if there is"), ("a large number of", "many"), ("at this point in time", "now"), ("forward", "send"), ("obtain", "get"),
)  # fmt: skip
_SENTENCES = (
    "Please WORD the NOUN before Friday.", "We WORD this NOUN every year.", "It is done WORD the NOUN.", "The NOUN is kept WORD the next step.", "Call the office WORD the NOUN.", "You will find it on the page WORD NOUN.",
    "They said that WORD the NOUN nothing changes.", "Nobody has to WORD more than one NOUN.", "The office can WORD the NOUN if you ask.",
)  # fmt: skip


def house_style(draft: Draft) -> None:
    """Words of the house style put right in a text, in place."""
    draw, domain = draft.draw, draft.domain
    pairs = draw.sample(_STYLE, draw.between(4, 6))
    old, new = draw.pick((("instead_of", "better"), ("avoid", "prefer"), ("old", "new"), ("wrong", "good")))
    lefts, rights = (
        let(draft, "lefts", f"table({texts([a for a, _ in pairs])})"),
        let(draft, "rights", f"table({texts([b for _, b in pairs])})"),
    )
    data = data_block(draft, "style", len(pairs), (f"{old} = {lefts}.value[n - 1]", f"{new} = {rights}.value[n - 1]"))
    table = table_input(
        draft,
        data,
        (column(old, "id"), column(new, "label")),
        draw.pick(("house_style", "style_guide", "wording")),
        "rule",
        ("csv", "json", "markdown", "yaml", "tsv"),
        draw.pick(("style", "guides", "editing")),
    )
    draft.say(
        "source",
        draft.phrase(
            "style",
            (
                "Our house style is {file}: {old} and {new}.",
                "{File} says what we write ({new}) for which words ({old}).",
                "The words to replace ({old}) and those to use ({new}) are in {file}.",
            ),
            file=hole(table.file),
            old=old,
            new=new,
        ),
    )
    nouns = [domain.many, *domain.kind.values[:3], domain.amount.say, domain.due.say, domain.group.say]
    count = draw.between(9, 14)
    forms = [a for a, _ in pairs]
    sentences = let(
        draft,
        "sentences",
        f"table({texts([*_SENTENCES, *(f'{capital(p)}.' for p in draw.sample(domain.note.phrases, 3))])})",
    )
    lines = data_block(draft, "sentence_data", count, (
        f"_word = if n <= {len(pairs)} then {lefts}.value[n - 1] else pick({texts([*forms, *forms, 'see', 'keep'])})", f'line = replace(replace(pick({sentences}.value), "WORD", _word), "NOUN", pick({texts(nouns)}))',
    ))  # fmt: skip
    title = draw.pick(("Handbook, page 4", "Old draft", "Section 2.1", "Leaflet", "Intranet page", "Chapter 7"))
    gap = draw.pick((" ", "\n", "\n\n"))
    path = draft.path(
        draw.pick(("texts", "drafts", "handbook", "pages")), draw.pick(domain.files), draw.pick(("md", "txt"))
    )
    file = draft.name("text_0")
    draft.files.append(
        f'file {file} {quoted(path)} {{ content = {quoted(f"# {title}" + chr(10) * 2)} + join_text({lines}.line, {quoted(gap)}) + "\\n" }}'
    )
    draft.formats_in.append("text")
    target = deliver(draft, "text_now", path, f"edits = {file}")
    query = f"text({file})"
    for a, b in pairs:
        query = f"replace({query}, {quoted(a)}, {quoted(b)})"
    want = let(draft, "wanted", query)
    draft.say("output", draft.phrase("house style", (
        "Edit {file} in place: replace every word or phrase of the list by the one to use, and change nothing else in the text.", "Put the wording of {file} right in the file itself, everywhere it occurs; all other text must stay as it is.",
        "In {file}, replace each of them wherever it stands, directly in that file. Leave everything else there untouched.",
    ), file=hole(target)), {"do": "replace words", "path": path, "list": table.path, "from": old, "into": new})  # fmt: skip
    judge(draft, "text_right", f'split(text({target}), " ") == split({want}, " ")', weight=3)
    draft.rest.append(f"solution {{ write {target} = {want} }}")
    draft.formats_out.append("text")
    counted = let(
        draft,
        "counts",
        f"{table.rows} | derive times = count(split(text({file}), {old})) - 1"
        + draw.pick((f" | sort {old}", f" | sort -times, {old}")),
    )
    order = f"sorted by times, highest first, then by {old}" if "-times" in draft.lets[-1] else f"sorted by {old}"
    listing = deliver(
        draft,
        "changes",
        out_path(draft, draw.pick(("changes", "replaced", "wording_log")), "csv"),
        f"columns = [{old}, {new}, times]",
    )
    draft.say(
        "output",
        draft.phrase(
            "changes",
            (
                "{File} says for each entry of the list how often it was replaced (columns {old}, {new} and times), {order}.",
                "Log it in {file} with the columns {old}, {new} and times (how often it stood there), {order}.",
                "Keep count in {file}: {old}, {new} and times, the number of replacements, {order}.",
            ),
            file=hole(listing),
            old=old,
            new=new,
            order=order,
        ),
        {"do": "count replaced", "into": "times", "sort": ["-times", old] if "-times" in draft.lets[-1] else [old]},
    )
    judge(draft, "log_right", f"rows({listing}) == {counted}", weight=2)
    draft.formats_out.append("csv")
    keep(draft, f"only_changed([{target}])")
    draft.operation("files.edit", "communication.rewrite")


def announcement(draft: Draft) -> None:
    """A text from facts, with sections and a limit."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 2, 3)
    draft.use("std.people", "email")
    facts = data_block(draft, "facts", 1, (
        f"title = pick({texts([f'{capital(draw.pick(domain.group.values))} day', f'Open house on {domain.many}', f'News about {domain.many}', f'{capital(domain.one)} week'])})", f"day = any_date(@{draft.when.today} + 10d, @{draft.when.today} + 60d)",
        f"place = pick({texts(domain.group.values)})", "host = first(" + people + ".name)", f"seats = integer_between({draw.between(10, 30)}, {draw.between(50, 140)})", "fee = pick([4, 5, 7.5, 9, 12, 15])", "contact = email(host)", f"budget = integer_between({draw.between(1100, 2900)}, {draw.between(5000, 9900)})",
    ))  # fmt: skip
    kind = draft.balance.pick(draw, "facts format", ("json", "yaml"))
    path = draft.path(draw.pick(domain.folders), draw.pick(("facts", "event", "announcement_facts", "brief")), kind)
    file = draft.name("facts_file")
    draft.files.append(f"file {file} {quoted(path)} {{ content = {kind}(only({facts})) }}")
    draft.formats_in.append(kind)
    fields = draw.sample(("day", "place", "host", "seats", "fee"), draw.between(3, 4))
    secret = draw.chance(60)
    draft.say(
        "source",
        draft.phrase(
            "facts",
            ("The facts are in {file}.", "Take all facts from {file}.", "{File} has what is known about it."),
            file=hole(file),
        ),
        {"do": "read", "path": path, "format": kind},
    )
    what = draw.pick(
        (
            ("What happens", "How to take part"),
            ("The event", "Contact"),
            ("About it", "Sign up"),
            ("In short", "Questions"),
        )
    )
    low, high = draw.pick(((40, 150), (50, 160), (40, 120), (60, 180)))
    name = deliver(
        draft,
        "notice",
        out_path(draft, draw.pick(("announcement", "notice", "invitation", "press_note")), "md"),
        f"sections = {texts(what)}",
    )
    got = f"{kind}({file})"
    draft.say("output", draft.phrase("announcement", (
        "Write {file} with the sections {a} and {b}, {low} to {high} words in all. {a} names the title, {facts}; {b} gives the contact and asks readers to write by {by}.",
        "{File} has two sections, {a} and {b}, and {low} to {high} words. Under {a} state the title, {facts}, under {b} the contact and that the closing day is {by}.",
        "In {file}, between {low} and {high} words, put the title, {facts} under the heading {a}, and the contact with {by} as the closing day under {b}.",
    ), file=hole(name), a=what[0], b=what[1], low=low, high=high, facts=listed(fields), by=_week_before(draft)), {
        "do": "announcement", "sections": list(what), "facts": ["title", *fields], "contact": "contact", "words": [low, high], "days before": 7, "column": "day"})  # fmt: skip
    draft.say(
        "limit",
        draft.phrase(
            "fact form",
            (
                "Write days as YYYY-MM-DD and numbers as in the file.",
                "Days have the form YYYY-MM-DD; names and numbers are those of the file.",
                "Keep names and numbers as they are in the file, and days in the form YYYY-MM-DD.",
            ),
        ),
    )
    judge(
        draft,
        "facts_right",
        f"mentions_all(section({name}, {quoted(what[0])}), [{', '.join(f'{got}.{f}' if f != 'day' else f'date({got}.day)' for f in ['title', *fields])}])",
        weight=3,
    )
    judge(
        draft,
        "contact_right",
        f"mentions(section({name}, {quoted(what[1])}), {got}.contact)",
        f"mentions(section({name}, {quoted(what[1])}), date({got}.day) - 7d)",
        weight=2,
    )
    judge(draft, "length_right", f"words({name}) in {low}..{high}", after="facts_right")
    if secret:
        draft.say(
            "limit",
            draft.phrase(
                "secret",
                (
                    "The budget must not be mentioned.",
                    "Keep the budget out of it.",
                    "The budget is nobody's business: leave it out.",
                ),
                what="budget",
            ),
            {"do": "leave out", "column": "budget"},
        )
        draft.checks.append(f"forbid budget_told {{\n  expect mentions({name}, {got}.budget)\n}}")
    draft.formats_out.append("markdown")
    keep(draft)
    draft.operation("files.extract", "communication.draft")


def _week_before(draft: Draft) -> str:
    return draft.draw.pick(
        (
            "the day one week before the event",
            "the day 7 days before it takes place",
            "the day that lies seven days before day",
        )
    )


ARCHETYPES = (
    Archetype("meeting_notes", ("office.meetings", "planning.summaries"), (
        "We met about {purpose} and I took notes.", "Make something useful out of my meeting notes.", "Who agreed to do what in our meeting?", "Please turn the notes of the meeting into a list.", "The notes of our last meeting are a mess.", "I want the actions out of the meeting notes.",
        "The meeting at {scene} is over and what was agreed needs writing up.", "Our meeting on {many} is over; here are the notes.",
    ), meeting_notes, "Actions from meeting notes"),
    Archetype("glossary", ("office.translation", "content.writing"), (
        "Our program for {many} is to appear in another language.", "Please translate the strings of our app.", "The screens for {many} need translating.", "We agreed on a glossary and now want it applied.", "Translate the labels, strictly by the glossary.", "A colleague abroad will use our tool for {many}.",
        "The translated labels are still missing.", "Apply our glossary to the strings of the app.",
    ), glossary, "Labels by the glossary"),
    Archetype("house_style", ("content.writing", "content.correspondence"), (
        "This text about {many} does not follow our house style.", "Please edit a text for me.", "Before {purpose} we want the wording right.", "Our handbook uses words that we gave up.", "Go over a text about {many} with the style list in hand.", "Put our house style into an old text.",
        "An old page on {many} needs plainer words.", "The wording of a text about {many} is out of date.",
    ), house_style, "House style in a text on {many}"),
    Archetype("announcement", ("content.writing", "content.marketing"), (
        "We have something to announce.", "Please write an announcement for {scene}.", "An announcement is due and I have but the facts.", "Write the invitation for me.", "People want to hear about our plans.", "Turn a few facts into a notice.", "We want to invite people, for {purpose}.", "We need a notice for the public.",
    ), announcement, "An announcement"),
)  # fmt: skip
