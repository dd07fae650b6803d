"""A document that says what is demanded and nothing more: sections, tables, sentences, bullets, neutral filler.

Of a document that is edited, everything stays that is not asked to change; what already holds is not written again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from clawc.compiler.render import render_md_table
from clawc.compiler.witness.constraints import Demand
from clawc.compiler.witness.places import Mention
from clawc.compiler.witness.samples import sample
from clawc.stdlib.checks.markdown import heading_key
from clawc.stdlib.checks.mentions import mentions
from clawc.stdlib.checks.numbers import format_number
from clawc.stdlib.checks.prose import words
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import Range, Unmet

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
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t#]*$")


@dataclass(slots=True)
class Part:
    """A stretch of a document under one heading; the first has none."""

    heading: str = ""
    level: int = 2
    title: str = ""
    text: str = ""
    fresh: list[str] = field(default_factory=list[str])  # blocks that are added

    def render(self) -> str:
        body = "\n\n".join(p for p in [self.text.strip("\n"), *self.fresh] if p)
        if self.text and not self.fresh:
            body = self.text.strip("\n")
        return "\n\n".join(p for p in (self.heading, body) if p)


def document(
    demands: list[Demand], sections: tuple[str, ...] | None, title: str, markdown: bool, base: str | None = None
) -> str:
    """The text of one deliverable; `base` is the text that it edits."""
    lines = next((d.value for d in demands if d.kind == "lines" and not d.place.section), None)
    if lines is not None:
        return "".join(f"{as_text(line)}\n" for line in lines)
    parts = _parts(base) if base is not None else [Part()]
    level, order = next((d.value for d in demands if d.kind == "headings" and not d.place.section), (2, []))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    names = [*(sections or ()), *(d.place.section for d in demands if d.place.section), *order]  # pyright: ignore[reportUnknownVariableType]
    for name in dict.fromkeys(names):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if not any(heading_key(p.title) == heading_key(name) for p in parts[1:]):  # pyright: ignore[reportUnknownArgumentType]
            heading = f"{'#' * level} {name}" if markdown else f"{name}:"
            parts.insert(_position(parts, name, list(order)), Part(heading, level, name))  # pyright: ignore[reportUnknownArgumentType]
    for part in parts:
        own = [d for d in demands if heading_key(d.place.section) == heading_key(part.title)] if part.title else []
        own = [d for d in own if not d.place.field]
        if part is parts[0]:
            own = [d for d in demands if not d.place.section and not d.place.field]
        whole = "\n".join(p.render() for p in parts) if part is parts[0] else part.text
        _fill_part(part, [d for d in own if base is None or not _holds(d, whole)], base is None)
    labels = dict.fromkeys(d.place.field for d in demands if d.place.field)
    parts[0].fresh += [_field(label, [d for d in demands if d.place.field == label]) for label in labels]
    for part in parts:
        part.fresh = _opened(
            part.fresh, [d for d in demands if heading_key(d.place.section) == heading_key(part.title)]
        )
    top = [d for d in demands if not d.place.section and not d.place.field]
    if base is None and markdown and len(parts) > 1 and not any(d.kind == "starts_with" for d in top) and not order:
        parts[0].fresh.insert(0, f"# {title}")
    text = _joined(parts, base)
    for demand in demands:
        if demand.place.field:
            continue
        if demand.kind == "words":
            text = _pad_words(text, demand.value, demand.place.section)
        elif demand.kind in ("sentences", "paragraphs") and demand.place.section == "":
            text = _pad_sentences(text, demand)
    closing = next((str(d.value) for d in top if d.kind == "ends_with"), "")
    text = text.rstrip("\n")
    return text + ("\n" if not closing or text.endswith(closing) else f"\n\n{closing}")


def _joined(parts: list[Part], base: str | None) -> str:
    """The parts one after the other; those of an edited text that were not touched, byte for byte."""
    if base is None:
        return "\n\n".join(r for r in (p.render() for p in parts) if r) + "\n"
    text = ""
    for part in parts:
        if part.fresh or (part.heading and not part.text):
            text = text.rstrip("\n") + ("\n\n" if text.strip() else "") + part.render() + "\n\n"
        else:
            text += (part.heading + "\n" if part.heading else "") + part.text
    return text.rstrip("\n") + "\n"


def _parts(base: str) -> list[Part]:
    """A text cut at its headings; blocks of code have none."""
    parts, fenced = [Part()], False
    for line in base.replace("\r\n", "\n").splitlines():
        found = None if fenced else _HEADING.match(line)
        fenced ^= line.lstrip().startswith("```")
        if found:
            parts.append(Part(line, len(found.group(1)), found.group(2)))
        else:
            parts[-1].text += line + "\n"
    return parts


def _position(parts: list[Part], name: str, order: list[Any]) -> int:
    """Where a new part belongs: before the next of those that are to follow it, else at the end."""
    keys = [heading_key(str(o)) for o in order]
    if heading_key(name) in keys:
        after = keys[keys.index(heading_key(name)) + 1 :]
        for place, part in enumerate(parts):
            if place and heading_key(part.title) in after:
                return place
    return len(parts)


def _holds(demand: Demand, text: str) -> bool:
    """Is it so already in the text that is edited?"""
    try:
        if demand.kind == "mention":
            mention: Mention = demand.value
            return bool(mentions(text, mention.values[0], near=mention.near or None, decimals=mention.decimals))
        if demand.kind == "contains":
            return str(demand.value) in text
        if demand.kind == "starts_with":
            return text.lstrip().startswith(str(demand.value))
        if demand.kind == "text":
            return text.strip() == str(demand.value).strip()
        if demand.kind == "matches":
            return bool(demand.value.search(text))
    except Unmet:
        return False
    return False


# What a line may not begin with to be read as it is: the mark of a list, heading or quotation.
_MARKUP = re.compile(r"([0-9]{1,9}[.)]|[-+*>]|#{1,6})(\s|\Z)")


def _fill_part(part: Part, demands: list[Demand], new: bool) -> None:
    """The blocks that one part needs."""
    exact = next((d.value for d in demands if d.kind == "text"), None)
    if exact is not None:
        part.text, part.fresh = str(exact).strip("\n") + "\n", []
        return
    opening = next((str(d.value) for d in demands if d.kind == "starts_with"), "")
    if opening:
        part.fresh.append(opening)
    part.fresh += _body(demands)
    if part.title and new and not part.fresh:
        part.fresh.append(FILLER[0])


def _opened(blocks: list[str], demands: list[Demand]) -> list[str]:
    """The blocks of a part with its prefix in front: as the beginning of one of them, if one begins so."""
    opening = next((str(d.value) for d in demands if d.kind == "starts_with" and not d.place.field), "")
    if opening not in blocks:
        return blocks
    rest = [b for b in blocks if b != opening]
    first = next((b for b in rest if b.startswith(opening)), opening)
    return [first, *(b for b in rest if b != first)]


def _body(demands: list[Demand]) -> list[str]:
    parts: list[str] = []
    for demand in demands:
        if demand.kind == "field":
            parts.append(f"{demand.value[0]}: {as_text(demand.value[1])}")
    said = [_sentence(d.value) for d in demands if d.kind == "mention"]
    said += [str(d.value) for d in demands if d.kind == "contains"]
    if said:
        text = " ".join(dict.fromkeys(said))
        parts.append(f"Found: {text}" if _MARKUP.match(text) else text)
    for demand in demands:
        if demand.kind in ("contains_lines", "lines"):
            parts.append("\n".join(as_text(line) for line in demand.value))
        elif demand.kind == "matches":
            parts.append(sample(demand.value))
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


def _field(label: str, demands: list[Demand]) -> str:
    """`Label: text` on a line of its own."""
    text = " ".join(_body([d for d in demands if d.kind in ("mention", "contains", "starts_with")]))
    for demand in demands:
        if demand.kind == "words":
            text = _pad_words(text, demand.value, "")
        elif demand.kind == "sentences":
            text = _pad_sentences(text, demand)
    return f"{label}: {' '.join(text.split())}"


def _spelled(value: Any, decimals: int | None) -> str:
    if decimals is not None and isinstance(value, (int, Decimal)):
        return str(format_number(value, decimals))
    return str(as_text(value))


def _sentence(mention: Mention) -> str:
    value = _spelled(mention.values[0], mention.decimals)
    return f"{mention.near}: {value}." if mention.near else f"{value}."


def _block(mentions_: tuple[Mention, ...]) -> str:
    """One stretch of text with all mentions, so that `near` holds between any two."""
    words_: list[str] = []
    for mention in mentions_:
        words_ += [w for w in (mention.near, *(_spelled(v, mention.decimals) for v in mention.values)) if w]
    return ", ".join(dict.fromkeys(words_))


def _pad_words(text: str, bounds: Range, section: str) -> str:
    """Filler up to the least number of words; nothing where there is no least."""
    low = int(bounds.low or 0)
    number = 0
    head, heading, tail = _split(text, section)
    while number < 2000 and words(_own(tail) if section else text) < low:
        sentence = FILLER[number % len(FILLER)]
        if section:
            tail = f"\n\n{sentence}{tail}"
            text = head + heading + tail
        else:
            text = f"{text.rstrip()}{' ' if number % len(FILLER) else chr(10) * 2}{sentence}"
        number += 1
    return text


def _pad_sentences(text: str, demand: Demand) -> str:
    """Filler up to the least number of sentences or paragraphs."""
    from clawc.stdlib.checks import primitives

    count = primitives()[demand.kind]
    low = int(demand.value.low or 0)
    number = 0
    while number < 200 and len(count(text)) < low:
        between = "\n\n" if demand.kind == "paragraphs" or not number else " "
        text = f"{text.rstrip()}{between}{FILLER[number % len(FILLER)]}"
        number += 1
    return text


def _split(text: str, section: str) -> tuple[str, str, str]:
    """A text before a heading, the heading, and what follows it."""
    if not section:
        return text, "", ""
    for line in text.splitlines():
        if heading_key(line) == heading_key(section):
            head, tail = text.split(line, 1)
            return head, line, tail
    return text, "", ""


def _own(tail: str) -> str:
    """What stands behind a heading, up to the next one."""
    return re.split(r"\n#{1,6} ", tail, maxsplit=1)[0]
