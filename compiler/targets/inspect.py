"""An Inspect task module with its dataset: one sample for each bundle.

The module is the same for all exports (`files/inspect/clawc_tasks.py`); what differs stands in `dataset.jsonl` and the bundles.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from importlib.resources import files

from clawc.compiler.render_yaml import render_yaml
from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions, Weakness
from clawc.compiler.targets.parts import (
    RECORD_WEAK,
    RUBRIC_WEAK,
    WORKDIR,
    Weak,
    bundle_files,
    dockerfile,
    grader_files,
    instruction,
    link_commands,
    turns,
    weaknesses,
)
from clawc.spec import bundle as spec

MODULE = "clawc_tasks.py"
_WEAK: Weak = {
    "separation": (
        "weak",
        "in Inspect's own sandboxes the checker runs on the machine that runs Inspect, over a copy of the files; in clawc's it"
        " has a sandbox of its own",
    ),
    "programs": (
        "weak",
        "programs of the agent ({}) run beside Inspect, in bubblewrap if it is there, else as another user or not apart at all;"
        " with clawc's sandbox each has one of its own",
    ),
    "rubric": ("lost", RUBRIC_WEAK),
    "record": ("lost", RECORD_WEAK),
    "network": ("weak", "Inspect's sandbox `local` has this machine's network"),
    "memory": ("weak", "Inspect's sandbox `local` has no bounds, clawc's has those of its configuration"),
    "disk": ("weak", "only clawc's sandbox bounds what is written"),
    "processes": ("weak", "only clawc's sandbox bounds how many there are"),
    "time": ("weak", "all samples have the longest time of all tasks"),
    "variables": ("weak", "the variables {} are set for programs that the checker runs, not for the agent"),
    "tools": ("weak", "the image has no package for {}"),
}  # fmt: skip


def inspect(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """A folder with a task module, a dataset and the bundles."""
    module = (files("clawc.compiler.targets") / "files" / "inspect" / MODULE).read_bytes()
    rows = [json.dumps(_sample(task), ensure_ascii=True, sort_keys=True) for task in tasks]
    exported = {
        MODULE: ExportFile(module),
        "dataset.jsonl": ExportFile(("\n".join(rows) + "\n").encode()),
        "compose.yaml": ExportFile(_compose(options).encode()),
        "Dockerfile": ExportFile(dockerfile(tasks).encode()),
        **grader_files(""),
    }
    weak: list[Weakness] = []
    for task in tasks:
        exported |= bundle_files(task, f"bundles/{task.manifest.task}")
        weak += weaknesses(task, _WEAK)
    return Export(
        exported,
        weak,
        f"inspect eval {MODULE} --sandbox clawc --model MODEL (`clawc` is there where clawc is installed beside Inspect)",
    )


def _sample(task: BundleParts) -> dict[str, object]:
    manifest = task.manifest
    folder = f"bundles/{manifest.task}/{spec.WORKSPACE}"
    sample: dict[str, object] = {
        "id": manifest.task,
        "input": instruction(task),
        "target": "",
        "metadata": {
            "title": manifest.title,
            "category": manifest.category,
            "operations": list(manifest.operations),
            "bundle": manifest.id,
            "template": manifest.template,
            "turns": turns(task),
            "wall_s": manifest.limits.wall_s,
        },
        # Which sandbox stands before the path, as the path may hold a colon.
        "files": {f"default:{one.path}": f"{folder}/{one.path}" for one in manifest.workspace},
    }
    setup = [f"chmod {one.mode:o} -- {shlex.quote(one.path)}" for one in manifest.workspace if one.mode != 0o644]
    setup += link_commands(manifest)
    if setup:
        sample["setup"] = "\n".join(["#!/bin/sh", "set -eu", *setup]) + "\n"
    return sample


def _compose(options: ExportOptions) -> str:
    """One container without network, of the image that is known, or of the Dockerfile."""
    image: dict[str, object] = {"image": options.image} if options.image else {"build": "."}
    service = {**image, "init": True, "command": "sleep infinity", "network_mode": "none", "working_dir": WORKDIR}
    return render_yaml({"services": {"default": service}})
