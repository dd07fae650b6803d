"""One text for each row or person, with all that it has to name and no word more than allowed."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.rules import document, loaded
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, number, shown, value_of
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, slug


def posts(work: Work, asked: Asked) -> None:
    by, facts, ends = asked.text("by"), asked.texts("facts"), asked.text("ends")
    for row in work.rows:
        text = f"{', '.join(f'{fact}: {shown(cell(row, fact))}' for fact in facts)} {ends}"
        if len(text) > asked.whole("characters"):
            raise Unsolvable(f"posts: {text!r} is too long")
        path = f"{asked.text('path')}/{_file_name(cell(row, by), asked)}.txt"
        if path in work.made:
            raise Unsolvable(f"posts: two posts for {path}")
        work.made[path] = text.encode()


def ban(work: Work, asked: Asked) -> None:
    word = asked.text("word").lower().encode()
    if any(word in text.lower() for text in work.made.values()):
        raise Unsolvable(f"ban: the word {asked.text('word')!r} cannot be avoided")


def letters(work: Work, asked: Asked) -> None:
    by, hows, columns = asked.text("by"), asked.text("how").split(", "), asked.texts("column")
    if len(hows) != len(columns):
        raise Unsolvable(f"letters: {hows} of {columns}")
    work.begun, work.checked = asked, work.rows
    persons: dict[Value, list[Row]] = {}
    for row in work.rows:
        persons.setdefault(cell(row, by), []).append(row)
    for person, rows in persons.items():
        said = "; ".join(_said(rows, how, column) for how, column in zip(hows, columns))
        text = f"{shown(person)}\n\n{said}.\n"
        if len(text.split()) > asked.whole("words"):
            raise Unsolvable("letters: more words than allowed")
        path = f"{asked.text('path')}/{_file_name(person, asked)}.txt"
        if path in work.made:
            raise Unsolvable(f"letters: two people for {path}")
        work.made[path] = text.encode()


def _said(rows: Rows, how: str, column: str) -> str:
    values = [cell(row, column) for row in rows]
    if how == "sum":
        return f"the sum of {column} is {shown(sum((number(value, column) for value in values), Decimal(0)))}"
    if how == "list":
        return f"{column}: {', '.join(map(shown, values))}"
    if how == "earliest":
        return f"the earliest {column} is {min(map(shown, values))}"
    raise Unsolvable(f"letters: unknown contents {how!r}")


def _file_name(value: Value, asked: Asked) -> str:
    text = shown(value)
    if asked.has("accents"):
        if asked.text("accents") != "without":
            raise Unsolvable(f"letters: accents {asked.text('accents')!r}")
        text = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return slug(text)


def letter_lines(work: Work, asked: Asked) -> None:
    """The name behind its label, and the subject behind its own, on lines of their own at the top."""
    for path, text in work.made.items():
        name, rest = text.decode().split("\n", 1)
        head = f"{asked.text('to')}: {name}\n"
        if asked.has("subject"):
            label, subject = asked.texts("subject")
            head += f"{label}: {subject}\n"
        work.made[path] = (head + rest).encode()


def replace_words(work: Work, asked: Asked) -> None:
    """In place; a match that is only part of a word, or is written with other capitals, is left to nobody's guess."""
    work.begun = asked
    path, wrong, right = asked.text("path"), asked.text("from"), asked.text("into")
    text = work.text(path)
    words = {shown(cell(row, wrong)): shown(cell(row, right)) for row in work.table(asked.text("list"))}
    longest = sorted(words, key=len, reverse=True)
    each = "|".join(map(re.escape, longest))
    found = re.findall(rf"\b(?:{each})\b", text)
    if len(found) != len(re.findall(each, text, re.IGNORECASE)):
        raise Unsolvable("replace words: parts of words, or other capitals")
    work.made[path] = re.sub(rf"\b(?:{each})\b", lambda match: words[match[0]], text).encode()


_POLITE = "We look forward to seeing you and thank you for reading this to the end. "


def announcement(work: Work, asked: Asked) -> None:
    """All facts under the first heading; the contact and the closing day under the second."""
    path, (least, most) = work.target(asked), asked.numbers("words")
    known = document(loaded(work, work.source(0)))
    if asked.text("how") != "closing day a week before":
        raise Unsolvable(f"announcement: {asked.text('how')!r}")
    closing = date.fromisoformat(str(known[asked.text("column")])) - timedelta(days=7)
    about, sign_up = asked.texts("sections")
    said = "".join(f"- {fact}: {shown(value_of(known[fact]))}\n" for fact in asked.texts("facts"))
    contact = shown(value_of(known[asked.text("contact")]))
    text = f"## {about}\n\n{said}\n## {sign_up}\n\n- contact: {contact}\n- closing day: {closing.isoformat()}\n\n"
    # Marks of headings and bullets are no words.
    while sum(any(map(str.isalnum, word)) for word in text.split()) < least:
        text += _POLITE
    if len(text.split()) > most:
        raise Unsolvable("announcement: more words than allowed")
    work.begun = asked
    work.made[path] = (text.strip() + "\n").encode()


def leave_out(work: Work, asked: Asked) -> None:
    known = document(loaded(work, work.source(0)))
    hidden = shown(value_of(known[asked.text("column")]))
    if any(hidden in text.decode() for text in work.made.values()):
        raise Unsolvable(f"leave out: {hidden!r} also stands for something else")
