"""What a request says of form: orders of rows and columns, exact texts. By these words a change of form is free or not."""

from __future__ import annotations

import re
from itertools import pairwise

# What a request may say of the order of rows; paths of files are not read.
_ROWS = re.compile(
    r"\b(sort(ed|s|ing)?|order(ed|ing)?( (it|them|all|these|those|the))?( \w+){0,2}? (by|of|in)|in [\w ]{0,30}\border\b|rank(ed|s|ing)?|(\w{2,}(est|iest)|most|least|fewest|best|worst)\b(\W+\w+){0,4}?\W+(first|last)|"
    r"(first|last)\W+(the )?(\w{2,}(est|iest)|most|least|fewest|best|worst)|descending|ascending|alphabetical(ly)?|chronological(ly)?|by (date|name|time)|top \d+|"
    r"at the (top|bottom|beginning|end)|(start|begin)(s|ning|ing)? with the|in the (same|given) (order|sequence)|sequence|first to last|reverse(d)?|one below the other|"
    r"(goes|comes|go|come) (first|on top)|on top|(by|in) (falling|rising|increasing|decreasing)|from (the )?(old|new|high|low|large|small|big|great)(er|est)? to|A to Z)\b",
    re.IGNORECASE,
)  # fmt: skip
_PATHS = re.compile(r"`[^`\n]*`|\S*[/\\]\S*|\S+\.[A-Za-z]{1,5}\b")
_COLUMNS = re.compile(
    r"\b(in (this|that|the following|exactly this|the given|the same) order|in order|column order|order of (the )?columns|header|first (line|row)|"
    r"exactly (the|these) (columns|fields)|from left to right|columns? exactly)\b", re.IGNORECASE,
)  # fmt: skip
_EXACT = re.compile(
    r"\b(exact(ly)?|only|alone|just|nothing else|nothing more|no other|no heading|without (any|a|further)|consist(s|ing)? of|verbatim|lines?|in the form|format(ted)?|like this|word for word|literal(ly)?|as "
    r"follows|unchanged|copy|template|of the form)\b", re.IGNORECASE,
)  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z`*#-])|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def orders_rows(told: str) -> bool:
    """Does the request say anything about the order of rows?"""
    return _ROWS.search(_PATHS.sub(" ", told)) is not None


def orders_columns(told: str) -> bool:
    """Does it say anything about the order of columns, or name a first line?"""
    return _COLUMNS.search(told) is not None


def fixes_text(told: str, path: str) -> bool:
    """Does it say of a file, in a sentence that names it or in the next one, that its text is wanted as it is stated?"""
    name = path.rpartition("/")[2]
    sentences = _SENTENCE.split(told)
    about = [s for n, s in enumerate(sentences) if name in s or (n and name in sentences[n - 1])]
    return any(_EXACT.search(s) for s in about or sentences)


def unstated(literal: str, known: str) -> tuple[str, str] | None:
    """The first two words of a literal that follow each other there and nowhere in what is known; None where all do."""
    tokens = [t.strip(".,:;!?()[]\"'`*_#-") for t in literal.split()]
    line = " ".join(w.casefold() for w in _WORD.findall(known))
    for a, b in pairwise(tokens):
        # Names of files, numbers and the like are no wording.
        if _WORD.fullmatch(a) and _WORD.fullmatch(b) and f" {a.casefold()} {b.casefold()} " not in f" {line} ":
            return a, b
    return None


def names_decimals(told: str) -> bool:
    """Does it say how many decimals a number has, or show one?"""
    return (
        re.search(r"decimal|\bplaces\b|\bcents?\b|\bdigits?\b|\bpence\b|\d\.\d|round", told, re.IGNORECASE) is not None
    )


def in_another_case(text: str, told: str) -> str | None:
    """The words as the request spells them, where it spells them in another case and nowhere in this one."""
    told = _PATHS.sub(" ", told)
    if text in told:
        return None
    found = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", told, re.IGNORECASE)
    return found[0] if found else None


def names_number(told: str, number: int) -> bool:
    """Does it name a number, in digits or in words?"""
    words = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 12: "twelve", 20: "twenty",
             30: "thirty", 50: "fifty", 100: "hundred"}  # fmt: skip
    spelled = rf"|\b{words[number]}\b" if number in words else ""
    return re.search(rf"(?<!\d){number}(?!\d){spelled}", told, re.IGNORECASE) is not None
