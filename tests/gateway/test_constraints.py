"""What answers are to be held to, as it goes to servers, through pools and cassettes, and where it is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.engine.cassette import Recording, Replaying, digest_of
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.engine.http import Constrains, HttpEngine, Server
from clawc.runtime.engine.interface import (
    ChatRequest,
    Constraint,
    Engine,
    EngineFailure,
    Piece,
    Sampling,
    Tap,
    constrains,
)
from clawc.runtime.engine.pool import Pool, Upstream
from clawc.runtime.engine.scripted import ScriptedEngine, Step
from clawc.runtime.engine.settings import engine_settings
from clawc.runtime.errors import RuntimeFault
from tests.gateway.upstream import serving

HELLO = ({"role": "user", "content": "hello"},)
SCHEMA = {"type": "object", "properties": {"é": {"type": "integer"}}, "required": ["é"]}
SHAPED = Constraint("schema", json.dumps(SCHEMA))
WORDED = Constraint("grammar", 'start: "a"+\n')
BOTH = frozenset(("grammar", "schema"))


def server(constrain: Constrains, url: str = "http://127.0.0.1:1/v1") -> HttpEngine:
    return HttpEngine(Server(url, "m", first_s=5, constrain=constrain))


def scripted(text: str = "x") -> ScriptedEngine:
    return ScriptedEngine([Step(text=text)], "scripted:test")


async def said(engine: Engine, constraint: Constraint | None, *, stream: bool = False) -> str:
    await engine.open()
    try:
        request = ChatRequest(HELLO, sampling=Sampling(max_tokens=9), stream=stream, constraint=constraint)
        return "".join([piece.content async for piece in engine.chat(request, lambda who, kind, data: None)])
    finally:
        await engine.close()


async def asked(constrain: Constrains, constraint: Constraint | None, stream: bool = False) -> dict[str, Any]:
    """The body that the server has got."""
    async with serving() as upstream:
        assert await said(server(constrain, upstream.url), constraint, stream=stream) == "hello"
        return dict(upstream.asked[0])


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_goes_to_a_server_as_openai_has_it(stream: bool) -> None:
    body = asyncio.run(asked("schema", SHAPED, stream))
    named = {"name": "answer", "schema": SCHEMA, "strict": True}
    assert body["response_format"] == {"type": "json_schema", "json_schema": named}
    assert "structured_outputs" not in body


def test_a_grammar_and_a_schema_go_to_vllm_as_it_has_them() -> None:
    for constraint, expected in ((WORDED, {"grammar": WORDED.text}), (SHAPED, {"json": SCHEMA})):
        body = asyncio.run(asked("vllm", constraint))
        assert body["structured_outputs"] == expected
        assert "response_format" not in body


@pytest.mark.parametrize("constrain", ["none", "schema", "vllm"])
def test_without_a_constraint_nothing_is_asked_for(constrain: Constrains) -> None:
    assert not {"response_format", "structured_outputs"} & asyncio.run(asked(constrain, None)).keys()


@pytest.mark.parametrize(
    ("constrain", "constraint"),
    [
        ("none", SHAPED), ("none", WORDED), ("schema", WORDED),
        *((constrain, Constraint("schema", text)) for constrain in ("schema", "vllm") for text in (
            "", "{", "[]", "5", "true", '{"a": NaN}', '{"a": 1e999}', '{"a":' * 2000 + "1" + "}" * 2000)),
    ],
)  # fmt: skip
def test_what_a_server_is_not_said_to_hold_to_never_reaches_it(constrain: Constrains, constraint: Constraint) -> None:
    async def main() -> EngineFailure:
        async with serving() as upstream:
            with pytest.raises(EngineFailure) as failure:
                await said(server(constrain, upstream.url), constraint)
            assert not upstream.asked
        return failure.value

    assert asyncio.run(main()).kind == "rejected"


class Plain:
    """An engine that says nothing of constraints."""

    name = "plain"

    async def open(self) -> None: ...

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        yield Piece("x", finish="stop")

    async def close(self) -> None: ...


def test_what_engines_can_be_held_to(tmp_path: Path) -> None:
    (tmp_path / "tape").write_text("")
    assert constrains(Plain()) == frozenset()
    assert constrains(scripted()) == constrains(Replaying(tmp_path / "tape")) == BOTH
    assert [constrains(server(each)) for each in ("none", "schema", "vllm")] == [frozenset(), {"schema"}, BOTH]
    cases: list[tuple[list[Engine], set[str] | frozenset[str]]] = [
        ([server("vllm"), scripted()], BOTH),
        ([server("vllm"), server("schema")], {"schema"}),
        ([server("vllm"), Plain()], set()),
        ([], set()),
    ]
    for engines, expected in cases:
        pool = Pool("p", [Upstream(engine) for engine in engines])
        assert constrains(pool) == expected
        assert constrains(Recording(pool, tmp_path / "tape")) == expected


def test_a_pool_hands_on_what_an_answer_is_held_to() -> None:
    async def main() -> None:
        async with serving("good", "status:500") as upstream:
            pool = Pool("p", [Upstream(server("vllm", upstream.url))])
            assert await said(pool, WORDED) == "hello"
            assert [body["structured_outputs"] for body in upstream.asked] == [{"grammar": WORDED.text}] * 2

    asyncio.run(main())


def test_what_is_asked_without_a_constraint_is_found_as_before() -> None:
    request = ChatRequest(HELLO, sampling=Sampling(max_tokens=9, temperature=0.5))
    assert digest_of(request) == "90be26e4505633bcc7c138028fe811a7c5f8d538b63eab52c2bb72d08b4e0b26"


def test_answers_are_found_by_what_they_were_held_to(tmp_path: Path) -> None:
    async def main() -> None:
        for text, constraint in (("free", None), ("a", WORDED), ("{}", SHAPED)):
            await said(Recording(scripted(text), tmp_path / "tape"), constraint)
        for text, constraint in (("{}", SHAPED), ("free", None), ("a", WORDED)):
            assert await said(Replaying(tmp_path / "tape"), constraint) == text
        with pytest.raises(EngineFailure, match="record it anew"):
            await said(Replaying(tmp_path / "tape"), Constraint("grammar", SHAPED.text))

    asyncio.run(main())


def test_a_setting_says_what_a_server_can_be_held_to(tmp_path: Path) -> None:
    one = {"url": "http://h/v1", "model": "m", "constrain": "vllm"}
    both = {"upstreams": [one, {**one, "constrain": "schema"}]}
    engines = engine_settings(
        tmp_path / "claw.toml", {"one": one, "both": both, "plain": {"url": "http://h/v1", "model": "m"}}
    )
    found = [constrains(model_named(name, Wishes(engines=engines)).make()) for name in ("one", "both", "plain")]
    assert found == [BOTH, {"schema"}, frozenset()]
    with pytest.raises(RuntimeFault, match=r"R0968.*constrain"):
        engine_settings(tmp_path / "claw.toml", {"one": {**one, "constrain": "sglang"}})
