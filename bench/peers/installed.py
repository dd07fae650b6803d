"""Frameworks to compare with, each installed from PyPI into an environment of its own in the cache folder, once.

The versions of a framework and of all that it needs stand in its `constraints.txt`; an environment that was made from other
ones, or not to its end, is made anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from clawc.commands.check_cache import cache_folder

_MARK = "clawc-installed"
_PATIENCE_S = 900
_NEWEST_MINOR = 14


class Unavailable(Exception):
    """The text says why a framework cannot be measured here."""


class Framework(NamedTuple):
    """`package` in `version` needs Python 3.`minor`; `constraints` pins all that is installed with it."""

    name: str
    package: str
    version: str
    minor: int
    constraints: Path


def environment(framework: Framework) -> Path:
    """The folder of a virtual environment with the framework. Raises Unavailable."""
    folder = cache_folder().absolute() / "bench" / f"{framework.name}-{framework.version}"
    mark, digest = folder / _MARK, hashlib.sha256(framework.constraints.read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == digest and _runs(folder / "bin" / "python"):
        return folder
    python = _python(framework)
    sys.stderr.write(f"installing {framework.package} {framework.version} into {folder}\n")
    try:
        _install(framework, python, folder)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        said = getattr(error, "stderr", b"") or b""
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(
            f"{framework.package} {framework.version} cannot be installed: {lines[-1] if lines else error}"
        ) from error
    mark.write_text(digest)
    return folder


def _install(framework: Framework, python: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [python, "-m", "venv", "--clear", str(folder)],
        [*pip, "-c", str(framework.constraints), f"{framework.package}=={framework.version}"],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL)


def _python(framework: Framework) -> str:
    """The oldest interpreter at hand that is new enough."""
    for minor in range(framework.minor, _NEWEST_MINOR + 1):
        for path in _interpreters(minor):
            if _runs(path, minor):
                return str(path)
    raise Unavailable(
        f"{framework.package} {framework.version} needs Python 3.{framework.minor} or newer, and there is none on PATH or"
        " among the versions of pyenv"
    )


def _interpreters(minor: int) -> Iterator[Path]:
    if sys.version_info[:2] == (3, minor):
        yield Path(sys.executable)
    found = shutil.which(f"python3.{minor}")
    if found:
        yield Path(found)
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from sorted(versions.glob(f"3.{minor}.*/bin/python"))


def _runs(python: Path, minor: int | None = None) -> bool:
    """Is it an interpreter that starts (a shim of pyenv need not), and of this version?"""
    code = "import sys; print(sys.version_info[1])"
    try:
        done = subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return minor is None or done.stdout.strip() == b"%d" % minor
