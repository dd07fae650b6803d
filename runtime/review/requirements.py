"""The instruction in pieces: what each check quotes, and what no check quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from clawc.spec.ir import QuotationIR

_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|\n[ \t]*\n|\Z)", re.DOTALL)
_WORD = re.compile(r"\w")
_LEAST = 3  # words that make a sentence worth naming
_WRAPPED = 60  # characters of a line from which on its end is taken for the end of the paper
_GOES_ON = re.compile(r"(?![0-9]{1,3}[.)]\s)[\w(\"'“„`]")


class Requirement(NamedTuple):
    """A part of the instruction that checks quote: `checks` by name, in the order of the source. `number` counts from 1."""

    number: int
    text: str
    checks: tuple[str, ...]


class Piece(NamedTuple):
    """A run of the instruction. `number` is that of its requirement, 0 for none; `checks` quote it; `bare` if it is in a sentence without any quotation."""

    text: str
    number: int = 0
    checks: tuple[str, ...] = ()
    bare: bool = False


class Told(NamedTuple):
    pieces: tuple[Piece, ...]
    requirements: tuple[Requirement, ...]

    def of(self, check: str) -> tuple[Requirement, ...]:
        """What a check quotes."""
        return tuple(each for each in self.requirements if check in each.checks)


def told(instruction: str, quotations: Sequence[QuotationIR]) -> Told:
    """The instruction cut where quotations begin and end; those out of its bounds are left out. Pieces that the same checks quote are one requirement, also where a
    quotation overlaps another."""
    inside = [q for q in quotations if 0 <= q.start < q.end <= len(instruction)]
    instruction = flowing(instruction)
    bare = _bare(instruction, inside)
    cuts = {0, len(instruction)}
    for q in inside:
        cuts |= {q.start, q.end}
    for start, end in bare:
        cuts |= {start, end}
    places = sorted(cuts)
    pieces: list[Piece] = []
    requirements: list[Requirement] = []
    for start, end in pairwise(places):
        text = instruction[start:end]
        checks = tuple(dict.fromkeys(q.check for q in inside if q.start <= start and end <= q.end))
        if checks:
            requirements.append(Requirement(len(requirements) + 1, text, checks))
            pieces.append(Piece(text, len(requirements), checks))
        else:
            pieces.append(Piece(text, bare=any(low <= start and end <= high for low, high in bare)))
    return Told(tuple(pieces), tuple(requirements))


def flowing(text: str) -> str:
    """The text with blanks for line ends within a paragraph, so that it fills the width that there is. It keeps its length, and quotations their places."""
    lines = text.split("\n")
    found = lines[:1]
    for before, line in pairwise(lines):
        goes_on = len(before) >= _WRAPPED and _GOES_ON.match(line) is not None
        found += [" " if goes_on else "\n", line]
    return "".join(found)


def _bare(text: str, quotations: Sequence[QuotationIR]) -> list[tuple[int, int]]:
    """Sentences of some words that no quotation touches; each without the blanks around it."""
    found: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        inner = text[start:end].strip()
        if len(inner.split()) < _LEAST or not _WORD.search(inner):
            continue
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end = start + len(inner)
        if not any(q.start < end and start < q.end for q in quotations):
            found.append((start, end))
    return found
