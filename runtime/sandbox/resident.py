"""The program that stays inside a sandbox: it runs commands and reads and writes files there, so that links
and mounts mean what they mean to the agent.

Standard library of CPython 3.9 only. Messages both ways are one line of JSON and then as many bytes as it
announces. The agent may kill or stop this process; the runner then ends the sandbox.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Any

_CHUNK = 1 << 16
# After the kill a command has this long to vanish before its result is reported anyway.
_GRACE_S = 2.0


class Message:
    """A request, and the bytes that came with it."""

    def __init__(self, head: dict[str, Any], body: bytes) -> None:
        self.head = head
        self.body = body


class Stream:
    """One output of a command. It is read until its end, also by what the command left running, so that
    nothing blocks or dies of a full or broken pipe; only the first `limit` bytes are kept."""

    def __init__(self, pipe: Any, limit: int) -> None:
        self.fd = taken_over(pipe)
        self.limit = limit
        self.kept = bytearray()
        self.over = False

    def read(self) -> bool | None:
        """Read once; None if nothing is there now, False at the end."""
        try:
            chunk = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return None
        room = max(0, self.limit - len(self.kept))
        self.kept += chunk[:room]
        self.over = self.over or len(chunk) > room
        return bool(chunk)

    def settle(self) -> None:
        """Take what is there now; bounded, since something may still be writing."""
        for _ in range(64):
            if not self.read():
                return


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
        self.buffer = bytearray()

    def serve(self) -> None:
        self.send({"ready": True})
        self.watch(self.channel.fileno(), selectors.EVENT_READ, self.receive)
        while True:
            wait: float | None = None
            if self.commands:
                wait = max(0.0, min(command.deadline for command in self.commands) - time.monotonic())
            for key, _ in self.selector.select(wait):
                key.data()
            for command in [c for c in self.commands if c.deadline <= time.monotonic()]:
                self.expire(command)

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
        number = message.head["id"]
        try:
            if message.head["op"] == "exec":
                self.start(message)
            elif message.head["op"] == "put":
                put(message.head["path"], message.body, message.head["mode"])
                self.send({"id": number})
            else:
                data = get(message.head["path"], message.head["limit"])
                self.send({"id": number, "sizes": [len(data)]}, data)
        except (OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or str(error)
            self.send({"id": number, "error": text.lower()})

    def start(self, message: Message) -> None:
        head = message.head
        try:
            process = subprocess.Popen(
                head["argv"],
                cwd=head["cwd"],
                env=dict(os.environ, **head["env"]),
                stdin=subprocess.PIPE if message.body else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            code = 127 if isinstance(error, FileNotFoundError) else 126
            text = str(error).encode("utf-8", "replace")
            self.reply(head["id"], code, False, False, [b"", text])
            return
        command = Command(head["id"], process, head["limit"], time.monotonic() + head["timeout"])
        self.commands.append(command)
        self.watch(command.exit_fd, selectors.EVENT_READ, lambda: self.ended(command))
        for stream in command.streams:
            self.watch(stream.fd, selectors.EVENT_READ, partial(self.read, stream))
        if process.stdin:
            self.feed(taken_over(process.stdin), message.body)

    def feed(self, fd: int, data: bytes) -> None:
        left = [memoryview(data)]

        def write() -> None:
            try:
                left[0] = left[0][os.write(fd, left[0][:_CHUNK]) :]
            except BlockingIOError:
                return
            except OSError:
                left[0] = left[0][:0]
            if not left[0]:
                self.selector.unregister(fd)
                os.close(fd)

        self.watch(fd, selectors.EVENT_WRITE, write)

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
        for pid in [command.process.pid, *descendants(command.process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            os.killpg(command.process.pid, signal.SIGKILL)
        except OSError:
            return

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


def taken_over(pipe: Any) -> int:
    """A descriptor of our own for an end of a pipe, not blocking; the object would close its own when
    collected."""
    fd = os.dup(pipe.fileno())
    pipe.close()
    os.set_blocking(fd, False)
    return fd


def put(path: str, data: bytes, mode: int) -> None:
    """Write a regular file, making its folders; a FIFO or device in its place is refused without blocking."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    with open(fd, "wb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("is not a regular file")
        os.ftruncate(fd, 0)
        file.write(data)


def get(path: str, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("is not a regular file")
        if found.st_size > limit:
            raise ValueError(f"is larger than {limit} bytes")
        return file.read(limit)


def descendants(pid: int) -> list[int]:
    """Processes below `pid`, as far as they still have their parents."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    found = [pid]
    for above in found:
        found += [child for child, parent in parents.items() if parent == above]
    return found[1:]


if __name__ == "__main__":
    Resident(socket.socket(fileno=0)).serve()
