"""What a call may ask for. It is a stranger's, so nothing in it may raise anything but BadCall."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.engine.interface import Piece, TokenUsage, ToolCallPiece
from clawc.runtime.gateway import wire
from clawc.runtime.gateway.wire import BadCall, Gathered, Head, parse_call

HEAD = Head("chatcmpl-1", 1, "policy")


def body(**fields: object) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": "hello"}], **fields}).encode()


def test_what_harnesses_send_is_taken() -> None:
    asked = parse_call(body(
        model="policy", stream=True, stream_options={"include_usage": True}, max_completion_tokens=7, temperature=0.7, store=False,
        tool_choice="auto", n=1, stop="END", prompt_cache_key="x",
        messages=[
            {"role": "developer", "content": "be good"}, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "text"},
        ],
        tools=[{"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}],
    ))  # fmt: skip
    assert (asked.stream, asked.include_usage, asked.max_tokens, asked.temperature, asked.stop) == (
        True,
        True,
        7,
        0.7,
        ("END",),
    )
    assert [message["role"] for message in asked.messages] == ["system", "user", "assistant", "tool"]
    assert asked.messages[1]["content"] == "a\nb"
    assert asked.messages[2]["reasoning_content"] == "hm"
    assert asked.unknown == ("prompt_cache_key",)
    assert asked.wished["n"] == 1


REFUSED: list[tuple[dict[str, object], str]] = [
        ({"n": 2}, "`n` must be 1"),
        ({"logit_bias": {"5": 100}}, "`logit_bias`"),
        ({"response_format": {"type": "json_object"}}, "`response_format`"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}]}]}, "image_url"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "input_audio"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "root", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": []}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}, "messages[0].tool_calls[0].function.name"),
        ({"tools": [{"type": "web_search"}]}, "only functions"),
        ({"temperature": 9}, "`temperature`"),
        ({"temperature": "hot"}, "`temperature`"),
        ({"max_tokens": 0}, "`max_tokens`"),
        ({"max_tokens": True}, "`max_tokens`"),
        ({"stream": "yes"}, "`stream`"),
        ({"tool_choice": 5}, "`tool_choice`"),
        ({"stop": ["a"] * 17}, "`stop`"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "says"), REFUSED)
def test_what_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(BadCall) as bad:
        parse_call(body(**fields))
    assert says in bad.value.message
    assert bad.value.status == 400
    assert json.loads(wire.error_body(bad.value.code, bad.value.message))["error"]["message"] == bad.value.message


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"{", b"\xff", b'{"messages": NaN}', b"[" * 100_000, b'{"a":' * 50_000, b'{"messages":[{"role":"user","content":"' + b"\\ud800" + b'"}]}'],
    ids=["empty", "list", "null", "open", "no UTF-8", "NaN", "deep lists", "deep objects", "surrogate"],
)  # fmt: skip
def test_no_json_is_a_refusal(data: bytes) -> None:
    try:
        parse_call(data)
    except BadCall as bad:
        assert bad.status == 400


@pytest.mark.parametrize("many", [b"[]", b"1", b'""', b"{}"])
def test_a_body_of_too_many_values_is_refused(many: bytes) -> None:
    """All episodes would wait while it is read; long texts are as they are."""
    with pytest.raises(BadCall, match="too many values"):
        parse_call(
            b'{"messages":[{"role":"user","content":"x"}],"metadata":{"a":[' + many + (b"," + many) * (2 << 20) + b"]}}"
        )
    assert parse_call(body(messages=[{"role": "user", "content": '1,"2",{[\\' * 600_000}]))


@pytest.mark.parametrize("end", [b"", b"\\"])
def test_a_text_without_an_end_is_looked_for_once(end: bytes) -> None:
    """Else this would take the square of its length, which is days."""
    with pytest.raises(BadCall):
        parse_call(b"," * 400_000 + b'"' + b'\\"' * 3_000_000 + end)


def test_a_body_has_a_bound() -> None:
    with pytest.raises(BadCall) as bad:
        parse_call(b" " * (wire.BODY_BYTES + 1))
    assert bad.value.status == 413


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "function", "name", "tool_calls", "id"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(wire._KNOWN)), _JSON, max_size=8))  # pyright: ignore[reportPrivateUsage]
def test_any_call_is_taken_or_refused(call: dict[str, object]) -> None:
    try:
        parse_call(json.dumps(call).encode())
    except BadCall as bad:
        assert bad.message


PIECES = (
    Piece(content="he"), Piece(content="llo", reasoning="hm"), Piece(tool_calls=(ToolCallPiece(0, "call1x0", "read"),)),
    Piece(tool_calls=(ToolCallPiece(0, arguments='{"path":'),)), Piece(tool_calls=(ToolCallPiece(0, arguments='"a"}'), ToolCallPiece(1, "call1x1", "ls", "{}"))),
)  # fmt: skip


def test_a_stream_says_what_a_whole_answer_says() -> None:
    gathered = Gathered()
    for piece in PIECES:
        gathered.add(piece)
    usage = TokenUsage(3, 4, 1)
    whole = json.loads(wire.completion(HEAD, gathered.message(), "tool_calls", usage))
    stream = wire.first_event(HEAD) + b"".join(wire.piece_event(HEAD, piece) for piece in PIECES)
    stream += wire.piece_event(HEAD, Piece(finish="tool_calls")) + wire.last_events(HEAD, usage, True)
    events = stream.decode().strip().split("\n\n")
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    again = Gathered()
    for chunk in chunks[:-1]:
        delta = chunk["choices"][0]["delta"]
        calls = tuple(
            ToolCallPiece(c["index"], c.get("id", ""), c["function"].get("name", ""), c["function"]["arguments"]) for c in delta.get("tool_calls", [])
        )  # fmt: skip
        again.add(Piece(delta.get("content") or "", delta.get("reasoning_content", ""), calls))
    assert again.message() == whole["choices"][0]["message"] == gathered.message()
    assert chunks[-1]["usage"] == whole["usage"] == {
        "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 1},
    }  # fmt: skip
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
