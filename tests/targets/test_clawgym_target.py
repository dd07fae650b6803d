"""Folders of ClawGym: its way of running a checker and ours give exactly the reward of the grader."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.compiler.targets.clawgym import clawgym
from clawc.compiler.targets.export import BundleParts, ExportOptions
from tests.targets.exported import HOSTILE, examples, graded, hostile, laid, small, within, workspaces, written

OPTIONS = ExportOptions("some")
RUNNING = [small(), *examples()]


def test_each_folder_is_whole() -> None:
    tasks = [hostile(), *examples()]
    export = clawgym(tasks, OPTIONS)
    for task in tasks:
        name = task.manifest.task
        assert within(export, f"{name}/reward/bundle") == task.files
        entry = json.loads(export.files[f"{name}/data_entry.json"].data)
        assert entry["task_id"] == name and entry["metadata"]["grading_type"] == "automated"
        assert set(within(export, f"{name}/input_files")) == {one.path for one in task.manifest.workspace}
        for script in ("reward.sh", "check.py", "grade.py", "grader/main.py"):
            first = tasks[0].manifest.task
            assert export.files[f"{name}/reward/{script}"] == export.files[f"{first}/reward/{script}"]
    assert clawgym(tasks, OPTIONS).files == export.files


def test_texts_modes_and_what_is_weak() -> None:
    export = clawgym([hostile()], OPTIONS)
    entry = json.loads(export.files["parcels/data_entry.json"].data)
    assert entry["user_query"].startswith(HOSTILE.rstrip("\n")) and "## Prompt\n" + HOSTILE in entry["user_query"]
    assert export.files["parcels/input_files/in/run.sh"].mode == 0o755
    assert {one.feature: one.level for one in export.weak if one.level == "lost"} == {
        "rubric": "lost", "links": "lost", "variables": "lost",
    }  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize("task", RUNNING, ids=lambda task: task.manifest.task)
def test_the_reward_is_that_of_the_grader(task: BundleParts, tmp_path: Path) -> None:
    reward = written(clawgym([task], OPTIONS), tmp_path / "export") / task.manifest.task / "reward"
    bundle = laid(task.files, tmp_path / "bundle")
    wanted: list[float] = []
    for workspace in workspaces(bundle, tmp_path / "laid"):
        wanted.append(graded(bundle, workspace))
        printed = subprocess.run(["bash", reward / "reward.sh", workspace], capture_output=True, text=True, check=True)
        assert float(printed.stdout.splitlines()[-1]) == wanted[-1]
        # As the runner does it: the folder of the reward within the workspace.
        shutil.copytree(reward, workspace / "reward")
        command = [sys.executable, "reward/check.py", str(workspace)]
        said = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=True)
        assert json.loads(said.stdout) == {"reward": wanted[-1]}
    assert wanted == [0.0, 1.0]


def test_without_a_verdict_there_is_no_reward(tmp_path: Path) -> None:
    reward = written(clawgym([small()], OPTIONS), tmp_path / "export") / "parcels" / "reward"
    (reward / "bundle" / "private" / "check.py").write_text("raise SystemExit(3)\n")
    done = subprocess.run(["bash", reward / "reward.sh", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and done.stdout == "" and "not the file that was built" in done.stderr
