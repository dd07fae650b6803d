"""Text taken apart into content and calls, without a model."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.engine.interface import Piece
from clawc.runtime.engine.local.hermes import Hermes

WEATHER = '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>'
PART = st.sampled_from(
    [
        WEATHER, "<tool_call>", "</tool_call>", '{"name": "a"}', "{", "}", '"', "\\", " ", "\n", "word", "<", "<tool", "é", "[]",
        '<tool_call>{"name": "x", "arguments": {"t": "</tool_call>"}}</tool_call>',
    ]
)  # fmt: skip
TEXT = st.lists(PART, max_size=12).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


class Read:
    """What came of a text: content, calls in order, and what is wrong."""

    def __init__(self, parts: list[str]) -> None:
        parser = Hermes("seed")
        pieces: list[Piece] = [piece for part in parts for piece in parser.feed(part)] + parser.end()
        self.content = "".join(piece.content for piece in pieces)
        self.calls = [call for piece in pieces for call in piece.tool_calls]
        self.named = [(call.name, call.arguments) for call in self.calls]
        self.error = parser.error
        self.first = pieces[0] if pieces else None


def test_a_call_between_texts() -> None:
    read = Read([f"Let me see.\n{WEATHER}\n{WEATHER}\n\nSoon.\n"])
    assert read.content == "Let me see.Soon.\n"
    assert read.named == [("weather", '{"city": "Köln"}')] * 2
    assert [call.index for call in read.calls] == [0, 1]
    assert read.error == ""


def test_ids_are_letters_and_digits_and_follow_from_the_seed() -> None:
    ids = [call.id for call in Read([WEATHER * 2]).calls]
    assert ids == [call.id for call in Read([WEATHER * 2]).calls]
    assert len(set(ids)) == 2
    assert all(name.isalnum() and name.isascii() for name in ids)


@pytest.mark.parametrize(
    "text,error",
    [
        ("<tool_call>\nhello\n</tool_call>", "what begins like call 1 is not JSON: Expecting value at character 1"),
        ('<tool_call>{"arguments": {}}</tool_call>', "what begins like call 1 is not an object with a `name`"),
        ('<tool_call>{"name": ""}</tool_call>', "what begins like call 1 is not an object with a `name`"),
        ("<tool_call>[1]</tool_call>", "what begins like call 1 is not an object with a `name`"),
        ('<tool_call>{"name": "\\ud800"}</tool_call>', "what begins like call 1 is not an object with a `name`"),
        (
            '<tool_call>{"name": "a", "arguments": "b"}</tool_call>',
            "what begins like call 1 has `arguments` that are not an object",
        ),
        ("x <tool_call>{", "what begins like call 1 has no end"),
        ('<tool_call>{"name": "a</tool_call> and', "what begins like call 1 has no end"),
        (
            '<tool_call>{"name": "a", "arguments": {"n": NaN}}</tool_call>',
            "what begins like call 1 is JSON with a number or a depth out of all bounds",
        ),
        (
            '<tool_call>{"name": "a", "arguments": {"n": 1e999}}</tool_call>',
            "what begins like call 1 is JSON with a number or a depth out of all bounds",
        ),
        (
            '<tool_call>{"name": "a", "arguments": {"n": ' + "[" * 100_000 + "</tool_call>",
            "what begins like call 1 is JSON with a number or a depth out of all bounds",
        ),
        (
            '<tool_call>{"name": "a", "arguments": {"n": ' + "9" * 5000 + "}}</tool_call>",
            "what begins like call 1 is JSON with a number or a depth out of all bounds",
        ),
        (
            '<tool_call><tool_call>{"name": "a"}</tool_call></tool_call>',
            "what begins like call 1 is not JSON: Expecting value at character 0",
        ),
    ],
)
def test_what_is_no_call_stays_content(text: str, error: str) -> None:
    read = Read([text])
    assert (read.content, read.calls, read.error) == (text, [], error)


def test_a_call_after_what_is_none_is_one() -> None:
    read = Read([f'<tool_call>{{"name": "a</tool_call> {WEATHER}'])
    assert read.content == '<tool_call>{"name": "a</tool_call>'
    assert [name for name, _ in read.named] == ["weather"]
    assert read.error == "what begins like call 1 has no end"


def test_arguments_may_have_tags() -> None:
    text = json.dumps({"name": "write", "arguments": {"text": 'see "</tool_call>" and <tool_call>'}})
    assert Read([f"<tool_call>{text}</tool_call>"]).named == [("write", json.dumps(json.loads(text)["arguments"]))]


def test_no_arguments_are_an_empty_object() -> None:
    assert Read(['<tool_call>{"name": "now"}</tool_call>']).named == [("now", "{}")]


def test_half_a_surrogate_pair_stays_spelled() -> None:
    assert Read(['<tool_call>{"name": "a", "arguments": {"b": "\\ud800"}}</tool_call>']).named == [
        ("a", '{"b": "\\ud800"}')
    ]


def test_calls_have_a_bound() -> None:
    read = Read(['<tool_call>{"name": "a"}</tool_call>' * 130])
    assert len(read.calls) == 128
    assert read.content == '<tool_call>{"name": "a"}</tool_call>' * 2
    assert read.error == "what begins like call 129 is one of more than 128"


def test_without_tools_nothing_is_a_call() -> None:
    parser = Hermes("seed", calls=False)
    assert [*parser.feed(WEATHER), *parser.end()] == [Piece(content=WEATHER)]


def test_content_comes_at_once() -> None:
    parser = Hermes("seed")
    assert parser.feed("a <b") == [Piece(content="a <b")]
    assert parser.feed(" <tool_") == []
    assert parser.feed("box> ") == [Piece(content=" <tool_box>")]


@given(TEXT, st.data())
def test_in_parts_as_at_once(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
    one, many = Read([text]), Read(parts)
    assert (one.content, one.calls, one.error) == (many.content, many.calls, many.error)


@given(TEXT)
def test_nothing_is_lost(text: str) -> None:
    read = Read([text])
    if not read.calls:
        assert read.content == text
    if "<tool_call>" in read.content:
        assert read.error


@given(st.text(), st.lists(st.tuples(st.text(min_size=1), st.dictionaries(st.text(), JSON, max_size=3)), max_size=3))
def test_what_the_template_writes_is_read(text: str, calls: list[tuple[str, dict[str, object]]]) -> None:
    content = text.strip()
    written = [
        f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"
        for name, arguments in calls
    ]
    read = Read(["\n".join([content, *written] if content else written)])
    assert read.content == content
    assert [(name, json.loads(arguments)) for name, arguments in read.named] == calls
    assert read.error == ""
