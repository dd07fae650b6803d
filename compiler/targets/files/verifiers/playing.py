"""Puts files into a runtime and takes them out of it, and plays steps of a solution there. What comes out is hostile: it is
bounded here and read by the grader alone."""

# verifiers is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import io
import json
import os
import shlex
import tarfile
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from verifiers.v1.runtimes import Runtime

# More than the grader takes of a workspace, headers included.
MAX_ARCHIVE = 384 << 20
_SOLUTION = "private/solution/"
# As in the sandboxes of clawc.
_ENV = ("PATH=/usr/bin:/bin:/usr/local/bin", "HOME=/tmp", "LANG=C.UTF-8")


class Step(NamedTuple):
    """`op` is write, delete, run, read or say; `data` is what is written."""

    op: str
    path: str
    argv: list[str]
    data: bytes


class CannotPlay(Exception):
    """The text says which step failed, and how."""


async def lay(runtime: Runtime, bundle: Path, manifest: dict[str, Any]) -> None:
    """The inputs with their modes, and the links, into the folder that the runtime works in."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        named = [one["path"] for one in (*manifest["workspace"], *manifest["links"])]
        for folder in sorted(
            {"/".join(parts[:n]) for parts in (p.split("/") for p in named) for n in range(1, len(parts))}
        ):
            entry = _entry(folder, 0o755)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
        for one in manifest["workspace"]:
            data = (bundle / "public" / "workspace" / one["path"]).read_bytes()
            entry = _entry(one["path"], one["mode"])
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        for link in manifest["links"]:
            entry = _entry(link["path"], 0o777)
            entry.type = tarfile.SYMTYPE
            entry.linkname = os.path.relpath(link["to"], os.path.dirname(link["path"]) or ".")
            tar.addfile(entry)
    path = _scratch()
    await runtime.write(path, archive.getvalue())
    await _shell(runtime, f"tar -xpf {path} --no-same-owner && rm -f {path}", "lay the workspace")


async def taken(runtime: Runtime) -> bytes:
    """A tar archive of the folder that the runtime works in, cut off where it is too large."""
    path = _scratch()
    try:
        await _shell(runtime, f"tar -cf - . | head -c {MAX_ARCHIVE} > {path}", "take the workspace out")
        archive: bytes = await runtime.read(path, max_bytes=MAX_ARCHIVE)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        if runtime.type != "subprocess":
            raise
        return _nothing()  # the agent has removed the folder itself, or shut it
    finally:
        await _forget(runtime, path)
    if not archive:
        raise CannotPlay("tar said nothing of the workspace")
    return archive


def bundled(bundle: Path) -> list[Step]:
    """The steps of a bundle's own solution; none where it has none."""
    file = bundle / _SOLUTION / "steps.json"
    return _steps(file, bundle / _SOLUTION) if file.is_file() else []


def stored(folder: Path) -> list[Step]:
    """The steps in a folder that is made as a solution is: `steps.json`, and what is written below `files/`."""
    return _steps(folder / "steps.json", folder)


async def play(runtime: Runtime, steps: list[Step]) -> None:
    """Raises CannotPlay where a step fails."""
    for number, step in enumerate(steps, 1):
        what, path = f"play step {number}", shlex.quote(f"./{step.path}")
        if step.op == "write":
            folder = shlex.quote(f"./{os.path.dirname(step.path)}")
            await _shell(runtime, f"mkdir -p {folder} && rm -f {path}", what)
            await runtime.write(f"./{step.path}", step.data)
        elif step.op == "delete":
            await _shell(runtime, f"rm -f {path}", what)
        elif step.op == "run":
            await _run(runtime, ["env", "-i", *_ENV, *step.argv], what)


def _steps(file: Path, folder: Path) -> list[Step]:
    found: list[Step] = []
    for step in json.loads(file.read_bytes())["steps"]:
        path, source = step.get("path") or "", (step.get("source") or "").removeprefix(_SOLUTION)
        if not all(map(_leads_down, filter(None, (path, source)))) or (step["op"] in ("write", "delete") and not path):
            raise CannotPlay(f"{file}: unsafe path in {step}")
        data = (folder / source).read_bytes() if step["op"] == "write" else b""
        found.append(Step(step["op"], path, list(step.get("argv") or ()), data))
    return found


def _leads_down(path: str) -> bool:
    return all(part not in ("", ".", "..") for part in path.split("/")) and "\0" not in path


def _entry(path: str, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mode = mode
    return entry


def _nothing() -> bytes:
    archive = io.BytesIO()
    tarfile.open(fileobj=archive, mode="w").close()
    return archive.getvalue()


def _scratch() -> str:
    return f"/tmp/claw-{uuid.uuid4().hex}.tar"


async def _forget(runtime: Runtime, path: str) -> None:
    try:
        await runtime.run(["rm", "-f", path], {})
    except OSError:
        Path(path).unlink(missing_ok=True)  # the folder to run in is gone: it was on this machine


async def _shell(runtime: Runtime, command: str, what: str) -> None:
    await _run(runtime, ["sh", "-c", command], what)


async def _run(runtime: Runtime, argv: list[str], what: str) -> None:
    result = await runtime.run(argv, {})
    if result.exit_code:
        raise CannotPlay(f"cannot {what}: exit status {result.exit_code}: {(result.stderr or result.stdout)[-500:]}")
