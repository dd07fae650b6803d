"""Harbor task folders, schema 1.4: one folder a task, which together are a dataset.

The verifier has an environment of its own (`environment_mode = "separate"`): what the agent has left in its environment, beside
the files in its working folder, does not reach it. `tests/test.sh` clears reward files first; the grader writes them last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal

from clawc.compiler.render_toml import render_toml
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
    solution_files,
    solve_script,
    turns,
    weaknesses,
    workspace_files,
)
from clawc.spec.bundle import Manifest

SCHEMA_VERSION = "1.4"
_TEMPLATE = re.compile(r"\$\{([^}:]+)(?::-(.*))?\}")
_TEST = """#!/bin/sh
# Grades what the agent has left in its working folder, which Harbor has laid here. A reward that is there before this is not
# ours; the grader writes the files last, each whole, and none if it gives no verdict.
set -u
rm -rf /logs/verifier/reward.json /logs/verifier/reward.txt /logs/verifier/verdict.json
# Whoever has removed the folder, or put a link in its place, has left nothing.
if [ -L {workdir} ] || [ ! -d {workdir} ]; then rm -rf {workdir}; mkdir -p {workdir}; fi
if ! python3 -I -S /tests/grade.py /tests/bundle {workdir} --reward /logs/verifier --disposable \\
    ${{CLAWC_PROGRAMS:+--jobs "$CLAWC_PROGRAMS"}}; then
    rm -rf /logs/verifier/reward.json /logs/verifier/reward.txt
    exit 1
fi
"""
_WEAK: Weak = {
    "separation": (
        "weak",
        "holds in the mode that is exported, `separate`; where `shared` is forced, what the agent left running may write the reward"
        " afterwards or keep there from being one",
    ),
    "programs": (
        "weak",
        "programs of the agent ({}) run in the verifier's container as another user;"
        " with clawc's environment each has a sandbox of its own",
    ),
    "rubric": ("lost", RUBRIC_WEAK),
    "record": ("lost", RECORD_WEAK),
    "turns": ("weak", "the {} turns are steps of one trial; each is judged, and the last verdict counts"),
    "processes": ("weak", "Harbor has no limit of processes; clawc's environment has one of its own"),
    "tools": ("weak", "the image has no package for {}"),
    "solution": ("lost", "there is no solution to play"),
}

_WEAK_WITH_IMAGE: Weak = {
    "links": ("lost", "files are laid into the given image, links are not: {}"),
    "tools": ("weak", "the given image has to have {}"),
}


def harbor(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """A dataset of Harbor tasks."""
    files: dict[str, ExportFile] = {}
    weak: list[Weakness] = []
    for task in tasks:
        files |= {f"{task.manifest.task}/{path}": file for path, file in _task(task, options).items()}
        weak += weaknesses(task, {**_WEAK, **_WEAK_WITH_IMAGE} if options.image else _WEAK)
    run = "harbor run -p . --agent oracle --env clawc.runtime.adapters.harbor:BubblewrapEnvironment (where clawc is installed beside Harbor)"
    return Export(files, weak, run)


def _task(task: BundleParts, options: ExportOptions) -> dict[str, ExportFile]:
    manifest = task.manifest
    files = {
        "task.toml": _text(_task_toml(manifest, options, steps=len(task.manifest.turns))),
        "tests/test.sh": ExportFile(_TEST.format(workdir=WORKDIR).encode(), 0o755),
        **_environment(task, options),
        **grader_files("tests"),
        **bundle_files(task, "tests/bundle"),
    }
    script = ExportFile(solve_script(task, "/solution/files").encode(), 0o755)
    if manifest.turns:
        for number, text in enumerate([instruction(task), *turns(task)], 1):
            files[f"steps/turn-{number}/instruction.md"] = _text(text)
        # The solution is played once; later turns keep what is there.
        files |= {"steps/turn-1/solution/solve.sh": script, **solution_files(task, "steps/turn-1/solution/files")}
        for number in range(2, 2 + len(manifest.turns)):
            files[f"steps/turn-{number}/solution/solve.sh"] = ExportFile(b"#!/bin/sh\n", 0o755)
        files["instruction.md"] = _text(instruction(task))
    else:
        files["instruction.md"] = _text(instruction(task))
        files |= {"solution/solve.sh": script, **solution_files(task, "solution/files")}
    return files


def _environment(task: BundleParts, options: ExportOptions) -> dict[str, ExportFile]:
    """What Harbor builds an image of; of one that is there, it lays the folder into the working folder."""
    if options.image:
        return workspace_files(task, "environment")
    copies = [("workspace/", f"{WORKDIR}/")] if task.manifest.workspace else []
    links = [f"RUN {command}" for command in link_commands(task.manifest)]
    return {
        "environment/Dockerfile": _text(dockerfile([task], copies, links)),
        **workspace_files(task, "environment/workspace"),
    }


def _task_toml(manifest: Manifest, options: ExportOptions, steps: int) -> str:
    limits, provenance = manifest.limits, manifest.provenance
    environment: dict[str, object] = {
        "network_mode": "no-network",
        "workdir": WORKDIR,
        "cpus": 1,
        "memory_mb": max(1, limits.memory_bytes >> 20),
        "storage_mb": max(1, limits.disk_bytes >> 20),
        "env": {name: _literal(value) for name, value in manifest.environment.env.items()},
    }
    if options.image:
        environment["docker_image"] = options.image
    document: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "artifacts": [{"source": WORKDIR}],
        "task": {
            "name": f"{options.name}/{manifest.task}",
            "description": manifest.title,
            "keywords": [word for word in (manifest.category, *manifest.operations) if word],
        },
        "metadata": {
            **({"canary": options.canary} if options.canary else {}),
            "claw": {
                "bundle": manifest.id,
                "edition": manifest.edition,
                "source": provenance.source,
                "source_sha256": provenance.source_sha256,
                "compiler": provenance.compiler,
                "library_sha256": provenance.library_sha256,
                "oracle": manifest.oracle,
                "template": manifest.template,
                "seed": manifest.instance.seed if manifest.instance else 0,
            },
        },
        "agent": {"timeout_sec": limits.wall_s},
        "verifier": {
            "timeout_sec": _verifier_s(manifest),
            "environment_mode": "separate",
        },
        "environment": environment,
    }
    if steps:
        document["multi_step_reward_strategy"] = "final"
        document["steps"] = [{"name": f"turn-{number}"} for number in range(1, 2 + steps)]
    return render_toml(json.loads(json.dumps(document), parse_float=Decimal))


def _literal(value: str) -> str:
    """Harbor takes a value of the form `${NAME}` from the host; as the default of a name that nobody has it stays as it is."""
    return f"${{CLAWC_LITERAL:-{value}}}" if _TEMPLATE.fullmatch(value) else value


def _verifier_s(manifest: Manifest) -> float:
    """Time for the checker, three times over, and for the programs that it wants run as often."""
    programs = sum(job.timeout_s for job in manifest.jobs)
    return 3 * (manifest.limits.check_s + programs) + 60


def _text(text: str) -> ExportFile:
    return ExportFile(text.encode("utf-8", "replace"))
