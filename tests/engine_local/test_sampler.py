"""Drawing from places that stay where they are, as a step that is replayed from a graph does."""

from __future__ import annotations

import pytest

from clawc.runtime.engine.local.packages import WORKER
from tests.engine_local.conftest import skip_without

skip_without(*WORKER)

import torch  # noqa: E402

from clawc.runtime.engine.local.sampler import Draw, Places, draw  # noqa: E402


def scores(rows: int) -> torch.Tensor:
    return torch.randn(rows, 50, generator=torch.Generator().manual_seed(5)) * 3


def test_a_row_is_drawn_for_whatever_is_beside_it() -> None:
    given = scores(4)
    draws = [Draw(0.7, "a", 3), Draw(0.0, "b", 4), Draw(1.0, "c", 5), Draw(2.5, "a", 6)]
    tokens, logprobs = draw(given, draws)
    for row, one in enumerate(draws):
        token, logprob = draw(given[row : row + 1], [one])
        assert int(token) == int(tokens[row])
        assert float(logprob) == pytest.approx(float(logprobs[row]), abs=1e-6)


def test_places_are_read_anew_at_each_step() -> None:
    places, given = Places(8, torch.device("cpu")), scores(8)
    for step in range(3):
        draws = [Draw(1.0, "key", step * 10 + row) for row in range(2 + step)]
        places.fill(draws)
        tokens, logprobs = places.draw(given[:6])
        places.check()
        expected, likely = draw(given[: len(draws)], draws)
        assert torch.equal(tokens[: len(draws)], expected)
        assert torch.allclose(logprobs[: len(draws)], likely, atol=1e-6)


def test_only_rows_that_are_drawn_for_somebody_must_have_a_distribution() -> None:
    places, given = Places(4, torch.device("cpu")), scores(4)
    given[2:] = float("nan")
    places.fill([Draw(1.0, "key", 0), Draw(1.0, "key", 1)])
    places.draw(given)
    places.check()
    places.fill([Draw(1.0, "key", row) for row in range(3)])
    places.draw(given)
    with pytest.raises(ArithmeticError, match="no numbers"):
        places.check()
    places.fill([Draw(1.0, "key", 0)])
    places.draw(given)
    places.check()
