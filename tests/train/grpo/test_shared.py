"""What rows share is computed once, and gives what the rows give one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.train.rows import Row, SampledCall, rows_of
from clawc.runtime.train.trainer import TRAINER
from tests.engine_local.conftest import skip_without

skip_without(*TRAINER, extra="train")

import torch  # noqa: E402

from clawc.runtime.train.grpo.passes import passes, shared_prefix  # noqa: E402
from clawc.runtime.train.grpo.policy import TokenLogprobs, batch_of  # noqa: E402
from tests.train.grpo.toy import write_model  # noqa: E402


def group_of(prompt: Sequence[int], count: int, drawn: random.Random, forks: bool = False) -> list[Row]:
    """Episodes of two calls; with `forks` the second one has another context, so that there are two rows."""
    rows: list[Row] = []
    for number in range(count):
        first = tuple(drawn.randrange(16) for _ in range(drawn.randint(1, 9)))
        second = tuple(drawn.randrange(16) for _ in range(drawn.randint(1, 9)))
        later = (*prompt, *first, 3, 4) if not forks else (*prompt[:20], 3, 4)
        calls = [
            SampledCall("1", tuple(prompt), first, tuple(-2.0 for _ in first), 0, 0.7),
            SampledCall("2", later, second, tuple(-2.0 for _ in second), 0, 1.0),
        ]
        name = f"{sum(prompt)}-{number}"
        rows += [replace(row, advantage=drawn.uniform(-1, 1)) for row in rows_of(calls, name, name)]
    return rows


def gradients(model: TokenLogprobs, batches: Sequence[Sequence[Row]], share: bool) -> tuple[dict[str, Any], list[Any]]:
    """Log probabilities of each row's trained tokens, and the gradient of their sum, weighed by the advantages."""
    model.zero_grad()
    found: dict[str, Any] = {}
    for rows in batches:
        batch = batch_of(rows, 0)
        assert not share or batch.shared
        logprobs, entropies = model(
            batch.ids, batch.attention, batch.mask, batch.temperatures, True, batch.shared if share else 0
        )
        ((logprobs + 0.1 * entropies) * batch.advantages).sum().backward()
        for at, row in enumerate(rows):
            found[f"{row.episode_id} {row.row_index}"] = logprobs[at, : len(row.input_ids)].detach()
    return found, [each.grad.clone() for each in model.parameters() if each.grad is not None]


@pytest.mark.parametrize("forks", [False, True])
def test_gradients_are_those_of_rows_one_by_one(tmp_path: Path, forks: bool) -> None:
    from transformers import Qwen3ForCausalLM

    loaded: Any = Qwen3ForCausalLM.from_pretrained(write_model(tmp_path / "model", 3), dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    model = TokenLogprobs(loaded.train())
    drawn = random.Random(7)
    rows = group_of([drawn.randrange(16) for _ in range(40)], 5, drawn, forks)
    together = [some for some in passes(rows, 10_000) if shared_prefix(some)]
    assert sum(len(some) for some in together) == len(rows)
    one, grads_one = gradients(model, [[row] for row in rows], False)
    all, grads_all = gradients(model, together, True)
    for name, each in one.items():
        torch.testing.assert_close(all[name], each, rtol=1e-5, atol=1e-5)
    for theirs, ours in zip(grads_one, grads_all, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 90), st.integers(30, 2000))
def test_passes_hold_each_row_once_and_are_bounded(seed: int, length: int, tokens: int) -> None:
    drawn = random.Random(seed)
    rows = [
        row
        for _ in range(drawn.randint(1, 4))
        for row in group_of([drawn.randrange(16) for _ in range(length + 20)], drawn.randint(1, 6), drawn, drawn.random() < 0.5)
    ]  # fmt: skip
    found = list(passes(rows, tokens))
    assert sorted((row.episode_id, row.row_index, row.input_ids) for some in found for row in some) == sorted(
        (row.episode_id, row.row_index, row.input_ids) for row in rows
    )
    computed = 0
    for some in found:
        shared = shared_prefix(some)
        cost = shared + len(some) * (max(len(row.input_ids) for row in some) - shared)
        assert len(some) == 1 or cost <= tokens
        assert all(row.input_ids[:shared] == some[0].input_ids[:shared] for row in some)
        assert all(not any(row.loss_mask[:shared]) for row in some)
        computed += cost
    assert found == list(passes(rows[::-1], tokens)), "the order of rows does not matter"
    assert computed <= sum(len(row.input_ids) for row in rows) + sum(
        max(len(row.input_ids) for row in some) * len(some) - sum(len(row.input_ids) for row in some) for some in found
    )
