"""WildClawBench: tasks of our own in the form that theirs have, with inputs, ground truth and skills in folders of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clawc.compiler.importers import pinchbench, wildclawbench
from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.table import found_in
from tests.importers.judged import lay
from tests.importers.trials import called, compiled, imported, only, said, sandbox_or_skip, scored, tree_of

CODE = """
import json
from pathlib import Path

def grade(**kwargs) -> dict:
    workspace = Path("/tmp_workspace")
    truth = json.loads((workspace / "gt" / "truth.json").read_text())
    answer = Path(kwargs["workspace_path"]) / "results" / "answer.json"
    print("noise on standard output")
    if not answer.exists():
        return {"there": 0.0, "calls": 0.5}
    got = json.loads(answer.read_text())
    right = sum(got.get(key) == value for key, value in truth.items()) / len(truth)
    calls = sum(item.get("type") == "toolCall" for event in kwargs["transcript"] if event.get("type") == "message"
                for item in event["message"]["content"])
    return {"there": 1.0, "right": right, "calls": min(calls, 1), "overall_score": round(0.8 * right + 0.2 * min(calls, 1), 4)}
"""
TRUTH = '{"a": 1, "b": [2, 3]}'
NAME = "tasks/02_Code/02_Code_task_3_sum.md"
WORKSPACE = "bench/workspace/02_Code/task_3_sum"


def task(
    prompt: str = "## Prompt\n\nSum the numbers of `/tmp_workspace/in.json`.", code: str = CODE, front: str = ""
) -> str:
    return f"""---
id: 02_Code_task_3_sum
name: Sums
category: 02_Code
timeout_seconds: 1200
modality: pure-text
{front}---

{prompt}

## Expected Behavior

It sums.

## Grading Criteria

- [ ] right

## Automated Checks

```python
{code}
```

## Workspace Path

```
workspace/02_Code/task_3_sum
```

## Skills

```
tables
```

## Env

```
OPENROUTER_API_KEY
# a note
```

## Warmup

```bash
# prepare
pip install numpy
```
"""


FILES: dict[str, str | bytes] = {
    f"bench/{NAME}": task(), f"{WORKSPACE}/exec/in.json": "[1]", f"{WORKSPACE}/exec/deep/x.bin": b"\xff", f"{WORKSPACE}/gt/truth.json": TRUTH,
    f"{WORKSPACE}/tmp/seed.txt": "7", "bench/skills/tables/SKILL.md": "---\nname: tables\n---\nHow.\n",
}  # fmt: skip


def test_its_folders(tmp_path: Path) -> None:
    found = only(wildclawbench.find, FILES)
    assert (found.id, found.origin, found.timeout_s) == ("02_Code_task_3_sum", "WildClawBench", 1200)
    assert found.told == ["Sum the numbers of `/tmp_workspace/in.json`.\n"]
    assert sorted(found.files) == ["deep/x.bin", "in.json", "skills/tables/SKILL.md", "tmp/seed.txt"]
    [grader] = found.graders
    assert sorted(grader.files) == ["grade.py", "workspace_files/gt/truth.json"] and grader.score == "overall_score"
    assert {"needs a service", "warmup left out"} <= {fault.kind for fault in found.faults}
    assert found.meta["env"] == ["OPENROUTER_API_KEY"] and found.meta["warmup"] == ["pip install numpy"]
    compiled(found, tmp_path)


@pytest.mark.parametrize(
    "prompt",
    [
        "Sum them all.",
        "Prompt:\n\nSum them all.",
        "# Sums\n\n**Prompt**\n\nSum them all.\n\n---",
        "# Prompt\n\nSum them all.",
    ],
)
def test_a_prompt_without_its_mark(prompt: str, tmp_path: Path) -> None:
    found = only(wildclawbench.find, {**FILES, f"bench/{NAME}": task(prompt)})
    assert found.told == ["Sum them all.\n"]
    compiled(found, tmp_path)


def test_what_is_missing(tmp_path: Path) -> None:
    alone = only(wildclawbench.find, {NAME: task()})
    assert {"workspace missing", "skill missing"} <= {fault.kind for fault in alone.faults} and not alone.files
    compiled(alone, tmp_path)
    for change, why in (
        (task(""), "tells the agent nothing"),
        (task(code="").replace("```python\n\n```", ""), "has no automated checks"),
    ):
        with pytest.raises(Refused) as refused:
            only(wildclawbench.find, {NAME: change})
        assert why in refused.value.message
    large = only(
        wildclawbench.find,
        {**FILES, f"{WORKSPACE}/exec/film.mp4": bytes(17 << 20), f"{WORKSPACE}/gt/z.bin": bytes(7 << 20)},
    )
    assert "film.mp4" not in large.files and {"input left out", "ground truth left out"} <= {
        fault.kind for fault in large.faults
    }


def test_it_is_told_apart() -> None:
    assert list(found_in(tree_of(FILES))) == ["wildclawbench"]
    assert pinchbench.find(tree_of(FILES)) == []
    assert (
        "overall_score"
        not in only(wildclawbench.find, {NAME: task(code="def grade(**k):\n    return {'a': 1.0}\n")}).graders[0].score
    )


def test_scores_as_the_authors_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: `overall_score`, or the mean of the numbers where an early return gives none; 0 where the grader ends badly."""
    sandbox_or_skip()
    out = tmp_path / "out"
    assert imported(lay(tmp_path / "bench", FILES), out)["refused"] == []
    source = out / "n_02_code_task_3_sum" / "n_02_code_task_3_sum.claw"
    source = source if source.exists() else next(out.glob("*/*.claw"))
    read = called("c1", "read", {"path": "in.json"})
    trials: dict[str, tuple[dict[str, str | bytes], list[dict[str, Any]], float]] = {
        "empty": ({}, [], 0.25), "solved": ({"results/answer.json": TRUTH, "gt": "in the way"}, [*read, said("done")], 1.0),
        "half": ({"results/answer.json": '{"a": 1}', "gt/truth.json": '{"a": 1}'}, [said("done")], 0.4),
        "broken": ({"results/answer.json": "{"}, read, 0.0),
    }  # fmt: skip
    for name, (files, events, wanted) in trials.items():
        assert scored(source, lay(tmp_path / name, files), capsys, events) == pytest.approx(wanted, abs=1e-6), name
