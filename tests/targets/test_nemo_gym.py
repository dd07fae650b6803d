"""The export to NeMo Gym: its files, and what NeMo Gym itself makes of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from clawc.compiler.targets.export import Export, ExportOptions
from clawc.compiler.targets.nemo_gym import module_name, nemo_gym
from clawc.runtime.runners.installed import NEMO_GYM
from clawc.runtime.sandbox.probe import find_bwrap
from tests.frameworks import framework
from tests.targets.served import HOSTILE, SECRET, SMALL, SPOKEN, compiled, example, grader_reward, hostile, laid

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
HOME = "resources_servers/claw_some_tasks"
EXAMPLES = ("order_totals", "settle_script")


def rows(export: Export, name: str = "train") -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.files[f"{HOME}/data/{name}.jsonl"].data.split(b"\n") if line]


# The export alone.


def test_the_whole_bundle_is_in_it() -> None:
    tasks = [hostile(), example("settle_script")]
    export = nemo_gym(tasks, ExportOptions("some-tasks"))
    for task in tasks:
        prefix = f"{HOME}/bundles/{task.manifest.task}/"
        held = {path.removeprefix(prefix): one.data for path, one in export.files.items() if path.startswith(prefix)}
        assert held == dict(task.files)


def test_an_export_is_the_same_each_time() -> None:
    task = compiled(SMALL)
    assert nemo_gym([task], ExportOptions("t")) == nemo_gym([task], ExportOptions("t"))


def test_what_nemo_gym_wants_is_there() -> None:
    files = nemo_gym([compiled(SMALL)], ExportOptions("some-tasks")).files
    wanted = {"app.py", "README.md", "requirements.txt", "configs/claw_some_tasks.yaml", "data/example.jsonl"}
    assert {f"{HOME}/{name}" for name in (*wanted, "grade.py", "grader/main.py")} <= set(files)


def test_no_text_of_a_task_gets_into_code_or_configuration() -> None:
    for path, file in nemo_gym([hostile()], ExportOptions("some-tasks")).files.items():
        if not path.startswith((f"{HOME}/bundles/", f"{HOME}/data/")):
            assert b"$(id)" not in file.data and SECRET.encode() not in file.data, path


def test_rows_hold_the_instruction_and_the_task() -> None:
    task = hostile()
    (row,) = rows(nemo_gym([task], ExportOptions("some-tasks")))
    said = row["responses_create_params"]["input"]
    assert said == [{"role": "user", "content": HOSTILE + "\ufffd\n"}]
    assert (row["task"], row["bundle"], row["category"]) == ("small", task.manifest.id, HOSTILE)
    assert [tool["name"] for tool in row["responses_create_params"]["tools"]] == ["exec", "read", "write"]
    assert SECRET not in json.dumps(row)


@pytest.mark.parametrize("name", ["some-tasks", "1", "yes", "null", "__"])
def test_the_configuration_is_read_back(name: str) -> None:
    module = module_name(name)
    assert module.isidentifier()
    files = nemo_gym([compiled(SMALL)], ExportOptions(name)).files
    config = yaml.safe_load(files[f"resources_servers/{module}/configs/{module}.yaml"].data)
    assert config[f"{module}_resources_server"]["resources_servers"][module]["entrypoint"] == "app.py"
    agent = config[f"{module}_simple_agent"]["responses_api_agents"]["simple_agent"]
    assert agent["resources_server"]["name"] == f"{module}_resources_server"
    assert {one["jsonl_fpath"] for one in agent["datasets"]} <= set(files)


def test_weaknesses_name_what_a_task_asks_for() -> None:
    weak = {(one.task, one.feature) for one in nemo_gym([compiled(SPOKEN)], ExportOptions("t")).weak}
    assert ("spoken", "turns") in weak and ("spoken", "separation") in weak
    assert ("spoken", "record") not in weak


# With NeMo Gym, which takes minutes and 1.4 GB to install.


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """The folder, and the row of each task."""
    lacking = SMALL.replace("task small {", 'task lacking { environment { tools = ["no-such-tool"] }')
    tasks = [*map(example, EXAMPLES), compiled(SMALL), compiled(SPOKEN), compiled(lacking)]
    export = nemo_gym(tasks, ExportOptions("some-tasks"))
    return laid(export, tmp_path_factory.mktemp("nemo_gym")), {row["task"]: row for row in rows(export)}


def run(folder: Path, *command: object, data: bytes = b"", cwd: Path | None = None) -> str:
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "PYTHONDONTWRITEBYTECODE": "1", "CLAWC_BWRAP": str(find_bwrap()[0]),
    }  # fmt: skip
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd or folder,
        env=environment,
        input=data,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode()


def play(folder: Path, sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    command = (framework(NEMO_GYM) / "bin/python", HERE / "nemo_gym_session.py", folder / HOME)
    said = run(folder, *command, data=json.dumps(sessions).encode(), cwd=folder.parent)
    found: list[dict[str, Any]] = json.loads(said.splitlines()[-1])
    return found


@pytest.mark.nightly
def test_the_configuration_is_valid(exported: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    config = f"{HOME}/configs/claw_some_tasks.yaml"
    assert "valid" in run(exported[0], framework(NEMO_GYM) / "bin/gym", "env", "validate", "--config", config)


@pytest.mark.nightly
@pytest.mark.parametrize("name", EXAMPLES)
def test_rewards_are_those_of_the_grader(
    exported: tuple[Path, dict[str, dict[str, Any]]], tmp_path: Path, name: str
) -> None:
    folder, row = exported[0], exported[1][name]
    bundle = folder / HOME / "bundles" / name
    steps = json.loads((bundle / "private/solution/steps.json").read_bytes())["steps"]
    calls = [
        ["write", {"path": step["path"], "content": (bundle / step["source"]).read_text(encoding="utf-8")}]
        for step in steps
    ]
    solved, idle = play(
        folder, [{"row": row, "calls": calls, "said": "", "verify": 2}, {"row": row, "calls": [], "said": ""}]
    )
    wanted = grader_reward(bundle, tmp_path, True)
    assert wanted == 1.0
    for status, body in solved["verified"]:
        assert (status, body["reward"], body["task"]) == (200, wanted, name)
        assert body["verdict"]["bundle"] == row["bundle"]
    ((status, body),) = idle["verified"]
    assert status == 200 and body["reward"] == grader_reward(bundle, tmp_path, False) < 1.0


@pytest.mark.nightly
def test_the_record_counts(exported: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, row = exported[0], exported[1]["spoken"]
    looked, silent = play(
        folder,
        [
            {
                "row": row,
                "calls": [["exec", {"command": "cat in/word.txt", "timeout_s": None}]],
                "said": "It says fern.",
            },
            {"row": row, "calls": [], "said": "It says fern."},
        ],
    )
    assert looked["answers"] == [{"exit_code": 0, "stdout": "fern", "stderr": ""}]
    assert looked["verified"][0][1]["reward"] == 1.0
    assert silent["verified"][0][1]["reward"] == 0.5


@pytest.mark.nightly
def test_what_a_model_does_wrong_is_said(exported: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, row = exported[0], exported[1]["small"]
    wrong: list[list[object]] = [
        ["read", {"path": "../trajectory.jsonl"}], ["read", {"path": "/etc/passwd"}], ["read", {"path": "etc/passwd"}],
        ["read", {"path": "up/etc/passwd"}], ["write", {"path": "up/x", "content": "x"}], ["read", {"path": "loop"}],
        ["read", {"path": "pipe"}], ["write", {"path": "pipe", "content": "x"}], ["read", {"path": "in"}],
        ["read", {"path": 5}], ["read", {}], ["read", []], ["read", "{"], ["read", "\ud800"], ["read", '{"path": "\\ud800"}'],
        ["read", "[" * 100_000], ["read", {"path": "in/word.txt", "offset": -1}], ["read", '{"path": "a", "offset": 1e999}'],
        ["read", '{"path": "a", "offset": NaN}'], ["exec", {"command": "true", "timeout_s": 1e9}], ["exec", {}],
        ["exec", {"command": "echo \0"}], ["write", {"path": "x", "content": "no base64", "encoding": "base64"}],
        ["write", {"path": "x", "content": "", "encoding": []}],
    ]  # fmt: skip
    links = ["exec", {"command": "ln -s /etc etc; ln -s ../.. up; ln -s loop loop; mkfifo pipe"}]
    right: list[list[object]] = [["write", '{"path": "half", "content": "\\ud800"}'], ["read", {"path": "half"}]]
    (seen,) = play(folder, [{"row": row, "calls": [links, *wrong, *right], "said": ""}])
    answers = seen["answers"]
    for call, answer in zip(wrong, answers[1:]):
        assert answer["error"], call
    assert answers[-1] == {"content": "?"}
    assert seen["verified"][0][1]["reward"] == 0.0


@pytest.mark.nightly
def test_commands_see_no_answer(exported: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, row = exported[0], exported[1]["small"]
    calls = [["exec", {"command": f"cat {folder / HOME}/bundles/small/private/check.py"}]]
    (seen,) = play(folder, [{"row": row, "calls": calls, "said": ""}])
    assert seen["answers"][0]["exit_code"] != 0 and seen["answers"][0]["stdout"] == ""


@pytest.mark.nightly
def test_a_machine_without_the_tools_of_a_task_gives_no_reward(
    exported: tuple[Path, dict[str, dict[str, Any]]],
) -> None:
    (seen,) = play(exported[0], [{"row": exported[1]["lacking"], "calls": [], "said": ""}])
    assert seen["seeded"] == 500 and seen["verified"][0][0] == 409


@pytest.mark.nightly
def test_an_unknown_task_is_no_session(exported: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    row = {**exported[1]["small"], "task": "../small"}
    (seen,) = play(exported[0], [{"row": row, "calls": [["exec", {"command": "ls"}]], "said": ""}])
    assert seen["seeded"] == 422
    assert seen["answers"] == [{"error": "this session was not seeded"}]
    assert seen["verified"][0][0] == 409
