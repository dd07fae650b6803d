"""Running text as paragraphs, sentences and words, by fixed rules."""

from __future__ import annotations

import re
from typing import Any, List

from clawc.stdlib.checks.markdown import md_blocks, plain_text, prose_of

# A full stop after one of these ends no sentence …
TITLES = frozenset(["Capt", "Dr", "Hon", "Lt", "Mr", "Mrs", "Ms", "Mt", "Prof", "Rev", "Sgt", "St"])
ABBREVIATIONS = frozenset(["approx", "ca", "cf", "e.g", "i.e", "incl", "resp", "viz", "vs"])
# … after one of these only before a capital letter …
CLOSING_ABBREVIATIONS = frozenset(
    [
        "a.m",
        "al",
        "co",
        "corp",
        "dept",
        "etc",
        "hrs",
        "inc",
        "jr",
        "ltd",
        "max",
        "min",
        "misc",
        "p.m",
        "ph.d",
        "sec",
        "sr",
        "u.k",
        "u.s",
        "u.s.a",
    ]
)
# … and after one of these not before a digit.
NUMBERED_ABBREVIATIONS = frozenset(
    [
        "apr",
        "aug",
        "ch",
        "dec",
        "eq",
        "feb",
        "fig",
        "figs",
        "jan",
        "jul",
        "jun",
        "mar",
        "no",
        "nos",
        "nov",
        "oct",
        "p",
        "par",
        "pp",
        "sep",
        "sept",
        "vol",
    ]
)

_SENTENCE_END = re.compile(r"""(?<![.!?…])[.!?…]+["'”’»)\]]*(?=\s|$)|[。！？]+[”’」』）]*""")


def paragraphs(source: Any) -> List[str]:
    """The paragraphs without markup: neither headings nor bullets, table rows or code."""
    return [block.text for block in md_blocks(source) if block.kind == "paragraph"]


def sentences(source: Any) -> List[str]:
    """The sentences of paragraphs and bullets without markup; the end of a block ends a sentence."""
    return [
        sentence
        for block in md_blocks(source)
        if block.kind in ("paragraph", "bullet")
        for sentence in split_sentences(block.text)
    ]


def split_sentences(text: str) -> List[str]:
    """A block cut after `.`, `!`, `?` and `…` before a blank, so not inside `3.5` or `.python-version`."""
    parts: List[str] = []
    begin = 0
    for found in _SENTENCE_END.finditer(text):
        after = text[found.end() : found.end() + 2].strip()[:1]
        if _ends_sentence(text[max(begin, found.start() - 20) : found.start()], found.group(), after):
            parts.append(text[begin : found.end()].strip())
            begin = found.end()
    parts.append(text[begin:].strip())
    return [part for part in parts if any(sign.isalnum() for sign in part)]


def _ends_sentence(before: str, mark: str, after: str) -> bool:
    """Whether a mark ends a sentence, by the word before it and the first character after it."""
    if mark[0] in "。！？":
        return True
    if after.islower() and mark != ".":
        return False
    word = before.split()[-1].lstrip("\"'“‘«([") if before.split() else ""
    if mark[0] != "." or mark.startswith("..") or not word:
        return True
    if word in TITLES or word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I"):
        return False
    if word.lower() in CLOSING_ABBREVIATIONS:
        return not after or after.isupper()
    return not (word.lower() in NUMBERED_ABBREVIATIONS and after.isdigit())


def words(source: Any) -> int:
    """The number of runs of non-blanks with a letter or digit, without front matter and code fences."""
    text = plain_text(prose_of(source), code=False)
    return sum(1 for word in text.split() if any(sign.isalnum() for sign in word))


def passages(source: Any) -> List[str]:
    """The parts in which facts stand together: sentences, bullets, table rows, headings and lines of code."""
    parts: List[str] = []
    for block in md_blocks(source):
        parts.extend(split_sentences(block.text) if block.kind == "paragraph" else [block.text])
    return parts
