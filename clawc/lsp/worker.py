"""The process that reads sources for an editor: bounded in memory and time, without programs and connections, and killed at any moment.

On its pipes each message is JSON behind its length of four bytes. It is fed what is open, and answers one question after the other.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from typing import Any, BinaryIO

from clawc.compiler.pipeline import RECURSION
from clawc.lsp.desk import Desk, Refusal
from clawc.lsp.positions import UTF16
from clawc.runtime.sandbox.bounds import Bounds, confine, start_clock, stop_clock

WIDTH = 4  # bytes of a length
SILENT = frozenset(("put", "drop"))  # messages that are not answered
BOUNDS = Bounds(cpu_s=20.0, memory_bytes=1 << 30)


def main() -> None:
    """Answers until its input is closed."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed gets among the answers
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    desk = Desk(sys.argv[1] if len(sys.argv) > 1 else UTF16)
    gc.freeze()
    confine(BOUNDS)
    while (asked := read(source)) is not None:
        start_clock(BOUNDS)
        answer = _answer(desk, asked)
        stop_clock()
        if asked["method"] not in SILENT:
            write(sink, answer)


def _answer(desk: Desk, asked: Any) -> Any:
    try:
        result = desk.answer(asked["method"], asked["params"])
    except Refusal as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"failed": "out of memory"}
    except Exception:  # noqa: BLE001  # the server logs it, and the process goes on
        return {"failed": traceback.format_exc(limit=-8)}
    return {"result": result}


def read(source: BinaryIO) -> Any:
    """The next message; None at the end."""
    head = source.read(WIDTH)
    if len(head) < WIDTH:
        return None
    body = source.read(int.from_bytes(head, "big"))
    return json.loads(body)


def write(sink: BinaryIO, message: Any) -> None:
    """One message."""
    body = json.dumps(message).encode("ascii")
    sink.write(len(body).to_bytes(WIDTH, "big") + body)
    sink.flush()


if __name__ == "__main__":
    main()
