"""The same document said otherwise: other marks of headings and bullets, more prose around what is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clawc.compiler.mutants.model import Answer, Operator, Variant
from clawc.compiler.mutants.prose import found, parts
from clawc.compiler.mutants.values import day_of
from clawc.compiler.mutants.wording import (
    fixes_text,
    in_another_case,
    names_decimals,
    names_number,
    orders_rows,
    unstated,
)

_FORM = "the form"
_LEVELS = re.compile(r"\blevel|top-level|##|\bh[1-6]\b|exactly", re.IGNORECASE)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SENTENCE = "The rest was left as it is."


def _levels(answer: Answer) -> Iterator[Variant]:
    """All headings a level lower, where the levels are not counted."""
    if (
        answer.kind != "markdown"
        or answer.text is None
        or (answer.pins.of("headings") and _LEVELS.search(answer.task.told))
        or answer.pins.of("text", "lines", "contains_lines", "contains", "matches", "starts_with")
        or answer.pins.opaque
    ):
        return
    lines = answer.text.split("\n")
    heads = {p.start for p in parts(answer.text)}
    if heads and all(p.level < 6 for p in parts(answer.text)):
        made = "\n".join(f"#{line}" if n in heads else line for n, line in enumerate(lines))
        yield Variant(made.encode(), _FORM, "headings are a level lower", answer.readers)


def _bullets(answer: Answer) -> Iterator[Variant]:
    if (
        answer.kind != "markdown"
        or answer.text is None
        or answer.pins.of("text", "lines", "contains_lines", "contains", "matches")
        or answer.pins.opaque
    ):
        return
    made = re.sub(r"(?m)^([ \t]*)- ", r"\1* ", answer.text)
    if made != answer.text:
        yield Variant(made.encode(), _FORM, "bullets have another sign", answer.readers)


def _emphasis(answer: Answer) -> Iterator[Variant]:
    """A fact in bold."""
    if answer.kind != "markdown" or answer.text is None:
        return
    for demand in answer.pins.of("mention"):
        spots = found(answer.text, demand.value.values[0], demand.value.decimals)
        if (
            spots
            and not answer.pins.opaque
            and not answer.pins.of("text", "lines", "contains", "matches", "contains_lines")
        ):
            start, end = spots[0]
            if (
                answer.text[start - 1 : start] not in ("*", "_", "`", "|")
                and "|" not in _line(answer.text, start)
                and _line(answer.text, start)[:1] != "#"
            ):
                made = f"{answer.text[:start]}**{answer.text[start:end]}**{answer.text[end:]}"
                yield Variant(made.encode(), _FORM, f"`{answer.text[start:end]}` is in bold", frozenset({demand.check}))


def _line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start : end if end >= 0 else len(text)]


def _prose(answer: Answer) -> Iterator[Variant]:
    """A sentence more at the end, where nothing limits it."""
    if not answer.is_document or answer.text is None or not answer.text.strip():
        return
    limited = answer.pins.of("text", "lines", "words", "sentences", "paragraphs", "ends_with", "headings")
    if any(not d.place.field for d in limited) or answer.pins.opaque:
        return
    last = answer.text.rstrip().split("\n")[-1].lstrip()
    if last.startswith(("|", "-", "*", "+", "```", "#")) or (last[:1].isdigit() and answer.deliver.kind == "text"):
        return
    made = f"{answer.text.rstrip()}\n\n{_SENTENCE}\n"
    yield Variant(made.encode(), "the text", "a sentence more stands at the end", answer.readers)


def _unlimited(answer: Answer) -> Iterator[Variant]:
    """A sentence more, although a check demands the whole text, which the request does not fix."""
    if not answer.is_document or answer.text is None or not answer.pins.text or answer.pins.opaque:
        return
    if not fixes_text(answer.task.told, answer.path):
        made = f"{answer.text.rstrip()}\n\n{_SENTENCE}\n"
        what = "a sentence more stands at the end, and nobody asks for this text and no other"
        yield Variant(made.encode(), "the text", what, answer.pins.text)


def _reworded(answer: Answer) -> Iterator[Variant]:
    """Words that a check demands one behind the other, although they stand so neither in the request nor in the inputs."""
    if not answer.is_document or answer.text is None or answer.pins.opaque:
        return
    known = "\n".join([answer.task.told, *(d.decode("utf-8", "replace") for d in answer.pristine.values())])
    for demand in answer.pins.of("text", "lines", "contains", "starts_with", "ends_with", "contains_lines"):
        value: object = demand.value
        lines: list[object] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
        for line in lines:
            pair = unstated(line, known) if isinstance(line, str) else None
            if pair is None:
                continue
            made = re.sub(
                rf"({re.escape(pair[0])})(\W+)({re.escape(pair[1])})",
                r"\1\2really \3",
                answer.text,
                count=1,
                flags=re.IGNORECASE,
            )
            if made != answer.text:
                what = f"`{pair[0]}, as found, {pair[1]}` instead of `{pair[0]} {pair[1]}`, words that nobody asks for"
                yield Variant(made.encode(), "the text", what, frozenset({demand.check}))
                break


def _decimals(answer: Answer) -> Iterator[Variant]:
    """190.5 for 190.50, where a check demands the decimals and nobody asks for them."""
    if not answer.is_document or answer.text is None or names_decimals(answer.task.told):
        return
    for demand in answer.pins.of("mention"):
        if not demand.value.decimals:
            continue
        for start, end in found(answer.text, demand.value.values[0], demand.value.decimals):
            old = answer.text[start:end]
            new = old.rstrip("0").rstrip(".") if "." in old else old
            if new != old:
                what = f"`{new}` instead of `{old}`, and nobody asks for decimals"
                made = f"{answer.text[:start]}{new}{answer.text[end:]}"
                yield Variant(made.encode(), "the text", what, frozenset({demand.check}))
                break


def _heading_case(answer: Answer) -> Iterator[Variant]:
    """Headings in the case in which the request names them."""
    if not answer.is_document or answer.text is None:
        return
    for demand in answer.pins.of("contains", "starts_with", "ends_with", "lines", "contains_lines"):
        whole: object = demand.value
        values: list[object] = whole if isinstance(whole, list) else [whole]  # pyright: ignore[reportUnknownVariableType]
        for value in values:
            literal = value.strip("# *_:") if isinstance(value, str) else ""
            told = in_another_case(literal, answer.task.told) if len(literal) > 2 else None
            if told is not None and literal in answer.text:
                what = f"`{told}`, as the request spells it, instead of `{literal}`"
                yield Variant(answer.text.replace(literal, told).encode(), "the text", what, frozenset({demand.check}))
    if answer.kind != "markdown":
        return
    lines = answer.text.split("\n")
    for part in parts(answer.text):
        told = in_another_case(part.title, answer.task.told)
        if told is not None and told != part.title:
            made = [*lines[: part.start], lines[part.start].replace(part.title, told), *lines[part.start + 1 :]]
            yield Variant(
                "\n".join(made).encode(),
                "the headings",
                f"the heading is `{told}`, as the request names it",
                answer.readers,
            )


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FORM_OF_DAYS = re.compile(r"\d{4}-\d\d-\d\d|YYYY|\bISO\b|\bformat\b|\bin the form\b", re.IGNORECASE)


def _in_words(answer: Answer) -> Iterator[Variant]:
    """A date in words, where a check looks for its digits and nobody asks for a form."""
    if not answer.is_document or answer.text is None or _FORM_OF_DAYS.search(answer.task.told):
        return
    for demand in answer.pins.of("contains", "starts_with", "ends_with"):
        literal = demand.value if isinstance(demand.value, str) else ""
        day = day_of(literal) if _DAY.fullmatch(literal.strip()) else None
        if day is not None and literal.strip() in answer.text:
            told = f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
            text = answer.text.replace(literal.strip(), told)
            what = f"`{told}` instead of `{literal.strip()}`, and nobody asks for a form of the date"
            yield Variant(text.encode(), "the text", what, frozenset({demand.check}))


def _sentences(answer: Answer) -> Iterator[Variant]:
    """The facts in another order, where nobody asks for one."""
    if not answer.is_document or answer.text is None or answer.deliver.sections or orders_rows(answer.task.told):
        return
    if answer.pins.opaque or answer.pins.of(
        "text", "lines", "starts_with", "ends_with", "contains_lines", "block", "bullet", "table", "field", "headings"
    ):
        return
    lines = answer.text.rstrip("\n").split("\n")
    for number, line in enumerate(lines):
        pieces = re.findall(r"[^.!?]+[.!?](?:\s+|$)", line)
        facts = [
            p for p in pieces if any(found(p, d.value.values[0], d.value.decimals) for d in answer.pins.of("mention"))
        ]
        if len(facts) > 1 and "".join(pieces) == line and not line.startswith(("#", "|", "-", "*")):
            turned = " ".join(p.strip() for p in reversed(pieces))
            if re.match(r"\s*\d+[.)]", turned) or any(re.match(r"\s*\d", p) for p in pieces):
                continue  # a number at the beginning may be that of a list
            text = "\n".join([*lines[:number], turned, *lines[number + 1 :]]) + "\n"
            checks = frozenset(d.check for d in answer.pins.of("mention"))
            yield Variant(
                text.encode(), "the text", "the sentences stand in another order, and nobody asks for one", checks
            )
            return


def _shorter(answer: Answer) -> Iterator[Variant]:
    """Without the filler that a lower limit of words asks for, which nobody tells."""
    if not answer.is_document or answer.text is None or answer.pins.text:
        return
    for demand in answer.pins.of("words"):
        low = demand.value.low
        high = demand.value.high
        # What any answer has to have needs no words; a narrow range does.
        if not low or high is None or high >= 2 * low or demand.place.field or names_number(answer.task.told, int(low)):
            continue
        sentences = re.split(r"(?<=[.!?])\s+", answer.text)
        facts = [d.value.values[0] for d in answer.pins.of("mention")]
        kept = [s for s in sentences if s.lstrip().startswith("#") or any(found(s, f, None) for f in facts)]
        made = "\n\n".join(kept) + "\n"
        if kept and len(made.split()) < low:
            what = f"only what is asked for is said, in fewer words than {low}, a limit that nobody tells"
            yield Variant(made.encode(), "the number of words", what, frozenset({demand.check}))


def _blank_lines(answer: Answer) -> Iterator[Variant]:
    """Two blank lines where one stood."""
    if (
        not answer.is_document
        or answer.text is None
        or answer.pins.of("text", "lines", "contains", "contains_lines", "matches")
        or answer.pins.opaque
    ):
        return
    made = answer.text.replace("\n\n", "\n\n\n")
    if made != answer.text and "```" not in answer.text:
        yield Variant(made.encode(), _FORM, "more blank lines stand between paragraphs", answer.readers)


def _tables(answer: Answer) -> Iterator[Variant]:
    """A pipe table with padded cells."""
    if (
        answer.kind != "markdown"
        or answer.text is None
        or not answer.grids
        or answer.pins.of("text", "lines", "contains", "matches")
    ):
        return
    made = re.sub(r"(?m)^\|(.*)\|$", lambda m: "|" + m[1].replace(" | ", "  |  ") + " |", answer.text)
    if made != answer.text and "```" not in answer.text:
        yield Variant(made.encode(), _FORM, "cells of the table are padded", answer.readers)


OPERATORS = (
    Operator("heading_level", "equivalent", _levels),
    Operator("bullet_sign", "equivalent", _bullets),
    Operator("emphasis", "equivalent", _emphasis),
    Operator("extra_prose", "equivalent", _prose),
    Operator("extra_prose_unasked", "equivalent", _unlimited),
    Operator("reworded", "equivalent", _reworded),
    Operator("unasked_decimals", "equivalent", _decimals),
    Operator("heading_case", "equivalent", _heading_case),
    Operator("date_in_words", "equivalent", _in_words),
    Operator("unasked_order_of_facts", "equivalent", _sentences),
    Operator("unasked_length", "equivalent", _shorter),
    Operator("more_blank_lines", "equivalent", _blank_lines),
    Operator("padded_table", "equivalent", _tables),
)
