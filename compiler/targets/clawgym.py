"""Export to the layout of ClawGym's tasks: a folder each, whose reward is the bundle's verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions, Weakness
from clawc.compiler.targets.parts import (
    RECORD_WEAK,
    RUBRIC_WEAK,
    Weak,
    bundle_files,
    grader_files,
    joined_instruction,
    weaknesses,
    workspace_files,
)

MOUNT = "/root/.openclaw/workspace"
REWARD = "reward"
_WEAK: Weak = {
    "separation": ("weak", "judged where the agent was, after it has ended; what it has left running is not ended"),
    "network": ("weak", "the runner's network is open to the agent"),
    "memory": ("weak", "no limit for the agent; programs are held as a whole"),
    "disk": ("weak", "no limit for the agent"),
    "processes": ("weak", "no limit for the agent"),
    "time": ("weak", "the runner has limits of its own: 900 s for the agent, 120 s for judging"),
    "programs": ("weak", "the programs {} run in bubblewrap where it works there, else as another user if the grader is root, else beside it"),
    "rubric": ("lost", RUBRIC_WEAK),
    "record": ("lost", RECORD_WEAK),
    "turns": ("weak", "{} messages of the user are said at once"),
    "links": ("lost", "the links {} are not there"),
    "modes": ("weak", "modes of inputs are those of the files in the export, if the runner keeps them"),
    "variables": ("lost", "the agent does not get {}"),
}  # fmt: skip


def clawgym(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """A folder for each task; beside `check.py` lie its bundle and the grader."""
    here = files("clawc.compiler.targets") / "files" / "clawgym"
    script, check = ((here / name).read_bytes() for name in ("reward.sh", "check.py"))
    found: dict[str, ExportFile] = {}
    weak: list[Weakness] = []
    for task in tasks:
        folder = task.manifest.task
        found[f"{folder}/data_entry.json"] = ExportFile(_entry(task).encode())
        found |= workspace_files(task, f"{folder}/input_files")
        found[f"{folder}/{REWARD}/reward.sh"] = ExportFile(script, 0o755)
        found[f"{folder}/{REWARD}/check.py"] = ExportFile(check)
        found |= grader_files(f"{folder}/{REWARD}")
        found |= bundle_files(task, f"{folder}/{REWARD}/bundle")
        weak += [*weaknesses(task, _WEAK), *_overlaps(task)]
        tools = [tool for tool in task.manifest.environment.tools if tool not in ("python", "python3")]
        if tools:
            text = f"where the agent works and is judged must be {', '.join(tools)}: without, programs fail"
            weak.append(Weakness(folder, "tools", "weak", text))
        weak.append(Weakness(folder, "checks", "weak", "without a verdict the runner counts a reward of 0"))
    return Export(found, weak, f"bash TASK/{REWARD}/reward.sh WORKSPACE")


def _entry(task: BundleParts) -> str:
    entry: dict[str, Any] = {"task_id": task.manifest.task, "user_query": joined_instruction(task)}
    if task.manifest.workspace:
        entry["input_mount_dir"] = MOUNT
    entry["metadata"] = {"category": task.manifest.category, "grading_type": "automated"}
    return json.dumps(entry, indent=2) + "\n"


def _overlaps(task: BundleParts) -> Iterator[Weakness]:
    """The runner puts the folder of the reward into the workspace, and what else is in it there is not judged."""
    manifest = task.manifest
    named = [one.path for one in manifest.workspace] + [one.path for one in manifest.links]
    named += [one.path for one in manifest.deliverables]
    paths = sorted({path for path in named if path.split("/")[0] in (REWARD, "*", "**")})
    if paths:
        yield Weakness(
            task.manifest.task, "checks", "lost", f"not seen where the runner puts its own: {', '.join(paths)}"
        )
