"""What a trajectory becomes in each format, and what comes back."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import JsonValue

from clawc.runtime.trajectory.arguments import arguments_of
from clawc.runtime.trajectory.atif import atif_of
from clawc.runtime.trajectory.chat import chat_of, write_chat
from clawc.runtime.trajectory.from_atif import record_of_atif
from clawc.runtime.trajectory.inspect_log import LogHead, sample_of, write_log
from clawc.runtime.trajectory.own import read_records, write_records
from clawc.runtime.trajectory.records import Message, MessageUsage, ToolCall, TrajectoryRecord
from clawc.runtime.trajectory.strangers import Stored, parsed
from clawc.runtime.trajectory.values import as_json, decimal_of, number_of
from tests.trajectory.samples import GOLDEN, conversation, records

ROOT = Path(__file__).parents[2]
HEAD = LogHead("r1", "parcels", "clawc-agent", "2026-01-02T03:04:05+00:00", "0.1.0")


def log(*trajectories: TrajectoryRecord) -> bytes:
    file = io.BytesIO()
    write_log(HEAD, trajectories, file)
    return file.getvalue()


def own(*trajectories: TrajectoryRecord) -> bytes:
    file = io.BytesIO()
    write_records(trajectories, file)
    return file.getvalue()


def back(document: dict[str, Any]) -> TrajectoryRecord:
    return record_of_atif(parsed(as_json(document).encode(), "trajectory.json"))


GOLDENS: dict[str, Callable[[], object]] = {
    "chat.json": lambda: chat_of(conversation(), metadata=True),
    "atif.json": lambda: atif_of(conversation()),
    "inspect.json": lambda: json.loads(log(conversation())),
    "own.json": lambda: json.loads(own(conversation())),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_documents_are_as_they_were(name: str, update_goldens: bool) -> None:
    text = json.dumps(GOLDENS[name](), indent=1, ensure_ascii=True) + "\n"
    if update_goldens:
        (GOLDEN / name).write_text(text)
    assert (GOLDEN / name).read_text() == text


@settings(max_examples=150, deadline=None)
@given(records)
def test_atif_gives_back_what_it_was_made_from(record: TrajectoryRecord) -> None:
    found = back(json.loads(as_json(atif_of(record))))
    assert found.messages == record.messages
    agent = "" if record.agent == "unknown" else record.agent
    assert found.model_copy(update={"source": "clawc"}) == record.model_copy(update={"agent": agent})


@settings(max_examples=100, deadline=None)
@given(records)
def test_our_own_form_gives_back_what_it_was_made_from(record: TrajectoryRecord) -> None:
    stored = Stored(io.BytesIO(own(record, record)), "f.jsonl")
    assert list(read_records(stored)) == [record, record]


@settings(max_examples=100, deadline=None)
@given(records)
def test_chat_keeps_every_message_and_call_in_order(record: TrajectoryRecord) -> None:
    file = io.BytesIO()
    write_chat([record], file)
    document = json.loads(file.getvalue())
    assert set(document) <= {"messages", "tools"}
    said = [(message["role"], message["content"]) for message in document["messages"]]
    assert said == [(message.role, message.content) for message in record.messages]
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for message in document["messages"]
        for call in message.get("tool_calls", ())
    ]
    wanted = [message for message in record.messages if message.role == "assistant"]
    assert calls == [(call.id, call.name, call.arguments) for message in wanted for call in message.tool_calls]


@settings(max_examples=100, deadline=None)
@given(records)
def test_a_log_is_json_and_keeps_every_call(record: TrajectoryRecord) -> None:
    document = json.loads(log(record, record), parse_constant=pytest.fail)
    first, second = document["samples"]
    assert (first["id"], first["epoch"], second["epoch"]) == (record.task or record.id, 1, 2)
    assert [message["role"] for message in first["messages"]] == [message.role for message in record.messages]
    assert list(document).index("results") < list(document).index("samples")


@pytest.mark.parametrize("text", ["{}", '{"a": 1}', '{"n": 12345678901234567890, "x": 1e+22, "y": -0.0}', '{"é": "é"}'])
def test_arguments_that_are_exact_need_no_text(text: str) -> None:
    assert arguments_of(text).exact


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"a": NaN}', '{"a": ' * 40 + "1" + "}" * 40, '{"a":1}', '{"a": 1, "a": 2}']
)
def test_arguments_that_are_not_exact_keep_their_text(text: str) -> None:
    assert not arguments_of(text).exact
    message = Message(role="assistant", tool_calls=(ToolCall(id="1", name="f", arguments=text),))
    assert back(atif_of(TrajectoryRecord(id="a", messages=(message,), extra={}))).messages == (message,)


@pytest.mark.parametrize("number", [0.0, 1.0, 0.1, 1e-7, 123456.789, 1e21, 100.0])
def test_costs_are_decimals_without_exponent(number: float) -> None:
    assert "e" not in decimal_of(number) and float(decimal_of(number)) == number
    assert Decimal(decimal_of(number)) == Decimal(repr(number))
    assert number_of(decimal_of(number)) == (number, True)


@pytest.mark.parametrize(
    "cost", ["1E100", "9" * 40, "1000000000000001", "-1E30", "NaN", "Infinity", "0.1", "1000000000000000"]
)
def test_costs_of_any_size_are_kept(cost: str) -> None:
    record = TrajectoryRecord(id="a", messages=(), usage=MessageUsage(cost=cost), extra={})
    assert back(json.loads(as_json(atif_of(record)))).usage == record.usage


RESULT = "message `tool_call_id`"
# Values that are found again in a document, whatever it is.
SENTINELS: dict[str, TrajectoryRecord] = {
    "`id`": TrajectoryRecord(id="SENT", messages=(), extra={}),
    **{
        f"`{name}`": TrajectoryRecord(id="a", messages=(), extra={}, **{name: "SENT"})  # type: ignore[arg-type]
        for name in ("source", "task", "bundle_id", "agent", "outcome")
    },
    "`model`": TrajectoryRecord(
        id="a", model="SENT", messages=(Message(role="assistant"),), usage=MessageUsage(prompt_tokens=1), extra={}
    ),
    "`started`": TrajectoryRecord(id="a", messages=(), started="2026-09-09T09:09:09Z", extra={}),
    "`ended`": TrajectoryRecord(id="a", messages=(), ended="2026-09-09T09:09:09Z", extra={}),
    "`seed`": TrajectoryRecord(id="a", messages=(), seed=77077, extra={}),
    "`score`": TrajectoryRecord(id="a", messages=(), score="0.77077", extra={}),
    "`tools`": TrajectoryRecord(id="a", messages=(), tools=({"SENT": 1},), extra={}),
    "`usage`": TrajectoryRecord(id="a", messages=(), usage=MessageUsage(prompt_tokens=77077), extra={}),
    "`extra`": TrajectoryRecord(id="a", messages=(), extra={"x": "SENT"}),
    **{
        f"message `{name}`": TrajectoryRecord(
            id="a",
            messages=(Message.model_validate({"role": role, name: value}),),
            extra={},
        )
        for name, role, value in (
            ("role", "user", None), ("content", "user", "SENT"), ("reasoning", "assistant", "SENT"),
            ("tool_calls", "assistant", [{"id": "1", "name": "f", "arguments": '{"a": "SENT"}'}]),
            ("name", "tool", "SENT"), ("failed", "tool", True),
            ("at", "assistant", "2026-09-09T09:09:09Z"), ("call_id", "assistant", "SENT"), ("finish", "assistant", "SENT"),
            ("model", "assistant", "SENT"), ("usage", "assistant", {"prompt_tokens": 77077}),
        )
        if value is not None
    },
    RESULT: TrajectoryRecord(
        id="a",
        messages=(
            Message(role="assistant", tool_calls=(ToolCall(id="SENT", name="f", arguments="{}"),)),
            Message(role="tool", tool_call_id="SENT"),
        ),
        extra={},
    ),
    "arguments, no JSON": TrajectoryRecord(
        id="a",
        messages=(Message(role="assistant", tool_calls=(ToolCall(id="1", name="f", arguments="SENT"),)),),
        extra={},
    ),
}  # fmt: skip
MARKS = ("SENT", "2026-09-09T09:09:09", "77077", '"failed"', '"error"')


def native(document: JsonValue) -> JsonValue:
    """A document without what we put where it has no place."""
    if isinstance(document, list):
        return [native(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: native({n: v for n, v in value.items() if n != "clawc"})
        if name in ("extra", "metadata") and isinstance(value, dict)
        else native(value)
        for name, value in document.items()
    }


def holds(document: object, times: int) -> bool:
    text = json.dumps(document)
    return sum(text.count(mark) for mark in MARKS) >= times


def test_the_documentation_says_what_formats_do_not_hold() -> None:
    lines = (ROOT / "docs" / "trajectories.md").read_text("utf-8").splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("| of a trajectory |"))
    said = {
        cells[0]: cells[1:]
        for line in itertools.takewhile(lambda line: line.startswith("|"), lines[head + 2 :])
        if (cells := [cell.strip() for cell in line.strip("|").split("|")])
    }
    fields = {f"`{name}`" for name in TrajectoryRecord.model_fields} | {f"message `{n}`" for n in Message.model_fields}
    assert set(said) == set(SENTINELS)
    assert fields - set(said) == {"`format_version`", "`messages`", "message `role`"}
    for name, record in SENTINELS.items():
        chat, whole, times = chat_of(record), chat_of(record, metadata=True), 1 + (name == RESULT)
        found = [
            "" if holds(chat, times) else "`metadata`" if holds(whole, times) else "lost",
            *(
                "" if holds(native(document), times) else inside if holds(document, times) else "lost"
                for document, inside in (
                    (atif_of(record), "`extra`"),
                    (sample_of(record, record.task or "i", 1), "`metadata`"),
                )
            ),
        ]
        assert said[name] == found, (name, found)
