"""Answers without work earn next to nothing: the untouched workspace, placeholders, the request pasted back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.pipeline import Compiled

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted([*ROOT.glob("examples/*.claw"), *ROOT.glob("examples/clawgym/*/*.claw")])


def placeholder(task: Task, deliver: DeliverDecl) -> bytes:
    """The least content that has the declared form."""
    columns = list(deliver.columns or ["col"])
    if deliver.kind in ("csv", "tsv"):
        comma = "," if deliver.kind == "csv" else "\t"
        return (comma.join(columns) + "\n" + comma.join("x" for _ in columns) + "\n").encode()
    if deliver.kind == "json":
        keys = ", ".join(f'"{k}": null' for k in deliver.keys or columns)
        return (f"[{{{keys}}}]" if deliver.columns else f"{{{keys}}}").encode()
    return "".join(f"## {s}\n\n- TODO\n\n" for s in deliver.sections or ["Notes"]).encode()


def echo(task: Task, deliver: DeliverDecl) -> bytes:
    """The request and all inputs, or the first input of the same format."""
    same = [i.data for i in task.inputs if i.file.kind == deliver.kind]
    if deliver.kind in ("csv", "tsv", "json", "jsonl") and same:
        return same[0]
    return task.instruction.encode() + b"\n\n" + b"\n\n".join(i.data for i in task.inputs)


def half_echo(task: Task, deliver: DeliverDecl) -> bytes:
    data = echo(task, deliver)
    return data[: len(data) // 2]


def sectioned_echo(task: Task, deliver: DeliverDecl) -> bytes:
    """The request under every heading that is asked for."""
    body = task.instruction.encode()
    return b"".join(b"## " + s.encode() + b"\n\n" + body + b"\n\n" for s in deliver.sections or ["Notes"])


@pytest.mark.parametrize("answer", [placeholder, echo, half_echo, sectioned_echo], ids=lambda f: f.__name__)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_content_free_answers(path: Path, answer: Callable[[Task, DeliverDecl], bytes]) -> None:
    compiled: Compiled = check_file(path).tasks[0]
    files = {d.path: answer(compiled.task, d) for d in compiled.task.delivers}
    assert float(compiled.trial.judge(files)["score_checks"]) <= 0.02


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_untouched_workspace_earns_nothing(path: Path) -> None:
    assert check_file(path).tasks[0].trial.judge({})["score_checks"] == "0"
