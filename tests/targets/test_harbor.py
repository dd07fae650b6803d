"""The export to Harbor: its files, and texts that mean something to TOML, shell and Dockerfile."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.harbor import harbor
from tests.targets.exported import HOSTILE, examples, hostile, small, within, written

OPTIONS = ExportOptions("parcels-and-more")


def test_a_task_is_a_folder_of_schema_1_4() -> None:
    tasks = examples()
    files = harbor(tasks, OPTIONS).files
    for task in tasks:
        name = task.manifest.task
        config = tomllib.loads(files[f"{name}/task.toml"].data.decode())
        assert config["schema_version"] == "1.4"
        assert config["task"]["name"] == f"parcels-and-more/{name}"
        assert config["verifier"]["environment_mode"] == "separate"
        assert config["environment"]["network_mode"] == "no-network"
        assert config["metadata"]["claw"]["bundle"] == task.manifest.id
        assert config["artifacts"] == [{"source": "/w"}]
        assert files[f"{name}/tests/test.sh"].mode & 0o100
        assert files[f"{name}/solution/solve.sh"].data.startswith(b"#!/bin/sh\n")


def test_the_bundle_is_there_byte_for_byte() -> None:
    tasks = [*examples(), small(), hostile()]
    for task in tasks:
        export = harbor([task], OPTIONS)
        assert within(export, f"{task.manifest.task}/tests/bundle") == dict(task.files)


def test_what_the_agent_may_see_holds_nothing_private() -> None:
    for task in examples():
        name = task.manifest.task
        seen = {
            path: file.data for path, file in harbor([task], OPTIONS).files.items() if f"{name}/environment/" in path
        }
        inputs = {one.path for one in task.manifest.workspace}
        assert {path.partition("/workspace/")[2] for path in seen if "/workspace/" in path} == inputs
        assert set(seen) - {f"{name}/environment/workspace/{path}" for path in inputs} == {
            f"{name}/environment/Dockerfile"
        }


def test_turns_are_steps() -> None:
    export = harbor([small()], OPTIONS)
    config = tomllib.loads(export.files["parcels/task.toml"].data.decode())
    assert [step["name"] for step in config["steps"]] == ["turn-1", "turn-2"]
    assert config["multi_step_reward_strategy"] == "final"
    assert export.files["parcels/steps/turn-2/instruction.md"].data == b"Say which items you have left out."
    assert "parcels/steps/turn-1/solution/solve.sh" in export.files


def test_hostile_texts_stay_texts() -> None:
    task = hostile()
    files = harbor([task], OPTIONS).files
    config = tomllib.loads(files["parcels/task.toml"].data.decode())
    assert config["task"]["description"] == HOSTILE
    assert config["environment"]["env"] == {"A": HOSTILE}
    words = [line.split()[0] for line in files["parcels/environment/Dockerfile"].data.decode().splitlines()]
    assert set(words) <= {"FROM", "RUN", "COPY", "WORKDIR"}
    assert files["parcels/instruction.md"].data == HOSTILE.encode()


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_the_solution_is_a_shell_script(tmp_path: Path, shell: str) -> None:
    """Played where the paths of Harbor stand for folders of the test."""
    task = examples()[0]
    folder = written(harbor([task], OPTIONS), tmp_path / "export")
    script = folder / "order_totals" / "solution" / "solve.sh"
    workspace = tmp_path / "w"
    workspace.mkdir()
    text = script.read_text().replace("/solution/", f"{script.parent}/").replace("cd -- /w", f"cd -- {workspace}")
    subprocess.run([shell, "-c", text], check=True)
    assert (workspace / "output" / "totals.csv").read_bytes() == task.files["private/solution/files/output/totals.csv"]


def test_an_image_is_named_where_one_is_known() -> None:
    export = harbor([small()], ExportOptions("x", image="registry.example/tools:1"))
    config = tomllib.loads(export.files["parcels/task.toml"].data.decode())
    assert config["environment"]["docker_image"] == "registry.example/tools:1"
    # Harbor builds none where one is named, and lays the folder into it only if there is no Dockerfile.
    inputs = {f"parcels/environment/{one.path}" for one in small().manifest.workspace}
    assert {path for path in export.files if "/environment/" in path} == inputs
    assert ("links", "lost") in {(one.feature, one.level) for one in export.weak}


def test_a_value_that_looks_like_a_template_stays_one() -> None:
    task = small()
    manifest = task.manifest.model_copy(
        update={"environment": task.manifest.environment.model_copy(update={"env": {"A": "${HOME}"}})}
    )
    export = harbor([task._replace(manifest=manifest)], OPTIONS)
    env = tomllib.loads(export.files["parcels/task.toml"].data.decode())["environment"]["env"]
    assert env == {"A": "${CLAWC_LITERAL:-${HOME}}"}


def test_what_harbor_cannot_honour_is_said() -> None:
    weak = {(one.feature, one.level) for one in harbor([small()], OPTIONS).weak}
    assert {("rubric", "lost"), ("turns", "weak"), ("processes", "weak")} <= weak
    assert "programs" in {one.feature for one in harbor(examples(), OPTIONS).weak}


def test_the_same_tasks_give_the_same_bytes() -> None:
    assert harbor(examples(), OPTIONS).files == harbor(examples(), OPTIONS).files
