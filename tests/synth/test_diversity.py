"""Figures of a set, against values worked out by hand or by the plain formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clawc.runtime.synth import diversity as d
from tests.synth.rows import row, rows


def unit(n: int, size: int = 16, seed: int = 1) -> d.Vectors:
    made = np.random.default_rng(seed).normal(size=(n, size)).astype(np.float32)
    made /= np.sqrt((made * made).sum(axis=1, keepdims=True))
    return made


def test_vendi_counts_what_is_unlike() -> None:
    one = np.zeros((10, 8), np.float32)
    one[:, 0] = 1
    assert d.vendi(one).score == pytest.approx(1)
    assert d.vendi(np.eye(8, dtype=np.float32)).score == pytest.approx(8)
    found = unit(300)
    values = np.linalg.eigvalsh((found @ found.T).astype(np.float64) / 300)
    plain = math.exp(-sum(v * math.log(v) for v in values.tolist() if v > 1e-9))
    assert d.vendi(found).score == pytest.approx(plain, rel=1e-4)


def test_vendi_is_of_a_sample_that_the_seed_draws() -> None:
    found = unit(300)
    assert d.vendi(found, 1, 50) == d.vendi(found, 1, 50) != d.vendi(found, 2, 50)
    assert d.vendi(found, 1, 50).n == 50


def test_neighbours_are_those_of_all_pairs() -> None:
    found = unit(1_500, 4)  # more than a block
    cosines = found @ found.T
    np.fill_diagonal(cosines, -1)
    told = d.neighbours(found)
    assert told.median == pytest.approx(float(np.median(cosines.max(axis=1))), abs=1e-5)
    assert sum(told.histogram) == 1_500 == told.sample
    for each in told.at_least:
        upper = np.triu(cosines, 1) >= each.cosine
        assert abs(each.pairs - int(upper.sum())) <= 2 and each.pairs == each.sampled_pairs
        assert abs(each.tasks - int((cosines.max(axis=1) >= each.cosine).sum())) <= 2


def test_openings_are_three_words() -> None:
    found = d.openings(["Read the file now", "read, the FILE", "Write it"])
    assert [(o.words, o.count) for o in found] == [("read the file", 2), ("write it", 1)]
    assert found[0].share == pytest.approx(2 / 3)


def test_coverage_counts_each_value_of_a_task() -> None:
    some = [
        row(0).model_copy(update={"operations": ("a", "b"), "formats": ("csv",)}),
        row(1).model_copy(update={"operations": ("a",), "formats": ("json",)}),
    ]
    table = d.coverage(some, (0, 1))
    assert table.features == ("operation", "format")
    assert (table.possible, table.filled, table.floor, table.filled_floor) == (4, 3, 0, 1)
    assert table.entropy == pytest.approx(math.log(3) / math.log(4), abs=1e-6)
    assert d.entropy([2, 2], 2) == 1.0 == d.entropy([5], 1)


def test_all_figures_without_vectors() -> None:
    found = d.diversity(rows(40), None)
    assert found.neighbours is None and found.vendi is None
    assert found.structures.distinct == 5 and found.structures.largest_share == pytest.approx(8 / 40)
    assert [t.features for t in found.coverage][-1] == ("operation", "format", "shape", "category")
    assert found == d.diversity(rows(40), None)
    with pytest.raises(ValueError, match="no tasks"):
        d.diversity([], None)
