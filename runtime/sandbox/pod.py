"""A pod: one bwrap around an interpreter that is ready, from which boxes are cloned (`inside/zygote.py`).

bwrap shuts the pod off from the machine, and each box is shut off from the pod and from other boxes. A pod dies with
its runner and takes its boxes along.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.command import AREA, MOUNTS, PLAIN_DEVICES, Descriptors, pod_arguments
from clawc.runtime.sandbox.pipes import PipeReader
from clawc.runtime.sandbox.start import SHARED, START_S, TMP, Start

_END_S = 10.0
OLDEST_PYTHON = (3, 9)
_MESSAGE = 1 << 16
# What the zygote takes in one message; a longer request goes in a file (inside/zygote.py knows it by its lack of a kind).
_REQUEST = 1 << 16


class _Answer(BaseModel):
    id: int
    started: bool = False
    error: str = ""
    exit: int | None = None
    cpu_s: float = 0.0
    peak_bytes: int = 0
    python: tuple[int, int] = (0, 0)


class PodBox:
    """A Box: a sandbox's processes. `pid` is the first of them as the host sees it; after the end `exit` is its status, `cpu_s`
    what it computed with all that it waited for, and `peak_bytes` the largest that one of them was. `lost` if it ended with
    its pod, which nothing inside can bring about."""

    def __init__(self, pidfd: int, word: PipeReader) -> None:
        self.exit: int | None = None
        self.cpu_s = 0.0
        self.peak_bytes = 0
        self.lost = False
        self.starved = False
        self._pid = 0
        self._pidfd = pidfd
        self._word = word
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int:
        """The number of the first process, -1 once it is gone."""
        if self._pid == 0:
            self._pid = -1 if self._gone.is_set() else _number_of(self._pidfd)
        return self._pid

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    async def exited(self) -> None:
        await self._gone.wait()

    async def kill(self) -> None:
        """Kill the first process inside, and with it all others; returns when they are gone. Idempotent."""
        self.kill_now()
        await self._gone.wait()

    def kill_now(self) -> None:
        """Without waiting."""
        if not self._gone.is_set():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def end(self, answer: _Answer) -> None:
        """It is gone, as its pod says."""
        self.exit, self.cpu_s, self.peak_bytes = answer.exit, answer.cpu_s, answer.peak_bytes
        self._finish()

    def lose(self) -> None:
        """Its pod is gone, so nobody will say how it ended; it is gone itself once the system says so."""
        self.lost = True
        self.kill_now()
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(self._pidfd)
            self._finish()

        loop.add_reader(self._pidfd, ended)

    def _finish(self) -> None:
        if not self._gone.is_set():
            self._gone.set()
            os.close(self._pidfd)

    async def reason(self) -> None:
        """Its pod tells at once."""

    async def said(self) -> str:
        """Its only word, after its end: "ready" if it was shut in."""
        return (await self._word.rest(1.0)).decode("utf-8", "replace")


class Pod:
    """Made by `open_pod`; `python` is the version of its interpreter."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        control: socket.socket,
        errors: PipeReader,
        area: Path,
        mounts: Sequence[Path],
    ) -> None:
        self._prefix = f"{area}/"
        self._mounts = {path: f"{MOUNTS}/{number}" for number, path in enumerate(mounts)}
        self.alive = True
        self.python: tuple[int, int] = (0, 0)
        self._process = process
        self._control = control
        self._errors = errors
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self._starting: dict[int, asyncio.Future[int]] = {}
        self._boxes: dict[int, PodBox] = {}
        self._early: dict[int, _Answer] = {}
        self._ready = asyncio.Event()
        control.setblocking(False)
        self._loop.add_reader(control.fileno(), self._listen)

    @property
    def idle(self) -> bool:
        """Whether no box is in it or on its way."""
        return not (self._boxes or self._starting)

    async def begin(self) -> None:
        """Wait for the zygote; raises RuntimeFault with what bwrap said if it does not come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._ready.wait()
        if not self.alive or not self._ready.is_set():
            await self.close()
            said = (await self._errors.rest(1.0)).decode("utf-8", "replace").strip()[-500:]
            raise RuntimeFault("R0302", f"the sandbox did not start: {said or 'it gave no sign'}")
        if self.python < OLDEST_PYTHON:
            await self.close()
            raise RuntimeFault("R0302", "python3 is older than 3.9")

    async def start(self, start: Start, fds: Sequence[int]) -> PodBox:
        """Clone a box that gets the descriptors as 0, 1, 2 …; raises RuntimeFault R0302. Not to be cancelled."""
        if not self.alive:
            raise RuntimeFault("R0302", "the sandboxes' pod has ended")
        self._number += 1
        number = self._number
        with Descriptors() as held:
            return await self._start(number, start, fds, held)

    async def _start(self, number: int, start: Start, fds: Sequence[int], held: Descriptors) -> PodBox:
        try:
            reading, writing = os.pipe()
        except OSError as error:
            raise RuntimeFault("R0302", f"cannot start a sandbox: {error.strerror}") from error
        held.hold(writing)
        word = PipeReader(reading, 1 << 12)
        started: asyncio.Future[int] = self._loop.create_future()
        self._starting[number] = started
        try:
            message = json.dumps({"id": number, **self._request(start)}).encode()
            given = [*fds, writing]
            if len(message) > _REQUEST:
                given.append(held.holding(message))
                message = json.dumps({"id": number}).encode()
            await self._send(message, given)
            async with asyncio.timeout(START_S):
                pidfd = await started
        except (OSError, TimeoutError, RuntimeFault) as error:
            word.close()
            if isinstance(error, RuntimeFault):
                raise
            raise RuntimeFault("R0302", f"cannot start a sandbox: {error or 'no answer in time'}") from error
        finally:
            self._starting.pop(number, None)
            if started.done() and not started.cancelled():
                started.exception()  # seen, also where sending had failed before
        box = PodBox(pidfd, word)
        if number in self._early:
            box.end(self._early.pop(number))
        elif not self.alive:
            box.lose()
        else:
            self._boxes[number] = box
        return box

    async def _send(self, message: bytes, fds: Sequence[int]) -> None:
        for _ in range(1000):
            try:
                socket.send_fds(self._control, [message], list(fds))
                return
            except BlockingIOError:
                await asyncio.sleep(0.005)
        raise TimeoutError

    async def close(self) -> None:
        """End the pod and all its boxes; returns when they are gone."""
        boxes = list(self._boxes.values())
        self._lost()
        try:
            async with asyncio.timeout(_END_S):
                while self._process.poll() is None:
                    await asyncio.sleep(0.002)
                for box in boxes:
                    await box.exited()
        except TimeoutError:
            self._process.kill()
            self._process.wait()
        await self._errors.rest(0.5)

    def kill_now(self) -> None:
        """Without waiting, for the end of the runner."""
        for box in self._boxes.values():
            box.kill_now()
        if self._process.poll() is None:
            self._process.kill()

    def _listen(self) -> None:
        while self.alive:
            try:
                data, fds, _, _ = socket.recv_fds(self._control, _MESSAGE, 1, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return
            except OSError:
                data, fds = b"", []
            if not data:
                self._lost()
                return
            self._take(_Answer.model_validate_json(data), fds)

    def _take(self, answer: _Answer, fds: list[int]) -> None:
        waiting = self._starting.get(answer.id)
        if answer.id == 0:
            self.python = answer.python
            self._ready.set()
        elif answer.started and fds:
            if waiting is not None and not waiting.done():
                waiting.set_result(fds[0])
            else:  # nobody waits any more
                signal.pidfd_send_signal(fds[0], signal.SIGKILL)
                os.close(fds[0])
        elif answer.error and waiting is not None and not waiting.done():
            waiting.set_exception(RuntimeFault("R0302", f"cannot start a sandbox: {answer.error}"))
        elif answer.exit is not None:
            box = self._boxes.pop(answer.id, None)
            if box is not None:
                box.end(answer)
            elif waiting is not None:
                self._early[answer.id] = answer

    def _lost(self) -> None:
        """The zygote is gone, or is to go: it ends when its socket does."""
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        for box in self._boxes.values():
            box.lose()
        self._boxes.clear()
        for waiting in self._starting.values():
            if not waiting.done():
                waiting.set_exception(RuntimeFault("R0302", "the sandboxes' pod has ended"))
        self._ready.set()

    def _request(self, start: Start) -> dict[str, object]:
        mounts: list[dict[str, object]] = []
        if start.workspace is not None:
            layers = start.workspace
            if layers.lower:
                mounts.append({
                    "kind": "overlay", "at": "/w", "upper": self._inside(layers.upper), "work": self._inside(layers.work),
                    "lower": [self._inside(path) for path in layers.lower],
                })  # fmt: skip
            else:
                mounts.append({"kind": "write", "at": "/w", "source": self._inside(layers.upper)})
        for at, path in start.writable.items():
            mounts.append({"kind": "write", "at": at, "source": self._inside(path)})
        for at, path in start.folders.items():
            mounts.append({"kind": "read", "at": at, "source": self._inside(path)})
        for at, path in start.mounts.items():
            mounts.append({"kind": "read", "at": at, "source": self._mounts[path]})
        return {
            **start.program(), "mounts": mounts, "memory": [TMP, SHARED] if start.network else [TMP],
            "devices": "/dev" if start.network else PLAIN_DEVICES, "terminals": start.network,
        }  # fmt: skip

    def _inside(self, path: Path) -> str:
        inside = str(path).removeprefix(self._prefix)
        if inside == str(path):
            raise RuntimeFault("R0302", f"`{path}` is not where sandboxes can see it")
        return f"{AREA}/{inside}"


async def open_pod(
    bwrap: Path, area: Path, warm: Sequence[str], machine: str, user: int | None, mounts: Sequence[Path] = ()
) -> Pod:
    """Start a pod over the folder `area`, whose boxes may also have the folders `mounts`, as the host's user `user` if given; raises
    RuntimeFault R0302. Not to be cancelled."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reading, writing = os.pipe()
    errors = PipeReader(reading, 1 << 16)
    try:
        with theirs, Descriptors() as held:
            held.hold(writing)
            command = pod_arguments(area, warm, machine, held, mounts)
            process = subprocess.Popen(
                command,
                executable=bwrap,
                env={},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=writing,
                pass_fds=held.fds,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        ours.close()
        errors.close()
        raise RuntimeFault("R0302", f"cannot start the sandbox: {error}") from error
    pod = Pod(process, ours, errors, area, mounts)
    await pod.begin()
    return pod


def _number_of(pidfd: int) -> int:
    """The process behind a pidfd as this machine numbers it, or -1 if it is gone."""
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pid:"):
                return int(line.split()[1])
    return -1
