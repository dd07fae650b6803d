"""What several targets are made of: the bundle itself, the grader, the solution as a shell script, an image, weaknesses."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Literal

from clawc.compiler.targets.export import BundleParts, ExportFile, Feature, Weakness
from clawc.compiler.targets.grader.bundle import safe
from clawc.spec import bundle as spec
from clawc.spec.bundle import Manifest, Solution

# Where the agent works; as in our own sandboxes, since programs may say where they are.
WORKDIR = "/w"
GRADE = "grade.py"
# How the source of a checker that reads what the agent did names the record of it.
_RECORD = b"trajectory.jsonl"
_BASE_IMAGE = "debian:bookworm-slim"
# Debian's package for a tool that a task may ask for; a tool not listed is a package of its own name.
_PACKAGES: Mapping[str, str] = {
    "python": "python3", "pytest": "python3-pytest", "node": "nodejs", "sqlite": "sqlite3", "make": "make", "pip": "python3-pip",
    "pyyaml": "python3-yaml",
}  # fmt: skip
_ALLOWED = frozenset(
    ("python3", "python3-pytest", "python3-yaml", "nodejs", "npm", "git", "sqlite3", "make", "python3-pip", "jq", "curl", "gcc", "g++",
     "perl", "ruby", "unzip", "zip", "xmlstarlet", "ripgrep", "patch", "diffutils", "gawk", "bc", "imagemagick"),
)  # fmt: skip


def bundle_files(task: BundleParts, folder: str) -> dict[str, ExportFile]:
    """The whole bundle, byte for byte, below `folder`."""
    return {f"{folder}/{path}": ExportFile(data) for path, data in task.files.items()}


def grader_files(folder: str) -> dict[str, ExportFile]:
    """The grader: `grade.py` and its package, below `folder`."""
    here = files("clawc.compiler.targets")
    prefix = f"{folder}/" if folder else ""
    found = {f"{prefix}{GRADE}": ExportFile((here / GRADE).read_bytes(), 0o755)}
    for entry in sorted((here / "grader").iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".py"):
            found[f"{prefix}grader/{entry.name}"] = ExportFile(entry.read_bytes())
    return found


def workspace_files(task: BundleParts, folder: str) -> dict[str, ExportFile]:
    """The inputs with their modes, below `folder`; links are for `link_commands`."""
    prefix = f"{folder}/" if folder else ""
    return {
        f"{prefix}{one.path}": ExportFile(task.files[f"{spec.WORKSPACE}/{one.path}"], one.mode)
        for one in task.manifest.workspace
    }


def link_commands(manifest: Manifest) -> list[str]:
    """Shell commands that make the links of a workspace, in the folder of it."""
    lines: list[str] = []
    for link in manifest.links:
        up = "../" * link.path.count("/")
        folder = link.path.rpartition("/")[0]
        if folder:
            lines.append(f"mkdir -p -- {shlex.quote(folder)}")
        lines.append(f"ln -s -- {shlex.quote(up + link.to)} {shlex.quote(link.path)}")
    return lines


def instruction(task: BundleParts) -> str:
    """What the agent is told first."""
    return task.files[spec.INSTRUCTION].decode("utf-8", "replace")


def turns(task: BundleParts) -> list[str]:
    """What it is told after it has ended its first turn, and so on."""
    return [task.files[path].decode("utf-8", "replace") for path in task.manifest.turns]


def joined_instruction(task: BundleParts) -> str:
    """All turns in one text, for runners that have only one."""
    return "\n\n".join([instruction(task).rstrip("\n"), *(turn.rstrip("\n") for turn in turns(task))]) + "\n"


def solution(task: BundleParts) -> Solution | None:
    """The bundle's own solution; None if it has none. Raises ValueError for one that writes out of the workspace."""
    data = task.files.get(spec.SOLUTION_STEPS)
    found = None if data is None else Solution.model_validate_json(data)
    for step in found.steps if found else ():
        if step.op in ("write", "delete") and not (step.path and safe(step.path)):
            raise ValueError(f"unsafe path {step.path!a}")
    return found


def solution_files(task: BundleParts, folder: str) -> dict[str, ExportFile]:
    """What `solve_script` writes into the workspace, below `folder`."""
    found = solution(task)
    steps = found.steps if found else ()
    return {
        f"{folder}/{step.path}": ExportFile(task.files[step.source])
        for step in steps
        if step.op == "write" and step.path and step.source
    }


def solve_script(task: BundleParts, files_at: str, workdir: str = WORKDIR) -> str:
    """A POSIX shell script that plays the solution in the folder `workdir`; what it writes lies in `files_at`. Each step that
    writes takes the last content of its path."""
    lines = [
        "#!/bin/sh",
        f"# The solution of the task {task.manifest.task}, as clawc derived or was given it.",
        "set -eu",
    ]
    lines.append(f"cd -- {shlex.quote(workdir)}")
    found = solution(task)
    for step in found.steps if found else ():
        path = shlex.quote(step.path or "")
        if step.op == "write":
            folder = (step.path or "").rpartition("/")[0]
            if folder:
                lines.append(f"mkdir -p -- {shlex.quote(folder)}")
            lines.append(f"cat < {shlex.quote(f'{files_at}/{step.path}')} > {path}")
        elif step.op == "delete":
            lines.append(f"rm -f -- {path}")
        elif step.op == "run":
            # Behind `env` a word is neither one of the shell's own nor a variable.
            lines.append(" ".join(["env", "--", *map(shlex.quote, step.argv)]))
        elif step.op == "say":
            lines.append(f"printf '%s\\n' {shlex.quote(step.text)}")
    return "\n".join(lines) + "\n"


def needed_packages(manifest: Manifest) -> list[str]:
    """Debian's packages for the tools of a task, of those that may be installed."""
    wanted = {_PACKAGES.get(tool, tool) for tool in manifest.environment.tools}
    return sorted({"python3", *wanted} & _ALLOWED)


def unknown_tools(manifest: Manifest) -> list[str]:
    """Tools of a task that no image of ours has."""
    return [tool for tool in manifest.environment.tools if _PACKAGES.get(tool, tool) not in _ALLOWED]


def dockerfile(tasks: Sequence[BundleParts], copies: Sequence[tuple[str, str]] = (), after: Sequence[str] = ()) -> str:
    """An image with the tools of all tasks, `copies` (source, target) and further lines."""
    packages = " ".join(sorted({name for task in tasks for name in needed_packages(task.manifest)}))
    lines = [f"FROM {_BASE_IMAGE}"]
    lines.append(
        f"RUN apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*"
    )
    lines += [f"COPY {source} {target}" for source, target in copies]
    lines.append(f"WORKDIR {WORKDIR}")
    lines += after
    return "\n".join(lines) + "\n"


def used_features(task: BundleParts) -> Iterator[tuple[Feature, str]]:
    """What a task asks of a runner, each with how it does."""
    manifest = task.manifest
    for feature in ("separation", "network", "time", "memory", "disk", "processes"):
        yield feature, ""
    if manifest.jobs:
        yield "programs", ", ".join(job.id for job in manifest.jobs)
    if float(manifest.scoring.rubric_share) > 0 or any(path.startswith(f"{spec.RUBRIC}/") for path in task.files):
        yield "rubric", manifest.scoring.rubric_share
    if _RECORD in task.files[spec.CHECKER] or any(job.transcript for job in manifest.jobs):
        yield "record", ""
    if manifest.turns:
        yield "turns", str(1 + len(manifest.turns))
    if manifest.links:
        yield "links", ", ".join(link.path for link in manifest.links)
    if any(one.mode not in (0o644, 0o755) for one in manifest.workspace):
        yield "modes", ""
    if unknown_tools(manifest):
        yield "tools", ", ".join(unknown_tools(manifest))
    if manifest.environment.env:
        yield "variables", ", ".join(manifest.environment.env)
    if solution(task) is None:
        yield "solution", ""


Weak = Mapping[Feature, tuple[Literal["weak", "lost"], str]]


def weaknesses(task: BundleParts, weak: Weak) -> list[Weakness]:
    """What of a task a runner does less well. `weak` says it for each feature; `{}` in a text stands for what the task has."""
    found: list[Weakness] = []
    for feature, detail in used_features(task):
        if feature in weak:
            level, text = weak[feature]
            found.append(Weakness(task.manifest.task, feature, level, text.replace("{}", detail)))
    return found


RUBRIC_WEAK = "nobody judges the rubric (share {} of the score): the reward is that of the checks, C times V"
RECORD_WEAK = "checks that read what the agent did get no record of it, so they fail"
