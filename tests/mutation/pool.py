"""Work in forked children, some at once: each in a folder and a process group of its own, under limits."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

MEMORY = 4 << 30
RESULT = "result.json"


class Job(NamedTuple):
    """What a child does: it may write its result as JSON into `result.json` of the folder that it is given."""

    name: str
    run: Callable[[Path], None]
    seconds: float


class Ended(NamedTuple):
    """How a child ended. Without a result it was killed (`why`: the limit of time, or a signal), or raised."""

    name: str
    result: Any
    why: str
    seconds: float


class _Child(NamedTuple):
    job: Job
    pid: int
    folder: Path
    started: float


def played(jobs: Iterable[Job], width: int) -> Iterator[Ended]:
    """The ends of all jobs, in the order in which they come. At most `width` run at once."""
    waiting = iter(jobs)
    running: list[_Child] = []
    try:
        while True:
            while len(running) < width and (job := next(waiting, None)) is not None:
                running.append(_fork(job))
            if not running:
                return
            ended = [(child, end) for child in running if (end := _end(child)) is not None]
            for child, end in ended:
                running.remove(child)
                yield end
            if not ended:
                time.sleep(0.01)
    finally:
        for child in running:
            _kill(child)
            os.waitpid(child.pid, 0)
            shutil.rmtree(child.folder, ignore_errors=True)


def _fork(job: Job) -> _Child:
    folder = Path(tempfile.mkdtemp(prefix="clawc-mutation-"))
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _settle(folder)
            job.run(folder)
            code = 0
        finally:
            os._exit(code)  # whatever is left of the parent's work is not the child's to do
    return _Child(job, pid, folder, time.monotonic())


def _settle(folder: Path) -> None:
    """A session of its own, so that its programs end with it; its output and its files in its folder."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def _end(child: _Child) -> Ended | None:
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    seconds = time.monotonic() - child.started
    why = ""
    if pid == 0:
        if seconds < child.job.seconds:
            return None
        _kill(child)
        os.waitpid(child.pid, 0)
        why = f"it ran for more than {child.job.seconds:.0f} s"
    elif os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        why = "a test ran for too long" if number == signal.SIGVTALRM else f"ended by signal {number}"
    kept = child.folder / RESULT
    result = json.loads(kept.read_text(encoding="utf-8")) if not why and kept.exists() else None
    if result is None and not why:
        log = (child.folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        why = "no result: " + log[-2_000:]
    _kill(child)  # programs that it has left behind
    shutil.rmtree(child.folder, ignore_errors=True)
    return Ended(child.job.name, result, why, seconds)


def _kill(child: _Child) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
