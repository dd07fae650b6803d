"""What a request says of form: orders of rows and columns, exact texts. By these words a change of form is free or not."""

from __future__ import annotations

import re
from itertools import pairwise

_ROWS = re.compile(
    r"\b(sort(ed|s|ing)?|order(ed|ing)? (by|of|in)|in [\w ]{0,30}\border\b|rank(ed|s|ing)?|(high|low|larg|small|bigg|great|new|old|earli|lat|"
    r"clos|short|long|fast|slow|cheap|b|worst)(est|ier)? (first|last|to)|descending|ascending|alphabetical(ly)?|chronological(ly)?|"
    r"(most|least|fewest) [\w ]{0,30}first|by date|top \d+|in the (same|given) (order|sequence)|sequence|first to last|reverse)\b", re.IGNORECASE,
)  # fmt: skip
_COLUMNS = re.compile(
    r"\b(in (this|that|the following|exactly this|the given|the same) order|in order|column order|order of (the )?columns|header|first (line|row)|"
    r"exactly (the|these) (columns|fields)|from left to right|columns? exactly)\b", re.IGNORECASE,
)  # fmt: skip
_EXACT = re.compile(
    r"\b(exact(ly)?|only|nothing else|nothing more|no other|verbatim|lines?|in the form|format(ted)?|like this|word for word|literal(ly)?|as "
    r"follows|unchanged|copy|template|of the form)\b", re.IGNORECASE,
)  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z`*#-])|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def orders_rows(told: str) -> bool:
    """Does the request say anything about the order of rows?"""
    return _ROWS.search(told) is not None


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
