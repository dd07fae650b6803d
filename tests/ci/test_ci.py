"""The action, GitLab's jobs and the hooks, run as their files say them, also on names and texts that want to be commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.ci.runner import ROOT, commands, program_folder, read_yaml, run_action, run_gitlab
from tests.cli.repositories import HOURS, SPEC, commit, git, write

NO_TESTS = {"level": "none"}
HOSTILE = "a\n::error::owned\n```\n$(touch owned)`touch owned`;touch owned #.claw"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    top = tmp_path / "workspace"
    write(top, {"tasks/hours.claw": SPEC.format(name="hours", asset="in/hours.csv"), "tasks/in/hours.csv": HOURS})
    (top / "proved").mkdir()
    shutil.copy(ROOT / "examples/order_totals.claw", top / "proved")
    subprocess.run([sys.executable, "-m", "clawc", "fmt", str(top)], check=True, cwd=ROOT, capture_output=True)
    commit(top)
    return top


def test_no_workflow_text_is_shell_and_no_right_is_taken() -> None:
    action = read_yaml(ROOT / "action.yml")
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) != ("uses" in step)
    for path in (ROOT / "action.yml", *(ROOT / "ci").rglob("*.yml")):
        lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
        assert not any("pull_request_target" in line or "write-all" in line for line in lines)
    workflow = read_yaml(ROOT / "ci/github/pull-request.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["upload"]["permissions"] == {"contents": "read", "security-events": "write"}
    assert "permissions" not in workflow["jobs"]["check"]
    assert not any("run" in step for job in workflow["jobs"].values() for step in job["steps"])
    used = next(s for s in workflow["jobs"]["check"]["steps"] if "clawc" in s["uses"])
    assert set(used["with"]) <= set(action["inputs"])


def test_the_action_passes_sound_tasks(workspace: Path, tmp_path: Path) -> None:
    done = run_action(workspace, tmp_path / "runner", {"paths": "proved"})
    assert done.code == 0, done.log
    assert done.outputs["clawc"] == {"result": "passed", "sarif": "clawc.sarif"}
    assert all(f"- {name}: passed" in done.summary for name in ("check", "fmt", "test"))
    assert json.loads((workspace / "clawc.sarif").read_text())["version"] == "2.1.0"
    assert commands(done.log) == []


def test_the_action_fails_mistakes_after_it_has_said_all(workspace: Path, tmp_path: Path) -> None:
    path = workspace / "tasks/hours.claw"
    path.write_text(path.read_text().replace("csv(hours)", "csv(hurs)").replace("  let", "      let"))
    done = run_action(workspace, tmp_path / "runner", {"paths": "tasks"} | NO_TESTS)
    assert done.code == 1 and done.outputs["clawc"]["result"] == "failed"
    assert "- check: failed (exit code 1)" in done.summary and "- fmt: failed" in done.summary
    assert [line for line in commands(done.log) if line.startswith("::error file=tasks/hours.claw,line=")]
    assert json.loads((workspace / "clawc.sarif").read_text())["runs"][0]["results"]


def test_only_what_changed(workspace: Path, tmp_path: Path) -> None:
    write(workspace, {"tasks/other.claw": "claw 1\nno task\n"})
    commit(workspace)
    name = "feature/$(touch${IFS}owned)';touch${IFS}owned;'"
    git(workspace, "branch", name)
    done = run_action(workspace, tmp_path / "runner", {"changed-since": name} | NO_TESTS)
    assert done.code == 0, done.log
    write(workspace, {"tasks/in/hours.csv": HOURS + "Dora,2\n"})
    done = run_action(workspace, tmp_path / "runner", {"changed-since": name} | NO_TESTS)
    assert done.code == 0 and "1 file checked" in done.log
    assert not (workspace / "owned").exists()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "inputs",
    [
        {"changed-since": "--output=owned"}, {"changed-since": "x\ny"}, {"changed-since": "$(touch owned)"},
        {"paths": "$(touch owned)"}, {"paths": "--help\n; touch owned"}, {"level": "none; touch owned"},
        {"sarif": "../owned"}, {"sarif": "/tmp/owned"}, {"sarif": "a\nresult=passed"}, {"sarif": "link/owned"},
        {"fmt": "$(touch owned)", "sandbox": "`touch owned`", "paths": "nowhere"},
    ],
    ids=range(11),
)  # fmt: skip
def test_inputs_are_no_commands(workspace: Path, tmp_path: Path, inputs: dict[str, str]) -> None:
    (workspace / "link").symlink_to(tmp_path)
    done = run_action(workspace, tmp_path / "runner", NO_TESTS | inputs)
    assert done.code != 0, done.log
    assert done.outputs["clawc"].get("result") != "passed"
    assert not list(tmp_path.rglob("owned")) and not Path("/tmp/owned").exists()


def test_names_and_modules_of_a_pull_request(workspace: Path, tmp_path: Path) -> None:
    write(workspace, {HOSTILE: "claw 1\n  task  x {\n", "-deny.claw": "claw 1\n", "clawc.py": "open('owned', 'w')\n"})
    write(
        workspace, {f"{name}.py": "open('owned', 'w')\n" for name in ("typer", "pip", "venv", "site", "sitecustomize")}
    )
    (workspace / os.fsdecode(b"\xff.claw")).write_text("claw 1\n")
    commit(workspace)
    done = run_action(workspace, tmp_path / "runner", NO_TESTS)
    assert done.code == 1, done.log
    assert not list(tmp_path.rglob("owned"))
    said = commands(done.log)
    assert said and all(re.match(r"::(error|warning) file=", line) for line in said), said
    held = [line for line in done.summary.split("\n") if "owned" in line or "```" in line]
    assert held and all(line.startswith("    ") for line in held)


@pytest.mark.nightly
def test_the_action_installs_itself(workspace: Path, tmp_path: Path) -> None:
    """From its own folder, without an index: what it needs is that of the interpreter that runs the tests."""
    copy = tmp_path / "action"
    skipped = shutil.ignore_patterns(".*", "tests", "bench", "benchmarks", "__pycache__", "*.egg-info", "build")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=skipped)
    write(workspace, {f"{name}.py": "open('owned', 'w')\n" for name in ("pip", "venv", "clawc", "typer")})
    done = run_action(
        workspace, tmp_path / "runner", NO_TESTS, skip=(), action=copy, PIP_NO_DEPS="1", PIP_NO_INDEX="1",
        PIP_NO_BUILD_ISOLATION="0", PYTHONPATH=sysconfig.get_paths()["purelib"],
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    )  # fmt: skip
    assert done.code == 0, done.log
    assert (tmp_path / "runner/clawc/bin/clawc").is_file() and not list(tmp_path.rglob("owned"))


def test_gitlab(workspace: Path, tmp_path: Path) -> None:
    done = run_gitlab("clawc-check", workspace, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((workspace / "gl-code-quality-report.json").read_text()) == []
    assert run_gitlab("clawc-fmt", workspace, tmp_path).returncode == 0
    done = run_gitlab("clawc-test", workspace, tmp_path, CLAWC_NO_SANDBOX="1", CLAWC_PATH="proved")
    assert done.returncode == 0, done.stderr
    ET.fromstring((workspace / "clawc-test.xml").read_text())
    base = git(workspace, "rev-parse", "HEAD").strip()
    write(workspace, {"tasks/wrong.claw": "claw 1\n  task wrong { title = 3 }\n"})
    done = run_gitlab("clawc-check", workspace, tmp_path, CLAWC_CHANGED_SINCE=base)
    assert done.returncode == 1
    (first, *_) = json.loads((workspace / "gl-code-quality-report.json").read_text())
    assert first["location"]["path"] == "tasks/wrong.claw" and first["severity"] == "major"
    suite = ET.fromstring((workspace / "clawc-check.xml").read_text())
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert run_gitlab("clawc-fmt", workspace, tmp_path).returncode == 1
    for name in ("CLAWC_PATH", "CLAWC_CHANGED_SINCE", "CLAWC_DENY", "CLAWC_LEVEL"):
        job = "clawc-test" if name == "CLAWC_LEVEL" else "clawc-check"
        assert run_gitlab(job, workspace, tmp_path, **{name: "$(touch owned) `touch owned`;touch owned"}).returncode
    assert not list(tmp_path.rglob("owned"))


def test_gitlab_names_files_and_jobs_that_there_are() -> None:
    document = read_yaml(ROOT / "ci/gitlab/clawc.yml")
    jobs = {name: job for name, job in document.items() if name not in ("variables", ".clawc")}
    assert sorted(jobs) == ["clawc-check", "clawc-fmt", "clawc-test"]
    for job in jobs.values():
        script = "\n".join(job["script"])
        for file in job.get("artifacts", {}).get("reports", {}).values():
            assert file in script
        for name in re.findall(r"\bCLAWC_\w+", script):
            assert name in document["variables"]


def test_hooks(workspace: Path, tmp_path: Path) -> None:
    hooks = {hook["id"]: hook for hook in read_yaml(ROOT / ".pre-commit-hooks.yaml")}
    assert sorted(hooks) == ["clawc-check", "clawc-check-changed", "clawc-fmt"]
    wrong = "claw 1\n  task   wrong { }\n"
    write(workspace, {"tasks/wrong.claw": wrong, "tasks/-x; touch owned.claw": "claw 1\n"})
    env = {**os.environ, "PATH": f"{program_folder(tmp_path / 'bin')}:{os.environ['PATH']}"}
    for id, files, code in (
        ("clawc-check", ["tasks/hours.claw"], 0),
        ("clawc-check", ["tasks/hours.claw", "tasks/-x; touch owned.claw", "tasks/wrong.claw"], 1),
        ("clawc-check-changed", [], 1),
        ("clawc-fmt", ["tasks/hours.claw"], 0),
    ):
        hook = hooks[id]
        assert hook["language"] == "python" and (not files or re.search(hook["files"], files[0]))
        command = [*shlex.split(hook["entry"]), *(files if hook.get("pass_filenames", True) else [])]
        done = subprocess.run(command, cwd=workspace, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, (id, done.stdout, done.stderr)
    assert not list(tmp_path.rglob("owned"))
