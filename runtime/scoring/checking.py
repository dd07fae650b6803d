"""How a checker is started: what it finds where, and several of one bundle in one sandbox.

A series is for workspaces that are judged again in bulk. Each has a process of its own and nothing is left between two;
only the interpreter that has loaded the checker is shared. What a series did not judge is judged alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import CHANNEL, Backend, Finished, Program, ScriptRun
from clawc.runtime.scoring.bytecode import CHECK_FOLDER, Bytecode, Script

# Names in the scratch folder of a workspace, and in the sandbox: the collected workspace, and what jobs left.
COLLECTED = "w"
JOBS = "jobs"
# Workspaces in one sandbox, and sandboxes of one bundle at once.
MOST = 16
AT_ONCE = 2
_OUTPUT = 256 << 10
# Seconds that a series waits for the next of those that are to come.
_GATHERED_S = 0.5


def checker_arguments(root: str) -> tuple[str, ...]:
    """The arguments of a checker whose workspace is below `root` in the sandbox, which ends with `/`."""
    return (root + COLLECTED, "--jobs", root + JOBS, "--verdict-fd", CHANNEL)


def checker_folders(root: str, scratch: Path) -> dict[str, Path]:
    return {root + COLLECTED: scratch / COLLECTED, root + JOBS: scratch / JOBS}


def checker_program(bundle: Bundle, script: Script, arguments: tuple[str, ...] = (), nonce: str = "") -> Program:
    """One checker of a bundle; it reads the nonce from its standard input."""
    limits = bundle.manifest.limits
    argv = (f"{CHECK_FOLDER}/{script.name}", *arguments)
    return Program(argv, limits, limits.check_s, cwd=CHECK_FOLDER, stdin=nonce.encode() + b"\n", script=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    scratch: Path
    nonce: str
    finished: asyncio.Future[Finished | None]


@dataclass(slots=True)
class _Queue:
    """The workspaces of one bundle that wait; `running` counts its sandboxes, `taken` those that waited. `came` tells of the next."""

    waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    running: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    taken: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Series:
    """Judges workspaces of the same bundle that wait at the same time together. `together`: how many are to come, who wait for
    each other a moment until they fill a sandbox; 0 where it is not known."""

    backend: Backend
    bytecode: Bytecode
    together: int = 0
    _queues: dict[str, _Queue] = field(default_factory=dict[str, _Queue])

    async def run(self, bundle: Bundle, scratch: Path, nonce: str) -> Finished | None:
        """How the checker ended on the workspace in `scratch`; None if it has to be judged alone."""
        queue = self._queues.setdefault(bundle.manifest.id, _Queue())
        one = _Waiting(scratch, nonce, asyncio.get_running_loop().create_future())
        queue.waiting.append(one)
        queue.came.set()
        if len(queue.running) < (1 if self.together else AT_ONCE):
            task = asyncio.create_task(self._serve(bundle, queue))
            queue.running.add(task)
            task.add_done_callback(queue.running.discard)
        try:
            return await one.finished
        except asyncio.CancelledError:
            # The sandbox may still have its folder mounted, which goes as soon as we return.
            if one in queue.waiting:
                queue.waiting.remove(one)
            elif queue.running:
                await asyncio.wait(set(queue.running))
            raise

    async def _serve(self, bundle: Bundle, queue: _Queue) -> None:
        try:
            await self._serve_all(bundle, queue)
        finally:
            # At once, or one that comes before the callback of this task would wait for what has ended.
            task = asyncio.current_task()
            if task is not None:
                queue.running.discard(task)

    async def _serve_all(self, bundle: Bundle, queue: _Queue) -> None:
        while queue.waiting:
            await self._gathered(queue)
            taken = [queue.waiting.popleft() for _ in range(min(MOST, len(queue.waiting)))]
            queue.taken += len(taken)
            found: list[Finished | None] = [None] * len(taken)
            try:
                found = await self._judged(bundle, taken)
            except (RuntimeFault, OSError):
                pass  # each is judged alone, and says why if that fails too
            finally:
                for one, finished in zip(taken, found):
                    if not one.finished.done():
                        one.finished.set_result(finished)

    async def _gathered(self, queue: _Queue) -> None:
        """Returns when a sandbox is full, when nobody is to come any more, or when the next takes long."""
        while len(queue.waiting) < min(MOST, self.together - queue.taken):
            queue.came.clear()
            try:
                await asyncio.wait_for(queue.came.wait(), _GATHERED_S)
            except TimeoutError:
                return

    async def _judged(self, bundle: Bundle, taken: list[_Waiting]) -> list[Finished | None]:
        script = await self.bytecode.of(bundle, self.backend)
        folders = script.at()
        runs: list[ScriptRun] = []
        for number, one in enumerate(taken):
            root = f"/each/{number}/"
            folders |= checker_folders(root, one.scratch)
            runs.append(ScriptRun(checker_arguments(root), one.nonce + "\n"))
        program = replace(checker_program(bundle, script), output_limit=_OUTPUT)
        return await self.backend.run_series(program, runs, folders)
