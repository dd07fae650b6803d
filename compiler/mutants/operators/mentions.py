"""Documents that lack a fact, tell another one, or tell it of somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from clawc.compiler.mutants import values
from clawc.compiler.mutants.model import Answer, Operator, Variant
from clawc.compiler.mutants.prose import found, place_of, spellings, within_place
from clawc.compiler.witness.constraints import Demand
from clawc.compiler.witness.places import Mention
from clawc.stdlib.checks.kinds import listed
from clawc.stdlib.checks.values import Table


def _facts(answer: Answer) -> Iterator[tuple[Demand, Any, list[tuple[int, int]]]]:
    """Each demanded mention with the places where the document tells it."""
    if answer.text is None:
        return
    for demand in answer.pins.of("mention"):
        mention: Mention = demand.value
        spots = found(answer.text, mention.values[0], mention.decimals)
        if spots:
            yield demand, mention.values[0], spots


def _replaced(text: str, spots: list[tuple[int, int]], new: str) -> str:
    for start, end in reversed(spots):
        text = text[:start] + new + text[end:]
    return text


def _changed(answer: Answer) -> Iterator[Variant]:
    for demand, value, spots in _facts(answer):
        assert answer.text is not None
        old = answer.text[slice(*spots[0])]
        new = str(values.made_up(old))
        if values.number_of(old) is None and values.day_of(old) is None:
            new = "somebody else"
        text = _replaced(answer.text, spots, new)
        if not _still_told(text, value):
            what = f"`{new}` instead of `{old}`"
            yield Variant(text.encode(), place_of(demand), what, frozenset({demand.check}))


def _near_miss(answer: Answer) -> Iterator[Variant]:
    """A number that is off by the least that the document can tell."""
    for demand, value, spots in _facts(answer):
        assert answer.text is not None
        old = answer.text[slice(*spots[0])]
        plain = old.replace(",", "").lstrip("$€£ ")
        if values.number_of(plain) is None:
            continue
        coarsest = demand.value.coarsest
        reach = Decimal(0) if coarsest is None else Decimal(1).scaleb(-coarsest)
        new = str(values.outside(plain, reach))
        text = _replaced(answer.text, spots, new)
        if not _still_told(text, value):
            yield Variant(text.encode(), place_of(demand), f"`{new}` instead of `{old}`", frozenset({demand.check}))


def _left_out(answer: Answer) -> Iterator[Variant]:
    for demand, value, spots in _facts(answer):
        assert answer.text is not None
        text = re.sub(r"[ \t]{2,}", " ", _replaced(answer.text, spots, " "))
        if not _still_told(text, value):
            old = answer.text[slice(*spots[0])]
            yield Variant(text.encode(), place_of(demand), f"`{old}` is not told", frozenset({demand.check}))


def _exchanged(answer: Answer) -> Iterator[Variant]:
    """Two facts that are told each near something of its own, in each other's place."""
    facts = [(d, v, s) for d, v, s in _facts(answer) if d.value.near and len(s) == 1]
    for (a, x, first), (b, y, second) in pairwise(facts):
        if a.value.near == b.value.near or a.place != b.place or x == y or first[0] == second[0]:
            continue
        assert answer.text is not None
        (start, end), (from_, to) = sorted([first[0], second[0]])
        t = answer.text
        if end > from_:
            continue
        text = t[:start] + t[from_:to] + t[end:from_] + t[start:end] + t[to:]
        what = f"what is told of `{a.value.near}` and of `{b.value.near}` is exchanged"
        yield Variant(text.encode(), place_of(a), what, frozenset({a.check, b.check}), certain=False)


def _cut_in(answer: Answer) -> Iterator[Variant]:
    """A number inside a longer one: 12 in 123."""
    for demand, value, spots in _facts(answer):
        assert answer.text is not None
        old = answer.text[slice(*spots[0])]
        if values.number_of(old) is None or "." in old:
            continue
        text = _replaced(answer.text, spots, f"{old}7")
        if not _still_told(text, value):
            yield Variant(text.encode(), place_of(demand), f"`{old}7` instead of `{old}`", frozenset({demand.check}))


def _longer_literal(answer: Answer) -> Iterator[Variant]:
    """A number that a check looks for as a mere part of the text, inside a longer one."""
    if answer.text is None or not answer.is_document:
        return
    for demand in answer.pins.of("contains"):
        literal = demand.value if isinstance(demand.value, str) else ""
        if values.number_of(literal) is not None and literal in answer.text:
            text = answer.text.replace(literal, f"{literal}7")
            yield Variant(
                text.encode(), place_of(demand), f"`{literal}7` instead of `{literal}`", frozenset({demand.check})
            )


def _negated(answer: Answer) -> Iterator[Variant]:
    """A fact that is denied. A check that looks for the fact cannot tell, so it counts only where one does."""
    for demand, _, spots in _facts(answer):
        assert answer.text is not None
        start = spots[0][0]
        text = f"{answer.text[:start]}not {answer.text[start:]}"
        yield Variant(
            text.encode(),
            "a denial",
            f"`not {answer.text[slice(*spots[0])]}`",
            frozenset({demand.check}),
            certain=False,
        )
        return


def _banned(answer: Answer) -> Iterator[Variant]:
    """What must not be said, said."""
    if answer.text is None:
        return
    for demand in answer.pins.of("banned"):
        one = not isinstance(demand.value, (list, Table))
        for value in ([demand.value] if one else listed(demand.value))[:2]:
            words = spellings(value, None)
            if not words:
                continue
            text = within_place(answer.text, demand.place, f"It also says {words[0]} here.")
            if text is not None and text != answer.text:
                yield Variant(
                    text.encode(), "what must not be said", f"`{words[0]}` is said", frozenset({demand.check})
                )


def _still_told(text: str, value: Any) -> bool:
    return bool(found(text, value, None))


OPERATORS = (
    Operator("wrong_fact", "wrong", _changed),
    Operator("near_miss", "wrong", _near_miss),
    Operator("fact_left_out", "wrong", _left_out),
    Operator("facts_exchanged", "wrong", _exchanged),
    Operator("longer_number", "wrong", _cut_in),
    Operator("longer_literal", "wrong", _longer_literal),
    Operator("negated_fact", "wrong", _negated),
    Operator("said_what_is_banned", "wrong", _banned),
)
