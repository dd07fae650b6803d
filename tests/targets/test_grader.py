"""The grader as every export has it, a process of its own: its verdicts, the files that it leaves, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clawc.compiler.targets.grader.bundle import Bundle
from clawc.compiler.targets.grader.verdict import final_score
from clawc.runtime.bundle import load
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.score import score
from clawc.spec.scoring import score_text
from tests.sandbox.bench import processes, word
from tests.targets.exported import laid
from tests.targets.graders import ORDINARY, PYTHON, RIGHT, ROOT, Graded, Ground, grade, tool

VECTORS = json.loads((ROOT / "spec" / "scoring_vectors.json").read_text())


@pytest.mark.parametrize("row", VECTORS, ids=str)
def test_the_score_is_that_of_the_vectors(row: dict[str, str | int | None]) -> None:
    rubric = None if row["R"] is None else Decimal(str(row["R"]))
    value = final_score(Decimal(str(row["C"])), int(str(row["V"])), Decimal(str(row["s"])), rubric, int(str(row["G"])))
    assert (None if value is None else score_text(value)) == row["score"]


WORKSPACES: Mapping[str, Mapping[str, bytes]] = {
    "nothing": {},
    "right": {"output/totals.csv": b"customer,total\nAda,19.5\nChen,19.25\nBela,4.25\n", "output/number.txt": b"5"},
    "half": {"output/totals.csv": b"customer,total\nChen,19.25\nAda,19.5\nBela,4.25\n", "output/number.txt": b"5\n"},
    "broken": {"output/totals.csv": b"\xff\xfe\x00", "output/number.txt": b"NaN"},
    "changed": {"input/orders.csv": b"", "output/number.txt": b"5"},
    "folder": {"output/totals.csv/x": b"", "output/number.txt": b"1e999999999"},
}  # fmt: skip


def test_verdicts_are_those_of_the_runtime(ground: Ground, open_path: Path) -> None:
    bundle = ground.bundle("tables")
    inputs = {path: file.data for path, file in Bundle(str(bundle)).inputs().items()}
    theirs: dict[str, Graded] = {}
    for name, files in WORKSPACES.items():
        laid({**inputs, **files}, open_path / name)
        theirs[name] = grade(ground, bundle, open_path / name)

    async def ours() -> dict[str, Any]:
        backend = Bubblewrap()
        try:
            return {name: await score(load(bundle), open_path / name, backend) for name in WORKSPACES}
        except SandboxUnavailable as why:
            pytest.skip(str(why))
        finally:
            await backend.close()

    for name, scored in asyncio.run(ours()).items():
        document = theirs[name].document
        assert document["score_checks"] == score_text(scored.score_checks), name
        assert document["score"] == score_text(scored.score)
        assert (document["C"], document["V"]) == (scored.verdict.C, scored.verdict.V)
        assert document["checks"] == [one.model_dump(mode="json") for one in scored.verdict.checks]


def test_a_program_is_judged(ground: Ground, open_path: Path, mode: str) -> None:
    graded = grade(ground, ground.bundle("ask"), tool(open_path / "w", RIGHT), mode=mode)
    assert (graded.status, graded.reward) == (0, 1.0), graded
    assert graded.document["isolation"] == mode.partition("-")[0]
    assert grade(ground, ground.bundle("ask"), tool(open_path / "v", "print(1)"), mode=mode).reward == 0.0


def test_runs_on_the_oldest_python_too(ground: Ground, open_path: Path) -> None:
    found = sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python3"))
    if not found:
        pytest.skip("there is no Python 3.9")
    workspace = tool(open_path / "w", RIGHT)
    with tarfile.open(open_path / "w.tar", "w") as archive:
        archive.add(workspace, ".")
    for given in (workspace, open_path / "w.tar"):
        assert grade(ground, ground.bundle("ask"), given, mode="user", python=str(found[0])).reward == 1.0


@pytest.mark.sampled(2)
def test_a_program_that_is_not_there_ends_as_the_system_says(ground: Ground, open_path: Path, mode: str) -> None:
    """Bubblewrap ends with status 1 where it cannot start a program: here that would be an answer."""
    (open_path / "w").mkdir()
    assert grade(ground, ground.bundle("ask"), open_path / "w", mode=mode).reward == 0.0
    refused = tool(open_path / "x", "")
    (refused / "tool.py").write_text("exit 1\n")  # neither interpreter nor program: no shell is tried
    assert grade(ground, ground.bundle("ask"), refused, mode=mode).reward == 0.0
    (refused / "tool.py").chmod(0o644)
    assert grade(ground, ground.bundle("ask"), refused, mode=mode).reward == 0.0
    (refused / "tool.py").write_text("#!/nowhere\n")
    (refused / "tool.py").chmod(0o755)
    assert grade(ground, ground.bundle("ask"), refused, mode=mode).reward == 0.0


@pytest.fixture
def rewards(open_path: Path) -> Path:
    """Reward files that are there before."""
    folder = open_path / "logs"
    (folder / "reward.json").mkdir(parents=True)
    (folder / "reward.json" / "x").write_text("1")
    (folder / "reward.txt").write_text("1\n")
    (folder / "verdict.json").symlink_to("/etc/hostname")
    for path in (folder, folder / "reward.json"):
        path.chmod(0o777)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, ORDINARY, ORDINARY)
    return folder


def test_rewards_are_whole_and_last(ground: Ground, open_path: Path, rewards: Path) -> None:
    before = Path("/etc/hostname").read_bytes() if os.path.exists("/etc/hostname") else b""
    graded = grade(ground, ground.bundle("ask"), tool(open_path / "w", RIGHT), "--reward", str(rewards))
    assert sorted(os.listdir(rewards)) == ["reward.json", "reward.txt", "verdict.json"]
    assert json.loads((rewards / "reward.json").read_text()) == {"reward": 1.0}
    assert (rewards / "reward.txt").read_text() == "1.0\n"
    assert json.loads((rewards / "verdict.json").read_text()) == graded.document
    times = [(rewards / name).stat().st_mtime_ns for name in ("verdict.json", "reward.txt", "reward.json")]
    assert times == sorted(times)
    assert not before or Path("/etc/hostname").read_bytes() == before


def test_no_reward_is_left_without_a_verdict(ground: Ground, open_path: Path, rewards: Path) -> None:
    bundle = open_path / "bundle"
    shutil.copytree(ground.bundle("ask"), bundle)
    (bundle / "private" / "check.py").write_text("")
    graded = grade(ground, bundle, tool(open_path / "w", RIGHT), "--reward", str(rewards))
    assert (graded.status, graded.reward) == (1, None)
    assert os.listdir(rewards) == []


@pytest.mark.sampled(2)
def test_a_program_that_is_at_work_on_rewards_gets_none(
    ground: Ground, open_path: Path, rewards: Path, mode: str
) -> None:
    text = f"""
import os, shutil
for name in ("verdict.json", "reward.txt", "reward.json"):
    path = os.path.join({str(rewards)!r}, name)
    try:
        os.makedirs(os.path.join(path, "x"))
    except OSError:
        pass
if os.fork() == 0:
    os.setsid()
    while True:
        try:
            open(os.path.join({str(rewards)!r}, "reward.json"), "w").write('{{"reward": 1}}')
        except OSError:
            pass
"""
    graded = grade(ground, ground.bundle("ask"), tool(open_path / "w", text), "--reward", str(rewards), mode=mode)
    assert graded.reward == 0.0, graded
    assert json.loads((rewards / "reward.json").read_text()) == {"reward": 0.0}


def test_a_reward_that_cannot_be_kept_is_none(ground: Ground, open_path: Path) -> None:
    graded = grade(ground, ground.bundle("tables"), laid({}, open_path / "w"), "--reward", str(open_path / "nowhere"))
    assert (graded.status, graded.reward) == (1, None) and "nowhere" in graded.errors


def spoilt(ground: Ground, folder: Path, checker: Callable[[str], str], **limits: float) -> Path:
    """The bundle `tables` with another checker, proved again."""
    shutil.copytree(ground.bundle("tables"), folder)
    path = folder / "private" / "check.py"
    path.write_text(checker(path.read_text()))
    manifest = json.loads((folder / "bundle.json").read_text())
    for one in manifest["files"]:
        if one["path"] == "private/check.py":
            data = path.read_bytes()
            one |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["limits"] |= limits
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return folder


CRASH = "import os, sys, time\nif {when}:\n    {what}\n"
ONLY_HERE = "os.path.exists(os.path.join(sys.argv[1], 'trap'))"
FAILURES = {
    "ends": "os._exit(3)",
    "is_killed": "os.kill(os.getpid(), 9)",
    "hangs": "time.sleep(60)",
    "says_nothing": "os._exit(0)",
    "says_something_else": "os.write(int(sys.argv[-1]), b'{}\\n'); os._exit(0)",
    "says_much": "os.write(int(sys.argv[-1]), b'x' * 70000 + b'\\n'); os._exit(0)",
    "says_it_twice": "os.write(int(sys.argv[-1]), b'\\n')",
    "runs_out_of_memory": "x = bytearray(4 << 30)",
}  # fmt: skip


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", FAILURES)
def test_a_checker_that_fails_here_alone_is_no_way_out(ground: Ground, open_path: Path, name: str) -> None:
    crash = CRASH.format(when=ONLY_HERE, what=FAILURES[name])
    bundle = spoilt(
        ground,
        open_path / "bundle",
        lambda text: text.replace("\nimport decimal\n", f"\n{crash}\nimport decimal\n", 1),
        check_s=1,
    )
    graded = grade(ground, bundle, laid({"trap": b""}, open_path / "w"))
    assert (graded.status, graded.reward) == (0, 0.0), graded
    assert graded.document["fault"]


@pytest.mark.parametrize("name", ["ends", "says_nothing", "hangs"])
def test_a_checker_that_fails_everywhere_gives_no_reward(ground: Ground, open_path: Path, name: str) -> None:
    crash = CRASH.format(when="True", what=FAILURES[name])
    bundle = spoilt(
        ground,
        open_path / "bundle",
        lambda text: text.replace("\nimport decimal\n", f"\n{crash}\nimport decimal\n", 1),
        check_s=1,
    )
    graded = grade(ground, bundle, laid({"trap": b""}, open_path / "w"))
    assert (graded.status, graded.reward) == (1, None), graded


def test_a_verdict_may_be_longer_than_a_pipe_holds(ground: Ground, open_path: Path) -> None:
    bundle = spoilt(
        ground, open_path / "bundle", lambda text: text.replace("stream.write(", "stream.write(' ' * 300_000 + ", 1)
    )
    assert "300_000" in (bundle / "private" / "check.py").read_text()
    graded = grade(ground, bundle, laid({}, open_path / "w"))
    assert graded.status == 0 and "fault" not in graded.document


def start(ground: Ground, workspace: Path, **env: str) -> subprocess.Popen[str]:
    bundle = shutil.copytree(ground.bundle("ask"), workspace.parent / f"bundle-{word()}")
    return subprocess.Popen(
        [PYTHON, "-I", "-S", str(ground.grade), str(bundle), str(workspace)],
        env={"PATH": "/usr/bin:/bin", **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grader_that_is_ended_takes_its_programs_along(
    ground: Ground, open_path: Path, number: signal.Signals
) -> None:
    mark = word()
    scratch = open_path / "tmp"
    scratch.mkdir(mode=0o755)
    process = start(
        ground, tool(open_path / "w", f"import os; os.execvp('sleep', ['sleep', '{mark}'])"), TMPDIR=str(scratch)
    )
    deadline = time.monotonic() + 20
    while not processes(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes(mark)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert "reward" not in out
    while processes(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes(mark) == []
    if number != signal.SIGKILL:
        assert os.listdir(scratch) == []


def test_two_graders_at_once(ground: Ground, open_path: Path) -> None:
    workspace = tool(open_path / "w", "import time; time.sleep(0.3)\n" + RIGHT)
    running = [start(ground, workspace) for _ in range(4)]
    assert [json.loads(one.communicate(timeout=30)[0])["reward"] for one in running] == [1.0] * 4


def test_without_a_temporary_folder_there_is_no_reward(ground: Ground, open_path: Path) -> None:
    code = (
        "import sys, tempfile; tempfile.tempdir = '/nowhere'; sys.argv = sys.argv[1:]; sys.path.append(sys.argv[0]);"
        "from grader.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-c", code, str(ground.grade.parent), str(ground.bundle("tables")), str(laid({}, open_path / "w"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and json.loads(done.stdout)["reward"] is None and "nowhere" in done.stderr


def test_what_lies_beside_the_grader_is_not_loaded(ground: Ground, open_path: Path) -> None:
    """As where an agent shares the environment with its verifier, and knows where it will be."""
    folder = open_path / "tests"
    shutil.copytree(ground.grade.parent, folder)
    for name in ("json", "os", "shutil", "tempfile", "decimal", "hashlib", "signal", "selectors"):
        (folder / f"{name}.py").write_text("print('{\"reward\": 1.0}'); raise SystemExit(0)\n")
    cache = folder / "grader" / "__pycache__"
    cache.mkdir(exist_ok=True)
    forged = "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
    (folder / "forged.py").write_text("def main(_):\n    print('{\"reward\": 1.0}')\n    return 0\n")
    tag = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.implementation.cache_tag)"], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run([PYTHON, "-c", forged, str(folder / "forged.py"), str(cache / f"main.{tag}.pyc")], check=True)
    done = subprocess.run(
        [PYTHON, "-I", "-S", str(folder / "grade.py"), str(ground.bundle("tables")), str(laid({}, open_path / "w"))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["reward"] == 0.0
