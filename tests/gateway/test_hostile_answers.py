"""What a hostile model or server says, through a line: bounded, captured, and the fault of whom it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.engine.interface import ChatRequest, EngineFailure, Piece, Sampled, Tap, TokenUsage, ToolCallPiece
from clawc.runtime.engine.pool import Patience, Pool, Price, Rate, Upstream
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.line import Line, LineReport
from clawc.runtime.harness.observed import note_conversations
from tests.gateway.conftest import MakeLine
from tests.gateway.test_line import USER, ask, body, nowhere


class Saying:
    """An engine that says these pieces, then fails, if it does; each a part that is tapped."""

    name = "saying"
    priced = True

    def __init__(self, *pieces: Piece, failure: EngineFailure | None = None, endless: bool = False) -> None:
        self.pieces, self.failure, self.endless = pieces, failure, endless
        self.closed = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        try:
            for piece in self.pieces:
                tap(self.name, "bytes", b"x" * 1_000)
                yield piece
            while self.endless:
                tap(self.name, "bytes", b": keep alive\n" * 100)
                await asyncio.sleep(0)
            if self.failure is not None:
                raise self.failure
        finally:
            self.closed += 1


def call_of(arguments: str, name: str = "read") -> Piece:
    return Piece(tool_calls=(ToolCallPiece(0, "x", name, arguments),), finish="tool_calls", usage=TokenUsage(1, 1))


@pytest.mark.parametrize("depth", range(960, 992, 3))
def test_arguments_nested_deeply_are_the_models_own(make_line: MakeLine, depth: int) -> None:
    line = make_line(engine=Saying(call_of('{"a":' + "[" * depth + "]" * depth + "}")))

    async def main() -> LineReport:
        _, first = await ask(line)
        reply, _ = await ask(line, USER, first["choices"][0]["message"])
        assert reply.status == 200
        return await line.close()

    assert asyncio.run(main()).fault == ""


def test_a_lone_surrogate_in_an_answer_or_a_call_is_replaced(make_line: MakeLine, tmp_path: Path) -> None:
    seen: list[ChatRequest] = []

    class Listening(Saying):
        async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
            seen.append(request)
            async for piece in super().chat(request, tap):
                yield piece

    line = make_line(engine=Listening(call_of("{}"), failure=None))

    async def main() -> None:
        odd: dict[str, Any] = {"role": "user", "content": "a\ud800\udc00b\udc00"}
        tools = [{"type": "function", "function": {"name": "x", "parameters": {"\udfff": ["\ud800"]}}}]
        await ask(line, odd, tools=tools)
        await line.close()

    asyncio.run(main())
    json.dumps([list(seen[0].messages), list(seen[0].tools)], ensure_ascii=False).encode()
    assert seen[0].messages[0]["content"] == "a\U00010000b\ufffd"
    assert read_calls(tmp_path / CAPTURE)[0].kind == "train"


def test_a_failure_that_says_odd_things(make_line: MakeLine) -> None:
    failure = EngineFailure("broken", "\x1b[2J\ud800 no\nmore\x00", retry_after_s=5)
    made = Pool("p", [Upstream(Saying(failure=failure))], Patience(1))
    line = make_line(engine=made)

    async def main() -> LineReport:
        await ask(line)
        return await line.close()

    fault = asyncio.run(main()).fault
    assert fault.isprintable()
    assert "no more" in fault
    fault.encode()


def test_an_endless_answer_ends_with_the_capture(make_line: MakeLine, tmp_path: Path) -> None:
    engine = Saying(Piece(content="a"), endless=True)
    line = make_line(engine=engine, capture_bytes=200_000)

    async def main() -> LineReport:
        await ask(line)
        assert line.over.is_set()
        assert (await ask(line))[0].status == 403
        return await line.close()

    report = asyncio.run(main())
    assert (report.hit, report.fault, engine.closed) == ("capture", "", 1)
    assert (tmp_path / CAPTURE).stat().st_size < 250_000
    assert [call.state for call in read_calls(tmp_path / CAPTURE)] == ["failed", "refused"]


def test_an_agent_that_never_stops_calling_fills_no_disk(make_line: MakeLine, tmp_path: Path) -> None:
    line = make_line({"text": "x"}, capture_bytes=300_000, calls=1_000)

    async def main() -> LineReport:
        for number in range(300):
            await line.chat(body({"role": "user", "content": str(number) + "x" * 20_000}), "other")
        return await line.close()

    assert asyncio.run(main()).hit == "capture"
    assert (tmp_path / CAPTURE).stat().st_size < 350_000


def test_a_refusal_of_somebody_elses_call_ends_no_run(make_line: MakeLine) -> None:
    line = make_line(engine=Saying(failure=EngineFailure("refused", "HTTP 404")))

    async def main() -> LineReport:
        await line.chat(body(), "other")
        return await line.close()

    report = asyncio.run(main())
    assert (report.refusal, report.fault, line.over.is_set()) == (None, "", False)


def test_others_leave_turns_to_the_harness(make_line: MakeLine) -> None:
    line = make_line({"text": "x", "wait_s": 0.3}, {"text": "x"}, at_once=4, seconds=100)

    async def main() -> None:
        others = [asyncio.create_task(line.chat(body(), "other")) for _ in range(20)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(0.2):
            reply, _ = await ask(line, USER, {"role": "assistant", "content": "y"}, USER)
        assert reply.status == 200
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await line.close()

    asyncio.run(main())


def test_what_is_broken_off_still_counts(make_line: MakeLine, tmp_path: Path) -> None:
    """Else an agent could have any number of tokens by going away before the end."""
    line = make_line(
        engine=Saying(Piece(content="x" * 4_000), Piece(finish="stop", usage=TokenUsage(1, 1))), tokens=1_500
    )

    async def main() -> list[int]:
        statuses: list[int] = []
        for _ in range(4):
            reply = await line.chat(body(stream=True), "harness")
            statuses.append(reply.status)
            if reply.events is not None:
                await anext(reply.events)
                await reply.events.aclose()
        report = await line.close()
        assert (report.hit, report.prompt_tokens) == ("tokens", None)
        return statuses

    assert asyncio.run(main()) == [200, 200, 403, 403]


def test_ids_and_names_come_once_whatever_an_upstream_repeats(make_line: MakeLine) -> None:
    parts = [
        ToolCallPiece(0, "a", "read", ""),
        ToolCallPiece(0, "a", "read", '{"path":'),
        ToolCallPiece(0, "a", "read", '"x"}'),
        ToolCallPiece(5),
    ]
    line = make_line(engine=Saying(*(Piece(tool_calls=(part,)) for part in parts), Piece(finish="tool_calls")))

    async def main() -> list[dict[str, Any]]:
        reply = await line.chat(body(stream=True), "harness")
        assert reply.events is not None
        data = b"".join([events async for events in reply.events]).decode()
        chunks = [json.loads(event[6:]) for event in data.split("\n\n") if event.startswith("data: {")]
        await line.close()
        return [part for chunk in chunks for part in chunk["choices"][0]["delta"].get("tool_calls", [])]

    found = asyncio.run(main())
    assert [part.get("id") for part in found] == ["call1x0", None, None, "call1x5"]
    assert [part["function"].get("name") for part in found] == ["read", None, None, ""]


def test_usage_that_grows_with_each_part_is_counted_once() -> None:
    pieces = [Piece(content="x", usage=TokenUsage(10, n)) for n in range(1, 5)]
    upstream = Upstream(Saying(*pieces, Piece(finish="stop")), Price(Decimal(1), Decimal(1)), Rate(tokens=20))
    made = Pool("p", [upstream])

    async def main() -> float:
        async for _ in made.chat(ChatRequest((USER,)), nowhere):
            pass
        return upstream.wait_s(asyncio.get_running_loop().time())

    assert asyncio.run(main()) == 0


def test_an_answer_in_a_million_parts_takes_no_time(make_line: MakeLine) -> None:
    part = Piece(tool_calls=(ToolCallPiece(0, "", "", "abcdefgh"),))

    class Many(Saying):
        async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
            for _ in range(100_000):
                yield part
            yield Piece(finish="stop")

    line: Line = make_line(engine=Many())

    async def main() -> int:
        _, found = await ask(line)
        await line.close()
        return len(found["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])

    assert asyncio.run(main()) == 800_000


def test_every_line_of_a_capture_can_be_read_again(make_line: MakeLine, tmp_path: Path) -> None:
    """However large a parameter or an answer is, and in whatever letters."""
    line = make_line(engine=Saying(Piece(content="\U0001f600" * ((1 << 20) - 9), finish="stop")))

    async def main() -> None:
        big = "\u00e9" * (3 << 20)
        reply = await line.chat(
            json.dumps({"messages": [USER], "metadata": {"a": big}}, ensure_ascii=False).encode(), "other"
        )
        assert reply.status == 200
        other = json.dumps({"messages": [USER], "stop": ["\0" * 60_000] * 16}).encode()
        await line.chat(other, "other")
        await line.close()

    asyncio.run(main())
    calls = read_calls(tmp_path / CAPTURE)
    assert [call.state for call in calls] == ["answered", "answered"]
    assert calls[0].wished == {"metadata": {"bytes": (3 << 20) * 6 + 9}}


def test_an_answer_too_long_for_the_capture_is_broken(make_line: MakeLine) -> None:
    line = make_line(engine=Saying(Piece(content="x" * 700_000), Piece(content="x" * 700_000), Piece(finish="stop")))
    sampled = Sampled(tuple(range(1_500_000)), (1,), (-1.0,))

    async def main() -> LineReport:
        await ask(line)
        line._engine = Saying(Piece(content="x", finish="stop", sampled=sampled))  # pyright: ignore[reportPrivateUsage]
        await ask(line)
        return await line.close()

    assert "call 2 of the model failed: the answer is too long" in asyncio.run(main()).fault


def test_the_same_large_call_again_and_again_is_bounded(make_line: MakeLine, tmp_path: Path) -> None:
    """Each has its whole body for whoever reads the capture."""
    line = make_line({"text": "x"}, capture_bytes=4 << 20, tokens=1 << 40)

    async def main() -> LineReport:
        for _ in range(40):
            await line.chat(body({"role": "user", "content": "x" * (1 << 20)}), "other")
        return await line.close()

    assert asyncio.run(main()).hit == "capture"
    assert sum(len(call.body) for call in read_calls(tmp_path / CAPTURE)) < 9 << 20


def test_what_an_agent_says_goes_into_its_trajectory_whatever_it_is() -> None:
    noted: list[str] = []
    for depth in range(940, 1_000, 3):
        deep = '{"a":' + "[" * depth + "]" * depth + "}"
        function = {"name": "read", "arguments": deep}
        messages: list[Mapping[str, object]] = [{"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": function}]},
                    {"role": "tool", "tool_call_id": "a", "content": "x"}]  # fmt: skip
        assert note_conversations(lambda event, data: noted.append(json.dumps(data)), [((), messages)]) == 1
    assert noted
