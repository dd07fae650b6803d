"""A packed suite in another folder, by clawc and by Harbor: the oracle scores 1 and an agent that does nothing 0, throughout. Harbor comes from
PyPI, into an environment of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.runtime.runners.harbor import Harbor
from clawc.runtime.runners.installed import HARBOR
from clawc.runtime.suite.folder import read_suite
from clawc.runtime.suite.unpack import unpack
from tests.frameworks import framework
from tests.suite.project import Project
from tests.targets.graders import public_folder

ROOT = Path(__file__).resolve().parents[2]
OFFICE = ROOT / "benchmarks" / "office200" / "suite.claw"


@pytest.fixture(params=["small", pytest.param("office200", marks=pytest.mark.nightly)])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An archive, and nothing beside it: what it was made of is gone."""
    project = Project(tmp_path / "made")
    declared = project.file if request.param == "small" else OFFICE
    for arguments in (("build", declared, "--out", "built"), ("pack", "built", "--out", "suite.tar.gz")):
        done = project.clawc("bench", *arguments)
        assert done.code == 0, done.err
    assert "have no card" not in done.err
    elsewhere = public_folder()
    shutil.move(project.root / "suite.tar.gz", elsewhere / "suite.tar.gz")
    shutil.rmtree(project.root)
    yield elsewhere / "suite.tar.gz"
    shutil.rmtree(elsewhere, ignore_errors=True)


def test_oracle_1_and_null_0_throughout(packed: Path) -> None:
    elsewhere = Project(packed.parent / "project")
    top = unpack(packed, packed.parent / "unpacked")
    tasks = {member.task for member in read_suite(top).members}
    for agent, score in (("oracle", 1.0), ("null", 0.0)):
        done = elsewhere.clawc("run", packed, "--agent", agent, "--out", agent, "--format", "json")
        assert done.code == 0, done.err
        assert {one["task"]: float(one["score"]) for one in json.loads(done.out)["episodes"]} == dict.fromkeys(
            tasks, score
        )
    harbor = Harbor(framework(HARBOR))
    for agent, score in (("oracle", 1.0), ("null", 0.0)):
        folder = packed.parent / f"harbor-{agent}"
        for path in sorted((top / "harbor").glob("*/task.toml")):
            shutil.copytree(path.parent, folder / "tasks" / path.parent.name)
        if agent == "null":
            for script in folder.glob("tasks/*/solution/solve.sh"):
                script.write_text("#!/bin/sh\n")
        found = harbor.rewards(folder / "tasks", folder)
        assert {task: (judged.reward, judged.problem) for task, judged in found.items()} == dict.fromkeys(
            tasks, (score, "")
        )
