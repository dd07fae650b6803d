"""A writer whose replies are known: tasks of archetypes stand for what a model writes, and any reply can be put in their place."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import TypeAlias

from clawc.runtime.engine.interface import ChatRequest, EngineFailure, Piece, Tap, TokenUsage
from clawc.runtime.synth.authoring.reviewing import NAMES
from clawc.stdlib.archetypes.catalogue import ARCHETYPES
from clawc.stdlib.archetypes.draw import Balance
from clawc.stdlib.archetypes.propose import propose

Reply: TypeAlias = "str | EngineFailure"
_NAME = re.compile(r"\b(?:persona|skills)_\d{5}\b")
MARKS = {
    "blueprint": "You plan tasks for a personal assistant",
    "write": "## What to write",
    "review": "You review a task before",
    "rubric": "Some qualities of texts no check can see",
}
SEED = 3


def good_source(name: str, number: int) -> str:
    """A task that stands, of an archetype that runs no program."""
    return next(iter(_good(number))).replace("NAME_OF_TASK", name)


def _good(number: int) -> Iterator[str]:
    plain = [
        each
        for each in ARCHETYPES
        if each.name in ("totals_report", "selection", "meeting_notes", "middles", "ledger_differences", "catalogue")
    ]
    for attempt in range(100):
        one = propose(SEED, 1000 * attempt + number, Balance(), plain)
        if " = run(" not in one.source and "from =" not in one.source:
            yield one.source.replace(one.name, "NAME_OF_TASK")


def good_plan(number: int, operation: str) -> str:
    """A plan unlike others: words that stand in no other one, often enough."""
    odd = " ".join(
        f"{word}{number}"
        for word in ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbour", "island", "juniper")
    )
    return json.dumps({
        "title": f"Totals of the week {number}",
        "request": f"Please go through the list of {odd} and tell me per {odd} what it comes to, sorted by name. Thank you so much.",
        "inputs": [{"path": "lists/orders.csv", "format": "csv", "holds": "the orders, with name and amount"}],
        "deliverables": [{"path": "out/totals.json", "format": "json", "holds": "one object per name with its total"}],
        "operations": [operation], "rules": ["amounts are summed by name"], "checks": ["the totals are right"], "traps": ["names with blanks"],
    })  # fmt: skip


def vote(**found: str) -> str:
    """A vote that finds these faults."""
    return json.dumps({name: {"found": name in found, "why": found.get(name, "")} for name in NAMES})


class Writer:
    """An engine. `replies` gives what is said instead for a stage of a draft: texts in turn, by how often it was asked before."""

    name = "writer"

    def __init__(
        self,
        replies: Mapping[tuple[str, str], list[Reply]] | None = None,
        on_call: Callable[[str, str], None] | None = None,
    ) -> None:
        self.replies = dict(replies or {})
        self.asked: Counter[tuple[str, str]] = Counter()
        self.prompts: dict[tuple[str, str, int], list[str]] = {}
        self._on_call = on_call

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        first = str(request.messages[0]["content"])
        # A skill may have any heading.
        describes = first.startswith("You describe a skill")
        stage = "annotate" if describes else next(stage for stage, mark in MARKS.items() if mark in first)
        if stage == "annotate":
            name = next(name for name, asked in self.replies if asked == stage and f"called `{name}`" in first)
        else:
            name = next(found for found in reversed(_NAME.findall(first)))
        turn = self.asked[name, stage]
        self.asked[name, stage] += 1
        self.prompts[name, stage, turn] = [str(message["content"]) for message in request.messages]
        if self._on_call is not None:
            self._on_call(name, stage)
        said = self._said(name, stage, turn, first)
        if isinstance(said, EngineFailure):
            raise said
        yield Piece(content=said)
        yield Piece(finish="stop", usage=TokenUsage(len(first) // 4, len(said) // 4), model=self.name)

    def _said(self, name: str, stage: str, turn: int, first: str) -> Reply:
        given = self.replies.get((name, stage))
        if given:
            return given[min(turn, len(given) - 1)]
        number = int(name[-5:])
        if stage == "blueprint":
            operation = re.search(r"^- ([a-z]+\.[a-z]+): ", first, re.MULTILINE)
            assert operation is not None
            return good_plan(number, operation[1])
        if stage == "write":
            return f"```claw\n{good_source(name, number)}```"
        if stage == "review":
            return vote()
        return '{"skip": true}'
