"""Emitted checkers run in sandboxes while sources are proved: in a loop of its own, several tasks at once."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clawc.compiler.finding import Finding, Place

if TYPE_CHECKING:
    from clawc.runtime.sandbox.interface import Backend

# Tasks whose checkers run at the same time.
AT_ONCE = 6
CASES, THERE = "cases.json", "there.json"
_NOT_OURS = "report this, please: the task is not to blame"


class Seen(NamedTuple):
    """What came of the runs of one task: `more` is for its card (spec.card.Real), `again`: its proof has to be concluded
    from what programs did."""

    name: str
    more: dict[str, Any]
    again: bool


class EmittedRuns:
    """Runs what children have laid out. The loop and the sandboxes start with the first task that asks for them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._backend: Backend | None = None
        self._room: asyncio.Semaphore | None = None

    def __enter__(self) -> EmittedRuns:
        return self

    def __exit__(self, *_: object) -> None:
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def run(self, folders: list[Path]) -> Future[list[Seen]]:
        """What came of the tasks laid out in these folders. Raises SandboxUnavailable where sandboxes do not work."""
        loop = self._started()
        return asyncio.run_coroutine_threadsafe(self._all(folders), loop)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            from clawc.runtime.errors import SandboxUnavailable
            from clawc.runtime.sandbox.choose import backend_of, environment_choice
            from clawc.runtime.sandbox.memory_folder import memory_folder

            choice = environment_choice()
            # An engine of Docker need not see the memory of this machine.
            backend = backend_of(choice, memory_folder() if choice.name == "bubblewrap" else None)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
            self._backend = backend
            found = asyncio.run_coroutine_threadsafe(self._backend.probe(), self._loop).result()
            if not found.ok:
                raise SandboxUnavailable(found.reason, found.help)
        return self._loop

    async def _close(self) -> None:
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._backend is not None:
            await self._backend.close()

    async def _all(self, folders: list[Path]) -> list[Seen]:
        self._room = self._room or asyncio.Semaphore(AT_ONCE)
        async with self._room:
            return [await self._one(folder) for folder in folders]

    async def _one(self, folder: Path) -> Seen:
        from clawc.runtime.bundle import load
        from clawc.runtime.selftest.environments import repeated
        from clawc.runtime.selftest.real import Case, Judge, same_verdict
        from clawc.runtime.selftest.tamper import disturbed

        assert self._backend is not None
        asked = json.loads((folder / CASES).read_bytes())
        bundle = load(folder / "bundle")
        judge = Judge(bundle, self._backend)
        cases = [
            Case({p: None if d is None else b64decode(d) for p, d in c["files"].items()}, c["events"], c["programs"])
            for c in asked["cases"]
        ]
        there: list[dict[str, Any] | str | None] = []
        if asked["runs"]:
            there = [await judge.one(cases[0])]
        if not there or (isinstance(there[0], dict) and all(c["passed"] for c in there[0]["checks"])):
            there += await judge.all(cases[len(there) :])  # where the oracle fails, nothing else says anything
        oracle = there[0]
        disagreed: list[str] = []
        for number, (case, verdict) in enumerate(zip(asked["cases"], there)):
            if isinstance(verdict, str):
                disagreed.append(f"case {number}: no verdict: {verdict}")
            elif verdict is not None and case["here"] is not None and (why := same_verdict(case["here"], verdict)):
                disagreed.append(f"case {number}: {why}")
        more: dict[str, Any] = {
            "runs": sum(v is not None for v in there), "disagreed": disagreed[:20], "tampered": 0, "credited": [], "environments": [],
        }  # fmt: skip
        if asked["level"] == "release" and isinstance(oracle, dict) and len(there) > 1:
            found = await disturbed(judge, cases[0].files)
            more["tampered"] = len(found)
            more["credited"] = [f"{d.name}: {d.problem}" for d in found if d.problem]
            lines = await repeated(bundle, self._backend, cases[0], oracle)
            more["environments"] = [line.model_dump(mode="json") for line in lines]
        if asked["runs"]:
            (folder / THERE).write_text(json.dumps(there), encoding="utf-8")
        return Seen(folder.name, more, bool(asked["runs"]))


def add_seen(task: dict[str, Any], result: dict[str, Any], seen: Seen, path: str) -> None:
    """Put what was seen onto the card of a task, with a finding where it speaks against the checker."""
    card, more, name, line = task["card"], seen.more, task["name"], task["line"]
    card["real"] = {**more, "shape": card["real"]["shape"]}
    said = [("W0808", f"the emitted checker of `{name}` judges otherwise: {text}") for text in more["disagreed"][:3]]
    said += [("W0810", f"a disturbed workspace of `{name}` ({text})") for text in more["credited"][:3]]
    said += [
        ("W0808", f"the checker of `{name}` judges the oracle otherwise with TZ={e['zone']}, LC_ALL={e['locale']}, hash seed {e['hash_seed']}")
        for e in [e for e in more["environments"] if not e["same"]][:2]
    ]  # fmt: skip
    place = Place(line, 1, 0)
    for code, message in said:
        result["found"].append(Finding(code, message, path, place, place, "", _NOT_OURS).stored())
        listed = {
            "code": code,
            "message": message[:1000],
            "path": path,
            "line": line,
            "column": 1,
            "help": _NOT_OURS,
            "allowed": "",
        }
        card["findings"] = [*card["findings"], listed]
        card["clean"] = False
        card["reasons"] = [*card["reasons"], f"{code}: {message}"[:500]]


def settled(future: Future[list[Seen]], tick: Callable[[], None] | None = None) -> list[Seen]:
    """The result of runs. Raises what they raised; KeyboardInterrupt where they were cancelled."""
    try:
        return future.result()
    except CancelledError:
        raise KeyboardInterrupt from None
    finally:
        if tick is not None:
            tick()
