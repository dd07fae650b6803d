"""A server of a model that misbehaves as it is told, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

GOOD = "good"


@dataclass
class Upstream:
    """What it does with the next calls, one after another, then `always`. `asked` are the bodies that came, `headers` theirs."""

    url: str = ""
    always: str = GOOD
    plan: deque[str] = field(default_factory=deque[str])
    asked: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    steps: list[dict[str, object]] = field(default_factory=lambda: [{"text": "hello"}])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        doing = self.plan.popleft() if self.plan else self.always
        number = sum(message["role"] == "assistant" for message in body["messages"])
        step = self.steps[min(number, len(self.steps) - 1)]
        return await answer(request, doing, step, bool(body.get("stream")))


async def answer(request: web.Request, doing: str, step: Mapping[str, object], stream: bool) -> web.StreamResponse:
    kind, _, rest = doing.partition(":")
    if kind == "status":
        headers = {"Retry-After": "0.01"} if rest == "429" else {}
        said = (
            "maximum context length is 100 tokens"
            if rest == "400"
            else f"boom for {request.headers.get('Authorization', '')}"
        )
        return web.json_response({"error": {"message": said, "code": int(rest)}}, status=int(rest), headers=headers)
    if kind == "stall":
        await asyncio.sleep(float(rest))
    if kind == "close":
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if kind == "body":
        return web.Response(body=rest.encode(), content_type="application/json")
    chunks = chunks_of(step)
    if kind == "no_finish":
        chunks = chunks[:-1]
    if not stream:
        return web.json_response(whole_of(step))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number, chunk in enumerate(chunks):
        if kind == "half" and number == len(chunks) // 2:
            assert request.transport is not None
            request.transport.abort()
            return response
        if kind == "pause" and number == 1:
            await asyncio.sleep(float(rest))
        if kind == "event" and number == 1:
            await response.write(f"data: {rest}\n\n".encode())
            continue
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    if kind != "no_finish":
        await response.write(b"data: [DONE]\n\n")
    return response


def message_of(step: Mapping[str, object]) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": step.get("text")}
    if "tool" in step:
        arguments = step.get("raw", json.dumps(step.get("arguments", {})))
        message["tool_calls"] = [
            {"id": "call_a_b", "type": "function", "function": {"name": step["tool"], "arguments": arguments}}
        ]
    return message


def whole_of(step: Mapping[str, object]) -> dict[str, object]:
    choice = {"index": 0, "message": message_of(step), "finish_reason": "tool_calls" if "tool" in step else "stop"}
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "real-model",
        "choices": [choice],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }


def chunks_of(step: Mapping[str, object]) -> list[dict[str, object]]:
    deltas: list[Mapping[str, object]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": letter} for letter in str(step.get("text", ""))]
    if "tool" in step:
        arguments = str(step.get("raw", json.dumps(step.get("arguments", {}))))
        deltas.append(
            {
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "call_a_b",
                        "type": "function",
                        "function": {"name": step["tool"], "arguments": ""},
                    }
                ]
            }
        )
        deltas += [
            {"tool_calls": [{"index": 0, "function": {"arguments": arguments[at : at + 5]}}]}
            for at in range(0, len(arguments), 5)
        ]
    made: list[dict[str, object]] = [
        {"id": "x", "model": "real-model", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    finish = "tool_calls" if "tool" in step else "stop"
    made.append({
        "id": "x", "model": "real-model", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    })  # fmt: skip
    return made


@asynccontextmanager
async def serving(always: str = GOOD, *plan: str) -> AsyncGenerator[Upstream]:
    """Serves on this machine's loopback interface."""
    upstream = Upstream(always=always, plan=deque(plan))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", upstream.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield upstream
    finally:
        await runner.cleanup()
