"""The process in which texts are compiled, checked and proved: it loads the compiler once, and forks a child for each job.

A child has bounds of processor time, memory and wall time, may start no program and open no connection, and can be killed at
any moment. On the socket each message is JSON behind its length; a job is answered by any number of messages and one `end`.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from clawc.runtime.sandbox.bounds import Bounds, confine, start_clock, stop_clock

WIDTH = 4  # bytes of a length
_NO_MEMORY = 3  # exit code of a child
_TICK_S = 0.25
_WARM = """claw 1
task warm {
  title = "Count"
  workspace { file rows "in/rows.csv" { content = "a,b\\n1,2\\n3,4\\n" } }
  let total = csv(rows) | sort -b
  deliver report "out/total.csv" { columns = columns(total) }
  instruction = "Sort {{ path.rows }} by b, highest first, into {{ path.report }}."
  verify { check right { because = "highest first" expect rows(report) == total } require kept { expect unchanged(workspace) } }
}
"""


class Kind(NamedTuple):
    """How jobs of one kind are done: the module and the function in it, its bounds, and seconds of wall time."""

    module: str
    function: str
    bounds: Bounds
    wall_s: float


KINDS: Mapping[str, Kind] = {
    "check": Kind("clawc.runtime.playground.compiled", "answered", Bounds(cpu_s=4.0, memory_bytes=512 << 20), 12.0),
    "format": Kind("clawc.runtime.playground.compiled", "formatted_text", Bounds(cpu_s=4.0, memory_bytes=512 << 20), 12.0),
    "prove": Kind("clawc.runtime.playground.proving", "proved", Bounds(cpu_s=60.0, memory_bytes=1 << 30), 120.0),
}  # fmt: skip


@dataclass(slots=True)
class _Running:
    """A child with its end of a pipe, and when it is too late for it."""

    pid: int
    pipe: int
    until: float


class Loop:
    """Starts and ends children as the socket says, and passes on what they say, until the socket is closed."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._running: dict[int, _Running] = {}

    def run(self) -> None:
        """Ends with the server."""
        try:
            while True:
                pipes = {running.pipe: job for job, running in self._running.items()}
                tells = self._server.fileno()
                ready, _, _ = select.select([tells, *pipes], [], [], _TICK_S if pipes else None)
                for pipe in ready:
                    if pipe != tells:
                        self._hear(pipes[pipe])
                if tells in ready and not self._told():
                    return
                late = time.monotonic()
                for job in [job for job, running in self._running.items() if running.until < late]:
                    self._end(job, "time")
        except ConnectionError:
            return
        finally:
            for job in list(self._running):
                self._kill(job)

    def _told(self) -> bool:
        """Does what the server says; false when it says no more."""
        message = received(self._server)
        if message is None:
            return False
        job = int(message["job"])
        if message["op"] == "stop":
            if job in self._running:
                self._end(job, "stopped")
        else:
            self._start(job, message)
        return True

    def _start(self, job: int, message: Mapping[str, Any]) -> None:
        kind = KINDS[message["kind"]]
        ours, its = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            for other in self._running.values():
                os.close(other.pipe)
            self._server.close()
            _serve(kind, message, its)
        os.close(its)
        self._running[job] = _Running(pid, ours, time.monotonic() + kind.wall_s)

    def _hear(self, job: int) -> None:
        """Passes on one message of a child, or that it has ended."""
        running = self._running[job]
        data = _whole(lambda n: os.read(running.pipe, n))
        if data is not None:
            self._say({"job": job}, data)
            return
        status = self._gone(job)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        ends = {0: "done", _NO_MEMORY: "memory"}
        why = "time" if number == signal.SIGPROF else ends.get(os.waitstatus_to_exitcode(status), "death")
        self._say({"job": job, "end": why}, b"null")

    def _end(self, job: int, why: str) -> None:
        self._kill(job)
        self._say({"job": job, "end": why}, b"null")

    def _kill(self, job: int) -> None:
        os.kill(self._running[job].pid, signal.SIGKILL)
        self._gone(job)

    def _gone(self, job: int) -> int:
        """Its status, as `waitpid` gives it."""
        running = self._running.pop(job)
        os.close(running.pipe)
        return os.waitpid(running.pid, 0)[1]

    def _say(self, head: Mapping[str, Any], data: bytes) -> None:
        send(self._server, json.dumps(head).encode()[:-1] + b', "says": ' + data + b"}")


def _serve(kind: Kind, message: Mapping[str, Any], pipe: int) -> NoReturn:
    """The child: one job."""
    code = 1
    try:
        gc.disable()
        function: Callable[[Mapping[str, Any]], Iterator[object]] = getattr(import_module(kind.module), kind.function)
        confine(kind.bounds)
        start_clock(kind.bounds)
        for said in function(message):
            data = json.dumps(said).encode()
            whole = memoryview(len(data).to_bytes(WIDTH, "big") + data)
            while whole:
                whole = whole[os.write(pipe, whole) :]
        stop_clock()
        code = 0
    except MemoryError:
        code = _NO_MEMORY
    except BrokenPipeError:
        pass
    except Exception:  # noqa: BLE001 - the edge of the process: what was not foreseen is for the terminal
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def received(sock: socket.socket) -> dict[str, Any] | None:
    """The next message; None where the other side is gone."""
    data = _whole(sock.recv)
    return None if data is None else json.loads(data)


def send(sock: socket.socket, data: bytes) -> None:
    """One message. Raises ConnectionError where the other side is gone."""
    sock.sendall(len(data).to_bytes(WIDTH, "big") + data)


def _whole(read: Callable[[int], bytes]) -> bytes | None:
    head = _exactly(read, WIDTH)
    return None if head is None else _exactly(read, int.from_bytes(head, "big"))


def _exactly(read: Callable[[int], bytes], length: int) -> bytes | None:
    found = bytearray()
    while len(found) < length:
        part = read(length - len(found))
        if not part:
            return None
        found += part
    return bytes(found)


def main() -> None:
    """`python -m clawc.runtime.playground.child FD`."""
    from clawc.compiler.emit.shake import library
    from clawc.runtime.playground.compiled import answered

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server says when to stop
    for kind in KINDS.values():
        import_module(kind.module)
    library()
    for _ in answered({"text": _WARM, "path": "warm.claw", "root": ""}):
        pass  # what the emitter looks up once is known to all children
    with socket.socket(fileno=int(sys.argv[1])) as server:
        send(server, b'{"ready": true}')
        gc.collect()
        gc.freeze()
        Loop(server).run()


if __name__ == "__main__":
    main()
