"""Which call goes on from which: a conversation is known again by what was said, not by names that a harness may change.

Harnesses rename calls of tools, write arguments anew and turn texts into lists of parts, so messages are compared by what they mean.
What a harness leaves out or changes makes another conversation, which starts where the last call that it still holds had ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.meaning import meaning


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands: `parent` is the answered call that it goes on from, 0 for none, and `covered` how many of its first messages
    that call and its answer account for. `digest` stands for the whole of what is asked, `tools` for the tools that are offered."""

    parent: int
    covered: int
    digest: str
    tools: str


class Lineage:
    """The conversations of one attempt. Calls are numbered from 1."""

    def __init__(self) -> None:
        self._answered: dict[str, int] = {}

    def place(self, messages: Sequence[Object], tools: Sequence[Object]) -> Place:
        """Where a call belongs, by the longest conversation that it goes on from."""
        digest = start = _start(tools)
        parent = covered = 0
        for number, message in enumerate(messages, 1):
            digest = _further(digest, message)
            if message.get("role") == "assistant" and digest in self._answered:
                parent, covered = self._answered[digest], number
        return Place(parent, covered, digest, start)

    def answered(self, call: int, place: Place, message: Object) -> None:
        """The call got this answer. Of several with the same answer to the same question, the last counts."""
        self._answered[_further(place.digest, message)] = call


def _start(tools: Sequence[Object]) -> str:
    return _hash("", list(tools))


def _further(digest: str, message: Object) -> str:
    return _hash(digest, meaning(message))


def _hash(before: str, found: object) -> str:
    text = json.dumps(found, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()[:32]
