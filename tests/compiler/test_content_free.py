"""Answers without work earn next to nothing: the untouched workspace, placeholders, the request pasted back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.content_free import ANSWERS, written
from clawc.compiler.pipeline import Compiled

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted([*ROOT.glob("examples/*.claw"), *ROOT.glob("examples/clawgym/*/*.claw")])


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_content_free_answers(path: Path, answer: Callable[[Task, DeliverDecl], bytes]) -> None:
    compiled: Compiled = check_file(path).tasks[0]
    files = written(compiled.task, answer)
    assert float(compiled.trial.judge(files)["score_checks"]) <= 0.02


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_untouched_workspace_earns_nothing(path: Path) -> None:
    assert check_file(path).tasks[0].trial.judge({})["score_checks"] == "0"
