"""Runs programs that a grader inside a sandbox asks for, each in a sandbox of its own (compiler/targets/grader/isolate.py is the
other side).

A request is the word of whoever is inside: it is read and answered by the means of the sandbox, bounded as any program is.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clawc.runtime.bundle import safe_path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.copy_folder import copy_folder
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.interface import WORKSPACE, FileProblem, Program, SandboxEnded
from clawc.runtime.sandbox.session import Session
from clawc.spec.bundle import Limits

# Where the requests are, inside, and the variable that says so.
FOLDER, VARIABLE = "/programs", "CLAWC_PROGRAMS"
_POLL_S = 0.01
_MOST = 1_000
_OUTPUT_LIMIT = 8 << 20


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    argv: Annotated[list[str], Field(min_length=1, max_length=10_000)]
    env: dict[str, str]
    cwd: str
    timeout_s: Annotated[float, Field(gt=0, le=600)]
    stdin: str
    limits: Limits
    links: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Tree:
    """A Template: a plain folder without links, with those of `links` laid into it; none through another one."""

    key: str
    folder: Path
    links: dict[str, str]

    def write(self, dest: Path) -> None:
        shutil.copytree(self.folder, dest, dirs_exist_ok=True)
        for path, target in self.links.items():
            *folders, name = path.split("/")
            above = list(itertools.accumulate(folders, Path.joinpath, initial=dest))
            if safe_path(path) and all(at.is_dir() and not at.is_symlink() for at in above):
                with suppress(FileExistsError):
                    (above[-1] / name).symlink_to(target)


async def answer_requests(session: Session, backend: Bubblewrap) -> None:
    """Answer the requests of a sandbox, one after the other, until this is cancelled or the sandbox ends. One that cannot even be
    told what is wrong gets no answer."""
    folder = session.folders[FOLDER]
    for number in range(1, _MOST + 1):
        while not os.path.lexists(folder / f"{number}.json"):
            await asyncio.sleep(_POLL_S)
        try:
            await _answer(session, backend, number)
        except SandboxEnded:
            return
        except (RuntimeFault, FileProblem, ValidationError, OSError, ValueError, RecursionError) as error:
            with suppress(FileProblem, SandboxEnded, RuntimeFault):
                await _reply(session, number, {"fault": ascii(str(error))[1:-1][:2000]})


async def end(session: Session | None, answering: asyncio.Task[None] | None) -> None:
    """Stop answering, and remove the sandbox, also when the caller is cancelled meanwhile."""
    try:
        if answering is not None:
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering
    finally:
        if session is not None:
            await session.close()


async def _answer(session: Session, backend: Bubblewrap, number: int) -> None:
    at = f"{FOLDER}/{number}"
    request = _Request.model_validate_json(await session.get(f"{at}.json"))
    if request.cwd != "." and not safe_path(request.cwd):
        raise ValueError(f"unsafe folder {request.cwd!a}")
    with tempfile.TemporaryDirectory(prefix="clawc-program-") as scratch:
        tree, after = Path(scratch, "tree"), Path(scratch, "after")
        await in_thread(copy_folder, (session.folders[FOLDER],), (f"{number}.tree",), tree)
        program = Program(
            argv=tuple(request.argv),
            limits=request.limits,
            timeout_s=request.timeout_s,
            env=request.env,
            cwd=WORKSPACE if request.cwd == "." else f"{WORKSPACE}/{request.cwd}",
            stdin=base64.b64decode(request.stdin),
            output_limit=_OUTPUT_LIMIT,
        )
        finished = await backend.run_over(program, _Tree(secrets.token_hex(16), tree, request.links), {}, after)
        for path in sorted(after.rglob("*")):
            if path.is_file():
                mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
                await session.put(f"{at}.after/{path.relative_to(after).as_posix()}", path.read_bytes(), mode)
    result = {
        "exit": finished.exit, "limit": finished.limit, "truncated": finished.truncated,
        "stdout": base64.b64encode(finished.stdout).decode(), "stderr": base64.b64encode(finished.stderr).decode(),
    }  # fmt: skip
    await _reply(session, number, result)


async def _reply(session: Session, number: int, result: Mapping[str, object]) -> None:
    await session.put(f"{FOLDER}/{number}.result", json.dumps(result).encode())
    await session.put(f"{FOLDER}/{number}.done", b"")
