"""ClawGym's folders and lines: what is written, and that the score is the original's."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.import_ import ImportOptions, import_command
from tests.importers.judged import bundle_of, imported, judge, lay, scores

# The script that all published tasks share, as it is spelled there.
REWARD = """#!/usr/bin/env bash
set -euo pipefail

python3 /root/.openclaw/workspace/reward/check.py /root/.openclaw/workspace | python3 -c 'import json, sys; raw = \
sys.stdin.read().strip(); data = json.loads(raw); print(sum(float(v) for v in data.values()) / len(data) if \
isinstance(data, dict) and data else float(data) if isinstance(data, (int, float)) else 0.0)'
"""
CHECK = """import json, os, sys
ws = sys.argv[1]
found = {"there": False, "third": 0, "half": "0.5", "reward": 0.0}
path = os.path.join(ws, "out", "sum.txt")
if os.path.exists(path):
    text = open(path).read()
    if "crash" in text:
        raise SystemExit(3)
    if "noise" in text:
        print("no JSON")
        raise SystemExit
    found["there"] = True
    found["third"] = 1 / 3
    found["reward"] = float(text)
print(json.dumps(found))
"""


def task(folder: Path, check: str = CHECK, reward: str | None = REWARD, **entry: object) -> Path:
    files = {
        "data_entry.json": json.dumps({
            "task_id": "task_7", "user_query": "Write the sum to out/sum.txt.\n{{ nobody }} \"asks\" more.\r\n",
            "input_mount_dir": "/root/.openclaw/workspace", "metadata": {"category": "", "grading_type": "automated"}, **entry,
        }),
        "input_files/input/numbers.csv": "n\n1\n2\n", "input_files/Notes of today.txt": "three\n", "reward/check.py": check,
    }  # fmt: skip
    if reward is not None:
        files["reward/reward.sh"] = reward
    return lay(folder / "task_7", files).parent


def original(check: str, workspace: Path, folder: Path) -> float:
    """What the script of the original makes of what the checker prints; 0 where it fails, as its trainer counts."""
    lay(folder, {"check.py": check})
    ran = subprocess.run(
        [sys.executable, str(folder / "check.py"), str(workspace)], capture_output=True, text=True, check=False
    )
    try:
        data: Any = json.loads(ran.stdout.strip()) if ran.returncode == 0 else 0
        parts: list[Any] = list(dict(data).values()) if ran.stdout.startswith("{") else [data]
        return sum(float(v) for v in parts) / len(parts)
    except ValueError:
        return 0.0


def test_the_score_is_that_of_the_original(tmp_path: Path) -> None:
    folder = imported(task(tmp_path / "source"), tmp_path / "out") / "task_7"
    bundle = bundle_of(folder, tmp_path / "bundle")
    states = {"empty": {}, "solved": {"out/sum.txt": "1"}, "half": {"out/sum.txt": "0.25"}, "text": {"out/sum.txt": "three"},
              "crash": {"out/sum.txt": "crash"}, "noise": {"out/sum.txt": "noise"},
              # What stands in the workspace is not imported in place of the standard library.
              "planted": {"out/sum.txt": "0", "json.py": "raise SystemExit", "os.py": "", "sitecustomize.py": "raise SystemExit"}}  # fmt: skip
    folders = [lay(tmp_path / "ws" / name, files) for name, files in states.items()]
    found = scores(bundle, *folders)
    for name, place, score in zip(states, folders, found):
        assert score is not None
        wanted = original(CHECK, place, tmp_path / "plain") if name != "planted" else 11 / 24
        assert abs(float(score) - wanted) <= 1e-6, name
    assert len({*found}) > 4


def test_what_is_written(tmp_path: Path) -> None:
    out = imported(task(tmp_path / "source"), tmp_path / "out")
    report = json.loads((out / "import.json").read_text())
    row = report["tasks"][0]
    assert (row["declarative"], row["opaque"], row["none"], report["refused"]) == (0, 1, 0, [])
    assert [f["kind"] for f in row["faults"]] == ["reward averaged with its parts"]
    prompt = (out / "task_7" / "prompt.md").read_text(encoding="utf-8")
    bundle = bundle_of(out / "task_7", tmp_path / "bundle")
    assert bundle.read("public/instruction.md").decode() == prompt.replace("\r\n", "\n")
    assert "{{ nobody }}" in prompt
    assert [one.path for one in bundle.manifest.workspace] == ["Notes of today.txt", "input/numbers.csv"]
    assert bundle.manifest.imported == "ClawGym, task_7"


@pytest.mark.parametrize(
    "mount", ["/root/.openclaw/workspace", "", "input_files", "./input_files/", "elsewhere", "..", 5]
)
def test_the_inputs_are_there_wherever_they_are_mounted(mount: object, tmp_path: Path) -> None:
    folder = imported(task(tmp_path / "source", input_mount_dir=mount), tmp_path / "out") / "task_7"
    assert sorted(p.name for p in (folder / "input").rglob("*") if p.is_file()) == ["Notes of today.txt", "numbers.csv"]


def test_a_checker_that_runs_pytest_or_reads_yaml_has_them(tmp_path: Path) -> None:
    check = (
        "import json, subprocess, sys, yaml\n"
        'ran = subprocess.run([sys.executable, "-m", "pytest", "--version"], capture_output=True)\n'
        'print(json.dumps({"a": ran.returncode == 0, "b": yaml.safe_load("x: 1") == {"x": 1}}))\n'
    )
    folder = imported(task(tmp_path / "source", check=check), tmp_path / "out") / "task_7"
    bundle = bundle_of(folder, tmp_path / "bundle")
    assert bundle.manifest.environment.tools == ("pyyaml", "pytest")
    assert scores(bundle, lay(tmp_path / "ws", {})) == [1]


def test_another_script_is_run_as_it_is(tmp_path: Path) -> None:
    script = '#!/bin/bash\nif [ -f "$1/a.txt" ]; then grep -c x /root/.openclaw/workspace/a.txt; fi\necho note\ncat "$1/last.txt"\n'
    folder = imported(task(tmp_path / "source", reward=script), tmp_path / "out") / "task_7"
    bundle = bundle_of(folder, tmp_path / "bundle")
    made = [
        lay(tmp_path / str(n), files)
        for n, files in enumerate(({"last.txt": "0.75\n"}, {}, {"last.txt": "nan"}, {"last.txt": "7"}))
    ]
    assert scores(bundle, *made) == [Decimal("0.75"), 0, 0, 1]


def test_without_a_script_and_with_odd_values(tmp_path: Path) -> None:
    check = 'import json, sys\nprint(json.dumps(json.load(open(sys.argv[1] + "/v.json"))))\n'
    folder = (
        imported(task(tmp_path / "source", check=check, reward=None, input_mount_dir=""), tmp_path / "out") / "task_7"
    )
    bundle = bundle_of(folder, tmp_path / "bundle")
    values = ["{}", "0.5", '{"a": true, "b": false}', '{"a": null}', "[1]", '{"a": 3, "b": -1, "c": 0}', '{"a": NaN}']
    made = [lay(tmp_path / str(n), {"v.json": value}) for n, value in enumerate(values)]
    assert [float(s or 0) for s in scores(bundle, *made)] == pytest.approx([0, 0.5, 0.5, 0, 0, 2 / 3, 0], abs=1e-6)


@pytest.mark.parametrize(("entry", "message"), [
    ("[]", "holds no object"), ("{", "is no JSON"), ('{"task_id": "a"}', "has no `user_query`"), ("\xff", "is not UTF-8"),
    ('{"user_query": "x", "input_mount_dir": "../../etc"}', "neither `check.py` nor `reward.sh`"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused(entry: str, message: str, tmp_path: Path) -> None:
    lay(tmp_path / "source" / "one", {"data_entry.json": entry.encode("latin-1")})
    task(tmp_path / "source")
    out = imported(tmp_path / "source", tmp_path / "out", status=1)
    report = json.loads((out / "import.json").read_text())
    assert [message in one["message"] for one in report["refused"]] == [True]
    assert [one["name"] for one in report["tasks"]] == ["task_7"]


ROW = {
    "prompt": "Say how many.", "hook_lang": "python", "category": "office", "input_files": [
        {"file_path": "in/a.json", "file_format": "json", "content": {"a": 1}}, {"file_path": "./b.txt", "content": "b"}],
    "hook_code": "def grade(transcript, workspace_path):\n    import os\n    return {'a': 1.0, 'b': float(os.path.exists(os.path.join(workspace_path, 'b.txt')))}\n",
}  # fmt: skip
RULES: dict[str, Any] = {
    "eval_type": "rubric",
    "rules": [{"name": "Tone", "file_path": "out/mail.md", "scores": {"0.0": "rude", "0.5": "dry", "1.0": "kind"}}],
}


def test_lines_of_json(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [ROW, {**ROW, "rules": RULES}, {"prompt": "x", "rules": json.dumps(RULES)}, {"prompt": "x", "rules": []}, {"prompt": ""},
            {**ROW, "hook_lang": "ruby"}, {"prompt": "half \ud83d", "hook_code": "echo 0.5", "hook_lang": "bash"}]  # fmt: skip
    lay(tmp_path / "source", {"tasks.jsonl": "\n".join(map(json.dumps, rows)) + "\n{\n"})
    out = imported(tmp_path / "source", tmp_path / "out", status=1)
    report = json.loads((out / "import.json").read_text())
    assert [one["place"] for one in report["refused"]] == [f"tasks.jsonl:{n}" for n in (4, 5, 6, 8)]
    names = [one["name"] for one in report["tasks"]]
    assert names == ["tasks_00001", "tasks_00002", "tasks_00003", "tasks_00007"]
    bundles = [bundle_of(out / name, tmp_path / "bundles" / name) for name in names]
    assert [b.manifest.scoring.rubric_share for b in bundles] == ["0", "0.3", "1", "0"]
    assert not bundles[1].manifest.scoring.rubric_gated
    there, gone = lay(tmp_path / "there", {"b.txt": "b"}), lay(tmp_path / "gone", {})
    assert scores(bundles[0], there, gone) == [1, Decimal("0.5")]
    assert [one.score for one in judge(bundles[1], (there, None))] == [None]  # it waits for a judge


def test_credit_for_the_untouched_workspace_is_a_fault(tmp_path: Path) -> None:
    source = task(tmp_path / "source", check="import json\nprint(json.dumps({'a': 1, 'b': 0}))\n")
    (source / "task_7").rename(source / "pays")
    task(source)
    (source / "task_7" / "data_entry.json").write_text(
        (source / "task_7" / "data_entry.json").read_text().replace("task_7", "task_8")
    )
    out = tmp_path / "out"
    assert import_command([source], out, ImportOptions("", "text", False, False, True)) == 0
    tasks = {one["name"]: one for one in json.loads((out / "import.json").read_text())["tasks"]}
    assert (tasks["task_7"]["untouched"], tasks["task_8"]["untouched"]) == (
        "0.5",
        "0.125",
    )  # its "half" is always there
    assert "the untouched workspace earns 0.5" in [f["message"] for f in tasks["task_7"]["faults"]]
