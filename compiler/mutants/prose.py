"""Where a document tells a value, how values are spelled in prose, and its parts: sections, fields, sentences."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.mutants.values import number_of
from clawc.compiler.witness.constraints import Demand
from clawc.compiler.witness.places import Place
from clawc.stdlib.checks.markdown import heading_key
from clawc.stdlib.checks.text import as_text

_HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")


class Part(NamedTuple):
    """A heading and what stands under it, up to the next heading of the same or a higher level; lines by number."""

    title: str
    level: int
    start: int  # the line of the heading
    end: int


def spellings(value: Any, decimals: int | None) -> list[str]:
    """How a value is written in prose, the most likely first."""
    if isinstance(value, bool) or value is None:
        return []
    number = number_of(value) if isinstance(value, (int, Decimal)) else None
    if number is None:
        text = as_text(value)
        return [text] if text.strip() else []
    places = decimals if decimals is not None else max(0, -int(number.as_tuple().exponent))
    forms = [f"{number:.{places}f}", f"{number:,.{places}f}"]
    if decimals is None:
        forms += [str(as_text(value)), f"{number:.2f}", f"{number:,.2f}"]
    return [form for form in dict.fromkeys(forms) if Decimal(form.replace(",", "")) == number or decimals is not None]


def found(text: str, value: Any, decimals: int | None) -> list[tuple[int, int]]:
    """Where the text tells the value, whichever way it is written."""
    spots: list[tuple[int, int]] = []
    for form in sorted(spellings(value, decimals), key=len, reverse=True):
        body = r"\s+".join(map(re.escape, form.split()))
        for match in re.finditer(rf"(?<![\w.,-]){body}(?![\w]|[.,]\d)", text, re.IGNORECASE):
            if not any(match.start() < end and start < match.end() for start, end in spots):
                spots.append(match.span())
    return sorted(spots)


def parts(text: str) -> list[Part]:
    """The sections of a document; lines in code fences are no headings."""
    lines = text.split("\n")
    heads: list[tuple[int, int, str]] = []
    fenced = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        match = _HEADING.match(line) if not fenced else None
        if match:
            heads.append((number, len(match[1]), match[2]))
    made: list[Part] = []
    for at, (number, level, title) in enumerate(heads):
        end = next((n for n, other, _ in heads[at + 1 :] if other <= level), len(lines))
        made.append(Part(title, level, number, end))
    return made


def part_called(text: str, title: str) -> Part | None:
    """The section with a heading that reads so."""
    return next((p for p in parts(text) if heading_key(p.title) == heading_key(title)), None)


def place_of(demand: Demand) -> str:
    """The place of a demand, as findings name it."""
    if demand.place.field:
        return f"the line `{demand.place.field}:`"
    return f"section `{demand.place.section}`" if demand.place.section else "the text"


def within_place(text: str, place: Place, sentence: str) -> str | None:
    """The text with a sentence more at a place; None where the place is not found."""
    lines = text.split("\n")
    if place.field:
        for number, line in enumerate(lines):
            if place.field.casefold() in line.casefold() and ":" in line:
                lines[number] = f"{line} {sentence}"
                return "\n".join(lines)
        return None
    if place.section:
        part = part_called(text, place.section)
        if part is None:
            return None
        return "\n".join([*lines[: part.start + 1], "", sentence, *lines[part.start + 1 :]])
    return f"{text.rstrip()}\n\n{sentence}\n"
