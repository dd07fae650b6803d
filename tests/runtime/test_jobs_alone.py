"""`run(…, alone = true)`: of what was delivered, a program finds what its command names; and results of equal jobs are remembered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from clawc.compiler.pipeline import build, check, write
from clawc.runtime.bundle import load
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring import job_results
from clawc.runtime.scoring.job_results import JobResults
from clawc.runtime.scoring.jobs import run_jobs

pytestmark = pytest.mark.usefixtures("works")

SEEN = """
import json, os
found = {}
for here, _, names in os.walk("."):
    for name in names:
        path = os.path.relpath(os.path.join(here, name))
        if path != "look.py":
            found[path] = open(path).read()
with open("/proc/sys/kernel/random/uuid") as file:
    print(json.dumps({"found": found, "once": file.read()}))
"""
SOURCE = """claw 1

task tools {
  title = "Tools"
  category = software.implementation

  workspace {
    file rules "in/rules.txt" { content = "old rules\\n" }
    file limits "in/limits.txt" { content = "10\\n" }
  }

  deliver script "add.py" { kind = program }
  deliver result "out/result.txt"
  deliver rules_kept "in/rules.txt" { edits = rules }
  deliver limits_kept "in/limits.txt" { edits = limits }

  instruction = "Write {{ path.script }}, {{ path.result }}, {{ path.rules_kept }} and {{ path.limits_kept }}."

  let seen = run(["python3", "look.py", script, limits_kept], files = {"look.py": %s}, alone = true)

  verify {
    check looked { expect seen.exit == 0 and text(result) == "30\\n" and text(rules_kept) == "new\\n" and text(limits_kept) == "20\\n" }
  }

  environment { tools = [python3] }
  solution {
    write script = "pass\\n"
    write result = "30\\n"
    write rules_kept = "new\\n"
    write limits_kept = "20\\n"
  }
}
"""
LEFT = {
    "add.py": "pass\n",
    "out/result.txt": "30\n",
    "in/rules.txt": "new\n",
    "in/limits.txt": "20\n",
    "in/more.txt": "mine\n",
}


def bundle(folder: Path) -> Path:
    found = check("t.claw", SOURCE % json.dumps(SEEN))
    assert found.tasks, [d.message for d in found.diagnostics]
    write(build(found.tasks[0]), folder)
    return folder


def jobs(
    path: Path, left: list[dict[str, str]], folder: Path, known: JobResults | None = None
) -> list[dict[str, object]]:
    """What the program prints over each of these workspaces."""

    async def main() -> list[dict[str, object]]:
        backend = Bubblewrap()
        try:
            assert (await backend.probe()).ok
            said: list[dict[str, object]] = []
            for number, files in enumerate(left):
                workspace = folder / f"w{number}"
                for name, text in files.items():
                    (workspace / name).parent.mkdir(parents=True, exist_ok=True)
                    (workspace / name).write_text(text)
                dest = folder / f"j{number}"
                await run_jobs(load(path), workspace, backend, dest, None, known)
                (job,) = dest.iterdir()
                assert json.loads((job / "result.json").read_bytes())["exit"] == 0, (job / "stderr").read_text()
                said.append(json.loads((job / "stdout").read_text()))
            return said
        finally:
            await backend.close()

    return asyncio.run(main())


def test_what_the_command_names_and_nothing_else_of_the_agent(tmp_path: Path) -> None:
    (said,) = jobs(bundle(tmp_path / "b"), [LEFT], tmp_path)
    assert said["found"] == {"add.py": "pass\n", "in/limits.txt": "20\n", "in/rules.txt": "old rules\n"}


def test_an_input_that_is_named_and_gone_is_gone(tmp_path: Path) -> None:
    (said,) = jobs(bundle(tmp_path / "b"), [{"add.py": "pass\n"}], tmp_path)
    assert said["found"] == {"add.py": "pass\n", "in/rules.txt": "old rules\n"}


def test_equal_jobs_are_run_once_where_that_is_asked_for(tmp_path: Path) -> None:
    path, other = bundle(tmp_path / "b"), {**LEFT, "out/result.txt": "31\n"}
    changed = {**LEFT, "add.py": "print(1)\n"}
    first, second, third, fourth = jobs(path, [LEFT, other, changed, LEFT], tmp_path, JobResults())
    assert first == second == fourth and first["once"] != third["once"]
    (tmp_path / "again").mkdir()
    once, twice = jobs(path, [LEFT, LEFT], tmp_path / "again")
    assert once["once"] != twice["once"] and once["found"] == twice["found"]


def test_what_there_is_no_room_for_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_results, "_KEPT_OF_ALL", 800)  # for one result and not for two
    changed = {**LEFT, "add.py": "print(1)\n"}
    known = JobResults()
    said = jobs(bundle(tmp_path / "b"), [LEFT, changed, changed, LEFT], tmp_path, known)
    assert [one["once"] for one in said].count(said[0]["once"]) == 2
    assert said[1]["once"] != said[2]["once"]
