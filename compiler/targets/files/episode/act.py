"""Does one thing in a workspace, in a process of its own: `python3 -I -S act.py` reads a request in JSON from standard
input and prints the answer. The grader's ways to run programs end all that descends from their process, hence this."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from importlib import import_module
from typing import Any

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The programs of a tool, of which there must be one.
_PROGRAMS = {
    "python": ("python3",), "pytest": ("pytest", "pytest-3"), "pip": ("pip", "pip3"), "node": ("node", "nodejs"),
    "sqlite": ("sqlite3",),
}  # fmt: skip
_HARDLINKS = "/proc/sys/fs/protected_hardlinks"


def main() -> None:
    sys.dont_write_bytecode = True
    sys.path.insert(0, HOME)  # where the grader is
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    answer = lay(request) if request["op"] == "lay" else run(request)
    sys.stdout.write(json.dumps(answer) + "\n")


def lay(request: dict[str, Any]) -> dict[str, Any]:
    """Write the workspace as the agent finds it into the new folder `tree`."""
    grader_bundle, programs = import_module("grader.bundle"), import_module("grader.programs")
    try:
        bundle = grader_bundle.Bundle(request["bundle"])
        lacking = _lacking(bundle.manifest, programs.environment(bundle.manifest, _tools(request))["PATH"])
        if lacking:
            return {"error": f"the task needs what is not on this machine: {', '.join(lacking)}"}
        programs.lay_inputs(bundle, request["tree"], [])
    except (grader_bundle.BundleError, OSError) as error:
        return {"error": str(error)}
    return {}


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run a shell command of the agent in the folder `tree`."""
    isolate, programs = import_module("grader.isolate"), import_module("grader.programs")
    isolate.shut_off()
    with open(os.path.join(request["bundle"], "bundle.json"), "rb") as file:
        manifest: dict[str, Any] = json.loads(file.read())
    tools = _tools(request)
    isolation = isolate.choose("", request["bwrap"], tools)
    if not request["unisolated"]:
        missing = _missing(isolation.name)
        if missing:
            return {"error": missing}
    seen = isolate.TOOLS if tools and isolation.name == "bwrap" else tools
    program = isolate.Program(
        ["/bin/sh", "-c", request["command"]], programs.environment(manifest, seen), ".", b"",
        request["timeout_s"], manifest["limits"],
    )  # fmt: skip
    try:
        with tempfile.TemporaryDirectory(prefix="act-") as scratch:
            ran = isolation.run(program, request["tree"], os.path.join(scratch, "after"))
    except OSError as error:
        return {"error": f"the command cannot be run: {error}"}
    limit: int = request["output"]
    return {
        "exit": ran.exit, "limit": ran.limit, "isolation": isolation.name,
        "stdout": _text(ran.stdout, limit), "stderr": _text(ran.stderr, limit),
        "truncated": ran.truncated or max(len(ran.stdout), len(ran.stderr)) > limit,
    }  # fmt: skip


def _tools(request: dict[str, Any]) -> str:
    """The folder of lent tools; empty if there is none."""
    usual: str = import_module("grader.isolate").TOOLS
    given: str = request["tools"]
    return given or (usual if os.path.isdir(usual) else "")


def _lacking(manifest: dict[str, Any], path: str) -> list[str]:
    """Tools that a task asks for and that are not there."""
    wanted: list[str] = manifest["environment"]["tools"]
    return [tool for tool in wanted if not any(shutil.which(name, path=path) for name in _PROGRAMS.get(tool, (tool,)))]


def _missing(isolation: str) -> str:
    """Why commands may not be run here; empty if they may."""
    if isolation == "none":
        return "commands cannot be isolated here: neither bubblewrap nor another user is to be had"
    if isolation == "user" and _read(_HARDLINKS) == "0":
        return "commands cannot be isolated here: hard links to files of others are allowed"
    return ""


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _text(data: bytes, limit: int) -> str:
    return data[:limit].decode("utf-8", "replace")


if __name__ == "__main__":
    main()
