"""The process that all sandboxes of a pod are cloned from: an interpreter that has imported what they need.

It is the only one in the pod that may mount and map users, runs nothing of a stranger, and speaks with the runner over
descriptor 0, a socket of whole messages. Standard library of CPython 3.9 only.

A request is one JSON object with descriptors; one that is too long for a message is in a file, the last of them. A child takes the descriptors over as 0, 1, 2 … and the last one as its
line for one word: "ready" once it is shut in, or why that failed. Answers: `{"id", "started"}` with a pidfd, later
`{"id", "exit", "cpu_s", "peak_bytes"}`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from clawc.runtime.sandbox.inside import box, door, kernel, program, resident, series
from clawc.runtime.sandbox.inside.fresh import DESCRIPTORS, arrange, forget, reset_signals

HERE = "/run/clawc"
_MESSAGE = 1 << 17
_NAMESPACES = (
    kernel.NEW_USERS | kernel.NEW_MOUNTS | kernel.NEW_PROCESSES | kernel.NEW_IPC | kernel.NEW_UTS | kernel.NEW_CGROUP
)


class Zygote:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.poll = select.epoll()
        self.children: dict[int, tuple[int, int]] = {}  # pidfd: (id, pid)
        with open(f"{HERE}/filter", "rb") as file:
            self.filter = kernel.Filter(file.read())
        with open(f"{HERE}/strict", "rb") as file:
            self.strict = kernel.Filter(file.read())

    def serve(self) -> None:
        self.answer({"id": 0, "python": sys.version_info[:2]})
        self.poll.register(self.control.fileno(), select.EPOLLIN)
        while True:
            for fd, _ in self.poll.poll():
                if fd in self.children:
                    self.ended(fd)
                elif not self.receive():
                    return

    def receive(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self.control, _MESSAGE, DESCRIPTORS)
        if not data:
            return False
        request = json.loads(data)
        if "kind" not in request:
            with open(fds.pop(), "rb") as file:
                request = json.load(file)
        try:
            self.start(request, fds)
        except OSError as error:
            self.answer({"id": request["id"], "error": str(error)})
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def start(self, request: dict[str, Any], fds: list[int]) -> None:
        network = kernel.NEW_NETWORK if request["network"] else 0
        reading, writing = os.pipe()
        try:
            pid = kernel.clone(_NAMESPACES | network)
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if pid == 0:
            try:
                os.close(writing)
                self.child(request, fds, reading)
            finally:
                os._exit(1)  # whatever goes wrong, there is one zygote only
        os.close(reading)
        try:
            for name, text in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
                kernel.tell(f"/proc/{pid}/{name}", text)
            pidfd = os.pidfd_open(pid)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        finally:
            os.close(writing)
        self.children[pidfd] = (request["id"], pid)
        self.poll.register(pidfd, select.EPOLLIN)
        self.answer({"id": request["id"], "started": True}, pidfd)

    def child(self, request: dict[str, Any], fds: list[int], gate: int) -> NoReturn:
        status = fds[-1]
        try:
            os.read(gate, 1)  # ends when the users are mapped
            status = arrange([*fds])
            if request["kind"] == "session":
                os.environ.clear()
                os.environ.update(request["env"])
            box.enter(request, self.filter if request["network"] else self.strict)
            if request.get("port"):
                door.open_door(request["port"])
        except (OSError, ValueError) as error:
            os.write(status, str(error).encode("utf-8", "replace"))
            os._exit(1)
        os.write(status, b"ready")
        os.close(status)
        if request["kind"] == "session":
            try:
                resident.Resident(socket.socket(fileno=0)).serve()
            finally:
                os._exit(0)
        elif request["kind"] == "script":
            program.run_script(request)
        elif request["kind"] == "series":
            series.run_series(request)
        program.run_program(request)

    def ended(self, pidfd: int) -> None:
        self.poll.unregister(pidfd)
        number, pid = self.children.pop(pidfd)
        _, status, used = os.wait4(pid, 0)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(status)
        cpu = round(used.ru_utime + used.ru_stime, 4)
        peak = used.ru_maxrss << 10
        self.answer({"id": number, "exit": 128 - code if code < 0 else code, "cpu_s": cpu, "peak_bytes": peak})

    def answer(self, message: dict[str, Any], *fds: int) -> None:
        socket.send_fds(self.control, [json.dumps(message).encode()], list(fds))


def main(warm: list[str]) -> None:
    """Serve until the runner is gone. `warm` are modules to import beforehand; those that this Python lacks are passed over."""
    for name in warm:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    sys.path.remove(HERE)
    forget()
    reset_signals()
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    program.renew_streams()
    gc.collect()
    gc.freeze()
    Zygote(control).serve()
