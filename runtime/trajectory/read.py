"""Trajectories of the attempts of a run: what the journal says of an attempt, with what `trajectory.jsonl` holds of it.

The run folder may be a stranger's. An agent with a model leaves its messages; of others the calls of tools stand for messages of an
assistant, one call each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, RunInfo
from clawc.runtime.scoring.bytecode import TRAJECTORY
from clawc.runtime.store.bundles import Bundles
from clawc.runtime.store.run_folder import FOLDERS, read_run
from clawc.runtime.trajectory.records import Document, Message, MessageUsage, ToolCall, TrajectoryRecord, is_time
from clawc.runtime.trajectory.strangers import Given, each_object, open_inside
from clawc.spec.bundle import INSTRUCTION

_FINISH = {"done": "stop", "truncated": "length"}


def read_trajectories(
    folder: Path, scoring: str = "latest", wanted: Callable[[EpisodeRecord], bool] | None = None
) -> Iterator[tuple[EpisodeRecord, TrajectoryRecord | None]]:
    """The last attempt of each episode with its trajectory, one at a time; None stands for one that left no record. Of what is not
    `wanted` nothing is read. Raises RuntimeFault R0901 to R0904, and what `read_run` raises."""
    info, records = read_run(folder, scoring)
    instructions = Instructions(folder, info)
    for record in records:
        if wanted is None or wanted(record):
            yield record, read_trajectory(folder, info, record, instructions.of(record))


def read_trajectory(
    folder: Path, info: RunInfo, record: EpisodeRecord, instruction: str = ""
) -> TrajectoryRecord | None:
    """The trajectory of an attempt; None if it left no record. `instruction` is the first message where the record has none. Raises
    RuntimeFault R0901 to R0904."""
    stored = open_inside(folder, f"{FOLDERS}/{record.key}/{TRAJECTORY}")
    if stored is None:
        return None
    with stored.file:
        heard = _Heard(record.started)
        for event in each_object(stored):
            heard.add(event)
    messages = heard.messages or heard.calls
    if not heard.messages and instruction:
        messages = [Message(role="user", content=instruction, at=heard.at(0)), *messages]
    return TrajectoryRecord(
        id=f"{info.run_id}/{record.key}",
        task=record.task,
        bundle_id=record.bundle_id,
        agent=record.agent,
        model=next((message.model for message in messages if message.model), ""),
        seed=record.seed,
        outcome=record.outcome,
        score=record.score,
        tools=tuple(heard.tools),
        messages=tuple(messages),
        usage=_usage(record, messages),
        started=record.started,
        ended=record.ended,
        extra=_extra(info, record) | heard.extra,
    )


# What every event has.
_HEAD = frozenset({"event", "step", "t"})


class Instructions:
    """What the agents of a run were told, from its bundles, as far as these are still there and whole."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        self._bundles = Bundles(folder, info)
        self._known: dict[str, str] = {}

    def of(self, record: EpisodeRecord) -> str:
        """The instruction; empty if it cannot be had."""
        id = record.bundle_id
        if id not in self._known:
            self._known[id] = instruction_of(self._bundles.of(id))
        return self._known[id]


def instruction_of(bundle: Bundle | None) -> str:
    """What a bundle tells an agent; empty if it cannot be had."""
    if bundle is None or INSTRUCTION not in bundle.files:
        return ""
    try:
        return bundle.read(INSTRUCTION).decode("utf-8", "replace")
    except RuntimeFault:
        return ""


class _Heard:
    """The events of one attempt. `messages` are those of a model, `calls` what tools and the end say."""

    def __init__(self, started: str) -> None:
        self.messages: list[Message] = []
        self.calls: list[Message] = []
        self.tools: list[Document] = []
        self.extra: Document = {}
        self._started = datetime.fromisoformat(started) if is_time(started) else None
        self._exits: Document = {}

    def add(self, event: Given) -> None:
        match event.text("event"):
            case "message":
                self.messages.append(self._message(event))
            case "tools":
                self.tools = [tool.fields for tool in event.objects("tools")]
            case "tool":
                self._call(event)
            case "final":
                self._final(event)
            case "differences" | "transcript" as kind:  # what the harness says, and the capture does not
                self.extra[kind] = event.rest(_HEAD)
            case _:  # of a newer agent
                pass

    def at(self, seconds: int | float | None) -> str:
        """The time that many seconds after the start; empty if it is not known."""
        if self._started is None or seconds is None:
            return ""
        try:
            return (self._started + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        except OverflowError:
            return ""

    def _message(self, event: Given) -> Message:
        given = event.object("message") or event.wrong("message", "an object")
        try:
            # As JSON, because the model is stricter with values of Python.
            message = Message.model_validate_json(json.dumps(given.fields))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            event.refuse(f"`message.{place[:80]}`: {first['msg'].lower()}")
        return message if message.at else message.model_copy(update={"at": self.at(event.number("t"))})

    def _call(self, event: Given) -> None:
        at, id, name = self.at(event.number("t")), f"call{len(self.calls) // 2 + 1}", event.text("tool")
        arguments, result = event.object("arguments"), event.object("result")
        text = json.dumps(arguments.fields if arguments else {}, ensure_ascii=False)
        self.calls.append(Message(role="assistant", tool_calls=(ToolCall(id=id, name=name, arguments=text),), at=at))
        ok, said = (result.flag("ok"), result.text_or("text")) if result else (False, "")
        if result and (exit := result.number("exit")) is not None:
            self._exits[id] = exit
            self.extra["exits"] = self._exits
        self.calls.append(Message(role="tool", content=said, tool_call_id=id, name=name, failed=not ok, at=at))

    def _final(self, event: Given) -> None:
        stop, text = event.text_or("stop", "done"), event.text_or("text")
        self.extra["stop"] = stop
        if reason := event.text_or("reason"):
            self.extra["reason"] = reason
        finish = _FINISH.get(stop, stop)
        self.calls.append(Message(role="assistant", content=text, finish=finish, at=self.at(event.number("t"))))


def _usage(record: EpisodeRecord, messages: list[Message]) -> MessageUsage | None:
    """Of the attempt, as its record has it; else the sum over its messages."""
    each = [message.usage for message in messages if message.usage is not None]
    used = record.usage
    if used.prompt_tokens is None and used.completion_tokens is None and not each:
        return None
    prompt, completion = used.prompt_tokens, used.completion_tokens
    return MessageUsage(
        prompt_tokens=max(0, sum(one.prompt_tokens for one in each) if prompt is None else prompt),
        completion_tokens=max(0, sum(one.completion_tokens for one in each) if completion is None else completion),
        cached_tokens=sum(one.cached_tokens for one in each),
        cost=used.cost,
    )


def _extra(info: RunInfo, record: EpisodeRecord) -> Document:
    """What the record of the attempt says beyond the form; without what it says nothing of."""
    found: Document = {
        "run_id": info.run_id,
        "clawc": info.clawc,
        "key": record.key,
        "template": record.template,
        "index": record.index,
        "attempt": record.attempt,
        "category": record.category or None,
        "operations": list(record.operations) or None,
        "score_checks": record.score_checks,
        "C": record.C,
        "V": record.V,
        "checks": {check.name: check.credit for check in record.checks} or None,
        "limits_hit": list(record.limits_hit) or None,
    }
    return {name: value for name, value in found.items() if value is not None}
