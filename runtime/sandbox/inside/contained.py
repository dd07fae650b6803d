"""The first process of a container: it asks the runner what it is there for, shuts itself in, and sees to the end of it.

Being the first it cannot be stopped or killed from inside, takes in orphans, and ends the container when the runner is gone or its
time is over. Standard library of CPython 3.9 only.

The request comes over a socket, as in zygote.py, with descriptors of which the last is the line for a word: "ready" once it is shut
in, or why that failed; for a program, a second line of JSON at its end: `{"exit", "cpu_s", "peak_bytes"}`.
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
from typing import Any, NoReturn

from clawc.runtime.sandbox.inside import box, door, kernel, program, resident, series
from clawc.runtime.sandbox.inside.fresh import DESCRIPTORS, arrange, forget, reset_signals

HERE = "/run/clawc"
CONTROL = "/run/control/socket"
_MESSAGE = 1 << 17
# Status of a container whose runner is gone, or that was there for too long.
_ABANDONED = 125


def main() -> NoReturn:
    try:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.connect(CONTROL)
        data, fds, _, _ = socket.recv_fds(control, _MESSAGE, DESCRIPTORS)
        if not data:
            os._exit(_ABANDONED)
        request = json.loads(data)
        if "kind" not in request:
            with open(fds.pop(), "rb") as file:
                request = json.load(file)
        with open(f"{HERE}/{'filter' if request['network'] else 'strict'}", "rb") as file:
            call_filter = kernel.Filter(file.read())
        sys.path.remove(HERE)
        forget()
        reset_signals()
        if request["kind"] == "session":
            control.close()
            _serve(request, fds, call_filter)
        _keep(request, fds, call_filter, control)
    finally:
        os._exit(1)


def _serve(request: dict[str, Any], fds: list[int], call_filter: kernel.Filter) -> NoReturn:
    """Become the resident, which ends with its channel or its time."""
    status = arrange(fds)
    _shut(request, call_filter, status)
    if request.get("port"):
        try:
            door.open_door(request["port"])
        except OSError as error:
            os.write(status, str(error).encode("utf-8", "replace"))
            os._exit(1)
    os.environ.clear()
    os.environ.update(request["env"])
    until = time.monotonic() + request["ttl_s"]

    def rung(_number: int, _frame: object) -> None:
        """By the clock, or by somebody inside: the first process gets signals that it has a function for."""
        if time.monotonic() >= until:
            os._exit(_ABANDONED)

    signal.signal(signal.SIGALRM, rung)
    signal.setitimer(signal.ITIMER_REAL, request["ttl_s"], 1.0)
    os.write(status, b"ready")
    os.close(status)
    try:
        resident.Resident(socket.socket(fileno=0)).serve()
    finally:
        os._exit(0)


def _keep(request: dict[str, Any], fds: list[int], call_filter: kernel.Filter, control: socket.socket) -> NoReturn:
    """Have the program run by a second process, and tell how it ended."""
    if request["kind"] != "program":
        program.renew_streams()
    gc.collect()
    gc.freeze()
    reading, writing = os.pipe()
    for fd in (reading, writing):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _noticed)
    gate, opened = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opened)
        os.read(gate, 1)  # ends when nothing that runs in here can look into the first process any more
        _work(request, fds, call_filter)
    word = fds[-1]
    for fd in (0, 1, 2, *fds[:-1], gate):
        os.close(fd)
    box.shut({}, call_filter, outlives_parent=True)
    os.close(opened)
    until, line = time.monotonic() + request["ttl_s"], control.fileno()
    while True:
        ready, _, _ = select.select([line, reading], [], [], max(0.0, until - time.monotonic()))
        if line in ready or not ready:
            os._exit(_ABANDONED)
        os.read(reading, 4096)
        while (ended := _reaped()) is not None:
            number, status, used = ended
            if number == pid:
                code = os.waitstatus_to_exitcode(status)
                code = 128 - code if code < 0 else code
                spent = {"cpu_s": round(used.ru_utime + used.ru_stime, 4), "peak_bytes": used.ru_maxrss << 10}
                os.write(word, b"\n" + json.dumps({"exit": code, **spent}).encode() + b"\n")
                os._exit(0)


def _noticed(_number: int, _frame: object) -> None:
    """The pipe tells."""


def _reaped() -> tuple[int, int, Any] | None:
    try:
        found = os.wait4(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return found if found[0] else None


def _work(request: dict[str, Any], fds: list[int], call_filter: kernel.Filter) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        status = arrange(fds)
        _shut(request, call_filter, status)
        os.write(status, b"ready")
        os.close(status)
        if request["kind"] == "script":
            program.run_script(request)
        elif request["kind"] == "series":
            series.run_series(request)
        program.exec_program(request)
    finally:
        os._exit(1)


def _shut(request: dict[str, Any], call_filter: kernel.Filter, status: int) -> None:
    """Ends the process, with the reason as its word, if the system refuses."""
    try:
        box.shut(request["limits"], call_filter, outlives_parent=True)
    except (OSError, ValueError) as error:
        os.write(status, str(error).encode("utf-8", "replace"))
        os._exit(1)
