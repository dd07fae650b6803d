"""Texts of all kinds as rows: mails, notes, fact sheets, web pages, logs, lists of a meeting, the contents of a folder."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from email.utils import parseaddr
from html.parser import HTMLParser

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, slug

# Sheets and notes.


def _sheet(text: str) -> dict[str, str]:
    """The heading under the name of an empty text, and what stands behind each label."""
    facts: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            facts.setdefault("", line[2:].strip())
        elif ": " in line:
            label, value = line.split(": ", 1)
            facts.setdefault(label.strip(), value.strip())
    return facts


def notes_of(files: dict[str, bytes]) -> Rows:
    return [{"file": name, **_sheet(data.decode("utf-8"))} for name, data in files.items() if name.endswith(".md")]


def index(work: Work, asked: Asked) -> None:
    tag, file, title = asked.texts("into")
    label = work.asked().text("tags")
    work.rows = [
        {tag: word.strip(), file: row["file"], title: row[""]}
        for row in work.rows
        for word in shown(cell(row, label)).split(",")
    ]


# Two words of a question are fixed; the label and the name are what it asks for.
_QUESTIONS = {
    "Tell me the": re.compile(r"Tell me the (?P<label>.+?) of (?P<name>.+)\?"),
    "What is the": re.compile(r"What is the (?P<label>.+?) of (?P<name>.+)\?"),
    "which": re.compile(r"(?P<name>.+): which (?P<label>.+)\?"),
}


def answer(work: Work, asked: Asked) -> None:
    into, source = asked.texts("into")
    otherwise, form = asked.text("otherwise"), asked.text("as")
    if form not in _QUESTIONS:
        raise Unsolvable(f"answer: unknown form of question {form!r}")
    folder = work.source(1)
    sheets = {name: _sheet(data.decode("utf-8")) for name, data in work.folder(folder).items() if name.endswith(".md")}

    def answered(row: Row) -> Row:
        asks = [_QUESTIONS[form].fullmatch(value) for value in row.values() if isinstance(value, str)]
        found = [ask for ask in asks if ask is not None]
        if len(found) != 1:
            raise Unsolvable(f"answer: what is asked in {row}?")
        # A label may have the word "of" in it, so every way to cut the question in two is tried.
        pairs = (
            _cuts(f"{found[0]['label']} of {found[0]['name']}")
            if form != "which"
            else [(found[0]["label"], found[0]["name"])]
        )
        hits = {
            (facts[label], f"{folder}/{name}")
            for name, facts in sheets.items()
            for label, heading in pairs
            if facts.get("") == heading and label and label in facts
        }
        if len(hits) > 1:
            raise Unsolvable(f"answer: several sheets answer {row}")
        value, path = next(iter(hits), (otherwise, ""))
        return {**row, into: value, source: path}

    work.rows = [answered(row) for row in work.rows]
    unanswered = sum(cell(row, source) == "" for row in work.rows)
    work.counts["count open"] = Decimal(unanswered)
    work.counts["count answered"] = Decimal(len(work.rows) - unanswered)


def _cuts(text: str) -> list[tuple[str, str]]:
    return [(text[: at.start()], text[at.end() :]) for at in re.finditer(" of ", text)]


# Mails.


def mails_of(files: dict[str, bytes]) -> Rows:
    rows: list[Row] = []
    for name, data in files.items():
        if name.endswith(".eml"):
            mail = BytesParser(policy=policy.default).parsebytes(data)
            body = mail.get_body(("plain",))
            rows.append(
                {
                    "file": name,
                    "sender": parseaddr(str(mail["From"]))[1],
                    "subject": str(mail["Subject"]),
                    "body": str(body.get_content()) if body is not None else "",
                }
            )
    return rows


def route(work: Work, asked: Asked) -> None:
    column, into, names = asked.text("column"), asked.text("into"), asked.texts("names")
    words = asked.lists("words")

    def team(row: Row) -> str:
        text = shown(cell(row, column)).lower()
        hits = [name for name, parts in zip(names, words) if any(part.lower() in text for part in parts)]
        if len(hits) > 1:
            raise Unsolvable(f"route: {text!r} has words of {hits}")
        return hits[0] if hits else asked.text("otherwise")

    work.rows = [{**row, into: team(row)} for row in work.rows]


def flag(work: Work, asked: Asked) -> None:
    column, into, word = asked.text("column"), asked.text("into"), asked.text("contains")
    yes, no = asked.texts("names")
    work.rows = [{**row, into: yes if word in shown(cell(row, column)) else no} for row in work.rows]


def capture(work: Work, asked: Asked) -> None:
    """A number of the shown form; every 0 of the form may be any digit."""
    column, into = asked.text("column"), asked.text("into")
    form = re.compile(re.escape(asked.text("form")).replace("0", r"\d"))

    def captured(row: Row) -> Value:
        found = form.search(shown(cell(row, column)))
        return found[0] if found else None

    work.rows = [{**row, into: captured(row)} for row in work.rows]


def mail_columns(work: Work, asked: Asked) -> None:
    for column in asked.texts("columns"):
        if column not in ("file", "sender"):
            raise Unsolvable(f"mail columns: unknown column {column}")


# Folders.


def manifest(work: Work, asked: Asked) -> None:
    column, into = asked.text("column"), asked.text("into")
    missing, unexpected, changed = asked.texts("names")
    listed = {shown(cell(row, "name")): number(cell(row, column), column) for row in work.rows}
    present = {name: len(data.decode("utf-8").splitlines()) for name, data in work.folder(work.source(1)).items()}
    made: list[Row] = []
    for name in dict.fromkeys([*listed, *present]):
        if name not in present:
            made.append({"name": name, into: missing})
        elif name not in listed:
            made.append({"name": name, into: unexpected})
        elif present[name] != listed[name]:
            made.append({"name": name, into: changed})
    work.rows = made
    work.counts["count listed"] = Decimal(len(listed))
    work.counts["count present"] = Decimal(len(present))


def file_copies(work: Work, asked: Asked) -> None:
    """Exact copies, in folders named by a line of the text."""
    by, how = asked.text("by"), asked.text("how")
    made: list[Row] = []
    for name, data in work.folder(work.source(0)).items():
        facts = _sheet(data.decode("utf-8"))
        if by not in facts or how not in ("kind", "month"):
            raise Unsolvable(f"file copies: no folder for {name}")
        folder = facts[by][:7] if how == "month" else slug(facts[by])
        stem = slug(facts[asked.text("named by")]) if asked.has("named by") else name.removesuffix(".txt")
        work.made[f"{asked.text('path')}/{folder}/{stem}.txt"] = data
        made.append({"folder": folder, "file": name})
    work.rows = made


# Lines of a form.

_PARTS = {
    "OWNER": ("owner", r".+?"),
    "TASK": ("task", r".+?"),
    "DAY": ("due", r"\d{4}-\d\d-\d\d"),
    "LEVEL": ("level", r"[A-Z]+"),
    "TIME": ("at", r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?"),
    "SERVICE": ("service", r"\S+?"),
    "MESSAGE": ("message", r".+"),
}


def parse_lines(work: Work, asked: Asked) -> None:
    work.begun = asked
    form = re.escape(asked.text("entry") if asked.has("entry") else asked.text("action"))
    for word, (column, signs) in _PARTS.items():
        form = re.sub(rf"\b{word}\b", f"(?P<{column}>{signs})".replace("\\", r"\\"), form)
    lines = work.text(work.source(0)).splitlines()
    hits = [found for line in lines if (found := re.fullmatch(form, line.strip())) is not None]
    work.rows = [found.groupdict() for found in hits]
    work.counts["count all"] = Decimal(len(hits))


def incidents(work: Work, asked: Asked) -> None:
    by = asked.text("by")
    count, first, last, span = asked.texts("into")
    groups: dict[Value, list[str]] = {}
    for row in work.rows:
        groups.setdefault(cell(row, by), []).append(shown(cell(row, "at")))
    work.counts["count"] = Decimal(len(work.rows))
    work.counts["count groups"] = Decimal(len(groups))
    work.rows = [
        {by: key, count: Decimal(len(times)), first: min(times), last: max(times), span: _minutes(times)}
        for key, times in groups.items()
    ]


def _minutes(times: list[str]) -> Decimal:
    length = datetime.fromisoformat(max(times)) - datetime.fromisoformat(min(times))
    return Decimal(int(length.total_seconds())) / 60


# A chat.


def open_questions(work: Work, asked: Asked) -> None:
    body, reply, number_column, author = asked.texts("column")
    others = asked.yes("by others")

    def answered(row: Row) -> bool:
        return any(
            cell(other, reply) == cell(row, number_column) and not (others and cell(other, author) == cell(row, author))
            for other in work.rows
        )

    work.rows = [row for row in work.rows if shown(cell(row, body)).endswith("?") and not answered(row)]


# Web pages.


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title, self.headings, self.described, self.without_alt = "", 0, False, False
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_title = tag == "title"
        self.headings += tag == "h1"
        self.described = self.described or (tag == "meta" and given.get("name") == "description")
        self.without_alt = self.without_alt or (tag == "img" and "alt" not in given)

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def page_audit(work: Work, asked: Asked) -> None:
    into, pages = asked.text("into"), work.folder(work.source(0))
    made: list[Row] = []
    for name, data in pages.items():
        page = _Page()
        page.feed(data.decode("utf-8"))
        page.close()
        made.extend({"page": name, into: rule.text("name")} for rule in asked.parts("rules") if _breaks(page, rule))
    work.rows = made
    work.counts["count all"] = Decimal(len(pages))
    work.counts["count clean"] = Decimal(len(pages) - len({row["page"] for row in made}))


def _breaks(page: _Page, rule: Asked) -> bool:
    how = rule.text("how")
    if how == "title longer":
        return len(page.title) > rule.whole("value")
    if how == "title shorter":
        return len(page.title) < rule.whole("value")
    found = {
        "image without alt": page.without_alt,
        "no meta description": not page.described,
        "no h1": page.headings == 0,
        "several h1": page.headings > 1,
    }
    if how not in found:
        raise Unsolvable(f"page audit: unknown rule {how!r}")
    return found[how]
