"""Graders that are kept: how they are run, what they are told, and what they give; in our sandbox and in exports."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clawc.compiler.elaborate.graders import driver
from clawc.compiler.pipeline import check
from clawc.runtime.bundle import Bundle
from clawc.spec.graders import TABLE
from tests.importers.judged import bundle_of, judge, lay, scores

SPEC = """claw 1

task kept {{
  title       = "Kept as it was"
  instruction = "Do as the others ask."

  workspace {{
    file gone "gone.txt" {{
      content = "here"
    }}
  }}

  environment {{
    tools = ["pytest"]
  }}

  verify {{
    imported = "Others, task 7"
    grader original {{
      files    = "grader"
      protocol = "{protocol}"
{more}    }}
  }}
}}
"""


def kept(folder: Path, protocol: str, files: dict[str, str], **more: str) -> Bundle:
    lines = "".join(f"      {name} = {value}\n" for name, value in more.items())
    lay(
        folder / "task",
        {"kept.claw": SPEC.format(protocol=protocol, more=lines), **{f"grader/{p}": t for p, t in files.items()}},
    )
    return bundle_of(folder / "task", folder / "bundle")


def test_the_driver_is_python_3_9_and_of_the_standard_library() -> None:
    tree = ast.parse(driver(), feature_version=(3, 9))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= set(sys.stdlib_module_names)


def test_every_protocol_of_the_table_is_carried_out() -> None:
    for row in TABLE:
        assert f'"{row.name}":' in driver()


GRADE = """
import json, os
def grade(transcript, workspace_path):
    transcript = [e for e in transcript if e["type"] == "message"]
    said = [c["text"] for e in transcript if e["message"]["role"] == "assistant" for c in e["message"]["content"] if c["type"] == "text"]
    calls = [c for e in transcript if e["message"]["role"] == "assistant" for c in e["message"]["content"] if c["type"] == "toolCall"]
    results = [e for e in transcript if e["message"]["role"] == "toolResult"]
    return {"said": float(said == ["Done."]), "read": float([c["params"].get("path") for c in calls] == ["a.txt"]),
            "told": float(len(results) == 1), "kept": float(os.path.exists(os.path.join(workspace_path, "gone.txt"))), "note": "text"}
"""
MESSAGES = [
    {"event": "message", "message": {"role": "system", "content": "Be kind."}},
    {"event": "message", "message": {"role": "user", "content": "Do it."}},
    {
        "event": "message",
        "message": {"role": "assistant", "tool_calls": [{"id": "1", "name": "read", "arguments": '{"path": "a.txt"}'}]},
    },
    {"event": "message", "message": {"role": "tool", "content": "text", "tool_call_id": "1"}},
    {"event": "message", "message": {"role": "assistant", "content": "Done."}},
    {"event": "final", "text": "Done."},
]
EVENTS = [
    {"event": "tool", "tool": "read", "arguments": {"path": "a.txt"}, "result": {"ok": True, "text": "text"}},
    {"event": "final", "text": "Done."},
]


def test_a_function_is_told_what_the_agent_did_and_finds_the_workspace_whole(tmp_path: Path) -> None:
    bundle = kept(tmp_path, "grade", {"grade.py": GRADE})
    left = lay(tmp_path / "left", {"gone.txt": "here"})
    removed = lay(tmp_path / "removed", {"other.txt": ""})
    records = [lay(tmp_path / "r", {f"{n}.jsonl": "".join(json.dumps(e) + "\n" for e in events)}) / f"{n}.jsonl"
               for n, events in enumerate((MESSAGES, EVENTS))]  # fmt: skip
    found = judge(bundle, (left, records[0]), (left, records[1]), (removed, records[1]), (left, None))
    assert [one.score for one in found] == [1, 1, Decimal("0.75"), Decimal("0.25")]


def test_the_score_may_be_one_of_the_numbers(tmp_path: Path) -> None:
    files = {
        "grade.py": "def grade(**given):\n    assert sorted(given) == ['transcript', 'workspace_path']\n    return {'a': 0.0, 'overall_score': 0.6}\n"
    }
    assert scores(kept(tmp_path, "grade", files, score='"overall_score"'), lay(tmp_path / "ws", {})) == [Decimal("0.6")]
    assert scores(kept(tmp_path / "2", "grade", files, score='"none"'), lay(tmp_path / "ws", {})) == [Decimal("0.3")]


TESTS = """
import os, pathlib, sys
import pytest
from helper import WORD

@pytest.fixture
def workspace(request):
    return pathlib.Path(request.config.getoption("--workspace"))

@pytest.mark.weight(3)
def test_there(workspace):
    assert (workspace / "a.txt").read_text() == WORD

def test_two(workspace):
    assert (workspace / "a.txt").exists()

@pytest.mark.weight(5)
def test_error(nothing):
    pass

@pytest.mark.weight(90)
def test_skipped():
    pytest.skip("not here")

@pytest.mark.parametrize("n", [1, 2])
def test_n(workspace, n):
    assert len(list(workspace.iterdir())) >= n
"""
CONFTEST = 'def pytest_addoption(parser):\n    parser.addoption("--workspace", default=None)\n'


@pytest.mark.sampled(2)
@pytest.mark.parametrize("conftest", [None, CONFTEST])
def test_pytest_counts_by_weights(conftest: str | None, tmp_path: Path) -> None:
    files = {"verifier/test_output.py": TESTS, "verifier/helper.py": "WORD = 'yes'\n"} | (
        {"conftest.py": conftest} if conftest else {}
    )
    bundle = kept(tmp_path, "pytest", files, entry='"verifier/test_output.py"')
    yes = lay(
        tmp_path / "yes",
        {
            "a.txt": "yes",
            "conftest.py": "raise SystemExit",
            "helper.py": "WORD = 'no'",
            "pytest.py": "raise SystemExit",
        },
    )
    no = lay(tmp_path / "no", {"a.txt": "no"})
    whole = 3 + 2 + 5 + 2 + 2
    found = scores(bundle, yes, no, lay(tmp_path / "empty", {}))
    assert [float(s or 0) for s in found] == pytest.approx([9 / whole, 4 / whole, 0], abs=1e-6)


HARBOR = """#!/bin/bash
set -u
cd /srv/place
if [ -f /srv/place/crash ]; then exit 3; fi
python3 /tests/verify.py > /logs/verifier/out.txt
cat /logs/verifier/out.txt
"""
VERIFY = """
import json, os, pathlib
kind = pathlib.Path("/srv/place/kind").read_text() if os.path.exists("/srv/place/kind") else ""
if kind == "text":
    open("/logs/verifier/reward.txt", "w").write("0.5\\n")
elif kind == "both":
    open("/logs/verifier/reward.txt", "w").write("0.1")
    json.dump({"reward": 0.25, "_meta": 1}, open("/logs/verifier/reward.json", "w"))
elif kind == "parts":
    json.dump({"a": 1, "b": 0.5}, open("/logs/verifier/reward.json", "w"))
elif kind == "broken":
    open("/logs/verifier/reward.json", "w").write("{")
"""


def test_harbor_reads_what_the_script_writes(tmp_path: Path) -> None:
    bundle = kept(tmp_path, "harbor", {"test.sh": HARBOR, "verify.py": VERIFY}, places='{"/srv/place": "."}')
    kinds = ["text", "both", "parts", "broken", "none"]
    made = [lay(tmp_path / kind, {"kind": kind}) for kind in kinds] + [lay(tmp_path / "crash", {"crash": ""})]
    assert scores(bundle, *made) == [Decimal("0.5"), Decimal("0.25"), Decimal("0.75"), 0, 0, 0]


def test_a_place_that_is_named_comes_before_what_is_usual(tmp_path: Path) -> None:
    script = "cat /root/.openclaw/workspace/a.txt /root/.openclaw/b.txt | sort | tail -1 > /logs/verifier/reward.txt\n"
    bundle = kept(tmp_path, "harbor", {"test.sh": script}, places='{"/root/.openclaw": "."}')
    assert scores(bundle, lay(tmp_path / "ws", {"workspace/a.txt": "0.75\n", "b.txt": "0.5\n"})) == [Decimal("0.75")]


def test_too_slow_is_a_score_of_nothing_with_the_reason(tmp_path: Path) -> None:
    bundle = kept(tmp_path, "shell", {"reward.sh": "sleep 30; echo 1\n"}, timeout="1s")
    found = judge(bundle, (lay(tmp_path / "ws", {}), None))[0]
    assert found.score == 0 and found.verdict is not None
    assert "it took more than 1 s" in found.verdict.checks[0].message


def test_what_is_below_the_whole_is_named(tmp_path: Path) -> None:
    check = 'import json\nprint(json.dumps({"good": 1, "bad": 0, "half": 0.5}))\n'
    found = judge(kept(tmp_path, "clawgym", {"check.py": check}), (lay(tmp_path / "ws", {}), None))[0]
    assert found.verdict is not None
    assert found.verdict.checks[0].message == "the grader gives 0.5; less than all for bad, half"


def test_a_kept_verifier_has_an_opaque_card(tmp_path: Path) -> None:
    kept(tmp_path, "clawgym", {"check.py": "print(1)\n"})
    ran = subprocess.run([sys.executable, "-m", "clawc", "test", str(tmp_path / "task" / "kept.claw"), "--format", "json"],
                         capture_output=True, text=True, check=False)  # fmt: skip
    card = json.loads(ran.stdout)["cards"][0]
    assert ran.returncode == 1
    assert (card["kind"], card["clean"]) == ("opaque", False)
    assert card["reasons"][0].startswith("opaque: it is kept as `Others, task 7` scores it")


def test_exports_judge_alike(tmp_path: Path) -> None:
    check = "import os, sys\nprint(len(os.listdir(sys.argv[1])) / 4)\n"
    bundle = kept(tmp_path, "clawgym", {"check.py": check})
    done = subprocess.run([sys.executable, "-m", "clawc", "build", str(bundle.path), "--target", "clawgym", "-o", str(tmp_path / "export")],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for count in (0, 1, 3):
        left = lay(tmp_path / f"ws{count}", {f"{n}.txt": "" for n in range(count)})
        script = next((tmp_path / "export").rglob("check.py"))
        ran = subprocess.run(
            [sys.executable, str(script), str(left)], capture_output=True, text=True, check=False, env={**os.environ}
        )
        told: Any = json.loads(ran.stdout)
        parts: list[Any] = list(dict(told).values()) if ran.stdout.startswith("{") else [told]
        mean = sum(map(float, parts)) / len(parts)
        assert mean == pytest.approx(float(scores(bundle, left)[0] or 0)), ran.stderr


def test_a_grader_is_only_for_verifiers_of_others() -> None:
    text = SPEC.format(protocol="clawgym", more="").replace('    imported = "Others, task 7"\n', "")
    assert "E0620" in {d.code for d in check("kept.claw", text).diagnostics}
