"""Archetypes over words: labels translated by a glossary, a text put into the house style."""

from __future__ import annotations

from clawc.stdlib.archetypes.archetype import Archetype
from clawc.stdlib.archetypes.draft import Draft, capital, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    column,
    data_block,
    deliver,
    judge,
    keep,
    let,
    out_path,
    table_input,
    texts,
)  # fmt: skip

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
                "{File} has the {language} words ({other}) for the English ones ({term}).",
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
    key, value = draw.pick((("key", "text"), ("id", "string"), ("label", "english_text")))
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
    ), file=hole(name), language=_LANGUAGES[language], key=key), {"do": "translate", "path": draft.places[name], "format": "json", "key": key, "glossary": table.path, "columns": [term, other], **({} if as_record else {"text": value})})  # fmt: skip
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
            {"do": "lines of missing", "path": draft.places[listing]},
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
        {
            "do": "count replaced",
            "path": draft.places[listing],
            "columns": [old, new],
            "into": "times",
            "dir": "number down" if "-times" in draft.lets[-1] else "key up",
        },
    )
    judge(draft, "log_right", f"rows({listing}) == {counted}", weight=2)
    draft.formats_out.append("csv")
    keep(draft, f"only_changed([{target}])")
    draft.operation("files.edit", "communication.rewrite")


ARCHETYPES = (
    Archetype("glossary", ("office.translation", "content.writing"), (
        "Our program for {many} is to appear in another language.", "Please translate the strings of our app.", "The screens for {many} need translating.", "We agreed on a glossary and now want it applied.", "Translate the labels, strictly by the glossary.", "A colleague abroad will use our tool for {many}.",
        "The translated labels are still missing.", "Apply our glossary to the strings of the app.",
    ), glossary, "Labels by the glossary"),
    Archetype("house_style", ("content.writing", "content.correspondence"), (
        "This text about {many} does not follow our house style.", "Please edit a text for me.", "Before {purpose} we want the wording right.", "Our handbook uses words that we gave up.", "Go over a text about {many} with the style list in hand.", "Put our house style into an old text.",
        "An old page on {many} needs plainer words.", "The wording of a text about {many} is out of date.",
    ), house_style, "House style in a text on {many}"),
)  # fmt: skip
