"""PinchBench's Markdown, read as PinchBench reads it: no text of a task opens a section, and `grade` gives the grader's reward."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.compiler.targets.export import BundleParts, ExportOptions
from clawc.compiler.targets.parts import instruction
from clawc.compiler.targets.pinchbench import pinchbench
from clawc.stdlib.checks.yaml_reader import yaml_value
from tests.targets.exported import HOSTILE, INPUTS, examples, graded, hostile, laid, small, workspaces

OPTIONS = ExportOptions("some")
RUNNING = [small(), *examples()]
SECTIONS = ["Prompt", "Expected Behavior", "Grading Criteria", "Automated Checks"]
# What the runner does with the code that it finds.
PLAY = """
import json, sys
scope = {}
exec(open(sys.argv[1]).read(), scope)
print(json.dumps(scope["grade"]([], sys.argv[2])))
"""


class Read(NamedTuple):
    """A file as PinchBench reads it."""

    front: dict[str, Any]
    sections: dict[str, str]


def read(task: BundleParts) -> Read:
    data = pinchbench([task], OPTIONS).files[f"tasks/task_{task.manifest.task}.md"].data
    found = re.match(r"^---\s*\n(.*?)\n---\s*\n(.*)$", data.decode(), re.DOTALL)
    assert found
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in found[2].split("\n"):
        heading = re.match(r"^##\s+(.+)$", line)
        if heading:
            assert heading[1] not in sections
            lines = sections[heading[1]] = []
        else:
            lines.append(line)
    front = yaml_value(found[1])
    return Read(json.loads(json.dumps(front, default=float)), {k: "\n".join(v).strip() for k, v in sections.items()})


def code(task: BundleParts) -> str:
    found = re.search(r"```python\s*(.*?)\s*```", read(task).sections["Automated Checks"], re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("task", [hostile(), *RUNNING], ids=lambda task: task.manifest.title[:10].strip())
def test_it_is_read_as_it_was_meant(task: BundleParts) -> None:
    front, sections = read(task)
    rubric = any(path.startswith("private/rubric/") for path in task.files)
    assert list(sections) == SECTIONS + ["LLM Judge Rubric"] * rubric
    assert front["id"] == f"task_{task.manifest.task}" and front["name"] == task.manifest.title
    said = [entry["prompt"] for entry in front.get("sessions", ())] or [sections["Prompt"]]
    assert said[0].strip() == instruction(task).strip() and len(said) == 1 + len(task.manifest.turns)
    inputs = {one.path: task.files[f"public/workspace/{one.path}"] for one in task.manifest.workspace}
    found: dict[str, bytes] = {}
    for one in front["workspace_files"]:
        if "content" in one:
            found[one["path"]] = one["content"].encode()
        else:
            found[one["dest"]] = pinchbench([task], OPTIONS).files[f"assets/{one['source']}"].data
    assert found == inputs
    assert pinchbench([task], OPTIONS).files == pinchbench([task], OPTIONS).files


def test_hostile_texts_stand_in_the_front_matter() -> None:
    front, sections = read(hostile())
    assert front["name"] == front["sessions"][0]["prompt"] == HOSTILE
    assert {one.get("path") or one["dest"] for one in front["workspace_files"]} >= set(INPUTS)
    assert all(line.startswith(">") for line in sections["Prompt"].replace("\n\n---\n\n", "\n").split("\n"))


def test_the_share_of_the_rubric() -> None:
    [digest] = [task for task in examples() if task.manifest.task == "outage_digest"]
    front, sections = read(digest)
    assert front["grading_type"] == "hybrid" and front["grading_weights"] == {"automated": 0.7, "llm_judge": 0.3}
    assert re.findall(r"### Criterion \d: (\w+) \(Weight: ([\d.]+)%\)", sections["LLM Judge Rubric"]) == [
        ("causes", "66.67"), ("plain", "33.33"),
    ]  # fmt: skip


def test_what_is_weak() -> None:
    lost = {one.feature for one in pinchbench([small()], OPTIONS).weak if one.level == "lost"}
    assert lost == {"links", "variables", "modes"}


def test_the_function_holds_no_text_of_the_task() -> None:
    """Beside the archive the code is the same for all tasks."""
    assert len({re.sub(r'(?m)^    "[A-Za-z0-9+/=]+"\n', "", code(task)) for task in (hostile(), *RUNNING)}) == 1


@pytest.mark.sampled(3)
@pytest.mark.parametrize("task", RUNNING, ids=lambda task: task.manifest.task)
def test_the_reward_is_that_of_the_grader(task: BundleParts, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(code(task))
    bundle = laid(task.files, tmp_path / "bundle")
    wanted: list[float] = []
    for workspace in workspaces(bundle, tmp_path / "laid"):
        wanted.append(graded(bundle, workspace))
        command = [sys.executable, "-c", PLAY, str(tmp_path / "code.py"), str(workspace)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == {"reward": wanted[-1]}
    assert wanted == [0.0, 1.0]


def test_without_a_verdict_it_raises(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(code(small()))
    command = [sys.executable, "-c", PLAY, str(tmp_path / "code.py"), str(tmp_path / "gone")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "RuntimeError: grade.py: there is no reward" in done.stderr
