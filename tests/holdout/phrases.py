"""Documents as people and models write them, from the truth of a task: the same facts in other words, marks and layout."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tests.holdout.model import Answer, MailTruth, Part, ProseTruth, TableTruth
from tests.holdout.truth import dates_in_words, number_of
from tests.holdout.writing import plain


@dataclass(frozen=True)
class Style:
    """How a document is written; each field is one habit."""

    heading: Callable[[str, int, int], str] = lambda title, level, _: "#" * level + " " + title
    bullet: str = "- "
    strong: str = ""
    number: Callable[[Decimal], str] = lambda n: format(n, "f")
    width: int = 0
    introduction: bool = False
    closing: bool = False
    table: str = "plain"
    words: int = 0
    turned: bool = False
    day: int = 0
    title: str = "Report"


def grouped(number: Decimal) -> str:
    return f"{number:,f}"


def _setext(title: str, level: int, _: int) -> str:
    return f"{title}\n{('=' if level == 1 else '-') * len(title)}" if level <= 2 else f"### {title}"


STYLES: dict[str, Style] = {
    "plain": Style(),
    "underlined headings, stars": Style(heading=_setext, bullet="* ", day=1),
    "plus bullets, bold figures": Style(bullet="+ ", strong="**", day=2),
    "numbered headings": Style(heading=lambda t, level, n: f"## {n}. {t}" if level > 1 else f"# {t}", words=1, day=3),
    "bold headings with colons": Style(heading=lambda t, level, _: f"## **{t}:**" if level > 1 else f"# {t}", words=2),
    "closed headings, lower level": Style(heading=lambda t, level, _: f"{'#' * (level + 1)} {t} {'#' * (level + 1)}"),
    "numbered items": Style(bullet="1. ", words=1),
    "other numbered items": Style(bullet="1) ", words=2),
    "thousands apart": Style(number=grouped, words=1, day=4),
    "bold thousands, wrapped": Style(number=grouped, strong="**", width=40, words=2, day=18),
    "italics": Style(strong="*", words=2, day=8),
    "underscores": Style(strong="_", words=1),
    "code": Style(strong="`", day=10),
    "wrapped": Style(width=50, words=2, introduction=True, day=6),
    "introduction and closing": Style(introduction=True, closing=True, words=1, day=9),
    "facts in other order": Style(turned=True, words=2, day=7),
    "aligned table": Style(table="aligned", day=12),
    "table without outer pipes": Style(table="open", closing=True),
    "bold table head, right aligned": Style(table="bold", number=grouped),
    "indented items": Style(bullet="   - "),
}


def document(answer: Answer, style: Style, random: Random) -> str | None:
    """A right document in a style, or None where the task wants no prose."""
    truth = answer.truth.body if isinstance(answer.truth, MailTruth) else answer.truth
    if not isinstance(truth, ProseTruth):
        return None
    blocks: list[str] = []
    if truth.opening:
        blocks.append(truth.opening)
    elif answer.form == "markdown":
        blocks.append(style.heading(style.title, 1, 0))
    if style.introduction:
        blocks.append("Thank you for your patience; this is what was found in the files.")
    for number, part in enumerate(truth.parts, 1):
        if part.title:
            blocks.append(style.heading(part.title, 2, number))
        blocks.append(_part(part, style, answer))
    if style.closing:
        blocks.append("Please let me know if anything is unclear.")
    text = "\n\n".join(block for block in blocks if block)
    del random
    return text + "\n"


def _marked(token: str, style: Style) -> str:
    """A token as it is written: a number in its spelling, emphasis around it."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", token):
        return f"{style.strong}{dates_in_words(token)[style.day]}{style.strong}"
    if token.endswith("%"):
        return f"{style.strong}{token if style.words else token.replace('%', ' %')}{style.strong}"
    number = number_of(token)
    text = (
        token
        if number is None or (len(token) > 1 and token[0] == "0" and token[1] != ".")
        else style.number(Decimal(token))
    )
    return f"{style.strong}{text}{style.strong}"


def _part(part: Part, style: Style, answer: Answer) -> str:
    facts = part.facts[::-1] if style.turned else part.facts
    marked = [[_marked(token, style) for token in fact] for fact in facts]
    if part.table is not None:
        return _table(part.table, style)
    if part.bullets is not None:
        return "\n".join(_wrapped(_item(fact, style), style) for fact in marked)
    return _wrapped(_sentences(marked, style, answer), style)


def _item(fact: Sequence[str], style: Style) -> str:
    if len(fact) == 1:
        return style.bullet + fact[0]
    key, who, minutes = fact
    forms = (
        f"{key} ({who}): {minutes} minutes",
        f"{key} was open for {minutes} minutes; {who} looked after it.",
        f"{who} owned {key}, which lasted {minutes} min.",
    )
    return style.bullet + forms[style.words]


def _sentences(facts: Sequence[Sequence[str]], style: Style, answer: Answer) -> str:
    if answer.path.startswith("outbox/"):
        amount, refs = (facts[-1], facts[:-1]) if style.turned else (facts[0], facts[1:])
        names = [ref[0] for ref in refs]
        listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
        forms = (
            f"You owe us {amount[0]} EUR for {listed}.",
            f"The sum of {listed} is EUR {amount[0]}. Please pay it soon.",
            f"Our records show that {listed} have not been paid: €{amount[0]} in total.",
        )
        return forms[style.words]
    if isinstance(answer.truth, MailTruth):
        forms = ("Of {0}, {1} are left.", "We have {1} left of the {0}.", "{0}: {1} left")
        sayings = [forms[style.words].format(*fact) for fact in facts]
        return " ".join(sayings) if style.words < 2 else "\n".join(style.bullet + saying for saying in sayings)
    if answer.path.startswith("cards/"):
        said = [fact[0] if len(fact) == 1 else f"{fact[0]} sits at desk {fact[1]}." for fact in facts]
        return "\n".join(said) if style.words == 0 else "\n\n".join(said)
    if answer.path == "out/review.md":
        if len(facts) == 1:
            who, day = facts[0]
            return (f"{who} was reviewed on {day}.", f"On {day} it was the turn of {who}.", f"- {who}: {day}")[
                style.words
            ]
        by = {fact[-1].strip("*_`"): fact[0] for fact in facts}
        people = by.pop("people")
        share = next(iter(by.values()))
        return (
            f"{share} of the {people} people passed.",
            f"There were {people} people, of whom {share} passed.",
            f"- people: {people}\n- passed: {share}",
        )[style.words]
    if len(facts) == 2:
        by_word = {fact[1].strip("*_`"): fact[0] for fact in facts}
        incidents, minutes = by_word["incidents"], by_word["minutes"]
        forms = (
            f"There were {incidents} incidents. Together they took {minutes} minutes.",
            f"In all, {incidents} incidents were recorded, which cost us {minutes} minutes of service.",
            f"- incidents: {incidents}\n- minutes: {minutes}",
        )
        return forms[style.words]
    return (f"{facts[0][0]}", f"Together they work {facts[0][0]} hours a week.", f"Sum: {facts[0][0]} h")[style.words]


def _wrapped(text: str, style: Style) -> str:
    if not style.width:
        return text
    return "\n".join(
        textwrap.fill(
            line,
            style.width,
            subsequent_indent="  " if line.startswith(style.bullet) else "",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in text.split("\n")
    )


def _table(truth: TableTruth, style: Style) -> str:
    header = [f"**{name}**" if style.table == "bold" else name for name in truth.columns]
    rows = [[style.number(c) if isinstance(c, Decimal) else plain(c) for c in row] for row in truth.rows]
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    if style.table == "aligned":
        lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths)) for row in [header, *rows]]
        rule = "|".join("-" * (w + 2) for w in widths)
        return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])
    lines = [" | ".join(row) for row in [header, *rows]]
    rule = " | ".join("---:" if style.table == "bold" else "---" for _ in header)
    if style.table == "open":
        return "\n".join([lines[0], rule, *lines[1:]])
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])
