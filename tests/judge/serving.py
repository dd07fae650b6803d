"""A server of a model in a thread of its own, for commands that have an event loop themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tests.gateway.upstream import Upstream, serving


@contextmanager
def served(text: str, always: str = "good") -> Generator[Upstream]:
    """A server whose model says `text`, or fails as `always` says."""
    found: list[Upstream] = []
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(always) as upstream:
            upstream.steps = [{"text": text}]
            found.append(upstream)
            ready.set()
            while not done.is_set():
                await asyncio.sleep(0.005)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        done.set()
        thread.join()
