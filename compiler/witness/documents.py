"""A document that says what is demanded and nothing more: sections, tables, sentences, bullets, neutral filler."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from clawc.compiler.render import render_md_table
from clawc.compiler.witness.constraints import Demand, Mention
from clawc.stdlib.checks.numbers import format_number
from clawc.stdlib.checks.prose import words
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import Range

# No digits, no names, no words that a task is likely to forbid.
FILLER = (
    "This part was written with care and follows the order of the request.",
    "Each statement above can be traced back to the material that was provided.",
    "Nothing has been added beyond what the material supports.",
    "Readers who want more detail will find it in the other files.",
    "The wording is kept plain so that the main points stand out.",
)
STEPS = ("Look at the points above once more", "Share the outcome with everyone who is concerned",
         "Agree on who does what next", "Keep the material for later reference")  # fmt: skip


def document(demands: list[Demand], sections: tuple[str, ...] | None, title: str, markdown: bool) -> str:
    """The text of one deliverable."""
    names = list(sections or ())
    for demand in demands:
        if demand.place.section and demand.place.section not in names:
            names.append(demand.place.section)
    exact = next((d.value for d in demands if d.kind == "text"), None)
    if exact is not None:
        return str(exact)
    lines = next((d.value for d in demands if d.kind == "lines"), None)
    if lines is not None:
        return "".join(f"{as_text(line)}\n" for line in lines)
    parts: list[str] = []
    top = [d for d in demands if not d.place.section]
    opening = next((str(d.value) for d in top if d.kind == "starts_with"), "")
    if opening:
        parts.append(opening)
    elif markdown and names:
        parts.append(f"# {title}")
    parts += _body(top)
    for name in names:
        parts.append(f"## {name}" if markdown else f"{name}:")
        parts += _body([d for d in demands if d.place.section == name]) or [FILLER[0]]
    closing = next((str(d.value) for d in top if d.kind == "ends_with"), "")
    text = "\n\n".join(p for p in parts if p)
    for demand in demands:
        if demand.kind == "words":
            text = _fill(text, demand.value, bool(demand.place.section), f"## {demand.place.section}")
    return text + (f"\n\n{closing}" if closing else "\n")


def _body(demands: list[Demand]) -> list[str]:
    parts: list[str] = []
    for demand in demands:
        if demand.kind == "field":
            parts.append(f"{demand.value[0]}: {as_text(demand.value[1])}")
    said = [_sentence(d.value) for d in demands if d.kind == "mention"]
    said += [str(d.value) for d in demands if d.kind == "contains"]
    if said:
        parts.append(" ".join(dict.fromkeys(said)))
    for demand in demands:
        if demand.kind == "contains_lines":
            parts.append("\n".join(as_text(line) for line in demand.value))
        elif demand.kind == "block":
            parts.append(_block(demand.value) + ".")
        elif demand.kind == "table":
            parts.append(render_md_table(demand.value))
    items = [_block(d.value) for d in demands if d.kind == "bullet"]
    count = next((d.value for d in demands if d.kind == "bullets"), None)
    if count is not None:
        low = int(count.low or 0)
        items += [STEPS[i % len(STEPS)] + "." for i in range(max(0, low - len(items)))]
    if items:
        parts.append("\n".join(f"- {item}" for item in items))
    return parts


def _spelled(value: Any, decimals: int | None) -> str:
    if decimals is not None and isinstance(value, (int, Decimal)):
        return str(format_number(value, decimals))
    return str(as_text(value))


def _sentence(mention: Mention) -> str:
    value = _spelled(mention.values[0], mention.decimals)
    return f"{mention.near}: {value}." if mention.near else f"{value}."


def _block(mentions: tuple[Mention, ...]) -> str:
    """One stretch of text with all mentions, so that `near` holds between any two."""
    words_: list[str] = []
    for mention in mentions:
        words_ += [w for w in (mention.near, *(_spelled(v, mention.decimals) for v in mention.values)) if w]
    return ", ".join(dict.fromkeys(words_))


def _fill(text: str, bounds: Range, in_section: bool, heading: str) -> str:
    """Filler up to the least number of words; nothing where there is no least."""
    low = int(bounds.low or 0)
    number = 0
    while number < 2000 and words(_part(text, heading) if in_section else text) < low:
        sentence = FILLER[number % len(FILLER)]
        if in_section:
            head, tail = text.split(heading, 1)
            text = f"{head}{heading}\n\n{sentence}{tail}"
        else:
            text = f"{text}{' ' if number % len(FILLER) else chr(10) * 2}{sentence}"
        number += 1
    return text


def _part(text: str, heading: str) -> str:
    return text.split(heading, 1)[1].split("\n## ", 1)[0]
