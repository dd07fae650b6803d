"""The line of an attempt: caps, pins, whose fault a failure is, and what the capture holds of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.engine.interface import ChatRequest, EngineFailure, Piece, Sampled, Sampling, Tap, TokenUsage
from clawc.runtime.engine.untyped import listing, mapping
from clawc.runtime.gateway.budget import LEDGER, Budget
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.line import Line, LineReport, Reply, Rules
from clawc.runtime.sandbox.interface import Peer
from tests.gateway.conftest import MakeLine, scripted

Json = dict[str, Any]
USER: Json = {"role": "user", "content": "do it"}


def body(*messages: Json, **fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": messages or (USER,), **fields}).encode()


def nowhere(upstream: str, what: str, data: bytes) -> None:
    """Nobody keeps it."""


async def ask(line: Line, *messages: Json, **fields: object) -> tuple[Reply, Json]:
    reply = await line.chat(body(*messages, **fields), "harness")
    if reply.status == 200:
        line.delivered(reply.number)
    found: Json = json.loads(reply.body)
    return reply, found


def message_of(found: Json) -> Json:
    message: Json = found["choices"][0]["message"]
    return message


def played(line: Line, *bodies: tuple[Json, ...]) -> tuple[list[int], LineReport]:
    """The statuses of these calls, and what became of the line."""

    async def main() -> tuple[list[int], LineReport]:
        statuses = [(await ask(line, *messages))[0].status for messages in bodies]
        return statuses, await line.close()

    return asyncio.run(main())


def test_calls_are_captured_counted_and_placed(make_line: MakeLine, tmp_path: Path) -> None:
    line = make_line({"tool": "read", "arguments": {"path": "a"}}, {"text": "done"})

    async def main() -> LineReport:
        _, first = await ask(line, temperature=0.3)
        again = (USER, message_of(first), {"role": "tool", "tool_call_id": "x", "content": "data"})
        _, second = await ask(line, *again)
        assert message_of(second)["content"] == "done"
        return await line.close()

    report = asyncio.run(main())
    assert (report.calls, report.fault, report.hit, report.side_calls) == (2, "", "", 0)
    first, second = read_calls(tmp_path / CAPTURE)
    assert (first.parent, second.parent, first.kind, second.kind) == (0, 1, "train", "train")
    assert (first.state, first.delivered, first.finish) == ("answered", True, "tool_calls")
    assert first.body == body(temperature=0.3)
    assert second.asked().messages[1]["tool_calls"] == first.message["tool_calls"]
    assert first.effective["temperature"] == 0.3
    ids = [str(mapping(call)["id"]) for call in listing(first.message["tool_calls"])]
    assert ids and all(id.isalnum() for id in ids)


def test_what_is_pinned_holds_whatever_a_call_says(make_line: MakeLine, tmp_path: Path) -> None:
    seen: list[ChatRequest] = []

    class Listening:
        name = "listening"

        async def open(self) -> None: ...

        async def close(self) -> None: ...

        async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
            seen.append(request)
            yield Piece(content="x", finish="stop", usage=TokenUsage(1, 1))

    rules = Rules(pinned=Sampling(temperature=1.0, top_p=1.0, top_k=0, seed=7), max_tokens=100)
    line = make_line(engine=Listening(), rules=rules)
    asyncio.run(ask(line, temperature=0.0, top_p=0.1, seed=1, max_tokens=5_000, model="gpt-expensive"))
    asyncio.run(ask(line))
    drawn = seen[0].sampling
    assert drawn == Sampling(max_tokens=100, temperature=1.0, top_p=1.0, top_k=0, seed=drawn.seed)
    assert drawn.seed not in (None, 1, 7)
    assert drawn.seed != seen[1].sampling.seed
    call = read_calls(tmp_path / CAPTURE)[0]
    assert call.wished["model"] == "gpt-expensive"
    assert call.wished["temperature"] == 0.0
    assert call.effective["temperature"] == 1.0


def test_a_call_goes_on_from_the_tokens_of_the_last(make_line: MakeLine) -> None:
    seen: list[ChatRequest] = []

    class Exact:
        name = "exact"

        async def open(self) -> None: ...

        async def close(self) -> None: ...

        async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
            seen.append(request)
            number = len(seen)
            sampled = Sampled((1, 2, number), (3, 4), (-0.1, -0.2))
            yield Piece(content=f"x{number}", finish="stop", usage=TokenUsage(3, 2), sampled=sampled)

    line = make_line(engine=Exact())

    async def main() -> None:
        _, first = await ask(line)
        await ask(line, USER, message_of(first), USER)
        await ask(line, {"role": "user", "content": "something else"})

    asyncio.run(main())
    assert seen[0].continued is None
    assert seen[2].continued is None
    continued = seen[1].continued
    assert continued is not None
    assert (continued.messages, continued.prompt_ids, continued.output_ids) == (2, (1, 2, 1), (3, 4))


def test_the_cap_of_calls_ends_the_attempt(make_line: MakeLine) -> None:
    line = make_line({"text": "x"}, calls=2)
    statuses, report = played(line, (USER,), (USER, USER), (USER, USER, USER))
    assert statuses == [200, 200, 403]
    assert line.over.is_set()
    assert (report.hit, report.fault) == ("calls", "")
    assert "limit of calls" in line.why
    assert [(use.used, use.hit) for use in report.limits if use.name == "calls"] == [(2, True)]


def test_the_cap_of_tokens_ends_the_attempt(make_line: MakeLine) -> None:
    line = make_line({"text": "x" * 400}, tokens=100)
    statuses, report = played(line, (USER,), (USER, USER))
    assert (statuses, report.hit) == ([200, 403], "tokens")


def test_saying_the_same_again_and_again_ends_the_attempt(make_line: MakeLine) -> None:
    """A harness that never stops asking gets no endless answers."""
    line = make_line({"tool": "exec", "arguments": {"command": "ls"}}, repeats=3)

    async def main() -> LineReport:
        messages: list[Json] = [USER]
        while not line.over.is_set():
            _, found = await ask(line, *messages)
            messages += [message_of(found), {"role": "tool", "tool_call_id": "x", "content": "a.txt"}]
        assert len(messages) == 7
        return await line.close()

    assert asyncio.run(main()).hit == "repetition"


def test_the_time_of_the_model_has_a_cap(make_line: MakeLine) -> None:
    line = make_line({"text": "x", "wait_s": 5}, seconds=0.05)
    statuses, report = played(line, (USER,), (USER,))
    assert statuses == [503, 403]
    assert (report.hit, report.fault) == ("model time", "")


@pytest.mark.parametrize("kind", ["unavailable", "broken"])
def test_an_engine_that_fails_is_the_infrastructures_fault(make_line: MakeLine, tmp_path: Path, kind: str) -> None:
    line = make_line({"text": "x"}, {"fail": kind})
    statuses, report = played(line, (USER,), (USER, {"role": "assistant", "content": "x"}, USER))
    assert statuses[0] == 200
    assert statuses[1] in (502, 503)
    assert "call 2 of the model failed" in report.fault
    assert [call.state for call in read_calls(tmp_path / CAPTURE)] == ["answered", "failed"]


def test_a_failure_that_a_harness_gets_over_is_none(make_line: MakeLine) -> None:
    line = make_line({"fail": "unavailable", "times": 1, "text": "x"})
    statuses, report = played(line, (USER,), (USER,))
    assert (statuses, report.fault) == ([503, 200], "")


def test_a_failure_of_a_call_beside_is_nobodys(make_line: MakeLine) -> None:
    """An agent gains nothing by asking what an engine fails at."""
    line = make_line({"text": "x"}, {"fail": "broken"})

    async def main() -> LineReport:
        await ask(line)
        reply = await line.chat(body(USER, {"role": "assistant", "content": "y"}, USER), "other")
        assert reply.status == 502
        return await line.close()

    report = asyncio.run(main())
    assert (report.fault, report.side_calls) == ("", 1)


def test_a_conversation_that_is_too_long_is_the_agents_end(make_line: MakeLine) -> None:
    statuses, report = played(make_line({"fail": "context"}), (USER,))
    assert (statuses, report.fault, report.hit) == ([400], "", "context")


def test_a_call_that_the_engine_does_not_take_is_nobodys_fault(make_line: MakeLine) -> None:
    statuses, report = played(make_line({"fail": "rejected"}), (USER,))
    assert (statuses, report.fault, report.refusal) == ([400], "", None)


def test_an_engine_that_refuses_every_call_stops_the_run(make_line: MakeLine) -> None:
    line = make_line({"fail": "refused"})
    statuses, report = played(line, (USER,), (USER,))
    assert statuses == [502, 403]
    assert report.refusal is not None
    assert line.over.is_set()


def test_bad_calls_count_and_have_bodies_in_the_capture(make_line: MakeLine, tmp_path: Path) -> None:
    line = make_line({"text": "x"}, calls=3)

    async def main() -> list[int]:
        return [(await line.chat(data, "inside")).status for data in (b"{", b"\xff\x00", body(n=3), body())]

    assert asyncio.run(main()) == [400, 400, 400, 403]
    assert [call.body for call in read_calls(tmp_path / CAPTURE)][:2] == [b"{", b"\xff\x00"]


def test_a_stream_is_whole_in_the_capture_before_its_end_goes_out(make_line: MakeLine, tmp_path: Path) -> None:
    line = make_line({"text": "a long enough answer to have parts"})

    async def main() -> None:
        reply = await line.chat(body(stream=True), "inside")
        assert reply.events is not None
        async for events in reply.events:
            if b"[DONE]" in events:
                assert read_calls(tmp_path / CAPTURE)[0].state == "answered"
        assert read_calls(tmp_path / CAPTURE)[0].delivered

    asyncio.run(main())


def test_a_stream_that_nobody_reads_on_is_dropped(make_line: MakeLine, tmp_path: Path) -> None:
    line = make_line({"text": "a long enough answer to have parts"})

    async def main() -> None:
        reply = await line.chat(body(stream=True), "inside")
        assert reply.events is not None
        await anext(reply.events)
        await reply.events.aclose()

    asyncio.run(main())
    call = read_calls(tmp_path / CAPTURE)[0]
    assert (call.state, call.delivered, call.kind) == ("dropped", False, "side")


def test_a_stream_that_the_engine_cuts_breaks_off(make_line: MakeLine, tmp_path: Path) -> None:
    line = make_line({"text": "a long enough answer to have parts", "fail": "cut"})

    async def main() -> LineReport:
        reply = await line.chat(body(stream=True), "harness")
        assert reply.events is not None
        got = b""
        with pytest.raises(EngineFailure):
            async for events in reply.events:
                got += events
        assert b"a long" in got
        assert b'finish_reason":"stop' not in got
        return await line.close()

    assert "cut" in asyncio.run(main()).fault
    assert read_calls(tmp_path / CAPTURE)[0].state == "failed"


def test_a_full_disk_is_not_the_agents_fault(make_line: MakeLine) -> None:
    line = make_line({"text": "x"})
    os.close(line._capture._fd)  # pyright: ignore[reportPrivateUsage]
    reply = asyncio.run(line.chat(body(), "harness"))
    assert reply.status == 500
    assert line.over.is_set()
    assert "capture cannot be written" in line.why
    line._capture._closed = True  # pyright: ignore[reportPrivateUsage]


def test_who_calls_follows_from_when_its_process_began(make_line: MakeLine) -> None:
    line = make_line({"text": "x"})
    late, early = 1 << 60, 1
    assert line.callers.who(None) == "inside"
    assert (
        line.callers.who(Peer(late, (5,))) == "harness"
    )  # before the model has said anything, nothing can be its doing
    assert line.callers.who(None) == "other"  # where one could be found, who cannot be hides
    asyncio.run(ask(line))
    assert line.callers.who(Peer(early, (5,))) == "harness"
    assert line.callers.who(Peer(late, (5,))) == "other"
    line.callers.turn(7)
    assert line.callers.who(Peer(late, (9, 7))) == "harness"  # what the runner has started for a further turn
    assert line.callers.who(Peer(late, (9, 5))) == "other"
    asyncio.run(ask(line, USER, USER))
    assert line.callers.who(Peer(late, (9, 7))) == "other"


def test_a_budget_holds_over_starts(tmp_path: Path) -> None:
    def start() -> Budget:
        budget = Budget(Decimal("0.5"), tmp_path / LEDGER)
        budget.open()
        return budget

    first = start()
    first.require()
    first.spend(TokenUsage(1, 1, cost=Decimal("0.2")))
    first.close()
    with open(tmp_path / LEDGER, "ab") as file:
        file.write(b'{"cost": "0.')  # torn by a kill
    second = start()
    assert second.spent == Decimal("0.2")
    second.spend(TokenUsage(1, 1, cost=Decimal("0.3")))
    second.close()
    third = start()
    assert third.spent == Decimal("0.5")
    with pytest.raises(EngineFailure) as failure:
        third.require()
    assert failure.value.kind == "budget"


def test_scripted_steps_follow_the_conversation(tmp_path: Path) -> None:
    engine = scripted(
        tmp_path, {"text": "one"}, {"tool": "a", "raw": "{bad"}, {"calls": [{"tool": "b"}, {"tool": "c"}]}
    )

    async def said(answers: int) -> list[Piece]:
        messages = tuple(USER if n % 2 == 0 else {"role": "assistant", "content": "x"} for n in range(answers * 2 + 1))
        return [piece async for piece in engine.chat(ChatRequest(messages), nowhere)]

    assert asyncio.run(said(0))[0].content == "one"
    assert [p.tool_calls[0].arguments for p in asyncio.run(said(1)) if p.tool_calls][-1] == "{bad"
    assert {p.tool_calls[0].name for p in asyncio.run(said(2)) if p.tool_calls} == {"b", "c", ""}
    assert asyncio.run(said(9))[-1].finish == "tool_calls"
