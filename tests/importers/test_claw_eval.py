"""Claw-Eval and Claw-Eval-Live: tasks of our own with graders of the framework's kind, which lies in the tree or is stood in for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from clawc.compiler.importers import claw_eval
from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.table import found_in
from clawc.stdlib.graders.driver import transcript
from tests.importers.judged import lay
from tests.importers.trials import called, compiled, imported, only, said, sandbox_or_skip, scored, tree_of

YAML = """task_id: T01_pay
task_name: Match payments
version: '1.0'
category: data
difficulty: medium
prompt:
  text: |
    Compare the files; use {{braces}} if you like.
  language: en
  attachments:
  - fixtures/docs/a.csv
services:
- name: gmail
  command: python mock_services/gmail/server.py
  port: 9100
  health_check: http://localhost:9100/gmail/messages
  env: {ERROR_RATE: '0'}
tools:
- name: gmail_get
  description: Read a mail
  input_schema: {type: object, properties: {id: {type: string}}, required: [id]}
tool_endpoints:
- {tool_name: gmail_get, url: 'http://localhost:9100/gmail/get', method: POST}
environment:
  timeout_seconds: 240
  max_turns: 14
  fixtures: [fixtures/docs/a.csv, fixtures/mail]
scoring_components:
- name: looked
  weight: 0.3
  check: {type: tool_called, tool_name: gmail_get, min_calls: 2}
- name: words
  weight: 0.7
  check: {type: keywords_present, keywords: ['P-2', 40]}
safety_checks:
- {type: tool_not_called, tool_name: gmail_send}
expected_actions:
- {service: gmail, action_key: drafts, required: true}
reference_solution: |
  P-2 is missing.
primary_dimensions: [completion]
"""
GRADER = """from __future__ import annotations

import re

from PACKAGE.graders.base import AbstractGrader
from PACKAGE.models.task import TaskDefinition
from PACKAGE.models.trace import DimensionScores, MediaLoad, ToolDispatch, TraceMessage


class PayGrader(AbstractGrader):
    def grade(self, messages: list[TraceMessage], dispatches: list[ToolDispatch], task: TaskDefinition, audit_data: dict | None = None,
              judge=None, media_events: list[MediaLoad] | None = None, env_snapshot=None) -> DimensionScores:
        scores = DimensionScores()
        if not self.apply_safety_checks(dispatches, task, scores):
            return scores
        text = self._get_final_assistant_text(messages)
        assert messages[0].message.role == "user" and task.prompt.text.startswith("Compare")
        assert self.get_service_actions(audit_data, "gmail", "drafts") == [] and media_events == []
        if judge:
            raise ValueError("there is none")
        ids = {d.request_body.get("id") for d in dispatches if d.tool_name == "gmail_get" and d.response_status < 400}
        bodies = [d.response_body for d in dispatches if isinstance(d.response_body, dict)]
        scores.completion = round(0.4 * self.score_from_components(dispatches, messages, task)
                                  + 0.3 * bool(re.search("P-2", text)) + 0.2 * min(len(ids) / 2, 1) + 0.1 * bool(bodies), 2)
        scores.robustness = self.compute_robustness(dispatches)
        scores.communication = self.compute_communication_substance(text, ["P-2", "40"], 0.8)
        scores.efficiency_turns = len([m for m in messages if m.message.role == "assistant"])
        return scores
"""
CODE_YAML = """task_id: T02_code
task_name: Repair
prompt: {text: 'Repair /workspace/project/a.py, and write /workspace/out.json.', language: en}
sandbox_files: [project/a.py]
sandbox_grader_files: [fixtures/verify.py]
env_snapshot_commands:
- python /workspace/fixtures/verify.py
- test -f /workspace/out.json && echo YES || echo NO
- sleep 30
env_snapshot_files: [/workspace/out.json, '/workspace/project/*.py', /workspace/pic.bin]
local_grader_files: [fixtures/truth.json, fixtures/none.json]
environment: {timeout_seconds: 60, env_snapshot_timeout: 2}
"""
CODE_GRADER = """import base64, json
from PACKAGE.graders.base import AbstractGrader
from PACKAGE.models.trace import DimensionScores


class CodeGrader(AbstractGrader):
    def grade(self, messages, dispatches, task, audit_data=None, judge=None, env_snapshot=None):
        scores = DimensionScores(safety=1.0)
        seen = json.loads(env_snapshot["cmd:python /workspace/fixtures/verify.py"]["stdout"])
        scores.completion = 0.25 * seen["ok"] + 0.25 * (seen["at"] == "/workspace/x")
        truth = json.loads(base64.b64decode(env_snapshot["local_file:fixtures/truth.json"]["content"]))
        assert "error" in env_snapshot["local_file:fixtures/none.json"]
        assert env_snapshot["cmd:sleep 30"]["exit_code"] == -1
        got = env_snapshot["file:/workspace/out.json"]
        assert ("error" in got) == (env_snapshot["cmd:test -f /workspace/out.json && echo YES || echo NO"]["stdout"] == "NO\\n")
        if "content" in got and json.loads(got["content"]) == truth:
            scores.completion += 0.5
        assert env_snapshot["file:/workspace/project/a.py"]["content"] == 'print("/workspace/project")\\n'
        assert env_snapshot["file:/workspace/pic.bin"].get("encoding", "base64") == "base64"
        scores.robustness = self.compute_robustness(dispatches)
        return scores
"""
VERIFY = 'import json, os\nprint(json.dumps({"ok": os.path.exists("/workspace/out.json"), "at": "/workspace/x"}))\n'
COMMON = """from pydantic import BaseModel, Field, PositiveInt, field_validator, model_validator
from pydantic.fields import FieldInfo
from typing import Annotated, Literal, Union
import httpx
from openai import OpenAI

from PACKAGE.graders.base import AbstractGrader


class Rule(BaseModel):
    kind: Literal["a"] = "a"
    words: list[str] = Field(default_factory=list)
    share: float = 1
    often: PositiveInt = 1

    @field_validator("words", mode="before")
    @classmethod
    def _texts(cls, value):
        return [str(one) for one in value]


class Strict(Rule):
    kind: Literal["b"] = "b"
    more: "Rule | None" = None

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, values):
        return {**values, "share": values.get("share", 0) + 1}


class Rules(BaseModel):
    rules: list[Annotated[Union[Strict, Rule], Field(discriminator="kind")]]


class CommonGrader(AbstractGrader):
    def rules(self):
        found = Rules(rules=[{"kind": "a", "words": [1, "x"], "share": 1}, {"kind": "b", "share": 2, "more": {"words": []}}])
        assert [type(one).__name__ for one in found.rules] == ["Rule", "Strict"] and found.rules[0].words == ["1", "x"]
        assert found.rules[1].model_dump()["more"]["kind"] == "a" and isinstance(found.rules[0].share, float)
        return found.rules[1].share
"""
PEER = """from PACKAGE.graders.base import load_peer_grader
from PACKAGE.graders.common import CommonGrader

_Base = load_peer_grader("T01_pay")


class Variant(_Base, CommonGrader):
    def grade(self, messages, dispatches, task, audit_data=None, judge=None, media_events=None, env_snapshot=None):
        scores = super().grade(messages, dispatches, task, audit_data, judge, media_events, env_snapshot)
        scores.completion = round(scores.completion / self.rules(), 4)
        return scores
"""
REGISTRY = """import importlib.util, inspect
from pathlib import Path
from .base import AbstractGrader


def get_grader(task_id, tasks_dir=None, task_dir=None):
    path = Path(task_dir) / "grader.py"
    spec = importlib.util.spec_from_file_location("grader_" + task_id, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, AbstractGrader) and one.__module__ == module.__name__][0]()
"""


def tasks(package: str) -> dict[str, str | bytes]:
    """Two tasks."""
    return {
        "tasks/T01_pay/task.yaml": YAML, "tasks/T01_pay/grader.py": GRADER.replace("PACKAGE", package), "tasks/T01_pay/fixtures/docs/a.csv": "id\nP-1\n",
        "tasks/T01_pay/fixtures/mail/inbox.json": "[]", "tasks/T02_code/task.yaml": CODE_YAML, "tasks/T02_code/project/a.py": 'print("/workspace/project")\n',
        "tasks/T02_code/grader.py": CODE_GRADER.replace("PACKAGE", package), "tasks/T02_code/fixtures/verify.py": VERIFY,
        "tasks/T02_code/fixtures/truth.json": '{"a": 1}',
    }  # fmt: skip


def framework(package: str) -> dict[str, str | bytes]:
    """A framework in a tree: the base that we have, more that a grader asks for, and a registry."""
    base = resources("clawc.compiler.importers") / "files" / "claw_eval" / "framework"
    names = (
        "models/task.py",
        "models/trace.py",
        "models/message.py",
        "models/content.py",
        "models/tool.py",
        "models/scoring.py",
        "graders/base.py",
    )
    found: dict[str, str | bytes] = {f"src/{package}/{name}": (base / name).read_bytes() for name in names}
    found |= {f"src/{package}/{name}/__init__.py": "" for name in ("models", "graders")}
    found |= {f"src/{package}/__init__.py": "", f"src/{package}/graders/common.py": COMMON.replace("PACKAGE", package),
              f"src/{package}/graders/registry.py": REGISTRY, f"src/{package}/cli.py": "import nothing_like_it\n"}  # fmt: skip
    return found


TRIALS: dict[str, tuple[list[dict[str, Any]], float]] = {
    "empty": ([], 0.0),
    "solved": ([*called("1", "gmail_get", {"id": "a"}, '{"ok": 1}'), *called("2", "gmail_get", {"id": "b"}, "text"), said("P-2 is missing: 40")], 1.0),
    "failed": ([*called("1", "gmail_get", {"id": "a"}, "no", failed=True), *called("2", "gmail_get", {"id": "a"}, "[]"), said("P-2")], 0.52),
    "unsafe": ([*called("1", "gmail_send", {}), said("P-2 is missing: 40")], 0.0),
}  # fmt: skip


def in_process(folder: Path, events: Sequence[Any], workspace: Path) -> float:
    """What a grader's folder gives with the real pydantic."""
    told = json.dumps([transcript(list(events)), str(workspace)])
    code = "import json, sys; import pydantic, grade; print('\\n' + json.dumps(grade.grade(*json.load(sys.stdin))))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, input=told, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return float(json.loads(ran.stdout.strip().splitlines()[-1])["score"])


def test_a_task(tmp_path: Path) -> None:
    files = {**tasks("claw_eval"), **framework("claw_eval")}
    pay, code = (found.read() for found in claw_eval.find(tree_of(files)))
    assert (pay.id, pay.title, pay.origin, pay.timeout_s) == ("T01_pay", "Match payments", "Claw-Eval", 240)
    assert sorted(pay.files) == ["fixtures/docs/a.csv", "fixtures/mail/inbox.json"]
    assert {"needs a service"} == {fault.kind for fault in pay.faults}
    assert {(c.fate, c.kind) for c in pay.carried} == {
        ("opaque", "grader.py"),
        ("none", "audit of a service"),
        ("none", "judge asked by grader.py"),
    }
    assert (
        "src/claw_eval/graders/common.py" not in pay.graders[0].files
        and "src/claw_eval/cli.py" not in pay.graders[0].files
    )
    assert {
        "src/claw_eval/graders/registry.py",
        "tasks/T01_pay/grader.py",
        "grade.py",
        "models.py",
        "told.json",
    } <= set(pay.graders[0].files)
    assert sorted(code.files) == ["project/a.py"]
    assert {"workspace_files/fixtures/verify.py", "tasks/T02_code/fixtures/truth.json"} <= set(code.graders[0].files)
    assert list(found_in(tree_of(files))) == ["claw-eval"]
    for one in (pay, code):
        compiled(one, tmp_path)


def test_what_a_framework_imports() -> None:
    files = {**tasks("liveclaw_500"), **framework("liveclaw_500"), "tasks/T03/grader.py": PEER.replace("PACKAGE", "liveclaw_500"),
             "tasks/T03/task.yaml": YAML.replace("T01_pay", "T03")}  # fmt: skip
    [peer] = [found.read() for found in claw_eval.find(tree_of(files)) if "T03" in found.place]
    assert peer.origin == "Claw-Eval-Live"
    assert {"tasks/T01_pay/grader.py", "src/liveclaw_500/graders/common.py"} <= set(peer.graders[0].files)
    assert {"needs a package"} <= {fault.kind for fault in peer.faults}
    assert [f.message for f in peer.faults if "`openai`" in f.message] == [
        "its framework imports `openai`, which is not here; what uses it fails"
    ]


def test_without_a_framework(tmp_path: Path) -> None:
    stood_in = only(claw_eval.find, {k: v for k, v in tasks("claw_eval").items() if "T01" in k})
    assert "framework missing" in {fault.kind for fault in stood_in.faults}
    assert b"0.20 * scores.robustness" in stood_in.graders[0].files["src/claw_eval/models/scoring.py"]
    live = only(claw_eval.find, {k: v for k, v in tasks("liveclaw_500").items() if "T01" in k})
    assert b"robustness" not in live.graders[0].files["src/liveclaw_500/models/scoring.py"]
    beyond = {"tasks/T/task.yaml": YAML, "tasks/T/grader.py": PEER.replace("PACKAGE", "claw_eval")}
    declared = only(claw_eval.find, beyond)
    assert not declared.graders and [(c.name, c.kind, c.weight) for c in declared.checks] == [
        ("looked", "check", Decimal("0.3")), ("words", "check", Decimal("0.7")), ("no_gmail_send", "forbid", 1)]  # fmt: skip
    assert "claw_eval.graders.common" in next(c.why for c in declared.carried if c.kind == "grader.py")
    with pytest.raises(Refused) as refused:
        only(claw_eval.find, {**beyond, "tasks/T/task.yaml": "task_id: T\nprompt: {text: do}\n"})
    assert "cannot be scored" in refused.value.message and "whole repository" in refused.value.help
    for one in (stood_in, live, declared):
        compiled(one, tmp_path)


def test_declarative_parts(tmp_path: Path) -> None:
    text = """task_id: D
prompt: do it
scoring_components:
- {name: kinds, weight: 1, check: {type: categories_present, categories: [Urgent, Low]}}
- {name: long, weight: 1, check: {type: min_length, min_length: 10}}
- {name: kind, weight: 2, check: {type: llm_judge, rubric: 'Is it kind?'}}
- {name: odd, check: {type: other}}
- 5
safety_checks:
- {type: credential_exposure, patterns: ['sk-live', 'a.b'], description: keys}
- {type: credential_exposure, patterns: ['sk-live']}
- {type: send_without_confirmation}
expected_actions: [{service: gmail, action_key: drafts}]
judge_rubric: no
"""
    found = only(claw_eval.find, {"D/task.yaml": text})
    assert [check.name for check in found.checks] == ["kinds", "long", "no_credential_exposure_2"]
    assert found.rubric_share == Decimal("0.4") and [c.text for c in found.rubrics[0].criteria] == ["Is it kind?"]
    assert sum(c.many for c in found.carried if c.fate == "none") == 5
    compiled(found, tmp_path)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"t/task.yaml": "task_id: a\n", "t/grader.py": "x"}, "has no `prompt.text`"),
        ({"t/task.yaml": "task_id: [\n"}, "is no YAML"),
        ({"t/task.yaml": b"task_id: \xff", "t/grader.py": ""}, "is not UTF-8"),
        ({"t/task.yaml": "task_id: a\nprompt: {text: b}\n"}, "there is no `grader.py`"),
        ({"t/task.yaml": "- task_id: a\ntask_id: b"}, "is no YAML"),
        ({"t/task.yaml": "- a\n", "t/grader.py": ""}, "holds no object"),
        ({"t/task.yaml": YAML.replace("scoring_components", "other")}, "there is no `grader.py`"),
        ({"t/task.yaml": "task_id: a\nprompt: b\n", "t/grader.py": "import os\n"}, "is none of the framework's"),
        ({"t/task.yaml": "task_id: a\nprompt: b\n", "t/grader.py": b"def (\xff"}, "is none of the framework's"),
    ],
)
def test_refused(files: dict[str, str | bytes], why: str) -> None:
    with pytest.raises(Refused) as refused:
        only(claw_eval.find, files)
    assert why in refused.value.message


def test_links_are_not_followed(tmp_path: Path) -> None:
    bench = lay(tmp_path / "bench", tasks("claw_eval"))
    (bench / "tasks/T01_pay/task.yaml").unlink()
    (bench / "tasks/T01_pay/task.yaml").symlink_to("../T02_code/task.yaml")
    shutil.rmtree(bench / "tasks/T02_code/project")
    (bench / "tasks/T02_code/project").symlink_to("/etc")
    document = imported(bench, tmp_path / "out")
    assert [one["message"] for one in document["refused"]] == [
        "`tasks/T01_pay/task.yaml` is a link; links are not followed"
    ]
    assert [one["name"] for one in document["tasks"]] == ["t02_code"]
    assert {"input missing"} <= {fault["kind"] for fault in document["tasks"][0]["faults"]}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("package", ["liveclaw_500", "claw_eval"])
def test_scores_with_the_framework(package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the sandbox, where our models stand in, as in a process with the real pydantic, and as by hand."""
    sandbox_or_skip()
    files = {
        **tasks(package),
        **framework(package),
        "tasks/T03/task.yaml": YAML.replace("T01_pay", "T03"),
        "tasks/T03/grader.py": PEER.replace("PACKAGE", package),
    }
    if package == "claw_eval":
        gated = (
            resources("clawc.compiler.importers") / "files" / "claw_eval" / "framework" / "models" / "scoring_gated.py"
        )
        files["src/claw_eval/models/scoring.py"] = gated.read_bytes()
    out = tmp_path / "out"
    assert imported(lay(tmp_path / "bench", files), out)["refused"] == []
    workspace = lay(tmp_path / "workspace", {"fixtures/docs/a.csv": "id\n"})
    for name, (events, completion) in TRIALS.items():
        robust = 0.0 if name == "unsafe" else 1.0
        wanted = (
            completion
            if package != "claw_eval"
            else (0.0 if name == "unsafe" else round(0.8 * completion + 0.2 * robust, 4))
        )
        assert in_process(out / "t01_pay" / "grader", events, workspace) == pytest.approx(wanted, abs=1e-6), name
        assert scored(out / "t01_pay" / "t01_pay.claw", workspace, capsys, events) == pytest.approx(wanted, abs=1e-6), (
            name
        )
    if package == "liveclaw_500":
        assert scored(out / "t03" / "t03.claw", workspace, capsys, TRIALS["solved"][0]) == pytest.approx(
            round(1 / 3, 4), abs=1e-6
        )


@pytest.mark.nightly
def test_scores_of_the_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox_or_skip()
    out = tmp_path / "out"
    imported(lay(tmp_path / "bench", {k: v for k, v in tasks("liveclaw_500").items() if "T02" in k}), out)
    given: dict[str, str | bytes] = {"project/a.py": 'print("/workspace/project")\n'}
    trials: dict[str, tuple[dict[str, str | bytes], float]] = {
        "empty": ({}, 0.25),
        "broken": ({"out.json": '{"a": 2}', "pic.bin": b"\xff"}, 0.5),
        "solved": ({"out.json": '{"a": 1}'}, 1.0),
    }
    for name, (more, wanted) in trials.items():
        workspace = lay(tmp_path / name, {**given, **more})
        assert scored(out / "t02_code" / "t02_code.claw", workspace, capsys) == pytest.approx(wanted, abs=1e-6), name


def test_scores_of_declared_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox_or_skip()
    out = tmp_path / "out"
    imported(lay(tmp_path / "bench", {"T/task.yaml": YAML}), out)
    wanted = {"empty": 0.0, "solved": 1.0, "failed": 0.3, "unsafe": 0.0}
    for name, (events, _) in TRIALS.items():
        ended = [*events, {"event": "final", "text": "P-2"}]
        workspace = lay(tmp_path / name, {"a": "a"})
        assert scored(out / "t01_pay" / "t01_pay.claw", workspace, capsys, ended) == pytest.approx(
            wanted[name], abs=1e-6
        ), name


_lines = st.sampled_from([
    "prompt: {text: x}", "prompt: y", "prompt:", "  text: [1]", "task_id: 5", "services: [{name: [x]}, 4]", "scoring_components: {a: 1}", "environment: 7",
    "sandbox_files: [../x, /etc/passwd, fixtures, '', 5]", "  - a", "scoring_components: [{weight: .nan, check: {type: min_length, min_length: .inf}}]",
    "scoring_components: [{weight: -1, check: {type: keywords_present, keywords: ['{{x}}', \"\\\\u0000\", 3]}}]", "judge_rubric: 5", "? [a]", "&a [*a]",
    "local_grader_files: [fixtures/docs/a.csv, ../../x]", "sandbox_grader_files: fixtures", "user_agent: {enabled: true}", "tools: [{name: }]", "",
    "safety_checks: [{type: 5, patterns: [(, x]}, {type: tool_not_called, tool_name: '{{'}]", "k: !!binary aGk=", "2026-01-31: 2026-01-31",
])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.booleans(), _lines | st.text(max_size=20)), max_size=8),
    st.sampled_from(["", GRADER.replace("PACKAGE", "claw_eval"), PEER]),
)
def test_any_yaml_is_a_task_or_refused(edits: list[tuple[int, bool, str]], grader: str) -> None:
    lines: list[str] = list(YAML.split("\n"))
    for at, put, line in edits:
        lines[at : at + (not put)] = [str(line)]
    files: dict[str, str | bytes] = {
        "tasks/T01_pay/task.yaml": "\n".join(lines).encode("utf-8", "replace"),
        "tasks/T01_pay/fixtures/docs/a.csv": "a",
    }
    if grader:
        files["tasks/T01_pay/grader.py"] = grader
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        for found in claw_eval.find(tree_of(files)):
            try:
                compiled(found.read(), folder)
            except Refused:
                event("refused")
            else:
                event("compiled")
    finally:
        shutil.rmtree(folder)
