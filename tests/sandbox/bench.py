"""What a case works with: a backend, sandboxes of it, and the host's view of them.

Nothing here depends on how a backend works. Processes are found on the host by a word in their arguments, files below
the folder that the backend keeps its state in.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Backend, ExecResult, LaidFile, Sandbox, SandboxEnded, Snapshot, Template
from clawc.spec.bundle import Limits

PYTHON = ("/usr/bin/python3", "-I", "-S")
INSIDE = Path(__file__).with_name("inside")
SMALL = Limits(wall_s=90, memory_bytes=128 << 20, disk_bytes=16 << 20, processes=40)
_POLL_S = 0.02


class Files:
    """A template from memory: three files, a folder and a program."""

    FILES: Mapping[str, LaidFile] = {
        "in/data.txt": LaidFile(b"data\n"),
        "in/deep/er/note.txt": LaidFile(b"note\n"),
        "in/tool": LaidFile(b"#!/bin/sh\necho tool\n", 0o755),
    }

    def __init__(self, key: str = "files") -> None:
        self.key = key

    def write(self, dest: Path) -> None:
        for name, file in self.FILES.items():
            path = dest / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(file.mode)


class Bench:
    """`folder` is the case's own on the host, where nothing of a sandbox belongs; `bundles` holds compiled tasks."""

    def __init__(self, backend: Backend, name: str, state: Path, folder: Path, bundles: Path, seen: Seen) -> None:
        self.backend = backend
        self.name = name
        self.state = state
        self.folder = folder
        self.bundles = bundles
        self._seen = seen

    @asynccontextmanager
    async def sandbox(
        self,
        limits: Limits = SMALL,
        env: Mapping[str, str] | None = None,
        template: Template | Snapshot | None = None,
    ) -> AsyncGenerator[Sandbox]:
        """A sandbox that is closed at the end, whatever happens."""
        made = await self.backend.create(template or Files(), limits, env or {})
        try:
            yield made
        finally:
            await finish(made.close())

    async def seen(self, program: str = "observe.py") -> Mapping[str, object]:
        """What a program of `inside/` reports of a fresh sandbox; run once for all cases."""
        return await self._seen.of(self, program)


class Seen:
    """Reports of programs from inside a sandbox, each made once."""

    def __init__(self) -> None:
        self._reports: dict[str, Mapping[str, object]] = {}
        self._lock = asyncio.Lock()

    async def of(self, bench: Bench, program: str) -> Mapping[str, object]:
        async with self._lock:
            if program not in self._reports:
                async with bench.sandbox(env={"X": "1"}, template=Files("secret-key-of-the-template")) as sandbox:
                    self._reports[program] = await report(sandbox, program, str(os.getpid()))
            return self._reports[program]


async def report(sandbox: Sandbox, program: str, *arguments: str, timeout_s: float = 60) -> dict[str, object]:
    """Run a program of `inside/` in a sandbox; it prints one line of JSON."""
    await sandbox.put(f"/tmp/{program}", (INSIDE / program).read_bytes())
    done = await sandbox.exec([*PYTHON, f"/tmp/{program}", *arguments], timeout_s=timeout_s)
    assert done.exit == 0, (done.exit, done.stderr.decode("utf-8", "replace")[-2000:])
    found: dict[str, object] = json.loads(done.stdout)
    return found


async def sh(sandbox: Sandbox, command: str, timeout_s: float = 30) -> str:
    """What a shell command says on both streams."""
    return text(await sandbox.exec(["/bin/sh", "-c", command], timeout_s=timeout_s))


async def py(sandbox: Sandbox, program: str, timeout_s: float = 30) -> str:
    """What a Python program says on both streams."""
    return text(await sandbox.exec([*PYTHON, "-c", program], timeout_s=timeout_s))


def text(done: ExecResult) -> str:
    return (done.stdout + done.stderr).decode("utf-8", "replace")


async def ended(sandbox: Sandbox, command: str) -> SandboxEnded:
    """The way in which a command ends the sandbox that it runs in."""
    try:
        done = await sandbox.exec(["/bin/sh", "-c", command], timeout_s=60)
    except SandboxEnded as end:
        return end
    raise AssertionError(f"the sandbox still runs: exit {done.exit}, {text(done)[-500:]}")


def word() -> str:
    """A number by which `sleep` and its like can be told from all others on this host."""
    return f"9{secrets.randbelow(10**9):09}.{secrets.randbelow(10**9):09}"


def processes(marker: str) -> list[int]:
    """Live processes of this host that have `marker` in their arguments."""
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{name}/cmdline").read_bytes()
            state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            continue
        if marker.encode() in command and state not in "ZX":
            found.append(int(name))
    return found


async def appears(marker: str, count: int = 1) -> list[int]:
    """Those processes, once there are `count` of them. The case's own time limit ends the wait."""
    while len(found := processes(marker)) < count:
        await asyncio.sleep(_POLL_S)
    return found


async def vanishes(marker: str) -> None:
    """Return once no process has `marker`; the case's own time limit ends the wait."""
    while processes(marker):
        await asyncio.sleep(_POLL_S)


def below(root: Path, name: str) -> list[Path]:
    """Entries called `name` below `root`, as far as this user may look."""
    return [Path(folder, name) for folder, folders, files in os.walk(root) if name in files or name in folders]
