"""Runs a framework's command quietly: nothing of the user's environment, a home of its own, and clawc where Python finds it."""

from __future__ import annotations

import importlib.metadata
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import clawc
from clawc.compiler.targets.export import ExportFile
from clawc.runtime.runners.interface import RunnerFailed

PATIENCE_S = 3600.0
_TAIL = 3_000


def stage(folder: Path) -> Path:
    """A new folder for PYTHONPATH that holds clawc and nothing else of this environment, with its entry points."""
    folder.mkdir(parents=True)
    (folder / "clawc").symlink_to(Path(clawc.__file__).resolve().parent, target_is_directory=True)
    with suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution("clawc")
        info = folder / f"clawc-{distribution.version}.dist-info"
        info.mkdir()
        for name in ("METADATA", "entry_points.txt"):
            (info / name).write_text(distribution.read_text(name) or "", encoding="utf-8")
    return folder


def run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a command printed, in `cwd` or `folder`, whose subfolders `home` and `staged` it has. Raises RunnerFailed."""
    home, staged = folder / "home", folder / "staged"
    for path in (folder, home):  # our sandboxes are other users', and have their files in there
        path.mkdir(exist_ok=True)
        path.chmod(0o711)
    env = {
        "PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home), "NO_COLOR": "1", "COLUMNS": "200",
        "PYTHONPATH": str(staged if staged.is_dir() else stage(staged)), **(more or {}),
    }  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=cwd or folder, env=env, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise RunnerFailed(f"`{command[0]}` did not run: {error}") from error
    if done.returncode:
        said = (done.stderr + done.stdout)[-_TAIL:].strip()
        raise RunnerFailed(f"`{Path(command[0]).name}` ended with {done.returncode}: {said}")
    return done.stdout


def write_export(files: Mapping[str, ExportFile], folder: Path) -> None:
    """The files of an export, in a folder. Raises OSError."""
    for path, file in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        target.chmod(file.mode)
