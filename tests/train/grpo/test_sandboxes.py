"""Episodes in real sandboxes, through the gateway and the engine's own process: captured, rewarded, trained on, gone on with."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

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

import torch  # noqa: E402

from bench.train_grpo_limits import against, shape_of, steps_of  # noqa: E402
from clawc.runtime.train.grpo.learner import Learner  # noqa: E402

CARD = {"copy_bytes_a_second": 1e9, "matmul_flops_a_second": 1e9}
pytestmark = pytest.mark.usefixtures("works")


@pytest.fixture
def options(project: Project, tiny_model: Path) -> GrpoOptions:
    (project.root / "agent.toml").write_text('system = "Work."\ntools = ["write"]\nsteps = 1\n')
    long = often_ending(tiny_model, project.root / "long")
    return GrpoOptions(
        long, project.out, f"loop:{project.root / 'agent.toml'}", steps=2, group=3, tasks=2, jobs=6, max_tokens=6, dtype="float32",
        device="cpu", rate=1e-3, save_every=1, refills=0, overlong_penalty=1.0, longest=900,
    )  # fmt: skip


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / METRICS).read_text().splitlines()]


@pytest.mark.nightly
def test_where_nothing_is_solved_the_training_ends(project: Project, options: GrpoOptions) -> None:
    with pytest.raises(UserError, match="in 2 steps in a row no group taught anything") as told:
        grpo_command([project.root / "bundles"], replace(options, overlong_penalty=0.0, patience=2))
    assert "clawc train sft" in told.value.help
    assert [line["same_groups"] for line in lines(project.out)] == [2, 2]


def test_rows_of_sandboxes_are_trained_on(project: Project, options: GrpoOptions) -> None:
    """Nothing is solved; but answers that are shorter are less near to the bound, so that there is something to learn."""
    bundles = [project.root / "bundles"]
    assert grpo_command(bundles, replace(options, held_out=(project.root / "bundles" / "one",), eval_every=1)) == OK
    found = lines(project.out)
    assert [line["eval_reward"] for line in found] == [0.0, 0.0]
    assert [line["version"] for line in found] == [0, 1] and all(line["groups"] for line in found)
    assert all(0 <= float(str(line["gap"])) < 1e-4 for line in found), found
    assert (project.out / MODEL / "model.safetensors").is_file()
    record = read_training(project.out)
    assert record.method == "grpo" and record.result is not None and len(record.tasks) == 2
    # What the benchmark counts is what was trained on.
    figures = against(list(steps_of(project.out)), shape_of(options.model), record.settings, CARD)
    assert figures["training"]["trained_tokens"] == sum(int(str(line["tokens"])) for line in found)
    assert figures["sampling"]["tokens"] == sum(int(str(line["sampled_tokens"])) for line in found)
    with pytest.raises(UserError, match="another learning_rate"):
        grpo_command(bundles, replace(options, rate=1.0, resume=True))
    with pytest.raises(UserError, match="holds a training already"):
        grpo_command(bundles, options)
    assert grpo_command(bundles, replace(options, steps=3, resume=True)) == OK
    assert [line["step"] for line in lines(project.out)] == [1, 2, 3]
    shutil.rmtree(project.out / "rollouts" / "step-000002-0")
    with pytest.raises(ValueError, match="step 3: tokens drawn, rows and tokens trained are"):
        list(steps_of(project.out))


@pytest.mark.nightly
def test_where_the_memory_of_the_device_is_full_it_goes_on_with_smaller_passes(
    project: Project, options: GrpoOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    bundles, played = [project.root / "bundles"], project.out / "rollouts" / "step-000000-0" / "episodes.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr(Learner, "_logprobs", full)
        with pytest.raises(UserError, match=r"R0999: .* Tried to allocate 2\.00 GiB") as told:
            grpo_command(bundles, options)
    assert "`--resume` and a smaller `--pass-tokens` than 16384" in told.value.help
    before = played.read_bytes()
    assert grpo_command(bundles, replace(options, pass_tokens=900, resume=True)) == OK
    assert played.read_bytes() == before  # played once


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"loss": "ppo"}, "nothing for `--loss`"), ({"group": 1}, "a group has two episodes"), ({"model": Path("nowhere")}, "R0952"),
        ({"agent": "oracle"}, "R0406"), ({"temperature": 0.0}, "draws from no distribution"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(project: Project, options: GrpoOptions, change: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        grpo_command([project.root / "bundles"], replace(options, **change))  # type: ignore[arg-type]


@pytest.mark.nightly
def test_two_processes_train_as_one(project: Project, options: GrpoOptions, tmp_path: Path) -> None:
    """On the same rows: what one has played is there for the other."""
    bundles, few = [project.root / "bundles"], replace(options, pass_tokens=900)
    assert grpo_command(bundles, few) == OK
    both = replace(few, out=tmp_path / "both", launch="several", processes=2)
    shutil.copytree(project.out / "rollouts" / "step-000000-0", both.out / "rollouts" / "step-000000-0")
    assert grpo_command(bundles, both) == OK
    one, two = (lines(out)[0] for out in (project.out, both.out))
    for name in ("loss", "grad_norm", "gap", "rows", "tokens", "reward", "clipped"):
        assert two[name] == pytest.approx(one[name], rel=1e-3, abs=1e-5), name
    assert read_training(both.out).processes == 2 and (both.out / MODEL / "model.safetensors").is_file()
