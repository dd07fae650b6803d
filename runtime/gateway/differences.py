"""Where a harness tells the model's answers otherwise than the model has given them, told from the calls that it makes afterwards.

Harnesses rename calls of tools, write arguments anew, mend JSON that is none and leave out calls of tools that they do not know, and the
model learns of none of it. What counts is the capture; this says how the harness's word differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, cast

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.engine.untyped import parsed
from clawc.runtime.gateway.calls import CallRecord
from clawc.runtime.gateway.wire import Asked

Kind = Literal[
    "id_changed", "arguments_respelt", "arguments_changed", "call_dropped", "call_added", "answer_dropped", "text_changed",
    "reasoning_dropped", "history_changed",
]  # fmt: skip
_SHOWN = 2_000


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


def differences_of(calls: Sequence[CallRecord]) -> tuple[Difference, ...]:
    """Those in the calls of one attempt, as far as they are the harness's own (`kind` "train")."""
    found: list[Difference] = []
    known: list[tuple[CallRecord, Asked]] = []
    for call in calls:
        if call.state == "refused" or call.caller == "other":
            continue
        asked = call.asked()
        before = _before(known, asked)
        if before is not None:
            found += _since(*before, call, asked)
        if call.kind == "train":
            known.append((call, asked))
    return tuple(found)


def _before(known: Sequence[tuple[CallRecord, Asked]], asked: Asked) -> tuple[CallRecord, Asked] | None:
    """The answered call that a further one goes on from: the last one of all whose messages it begins with, else the last one of those
    that it has most in common with; None if that is nothing but what every call begins with."""
    best: tuple[CallRecord, Asked] | None = None
    length = 1  # the system prompt alone makes no conversation
    for each in known:
        common = _common(each[1].messages, asked.messages)
        if common >= length and common > 1:
            best, length = each, common
    return best


def _since(before: CallRecord, earlier: Asked, call: CallRecord, asked: Asked) -> Iterator[Difference]:
    common = _common(earlier.messages, asked.messages)
    if common < len(earlier.messages):
        was = str(earlier.messages[common].get("role"))
        yield Difference(before.number, call.number, "history_changed", was, f"from message {common + 1} on")
        return
    rest = asked.messages[common:]
    if not rest or rest[0].get("role") != "assistant":
        yield Difference(before.number, call.number, "answer_dropped", _shown(before.message))
        return
    yield from told_otherwise(before, rest[0], call.number)


def told_otherwise(call: CallRecord, told: Object, seen: int = 0) -> Iterator[Difference]:
    """How a message differs from the answer to `call` that it tells."""

    def differs(kind: Kind, was: object = "", became: object = "") -> Difference:
        return Difference(call.number, seen, kind, str(was)[:_SHOWN], str(became)[:_SHOWN])

    was, now = str(call.message.get("content") or ""), str(told.get("content") or "")
    if was.strip() != now.strip():
        yield differs("text_changed", was, now)
    thought = str(call.message.get("reasoning_content") or "")
    if thought and not told.get("reasoning_content"):
        yield differs("reasoning_dropped", thought)
    waiting = [*_functions(told)]
    for id, name, arguments in _functions(call.message):
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
