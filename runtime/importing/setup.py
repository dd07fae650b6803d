"""Runs, in a sandbox, the script by which a task of another benchmark makes its inputs: what it leaves is the workspace."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from clawc.compiler.importers.model import ImportedTask, InputFile, Refused
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import WORKSPACE, Backend, LaidFile, Program
from clawc.runtime.workspace import EmptyTemplate
from clawc.spec.bundle import Limits

MADE = "workspace"  # the folder that the script fills, below the one in which it runs
_OUTPUT = 1 << 20
_LIMITS = Limits(wall_s=60, memory_bytes=1 << 30, disk_bytes=256 << 20, processes=128)
MAX_FILES = 5_000
MAX_FILE = 16 << 20


async def prepare(task: ImportedTask, backend: Backend) -> None:
    """Fills `task.files` with what its setup makes, over those that are there. Raises Refused where the script fails, and
    RuntimeFault where nothing can be run."""
    setup = task.setup
    if setup is None:
        return
    laid = {path: LaidFile(file.data, 0o755 if file.executable else 0o644) for path, file in setup.files.items()}
    laid |= {f"{MADE}/{path}": LaidFile(f.data, 0o755 if f.executable else 0o644) for path, f in task.files.items()}
    program = Program(
        argv=tuple(word.replace("{workspace}", f"{WORKSPACE}/{MADE}") for word in setup.argv), limits=_LIMITS,
        timeout_s=setup.timeout_s, env={}, cwd=WORKSPACE, stdin=b"", output_limit=_OUTPUT,
    )  # fmt: skip
    scratch = backend.scratch()
    try:
        tree = scratch / "tree"
        finished = await backend.run_over(program, EmptyTemplate(), laid, tree)
        if finished.limit or finished.exit != 0:
            why = (
                f"exceeded its {finished.limit} limit" if finished.limit else f"ended with exit status {finished.exit}"
            )
            said = finished.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise Refused(f"the script that makes its inputs {why}" + (f": {said[0][:200]}" if said else ""))
        task.files |= _made(tree / MADE)
    finally:
        await finish(backend.discard(scratch))


def _made(folder: Path) -> dict[str, InputFile]:
    """The files below a folder of a collected tree, which holds no links."""
    found: dict[str, InputFile] = {}
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(at) / name
            seen = path.stat()
            if len(found) >= MAX_FILES or seen.st_size > MAX_FILE:
                raise Refused(f"it makes more than {MAX_FILES} inputs, or one larger than {MAX_FILE >> 20} MiB")
            found[path.relative_to(folder).as_posix()] = InputFile(path.read_bytes(), bool(seen.st_mode & 0o100))
    return found


async def prepare_all(tasks: Sequence[ImportedTask], backend: Backend, at_once: int) -> list[ImportedTask | Refused]:
    """Each of the tasks, prepared, or why it cannot be. Raises SandboxUnavailable."""
    probe = await backend.probe()
    if not probe.ok:
        raise SandboxUnavailable(probe.reason, probe.help)
    places = asyncio.Semaphore(at_once)

    async def one(task: ImportedTask) -> ImportedTask | Refused:
        async with places:
            try:
                await prepare(task, backend)
            except Refused as why:
                return why
            return task

    return list(await asyncio.gather(*map(one, tasks)))
