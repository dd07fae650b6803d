"""Where a harness tells the model's answers otherwise than the model has given them, told from the calls that it makes afterwards.

Harnesses rename calls of tools, write arguments anew, mend JSON that is none and leave out calls of tools that they do not know, and the
model learns of none of it. What counts is the capture; this says how the harness's word differs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, cast

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.engine.untyped import parsed

Kind = Literal[
    "id_changed", "arguments_respelt", "arguments_changed", "call_dropped", "call_added", "answer_dropped", "text_changed",
    "reasoning_dropped", "history_changed",
]  # fmt: skip
_SHOWN = 2_000
_LISTED = 200
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
    messages: Sequence[Object]
    message: Object


class Account:
    """How one attempt's harness tells what it was answered, call by call. `counts` are of all differences, `listed` the first of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.listed: list[Difference] = []
        self.answers: dict[int, Answer] = {}
        self._waiting: dict[int, Answer] = {}
        self._recent: deque[Answer] = deque(maxlen=_RECENT)

    def asked(self, number: int, messages: Sequence[Object]) -> None:
        """The harness has asked something."""
        before = self._before(messages)
        if before is None:
            return
        for each in _since(before, number, messages):
            self.counts[each.kind] += 1
            if len(self.listed) < _LISTED:
                self.listed.append(each)

    def answered(self, answer: Answer) -> None:
        """The model has said something, which is yet to be handed over."""
        self._waiting[answer.number] = answer

    def delivered(self, number: int) -> None:
        """The harness has the whole answer."""
        answer = self._waiting.pop(number, None)
        if answer is not None:
            self.answers[number] = answer
            self._recent.append(answer)

    def _before(self, messages: Sequence[Object]) -> Answer | None:
        """What a further call goes on from: the last answer of those whose messages it has most of; None if that is no more than what
        every call begins with."""
        best, length = None, 2  # the system prompt alone makes no conversation
        for answer in self._recent:
            common = _common(answer.messages, messages)
            if common >= length:
                best, length = answer, common
        return best


def _since(before: Answer, number: int, messages: Sequence[Object]) -> Iterator[Difference]:
    common = _common(before.messages, messages)
    if common < len(before.messages):
        was = str(before.messages[common].get("role"))
        yield Difference(before.number, number, "history_changed", was, f"from message {common + 1} on")
        return
    rest = messages[common:]
    if not rest or rest[0].get("role") != "assistant":
        yield Difference(before.number, number, "answer_dropped", _shown(before.message))
        return
    yield from told_otherwise(before, rest[0], number)


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
    waiting = [*_functions(told)]
    for id, name, arguments in _functions(answer.message):
        at = next((n for n, (_, other, _) in enumerate(waiting) if other == name), None)
        if at is None:
            yield differs("call_dropped", f"{name} {arguments}")
            continue
        new_id, _, new_arguments = waiting.pop(at)
        if new_id != id:
            yield differs("id_changed", id, new_id)
        if new_arguments != arguments:
            alike = _same(arguments, new_arguments)
            yield differs("arguments_respelt" if alike else "arguments_changed", arguments, new_arguments)
    for _, name, arguments in waiting:
        yield differs("call_added", "", f"{name} {arguments}")


def _functions(message: Object) -> Iterator[tuple[str, str, str]]:
    """Id, name and arguments of each call of a tool."""
    for call in cast("Sequence[Mapping[str, object]]", message.get("tool_calls") or ()):
        function = cast("Mapping[str, object]", call.get("function") or {})
        yield str(call.get("id", "")), str(function.get("name", "")), str(function.get("arguments", ""))


def _same(one: str, other: str) -> bool:
    with suppress(ValueError):
        return parsed(one) == parsed(other)
    return False


def _common(one: Sequence[Object], other: Sequence[Object]) -> int:
    """How many messages both begin with alike, by what they say."""
    number = 0
    for left, right in zip(one, other):
        if left != right and meaning(left) != meaning(right):
            break
        number += 1
    return number


def _shown(message: Object) -> str:
    names = ", ".join(name for _, name, _ in _functions(message))
    text = str(message.get("content") or "")
    return (f"{text} [{names}]" if names else text)[:_SHOWN]
