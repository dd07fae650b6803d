"""A trajectory as it is read: what was said, with each call of a tool beside what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from clawc.runtime.trajectory.records import Message, MessageUsage, ToolCall, TrajectoryRecord, is_time

# Characters of one text, and of all texts of a page.
TEXT = 20_000
WHOLE = 1_500_000
_GIST = 110
_OBJECTS = ("command", "cmd", "path", "file_path", "file", "filename", "url", "query", "pattern")


class Text(NamedTuple):
    """A text as far as a page shows it; `more` characters are left out."""

    shown: str
    more: int


class Argument(NamedTuple):
    """What a call was given under a name; `block` if it takes lines of its own."""

    name: str
    value: Text
    block: bool


class Call(NamedTuple):
    """A call of a tool: `gist` says in a line what it asked for. `result` is None where none came."""

    id: str
    name: str
    gist: str
    arguments: tuple[Argument, ...]
    result: Text | None
    failed: bool
    changes: bool


class Turn(NamedTuple):
    """A message with its calls. `after` are seconds since the start, None where the time is not known."""

    role: str
    text: Text
    reasoning: Text
    calls: tuple[Call, ...]
    after: float | None
    finish: str
    usage: MessageUsage | None


class _Room:
    def __init__(self) -> None:
        self.left = WHOLE

    def text(self, whole: str) -> Text:
        shown = whole[: min(TEXT, self.left)]
        self.left -= len(shown)
        return Text(shown, len(whole) - len(shown))


def turns_of(record: TrajectoryRecord) -> list[Turn]:
    """The turns of a trajectory. A result stands with its call; one whose call is unknown is a turn of its own."""
    room = _Room()
    results: dict[str, Message] = {}
    for message in record.messages:
        if message.role == "tool":
            results.setdefault(message.tool_call_id, message)
    asked = {call.id for message in record.messages for call in message.tool_calls}
    turns: list[Turn] = []
    for message in record.messages:
        if message.role == "tool" and message.tool_call_id in asked:
            continue
        calls = tuple(_call(call, results.get(call.id), room) for call in message.tool_calls)
        if message.content or message.reasoning or calls or message.role != "assistant":
            turns.append(
                Turn(message.role, room.text(message.content), room.text(message.reasoning), calls,
                     _after(message.at, record.started), message.finish, message.usage)
            )  # fmt: skip
    return turns


def calls_in(turns: Iterable[Turn]) -> int:
    """How many calls of tools there are."""
    return sum(len(turn.calls) for turn in turns)


def _call(call: ToolCall, result: Message | None, room: _Room) -> Call:
    fields = _fields(call.arguments)
    arguments: tuple[Argument, ...]
    if fields is None:
        arguments = (Argument("", room.text(call.arguments), True),) if call.arguments.strip() else ()
        gist = call.arguments
    else:
        arguments = tuple(_argument(name, value, room) for name, value in fields.items())
        gist = _gist(fields) or (call.arguments if fields else "")
    gist = " ".join(gist.split())
    gist = gist if len(gist) <= _GIST else gist[: _GIST - 1] + "…"
    said = None if result is None else room.text(result.content)
    # What a call named to change something is worth jumping to; what it did, the files say.
    changes = fields is not None and any(
        word in call.name.lower() for word in ("write", "edit", "patch", "create", "delete")
    )
    return Call(call.id, call.name, gist, arguments, said, result is not None and result.failed, changes)


def _gist(fields: dict[str, object]) -> str:
    """What names the object of a call, as tools call it; else the first text."""
    texts = {name.lower(): value for name, value in fields.items() if isinstance(value, str) and value}
    return next((texts[name] for name in _OBJECTS if name in texts), next(iter(texts.values()), ""))


def _argument(name: str, value: object, room: _Room) -> Argument:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return Argument(name, room.text(text), "\n" in text or len(text) > _GIST)


def _fields(arguments: str) -> dict[str, object] | None:
    try:
        found: object = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _after(at: str, started: str) -> float | None:
    if not is_time(at) or not is_time(started):
        return None
    try:
        return (datetime.fromisoformat(at) - datetime.fromisoformat(started)).total_seconds()
    except (OverflowError, TypeError):
        return None
