"""What went through the gateway in one attempt, as it came: `capture.jsonl`, a line for each thing that happened, written before
anything is made of it.

A line is with the system before what it tells of goes on, so a kill loses nothing that anybody has seen; a torn last line is
what nobody has. The body of a call usually begins as the one before it did, so only what is new of it is written.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.store.journal import LINE_BYTES, lines, open_to_read

CAPTURE = "capture.jsonl"
CAPTURE_FORMAT_VERSION = 1
# Of more than this, the first part and the length are kept; coded, it fits into a line.
_DATA = 8 << 20
_TEXT = LINE_BYTES - (1 << 20)


class Capture:
    """The file of one attempt, which has `size` bytes. Raises OSError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(path, flags, 0o644)
        self._began = time.monotonic()
        self._last = b""
        self._closed = False
        self.size = 0
        self._known = 0
        self.add("opened", 0, {"format_version": CAPTURE_FORMAT_VERSION, "at": time.time()})

    def add(self, event: str, call: int, data: Mapping[str, object]) -> None:
        """One line about a call, 0 for none."""
        if self._closed:
            return
        head = {"event": event, "call": call, "t": round(time.monotonic() - self._began, 4)}
        line = json.dumps({**head, **data}, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        written = 0
        try:
            while written < len(line):
                written += os.write(self._fd, line[written:])
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self.size)  # half a line would spoil the next one
            raise
        self.size += written

    @property
    def weight(self) -> int:
        """What it takes to hold it: its bytes, and half of those that it has only by their likeness to others."""
        return self.size + self._known // 2

    def body(self, call: int, body: bytes) -> None:
        """The body of a call, before it is read."""
        same = common_start(self._last, body)
        self._known += same
        self._last = body
        self.add("asked", call, {"same": same, **coded(body[same:])})

    async def close(self) -> None:
        """Have it on the disk, and write no more. May be called twice."""
        if not self._closed:
            self._closed = True
            try:
                await in_thread(os.fdatasync, self._fd)
            finally:
                os.close(self._fd)


def common_start(one: bytes, other: bytes) -> int:
    """How many bytes both begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def coded(data: bytes) -> dict[str, object]:
    """Bytes as JSON holds them: as text where they are."""
    cut = {"bytes": len(data)} if len(data) > _DATA else {}
    data = data[:_DATA]
    with suppress(UnicodeDecodeError):
        text = data.decode("utf-8")
        if len(data) * 6 <= _TEXT or len(json.dumps(text)) <= _TEXT:
            return {"text": text, **cut}
    return {"base64": base64.b64encode(data).decode("ascii"), **cut}


def uncoded(line: Mapping[str, object]) -> bytes:
    """The bytes of a line; raises ValueError."""
    if isinstance(line.get("text"), str):
        return str(line["text"]).encode("utf-8", "surrogatepass")
    return base64.b64decode(str(line.get("base64", "")), validate=True)


@dataclass(frozen=True, slots=True)
class Happened:
    """One line: what, of which call, when in seconds since the start, and the rest."""

    event: str
    call: int
    t: float
    data: Mapping[str, object] = field(default_factory=dict[str, object])


def read_capture(path: Path) -> Iterator[Happened]:
    """The lines of a capture, with the bodies of calls whole in `data["body"]`; what a kill has torn at the end is left out. Raises
    RuntimeFault R0965 for a line that is none."""
    last = b""
    with open_to_read(path) as file:
        for line in lines(file, path):
            try:
                found = cast("dict[str, object]", json.loads(line.data))
                event, call, t = found["event"], found["call"], found["t"]
                if not isinstance(event, str) or not isinstance(call, int) or not isinstance(t, int | float):
                    raise ValueError("it is of another form")
                if event == "asked":
                    same = found["same"]
                    if not isinstance(same, int) or not 0 <= same <= len(last):
                        raise ValueError("it goes on from a body that is not there")
                    last = last[:same] + uncoded(found)
                    found["body"] = last
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise RuntimeFault("R0965", f"`{path}`:{line.number}: no line of a capture: {error}") from error
            yield Happened(event, call, float(t), found)
