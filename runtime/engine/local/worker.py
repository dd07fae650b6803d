"""The process of a model: answers what comes on its socket until that ends, and never outlives the process that started it.

`python -I -m ... FD PARENT`, where FD is the socket and PARENT the process that must be there. An error of the library ends
the process: what is known of its state then is nothing. Who reads stderr learns why.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
import threading
import traceback
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from clawc.runtime.engine.interface import Constraint, Object
from clawc.runtime.engine.local.shapes import as_list, as_object
from clawc.runtime.engine.local.wire import LONGEST, Setup, decode, encode

if TYPE_CHECKING:
    from clawc.runtime.engine.local.batches import Batches, Output

_PR_SET_PDEATHSIG = 1
_BROKEN = 70


def main() -> None:
    _die_with(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    sys.excepthook = _end
    threading.excepthook = lambda raised: _end(raised.exc_type, raised.exc_value, raised.exc_traceback)
    connection = socket.socket(fileno=int(sys.argv[1]))
    with connection, connection.makefile("rb") as lines:
        first = lines.readline(LONGEST)
        if first:
            worker = _Worker(connection, _setup(decode(first)))
            while line := lines.readline(LONGEST):
                worker.take(decode(line))
    os._exit(0)  # threads of the library may be at work


class _Worker:
    def __init__(self, connection: socket.socket, setup: Setup) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._given: set[str] = set()  # requests that are answered
        self._begin(setup)

    def take(self, message: Object) -> None:
        match message.get("op"):
            case "generate":
                name, prompt = str(message["id"]), [int(str(number)) for number in as_list(message["prompt"])]
                self._given.add(name)
                most, seed = int(str(message["max_tokens"])), int(str(message["seed"]))
                held = _constraint(as_object(message.get("constraint")))
                self._batches.add(name, prompt, most, float(str(message["temperature"])), seed, held)
            case "cancel":
                name = str(message["id"])
                self._given.discard(name)
                self._batches.cancel(name)
            case "load":
                import torch

                # What is kept computed goes with the batches that filled it.
                self._batches.stop()
                self._pump.join()
                setup = replace(self._setup, model=str(message["model"]), adapter=str(message["adapter"]))
                del self._batches
                gc.collect()  # the weights of before go before other ones come
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                self._begin(setup)
            case other:
                raise ValueError(f"nothing is known of {other!r}")

    def _begin(self, setup: Setup) -> None:
        # Only here, after the parent is known to be there: this takes seconds.
        import torch
        from transformers import __version__ as version

        from clawc.runtime.engine.local.batches import Batches

        torch.set_num_threads(setup.threads)
        self._setup = setup
        self._batches = Batches(setup)
        self._pump = threading.Thread(target=self._send_outputs, args=(self._batches,), daemon=True)
        self._pump.start()
        about = {"device": self._batches.device, "dtype": self._batches.dtype, "steps": self._batches.steps}
        self._send(encode(op="ready", torch=torch.__version__, transformers=version, **about))

    def _send_outputs(self, batches: Batches) -> None:
        for outputs in batches.outputs():
            self._send(b"".join(map(self._line, outputs)))

    def _line(self, output: Output) -> bytes:
        name = output.name
        if name not in self._given:  # cancelled
            return b""
        if output.finish or output.error:
            self._given.discard(name)
        if output.error:
            return encode(op="rejected", id=int(name), message=output.error)
        return encode(op="drawn", id=int(name), ids=output.ids, logprobs=output.logprobs, finish=output.finish)

    def _send(self, data: bytes) -> None:
        try:
            with self._sending:
                self._connection.sendall(data)
        except OSError:  # nobody is there any more
            os._exit(0)


def _setup(message: Object) -> Setup:
    ends = tuple(int(str(end)) for end in as_list(message["ends"]))
    return Setup(**{**message, "ends": ends})  # type: ignore[arg-type]  # it was written by encode_setup


def _constraint(given: Object) -> Constraint | None:
    return Constraint("grammar" if given["kind"] == "grammar" else "schema", str(given["text"])) if given else None


def _die_with(parent: int) -> None:
    """The system kills this process when the thread that started it is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _end(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> NoReturn:
    """Whichever thread has failed: the others would go on for ever."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(_BROKEN)


if __name__ == "__main__":
    main()
