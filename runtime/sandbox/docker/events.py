"""What the engine tells of our containers, as it happens: that one ran out of memory, was killed by somebody, ended, or is removed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, cast


class Event(NamedTuple):
    """`action` is one of the engine's words: create, start, oom, pause, kill, die, destroy."""

    container: str
    action: str


class Events:
    """Listens in a thread of its own, from when it was made; `told` and `ended` are called in the event loop."""

    def __init__(
        self,
        client: Any,
        loop: asyncio.AbstractEventLoop,
        label: str,
        told: Callable[[Event], None],
        ended: Callable[[], None],
    ) -> None:
        self.ended = False
        self._loop = loop
        self._told = told
        self._at_end = ended
        self._stream: Any = client.events(decode=True, filters={"type": "container", "label": label})
        self._thread = threading.Thread(target=self._listen, name="docker-events", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for document in self._stream:
                event = _event(document)
                if event is not None:
                    self._loop.call_soon_threadsafe(self._told, event)
        except Exception:  # noqa: BLE001 - however a stream ends, it has ended
            pass
        self.ended = True
        with suppress(RuntimeError):  # the loop has ended before
            self._loop.call_soon_threadsafe(self._at_end)

    def close(self) -> None:
        with suppress(Exception):
            self._stream.close()


def _event(document: dict[str, Any]) -> Event | None:
    actor: Any = document.get("Actor")
    action: Any = document.get("Action")
    if not isinstance(actor, dict) or not isinstance(action, str):
        return None
    return Event(str(cast("dict[str, Any]", actor).get("ID", "")), action.partition(":")[0])
