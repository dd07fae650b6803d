"""The export to OpenEnv: its files, and what OpenEnv itself makes of it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.openenv import module_name, openenv
from clawc.runtime.runners.installed import OPENENV
from clawc.runtime.sandbox.probe import find_bwrap
from tests.frameworks import framework
from tests.targets.served import SECRET, SMALL, SPOKEN, compiled, example, grader_reward, hostile, laid

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
EXAMPLES = ("order_totals", "settle_script")


def bubblewrap() -> str:
    return str(find_bwrap()[0])


# The export alone.


def test_the_whole_bundle_is_in_it() -> None:
    tasks = [hostile(), example("settle_script")]
    export = openenv(tasks, ExportOptions("some-tasks"))
    for task in tasks:
        prefix = f"tasks/{task.manifest.task}/"
        held = {path.removeprefix(prefix): one.data for path, one in export.files.items() if path.startswith(prefix)}
        assert held == dict(task.files)


def test_an_export_is_the_same_each_time() -> None:
    task = compiled(SMALL)
    assert openenv([task], ExportOptions("t")) == openenv([task], ExportOptions("t"))


def test_what_openenv_wants_is_there() -> None:
    files = openenv([compiled(SMALL)], ExportOptions("some-tasks")).files
    wanted = {"openenv.yaml", "pyproject.toml", "README.md", "__init__.py", "models.py", "client.py", "server/app.py"}
    wanted |= {"server/environment.py", "server/Dockerfile", "server/grade.py", "server/grader/main.py"}
    assert wanted <= set(files)


def test_no_text_of_a_task_gets_into_code_or_configuration() -> None:
    export = openenv([hostile()], ExportOptions("some-tasks"))
    for path, file in export.files.items():
        if not path.startswith(("tasks/", "oracle/")):
            assert b"$(id)" not in file.data and SECRET.encode() not in file.data, path


@pytest.mark.parametrize("name", ["some-tasks", "1", "yes", "null", "__"])
def test_the_manifest_and_the_project_are_read_back(name: str) -> None:
    files = openenv([hostile()], ExportOptions(name)).files
    manifest = yaml.safe_load(files["openenv.yaml"].data)
    assert manifest["name"] == name
    assert manifest["validation"]["capabilities"]["declared_task_count"] == {"all": 1}
    assert manifest["validation"]["execution"]["probe_path"] in files
    assert manifest["validation"]["capabilities"]["oracle"]["location"] in files
    project = tomllib.loads(files["pyproject.toml"].data.decode())
    assert project["project"]["scripts"]["server"] == f"{module_name(name)}.server.app:main"


def test_the_declared_oracle_is_the_solution() -> None:
    state = json.loads(openenv([compiled(SMALL)], ExportOptions("t")).files["oracle/state.json"].data)
    assert state["task"] == "small"
    assert list(state["files"]) == ["out/copy.txt"]


def test_weaknesses_name_what_a_task_asks_for() -> None:
    weak = {(one.task, one.feature) for one in openenv([example("settle_script")], ExportOptions("t")).weak}
    assert ("settle_script", "programs") in weak and ("settle_script", "separation") in weak


def test_a_name_that_images_leave_out_is_told() -> None:
    text = SMALL.replace('"in/word.txt"', '"node_modules/word.txt"')
    weak = openenv([compiled(text)], ExportOptions("t")).weak
    assert [one for one in weak if one.feature == "bundle" and "node_modules" in one.text]


def test_an_image_with_blanks_is_refused() -> None:
    with pytest.raises(ValueError):
        openenv([compiled(SMALL)], ExportOptions("t", "debian\nRUN id"))


# With OpenEnv.


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tasks = [*map(example, EXAMPLES), compiled(SMALL), compiled(SPOKEN)]
    return laid(openenv(tasks, ExportOptions("some-tasks")), tmp_path_factory.mktemp("openenv"))


@pytest.fixture(scope="module")
def served(package: Path) -> Iterator[str]:
    """The URL of a running server."""
    home = framework(OPENENV)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(home / "bin/uvicorn"), "server.app:app", "--host", "127.0.0.1", "--port", str(port)]
    log = package.parent / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=package, env=surroundings(), stdout=out, stderr=out)
    try:
        url = f"http://127.0.0.1:{port}"
        await_health(process, url, log)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def surroundings() -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CLAWC_BWRAP": bubblewrap(),
        "HOME": "/nonexistent",
    }


def await_health(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
            time.sleep(0.1)
    pytest.fail("the server does not answer")


def play(package: Path, url: str, episodes: Sequence[object]) -> list[list[dict[str, Any]]]:
    """What came of each reset and action, by the client of the package."""
    command = [str(framework(OPENENV) / "bin/python"), str(HERE / "openenv_session.py"), url]
    done = subprocess.run(
        command, cwd=package, env={**surroundings(), "PYTHONPATH": str(package)},
        input=json.dumps(episodes).encode(), capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    found: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def run(*command: object, cwd: Path) -> dict[str, Any]:
    """The report that a command of OpenEnv prints in JSON."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=surroundings(), capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode(errors="replace")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.nightly
def test_the_package_is_valid(package: Path) -> None:
    report = run(framework(OPENENV) / "bin/openenv", "validate", "--level", "static", "--json", cwd=package)
    assert report["verdict"] == "pass"
    assert {one["check_id"]: one["status"] for one in report["results"]} == {"static.manifest": "pass"}


@pytest.mark.nightly
def test_nothing_that_can_run_without_docker_fails(package: Path) -> None:
    report = run(framework(OPENENV) / "bin/openenv", "validate", "--skip-build", "--json", cwd=package)
    assert {one["status"] for one in report["results"]} <= {"pass", "skip"}


def test_the_runtime_contract_holds(package: Path) -> None:
    """OpenEnv's own graders of the runtime, over a server that is a process instead of a container."""
    report = run(framework(OPENENV) / "bin/python", HERE / "openenv_validation.py", package, cwd=package)
    passed = {name for name, status in report.items() if status == "pass"}
    assert passed == {
        "static.manifest", "runtime.startup", "runtime.reward_well_formed", "runtime.observation_schema",
        "runtime.state_contract",
    }  # fmt: skip
    assert set(report.values()) == {"pass", "skip"}


@pytest.mark.nightly
def test_a_running_server_is_valid(package: Path, served: str) -> None:
    report = run(framework(OPENENV) / "bin/openenv", "validate", "--url", served, "--json", cwd=package)
    assert report["passed"] is True
    assert report["summary"]["failed_criteria"] == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", EXAMPLES)
def test_rewards_are_those_of_the_grader(package: Path, served: str, tmp_path: Path, name: str) -> None:
    bundle = package / "tasks" / name
    steps = json.loads((bundle / "private/solution/steps.json").read_bytes())["steps"]
    written = [
        {"kind": "write", "path": step["path"], "content": (bundle / step["source"]).read_text(encoding="utf-8")}
        for step in steps
    ]
    end = {"kind": "submit", "text": "Done."}
    reset = {"task": name}
    solved, idle = play(
        package, served, [{"reset": reset, "actions": [*written, end]}, {"reset": reset, "actions": [end]}]
    )
    assert solved[-1]["done"] and solved[-1]["reward"] == grader_reward(bundle, tmp_path, True) == 1.0
    assert idle[-1]["done"] and idle[-1]["reward"] == grader_reward(bundle, tmp_path, False) < 1.0


@pytest.mark.nightly
def test_the_declared_oracle_has_the_full_reward(package: Path, served: str) -> None:
    state = json.loads((package / "oracle/state.json").read_bytes())
    (seen,) = play(package, served, [{"reset": {"injected_state": state}, "actions": [{"kind": "submit"}]}])
    assert seen[-1]["reward"] == 1.0


@pytest.mark.nightly
def test_turns_and_the_record_count(package: Path, served: str) -> None:
    actions = [
        {"kind": "run", "command": "cat in/word.txt"}, {"kind": "submit", "text": "I have."},
        {"kind": "submit", "text": "It says fern."}, {"kind": "run", "command": "ls"},
    ]  # fmt: skip
    (seen,) = play(package, served, [{"reset": {"task": "spoken"}, "actions": actions}])
    assert seen[1]["observation"]["stdout"] == "fern"
    assert "Now say" in seen[2]["observation"]["instruction"] and not seen[2]["done"]
    assert seen[3]["done"] and seen[3]["reward"] == 1.0
    assert seen[4]["done"] and "over" in seen[4]["observation"]["error"]


@pytest.mark.nightly
def test_what_an_agent_does_wrong_is_said(package: Path, served: str) -> None:
    hostile: list[dict[str, object]] = [
        {"kind": "read", "path": "../trajectory.jsonl"}, {"kind": "read", "path": "/etc/passwd"},
        {"kind": "run", "command": "ln -s /etc etc; ln -s ../.. up; ln -s loop loop; mkfifo pipe; ln -s ../outside new"},
        {"kind": "read", "path": "etc/passwd"}, {"kind": "read", "path": "up/etc/passwd"},
        {"kind": "write", "path": "up/x", "content": "x"}, {"kind": "write", "path": "new", "content": "x"},
        {"kind": "read", "path": "loop"}, {"kind": "read", "path": "pipe"}, {"kind": "write", "path": "pipe"},
        {"kind": "read", "path": "in"}, {"kind": "read", "path": "a\0b"}, {"kind": "read", "path": "x" * 9000},
        {"kind": "write", "path": "in/word.txt/x", "content": "x"}, {"kind": "read", "path": ""},
        {"kind": "write", "path": "x", "content": "no base64", "encoding": "base64"},
        {"kind": "run", "command": "echo \0"}, {"kind": "run", "command": "x" * 100_000},
    ]  # fmt: skip
    last: list[dict[str, object]] = [{"kind": "run", "command": "echo still here"}, {"kind": "submit"}]
    (seen,) = play(package, served, [{"reset": {"task": "small"}, "actions": [*hostile, *last]}])
    observations = [one["observation"] for one in seen[1:]]
    assert observations[2]["error"] == "" and observations[2]["exit_code"] == 0
    for action, observation in zip(hostile, observations):
        assert (action["kind"] == "run" and "ln" in str(action["command"])) or observation["error"], action
    assert observations[-2]["stdout"] == "still here\n"
    assert seen[-1]["reward"] == 0.0


def test_commands_are_bounded_and_see_no_answer(package: Path, served: str) -> None:
    actions = [
        {"kind": "run", "command": "sleep 60", "timeout_s": 1}, {"kind": "run", "command": "yes | head -c 3000000"},
        {"kind": "run", "command": f"grep -rs {SECRET} {package} /tmp /proc/[0-9]*/environ | grep -v '^/w'"},
        {"kind": "run", "command": f"cat {package}/tasks/small/private/check.py"},
        {"kind": "run", "command": "echo x > /usr/x; echo y > /etc/y; echo z > z; cat z"},
    ]  # fmt: skip
    (seen,) = play(package, served, [{"reset": {"task": "small"}, "actions": actions}])
    asleep, loud, looking, reading, writing = (one["observation"] for one in seen[1:])
    assert asleep["limit"] == "time" and asleep["exit_code"] is None
    assert loud["truncated"] and len(loud["stdout"]) <= 1 << 16
    assert looking["stdout"] == "" and reading["stdout"] == ""
    assert writing["stdout"] == "z\n"
    assert not Path("/usr/x").exists() and not Path("/etc/y").exists()


@pytest.mark.nightly
def test_a_reset_chooses_a_task(package: Path, served: str) -> None:
    resets: list[dict[str, object]] = [
        {"task": "small"}, {"seed": 0}, {"seed": 0}, {"seed": 1}, {"split": "all", "index": 3}, {}, {"task": "../small"},
        {"index": 99}, {"split": "other"}, {"injected_state": 5}, {"seed": "x"},
        {"injected_state": {"task": "small", "files": {"../x": ""}}},
    ]  # fmt: skip
    names = sorted(["order_totals", "settle_script", "small", "spoken"])
    seen = [
        episode[0]["observation"]
        for episode in play(package, served, [{"reset": one, "actions": []} for one in resets])
    ]
    assert [one["task"] for one in seen[:5]] == ["small", names[0], names[0], names[1], names[3]]
    assert seen[5]["task"] in names
    assert all(one["error"] and not one["instruction"] for one in seen[6:])


def test_tasks_are_told_without_their_private_half(package: Path, served: str) -> None:
    request = urllib.request.Request(
        f"{served}/some-tasks/tasks", json.dumps({"split": "all"}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        told = json.load(answer)["tasks"]
    assert [one["id"] for one in told] == ["order_totals", "settle_script", "small", "spoken"]
    assert set(told[0]) <= {"id", "index", "title", "instruction", "split"}
