"""A package for verifiers: whole and the same each time; where verifiers is installed, its rewards are the grader's."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from glob import glob
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from clawc.compiler.targets.export import BundleParts, ExportOptions
from clawc.compiler.targets.verifiers import module_name, verifiers
from clawc.runtime.runners.installed import VERIFIERS
from tests.frameworks import framework
from tests.targets.exported import examples, graded, hostile, laid, small, within, workspaces, written

OPTIONS = ExportOptions("some-tasks")
MODULE = "claw_some_tasks"


def validated(tasks: list[BundleParts], folder: Path, *options: str) -> dict[str, Any]:
    """The rows of `vf-validate`, by task."""
    program = framework(VERIFIERS) / "bin" / "vf-validate"
    export = written(verifiers(tasks, OPTIONS), folder / "export")
    home = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(export)}
    command = [str(program), MODULE, "--runtime.type", "subprocess", "--rich", "false", *options]
    done = subprocess.run(
        [*command, "-o", str(folder), "--run.name", "run"], cwd=folder, env=home, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (folder / "run" / "results.jsonl").read_text().splitlines()]
    return {row["name"]: row for row in rows}


def test_the_package_is_whole() -> None:
    tasks = [hostile(), *examples()]
    export = verifiers(tasks, OPTIONS)
    for task in tasks:
        assert within(export, f"{MODULE}/bundles/{task.manifest.task}") == task.files
    assert json.loads(export.files[f"{MODULE}/tasks.json"].data)["tasks"] == [task.manifest.task for task in tasks]
    constant = files("clawc.compiler.targets") / "files" / "verifiers"
    for name in ("__init__.py", "taskset.py", "playing.py", "grading.py"):
        assert export.files[f"{MODULE}/{name}"].data == (constant / name).read_bytes()
    assert verifiers(tasks, OPTIONS).files == export.files


def test_the_package_data_are_all_files(tmp_path: Path) -> None:
    export = verifiers([hostile(), *examples()], OPTIONS)
    folder = written(export, tmp_path / "export") / MODULE
    project = tomllib.loads(export.files["pyproject.toml"].data.decode())
    [(module, patterns)] = project["tool"]["setuptools"]["package-data"].items()
    assert module == MODULE and project["tool"]["setuptools"]["packages"] == [MODULE]
    matched = {
        path for pattern in patterns for path in glob(pattern, root_dir=folder, recursive=True) if (folder / path).is_file()
    }  # fmt: skip
    assert matched | set(os.listdir(folder)) >= set(within(export, MODULE))


@pytest.mark.parametrize(("name", "module"), [("A-b", "claw_a_b"), ("-", "claw_tasks"), ("json", "claw_json")])
def test_names(name: str, module: str) -> None:
    assert module_name(name) == module


def test_what_is_weak() -> None:
    export = verifiers([small()], OPTIONS)
    assert {one.feature for one in export.weak} == {
        "separation", "network", "time", "memory", "disk", "processes", "rubric", "turns",
    }  # fmt: skip
    assert {one.feature for one in export.weak if one.level == "lost"} == {"rubric"}


@pytest.mark.nightly
def test_vf_validate_gives_the_rewards_of_the_grader(tmp_path: Path) -> None:
    tasks = [small(), *examples()]
    rows = validated(tasks, tmp_path)
    for task in tasks:
        row = rows[task.manifest.task]
        bundle = laid(task.files, tmp_path / task.manifest.task / "bundle")
        untouched, solved = workspaces(bundle, tmp_path / task.manifest.task / "laid")
        assert row["gold"]["valid"] is True and graded(bundle, solved) == 1.0, row
        assert row["noop"]["rewards"] == {"reward": graded(bundle, untouched)}, row


def test_stored_answers_are_judged(tmp_path: Path) -> None:
    """A right one, one that leaves nothing of the workspace, and a task for which there is none."""
    tasks = {task.manifest.task: task for task in (small(), *examples())}
    answers = tmp_path / "answers"
    for name in ("order_totals", "parcels"):
        start = "private/solution/"
        solution = {
            path.removeprefix(start): data for path, data in tasks[name].files.items() if path.startswith(start)
        }
        laid(solution, answers / name)
    steps = {"steps": [{"op": "run", "argv": ["sh", "-c", 'rm -rf "$PWD"']}]}
    (answers / "parcels" / "steps.json").write_text(json.dumps(steps))
    rows = validated(list(tasks.values()), tmp_path, "--only-noop", "--taskset.replay", str(answers))
    assert {name: row["rewards"] for name, row in rows.items()} == {
        "order_totals": {"reward": 1.0}, "parcels": {"reward": 0.0},
    }  # fmt: skip


@pytest.mark.nightly
def test_without_a_verdict_there_is_no_reward(tmp_path: Path) -> None:
    task = small()
    spoilt = BundleParts(task.manifest, {**task.files, "private/check.py": b"raise SystemExit(3)\n"})
    row = validated([spoilt], tmp_path)["parcels"]
    for kind in ("gold", "noop"):
        assert row[kind]["reason"] == "error" and "not the file that was built" in row[kind]["error"]
    assert row["noop"]["reward"] is None
