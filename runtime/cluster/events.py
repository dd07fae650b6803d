"""`cluster.jsonl` of a run folder: which nodes came and went, for people. Nothing reads it to decide anything."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from clawc.runtime.cluster.player import Event
from clawc.runtime.store.run_folder import RUN

EVENTS = "cluster.jsonl"
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class EventFile:
    """The file in a run folder. Written once there is a run: one that is refused leaves nothing behind. A run does not end
    because it cannot be written. `begun` is what stands in the folder once there is one."""

    def __init__(self, folder: Path, begun: str = RUN) -> None:
        self._folder = folder
        self._begun = begun
        self._waiting: list[bytes] = []

    def add(self, event: Event) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "event": event.kind, "node": event.node, "detail": event.detail}
        self._waiting.append(json.dumps(line).encode() + b"\n")
        self.write()

    def write(self) -> None:
        """Write what waits, if there is a run by now."""
        if self._waiting and (self._folder / self._begun).is_file():
            with suppress(OSError), open(os.open(self._folder / EVENTS, _APPEND, 0o644), "ab") as file:
                file.write(b"".join(self._waiting))
            self._waiting.clear()
