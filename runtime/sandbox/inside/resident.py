"""The first process of an agent's sandbox: it runs commands and reads and writes files there, so that links and mounts
mean what they mean to the agent.

Standard library of CPython 3.9 only. Messages both ways are one line of JSON and then as many bytes as it
announces. Nothing inside can kill or stop this process; if it ends all the same, the sandbox ends with it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from clawc.runtime.sandbox.inside.background import Background
from clawc.runtime.sandbox.inside.processes import Frozen, freeze, kill_below, reap_orphans, thaw
from clawc.runtime.sandbox.inside.streams import Feed, Stream, taken_over
from clawc.runtime.sandbox.inside.workspace_files import get, put

# After the kill a command has this long to vanish before its result is reported anyway.
_GRACE_S = 2.0


class Message:
    """A request, and the bytes that came with it."""

    def __init__(self, head: dict[str, Any], body: bytes) -> None:
        self.head = head
        self.body = body


class Command:
    """A running command; `deadline` is on the monotonic clock."""

    def __init__(self, number: int, process: subprocess.Popen[bytes], limit: int, deadline: float) -> None:
        self.number = number
        self.process = process
        self.deadline = deadline
        self.timed_out = False
        self.streams = [Stream(pipe, limit) for pipe in (process.stdout, process.stderr)]
        self.exit_fd = os.pidfd_open(process.pid)


class Resident:
    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.selector = selectors.DefaultSelector()
        self.commands: list[Command] = []
        self.background: dict[int, Background] = {}
        self.frozen = Frozen([], {})
        self.buffer = bytearray()
        self.actions = {
            "exec": self.start, "put": self.put, "get": self.get, "spawn": self.spawn, "read": self.read_output,
            "write": self.write, "end": self.end_input, "wait": self.wait, "kill": self.kill,
            "freeze": self.freeze, "thaw": self.thaw,
        }  # fmt: skip

    def serve(self) -> None:
        self._reap_when_told()
        self.send({"ready": True})
        self.watch(self.channel.fileno(), selectors.EVENT_READ, self.receive)
        while True:
            due = [command.deadline for command in self.commands]
            due += [at for job in self.background.values() for at in job.deadlines()]
            wait = max(0.0, min(due) - time.monotonic()) if due else None
            for key, _ in self.selector.select(wait):
                key.data()
            now = time.monotonic()
            for command in [c for c in self.commands if c.deadline <= now]:
                self.expire(command)
            for job in self.background.values():
                job.expire(now)

    def _reap_when_told(self) -> None:
        """As the first process we inherit what others leave behind; a signal says that some of it has ended."""
        reading, writing = os.pipe()
        for fd in (reading, writing):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

        def noticed(_number: int, _frame: object) -> None:
            """The pipe tells."""

        signal.signal(signal.SIGCHLD, noticed)

        def told() -> None:
            os.read(reading, 4096)
            reap_orphans({command.process.pid for command in self.commands} | {b.pid for b in self.background.values()})

        self.watch(reading, selectors.EVENT_READ, told)

    def watch(self, fd: int, events: int, act: Callable[[], None]) -> None:
        self.selector.register(fd, events, act)

    def send(self, head: dict[str, Any], *bodies: bytes) -> None:
        self.channel.sendall(json.dumps(head).encode() + b"\n" + b"".join(bodies))

    def receive(self) -> None:
        data = self.channel.recv(1 << 20)
        if not data:
            raise SystemExit(0)
        self.buffer += data
        while (end := self.buffer.find(b"\n")) >= 0:
            head = json.loads(bytes(self.buffer[:end]))
            size = head.get("size", 0)
            if len(self.buffer) < end + 1 + size:
                return
            body = bytes(self.buffer[end + 1 : end + 1 + size])
            del self.buffer[: end + 1 + size]
            self.act(Message(head, body))

    def act(self, message: Message) -> None:
        try:
            self.actions[message.head["op"]](message)
        except (OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or str(error)
            self.send({"id": message.head["id"], "error": text.lower()})

    def put(self, message: Message) -> None:
        put(message.head["path"], message.body, message.head["mode"], message.head["at"])
        self.send({"id": message.head["id"]})

    def get(self, message: Message) -> None:
        data = get(message.head["path"], message.head["limit"])
        self.send({"id": message.head["id"], "sizes": [len(data)]}, data)

    def start(self, message: Message) -> None:
        head = message.head
        process = self.open_process(message, subprocess.PIPE if message.body else subprocess.DEVNULL)
        if process is None:
            return
        command = Command(head["id"], process, head["limit"], time.monotonic() + head["timeout"])
        self.commands.append(command)
        self.watch(command.exit_fd, selectors.EVENT_READ, lambda: self.ended(command))
        for stream in command.streams:
            self.watch(stream.fd, selectors.EVENT_READ, partial(self.read, stream))
        if process.stdin:
            Feed(self.selector, taken_over(process.stdin)).add(message.body, end=True)

    def open_process(self, message: Message, stdin: int) -> subprocess.Popen[bytes] | None:
        """The new process; None, and an answer, if it could not be started."""
        head = message.head
        try:
            return subprocess.Popen(
                head["argv"],
                cwd=head["cwd"],
                env=dict(os.environ, **head["env"]),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
            code = 127 if isinstance(error, FileNotFoundError) else 126
            text = str(error).encode("utf-8", "replace")
            self.reply(head["id"], code, False, False, [b"", text])
            return None

    def read(self, stream: Stream) -> None:
        if stream.read() is False:
            self.selector.unregister(stream.fd)
            os.close(stream.fd)
            stream.fd = -1

    def expire(self, command: Command) -> None:
        """Kill a command that is out of time, with all that descends from it; give up waiting at the
        second call."""
        if command.timed_out:
            self.finish(command, 128 + signal.SIGKILL)
            return
        command.timed_out = True
        command.deadline = time.monotonic() + _GRACE_S
        kill_below(command.process.pid)

    def ended(self, command: Command) -> None:
        code = command.process.wait()
        self.finish(command, 128 - code if code < 0 else code)

    def finish(self, command: Command, code: int) -> None:
        self.selector.unregister(command.exit_fd)
        os.close(command.exit_fd)
        self.commands.remove(command)
        for stream in command.streams:
            if stream.fd >= 0:
                stream.settle()
        over = any(stream.over for stream in command.streams)
        outputs = [bytes(stream.kept) for stream in command.streams]
        for stream in command.streams:
            stream.limit = 0
            stream.kept = bytearray()
        self.reply(command.number, code, command.timed_out, over, outputs)

    def reply(self, number: int, code: int, timed_out: bool, over: bool, outputs: list[bytes]) -> None:
        head = {"id": number, "exit": code, "timed_out": timed_out, "truncated": over}
        self.send({**head, "sizes": [len(output) for output in outputs]}, *outputs)

    def spawn(self, message: Message) -> None:
        process = self.open_process(message, subprocess.PIPE)
        if process is not None:
            self.background[message.head["id"]] = Background(self.selector, process)
            self.send({"id": message.head["id"], "pid": process.pid})

    def job(self, message: Message) -> Background:
        """The spawned process that a request is about; raises ValueError for one that is unknown."""
        job = self.background.get(message.head["process"])
        if job is None:
            raise ValueError("there is no such process")
        return job

    def read_output(self, message: Message) -> None:
        def answer(data: bytes | None) -> None:
            self.send({"id": message.head["id"], "ended": data is None, "sizes": [len(data or b"")]}, data or b"")

        self.job(message).read(message.head["stream"], time.monotonic() + message.head["wait"], answer)

    def write(self, message: Message) -> None:
        self.job(message).write(message.body, lambda error: self.send({"id": message.head["id"], "error": error}))

    def end_input(self, message: Message) -> None:
        self.job(message).end_input()
        self.send({"id": message.head["id"]})

    def wait(self, message: Message) -> None:
        def answer(code: int | None) -> None:
            self.send({"id": message.head["id"], "exit": code})

        self.job(message).wait(time.monotonic() + message.head["wait"], answer)

    def kill(self, message: Message) -> None:
        kill_below(self.job(message).pid)
        self.send({"id": message.head["id"]})

    def freeze(self, message: Message) -> None:
        self.frozen = freeze()
        self.send({"id": message.head["id"]})

    def thaw(self, message: Message) -> None:
        still = thaw(self.frozen)
        self.frozen = Frozen([], {})
        self.send({"id": message.head["id"], "exit": int(not still)})
