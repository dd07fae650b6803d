"""A runner to be killed: two sandboxes with a process in each. Arguments: BACKEND, state folder, a word for `sleep`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.sandbox.backends import BACKENDS
from tests.sandbox.bench import SMALL, Files, sh


async def main() -> None:
    backend = BACKENDS[sys.argv[1]](Path(sys.argv[2]))
    await backend.probe()
    for _ in range(2):
        sandbox = await backend.create(Files(), SMALL, {})
        await sh(sandbox, f"setsid sleep {sys.argv[3]} >/dev/null 2>&1 &")
    print("running", flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main())
