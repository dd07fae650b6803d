"""Splits: no family is in two, the same each time, shares met where families are small."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.synth.rows import SPLITS, Split
from clawc.runtime.synth.splits import SHARES, splits

FAMILIES = st.lists(st.integers(0, 300).map(str), max_size=400)


@settings(max_examples=60, deadline=None)
@given(FAMILIES, st.integers(0, 9))
def test_no_family_is_in_two_splits(families: list[str], seed: int) -> None:
    found = splits(families, seed=seed)
    assert len(found) == len(families)
    assert len(set(zip(families, found))) == len(set(families))
    assert splits(families, seed=seed) == found
    backwards = splits(families[::-1], seed=seed)
    assert backwards[::-1] == found


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=200, max_size=400),
    st.integers(0, 9),
    st.sampled_from([SHARES, {"train": 0.5, "test": 0.5}]),
)
def test_shares_are_met_within_a_point(sizes: list[int], seed: int, shares: dict[Split, float]) -> None:
    families = [f"family {n}" for n, size in enumerate(sizes) for _ in range(size)]
    counts = Counter(splits(families, shares, seed))
    for split in SPLITS:
        assert abs(counts[split] / len(families) - shares.get(split, 0.0)) <= 0.01


def test_a_family_that_is_added_moves_few() -> None:
    families = [str(n) for n in range(1_000)]
    before, after = splits(families), splits([*families, "another"])
    assert sum(one != other for one, other in zip(before, after)) <= 10


def test_a_family_larger_than_its_share_stays_whole() -> None:
    assert len(set(splits(["one"] * 50))) == 1


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="shares"):
        splits(["a"], {"train": 0.5})
