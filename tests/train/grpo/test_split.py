"""Weights, gradients and what the optimizer keeps split between two processes: the training of one process, and its checkpoints."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.train_grpo import GrpoOptions, grpo_command
from clawc.exits import OK, UserError
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.records import METRICS, MODEL, read_training
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import Project, project, works
from tests.engine_local.conftest import skip_without
from tests.train.grpo.conftest import often_ending

__all__ = ["project", "works"]
skip_without(*TOKENS, *TRAINER, extra="train")
pytestmark = pytest.mark.usefixtures("works")


@pytest.fixture
def options(project: Project, tiny_model: Path) -> GrpoOptions:
    (project.root / "agent.toml").write_text('system = "Work."\ntools = ["write"]\nsteps = 1\n')
    return GrpoOptions(
        often_ending(tiny_model, project.root / "long"), project.out, f"loop:{project.root / 'agent.toml'}", steps=1, group=4, tasks=2,
        jobs=8, max_tokens=6, dtype="float32", device="cpu", rate=1e-3, save_every=1, refills=0, overlong_penalty=1.0, longest=900,
        pass_tokens=900,
    )  # fmt: skip


def split(options: GrpoOptions) -> GrpoOptions:
    return replace(options, launch="fsdp", processes=2)


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / METRICS).read_text().splitlines()]


def weights(folder: Path, name: str) -> dict[str, Any]:
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

    found: dict[str, Any] = load_file(folder / name)
    return found


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    import torch

    assert one.keys() == other.keys()
    for name, each in one.items():
        torch.testing.assert_close(each, other[name], rtol=1e-3, atol=1e-4)


@pytest.mark.nightly
@pytest.mark.parametrize("lora", [0, pytest.param(4, marks=pytest.mark.nightly)])
def test_two_processes_with_split_weights_train_as_one(
    project: Project, options: GrpoOptions, tmp_path: Path, lora: int
) -> None:
    """On the same rows: what one has played is there for the other. Each goes on from the checkpoint of the other, played alike."""
    bundles, alone = [project.root / "bundles"], replace(options, lora=lora)
    both = split(replace(alone, out=tmp_path / "both"))
    assert grpo_command(bundles, alone) == OK
    shutil.copytree(project.out / "rollouts" / "step-000000-0", both.out / "rollouts" / "step-000000-0")
    assert grpo_command(bundles, both) == OK
    one, two = (lines(out)[0] for out in (project.out, both.out))
    for name in ("loss", "grad_norm", "gap", "rows", "tokens", "reward", "clipped"):
        assert two[name] == pytest.approx(one[name], rel=1e-3, abs=1e-5), name
    name = "adapter_model.safetensors" if lora else "model.safetensors"
    assert_same(weights(project.out / MODEL, name), weights(both.out / MODEL, name))
    assert read_training(both.out).processes == 2
    assert "weights are split among 2 processes" in (both.out / ".job" / "rank-0.log").read_text()

    shutil.copytree(both.out, tmp_path / "turned")
    more = replace(alone, steps=2, resume=True)
    assert grpo_command(bundles, split(replace(more, out=both.out))) == OK
    shutil.copytree(both.out / "rollouts" / "step-000001-0", tmp_path / "turned" / "rollouts" / "step-000001-0")
    assert grpo_command(bundles, replace(more, out=tmp_path / "turned")) == OK
    one, two = (lines(out)[1] for out in (tmp_path / "turned", both.out))
    for name_ in ("loss", "grad_norm", "gap", "rows", "tokens", "clipped"):
        assert two[name_] == pytest.approx(one[name_], rel=1e-3, abs=1e-5), name_
    assert two["version"] == 1 and two["gap"] < 1e-3
    assert_same(weights(tmp_path / "turned" / MODEL, name), weights(both.out / MODEL, name))


@pytest.mark.nightly
def test_in_bfloat16(project: Project, options: GrpoOptions) -> None:
    """The random model is as far from its engine as this when one process trains it."""
    assert grpo_command([project.root / "bundles"], split(replace(options, dtype="bfloat16", gap=0.2))) == OK
    assert 0 < lines(project.out)[0]["gap"] < 0.15


def test_other_ways_to_split_are_refused(project: Project, options: GrpoOptions, tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text("distributed_type: FSDP\nnum_processes: 2\nfsdp_config: {fsdp_version: 1}\n")
    with pytest.raises(UserError, match="FSDP 2 alone"):
        grpo_command([project.root / "bundles"], replace(options, launch=str(old)))
