"""The capture: bodies come back byte for byte, whatever they are, and whatever a kill has left."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.calls import CallRecord, read_calls, with_kinds
from clawc.runtime.gateway.capture import Capture, common_start, read_capture


def written(path: Path, *bodies: bytes) -> None:
    capture = Capture(path)
    for number, body in enumerate(bodies, 1):
        capture.body(number, body)
    asyncio.run(capture.close())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.binary(max_size=60) | st.text(max_size=40).map(lambda text: b"common start " + text.encode()), max_size=6
    )
)
def test_bodies_come_back(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("capture") / "capture.jsonl"
    written(path, *bodies)
    assert [each.data["body"] for each in read_capture(path) if each.event == "asked"] == bodies


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_common_start(one: bytes, other: bytes) -> None:
    same = common_start(one, other)
    assert one[:same] == other[:same]
    assert one[same : same + 1] != other[same : same + 1] or same == len(one) == len(other)


def test_a_growing_conversation_is_written_once(tmp_path: Path) -> None:
    history = b"x" * 10_000
    written(tmp_path / "c", *(history + b"y" * 100 * n for n in range(50)))
    assert (tmp_path / "c").stat().st_size < 40_000


def test_control_characters_of_a_large_body_fit_into_a_line(tmp_path: Path) -> None:
    body = b"\0" * (6 << 20)
    written(tmp_path / "c", body)
    assert [each.data["body"] for each in read_capture(tmp_path / "c") if each.event == "asked"] == [body]


@pytest.mark.parametrize("kept", range(0, 400, 37))
def test_a_torn_end_is_left_out(tmp_path: Path, kept: int) -> None:
    """A kill tears the last line at most; what stands before is whole."""
    path = tmp_path / "c"
    written(path, b"first", b"first and second")
    data = path.read_bytes()
    path.write_bytes(data[:kept])
    bodies = [each.data["body"] for each in read_capture(path) if each.event == "asked"]
    assert bodies == [b"first", b"first and second"][: len(bodies)]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "null", '{"event": 5, "call": 1, "t": 0}', '{"event": "asked", "call": 1, "t": 0, "same": 9, "text": ""}',
     '{"event": "asked", "call": 1, "t": 0, "same": -1, "text": ""}', '{"event": "asked", "call": 1, "t": 0, "same": 0, "base64": "?"}',
     '{"event": "placed", "call": 1, "t": 0}', '{"event": "answered", "call": 1, "t": 0, "message": [], "finish": "", "model": "", "usage": null, "sampled": null}',
     '{"event": "answered", "call": 1, "t": 0, "message": {}, "finish": "", "model": "", "usage": null, "sampled": {"prompt_ids": [1], "output_ids": [2, 3], "logprobs": [0.1], "version": 0, "tokenizer": "", "template": "", "parse_error": ""}}',
     "[" * 100_000],
    ids=range(11),
)  # fmt: skip
def test_a_line_that_is_none_has_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "c"
    path.write_text('{"event": "opened", "call": 0, "t": 0}\n' + line + "\n")
    with pytest.raises(RuntimeFault, match="R0965") as fault:
        read_calls(path)
    assert ":2:" in str(fault.value)


def test_a_link_in_the_place_of_a_capture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "c").symlink_to(tmp_path / "secret")
    with pytest.raises(RuntimeFault, match="R0206"):
        read_calls(tmp_path / "c")
    with pytest.raises(OSError):
        Capture(tmp_path / "c")


def call(
    number: int,
    parent: int,
    caller: str,
    *,
    digest: str = "",
    tools: str = "t",
    state: str = "answered",
    delivered: bool = True,
) -> CallRecord:
    return CallRecord(
        number, parent=parent, caller=caller, digest=digest or str(number), tools_digest=tools, state=state, delivered=delivered  # type: ignore[arg-type]
    )  # fmt: skip


def kinds(*calls: CallRecord) -> list[str]:
    return [each.kind for each in with_kinds(calls)]


def test_a_proven_harness_is_trained_on_wherever_it_goes_on() -> None:
    """After a rewritten context too, but not on what it asks without its tools, such as a title."""
    found = kinds(
        call(1, 0, "harness"), call(2, 1, "harness"), call(3, 0, "harness"), call(4, 0, "harness", tools="none"), call(5, 1, "other")
    )  # fmt: skip
    assert found == ["train", "train", "train", "side", "side"]


def test_what_nobody_got_is_not_trained_on() -> None:
    assert kinds(call(1, 0, "harness", delivered=False), call(2, 0, "harness", digest="1"), call(3, 2, "harness", state="failed")) == [
        "side", "train", "side",
    ]  # fmt: skip


def test_an_unproven_conversation_counts_as_far_as_it_is_the_only_one() -> None:
    assert kinds(call(1, 0, "inside"), call(2, 1, "inside"), call(3, 2, "inside")) == ["train"] * 3
    assert kinds(call(1, 0, "inside"), call(2, 1, "inside"), call(3, 1, "inside"), call(4, 3, "inside")) == [
        "train",
        "side",
        "side",
        "side",
    ]
    assert kinds(call(1, 0, "inside"), call(2, 0, "inside"), call(3, 0, "inside", digest="1")) == [
        "train",
        "side",
        "side",
    ]


def test_without_a_harness_nothing_is_trained_on() -> None:
    assert kinds(call(1, 0, "other"), call(2, 1, "other")) == ["side", "side"]
    assert json.dumps([each.kind for each in with_kinds([])]) == "[]"
