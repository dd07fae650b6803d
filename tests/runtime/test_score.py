"""Scoring: who may speak, and that nobody else is heard."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pydantic
import pytest

import clawc
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.score import Scored, score

pytestmark = pytest.mark.usefixtures("works")

MakeBundle = Callable[..., Path]
HERE = Path(__file__).parent
ATTACK = (HERE / "attack.py").read_text()
ORDINARY = 65534


def scored(bundle: Path, workspace: Path) -> Scored:
    async def main() -> Scored:
        backend = Bubblewrap()
        try:
            return await score(load(bundle), workspace, backend)
        finally:
            await backend.close()

    return asyncio.run(main())


def workspace(folder: Path, **files: str) -> Path:
    for path, text in {"in/data.txt": "data\n", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "0.000000"),
        ({"out/answer.txt": "TRUTH-41d3c7\n"}, "1.000000"),
        ({"out/answer.txt": "wrong"}, "0.333333"),
        ({"out/answer.txt": "TRUTH-41d3c7\n", "in/data.txt": "changed"}, "0.000000"),
    ],
)
def test_credit(make_bundle: MakeBundle, tmp_path: Path, files: dict[str, str], expected: str) -> None:
    found = scored(make_bundle(), workspace(tmp_path / "w", **files))
    assert found.fault == ""
    assert str(found.score) == expected


def test_parsers_travel_with_the_checker(
    make_bundle: MakeBundle, make_checker: Callable[..., str], tmp_path: Path
) -> None:
    before = 'sys.path.append("/check/vendor"); from oddparser.inner import NAME; assert NAME == 7'
    extra = {"private/vendor/oddparser/inner.py": "NAME = 7\n"}
    found = scored(make_bundle(check=make_checker(before=before), extra=extra), workspace(tmp_path / "w"))
    assert found.fault == "" and str(found.score) == "0.000000"


def test_a_rubric_without_a_judge_has_no_score(make_bundle: MakeBundle, tmp_path: Path) -> None:
    checks = [{"name": n, "kind": k, "weight": w} for n, k, w in _CHECKS]
    bundle = make_bundle(scoring={"checks": checks, "rubric_share": "0.3"})
    found = scored(bundle, workspace(tmp_path / "w", **{"out/answer.txt": "wrong"}))
    assert found.score is None
    assert str(found.score_checks) == "0.333333"


_CHECKS = (("right", "check", "2"), ("short", "check", "1"), ("kept", "require", "1"))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("write", "fault"),
    [
        ("pass", "0 whole lines"),
        ("os.write(fd, line.encode() * 2)", "2 whole lines"),
        ("os.write(fd, line.encode()[:-1])", "0 whole lines"),
        ("os.write(1, line.encode())", "0 whole lines"),
        ("os.write(fd, line.replace(nonce, '0' * 32).encode())", "wrong nonce"),
        ("os.write(fd, line.replace('\"tiny\"', '\"other\"').encode())", "another task"),
        ("os.write(fd, line.replace('\"kept\"', '\"kind_of\"').encode())", "other checks"),
        ('os.write(fd, line.replace(\'"C": "0"\', \'"C": "1"\').encode())', "weighted mean"),
        ('os.write(fd, line.replace(\'"C": "0"\', \'"C": "9e999999"\').encode())', "not a share"),
        ("os.write(fd, line.replace('0.000000', '1').encode())", "score_checks"),
        ("os.write(fd, line.replace('\"2\"', '\"1e9\"').encode())", "not a number"),
        ("os.write(fd, line.replace('\"2\"', '\"3\"').encode())", "other weights"),
        ("os.write(fd, b'{}\\n')", "malformed"),
        ("os.write(fd, b'[' * 10**6 + b'\\n')", "malformed"),
        ("os.write(fd, line.encode()); sys.exit(1)", "exit status 1"),
        ("os.write(fd, line.encode()); import ctypes; ctypes.string_at(0)", "exit status 139"),
        ("os.write(fd, line.encode()); sys.stdout.flush(); import time; time.sleep(99)", "time limit"),
        ("[os.write(fd, b'x' * 2**16) for _ in range(200)]", "whole lines"),
        ("raise SystemError('a bug')", "exit status 1"),
    ],
)
def test_only_one_whole_true_line_is_a_verdict(
    make_bundle: MakeBundle, tmp_path: Path, write: str, fault: str, make_checker: Callable[..., str]
) -> None:
    bundle = make_bundle(check=make_checker(write=write), limits={"check_s": 1.5})
    found = scored(bundle, workspace(tmp_path / "w"))
    assert found.verdict is None and found.score is None
    assert fault in found.fault
    if "a bug" in write:
        assert "a bug" in found.stderr


def test_the_checker_finds_only_what_it_should(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: Callable[..., str]
) -> None:
    before = """
def fails(act):
    try:
        act()
    except OSError:
        return True
    return False
assert fails(lambda: open("/w/new", "w")), "workspace is writable"
assert fails(lambda: open("/check/check.py", "a")), "checker is writable"
assert fails(lambda: open("/jobs/new", "w")), "jobs are writable"
assert os.getcwd() == "/check"
assert sorted(os.environ) == ["HOME", "LANG", "PATH", "PWD"], os.environ
assert "/w" not in sys.path and "" not in sys.path and "/check" not in sys.path, sys.path
assert len([n for n in os.listdir("/proc") if n.isdigit()]) == 1
assert os.listdir("/") and not os.path.exists("/private") and not os.path.exists("/root")
"""
    bundle = make_bundle(check=make_checker(before=before))
    look_alikes = dict.fromkeys(("json.py", "in/json.py", "sitecustomize.py"), "raise SystemExit('hijacked')")
    found = scored(bundle, workspace(tmp_path / "w", **look_alikes))
    assert (found.fault, found.stderr) == ("", "")


def test_special_files_in_a_given_workspace(make_bundle: MakeBundle, tmp_path: Path) -> None:
    def link(path: Path) -> None:
        path.symlink_to("/proc/self/environ")

    makers: list[Callable[[Path], None]] = [os.mkfifo, link, os.mkdir]
    for make in makers:
        folder = workspace(tmp_path / f"w{makers.index(make)}")
        (folder / "out").mkdir()
        make(folder / "out/answer.txt")
        found = scored(make_bundle(), folder)
        assert (found.fault, str(found.score)) == ("", "0.000000")
        assert [entry.path for entry in found.refused] == ([] if make is os.mkdir else ["out/answer.txt"])
        assert os.path.lexists(folder / "out/answer.txt")


def test_a_workspace_that_is_none(make_bundle: MakeBundle, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="is not a folder"):
        scored(make_bundle(), tmp_path / "absent")


def test_jobs_run_over_pristine_inputs(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: Callable[..., str]
) -> None:
    script = """
import os
print(open('in/data.txt').read(), sorted(os.listdir('.')), open('laid/x').read(), input())
"""
    bundle = make_bundle(
        deliverables=["out/answer.txt", "tool.py"],
        extra={"private/jobs/x": "fresh"},
        jobs=[
            {
                "id": "good",
                "argv": ["python3", "tool.py"],
                "files": {"laid/x": "private/jobs/x"},
                "stdin": "typed\n",
            },
            {"id": "slow", "argv": ["sh", "-c", "echo begun; : > made; sleep 99"], "timeout_s": 0.5},
            {"id": "lost", "argv": ["no-such-program"], "cwd": "out"},
        ],
        check=make_checker(
            before="""
def result(name):
    with open("/jobs/%s/result.json" % name) as file:
        found = json.load(file)
    return found, open("/jobs/%s/stdout" % name).read(), sorted(os.listdir("/jobs/%s/tree" % name))
good, slow, lost = result("good"), result("slow"), result("lost")
assert good == ({"exit": 0, "timed_out": False, "problem": ""},
    "data\\n ['in', 'laid', 'tool.py'] fresh typed\\n", ["in", "laid", "tool.py"]), good
assert slow == ({"exit": None, "timed_out": True, "problem": ""}, "begun\\n", ["in", "made", "tool.py"]), slow
assert lost[0]["exit"] not in (0, None), lost
"""
        ),
    )
    files = {"tool.py": script, "in/data.txt": "changed", "extra.txt": "not a deliverable"}
    found = scored(bundle, workspace(tmp_path / "w", **files))
    assert (found.fault, found.stderr) == ("", "")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike those of pytest."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def interpreter_for(user: int | None) -> tuple[list[str], dict[str, str]]:
    """A command that starts Python with clawc as that user, and its environment."""
    if user is None:
        return [sys.executable], dict(os.environ)
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    drop = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"]
    folders = {str(Path(str(module.__file__)).parents[1]) for module in (pydantic, clawc)}
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sorted(folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    for python in (sys.executable, "/usr/bin/python3"):
        command = [*drop, python]
        done = subprocess.run(
            [*command, "-c", "import clawc.runtime.scoring.score"], env=env, capture_output=True, text=True
        )
        if done.returncode == 0:
            return command, env
    pytest.skip(f"no interpreter that an ordinary user may run has clawc: {done.stderr.strip()[-200:]}")


@pytest.mark.parametrize("user", [None, ORDINARY], ids=["self", "ordinary"])
def test_a_program_of_the_agent_cannot_reach_checker_truth_or_verdict(
    user: int | None, make_bundle: MakeBundle, open_folder: Path
) -> None:
    command, env = interpreter_for(user)
    jobs = [{"id": "tool", "argv": ["python3", "tool.py"]}]
    bundle = make_bundle(deliverables=["out/answer.txt", "tool.py", "bait"], jobs=jobs)
    shutil.copytree(bundle, open_folder / "bundle")
    # The bait shows that the search would find the truth if it stood anywhere else.
    workspace(open_folder / "w", **{"tool.py": ATTACK, "bait": "TRUTH-41d3c7"})
    program = open_folder / "score_once.py"
    shutil.copy(HERE / "score_once.py", program)
    done = subprocess.run(
        [*command, str(program), str(open_folder / "bundle"), str(open_folder / "w")],
        env=env,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    if "unavailable" in result:
        pytest.skip(f"no sandbox for that user: {result['unavailable']}")
    assert (result["fault"], result["score"]) == ("", "0.000000")
    forged, attack = result["said"]["tool"].splitlines()
    assert json.loads(forged)["C"] == "1"
    assert json.loads(attack) == {"found": ["/w/bait"], "taken": [], "uid": 1000}
