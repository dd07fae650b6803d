"""A model's server for benchmarks, in a process of its own: it answers any call as a stream of so many parts over so much time."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiohttp import web


def server(first_s: float, whole_s: float, parts: int) -> web.Application:
    """`first_s` until the first part, `whole_s` until the last."""
    gap = (whole_s - first_s) / max(1, parts - 1)

    async def chat(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(parts):
            await asyncio.sleep(max(0.0, began + first_s + gap * number - time.perf_counter()))
            await response.write(_event({"content": "word "}, None))
        usage = {"prompt_tokens": 7_000, "completion_tokens": parts}
        await response.write(_event({}, "stop", usage) + b"data: [DONE]\n\n")
        return response

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", chat)
    return app


def _event(delta: dict[str, str], finish: str | None, usage: dict[str, int] | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }
    return b"data: " + json.dumps(event).encode() + b"\n\n"


async def serve(first_s: float, whole_s: float, parts: int) -> None:
    """Prints its port, and serves until its standard input ends."""
    runner = web.AppRunner(server(first_s, whole_s, parts), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
