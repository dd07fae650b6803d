"""Calls at once over cells: what each is given is what it would have been given alone, whatever is beside it and whatever was before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.engine.local.packages import WORKER
from clawc.runtime.engine.local.wire import Setup
from tests.engine_local.conftest import skip_without

skip_without(*WORKER)

import torch  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402

from clawc.runtime.engine.local.batches import Batches  # noqa: E402

CALLS = [([7, 8, 9, *range(20, 20 + count)], most, seed) for count, most, seed in ((1, 9, 1), (40, 17, 2), (3, 1, 3), (90, 30, 4), (40, 12, 5))]  # fmt: skip
Call = tuple[list[int], int, int]
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card")


def setup(folder: Path, **fields: Any) -> Setup:
    plain = Setup(str(folder), "", "cpu", "float32", 1, (), 512, 512)
    return replace(plain, **fields)


def answers(
    batches: Batches, calls: Sequence[Call], temperature: float = 1.0, stop: bool = True
) -> list[tuple[list[int], list[float]]]:
    """Asks all at once."""
    found: dict[str, tuple[list[int], list[float]]] = {str(number): ([], []) for number in range(len(calls))}
    for number, (prompt, most, seed) in enumerate(calls):
        batches.add(str(number), prompt, most, temperature, seed)
    left = len(calls)
    for outputs in batches.outputs():
        for output in outputs:
            if output.name in found:  # not of a call that was cancelled
                ids, logprobs = found[output.name]
                ids += output.ids
                logprobs += output.logprobs
                left -= output.finish is not None
        if not left:
            break
    if stop:
        batches.stop()
    return list(found.values())


def gap(folder: Path, found: Sequence[tuple[list[int], list[float]]], calls: Sequence[Call] = CALLS) -> float:
    """The largest difference to a forward pass of each call alone, in float32."""
    model: Any = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    worst = 0.0
    for (prompt, _, _), (ids, logprobs) in zip(calls, found, strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *ids]])).logits[0, len(prompt) - 1 : -1]
        likely = torch.log_softmax(logits, -1).gather(1, torch.tensor(ids)[:, None])[:, 0]
        worst = max(worst, float((likely - torch.tensor(logprobs)).abs().max()))
    return worst


@pytest.mark.parametrize("turns", [1, 4])
@pytest.mark.parametrize("cells", [128, 512])
def test_all_get_what_they_would_get_alone(tiny_model: Path, turns: int, cells: int) -> None:
    together = answers(Batches(setup(tiny_model, cache=cells), turns), CALLS)
    assert gap(tiny_model, together) < 1e-4
    alone = [answers(Batches(setup(tiny_model)), [call])[0][0] for call in CALLS]
    assert [ids for ids, _ in together] == alone
    ends = {0}
    for (_, most, _), (ids, _) in zip(CALLS, together, strict=True):
        assert len(ids) == most or ids[-1] in ends
        assert not ends & set(ids[:-1])


def test_what_was_computed_for_others_is_taken_over(tiny_model: Path) -> None:
    batches = Batches(setup(tiny_model, cache=1024), 3)
    prompt = [*range(30, 75)]
    calls: list[Call] = [(prompt, 9, seed) for seed in range(4)]
    calls += [([*prompt[:20], *range(100, 110 + seed)], 6, seed) for seed in range(4)]
    first = answers(batches, calls, stop=False)
    again = answers(batches, calls, stop=False)
    longer = [([*prompt, *ids, 9, 10], most, seed) for (prompt, most, seed), (ids, _) in zip(calls, again)]
    then = answers(batches, longer)
    assert [ids for ids, _ in again] == [ids for ids, _ in first]
    for found, asked in ((first, calls), (again, calls), (then, longer)):
        assert gap(tiny_model, found, asked) < 1e-4


def test_likeliest_tokens_are_certain(tiny_model: Path) -> None:
    found = answers(Batches(setup(tiny_model), 4), CALLS, temperature=0.0)
    assert {logprob for _, logprobs in found for logprob in logprobs} == {0.0}


def test_a_call_that_is_cancelled_leaves_its_cells_to_others(tiny_model: Path) -> None:
    batches = Batches(setup(tiny_model, cache=128), 2)
    batches.add("long", [5, 6], 120, 1.0, 1)
    batches.add("waits", [5, 6], 120, 1.0, 2)
    batches.cancel("waits")
    batches.cancel("long")
    assert len(answers(batches, CALLS[1:2])[0][0]) == 17


@cuda
@pytest.mark.parametrize("graphs", [False, True])
def test_on_a_card_it_is_the_same(tiny_model: Path, graphs: bool) -> None:
    plain = answers(Batches(setup(tiny_model, device="cuda")), CALLS)
    assert gap(tiny_model, plain) < 1e-4
    half = answers(Batches(setup(tiny_model, device="cuda", dtype="bfloat16", graphs=graphs)), CALLS)
    assert all(len(ids) and len(ids) == len(logprobs) for ids, logprobs in half)
    # The tiny model's weights are large: roundings show, mistakes show far more.
    assert gap(tiny_model, half) < 0.5
