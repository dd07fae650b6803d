"""Chats over an engine of tokens that gives what it was told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence

import pytest

from clawc.runtime.engine.interface import (
    ChatRequest,
    Constraint,
    Drawn,
    EngineFailure,
    Object,
    Piece,
    Sampled,
    Sampling,
    TokenUsage,
)
from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.template import TEMPLATE, Template

TOOL: Object = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}
ASK: tuple[Object, ...] = ({"role": "user", "content": "Go."},)
CALL = '<tool_call>\n{"name": "read", "arguments": {"path": "é"}}\n</tool_call>'


class Told:
    """Gives tokens, `at_once` together, with log probabilities that count, then ends or fails."""

    name = "told"
    at_once = 1

    def __init__(self, ids: Sequence[int], failure: EngineFailure | None = None) -> None:
        self.ids = ids
        self.failure = failure
        self.asked: list[tuple[list[int], Sampling]] = []
        self.held: list[Constraint | None] = []
        self.given = 0
        self.closed = False

    async def open(self) -> None: ...
    async def close(self) -> None: ...

    async def generate(
        self, prompt_ids: Sequence[int], sampling: Sampling, constraint: Constraint | None = None
    ) -> AsyncGenerator[Drawn]:
        self.asked.append((list(prompt_ids), sampling))
        self.held.append(constraint)
        try:
            for first in range(0, len(self.ids), self.at_once):
                ids = tuple(self.ids[first : first + self.at_once])
                last = first + len(ids) == len(self.ids) and self.failure is None
                self.given += len(ids)
                logprobs = tuple(-float(first + number) for number in range(len(ids)))
                yield Drawn(ids, logprobs, finish="stop" if last else None, version=7)
            if self.failure is not None:
                raise self.failure
        finally:
            self.closed = True


def untapped(who: str, kind: str, data: bytes) -> None: ...


class Heard:
    """All of a chat."""

    def __init__(self, chat: ChatOverTokens[Told] | ChatOverTokens[Holding], request: ChatRequest) -> None:
        self.pieces: list[Piece] = []
        self.taps: list[tuple[str, str, bytes]] = []
        self.failure: EngineFailure | None = None
        asyncio.run(self._hear(chat, request))
        self.content = "".join(piece.content for piece in self.pieces)
        self.calls = [call for piece in self.pieces for call in piece.tool_calls]

    async def _hear(self, chat: ChatOverTokens[Told] | ChatOverTokens[Holding], request: ChatRequest) -> None:
        try:
            async for piece in chat.chat(request, self._tap):
                self.pieces.append(piece)
        except EngineFailure as failure:
            self.failure = failure

    def _tap(self, who: str, kind: str, data: bytes) -> None:
        self.taps.append((who, kind, data))

    @property
    def sampled(self) -> Sampled:
        assert self.pieces[-1].sampled is not None
        return self.pieces[-1].sampled


def test_what_was_drawn_is_delivered(template: Template) -> None:
    ids = [*template.encode(f"Sure. {CALL}"), template.end]
    told = Told(ids)
    heard = Heard(ChatOverTokens(told, template, 4096), ChatRequest(ASK, (TOOL,), sampling=Sampling(seed=3, top_p=0.5)))
    assert (heard.content, [(call.name, call.arguments) for call in heard.calls]) == (
        "Sure.",
        [("read", '{"path": "é"}')],
    )
    last = heard.pieces[-1]
    drawn_with = Sampling(max_tokens=1024, temperature=1.0, top_p=1.0, top_k=0, seed=3)
    assert told.asked == [(template.prompt(ChatRequest(ASK, (TOOL,))), drawn_with)]
    assert (last.finish, last.model, last.usage) == ("tool_calls", "told", TokenUsage(len(told.asked[0][0]), len(ids)))
    assert heard.sampled == Sampled(
        tuple(told.asked[0][0]),
        tuple(ids),
        tuple(-float(number) for number in range(len(ids))),
        version=7,
        tokenizer="none",
        template=TEMPLATE,
        sampling=drawn_with,
    )
    lines = [json.loads(data) for _, _, data in heard.taps]
    assert lines[0]["prompt_ids"] == told.asked[0][0]
    assert [number for line in lines[1:] for number in line["ids"]] == ids
    assert {(who, kind) for who, kind, _ in heard.taps} == {("told", "bytes")}


def test_a_call_that_is_none_is_content_and_said_so(template: Template) -> None:
    heard = Heard(ChatOverTokens(Told([*template.encode("<tool_call>no</tool_call>"), template.end]), template, 4096),
                  ChatRequest(ASK, (TOOL,)))  # fmt: skip
    assert (heard.content, heard.calls, heard.pieces[-1].finish) == ("<tool_call>no</tool_call>", [], "stop")
    assert heard.sampled.parse_error.startswith("what begins like call 1 is not JSON")


def test_without_tools_a_call_is_content(template: Template) -> None:
    heard = Heard(ChatOverTokens(Told([*template.encode(CALL), template.end]), template, 4096), ChatRequest(ASK))
    assert (heard.content, heard.pieces[-1].finish, heard.sampled.parse_error) == (CALL, "stop", "")


def test_a_call_that_is_demanded_is_begun_for_the_model(template: Template) -> None:
    request = ChatRequest(ASK, (TOOL,), {"type": "function", "function": {"name": "read"}})
    ids = [*template.encode('{"path": "b"}}\n</tool_call>'), template.end]
    heard = Heard(ChatOverTokens(Told(ids), template, 4096), request)
    assert [(call.name, call.arguments) for call in heard.calls] == [("read", '{"path": "b"}')]
    assert heard.sampled.output_ids == tuple(ids)


def test_a_stop_ends_the_answer(template: Template) -> None:
    told = Told([*template.encode("one, two, three"), template.end])
    heard = Heard(ChatOverTokens(told, template, 4096), ChatRequest(ASK, sampling=Sampling(stop=(", t",))))
    assert (heard.content, heard.pieces[-1].finish) == ("one", "stop")
    assert heard.sampled.output_ids == tuple(template.encode("one, t"))
    assert told.given == len(heard.sampled.output_ids)
    assert told.closed


def test_tokens_that_come_with_a_stop_and_after_it_are_left_out(template: Template) -> None:
    sampling = Sampling(stop=(", t",))
    alone, together = (Told([*template.encode("one, two, three"), template.end]) for _ in range(2))
    together.at_once = 8
    one, many = (
        Heard(ChatOverTokens(told, template, 4096), ChatRequest(ASK, sampling=sampling)) for told in (alone, together)
    )
    assert (many.content, many.sampled.output_ids, many.sampled.logprobs) == (
        "one",
        one.sampled.output_ids,
        one.sampled.logprobs,
    )


def test_a_prompt_that_is_too_long_is_refused_and_a_long_answer_shortened(template: Template) -> None:
    prompt = len(template.prompt(ChatRequest(ASK)))
    told = Told([template.end])
    assert Heard(ChatOverTokens(told, template, prompt + 5), ChatRequest(ASK)).failure is None
    assert told.asked[0][1].max_tokens == 5
    failure = Heard(ChatOverTokens(told, template, prompt), ChatRequest(ASK)).failure
    assert failure is not None
    assert (failure.kind, len(told.asked)) == ("context", 1)


@pytest.mark.parametrize("sampling", [Sampling(temperature=-1), Sampling(temperature=1e9), Sampling(max_tokens=0)])
def test_what_cannot_be_drawn_is_rejected(template: Template, sampling: Sampling) -> None:
    failure = Heard(ChatOverTokens(Told([template.end]), template, 4096), ChatRequest(ASK, sampling=sampling)).failure
    assert failure is not None
    assert failure.kind == "rejected"


def test_a_failure_is_tapped(template: Template) -> None:
    told = Told(template.encode("one"), EngineFailure("unavailable", "gone"))
    heard = Heard(ChatOverTokens(told, template, 4096), ChatRequest(ASK))
    assert heard.failure is told.failure
    assert heard.content == "one"
    assert heard.taps[-1] == ("told", "failure", b"unavailable: gone")


def test_an_answer_without_an_end_is_broken(template: Template) -> None:
    failure = Heard(ChatOverTokens(Told([]), template, 4096), ChatRequest(ASK)).failure
    assert failure is not None
    assert failure.kind == "broken"


def test_closing_the_chat_closes_the_draw(template: Template) -> None:
    told = Told(template.encode("one two three"))

    async def leave() -> None:
        chat = ChatOverTokens(told, template, 4096).chat(ChatRequest(ASK), untapped)
        await anext(chat)
        await chat.aclose()

    asyncio.run(leave())
    assert told.closed
    assert told.given == 1


HELD = Constraint("grammar", 'start: "<tool_call>" /[a-z]*/')


class Holding(Told):
    """The same, of an engine that can be held to grammars."""

    constrains = frozenset(("grammar",))


def test_text_that_is_held_to_a_grammar_comes_as_it_was_drawn(template: Template) -> None:
    text = "<tool_call>\n</tool_call> <think>a</think>  "
    told = Holding([*template.encode(text), template.end])
    chat = ChatOverTokens(told, template, 4096)
    heard = Heard(chat, ChatRequest(ASK, constraint=HELD))
    assert chat.constrains == {"grammar"}
    assert told.held == [HELD]
    assert (heard.content, heard.calls, heard.sampled.parse_error, heard.pieces[-1].finish) == (text, [], "", "stop")
    said = json.loads(heard.taps[0][2])["constraint"]
    assert (said["kind"], len(said["sha256"])) == ("grammar", 64)
    free = Heard(ChatOverTokens(Told([template.end]), template, 4096), ChatRequest(ASK))
    assert "constraint" not in json.loads(free.taps[0][2])


@pytest.mark.parametrize(
    "told,request_",
    [
        (Told([]), ChatRequest(ASK, constraint=HELD)),
        (Holding([]), ChatRequest(ASK, constraint=Constraint("schema", "{}"))),
        (Holding([]), ChatRequest(ASK, (TOOL,), constraint=HELD)),
        (Holding([]), ChatRequest(ASK, (TOOL,), "none", constraint=HELD)),
        (Holding([]), ChatRequest(ASK, sampling=Sampling(stop=("a",)), constraint=HELD)),
    ],
    ids=["no engine for it", "another kind", "tools", "tools that are not chosen", "stop"],
)
def test_what_cannot_be_held_to_a_constraint_is_rejected(template: Template, told: Told, request_: ChatRequest) -> None:
    failure = Heard(ChatOverTokens(told, template, 4096), request_).failure
    assert failure is not None
    assert (failure.kind, told.asked) == ("rejected", [])
