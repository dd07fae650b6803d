"""Archetypes over saved web pages: catalogues, an audit for search engines, and pages that a small command fetches."""

from __future__ import annotations

import re

from clawc.stdlib.archetypes import grouping, outputs
from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
from clawc.stdlib.archetypes.brief import Fact
from clawc.stdlib.archetypes.draft import Draft, capital, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    amount_cell,
    column,
    data_block,
    deliver,
    figures_file,
    identifier,
    judge,
    keep,
    let,
    out_path,
    text_file,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import columns_of
from clawc.stdlib.archetypes.state import Column, State

PARTS_USED = (grouping,)  # imported for what it enters into the list of parts


def _place(how: str) -> str:
    """Where a cell stands in an element: the name of an attribute, or `text`."""
    found = re.search(r'attr(?:\.(\w+)|\["([^"]+)"\])', how)
    return (found[1] or found[2]) if found else "text"


def catalogue(draft: Draft) -> None:
    """Entries of several saved pages to one table."""
    draw, domain = draft.draw, draft.domain
    every = {c.role: c for c in columns_of(domain)}
    ident, kind, number, status = every["id"], every["class"], every[draw.pick(("amount", "quantity"))], every["status"]
    values = draw.sample(kind.values, draw.between(3, len(kind.values)))
    pages = draw.between(2, 4)
    folder = draw.pick(("pages", "site", "saved", "mirror", "html"))
    style = draw.pick(("data", "card"))
    if style == "data":
        line = f'<li class="item" data-id="{{{{ {ident.name} }}}}" data-state="{{{{ {status.name} }}}}" data-value="{{{{ {number.name} }}}}">{{{{ {kind.name} }}}}</li>'
        frame, selector = ("<ul>", "</ul>"), "li.item"
        cells = {
            ident.name: 'attr["data-id"]',
            kind.name: "text",
            status.name: 'attr["data-state"]',
            number.name: 'number(attr["data-value"])',
        }
        said = f'every <li class="item"> is an entry, with {ident.name} in data-id, {status.name} in data-state, {number.name} in data-value and {kind.name} as its text'
    else:
        line = f'<div class="card" id="{{{{ {ident.name} }}}}" title="{{{{ {kind.name} }}}}" data-state="{{{{ {status.name} }}}}"><b>{{{{ {number.name} }}}}</b></div>'
        frame, selector = ("<main>", "</main>"), "div.card"
        cells = {
            ident.name: "attr.id",
            kind.name: "attr.title",
            status.name: 'attr["data-state"]',
            number.name: "number(text)",
        }
        said = f'an entry is a <div class="card"> whose id is {ident.name}, whose title is {kind.name}, whose data-state is {status.name} and whose text is {number.name}'
    selected = ", ".join(f"{name} = {how}" for name, how in cells.items())
    places = [_place(how) for how in cells.values()]
    parts: list[str] = []
    for page in range(1, pages + 1):
        data = data_block(draft, f"page_{page}", draw.between(5, 9), (
            f"{ident.name} = {identifier(draft)}", f"{kind.name} = pick({texts(values)})", f"{status.name} = pick({texts(status.values)})", f"{number.name} = {amount_cell(number)}",
        ))  # fmt: skip
        path = draft.path(folder, draw.pick((f"page{page}", f"list_{page}", f"p-{page}")), "html")
        file = draft.name(f"page_file_{page}")
        more = f'<p class="note">{capital(draw.pick(domain.note.phrases))}</p>' if draw.chance(50) else ""
        head = f"<!doctype html>\n<html><head><title>{capital(domain.many)}, page {page}</title></head>\n<body>\n<h1>{capital(domain.many)}</h1>\n{more}{frame[0]}\n"
        draft.files.append(
            f'file {file} {quoted(path)} {{ content = {quoted(head)} + join_text(({data} | select line = {quoted(line)}).line, "\\n") + {quoted(f"{chr(10)}{frame[1]}{chr(10)}</body></html>{chr(10)}")} }}'
        )
        parts.append(f"(html_select({file}, {quoted(selector)}) | select {selected})")
        draft.formats_in.append("html")
    entries = let(draft, "page_entries", f"union({', '.join(parts)})")
    draft.say("source", draft.phrase("saved pages", (
        "{count} saved pages of our catalogue of {many} lie in the folder {folder}; {said}.", "The folder {folder} has the pages as .html files ({count} of them), where {said}.", "Read all {count} .html files in {folder}: {said}.",
    ), count=pages, many=domain.many, folder=folder, said=said), {"do": "read", "path": folder, "format": "html", "kind": selector, "columns": list(cells), "places": places})  # fmt: skip
    state = State(
        entries,
        domain.one,
        domain.many,
        (ident, Column(kind.name, "class", "text", kind.say, kind.many, tuple(values)), status, number),
        (ident.name,),
    )
    state = maybe(draft, state, "narrow", 75, 1)
    if draw.chance(25):
        state = take(draft, state, "group", ("totals",))
    state = take(draft, state, "order")
    outputs.table_file(draft, state, formats=("csv", "json", "tsv", "xlsx", "jsonl"))
    if draw.chance(45):
        outputs.summary_file(draft, state, draft.last)
    keep(draft)
    draft.admits.append(f"expect count({draft.last}) >= 3")
    draft.operation("web.extract", "data.filter", "files.write")


def seo_audit(draft: Draft) -> None:
    """Pages with titles, descriptions and headings that do not fit."""
    draw, domain = draft.draw, draft.domain
    count = draw.between(7, 10)
    low, high = draw.pick(((15, 40), (12, 45), (20, 50)))
    words = [
        capital(domain.many),
        f"{capital(draw.pick(domain.group.values))} and our {domain.many}",
        f"All about {domain.many}, prices and the people who work here with pleasure",
        "Home",
        "News",
        f"Questions on the {domain.amount.say}",
        f"How we handle {domain.kind.many} in {draw.pick(domain.group.values)} every single day of the year",
    ]
    data = data_block(draft, "pages", count, (
        f"title = pick({texts(words)})", f"_about = pick({texts([f'What to know about {domain.many}.', f'We show {domain.kind.many} and more.'])})", 'description = if chance(0.35) then "" else "<meta name=\\"description\\" content=\\"{{ _about }}\\">\\n"',
        "h1 = pick([1, 1, 1, 0, 2])", 'heads = if h1 == 0 then "" else if h1 == 1 then "<h1>{{ title }}</h1>\\n" else "<h1>{{ title }}</h1>\\n<h1>More</h1>\\n"', 'alt = if chance(0.4) then "<img src=\\"a.png\\">" else "<img src=\\"a.png\\" alt=\\"A view\\">"',
    ))  # fmt: skip
    folder = draw.pick(("site", "www", "public", "pages"))
    records: list[str] = []
    for index, stem in enumerate(
        draw.sample(
            ("index", "about", "contact", "prices", "news", "team", "faq", "archive", "shop", "blog", "jobs", "press"),
            count,
        )
    ):
        file = draft.name(f"page_{index + 1}")
        at = f"{data}[{index}]"
        draft.files.append(
            f'file {file} {quoted(draft.path(folder, stem, "html"))} {{ content = "<!doctype html>\\n<html><head><title>" + {at}.title + "</title>\\n" + {at}.description + "</head>\\n<body>\\n" + {at}.heads + "<p>Welcome.</p>\\n" + {at}.alt + "\\n</body></html>\\n" }}'
        )
        records.append(
            f'{{page: "{stem}.html", title: first(html_select({file}, "title")).text, descriptions: count(html_select({file}, "meta[name=description]")), h1s: count(html_select({file}, "h1")), images: count(html_select({file}, "img")), with_alt: count(html_select({file}, "img[alt]"))}}'
        )
    draft.formats_in.append("html")
    pages = let(draft, "site_pages", f"table([{', '.join(records)}])")
    word = draw.pick(("problem", "issue", "finding"))
    known_rules: tuple[tuple[str, str, str, dict[str, Fact]], ...] = (
        ("no description", "descriptions == 0", "the page has no meta description", {"how": "no meta description"}), ("short title", f"length(title) < {low}", f"its title has fewer than {low} characters", {"how": "title shorter", "value": low}),
        ("long title", f"length(title) > {high}", f"its title has more than {high} characters", {"how": "title longer", "value": high}), ("no heading", "h1s == 0", "it has no h1", {"how": "no h1"}), ("several headings", "h1s > 1", "it has more than one h1", {"how": "several h1"}),
        ("image without alt", "with_alt < images", "an image lacks its alt attribute", {"how": "image without alt"}),
    )  # fmt: skip
    rules = draw.sample(known_rules, draw.between(3, 4))
    found = let(
        draft,
        "problems",
        "union("
        + ", ".join(f'({pages} | where {test} | select page, {word} = "{name}")' for name, test, _, _ in rules)
        + ")",
    )
    draft.say(
        "source",
        draft.phrase(
            "site",
            (
                "The site is the folder {folder}.",
                "All pages lie in {folder} as .html files.",
                "Look at every .html file in {folder}.",
            ),
            folder=folder,
        ),
        {"do": "read", "path": folder, "format": "html"},
    )
    draft.say("rule", draft.phrase("seo", (
        "Write a row for each page and {word}: {rules}. The page is given by its file name.", "These are the kinds of {word}: {rules}. Each one of a page is a row with page (the file's name) and {word}.", "For every page (its file name) list each {word} that it has: {rules}.",
    ), word=word, rules="; ".join(f'"{name}" if {said}' for name, _, said, _ in rules)), {"do": "page audit", "into": word, "rules": [{"name": name, **step} for name, _, _, step in rules]})  # fmt: skip
    rows = State(
        found,
        word,
        f"{word}s",
        (column("page", "id"), column(word, "class")),
        draw.pick((("page", word), (word, "page"))),
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(50):
        figures_file(
            draft,
            [
                Figure("pages", f"count({pages})", "the number of pages", {"how": "count all"}),
                Figure(
                    "clean_pages",
                    f"count({pages} | anti_join {found} on page)",
                    f"how many have no {word}",
                    {"how": "count clean"},
                ),
            ],
            ("summary", "site_figures"),
        )
    if draw.chance(40):
        listing = deliver(draft, "clean_list", out_path(draft, "fine_pages", "txt"))
        draft.say(
            "output",
            draft.phrase(
                "fine pages",
                (
                    "List the pages without any {word} in {file}, one file name per line and sorted.",
                    "{File} has the file names of pages without {a_word}, one a line, sorted.",
                    "Pages that have no {word} go into {file}: one file name per line, in ascending order.",
                ),
                word=word,
                file=hole(listing),
            ),
            {"do": "lines of clean pages", "path": draft.places[listing], "column": "page"},
        )
        clean = let(draft, "clean", f"{pages} | anti_join {found} on page | sort page")
        judge(draft, "clean_right", f"lines({listing}) == {clean}.page")
        draft.admits.append(f"expect count({clean}) >= 1")
        draft.formats_out.append("text")
    keep(draft)
    draft.admits.append(f"expect count({found} | distinct {word}) >= {len(rules) - 1} and count({found}) >= 4")
    draft.operation("web.extract", "files.inspect", "files.write")


_FETCH = '''#!/usr/bin/env python3
"""Prints the page of an address: python3 tools/fetch.py URL"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "FOLDER"


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    known = json.loads((ROOT / "index.json").read_text(encoding="utf-8"))
    for entry in known:
        if entry["url"] == sys.argv[1]:
            sys.stdout.write((ROOT / entry["file"]).read_text(encoding="utf-8"))
            return 0
    print("404 not found: " + sys.argv[1], file=sys.stderr)
    return 1


sys.exit(main())
'''


def mirror(draft: Draft) -> None:
    """Facts from pages that a command of the workspace fetches, each page leading to the next ones."""
    draw, domain = draft.draw, draft.domain
    people = data_block(draft, "people", 12, ("name = full_name()",), "name")
    draft.use("std.people", "full_name")
    groups = draw.sample(domain.group.values, min(len(domain.group.values), draw.between(4, 5)))
    host, folder = (
        draw.pick(("https://intranet.example.com", "https://www.example.org", "https://catalogue.example.net")),
        draw.pick(("mirror", "web", "cache")),
    )
    number, label = domain.reference.number, domain.reference.label
    names = let(draft, "places", f"table({texts(groups)})")
    data = data_block(draft, "sites", len(groups), (
        f"{domain.group.column} = {names}.value[n - 1]", "page = slug(" + domain.group.column + ")", f"lead = {people}.name[n - 1]", f"{label.column} = pick({texts(label.values)})", f"{number.column} = integer_between({int(number.low)}, {int(number.high)})",
    ))  # fmt: skip
    start = f"{host}/{draw.pick(('start', 'index', 'overview', 'home'))}"
    entries = [
        f'{{url: {quoted(start)}, file: "start.html"}}',
        *(f'{{url: "{host}/" + {data}[{i}].page, file: "p{i + 1}.html"}}' for i in range(len(groups))),
    ]
    draft.files.append(f"file index_file {quoted(f'{folder}/index.json')} {{ content = json([{', '.join(entries)}]) }}")
    draft.files.append(
        f'file start_page {quoted(f"{folder}/start.html")} {{ content = "<!doctype html>\\n<title>{capital(domain.group.many)}</title>\\n<ul>\\n" + join_text(({data} | select line = "<li><a href=\\"{host}/{{{{ page }}}}\\">{{{{ {domain.group.column} }}}}</a></li>").line, "\\n") + "\\n</ul>\\n" }}'
    )
    draft.taken |= {"index_file", "start_page", "fetch_tool"}
    records: list[str] = []
    for index in range(len(groups)):
        at = f"{data}[{index}]"
        file = draft.name(f"site_{index + 1}")
        draft.files.append(
            f'file {file} {quoted(f"{folder}/p{index + 1}.html")} {{ content = "<!doctype html>\\n<h1>" + {at}.{domain.group.column} + "</h1>\\n<dl><dt>{label.say}</dt><dd class=\\"label\\">" + {at}.{label.column} + "</dd><dt>{number.say}</dt><dd class=\\"number\\">" + text({at}.{number.column}) + "</dd><dt>lead</dt><dd class=\\"lead\\">" + {at}.lead + "</dd></dl>\\n" }}'
        )
        records.append(
            f'{{{domain.group.column}: first(html_select({file}, "h1")).text, {label.column}: first(html_select({file}, "dd.label")).text, {number.column}: number(first(html_select({file}, "dd.number")).text), lead: first(html_select({file}, "dd.lead")).text}}'
        )
    text_file(draft, "fetch_page", "tools/fetch.py", _FETCH.replace("FOLDER", folder), True)
    found = let(draft, "site_facts", f"table([{', '.join(records)}])")
    draft.say("source", draft.phrase("mirror", (
        "There is no network here, but `python3 tools/fetch.py URL` prints pages of {host}. Begin with {start}, which links to a page for each {group}.", "Use the command `python3 tools/fetch.py URL`, which gives pages of {host} from a copy; {start} links to all the others.",
        "Pages of {host} can be read with `python3 tools/fetch.py URL`. The page {start} has a link for each {group}.",
    ), host=host, start=start, group=domain.group.say), {"do": "fetch", "command": "python3 tools/fetch.py", "start": start})  # fmt: skip
    draft.rest.append("environment { tools = [python3] }")
    columns = (
        Column(domain.group.column, "group", "text", domain.group.say, domain.group.many, tuple(groups)),
        column(label.column, "label"),
        column(number.column, "amount", "number"),
        column("lead", "person"),
    )
    draft.say("rule", draft.phrase("mirror columns", (
        "Each page has one {group}: its heading is {key}, {label} is what it calls {label_say}, {number} what it calls {number_say}, and lead the name given there.", "Take {key} from the heading of a page, {label} from \"{label_say}\", {number} from \"{number_say}\", and lead as it stands there.",
        "From every such page we want {key} (the heading), {label} (called {label_say} there), {number} (called {number_say}) and lead.",
    ), group=domain.group.say, key=domain.group.column, label=label.column, label_say=label.say, number=number.column, number_say=number.say), {"do": "page facts", "columns": [c.name for c in columns], "labels": [label.say, number.say, "lead"]})  # fmt: skip
    rows = State(found, domain.reference.one, domain.group.many, columns, (domain.group.column,))
    rows = take(draft, rows, "order", ("by_key", "by_measure"))
    outputs.table_file(draft, rows)
    if draw.chance(50):
        outputs.summary_file(draft, rows, draft.last)
    if draw.chance(40):
        outputs.note_file(draft, rows, draft.last)
    draft.formats_in.append("html")
    keep(draft)
    draft.admits.append(
        f'expect count(json(index_file)) == {len(groups) + 1} and count(html_select(start_page, "a")) == {len(groups)} and contains(fetch_page, "index.json")'
    )
    draft.operation("web.search", "web.download", "web.extract", "files.write")


ARCHETYPES = (
    Archetype("catalogue", ("information.collection", "content.marketing"), (
        "Somebody saved the pages of our catalogue; I want the data.", "Please get the {many} out of some web pages.", "All we have on the {many} are saved web pages.", "The web pages list our {many}, but I need a table.", "Collect the {many} from the saved pages.", "Our old site lists the {many}; save what is there.",
        "For {purpose} we need the {many} from the website.", "The {many} are online and nowhere else.",
    ), catalogue, "{Many} from web pages"),
    Archetype("seo_audit", ("content.seo", "automation.inspection"), (
        "Search engines dislike our site.", "Please audit our web pages.", "Nobody finds {scene} on the web.", "Check the pages of our site.", "Our pages could do better in search results.", "Before {purpose} the website gets a check.", "The titles and descriptions of our pages need a look.", "Find what is wrong with the pages of our site.",
    ), seo_audit, "Audit of web pages"),
    Archetype("mirror", ("information.collection", "information.lookup"), (
        "Please look something up on our intranet.", "The facts about each {group} stand on web pages.", "Collect what the site says about every {group}.", "I need a table of what is on our web pages.", "Go through the pages of the site for me.", "For {purpose}: gather the facts on each {group} from the web.", "The site knows all about every {group}, I know nothing.", "Get the details on every {group} from the web pages.",
    ), mirror, "Facts from the site"),
)  # fmt: skip
