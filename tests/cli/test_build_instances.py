"""`clawc build -n N --seed S`: folders, seeds, what is left out, and what is kept for the next time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SPEC = """claw 1

task dice {
  title = "Add up the throws of {{ param.who }}"
  param who { choice = ["Ada", "Bo"] }
  param sides { int = 2..3 }
  data throws { count = 2; throw = n; points = param.sides }
  workspace { file log "input/throws.csv" { content = csv(throws) } }
  let wanted = csv(log) | group total = sum(points)
  deliver sums "output/sums.csv" { columns = [total] }
  instruction = "Write the sum of the points in {{ path.log }} to {{ path.sums }} with the column total, for {{ param.who }}."
  verify { check right { expect rows(sums) == wanted } }
}

task plain {
  title = "Add up the points"
  workspace { file log "input/throws.csv" { content = "throw,points\\n1,6\\n2,3\\n" } }
  let wanted = csv(log) | group total = sum(points)
  deliver sums "output/sums.csv" { columns = [total] }
  instruction = "Write the sum of the points in {{ path.log }} to {{ path.sums }} with the column total."
  verify { check right { expect rows(sums) == wanted } }
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "dice.claw").write_text(SPEC, encoding="utf-8")
    return folder


def clawc(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawc", *map(str, arguments)]
    env = {**os.environ, "CLAWC_CACHE": str(folder.parent / "cache")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def built(folder: Path, *arguments: object) -> dict[str, Any]:
    done = clawc(folder, "build", "dice.claw", "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def ids(document: dict[str, Any]) -> dict[str, str]:
    return {b["task"]: b["id"] for b in document["bundles"]}


def test_instances_have_folders_and_seeds_of_their_own(project: Path) -> None:
    document = built(project, "-n", 12, "--seed", 5)
    tasks = {b["task"]: b for b in document["bundles"]}
    assert "plain" in tasks and "instance" not in tasks["plain"]
    numbered = {name: b["instance"] for name, b in tasks.items() if name != "plain"}
    assert all(i["seed"] == 5 + int(name.removeprefix("dice-")) - 1 for name, i in numbered.items())
    assert {i["template"] for i in numbered.values()} == {"dice"}
    drawn = [tuple(i["params"].values()) for i in numbered.values()]
    assert len(drawn) == len(set(drawn)) <= 4  # two parameters with two values
    skipped = document["skipped"]
    assert len(skipped) + len(numbered) == 12
    assert all(s["same_as"] in numbered and s["task"] not in numbered for s in skipped)
    assert sorted(os.listdir(project / "build")) == sorted(tasks)


def test_what_is_left_out_is_said(project: Path) -> None:
    done = clawc(project, "build", "dice.claw", "-n", 12)
    assert "is left out: it draws the same as dice-" in done.stderr


def test_number_and_seed_go_together(project: Path) -> None:
    few, many = ids(built(project, "-n", 2)), ids(built(project, "-n", 10))
    assert few.items() <= many.items()


def test_one_instance_has_the_name_of_the_task(project: Path) -> None:
    first, second = built(project), built(project, "--seed", 3)
    assert set(ids(first)) == set(ids(second)) == {"dice", "plain"}
    assert ids(first)["plain"] == ids(second)["plain"]
    assert [b["instance"]["seed"] for b in second["bundles"] if b["task"] == "dice"] == [3]


def test_what_is_kept_is_kept_by_seed(project: Path) -> None:
    wanted = [ids(built(project, "--seed", seed)) for seed in (0, 1, 2, 3)]
    assert len({w["dice"] for w in wanted}) > 1
    assert [ids(built(project, "--seed", seed)) for seed in (0, 1, 2, 3)] == wanted  # now out of the cache
    assert ids(built(project, "-n", 3)) == ids(built(project, "-n", 3))
    assert clawc(project, "check", "dice.claw").returncode == 0


def test_the_runtime_takes_a_folder_of_instances(project: Path) -> None:
    from clawc.runtime.bundle import load

    built(project, "-n", 3)
    for folder in sorted((project / "build").iterdir()):
        manifest = load(folder).manifest
        assert manifest.task == folder.name and manifest.template == folder.name.split("-")[0]


def test_an_error_of_one_instance_names_its_seed_and_nothing_is_written(project: Path) -> None:
    text = SPEC.replace("int = 2..3", "int = 1..3").replace(
        "group total = sum(points)",
        "group total = sum(points) | where only(csv(log) | where points > 1 and throw == 1).points > 0",
        1,
    )
    (project / "dice.claw").write_text(text, encoding="utf-8")
    done = clawc(project, "build", "dice.claw", "-n", 8)
    assert done.returncode == 1 and "(seed " in done.stdout, done.stdout + done.stderr
    assert not (project / "build").exists()


@pytest.mark.parametrize("arguments", [("-n", 0), ("-n", 100_001), ("--seed", -1), ("-n", "x")])
def test_numbers_out_of_range_are_refused(project: Path, arguments: tuple[object, ...]) -> None:
    assert clawc(project, "build", "dice.claw", *arguments).returncode == 2
