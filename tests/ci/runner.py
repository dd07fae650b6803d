"""Steps of `action.yml` and jobs of GitLab, run as their runners do: what the files say, with the variables that there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
_HOLE = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def program_folder(folder: Path) -> Path:
    """A folder with `clawc` as an installation has it: the working folder is nothing that it imports from."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "clawc"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m clawc "$@"\n')
    program.chmod(0o755)
    return folder


@dataclass
class Outcome:
    """What a job left: exit code, log, job summary, outputs of steps."""

    code: int = 0
    log: str = ""
    summary: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


def run_action(workspace: Path, scratch: Path, inputs: dict[str, str], *, skip: tuple[str, ...] = ("Install clawc",),
               action: Path = ROOT, **more: str) -> Outcome:  # fmt: skip
    """Plays the `run` steps of the action; `skip` names steps that are left out. Stops at the first that fails."""
    document = read_yaml(action / "action.yml")
    defaults: dict[str, str] = {name: str(of.get("default", "")) for name, of in document["inputs"].items()}
    known = {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
    assert set(inputs) <= set(defaults)
    outcome = Outcome()
    scratch.mkdir(exist_ok=True)
    files = {name: scratch / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_PATH")}
    path = f"{program_folder(scratch / 'bin')}:{os.environ['PATH']}" if skip else os.environ["PATH"]
    for step in document["runs"]["steps"]:
        if "run" not in step or step["name"] in skip:
            continue
        for file in files.values():
            file.touch()
        files["GITHUB_OUTPUT"].write_text("")
        given: dict[str, str] = step.get("env", {})
        env = {name: _HOLE.sub(lambda hole: known[str(hole.group(1))], str(value)) for name, value in given.items()}
        assert step["shell"] == "bash"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=workspace, capture_output=True, check=False,
            env={"HOME": str(scratch), "LANG": "C.UTF-8", "CLAWC_CACHE": os.environ["CLAWC_CACHE"], "PATH": path,
                 "GITHUB_WORKSPACE": str(workspace), "GITHUB_ACTION_PATH": str(action), "RUNNER_TEMP": str(scratch),
                 **{name: str(file) for name, file in files.items()}, **env, **more},
        )  # fmt: skip
        outcome.log += (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        outcome.outputs[step.get("id", "")] = dict(line.split("=", 1) for line in lines)
        for added in files["GITHUB_PATH"].read_text().splitlines():
            path = f"{added}:{path}"
        files["GITHUB_PATH"].write_text("")
        outcome.code = done.returncode
        if done.returncode:
            break
    outcome.summary = files["GITHUB_STEP_SUMMARY"].read_bytes().decode("utf-8", "surrogateescape")
    return outcome


def commands(log: str) -> list[str]:
    """The lines of a log that a runner of GitHub takes for commands."""
    found: list[str] = []
    stopped = ""
    for line in log.split("\n"):
        if stopped:
            stopped = "" if line.strip() == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::").strip()
        elif line.lstrip().startswith("::"):
            found.append(line)
    assert not stopped
    return found


def run_gitlab(job: str, workspace: Path, scratch: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Plays the script of a job, line after line in one shell, with the variables of the file and those that are given."""
    document = read_yaml(ROOT / "ci/gitlab/clawc.yml")
    variables = {k: "" if str(v).startswith("$") else str(v) for k, v in document["variables"].items()} | given
    script = "\n".join(document[job]["script"])
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=workspace, capture_output=True, text=True, check=False,
        env={"HOME": str(scratch), "LANG": "C.UTF-8", "CLAWC_CACHE": os.environ["CLAWC_CACHE"],
             "PATH": f"{program_folder(scratch / 'bin')}:{os.environ['PATH']}", **variables},
    )  # fmt: skip
