"""Where a harness tells the model's answers otherwise than the model has given them, told from the calls that it makes afterwards.

Harnesses rename calls of tools, write arguments anew, mend JSON that is none and leave out calls of tools that they do not know, and the
model learns of none of it. What counts is the capture; this says how the harness's word differs.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, cast

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.engine.untyped import listing, mapping, parsed

Kind = Literal[
    "id_changed", "arguments_respelt", "arguments_changed", "call_dropped", "call_added", "answer_dropped", "text_changed",
    "reasoning_dropped", "history_changed",
]  # fmt: skip
_SHOWN = 2_000
_LISTED = 200
# Reading arguments takes time: so many characters are read of one call, the first ones.
_READ = 1 << 20
# Of so many answers a call may go on; a harness with more conversations at a time is not known.
_RECENT = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """How the answer to the call `call` is told in call `seen`, or in the harness's own transcript if that is 0: what it `was` and what it
    `became`, each cut to 2,000 characters."""

    call: int
    seen: int
    kind: Kind
    was: str = ""
    became: str = ""

    def document(self) -> dict[str, object]:
        """As JSON data."""
        return {"call": self.call, "seen": self.seen, "kind": self.kind, "was": self.was, "became": self.became}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said in call `number`, by the id that the harness was given with it."""

    number: int
    id: str
    message: Object


class _Asked:
    """What a call asked, as much of it as tells whether another one begins alike: texts of one attempt would take a lot of memory, since
    each call brings all of them anew."""

    def __init__(self, messages: Sequence[Object]) -> None:
        digests, left = list[int](), _READ
        for message in messages:
            left -= sum(len(arguments) for _, _, arguments in _functions(message))
            digests.append(_digest(message, read=left >= 0))
        self.digests = tuple(digests)
        self.roles = tuple(sys.intern(str(message.get("role"))) for message in messages)

    def common(self, other: _Asked) -> int:
        """How many messages both begin with alike, by what they say."""
        pairs = enumerate(zip(self.digests, other.digests))
        return next((at for at, (one, two) in pairs if one != two), min(len(self.digests), len(other.digests)))


class Account:
    """How one attempt's harness tells what it was answered, call by call. `counts` are of all differences, `listed` the first of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.listed: list[Difference] = []
        self.answers: dict[int, Answer] = {}
        self._asked: dict[int, _Asked] = {}
        self._answered: dict[int, Answer] = {}
        self._recent: deque[tuple[_Asked, Answer]] = deque(maxlen=_RECENT)

    def asked(self, number: int, messages: Sequence[Object]) -> None:
        """The harness has asked something."""
        asked = _Asked(messages)
        for each in self._told(number, asked, messages):
            self.counts[each.kind] += 1
            if len(self.listed) < _LISTED:
                self.listed.append(each)
        if len(self._asked) == _RECENT:  # those that fail or are given up are never answered
            del self._asked[next(iter(self._asked))]
        self._asked[number] = asked

    def answered(self, answer: Answer) -> None:
        """The model has said something, which is yet to be handed over."""
        self._answered[answer.number] = answer

    def delivered(self, number: int) -> None:
        """The harness has the whole answer."""
        asked, answer = self._asked.pop(number, None), self._answered.pop(number, None)
        if answer is not None:
            self.answers[number] = answer
            if asked is not None:
                self._recent.append((asked, answer))

    def _told(self, number: int, asked: _Asked, messages: Sequence[Object]) -> Iterator[Difference]:
        """How a further call tells the answer that it goes on from: the last one of those whose messages it has most of. A call that has
        no more of any than what every call begins with goes on from none."""
        best, before, common = None, None, 2  # the system prompt alone makes no conversation
        for earlier, answer in self._recent:
            length = earlier.common(asked)
            if length >= common:
                best, before, common = answer, earlier, length
        if best is None or before is None:
            return
        if common < len(before.digests):
            yield Difference(
                best.number, number, "history_changed", before.roles[common], f"from message {common + 1} on"
            )
        elif asked.roles[common : common + 1] != ("assistant",):
            yield Difference(best.number, number, "answer_dropped", _shown(best.message))
        else:
            yield from told_otherwise(best, messages[common], number)


def told_otherwise(answer: Answer, told: Object, seen: int = 0) -> Iterator[Difference]:
    """How a message differs from the answer that it tells."""

    def differs(kind: Kind, was: object = "", became: object = "") -> Difference:
        return Difference(answer.number, seen, kind, str(was)[:_SHOWN], str(became)[:_SHOWN])

    was, now = str(answer.message.get("content") or ""), str(told.get("content") or "")
    if was.strip() != now.strip():
        yield differs("text_changed", was, now)
    thought = str(answer.message.get("reasoning_content") or "")
    if thought and not told.get("reasoning_content"):
        yield differs("reasoning_dropped", thought)
    waiting: dict[str, deque[tuple[int, str, str]]] = {}
    for at, (id, name, arguments) in enumerate(_functions(told)):
        waiting.setdefault(name, deque()).append((at, id, arguments))
    for id, name, arguments in _functions(answer.message):
        if not waiting.get(name):
            yield differs("call_dropped", f"{name} {arguments}")
            continue
        _, new_id, new_arguments = waiting[name].popleft()
        if new_id != id:
            yield differs("id_changed", id, new_id)
        if new_arguments != arguments:
            alike = _same(arguments, new_arguments)
            yield differs("arguments_respelt" if alike else "arguments_changed", arguments, new_arguments)
    added = sorted((at, f"{name} {arguments}") for name, calls in waiting.items() for at, _, arguments in calls)
    for _, each in added:
        yield differs("call_added", "", each)


def _functions(message: Object) -> Iterator[tuple[str, str, str]]:
    """Id, name and arguments of each call of a tool."""
    for call in cast("Sequence[Mapping[str, object]]", message.get("tool_calls") or ()):
        function = cast("Mapping[str, object]", call.get("function") or {})
        yield str(call.get("id", "")), str(function.get("name", "")), str(function.get("arguments", ""))


def _same(one: str, other: str) -> bool:
    """Are both the same JSON?"""
    with suppress(ValueError):
        return _alike(parsed(one), parsed(other))
    return False


def _alike(one: object, other: object) -> bool:
    """As in JSON, where `true` is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = mapping(cast("object", one)), mapping(cast("object", other))
        return left.keys() == right.keys() and all(_alike(left[name], right[name]) for name in left)
    if isinstance(one, list) and isinstance(other, list):
        first, second = listing(cast("object", one)), listing(cast("object", other))
        return len(first) == len(second) and all(map(_alike, first, second))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _digest(message: Object, *, read: bool) -> int:
    """Stands for what a message says, in this process; with `read` whatever the spelling of arguments is."""
    if not read:
        return hash((message.get("role"), message.get("content"), *_functions(message)))
    role, content, *calls = meaning(message)
    return hash((role, content, json.dumps(calls, sort_keys=True)))


def _shown(message: Object) -> str:
    names = ", ".join(name for _, name, _ in _functions(message))
    text = str(message.get("content") or "")
    return (f"{text} [{names}]" if names else text)[:_SHOWN]
