"""Runs one Python script several times, one after another, in one box. Between two runs everything is gone: processes, and
files in memory.

A run has a process of its own, forked from the one that has loaded the script. Of a checker that says how
(`verdict_for`), a process judges a few workspaces; what it does not get to has a process of its own after all.

Standard library of CPython 3.9 only. Results go to the box's channel as frames: a line of JSON and the bytes it announces.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType
from typing import Any, NoReturn, cast

from clawc.runtime.sandbox.inside.program import load_script, module_of, run_loaded, settle

_CHUNK = 1 << 16
CHANNEL = 3
# What a checker has for those who judge several workspaces: the arguments and the nonce of one to its verdict, a line.
VERDICT_FOR = "verdict_for"
_TOGETHER = 4

VerdictFor = Callable[[list[str], str], str]


def run_series(request: dict[str, Any]) -> NoReturn:
    """`runs` are the arguments and the input of each; `each_s` seconds and `keep` bytes of each output are allowed."""
    status = 1
    try:
        settle(request)
        code = load_script(request["argv"][0])
        verdict_for = _defined(code, request)
        runs = list(request["runs"])
        while runs:
            lines = _judged(verdict_for, runs[:_TOGETHER], request) if verdict_for is not None else []
            for line in lines:
                _send(({"exit": 0, "late": False, "over": [False] * 3}, [b"", b"", line]))
            if len(lines) < min(_TOGETHER, len(runs)):
                _send(_run(code, request, runs[len(lines)]))
            del runs[: max(len(lines), min(_TOGETHER, len(lines) + 1))]
        status = 0
    except (OSError, ValueError, TypeError, EOFError, SyntaxError):
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _defined(code: CodeType, request: dict[str, Any]) -> VerdictFor | None:
    """The function of a checker by which several are judged, all that it needs being defined once; None if it has none."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, request["each_s"])
    try:
        names = module_of(request["argv"][0], "check")
        exec(code, names)
        found = names.get(VERDICT_FOR)
    except BaseException:  # noqa: BLE001 - a stranger's: each run finds out for itself, and says so
        found = None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _end_others()
    return cast("VerdictFor", found) if callable(found) else None


def _judged(verdict_for: VerdictFor, runs: list[dict[str, Any]], request: dict[str, Any]) -> list[bytes]:
    """The verdicts on the first of these workspaces, in order, by one process."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for place, fd in enumerate([os.dup2(fd, 200 + n) for n, fd in enumerate((nowhere, nowhere, nowhere, writing))]):
            os.dup2(fd, place)
        os.closerange(4, 256)
        try:
            for run in runs:
                line = verdict_for(list(run["argv"]), run["stdin"].strip()).encode("ascii")
                _write(CHANNEL, b"%d\n%b" % (len(line), line))
        finally:
            os._exit(0)
    os.close(writing)
    kept, _, late = _read(pid, [reading], request["each_s"] * len(runs), request["keep"] * len(runs))
    _end(pid, late)
    os.close(reading)
    return list(_lines(kept[0]))[: len(runs)]


def _lines(data: bytes) -> Iterator[bytes]:
    """Whole lines, each after its length."""
    while data:
        size, _, data = data.partition(b"\n")
        if not size.isdigit() or len(size) > 9 or int(size) > len(data):
            return
        yield data[: int(size)]
        data = data[int(size) :]


def _run(code: CodeType, request: dict[str, Any], run: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    pipes = [os.pipe() for _ in range(4)]
    pid = os.fork()
    if pid == 0:
        ends = (pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1])
        for place, fd in enumerate([os.dup2(fd, 200 + n) for n, fd in enumerate(ends)]):
            os.dup2(fd, place)
        os.closerange(4, 256)
        run_loaded(code, {**request, "argv": [request["argv"][0], *run["argv"]]})
    for end in (pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1]):
        os.close(end)
    with suppress(BrokenPipeError):  # it may have ended without reading
        os.write(pipes[0][1], run["stdin"].encode())  # a nonce: less than a pipe holds
    os.close(pipes[0][1])
    outputs = [pipes[n][0] for n in (1, 2, 3)]
    kept, over, late = _read(pid, outputs, request["each_s"], request["keep"])
    status = _end(pid, late)
    for fd in outputs:
        os.close(fd)
    exit = os.waitstatus_to_exitcode(status)
    return {"exit": 128 - exit if exit < 0 else exit, "late": late, "over": over}, kept


def _read(pid: int, outputs: list[int], each_s: float, keep: int) -> tuple[list[bytes], list[bool], bool]:
    """The outputs until the process has ended or its time is up; what other processes still hold open is not waited for."""
    kept = {fd: bytearray() for fd in outputs}
    over = dict.fromkeys(outputs, False)
    deadline = time.monotonic() + each_s
    ended = os.pidfd_open(pid)
    watched = [ended, *outputs]
    late = False
    for fd in outputs:
        os.set_blocking(fd, False)
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select(watched, [], [], max(0.0, left))
        late = not ready and left <= 0
        for fd in outputs if ended in ready or late else [fd for fd in ready if fd != ended]:
            if _take(fd, kept[fd], keep, over, all_of_it=ended in ready) and fd in watched:
                watched.remove(fd)
        if late or ended in ready:
            os.close(ended)
            return [bytes(kept[fd]) for fd in outputs], [over[fd] for fd in outputs], late


def _take(fd: int, kept: bytearray, keep: int, over: dict[int, bool], all_of_it: bool) -> bool:
    """Read what is there; whether that was the end."""
    for _ in range(64 if all_of_it else 1):
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        over[fd] = over[fd] or len(chunk) > keep - len(kept)
        kept += chunk[: keep - len(kept)]
        if not chunk:
            return True
    return False


def _end(pid: int, late: bool) -> int:
    """The status of a process that has ended or is out of time; nothing is left of it afterwards."""
    if late:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    _end_others()
    _clean()
    return status


def _end_others() -> None:
    """Kill whatever a run has left, and wait until only we are here."""
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            return
        try:
            os.waitpid(-1, 0)  # what has lost its parent is a child of ours
        except ChildProcessError:
            time.sleep(0.001)  # its parent is about to go


def _clean(folder: str = "/tmp") -> None:
    """Remove all that is in a folder; nobody else is here any more."""
    os.chmod(folder, 0o1777 if folder == "/tmp" else 0o700)
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            _clean(entry.path)
            os.rmdir(entry.path)
        else:
            os.unlink(entry.path)


def _send(result: tuple[dict[str, Any], list[bytes]]) -> None:
    head, bodies = result
    data = json.dumps({**head, "sizes": [len(body) for body in bodies]}).encode() + b"\n" + b"".join(bodies)
    _write(CHANNEL, data)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
