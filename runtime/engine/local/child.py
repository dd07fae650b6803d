"""The life of one process of a model, seen from here: started, asked, listened to, ended.

It inherits nothing but one socket and what of the environment a GPU needs. Once it is gone, everybody who waits for it hears
so, and `gone` says why.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict

from clawc.runtime.engine.interface import Constraint, Drawn, EngineFailure, Object
from clawc.runtime.engine.local.shapes import as_list
from clawc.runtime.engine.local.wire import LONGEST, Setup, decode, encode, encode_setup

_PROGRAM = "clawc.runtime.engine.local.worker"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_KEPT_BEGINNINGS = ("CUDA_", "NVIDIA_")
_PATIENCE_S = 5.0  # for it to end by itself
_SAID = 16 << 10  # bytes of its stderr that are kept

Answer = asyncio.Queue[Drawn | EngineFailure]


class Child:
    """`version` is that of the weights that it has."""

    def __init__(
        self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int
    ) -> None:
        self.process = process
        self.version = version
        self.about: Mapping[str, str] = {}
        self.gone = ""
        self._reader = reader
        self._writer = writer
        self._answers: dict[int, Answer] = {}
        self._number = 0
        self._news = asyncio.Event()  # there is one who waits for it at most
        self._ready = 0
        self._said = bytearray()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._hear_stderr())]

    @classmethod
    async def start(cls, setup: Setup, version: int) -> Child:
        """It is not ready yet. Raises OSError."""
        ours, its = socket.socketpair()
        with its:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-m", _PROGRAM, str(its.fileno()), str(os.getpid())),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    stderr=PIPE,
                    pass_fds=(its.fileno(),),
                    env=_environment(setup.threads),
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST)
        child = cls(process, reader, writer, version)
        writer.write(encode_setup(setup))
        return child

    async def ready(self, times: int = 1) -> bool:
        """Waits until weights have been loaded so often; False if the process is gone instead."""
        await self._until(lambda: self._ready >= times)
        return not self.gone

    def ask(
        self, prompt: list[int], most: int, temperature: float, seed: int, constraint: Constraint | None = None
    ) -> tuple[int, Answer]:
        """The number of the request, and where its tokens come; the last thing there is a finish or a failure."""
        self._number += 1
        answer = self._answers[self._number] = Answer()
        held = {} if constraint is None else {"constraint": asdict(constraint)}
        call = {"prompt": prompt, "max_tokens": most, "temperature": temperature, "seed": seed, **held}
        self._writer.write(encode(op="generate", id=self._number, **call))
        return self._number, answer

    def cancel(self, number: int) -> None:
        """Nothing more comes of the request."""
        if self._answers.pop(number, None) is not None and not self.gone:
            self._writer.write(encode(op="cancel", id=number))
        self._news.set()

    async def load(self, model: str, adapter: str, version: int) -> bool:
        """Other weights, once all requests are answered; False if the process is gone."""
        await self._until(lambda: not self._answers)
        times = self._ready + 1
        if not self.gone:
            self._writer.write(encode(op="load", model=model, adapter=adapter))
        loaded = await self.ready(times)
        if loaded:
            self.version = version
        return loaded

    async def end(self) -> None:
        """Ends the process. Those who wait hear a failure."""
        self._writer.close()
        try:
            await asyncio.wait_for(self.process.wait(), _PATIENCE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        await asyncio.gather(*self._tasks)

    async def _until(self, true: Callable[[], bool]) -> None:
        """Until it is true, or the process is gone."""
        while not true() and not self.gone:
            self._news.clear()
            await self._news.wait()

    async def _listen(self) -> None:
        why = ""
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                self._take(decode(line))
        except OSError:
            pass  # it was gone before it had read what it was told
        except (ValueError, KeyError) as error:  # a line that is too long, or none of the protocol
            why = f"it said what is not understood: {error!r}"
            with suppress(ProcessLookupError):
                self.process.kill()
        code = await self.process.wait()
        await self._tasks[1]  # all that it said
        self.gone = why or self._last_words() or f"it ended with status {code}"
        failure = EngineFailure("unavailable", f"the process of the model is gone: {self.gone}")
        for answer in self._answers.values():
            answer.put_nowait(failure)
        self._answers.clear()
        self._writer.close()
        self._news.set()

    def _take(self, message: Object) -> None:
        if message["op"] == "ready":
            self.about = {name: str(value) for name, value in message.items() if name != "op"}
            self._ready += 1
        else:
            number = int(str(message["id"]))
            answer = self._answers.get(number)
            if answer is None:  # cancelled
                return
            came = _came(message, self.version)
            answer.put_nowait(came)
            if isinstance(came, Drawn) and came.finish is None:
                return
            del self._answers[number]
        self._news.set()

    async def _hear_stderr(self) -> None:
        stderr = self.process.stderr
        while stderr is not None and (data := await stderr.read(_SAID)):
            self._said += data
            del self._said[:-_SAID]

    def _last_words(self) -> str:
        lines = self._said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip()[:500] if lines else ""


def _came(message: Object, version: int) -> Drawn | EngineFailure:
    if message["op"] == "rejected":
        return EngineFailure("rejected", str(message["message"]))
    finish = message["finish"]
    return Drawn(
        tuple(int(str(number)) for number in as_list(message["ids"])),
        tuple(float(str(number)) for number in as_list(message["logprobs"])),
        finish="stop" if finish == "stop" else "length" if finish == "length" else None,
        version=version,
    )


def _environment(threads: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}
    count = str(threads)
    return {
        **kept,
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
