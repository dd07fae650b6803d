"""Texts compared and cut by their wording: likeness, forms without disguise, templates with holes, titled parts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Dict, List, Optional, Set

from clawc.stdlib.checks.kinds import because, listed, shown
from clawc.stdlib.checks.markdown import heading_key, strip_markup
from clawc.stdlib.checks.readers import lines_of
from clawc.stdlib.checks.text import FOLDS, fold, normalise
from clawc.stdlib.checks.values import Table, Truth, Unmet

MAX_ALIKE = 500_000
MAX_TITLE = 300
HOLE = "…"

# Cyrillic, then Greek letters that look like the Latin ones below them.
LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝкАВЕКМНОРСТУХІЈЅԌѴαονρικυχγϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhqwkABEKMHOPCTYXIJSGVaovpikuxycjABEZHIKMNOPTYX",
)
LEET = str.maketrans("013457@$!©", "oieastasic")


def similarity(a: Any, b: Any) -> Optional[Decimal]:
    """How much of two texts is the same, from 0 to 1: the share of their runs of three signs that both have.

    Case and the number of blanks do not count.
    """
    if not isinstance(a, str) or not isinstance(b, str):
        return None
    one, other = _trigrams(a), _trigrams(b)
    every = len(one | other)
    return Decimal(1) if not every else round(Decimal(len(one & other)) / Decimal(every), 4)


def _trigrams(text: str) -> Set[str]:
    """All runs of three signs; of a shorter text, the text."""
    if len(text) > MAX_ALIKE:
        raise Unmet(f"a text of more than {MAX_ALIKE} characters is too long to be compared for similarity")
    plain_text = " ".join(normalise(text).lower().split())
    runs = {plain_text[n : n + 3] for n in range(len(plain_text) - 2)}
    return runs or ({plain_text} if plain_text else set())


def normalised_by(s: Any, what: Any) -> Optional[str]:
    """A text without the differences that `what` names: case, spaces, punctuation, accents, markup, lookalikes
    (Cyrillic and Greek letters that look Latin), leet (digits and signs for letters)."""
    names = listed(what)
    for name in names:
        if name not in (*FOLDS, "lookalikes", "leet"):
            raise Unmet(f"{shown(name)} is nothing that a text can be normalised by")
    if not isinstance(s, str):
        return None
    text = strip_markup(s) if "markup" in names else s
    if "lookalikes" in names:
        text = text.translate(LOOK_ALIKES)
    if "leet" in names:
        text = text.translate(LEET)
    return fold(text, [name for name in names if name in FOLDS and name != "markup"])


def fits_pattern(s: Any, pattern: Any) -> Truth:
    """Is the text what the pattern says, with one or more characters for each `…`? Runs of blanks are one."""
    if not isinstance(s, str) or not isinstance(pattern, str):
        return because(f"expected text, found {shown(s if not isinstance(s, str) else pattern)}")
    text = " ".join(normalise(s).split())
    first, *others = " ".join(normalise(pattern).split()).split(HOLE)
    if not others:
        return True if text == first else because(f"{shown(text)} is not {shown(first)}")
    if not text.startswith(first):
        return because(f"{shown(text)} does not begin with {shown(first)}")
    place = len(first)
    for part in others[:-1]:
        found = text.find(part, place + 1)
        if found < 0:
            return because(f"{shown(text)} has no {shown(part)} where the pattern has it")
        place = found + len(part)
    last = others[-1]
    if len(text) - len(last) <= place or not text.endswith(last):
        return because(f"{shown(text)} does not end in something and {shown(last)}")
    return True


def split_at(source: Any, titles: Any) -> Table:
    """The parts of a text that begin with a line that is one of the titles: title and body, in the order of the text.

    Case, markup and a closing colon of such a line do not count.
    """
    wanted: Dict[str, str] = {}
    for title in listed(titles):
        if not isinstance(title, str) or not heading_key(title[: MAX_TITLE + 1]):
            raise Unmet(f"{shown(title)} is no title")
        wanted.setdefault(heading_key(title[: MAX_TITLE + 1]), title)
    parts: List[List[str]] = []
    for line in lines_of(source):
        key = heading_key(line) if line.strip() and len(line) <= MAX_TITLE else ""
        if key in wanted:
            parts.append([wanted[key]])
        elif parts:
            parts[-1].append(line)
    return Table(["title", "body"], [(part[0], "\n".join(part[1:]).strip("\n")) for part in parts])
