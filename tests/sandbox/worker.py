"""Plays cases as the user that it is started as, one backend for all of them: names come in, a line each; a line of
JSON goes out for each. At the end nothing of the backend may be left.

Arguments: BACKEND, the folder for its state, a folder for the cases, the folder of the compiled bundles.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import FileProblem, SandboxEnded
from tests.sandbox.backends import BACKENDS
from tests.sandbox.bench import Bench, Seen
from tests.sandbox.cases import CASES

# Far above what a case takes: one that meets it hangs.
CASE_S = 150
AT_ONCE = 3
_FAILURES = (
    AssertionError, RuntimeFault, SandboxEnded, FileProblem, OSError, LookupError, TypeError, ValueError, AttributeError,
)  # fmt: skip


async def play(name: str, bench: Bench) -> dict[str, object]:
    """The answer about one case."""
    try:
        async with asyncio.timeout(CASE_S):
            await CASES[name].play(bench)
    except TimeoutError:
        return {"case": name, "ok": False, "said": f"hangs\n{traceback.format_exc()}"}
    except _FAILURES:
        return {"case": name, "ok": False, "said": traceback.format_exc()}
    return {"case": name, "ok": True, "said": ""}


async def main() -> None:
    name, state, folder, bundles = sys.argv[1], *map(Path, sys.argv[2:5])
    backend = BACKENDS[name](state)
    seen, turns = Seen(), asyncio.Semaphore(AT_ONCE)
    probe = await backend.probe()
    print(json.dumps({"ok": probe.ok, "said": f"{probe.reason}. {probe.help}"}), flush=True)

    async def answer(case: str) -> None:
        async with turns:
            own = Path(tempfile.mkdtemp(dir=folder))
            reply = await play(case, Bench(backend, name, state, own, bundles, seen))
            print(json.dumps(reply), flush=True)

    requests = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    try:
        async with asyncio.TaskGroup() as group:
            while probe.ok and (line := await requests.readline()):
                group.create_task(answer(line.decode().strip()))
    finally:
        await backend.close()
    left = os.listdir(state)
    if left:
        raise SystemExit(f"left in the state folder: {left}")
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    if children:
        raise SystemExit(f"left running: {[Path(f'/proc/{pid}/cmdline').read_bytes() for pid in children]}")


if __name__ == "__main__":
    asyncio.run(main())
