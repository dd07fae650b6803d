"""The order of rows: each once, like lengths together, another one each epoch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.train.order import RowOrder, rows_in_order


@given(
    lengths=st.lists(st.integers(1, 40), max_size=60),
    batch=st.integers(1, 7),
    seed=st.integers(0, 3),
    epoch=st.integers(0, 3),
)
def test_each_row_comes_once(lengths: list[int], batch: int, seed: int, epoch: int) -> None:
    found = rows_in_order(lengths, batch, seed, epoch)
    assert sorted(found) == list(range(len(lengths)))
    if len(lengths) > batch:
        longest = max(lengths)
        assert longest in [lengths[number] for number in (*found[:batch], *found[-(len(lengths) % batch or batch) :])]


def test_rows_of_a_batch_are_alike() -> None:
    lengths = [n % 10 for n in range(100)]
    found = rows_in_order(lengths, 10, 0, 0)
    assert all(len({lengths[number] for number in found[at : at + 10]}) == 1 for at in range(0, 100, 10))


def test_epochs_and_seeds_differ() -> None:
    trained = [0.0]
    order = RowOrder([1] * 30, 4, 5, lambda: trained[0])
    first = list(order)
    trained[0] = 1 - 1e-9
    assert list(order) != first and list(RowOrder([1] * 30, 4, 6, lambda: 0.0)) != first
    trained[0] = 0.9
    assert list(order) == first and len(order) == 30
