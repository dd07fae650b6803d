"""PinchBench and EvoClawBench: tasks of our own in the forms that theirs have, read and scored as their authors score."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from clawc.compiler.importers import pinchbench, wildclawbench
from clawc.compiler.importers.grade_code import grade_code
from clawc.compiler.importers.markdown_task import document
from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.rubric_text import criteria_of, files_named
from clawc.compiler.importers.table import found_in
from clawc.stdlib.graders.driver import transcript
from tests.importers.judged import lay
from tests.importers.trials import called, compiled, imported, only, said, sandbox_or_skip, scored, tree_of

CODE = '''
def helper(path):
    return path.read_text().strip() if path.exists() else ""

def grade(transcript: list, workspace_path: str) -> dict:
    """The mean of these counts; texts do not."""
    from pathlib import Path
    out = helper(Path(workspace_path) / "out.txt")
    scores = {"there": 1.0 if out else 0.0, "right": 1.0 if out == "3" else 0.25, "whole": out == "3", "note": "text"}
    for event in transcript:
        if event.get("type") != "message":
            continue
        for item in event["message"].get("content", []):
            if item.get("type") == "toolCall" and item["name"] == "read" and item["arguments"].get("path") == "in.csv":
                scores["read"] = 1.0
    scores.setdefault("read", 0.0)
    if out == "crash":
        raise RuntimeError("as it would")
    return scores
'''
RUBRIC = """### Criterion 1: Clear text (Weight: 70%)

**Score 1.0**: It names:

- the number
- the file

**Score 0.75**: One is missing.
**Score 0.0**: Neither.

### Criterion 2: Tone (Weight: 30%)

**Score 1.0**: Friendly; see `notes.md`.
**Score 0.0**: Not.
"""


def task(front: str = "", *, type: str = "automated", prompt: str = "Count the rows of `in.csv`; write the number to `out.txt`.",
         checks: str = f"```python{CODE}```", rubric: str = "", more: str = "") -> str:  # fmt: skip
    """A task as most are written."""
    parts = [f"---\nid: task_count\nname: Count rows\ncategory: data\ngrading_type: {type}\ntimeout_seconds: 90\n{front}---\n",
             "# Count\n", f"## Prompt\n\n{prompt}\n\n---\n", "## Expected Behavior\n\nIt counts.\n\n---\n",
             "## Grading Criteria\n\n- [ ] `out.txt` is written\n- [x] the number is right\n"]  # fmt: skip
    parts += [f"## Automated Checks\n\n{checks}\n"] if checks else []
    parts += [f"## LLM Judge Rubric\n\n{rubric}\n"] if rubric else []
    return "\n".join([*parts, more])


def authors(code: str, events: list[dict[str, Any]], workspace: Path) -> float:
    """The score by the authors' formula."""
    names: dict[str, Any] = {}
    exec(code, names)
    try:
        given = names["grade"](transcript(events), str(workspace))
    except RuntimeError:
        return 0.0
    values = [float(v) for v in given.values() if isinstance(v, (int, float))]
    return sum(values) / len(values) if values else 0.0


def test_a_task_of_each_kind(tmp_path: Path) -> None:
    automated = only(pinchbench.find, {"tasks/task_count.md": task()})
    assert (automated.id, automated.title, automated.timeout_s) == ("task_count", "Count rows", 90)
    assert automated.told == ["Count the rows of `in.csv`; write the number to `out.txt`.\n"]
    assert automated.graders and not automated.rubrics
    hybrid = only(
        pinchbench.find,
        {
            "tasks/task_count.md": task(
                "grading_weights: {automated: 0.6, llm_judge: 0.2}\n", type="hybrid", rubric=RUBRIC
            )
        },
    )
    assert hybrid.rubric_share == Decimal("0.25") and hybrid.graders
    assert [(c.name, int(c.points)) for c in hybrid.rubrics[0].criteria] == [("clear_text", 70), ("tone", 30)]
    assert hybrid.rubrics[0].criteria[0].text == "Clear text: It names: - the number - the file"
    assert [d.path for d in hybrid.delivers] == ["in.csv", "out.txt", "notes.md"]
    judged = only(pinchbench.find, {"tasks/task_count.md": task(type="llm_judge", checks="", rubric=RUBRIC)})
    assert judged.rubric_share == 1 and not judged.graders
    listed = only(pinchbench.find, {"tasks/task_count.md": task(type="llm_judge", checks="")})
    assert [c.text for c in listed.rubrics[0].criteria] == ["`out.txt` is written", "the number is right"]
    for one in (automated, hybrid, judged, listed):
        compiled(one, tmp_path)


def test_inputs(tmp_path: Path) -> None:
    front = """workspace_files:
  - source: csvs/in.csv
    dest: in.csv
  - path: "notes/a.txt"
    content: |
      line

      # no heading
  - folder
  - {source: task.bin, dest: ./data/task.bin}
  - {source: gone.txt, dest: gone.txt}
  - {path: SOUL.md, content: x}
  - {source: ../../etc/passwd, dest: ../up}
  - {dest: plain.txt}
  - 7
"""
    files: dict[str, str | bytes] = {
        "skill/tasks/task_count.md": task(front), "skill/assets/csvs/in.csv": "a\n1\n", "skill/assets/folder/x.txt": "x",
        "skill/assets/folder/deep/y.txt": "y", "skill/tasks/task_count/task.bin": b"\xff\0", "skill/plain.txt": "p",
    }  # fmt: skip
    found = only(pinchbench.find, files)
    assert {path: file.data for path, file in found.files.items()} == {
        "in.csv": b"a\n1\n", "notes/a.txt": b"line\n\n# no heading\n", "folder/x.txt": b"x", "folder/deep/y.txt": b"y",
        "data/task.bin": b"\xff\0", "plain.txt": b"p",
    }  # fmt: skip
    kinds = [fault.kind for fault in found.faults]
    assert kinds.count("input missing") == 2 and kinds.count("input left out") == 2
    compiled(found, tmp_path)


def test_sources_of_the_other_dialect() -> None:
    front = "skill_category: tables\nworkspace_files:\n  - assets/t/in.csv\n  - {src: assets/t, dst: copy}\n"
    found = only(pinchbench.find, {"evo/tasks/task_01_x.md": task(front, more="## Sub-Problems\n\n### Sub-Problem 1: One\ntext\n"),
                                   "evo/assets/t/in.csv": "a\n"})  # fmt: skip
    assert found.origin == "EvoClawBench" and sorted(found.files) == ["assets/t/in.csv", "copy/in.csv"]


def test_sessions_are_turns(tmp_path: Path) -> None:
    front = "multi_session: true\nsessions:\n  - id: a\n    prompt: |\n      Remember 7.\n  - What was it?\n  - {id: c, new_session: true, message: Again}\n  - 3\n"
    found = only(pinchbench.find, {"task_a.md": task(front)})
    assert found.told == ["Remember 7.\n", "What was it?\n", "Again\n"]
    assert [f.message for f in found.faults if f.kind == "new session"] == [
        "message 3 begins a conversation anew; here all are one"
    ]
    compiled(found, tmp_path)


def test_what_is_unmarked_and_unfenced(tmp_path: Path) -> None:
    text = (
        task("workspace_files:\n  - in.csv\n", checks=CODE)
        .removeprefix("---\n")
        .replace("---\n# Count", "\n# Count")
        .replace("---\n\n# Count", "\n# Count")
    )
    found = only(pinchbench.find, {"tasks/task_count.md": text, "tasks/task_count/in.csv": "a\n"})
    assert (
        found.id == "task_count"
        and list(found.files) == ["in.csv"]
        and found.graders[0].files["grade.py"].startswith(b"def helper")
    )
    assert {"front matter unmarked", "code not fenced"} <= {fault.kind for fault in found.faults}
    compiled(found, tmp_path)


CHANGES: list[Callable[[str], str]] = [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: text.replace("## Prompt", "## PROMPT:").replace("## Automated Checks", "## automated checks ##"),
    lambda text: text.replace("## Prompt", "### Prompt").replace("## Automated Checks", "# Automated Checks"),
    lambda text: text.replace("```python", "~~~~py").replace("```", "~~~~"),
    lambda text: text.replace("grading_type: automated\n", ""),
    lambda text: text.replace(
        "grading_type: automated", "grading_type: Automated\nextra: [1, {a: 2}]\nlast_updated: 2026-01-31"
    ),
    lambda text: text.replace("# Count\n", ""),
    lambda text: text.replace("## Expected Behavior", "## Something Else"),
    lambda text: text.replace("timeout_seconds: 90", "timeout_seconds: soon"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_oddities(change: Callable[[str], str], tmp_path: Path) -> None:
    found = only(pinchbench.find, {"tasks/task_count.md": change(task()).encode()})
    assert found.told[0].startswith("Count the rows") and "## " not in found.told[0] and "---" not in found.told[0]
    assert b"def grade" in found.graders[0].files["grade.py"] and not found.rubrics
    compiled(found, tmp_path)


def test_headings_in_fences_and_backticks_in_code() -> None:
    code = 'MARK = "```"\ndef grade(transcript, workspace_path):\n    return {"a": 1.0}\n'
    text = task(prompt="Write:\n\n```\n## Prompt\nmore\n```\nand `x`.", checks=f"```python\n{code}```")
    found = only(pinchbench.find, {"task_a.md": text})
    assert "## Prompt\nmore" in found.told[0] and found.told[0].endswith("and `x`.\n")
    assert found.graders[0].files["grade.py"].decode() == code
    assert "code not fenced" in {fault.kind for fault in found.faults}
    cut = only(pinchbench.find, {"task_a.md": task(prompt="Do it.\n\n## Details\n\nlost")})
    assert cut.told == ["Do it.\n"] and "prompt cut" in {fault.kind for fault in cut.faults}


def test_the_private_key_of_answers() -> None:
    code = "```python\ndef grade(transcript, workspace_path):\n    return {'a': float(bool(_PINCHBENCH_PRIVATE_IMAGE_KEY_PATH))}\n```"
    files = {"tasks/task_a.md": task(checks=code), "assets/image_classification_answer_key.json": "{}"}
    grader = only(pinchbench.find, files).graders[0]
    assert sorted(grader.files) == ["grade.py", "image_classification_answer_key.json"]
    assert b"_PINCHBENCH_PRIVATE_IMAGE_KEY_PATH = __file__" in grader.files["grade.py"]
    assert "answers missing" in {f.kind for f in only(pinchbench.find, {"tasks/task_a.md": task(checks=code)}).faults}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (task(checks=""), "has no automated checks: there is no code"),
        (task(prompt=""), "no section `## Prompt`"),
        (task("bad: [\n"), "is no YAML"),
        (task(type="llm_judge", checks="").replace("- [", "  "), "neither a rubric nor criteria nor a grader"),
        (task().replace("task_count", "task_XX_name"), "is a template"),
        (b"---\nid: a\n---\n\xff\xfe\xfa", "is not UTF-8"),
    ],
)
def test_refused(text: str | bytes, why: str) -> None:
    with pytest.raises(Refused) as refused:
        only(pinchbench.find, {"tasks/task_count.md": text})
    assert why in refused.value.message


def test_what_is_no_task() -> None:
    files = {"README.md": "# Tasks\n\n## Prompt\n\nhow to\n", "tasks/TASK_TEMPLATE.md": task(), "skills/x/SKILL.md": "---\nname: x\n---\n## Notes\n",
             "notes/task_list.md": "- one\n"}  # fmt: skip
    assert pinchbench.find(tree_of(files)) == [] and wildclawbench.find(tree_of(files)) == []
    assert list(found_in(tree_of({"a/tasks/task_x.md": task()}))) == ["pinchbench"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    bench = lay(tmp_path / "bench", {"tasks/task_a.md": task("workspace_files: [secret.txt]\n"), "assets/x": "x"})
    (bench / "assets" / "secret.txt").symlink_to("/etc/passwd")
    (bench / "tasks" / "task_b.md").symlink_to("task_a.md")
    document = imported(bench, tmp_path / "out")
    assert [one["message"] for one in document["refused"]] == ["`tasks/task_b.md` is a link; links are not followed"]
    assert {fault["kind"] for fault in document["tasks"][0]["faults"]} == {"input left out"}


def test_broken_code_is_kept_and_noted(tmp_path: Path) -> None:
    found = only(pinchbench.find, {"task_a.md": task(checks="```python\ndef grade(:\n```")})
    assert "does not compile" in {fault.kind for fault in found.faults} and found.graders
    compiled(found, tmp_path)
    half = only(pinchbench.find, {"task_a.md": task(type="hybrid", checks="", rubric=RUBRIC)})
    assert half.rubric_share == Decimal("0.5") and "grader missing" in {fault.kind for fault in half.faults}
    compiled(half, tmp_path)


def test_rubrics_in_other_forms() -> None:
    bold = "**Criterion 1: Depth (40%)**\n\n- 1.0: deep\n- 0.5: so so\n\n**Criterion 2: Width (60%)**\n- Score 1: wide\n- Score 0: no\n"
    assert [(c.text, int(c.points)) for c in criteria_of(bold)] == [("Depth: deep", 40), ("Width: wide", 60)]
    items = "Score each:\n- Accuracy (30%): right\n- **Tone** (70%): kind\n"
    assert [(c.text, int(c.points)) for c in criteria_of(items)] == [("Accuracy : right", 30), ("Tone : kind", 70)]
    plain = "### Depth\nWeight: 2\n\nIs it deep?\n\n### Width\n\n**1.0** - wide\n"
    assert [(c.text, int(c.points)) for c in criteria_of(plain)] == [
        ("Depth: Weight: 2 Is it deep?", 2),
        ("Width: wide", 2),
    ]
    assert [c.text for c in criteria_of("Is it good?")] == ["rubric: Is it good?"]
    assert files_named(["`a.md`, `os.path`, `b/c.json`, `in.csv`, `../x.md`, `/d.txt`"], {"in.csv"}) == [
        "a.md",
        "b/c.json",
    ]


def test_scores_as_the_authors_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox_or_skip()
    bench = lay(tmp_path / "bench", {"tasks/task_count.md": task("workspace_files: [{path: in.csv, content: 'a'}]\n")})
    out = tmp_path / "out"
    assert imported(bench, out)["formats"]["pinchbench"]["imported"] == 1
    source = out / "task_count" / "task_count.claw"
    read = called("c1", "read", {"path": "in.csv"}, "a")
    trials: dict[str, tuple[dict[str, str | bytes], list[dict[str, Any]]]] = {
        "empty": ({}, []), "solved": ({"out.txt": "3\n"}, [*read, said("done")]), "broken": ({"out.txt": "4"}, [said("done")]),
        "crash": ({"out.txt": "crash"}, read),
    }  # fmt: skip
    for name, (files, events) in trials.items():
        workspace = lay(tmp_path / name, {"in.csv": "a", **files})
        assert scored(source, workspace, capsys, events) == pytest.approx(authors(CODE, events, workspace), abs=1e-6), (
            name
        )


LENT = """```python
def grade(transcript, workspace_path):
    import subprocess, sys
    try:
        import yaml
    except ImportError:
        return {"yaml": 0.0, "tests": 0.0}
    from pathlib import Path
    data = yaml.safe_load((Path(workspace_path) / "a.yml").read_text())
    ran = subprocess.run([sys.executable, "-m", "pytest", "-q", str(Path(workspace_path) / "test_a.py")], capture_output=True, text=True)
    return {"yaml": float(data == {"a": [1]}), "tests": 1.0 if "1 passed" in ran.stdout else 0.0}
```"""


def test_what_graders_may_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox_or_skip()
    out = tmp_path / "out"
    imported(lay(tmp_path / "bench", {"tasks/task_a.md": task(checks=LENT)}), out)
    source = out / "task_count" / "task_count.claw"
    assert 'tools   = ["pyyaml", "pytest"]' in source.read_text(encoding="utf-8")
    workspace = lay(tmp_path / "w", {"a.yml": "a: [1]", "test_a.py": "def test_a():\n    assert True\n"})
    assert scored(source, workspace, capsys) == 1.0


def test_the_transcript_has_the_form_of_openclaw() -> None:
    events = [*called("c1", "exec", {"command": ["ls", "-l"]}, "x", failed=True), said("done")]
    call, result, last, end = transcript(events)
    assert call["message"]["content"][0] | {} == {
        "type": "toolCall", "id": "c1", "name": "exec", "arguments": {"command": "ls -l"}, "params": {"command": "ls -l"},
        "input": {"command": "ls -l"},
    }  # fmt: skip
    assert result["message"] == {
        "role": "toolResult", "content": [{"type": "text", "text": "x"}], "toolCallId": "c1", "toolName": "exec", "isError": True,
    }  # fmt: skip
    assert last["message"]["content"] == [{"type": "text", "text": "done"}]
    assert end == {"type": "model.completed", "data": {"assistantTexts": ["done"]}}
    tools: list[dict[str, Any]] = [
        {"event": "tool", "tool": "read", "arguments": {"path": "a"}, "result": {"ok": True, "text": "A"}},
        {"event": "final", "text": "bye"},
    ]
    assert [one["message"]["role"] for one in transcript(tools)[:3]] == ["assistant", "toolResult", "assistant"]
    assert transcript([]) == []


_lines = st.sampled_from([
    "---", "id: task_x", "id: [", "grading_type: hybrid", "grading_type: llm_judge", "workspace_files:", "  - {path: a.txt, content: 1}", "  - b.txt",
    "sessions: [a, {prompt: b}, 3]", "timeout_seconds: 1e400", "grading_weights: {automated: -1, llm_judge: .nan}", "name: {{x}} \"q\"",
    "## Prompt", "### Prompt", "## Automated Checks", "```python", "```", "~~~", "def grade(t, w):", "    return {}", "## LLM Judge Rubric",
    "### Criterion 1: A (Weight: 0%)", "**Score 1.0**: yes `x.md`", "- [ ] item", "## Grading Criteria", "# Title", "text {{ hole }} `a.md`", "",
    "## Workspace Path", "workspace/x", "## Skills", "## Env", "KEY", "## Warmup", "pip install x", "\u2028", "\x00", "{{{{", "\ud7ff", "﻿",
])  # fmt: skip


_edits = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["put", "cut", "change"]), _lines | st.text(max_size=20)), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [
            task(type="hybrid", rubric=RUBRIC),
            task("sessions: [{prompt: x}]\n"),
            task(more="## Workspace Path\n\nworkspace/x\n"),
            "",
        ]
    ),
    _edits,
    st.sampled_from(["task_x.md", "tasks/01_A/01_A_task_1.md"]),
)
def test_any_text_is_a_task_or_refused(text: str, edits: list[tuple[int, str, str]], name: str) -> None:
    lines = text.split("\n")
    for at, what, line in edits:
        lines[at : at + (what != "put")] = [] if what == "cut" else [line]
    files: dict[str, str | bytes] = {
        name: "\n".join(lines).encode("utf-8", "surrogatepass"), "workspace/x/exec/a": "a", "workspace/x/gt/b": "b", "assets/b.txt": "b",
    }  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        for tasks in found_in(tree_of(files)).values():
            for found in tasks:
                try:
                    compiled(found.read(), folder)
                except Refused:
                    event("refused")
                else:
                    event("compiled")
    finally:
        shutil.rmtree(folder)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_parts_of_any_text(text: str) -> None:
    criteria_of(text)
    grade_code(text)
    with suppress(Refused):
        document(text, "a.md")
