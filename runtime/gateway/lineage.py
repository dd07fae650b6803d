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


@dataclass(frozen=True, slots=True)
class _Answer:
    call: int
    parent: int
    thought: object
    main: bool


class Lineage:
    """The conversations of one attempt. Calls are numbered from 1.

    Several answers to one question may say the same and still not be the same tokens. Which of them a harness goes on from, only their
    thoughts tell, if it sends them; else the last counts, but none of somebody beside the harness before one of the harness's own."""

    def __init__(self) -> None:
        self._answers: dict[str, list[_Answer]] = {}

    def place(self, messages: Sequence[Object], tools: Sequence[Object], choice: object = None) -> Place:
        """Where a call belongs, by the longest conversation that it goes on from. Whom no tool may be called of (`choice` is "none")
        was not told of any."""
        digest = _start(() if choice == "none" else tools)
        alive: list[_Answer] = []
        covered = 0
        for number, message in enumerate(messages, 1):
            digest = _further(digest, message)
            if message.get("role") != "assistant":
                continue
            before = {answer.call for answer in alive} or {0}
            thought = message.get("reasoning_content")
            fits = [
                answer
                for answer in self._answers.get(digest, ())
                if answer.parent in before and (not thought or thought == answer.thought)
            ]
            if fits:
                alive, covered = fits, number
        best = max(alive, key=lambda answer: (answer.main, answer.call), default=None)
        return Place(0 if best is None else best.call, covered, digest, _start(tools))

    def answered(self, call: int, place: Place, message: Object, *, main: bool = True) -> None:
        """The call got this answer."""
        answer = _Answer(call, place.parent, message.get("reasoning_content"), main)
        self._answers.setdefault(_further(place.digest, message), []).append(answer)


def _start(tools: Sequence[Object]) -> str:
    return _hash("", list(tools))


def _further(digest: str, message: Object) -> str:
    return _hash(digest, meaning(message))


def _hash(before: str, found: object) -> str:
    text = json.dumps(found, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()[:32]
