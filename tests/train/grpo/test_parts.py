"""Advantages, rewards, the curriculum, and rows in passes: figures that can be told by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.train.rows import Row, SampledCall, rows_of
from clawc.runtime.train.trainer import TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TRAINER, extra="train")

import torch  # noqa: E402

from clawc.runtime.train.grpo.advantages import group_advantages  # noqa: E402
from clawc.runtime.train.grpo.curriculum import Curriculum  # noqa: E402
from clawc.runtime.train.grpo.losses import LossSettings, Norms, Passed, policy_loss  # noqa: E402
from clawc.runtime.train.grpo.passes import passes  # noqa: E402
from clawc.runtime.train.grpo.policy import batch_of  # noqa: E402
from clawc.runtime.train.grpo.settings import GrpoSettings  # noqa: E402


def row(length: int, at: int = 0, versions: tuple[int, int] = (0, 0)) -> Row:
    from dataclasses import replace

    (made,) = rows_of([SampledCall("c", (1,), (2,) * (length - 1), (-0.5,) * (length - 1), versions[0], 0.5)], f"e{at}")
    return replace(made, advantage=1.0, versions=versions)


def test_a_failed_episode_is_no_zero() -> None:
    found = group_advantages([1.0, None, 0.0, 1.0])
    assert found is not None and found[1] is None
    mean, deviation = 2 / 3, math.sqrt(1 / 3)
    assert found[0] == pytest.approx((1 - mean) / (deviation + 1e-4))
    assert group_advantages([1.0, None, 0.0], "none") == (0.5, None, -0.5)


@pytest.mark.parametrize("rewards", [[], [1.0], [None, None], [1.0, None], [0.3] * 5, [0.0, 0.0, None]])
def test_groups_that_teach_nothing(rewards: list[float | None]) -> None:
    assert group_advantages(rewards) is None


@given(st.lists(st.none() | st.floats(0, 1), max_size=9))
def test_advantages_of_a_group_add_up_to_nothing(rewards: list[float | None]) -> None:
    found = group_advantages(rewards)
    if found is not None:
        assert sum(each for each in found if each is not None) == pytest.approx(0, abs=1e-6)
        assert [each is None for each in found] == [reward is None for reward in rewards]


def test_tasks_that_are_sometimes_solved_are_played_more_often() -> None:
    curriculum = Curriculum(["always", "never", "sometimes"], 1)
    for _ in range(20):
        curriculum.saw("always", [1.0] * 8)
        curriculum.saw("never", [0.0] * 8)
        curriculum.saw("sometimes", [1.0, 0.0] * 4)
    picked = [curriculum.pick(step, 0, 1)[0] for step in range(300)]
    assert picked.count("sometimes") > 200 and {"always", "never"} <= set(picked)
    assert curriculum.rate("always") > 0.9 and curriculum.rate("never") < 0.1
    assert sorted(curriculum.pick(0, 1, 5)) == ["always", "never", "sometimes"]
    assert "always" not in curriculum.pick(0, 1, 5, {"always"})


def test_a_curriculum_that_is_restored_picks_the_same() -> None:
    one = Curriculum([str(n) for n in range(50)], 3)
    one.saw("7", [1.0, 0.0])
    other = Curriculum([str(n) for n in range(50)], 3)
    other.restore(one.state())
    assert [one.pick(step, 0, 4) for step in range(9)] == [other.pick(step, 0, 4) for step in range(9)]


@given(st.lists(st.integers(2, 40), min_size=1, max_size=30), st.integers(10, 80))
def test_each_row_is_in_one_pass(lengths: list[int], tokens: int) -> None:
    rows = [row(length, at) for at, length in enumerate(lengths)]
    found = list(passes(rows, tokens))
    assert sorted(each.episode_id for some in found for each in some) == sorted(each.episode_id for each in rows)
    assert all(len(some) == 1 or len(some) * max(len(each.input_ids) for each in some) <= tokens for some in found)


def test_a_batch_says_what_is_fresh_and_how_hot_it_was() -> None:
    batch: Any = batch_of([row(4, 0, (2, 2)), row(3, 1, (1, 2))], 2)
    assert batch.fresh.tolist() == [[True], [False]]
    assert batch.attention.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch.temperatures.tolist() == [[1.0, 0.5, 0.5, 0.5], [1.0, 0.5, 0.5, 1.0]]
    with pytest.raises(ValueError, match="no log probabilities"):
        batch_of(rows_of([SampledCall("c", (1,), (2,))], "e"), 0)


def test_stale_tokens_weigh_at_most_so_much() -> None:
    mask = torch.ones(1, 2)
    logprobs = torch.tensor([[-1.0, -1.0]], requires_grad=True)
    old = torch.tensor([[-1.0, -5.0]])  # e^4 as likely now: the weight is cut at 2
    passed = Passed(logprobs, old, mask, torch.tensor([[1.0]]), proximal=logprobs.detach())
    loss: Any = policy_loss(passed, Norms(2, 1, 1), LossSettings("dapo", cap=2.0))
    assert float(loss) == pytest.approx(-(1 + 2) / 2)
    loss.backward()
    gradient: Any = logprobs.grad
    assert gradient.tolist() == [[-0.5, -1.0]]


@pytest.mark.parametrize(
    "change", [{"group": 1}, {"steps": 0}, {"temperature": 0.0}, {"staleness": -1}, {"updates": 0}]
)
def test_settings_that_make_no_sense(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"draws from|are 1 or more|0 or more"):
        GrpoSettings(**change)  # type: ignore[arg-type]
