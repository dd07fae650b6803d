"""Proofs in the background: a child plans and judges, sandboxes run the emitted checker, and all that is said comes as it is known.

A proof that nobody listens to any more is ended, with its child and its sandboxes.
"""

from __future__ import annotations

import asyncio
import shutil
from base64 import b64decode
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any

from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.playground.children import Children, End
from clawc.runtime.sandbox.choose import backend_of, environment_choice
from clawc.runtime.sandbox.interface import Backend
from clawc.runtime.sandbox.memory_folder import memory_folder, scratch_folder
from clawc.runtime.selftest.real import Case, Judge, same_verdict

# Seconds that the workspaces of one task may take in sandboxes; proofs at once.
_PATIENCE_S = 60.0
_AT_ONCE = 2
_LISTED = 8


class Proofs:
    """Sandboxes and their folder are made with the first proof that gets so far, and removed by `close`."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._opening = asyncio.Lock()
        self._backend: Backend | None = None
        self._folder: Path | None = None
        self._stack = ExitStack()
        self._number = 0

    async def run(self, job: Mapping[str, object]) -> AsyncGenerator[dict[str, Any]]:
        """What is said of the tasks of a text; the last message has `end`. See `proving.py`."""
        async with self._room:
            laid: dict[str, Any] = {}
            end = "done"
            async with aclosing(self._children.ask("prove", **job)) as messages:
                async for message in messages:
                    if isinstance(message, End):
                        end = message.why
                    elif "laid" in message:
                        laid[message["task"]] = message["laid"]
                    else:
                        yield message
            if end == "done" and laid:
                async with aclosing(self._in_sandboxes(job, laid)) as more:
                    async for message in more:
                        yield message
            yield {"end": end}

    async def _in_sandboxes(self, job: Mapping[str, object], laid: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        yield {"sandbox": "runs"}
        try:
            backend, folder = await self._opened()
            ran: dict[str, list[dict[str, Any] | str | None]] = {}
            for task, asked in laid.items():
                verdicts = await self._judged(backend, folder, asked)
                pairs = zip(asked["cases"], verdicts)
                yield {
                    "task": task,
                    "real": {"runs": sum(v is not None for v in verdicts), "disagreed": _disagreed(pairs)},
                }
                if asked["runs"]:
                    ran[task] = verdicts
        except RuntimeFault as fault:
            yield {"sandbox": "none", "why": f"{fault.message} ({fault.code})", "help": fault.help}
            return
        if ran:
            async with aclosing(self._children.ask("prove", **job, ran=ran)) as messages:
                async for message in messages:
                    if not isinstance(message, End):
                        yield message
        yield {"sandbox": "done"}

    async def _judged(
        self, backend: Backend, folder: Path, asked: Mapping[str, Any]
    ) -> list[dict[str, Any] | str | None]:
        """The verdicts of sandboxes; of an oracle that fails, nothing else is asked where programs run."""
        self._number += 1
        place = folder / str(self._number)
        cases = [
            Case({p: None if d is None else b64decode(d) for p, d in c["files"].items()}, c["events"], c["programs"])
            for c in asked["cases"]
        ]
        try:
            await asyncio.to_thread(_lay, place, asked["bundle"])
            judge = Judge(await asyncio.to_thread(load, place), backend)
            if not asked["runs"]:
                return await judge.all(cases, _PATIENCE_S)
            oracle = await judge.one(cases[0])
            if isinstance(oracle, dict) and all(check["passed"] for check in oracle["checks"]):
                return [oracle, *await judge.all(cases[1:], _PATIENCE_S)]
            return [oracle]
        finally:
            shutil.rmtree(place, ignore_errors=True)

    async def _opened(self) -> tuple[Backend, Path]:
        """Raises RuntimeFault where sandboxes do not work; the next proof tries again."""
        async with self._opening:
            if self._backend is not None and self._folder is not None:
                return self._backend, self._folder
            choice = environment_choice()
            backend = backend_of(choice, memory_folder() if choice.name == "bubblewrap" else None)
            found = await backend.probe()
            if not found.ok:
                await backend.close()
                raise SandboxUnavailable(found.reason, found.help)
            self._folder = self._stack.enter_context(scratch_folder("clawc-playground-"))
            self._backend = backend
            return backend, self._folder

    async def close(self) -> None:
        """Nothing is left of what was laid."""
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.close()
        self._stack.close()


def _lay(folder: Path, files: Mapping[str, str]) -> None:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b64decode(data))


def _disagreed(pairs: Any) -> list[str]:
    """Where a sandbox says otherwise than the compiler."""
    found: list[str] = []
    for number, (case, verdict) in enumerate(pairs):
        if isinstance(verdict, str):
            found.append(f"workspace {number}: no verdict: {verdict}")
        elif verdict is not None and isinstance(case["here"], dict) and (why := same_verdict(case["here"], verdict)):
            found.append(f"workspace {number}: {why}")
    return found[:_LISTED]
