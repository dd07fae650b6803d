"""Programs that a task asks for and the system has not: Python tools of the runner's own environment, read-only."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

TOOLS = "/opt/tools"

# Tool to the packages that it consists of; those that are not installed are not needed here.
PYTHON_TOOLS: Mapping[str, tuple[str, ...]] = {
    "pytest": ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments", "exceptiongroup", "tomli"),
    "pyyaml": ("yaml",),
}
# Those that are imported and never started.
_LIBRARIES = frozenset(("pyyaml",))


def offered(tool: str) -> bool:
    """Can the runner lend this tool to a sandbox?"""
    return tool in PYTHON_TOOLS and importlib.util.find_spec(PYTHON_TOOLS[tool][0]) is not None


def lay_tools(folder: Path) -> None:
    """Copies every tool that can be lent into an empty folder, for all sandboxes to share."""
    library, programs = folder / "python", folder / "bin"
    for path in (library, programs):
        path.mkdir()
    for tool in filter(offered, PYTHON_TOOLS):
        for package in PYTHON_TOOLS[tool]:
            spec = importlib.util.find_spec(package)
            if spec is None or spec.origin is None:
                continue
            origin = Path(spec.origin)
            if origin.name == "__init__.py":
                shutil.copytree(origin.parent, library / package, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(origin, library / origin.name)
        if tool in _LIBRARIES:
            continue
        program = programs / tool
        program.write_text(f'#!/bin/sh\nexec /usr/bin/python3 -m {tool} "$@"\n')
    # Whatever the umask is, and the modes in the runner's environment: sandboxes may be another user's.
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent == programs else 0o644)


def tool_env(tools: Sequence[str], path: str) -> dict[str, str]:
    """The environment in which lent tools are found; `path` is the PATH of the sandbox."""
    if not any(tool in PYTHON_TOOLS for tool in tools):
        return {}
    return {"PATH": f"{path}:{TOOLS}/bin", "PYTHONPATH": f"{TOOLS}/python", "PYTHONDONTWRITEBYTECODE": "1"}
