"""A suite played with a model and with the one before it: what changed, for tasks that were trained on and others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.evaluate import EVALUATION, EvalOptions, eval_command
from clawc.commands.train import TrainOptions, sft_command
from clawc.exits import FINDINGS, OK, UserError
from clawc.runtime.bundle import load
from clawc.runtime.train.records import TRAINING, TrainedTask, read_training
from clawc.runtime.train.scores import Known, evaluation, score_of
from clawc.runtime.train.sft import TRAINER, Lora, Origin, sft
from tests.campaign.conftest import Project, project, works
from tests.engine_local.conftest import skip_without
from tests.train.test_sft import SETTINGS, some_rows

__all__ = ["project", "works"]
pytestmark = pytest.mark.usefixtures("works")


def found(out: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((out / EVALUATION).read_text())
    return data


def test_two_models_are_compared(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    options = EvalOptions(project.out, before=f"scripted:{project.root / 'bad.json'}", episodes=2)
    good = f"scripted:{project.root / 'good.json'}"
    assert eval_command(good, [project.root / "bundles"], options) == OK
    data = found(project.out)
    assert data["total"] == {
        "name": "all", "tasks": 2, "before": 0.0, "after": 1.0, "difference": 1.0, "interval": {"low": 1.0, "high": 1.0},
    }  # fmt: skip
    assert [group["name"] for group in data["familiarity"]] == ["new"]
    said = capsys.readouterr().out
    assert "all" in said and "+1.000" in said
    assert (
        eval_command(good, [project.root / "bundles"], replace(options, format="json")) == OK
    )  # goes on: nothing is played again
    assert json.loads(capsys.readouterr().out) == data


def test_one_model_alone_and_the_least_score(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    options = EvalOptions(project.out, fail_under=0.5)
    assert eval_command(f"scripted:{project.root / 'bad.json'}", [project.root / "bundles"], options) == FINDINGS
    assert found(project.out)["before"] is None
    assert "0 of 2" in capsys.readouterr().out


def test_what_was_trained_on_is_told_apart(project: Project) -> None:
    options = EvalOptions(project.out, before=f"scripted:{project.root / 'bad.json'}")
    eval_command(f"scripted:{project.root / 'good.json'}", [project.root / "bundles"], options)
    one, two = (load(project.root / "bundles" / name).manifest for name in ("one", "two"))
    after, before = project.out / "after", project.out / "before"
    known = Known(frozenset({one.id}), frozenset({two.template}))
    groups = evaluation(after, before, known)
    assert {group.name for group in groups.familiarity} == ({"seen", "known"})
    assert {group.name for group in score_of(after, Known(frozenset({one.id}))).familiarity} == {"seen", "new"}
    assert score_of(after, Known()).total.solved == 2


def test_models_that_are_none_are_said(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="R0970"):
        eval_command("nowhere", [project.root / "bundles"], EvalOptions(project.out))
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / TRAINING).write_text("{}")
    with pytest.raises(UserError, match="is no record of a training"):
        eval_command(str(tmp_path / "training"), [project.root / "bundles"], EvalOptions(project.out))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("lora", [None, Lora(rank=2)])
def test_a_training_is_played_against_its_base(
    project: Project, tiny_model: Path, tmp_path: Path, lora: Lora | None
) -> None:
    skip_without(*TRAINER, extra="train")
    manifest = load(project.root / "bundles" / "one").manifest
    origin = Origin(tasks=(TrainedTask(bundle_id=manifest.id, task="one", template=manifest.template, rows=1),))
    training = tmp_path / "sft"
    sft(tiny_model, some_rows(8), training, replace(SETTINGS, steps=1, lora=lora), origin=origin)
    (tmp_path / "agent.toml").write_text('system = "Work."\ntools = ["write"]\nsteps = 1\n')
    options = EvalOptions(
        project.out, agent=f"loop:{tmp_path / 'agent.toml'}", max_tokens=8, device="cpu", dtype="float32"
    )
    eval_command(str(training), [project.root / "bundles"], options)
    data = found(project.out)
    assert data["total"]["before"] == data["total"]["after"] == 0.0
    assert {group["name"] for group in data["familiarity"]} >= {"seen"}
    assert data["after"]["agent"] != data["before"]["agent"]


def test_what_was_said_in_a_run_without_tokens_is_rendered(
    project: Project, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    skip_without(*TRAINER, extra="train")
    good = f"scripted:{project.root / 'good.json'}"
    eval_command(good, [project.root / "bundles"], EvalOptions(project.out))
    options = TrainOptions(tiny_model, tmp_path / "out", steps=1, batch=1, at_once=1, dtype="float32", device="cpu")
    assert sft_command([project.out / "after"], options) == FINDINGS
    assert "0 rows" in capsys.readouterr().out
    assert sft_command([project.out / "after"], replace(options, rendered=True)) == OK
    assert "left out: 1 duplicate" in capsys.readouterr().out  # both bundles ask for the same
    (task,) = read_training(options.out).tasks
    assert (task.rows, task.score) == (1, 1.0)
