"""Workers seen from the server: asked by turns, killed when they take too long, and started anew with what is open."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any

from clawc.lsp.worker import WIDTH

MAX_ANSWER = 64 << 20


class Overdue(Exception):
    """A worker did not answer in its time, or died over the question."""


class Refused(Exception):
    """It answered that this cannot be done, and why."""


class Worker:
    """One process, which is started when it is first asked. `wait_s` are seconds of wall time for an answer, `encoding`
    is what characters of positions are counted in."""

    def __init__(self, wait_s: float, encoding: str = "utf-16") -> None:
        self._wait_s = wait_s
        self._encoding = encoding
        self._process: asyncio.subprocess.Process | None = None
        self._open: dict[str, tuple[str, str]] = {}
        self._stale: set[str] = set()  # paths whose text the process does not have
        self._lock = asyncio.Lock()
        self.started = 0

    def put(self, path: str, text: str, root: str) -> None:
        """A buffer has this text now; it is told with the next question."""
        self._open[path] = (text, root)
        self._stale.add(path)

    def drop(self, path: str) -> None:
        """A buffer is closed."""
        self._open.pop(path, None)
        self._stale.add(path)

    async def ask(self, method: str, **params: Any) -> Any:
        """Raises Refused, or Overdue with what happened; the next question finds a fresh process then. Whoever no longer waits does
        not end the question."""
        asked = asyncio.ensure_future(self._by_turns(method, params))
        asked.add_done_callback(_heard)
        return await asyncio.shield(asked)

    async def _by_turns(self, method: str, params: dict[str, Any]) -> Any:
        async with self._lock:
            try:
                return await asyncio.wait_for(self._ask(method, params), self._wait_s)
            except TimeoutError:
                await self.kill()
                raise Overdue(f"no answer to `{method}` in {self._wait_s:g} s") from None
            except (OSError, EOFError, ValueError) as error:
                await self.kill()
                raise Overdue(f"the process that reads sources ended over `{method}`: {error}") from error

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        process = self._process or await self._start()
        for path in sorted(self._stale):
            held = self._open.get(path)
            if held is None:
                self._write(process, "drop", {"path": path})
            else:
                self._write(process, "put", {"path": path, "text": held[0], "root": held[1]})
        self._stale.clear()
        self._write(process, method, params)
        assert process.stdin is not None and process.stdout is not None
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(WIDTH), "big")
        if size > MAX_ANSWER:
            raise ValueError("answer too large")
        answer = json.loads(await process.stdout.readexactly(size))
        if "refused" in answer:
            raise Refused(answer["refused"])
        if "failed" in answer:
            raise ValueError(answer["failed"])
        return answer["result"]

    @staticmethod
    def _write(process: asyncio.subprocess.Process, method: str, params: dict[str, Any]) -> None:
        body = json.dumps({"method": method, "params": params}).encode("ascii")
        assert process.stdin is not None
        process.stdin.write(len(body).to_bytes(WIDTH, "big") + body)

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "clawc.lsp.worker", self._encoding, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, env=_environment(),
        )  # fmt: skip
        self._stale = set(self._open)
        self.started += 1
        return self._process

    async def kill(self) -> None:
        """Ends the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _heard(asked: asyncio.Future[Any]) -> None:
    """Its failure is known, even when nobody waits for the answer any more."""
    if not asked.cancelled():
        asked.exception()


def _environment() -> dict[str, str]:
    """Nothing secret goes to a process that reads what strangers wrote."""
    kept = (
        "PATH",
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "SYSTEMROOT",
        "LANG",
        "LC_ALL",
        "TEMP",
        "TMP",
        "TMPDIR",
        "HOME",
        "USERPROFILE",
    )
    return {name: os.environ[name] for name in kept if name in os.environ}
