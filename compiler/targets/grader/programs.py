"""Runs the programs that a checker wants to know about. They are the agent's code: each has a folder of its own, with
neither checker nor truth in it; the checker reads what is left of them from a folder per job."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from typing import Any

from .bundle import Bundle
from .collect import remove
from .isolate import BASE_ENV, Isolation, lent
from .process import OUTPUT_LIMIT, Program

MAX_SET = 10_000


def run_jobs(
    bundle: Bundle, workspace: str, dest: str, isolation: Isolation, scratch: str, tools: str, trajectory: str = ""
) -> None:
    """Run all jobs over the pristine inputs and the deliverables in `workspace`, a collected folder, or over all of it; the new folder `dest`
    gets `ID/result.json`, `stdout`, `stderr` and `tree/` for each. Programs work below the folder `scratch`, where nothing else is that
    they may read. `tools` is where lent tools are for them."""
    os.mkdir(dest)
    manifest = bundle.manifest
    delivered = _deliverables(manifest, workspace) if manifest["jobs"] else {}
    edited = [one["edits"] for one in manifest["deliverables"] if one["edits"]]
    for job in manifest["jobs"]:
        # Another name for each: what cannot be removed of one is no obstacle to the next.
        tree, folder = os.path.join(scratch, secrets.token_hex(8)), os.path.join(dest, job["id"])
        os.mkdir(folder)
        whole, alone = job.get("whole", False), job.get("alone", False)
        if whole:
            os.mkdir(tree, 0o755)
        else:
            changed = [path for path in edited if not alone or path in job["argv"]]
            lay_inputs(bundle, tree, [*changed, *job["without"]])
        for path, source in (_everything(workspace) if whole else delivered).items():
            if whole or (path not in job["without"] and (not alone or path in job["argv"])):
                target = _lay(tree, path, b"", 0o755 if os.stat(source).st_mode & 0o100 else 0o644)
                shutil.copyfile(source, target)  # it may be large
        for path, name in job["files"].items():
            _lay(tree, path, bundle.read(name), 0o644)
        record = b""
        if trajectory and job.get("transcript", False):
            with open(trajectory, "rb") as file:
                record = file.read()
        ran = isolation.run(_program(manifest, job, tools, record), tree, os.path.join(folder, "tree"))
        remove(tree)
        problem = ""
        if ran.limit and ran.limit != "time":
            problem = "exceeded its %s limit" % ran.limit
        elif ran.truncated:
            problem = "wrote more than %d bytes of output" % OUTPUT_LIMIT
        result = {"exit": ran.exit, "timed_out": ran.limit == "time", "problem": problem}
        for name, data in (
            ("result.json", json.dumps(result).encode()),
            ("stdout", ran.stdout),
            ("stderr", ran.stderr),
        ):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)


def lay_inputs(bundle: Bundle, dest: str, without: list[str]) -> None:
    """Write the workspace as the agent found it into the new folder `dest`, but for files and folders `without`."""
    os.mkdir(dest, 0o755)
    for path, file in bundle.inputs().items():
        if not any(path == one or path.startswith(one + "/") for one in without):
            _lay(dest, path, file.data, file.mode)
    for link in bundle.manifest["links"]:
        at = os.path.join(dest, *link["path"].split("/"))
        os.makedirs(os.path.dirname(at), exist_ok=True)
        os.symlink(os.path.relpath(os.path.join(dest, *link["to"].split("/")), os.path.dirname(at)), at)


def lay_solution(bundle: Bundle, dest: str) -> bool:
    """Play the bundle's own solution into the new folder `dest`; whether that was possible without running anything."""
    lay_inputs(bundle, dest, [])
    steps = bundle.steps()
    for step in steps:
        if step["op"] == "write":
            _lay(dest, step["path"], bundle.read(step["source"]), 0o644)
        elif step["op"] == "delete":
            target = os.path.join(dest, *step["path"].split("/"))
            if os.path.isfile(target):
                os.unlink(target)
        elif step["op"] == "run":
            return False
    return bool(steps)


def environment(manifest: dict[str, Any], tools: str) -> dict[str, str]:
    """The variables of programs, with where lent tools are found if the task asks for any."""
    offered = manifest["environment"]
    return {**BASE_ENV, **(lent(tools) if offered["tools"] else {}), **offered["env"]}


def _program(manifest: dict[str, Any], job: dict[str, Any], tools: str, record: bytes) -> Program:
    env = {**environment(manifest, tools), **job["env"]}
    stdin = job["stdin"].encode("utf-8", "replace") + record
    return Program(list(job["argv"]), env, job["cwd"], stdin, job["timeout_s"], manifest["limits"])


def _lay(root: str, path: str, data: bytes, mode: int) -> str:
    """Write one file, in place of whatever stands in its way, and give its place. Nobody else is writing here."""
    *folders, last = path.split("/")
    at = root
    for part in folders:
        at = os.path.join(at, part)
        if os.path.islink(at) or os.path.isfile(at):
            os.unlink(at)
        os.makedirs(at, 0o755, exist_ok=True)
    target = os.path.join(at, last)
    if os.path.islink(target):
        os.unlink(target)
    elif os.path.isdir(target):
        shutil.rmtree(target)
    with open(target, "wb") as file:
        file.write(data)
    os.chmod(target, mode)
    return target


def _deliverables(manifest: dict[str, Any], workspace: str) -> dict[str, str]:
    """The deliverables that exist, each with the file; `workspace` was collected, so it holds no links."""
    found: dict[str, str] = {}
    for one in manifest["deliverables"]:
        for path in [one["path"]] if one["shape"] == "file" else _matching(one["path"], workspace):
            file = os.path.join(workspace, *path.split("/"))
            if os.path.isfile(file):
                found[path] = file
    return found


def _everything(workspace: str) -> dict[str, str]:
    """All files of a collected folder."""
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(workspace):
        folders.sort()
        inside = os.path.relpath(folder, workspace)
        found.update(
            {name if inside == "." else inside + "/" + name: os.path.join(folder, name) for name in sorted(names)}
        )
    return found


def _matching(pattern: str, workspace: str) -> list[str]:
    """The paths of a set: `*` stands for a part of a name, `**` for any folders."""
    parts = re.split(r"(\*\*/?|\*)", pattern)
    body = "".join({"*": "[^/]*", "**": ".*", "**/": "(?:.*/)?"}.get(part, re.escape(part)) for part in parts)
    wanted, found = re.compile(body + r"\Z", re.DOTALL), list[str]()
    for folder, folders, names in os.walk(workspace):
        folders.sort()
        inside = os.path.relpath(folder, workspace)
        found += [
            path for name in sorted(names) if wanted.match(path := name if inside == "." else inside + "/" + name)
        ]
    return found[:MAX_SET]
