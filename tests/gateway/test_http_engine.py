"""Any way in which an upstream may fail is a failure of its kind, tried again where that helps; a key is seen by nobody."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import pytest

from clawc.runtime.engine.http import HttpEngine, Server
from clawc.runtime.engine.interface import ChatRequest, EngineFailure, Piece, Sampling, TokenUsage
from clawc.runtime.engine.pool import Patience, Pool, Price, Rate, Upstream
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.wire import Gathered
from tests.gateway.upstream import serving

KEY = "sk-test-41d3c7-secret"
HELLO = ({"role": "user", "content": "hello"},)


def server(url: str, **options: object) -> Server:
    return Server(url, "m", first_s=0.5, idle_s=0.3, **options)  # type: ignore[arg-type]


def nowhere(upstream: str, what: str, data: bytes) -> None:
    """Nobody keeps it."""


async def said(
    engine: HttpEngine | Pool, *, stream: bool = False, tapped: list[bytes] | None = None
) -> tuple[Gathered, list[Piece]]:
    gathered = Gathered()
    pieces: list[Piece] = []
    await engine.open()
    try:
        request = ChatRequest(HELLO, sampling=Sampling(max_tokens=9, temperature=0.5), stream=stream)
        async for piece in engine.chat(
            request, lambda upstream, what, data: tapped.append(data) if tapped is not None else None
        ):
            gathered.add(piece)
            pieces.append(piece)
    finally:
        await engine.close()
    return gathered, pieces


async def fails(doing: str, *, stream: bool) -> EngineFailure:
    async with serving(doing) as upstream:
        with pytest.raises(EngineFailure) as failure:
            await said(HttpEngine(server(upstream.url)), stream=stream)
    return failure.value


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer(stream: bool) -> None:
    async def main() -> None:
        async with serving() as upstream:
            upstream.steps = [{"tool": "read", "arguments": {"path": "a"}, "text": "see"}]
            gathered, pieces = await said(HttpEngine(server(upstream.url)), stream=stream)
        message = gathered.message()
        assert message["content"] == "see"
        assert '"path": "a"' in str(message["tool_calls"])
        assert [piece.finish for piece in pieces if piece.finish] == ["tool_calls"]
        assert [piece.usage for piece in pieces if piece.usage] == [TokenUsage(10, 5)]
        assert {piece.model for piece in pieces} - {""} == {"real-model"}
        assert upstream.asked[0]["model"] == "m"
        assert upstream.asked[0]["max_tokens"] == 9
        assert upstream.asked[0].get("stream_options") == ({"include_usage": True} if stream else None)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("doing", "stream", "kind"),
    [
        *((f"status:{status}", stream, kind) for stream in (False, True) for status, kind in (
            (500, "unavailable"), (503, "unavailable"), (429, "unavailable"), (408, "unavailable"), (401, "refused"), (403, "refused"),
            (404, "refused"), (302, "refused"), (400, "context"), (422, "rejected"))),
        *((doing, stream, "broken") for stream in (False, True) for doing in (
            'body:{"error": {"message": "overloaded"}}', "body:upstream error: 500", "body:<html>bad gateway</html>", "body:[]", "body:",
            'body:{"choices": []}', 'body:{"choices": [{"message": {"content": "x"}}]}', 'body:{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}',
            'body:{"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]}', 'body:{"choices": 5}',
            'body:{"choices": [{"message": null, "finish_reason": "stop"}]}')),
        ('body:{"error": "This model\'s maximum context length is 8 tokens"}', False, "context"),
        ("half", True, "broken"), ("no_finish", True, "broken"), ('event:{"error": {"message": "late"}}', True, "broken"),
        ("event:{bad json", True, "broken"), ("event:[1]", True, "broken"), ('event:{"choices": [{"delta": {"tool_calls": [{"index": -1}]}}]}', True, "broken"),
        ("stall:9", False, "unavailable"), ("pause:9", True, "unavailable"), ("close", False, "unavailable"), ("close", True, "unavailable"),
    ],
)  # fmt: skip
def test_ways_to_fail(doing: str, stream: bool, kind: str) -> None:
    assert asyncio.run(fails(doing, stream=stream)).kind == kind


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(EngineFailure) as failure:
        asyncio.run(said(HttpEngine(server("http://127.0.0.1:1/v1"))))
    assert failure.value.kind == "unavailable"


def test_a_key_goes_to_the_upstream_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)

    async def main() -> None:
        for doing in ("status:500", f"body:no {KEY} here", f'event:{{"error": "{KEY}"}}'):
            tapped: list[bytes] = []
            async with serving(doing) as upstream:
                with pytest.raises(EngineFailure) as failure:
                    await said(
                        HttpEngine(server(upstream.url, key_env="TEST_KEY")),
                        stream=doing.startswith("event"),
                        tapped=tapped,
                    )
            assert upstream.headers[0]["Authorization"] == f"Bearer {KEY}"
            assert KEY not in failure.value.message
            assert KEY.encode() not in b"".join(tapped)

    asyncio.run(main())


def test_a_missing_key_is_said_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY", raising=False)
    with pytest.raises(RuntimeFault, match="R0961") as fault:
        asyncio.run(said(HttpEngine(server("http://127.0.0.1:1/v1", key_env="TEST_KEY"))))
    assert "TEST_KEY" in str(fault.value)


def pool(url: str, *more: str, tries: int = 4, **options: object) -> Pool:
    upstreams = [Upstream(HttpEngine(server(each)), **options) for each in (url, *more)]  # type: ignore[arg-type]
    return Pool("p", upstreams, Patience(tries, first_s=0.001, most_s=0.01))


@pytest.mark.parametrize("stream", [False, True])
def test_what_passes_is_tried_again(stream: bool) -> None:
    async def main() -> None:
        async with serving("good", "status:500", "status:429", 'body:{"error": "x"}') as upstream:
            gathered, _ = await said(pool(upstream.url), stream=stream)
            assert gathered.message()["content"] == "hello"
            assert len(upstream.asked) == 4

    asyncio.run(main())


@pytest.mark.parametrize(
    ("doing", "asked"), [("status:500", 4), ("status:401", 1), ("status:400", 1), ("status:422", 1)]
)
def test_what_does_not_pass_is_not(doing: str, asked: int) -> None:
    async def main() -> None:
        async with serving(doing) as upstream:
            with pytest.raises(EngineFailure):
                await said(pool(upstream.url))
            assert len(upstream.asked) == asked

    asyncio.run(main())


def test_half_an_answer_is_never_followed_by_another() -> None:
    """What a harness has seen is not said again."""

    async def main() -> None:
        async with serving("half") as upstream:
            with pytest.raises(EngineFailure):
                await said(pool(upstream.url), stream=True)
            assert len(upstream.asked) == 1

    asyncio.run(main())


def test_another_upstream_takes_over() -> None:
    async def main() -> None:
        async with serving("status:500") as bad, serving() as good:
            made = pool(bad.url, good.url, tries=5)
            gathered, _ = await said(made)
            assert gathered.message()["content"] == "hello"
            assert len(bad.asked) == 3  # then it rests
            assert len(good.asked) == 1

    asyncio.run(main())


def test_prices() -> None:
    async def main() -> None:
        async with serving() as upstream:
            made = pool(upstream.url, price=Price(Decimal(2), Decimal(10), Decimal(1)))
            assert made.priced
            _, pieces = await said(made)
        assert [piece.usage.cost for piece in pieces if piece.usage] == [Decimal("0.00007")]

    asyncio.run(main())
    assert Price(Decimal(2), Decimal(10), Decimal(1)).of(TokenUsage(1_000_000, 0, 500_000)) == Decimal("1.5")


def test_rates_hold() -> None:
    """The third call waits for the minute in which the first was made; what is on its way at once is bounded, too."""
    upstream = Upstream(HttpEngine(server("http://127.0.0.1:1/v1")), rate=Rate(calls=2, tokens=100, at_once=2))
    upstream.begin(0.0)
    assert upstream.wait_s(1.0) == 0
    upstream.begin(1.0)
    assert upstream.wait_s(2.0) == float("inf")
    upstream.busy = 0
    assert upstream.wait_s(2.0) == 58
    upstream.used(2.0, TokenUsage(90, 20))
    assert upstream.wait_s(60.5) == pytest.approx(1.5)
    assert upstream.wait_s(62.0) == 0
    upstream.failed(62.0, EngineFailure("unavailable", "", retry_after_s=9))
    assert upstream.wait_s(62.0) == 9


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_than_so_many_at_once(at_once: int) -> None:
    async def main() -> None:
        async with serving("stall:0.05") as upstream:
            made = pool(upstream.url, rate=Rate(at_once=at_once))
            await made.open()

            async def one() -> None:
                async for _ in made.chat(ChatRequest(HELLO), nowhere):
                    pass

            began = time.monotonic()
            await asyncio.gather(*(one() for _ in range(6)))
            await made.close()
            assert time.monotonic() - began >= 0.05 * 6 / at_once  # a lower bound: fewer at once cannot be faster

    asyncio.run(main())
