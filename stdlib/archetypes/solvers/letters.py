"""One text for each row or person, with all that it has to name and no word more than allowed."""

from __future__ import annotations

from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Unsolvable, Value, number, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell, slug


def posts(work: Work, asked: Asked) -> None:
    by, facts, ends = asked.text("by"), asked.texts("facts"), asked.text("ends")
    for row in work.rows:
        text = f"{', '.join(f'{fact}: {shown(cell(row, fact))}' for fact in facts)} {ends}"
        if len(text) > asked.whole("characters"):
            raise Unsolvable(f"posts: {text!r} is too long")
        path = f"{asked.text('path')}/{slug(shown(cell(row, by)))}.txt"
        if path in work.made:
            raise Unsolvable(f"posts: two posts for {path}")
        work.made[path] = text.encode()


def ban(work: Work, asked: Asked) -> None:
    word = asked.text("word").lower().encode()
    if any(word in text.lower() for text in work.made.values()):
        raise Unsolvable(f"ban: the word {asked.text('word')!r} cannot be avoided")


def letters(work: Work, asked: Asked) -> None:
    by, (summed, named) = asked.text("by"), asked.texts("column")
    if asked.text("how") != "sum, list":
        raise Unsolvable(f"letters: unknown contents {asked.text('how')!r}")
    persons: dict[Value, list[Row]] = {}
    for row in work.rows:
        persons.setdefault(cell(row, by), []).append(row)
    for person, rows in persons.items():
        total = sum((number(cell(row, summed), summed) for row in rows), Decimal(0))
        names = ", ".join(shown(cell(row, named)) for row in rows)
        text = f"{shown(person)}\n\nThe sum of {summed} is {shown(total)}, for: {names}.\n"
        if len(text.split()) > asked.whole("words"):
            raise Unsolvable("letters: more words than allowed")
        path = f"{asked.text('path')}/{slug(shown(person))}.txt"
        if path in work.made:
            raise Unsolvable(f"letters: two people for {path}")
        work.made[path] = text.encode()


def letter_lines(work: Work, asked: Asked) -> None:
    """The name behind its label, and the subject behind its own, on lines of their own at the top."""
    for path, text in work.made.items():
        name, rest = text.decode().split("\n", 1)
        head = f"{asked.text('to')}: {name}\n"
        if asked.has("subject"):
            label, subject = asked.texts("subject")
            head += f"{label}: {subject}\n"
        work.made[path] = (head + rest).encode()
