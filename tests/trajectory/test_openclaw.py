"""Session files of OpenClaw and pi: what becomes of them, and files that are none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.openclaw import read_openclaw
from clawc.runtime.trajectory.own import write_records
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.runtime.trajectory.strangers import Stored
from tests.trajectory.samples import GOLDEN

SESSION = (GOLDEN / "session.jsonl").read_bytes()
HEADER = {"type": "session", "version": 3, "id": "s", "timestamp": "2026-04-01T10:00:00Z", "cwd": "/w"}


def read(data: bytes) -> TrajectoryRecord:
    return read_openclaw(Stored(io.BytesIO(data), "s.jsonl"))


def session(*entries: object, header: object = HEADER) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in (header, *entries))


def entry(id: object = "a", parent: object = None, **message: object) -> dict[str, object]:
    return {
        "type": "message",
        "id": id,
        "parentId": parent,
        "timestamp": "t",
        "message": {"role": "user", "content": "x", **message},
    }


def test_a_session_becomes_a_record(update_goldens: bool) -> None:
    file = io.BytesIO()
    write_records([read(SESSION)], file)
    text = json.dumps(json.loads(file.getvalue()), indent=1) + "\n"
    if update_goldens:
        (GOLDEN / "session.json").write_text(text)
    assert (GOLDEN / "session.json").read_text() == text


def test_only_the_path_to_the_last_entry_was_said() -> None:
    found = read(session(entry("a"), entry("b", "a", content="left"), entry("c", "a", content="said")))
    assert [message.content for message in found.messages] == ["x", "said"]
    assert found.extra["openclaw"] == {"cwd": "/w", "entries_beside_the_path": 1}


def test_a_session_may_be_without_messages() -> None:
    assert read(session()).messages == ()


@pytest.mark.parametrize(
    ("stop", "outcome"), [("stop", ""), ("length", "truncated"), ("error", "agent_error"), ("aborted", "agent_error")]
)
def test_the_last_answer_says_how_it_ended(stop: str, outcome: str) -> None:
    first = entry("a", role="assistant", content=[], stopReason="error", errorMessage="500")
    found = read(session(first, entry("b", "a", role="assistant", content="done", stopReason=stop)))
    assert found.outcome == outcome and found.messages[1].content == "done"
    assert found.extra["openclaw"] == {
        "cwd": "/w", "errors": [{"message": 0, "text": "500"}], "entries_beside_the_path": 0
    }  # fmt: skip


def test_what_is_newer_is_noted_and_not_guessed() -> None:
    new = {"type": "context_edit", "id": "b", "parentId": "a", "timestamp": "t"}
    answer = entry("c", "b", role="assistant", content=[{"type": "audio"}, {"type": "text", "text": "y"}])
    more = read(session(entry("a"), new, answer)).extra["openclaw"]
    assert isinstance(more, dict)
    assert more["unknown"] == [{"message": 1, "type": "context_edit"}] and more["parts"] == [
        {"message": 1, "type": "audio"}
    ]


HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "R0904", "is empty"),
    "no JSON": (session(entry()) + b"{", "R0903", "line 3"),
    "not UTF-8": (session() + b'{"\xff": 1}\n', "R0903", "UTF-8"),
    "NaN": (session() + b'{"type": "message", "id": NaN}\n', "R0903", "`NaN`"),
    "deep": (session() + b'{"a":' * 100_000 + b"\n", "R0903", "nested too deep"),
    "no session": (session(header=entry()), "R0904", "no header"),
    "version 1": (session(header={"type": "session", "id": "s"}), "R0904", "version 1, and 3 is read"),
    "version 4": (session(header={**HEADER, "version": 4}), "R0904", "version 4, and 3 is read"),
    "odd version": (session(header={**HEADER, "version": "3"}), "R0904", "`version` is text"),
    "no id": (session({"type": "message", "parentId": None}), "R0904", "`id` is missing"),
    "odd id": (session(entry(1)), "R0904", "`id` is a number, and should be text"),
    "no parent field": (session({"type": "message", "id": "a"}), "R0904", "`parentId` is missing"),
    "odd parent": (session(entry("a", 5)), "R0904", "`parentId` is a number"),
    "id twice": (session(entry("a"), entry("a")), "R0905", "line 3`: the id `a` is there twice"),
    "own parent": (session(entry("a", "a")), "R0905", "`a` is its own ancestor"),
    "cycle": (session(entry("a", "b"), entry("b", "a")), "R0905", "its own ancestor"),
    "missing parent": (session(entry("a", "z")), "R0905", "the parent `z` is not in the file"),
    "no message": (session({"type": "message", "id": "a", "parentId": None}), "R0904", "`message` is missing"),
    "odd role": (session(entry(role="judge")), "R0904", "the role `judge` is unknown"),
    "odd content": (session(entry(content=7)), "R0904", "`message.content` is a number"),
    "odd part": (session(entry(content=["x"])), "R0904", "`message.content[0]` is text"),
    "no text": (session(entry(content=[{"type": "text"}])), "R0904", "`message.content[0].text` is missing"),
    "odd call": (session(entry(role="assistant", content=[{"type": "toolCall", "id": "c", "name": "f", "arguments": "x"}])),
                 "R0904", "`message.content[0].arguments` is text"),
    "odd usage": (session(entry(role="assistant", content=[], usage={"input": -1})), "R0904", "`message.usage.input`"),
    "half a token": (session(entry(role="assistant", content=[], usage={"output": 0.5})), "R0904", "should be a count"),
    "vast cost": (session(entry(role="assistant", content=[], usage={"cost": {"total": 10**400}})), "R0904", "`message.usage.cost.total`"),
    "no call id": (session(entry(role="toolResult")), "R0904", "`message.toolCallId` is missing"),
    "odd error": (session(entry(role="toolResult", toolCallId="c", isError="no")), "R0904", "`message.isError` is text"),
    "odd time": (session(entry() | {"timestamp": 7}), "R0904", "`timestamp` is a number"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_session_is_refused_where_it_is_wrong(name: str) -> None:
    data, code, said = HOSTILE[name]
    with pytest.raises(RuntimeFault) as caught:
        read(data)
    assert caught.value.code == code and said in caught.value.message, caught.value.message
    assert "s.jsonl" in caught.value.message and caught.value.help and len(caught.value.message) < 300


def test_a_long_session_is_read_in_no_time_and_depth() -> None:
    count = 20_000
    entries = [entry(str(n), str(n - 1) if n else None) for n in range(count)]
    assert len(read(session(*entries)).messages) == count


_value = st.sampled_from(
    [None, True, -1, 0.5, 1e300, "", "x", "a", [], [1], {}, {"type": "text"}, [{"type": "text", "text": "x"}]]
)
_names = ["type", "id", "parentId", "message", "role", "content", "summary", "usage", "customType", "toolCallId", "timestamp",
          "arguments", "name", "cost", "total", "isError", "version", "details", "text"]  # fmt: skip


def _changed(path: tuple[int, str, str], value: object) -> bytes:
    """The golden session with one field of a line changed, of the entry or of its message."""
    number, name, inner = path
    lines: list[dict[str, dict[str, object]]] = [json.loads(line) for line in SESSION.splitlines()]
    line = lines[number % len(lines)]
    place: dict[str, object] = line["message"] if inner == "message" and "message" in line else line  # type: ignore[assignment]
    place[name] = value
    return b"".join(json.dumps(one).encode() + b"\n" for one in lines)


@settings(max_examples=300, deadline=None)
@given(st.tuples(st.integers(0, 20), st.sampled_from(_names), st.sampled_from(["entry", "message"])), _value)
def test_a_changed_field_is_read_or_refused(path: tuple[int, str, str], value: object) -> None:
    _read_or_refused(lambda: read(_changed(path, value)))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SESSION)), st.binary(max_size=6), st.integers(0, 6))
def test_changed_bytes_are_read_or_refused(at: int, put: bytes, gone: int) -> None:
    _read_or_refused(lambda: read(SESSION[:at] + put + SESSION[at + gone :]))


def _read_or_refused(reading: Callable[[], object]) -> None:
    try:
        reading()
    except RuntimeFault as fault:
        assert fault.code in ("R0903", "R0904", "R0905") and "s.jsonl" in fault.message and fault.help
