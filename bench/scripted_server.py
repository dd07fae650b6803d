"""A model's server that says what a file lists, one step for each answer that a conversation holds, in a process of its own: the plainest that
black-box agents accept."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import web


def server(steps: list[dict[str, Any]]) -> web.Application:
    """Answers every call as a stream."""

    async def chat(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        number = sum(message["role"] == "assistant" for message in asked["messages"])
        step = steps[min(number, len(steps) - 1)]
        delta: dict[str, Any] = {"role": "assistant", "content": step.get("text", "")}
        if "tool" in step:
            function = {"name": step["tool"], "arguments": json.dumps(step["arguments"])}
            delta["tool_calls"] = [{"index": 0, "id": f"call{number}", "type": "function", "function": function}]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        finish = "tool_calls" if "tool" in step else "stop"
        await response.write(_event(delta, None) + _event({}, finish) + b"data: [DONE]\n\n")
        return response

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", chat)
    return app


def _event(delta: dict[str, Any], finish: str | None) -> bytes:
    usage = {"prompt_tokens": 1_000, "completion_tokens": 10, "total_tokens": 1_010} if finish else None
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "policy"}
    return b"data: " + json.dumps({**head, "choices": [choice], "usage": usage}).encode() + b"\n\n"


async def serve(script: Path) -> None:
    """Prints its port, and serves until its standard input ends."""
    runner = web.AppRunner(server(json.loads(script.read_text())), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
