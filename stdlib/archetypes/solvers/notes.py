"""Short texts that state a few facts, each with what it is, within the number of words that is allowed."""

from __future__ import annotations

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.figures import figure
from clawc.stdlib.archetypes.solvers.values import Rows, Unsolvable, shown

_NAMES = {
    "first": "the first {}",
    "sum": "the sum of {}",
    "count": "the number of rows",
    "max": "the largest {}",
    "min": "the smallest {}",
}


def note(rows: Rows, asked: Asked) -> bytes:
    said = [
        f"{_NAMES.get(fact.text('how'), '{}').format(fact.text('column'))} is {shown(figure(rows, fact))}"
        for fact in asked.parts("facts")
    ]
    text = "In the result, " + "; ".join(said) + "."
    if len(text.split()) > asked.whole("words"):
        raise Unsolvable(f"note: more than {asked.whole('words')} words: {text}")
    return (text + "\n").encode()
