"""What `clawc doctor` reports about running: each row is a fact, and what to do if it is a bad one."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable

if TYPE_CHECKING:
    from clawc.runtime.harness.npm.install import Package

_SPACE = 1 << 30
_OVER_HTTP = ("aiohttp",)
_HERE = ("torch", "transformers", "tokenizers", "safetensors", "gguf")


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    ok: bool
    detail: str
    help: str = ""


def checks() -> list[Row]:
    """Runs a first sandbox for real; takes about a second."""
    return asyncio.run(_checks())


async def _checks() -> list[Row]:
    rows = [_space()]
    if sys.platform != "linux":
        return [
            Row("sandbox", False, f"sandboxes need Linux, this is {sys.platform}", "Build here, run on Linux."),
            *rows,
        ]
    from clawc.runtime.sandbox.bubblewrap import Bubblewrap
    from clawc.runtime.sandbox.probe import find_bwrap

    try:
        path, version = find_bwrap()
        rows.append(Row("bubblewrap", True, f"{version} at {path}"))
    except SandboxUnavailable as error:
        rows.append(Row("bubblewrap", False, error.message, error.help))
    backend = Bubblewrap()
    try:
        found = await backend.probe()
    finally:
        await backend.close()
    rows.append(Row("sandbox", found.ok, ", ".join(found.enforcers) if found.ok else found.reason, found.help))
    if found.ok:
        slow = "Put TMPDIR on a file system that can hold an overlay's upper layer, such as ext4, xfs or btrfs."
        detail = "copy-on-write" if found.overlay else "copied whole for each episode"
        rows.append(Row("workspaces", True, detail, "" if found.overlay else slow))
    rows.append(await asyncio.to_thread(_engine))
    return [*rows, *_models(), *_agents()]


def _models() -> list[Row]:
    """Models are for who asks for them, so that their absence is no fault."""
    found: list[Row] = []
    for name, packages, extra in (("http models", _OVER_HTTP, "gateway"), ("local models", _HERE, "local")):
        missing = [package for package in packages if find_spec(package) is None]
        if missing:
            detail = f"only with {', '.join(missing)}"
            found.append(Row(name, True, detail, f"Install it: pip install 'clawc[{extra}]'."))
        else:
            found.append(Row(name, True, ", ".join(f"{package} {version(package)}" for package in packages)))
    return found


def install_agent(name: str) -> str:
    """Install an agent that comes as an npm package; what was done. Raises RuntimeFault R0403 for an unknown one, R0408 where it cannot
    be installed or does not start, R0405 where sandboxes cannot see it. Where there are no sandboxes it is not tried."""
    from clawc.runtime.harness.npm.install import AGENTS, NODE, install

    package = AGENTS.get(name)
    if package is None:
        raise RuntimeFault("R0403", f"there is no agent `{name}` to install", f"Known are {', '.join(AGENTS)}.")
    install(NODE)
    folder = install(package)
    try:
        ready = asyncio.run(_warmed(package))
    except RuntimeFault as fault:
        if fault.code in ("R0405", "R0408"):
            raise
        return f"{name} {package.version} is at {folder}; it was not tried: {fault.message}"
    return f"{name} {package.version} is at {folder}" + (", and starts" if ready else "; its user may not write there")


async def _warmed(package: Package) -> bool:
    from clawc.runtime.harness.npm.warm import warm
    from clawc.runtime.sandbox.bubblewrap import Bubblewrap

    backend = Bubblewrap()
    try:
        return await warm(package, backend)
    finally:
        await backend.close()


def _agents() -> list[Row]:
    """Agents are for who asks for them, so that their absence is no fault."""
    from clawc.runtime.harness.npm.install import AGENTS, NODE, installed

    rows: list[Row] = []
    for name, package in AGENTS.items():
        folder = installed(package) if installed(NODE) is not None else None
        detail = "only after an installation" if folder is None else f"{package.version} at {folder}"
        rows.append(Row(name, True, detail, f"Install it: clawc doctor --install {name}" if folder is None else ""))
    return rows


def _engine() -> Row:
    """Docker is for who asks for it, so that its absence is no fault."""
    from clawc.runtime.sandbox.docker.engine import connect

    try:
        client = connect()
    except SandboxUnavailable as error:
        return Row("docker", True, f"only for `--sandbox docker`: {error.message}", error.help)
    try:
        return Row("docker", True, str(client.version().get("Version")))
    finally:
        client.close()


def _space() -> Row:
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    return Row(
        "disk",
        free >= _SPACE,
        f"{free >> 20} MiB free in {folder}",
        "" if free >= _SPACE else "Free some space, or set TMPDIR.",
    )
