"""A gateway for benchmarks, in a process of its own: open episodes over a model's server, each captured into a folder."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from clawc.runtime.engine.http import HttpEngine, Server
from clawc.runtime.engine.pool import Pool, Upstream
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.server import TokenServer


async def serve(url: str, folder: Path, episodes: int) -> None:
    """Prints the addresses of the episodes, and serves until its standard input ends."""
    caps = Caps(calls=1 << 30, tokens=1 << 60, seconds=1e9, repeats=1 << 30)
    gateway = Gateway(Pool("bench", [Upstream(HttpEngine(Server(url, "m")))]), caps=caps)
    await gateway.open()
    tokens = TokenServer()
    await tokens.open()
    async with AsyncExitStack() as lines:
        urls: list[str] = []
        for number in range(episodes):
            at = folder / str(number)
            at.mkdir()
            urls.append(tokens.url(tokens.admit(await lines.enter_async_context(gateway.line(str(number), at)))))
        print(json.dumps(urls), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await tokens.close()
    await gateway.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
