"""Selections, splits and plans: what they promise, for any pool."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.calibrate.power import (
    USUAL,
    Components,
    components,
    expected_components,
    items_needed,
    minimum_effect,
    trials_needed,
)
from clawc.runtime.calibrate.responses import Cell, table_of_cells
from clawc.runtime.calibrate.selection import Candidate, Wishes, choose, information
from clawc.runtime.calibrate.splits import Member, split_families

_CANDIDATES = st.lists(
    st.builds(
        Candidate,
        item=st.uuids().map(str),
        strata=st.fixed_dictionaries({"category": st.sampled_from("abc"), "family": st.sampled_from("fghij")}),
        difficulty=st.floats(-4, 4),
        slope=st.floats(0.2, 3),
    ),
    max_size=40,
    unique_by=lambda c: c.item,
)
_MEMBERS = st.lists(st.tuples(st.sampled_from("fghijklm"), st.sampled_from("xyz")), max_size=60).map(
    lambda pairs: [Member(f"t{i}", family, stratum) for i, (family, stratum) in enumerate(pairs)]
)


def _pool(count: int) -> list[Candidate]:
    rng = random.Random(7)
    return [
        Candidate(f"t{i}", {"category": rng.choice("aabc"), "family": f"f{i // 3}"}, rng.gauss(0, 1.5)) for i in range(count)
    ]  # fmt: skip


@settings(max_examples=50)
@given(_CANDIDATES, st.integers(0, 20), st.integers(0, 5))
def test_a_selection_keeps_its_limits(pool: list[Candidate], count: int, seed: int) -> None:
    wishes = Wishes(count, balanced=("category",), most={"family": 2}, window=(-2, 2), edges=(0.0,), shares=(0.5, 0.5))
    found = choose(pool, wishes, seed)
    by_item = {c.item: c for c in pool}
    assert len(found.items) == len(set(found.items)) <= count
    assert all(-2 <= by_item[item].difficulty <= 2 for item in found.items)
    assert all(n <= 2 for n in Counter(by_item[item].strata["family"] for item in found.items).values())
    assert sum(found.tiers) == len(found.items)
    assert bool(found.unmet) or len(found.items) == count
    assert choose(list(reversed(pool)), wishes, seed) == found


def test_a_balanced_selection() -> None:
    found = choose(_pool(600), Wishes(60, balanced=("category",), edges=(-1, 1), shares=(0.25, 0.5, 0.25)))
    assert found.counts["category"] == {"a": 20, "b": 20, "c": 20}
    assert found.tiers == (15, 30, 15)
    assert found.unmet == ()


def test_what_could_not_be_met_is_said() -> None:
    found = choose(_pool(30), Wishes(40, quotas={"category": {"a": 5, "z": 3}}, window=(-1, 1)))
    assert any("items could be taken, and the pool has" in line for line in found.unmet)
    assert "`category` `z` has 0 items instead of 3; the pool has 0" in found.unmet


def test_of_equal_items_those_that_tell_more_are_taken() -> None:
    pool = [Candidate(f"t{i}", {}, difficulty=i / 2, slope=1.0) for i in range(10)]
    assert choose(pool, Wishes(3, abilities=(2.0,))).items == ("t3", "t4", "t5")
    assert information(1, 0, 0) == 0.25
    assert information(2, 1e6, 0) == pytest.approx(0)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(-1), "at least 0"),
        (Wishes(2, quotas={"category": {"a": 3}}), "sum up to 3"),
        (Wishes(2, quotas={"category": {"a": 1}}, balanced=("category",)), "choose one"),
        (Wishes(2, edges=(1, 0)), "rise"),
        (Wishes(2, edges=(0,), shares=(0.5,)), "need 2 shares"),
        (Wishes(2, window=(1, 0)), "low to high"),
    ],
)
def test_wishes_that_contradict_themselves_are_refused(wishes: Wishes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        choose(_pool(5), wishes)


def test_pools_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        choose([Candidate("t"), Candidate("t")], Wishes(1))
    with pytest.raises(ValueError, match="finite"):
        choose([Candidate("t", difficulty=float("nan"))], Wishes(1))


@given(_MEMBERS, st.integers(0, 5))
def test_no_family_is_in_two_splits(members: list[Member], seed: int) -> None:
    found = split_families(members, seed=seed)
    assert set(found.of) == {m.item for m in members}
    where: dict[str, set[str]] = {}
    for m in members:
        where.setdefault(m.family, set()).add(found.of[m.item])
    assert all(len(splits) == 1 for splits in where.values())
    assert split_families(reversed(members), seed=seed) == found


def test_splits_have_the_strata_of_the_whole() -> None:
    rng = random.Random(1)
    members = [Member(f"t{i}", f"f{i // 2}", rng.choice("xyz")) for i in range(600)]
    found = split_families(members)
    assert abs(found.sizes["train"] - 480) <= 2
    assert found.deviation <= 2
    alone = split_families([Member(f"t{i}", "one", "x") for i in range(100)], straddle=True)
    assert alone.sizes == {"train": 80, "dev": 10, "test": 10}
    together = split_families([Member(f"t{i}", "one", "x") for i in range(100)])
    assert sorted(together.sizes.values()) == [0, 0, 100]
    assert together.unmet


def test_few_families_move_when_one_is_added() -> None:
    members = [Member(f"t{i}", f"f{i}", "xyz"[i % 3]) for i in range(300)]
    before, after = split_families(members).of, split_families([*members, Member("new", "new", "x")]).of
    assert sum(before[item] != after[item] for item in before) <= 6


def test_splits_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="sum up to 1"):
        split_families([], {"train": 0.5})
    with pytest.raises(ValueError, match="sum up to 1"):
        split_families([], {"train": float("nan"), "test": 1.0})
    with pytest.raises(ValueError, match="twice"):
        split_families([Member("t", "f"), Member("t", "g")])


def test_effects_as_published_sizes() -> None:
    """About 10, 7 and 4 points for 200 items once, 200 three times and 500 three times."""
    assert minimum_effect(200, 1).effect == pytest.approx(0.11, abs=0.015)
    assert minimum_effect(200, 3).effect == pytest.approx(0.07, abs=0.01)
    assert minimum_effect(500, 3).effect == pytest.approx(0.044, abs=0.006)


@given(st.floats(0.02, 0.3), st.integers(1, 8))
def test_plans_are_least(effect: float, trials: int) -> None:
    found = items_needed(effect, trials)
    assert found.count is not None
    assert minimum_effect(found.count, trials).effect <= effect
    assert found.count == 2 or minimum_effect(found.count - 1, trials).effect > effect


def test_more_trials_do_not_replace_items() -> None:
    found = trials_needed(0.01, 100)
    assert found.count is None
    assert "take more items" in found.reason
    enough = trials_needed(0.06, 300)
    assert enough.plan is not None
    assert enough.plan.effect <= 0.06


def test_an_effect_is_found_as_often_as_planned() -> None:
    """Simulated with families: a t test over family means finds the planned effect in 80 % of the cases."""
    import numpy as np

    from clawc.runtime.calibrate.beta import t_quantile

    parts, rng = Components(0.01, 0.02, 0.3), np.random.default_rng(1)
    plan = minimum_effect(60, 4, parts, families=20)
    draws = 4_000
    family = rng.normal(plan.effect, 0.1, (draws, 20))
    means = family + rng.normal(0, np.sqrt(0.02 / 3 + 0.3 / 12), (draws, 20))
    t = means.mean(axis=1) / (means.std(axis=1, ddof=1) / np.sqrt(20))
    assert float((np.abs(t) > t_quantile(0.975, 19)).mean()) == pytest.approx(0.8, abs=0.03)


def test_components_are_measured() -> None:
    import numpy as np

    rng = np.random.default_rng(5)
    cells: list[Cell] = []
    families: dict[str, str] = {}
    for f in range(300):
        shift = rng.normal(0, 0.1)
        for i in range(4):
            item = f"f{f:03d}i{i}"
            families[item] = f"f{f}"
            gap = 0.1 + shift + rng.normal(0, 0.1)
            for agent, p in (("a", 0.45), ("b", float(np.clip(0.45 + gap, 0, 1)))):
                cells.append(Cell(item, agent, int(rng.binomial(24, p)), 24))
    parts, mean = components(table_of_cells(cells), "a", "b", families)
    assert mean == pytest.approx(0.1, abs=0.03)
    assert (parts.family, parts.item) == pytest.approx((0.01, 0.01), abs=0.004)
    assert parts.trial == pytest.approx(0.48, abs=0.03)
    alone, _ = components(table_of_cells(cells), "a", "b")
    assert alone.family == 0
    assert alone.item == pytest.approx(0.02, abs=0.006)


def test_plans_and_components_that_are_none_are_refused() -> None:
    table = table_of_cells([Cell("t", "a", 1, 1), Cell("t", "b", 1, 1)])
    with pytest.raises(ValueError, match="no agents"):
        components(table, "a", "z")
    with pytest.raises(ValueError, match="fewer than two items"):
        components(table, "a", "b")
    with pytest.raises(ValueError, match="at least two"):
        expected_components([(0.5, 0.6)])
    for items, trials, families in ((0, 1, None), (5, 0, None), (5, 1, 1), (5, 1, 9), (1, 1, None)):
        with pytest.raises(ValueError, match="no plan"):
            minimum_effect(items, trials, USUAL, families)
    with pytest.raises(ValueError, match="finite"):
        Components(float("nan"), 0, 0)
    with pytest.raises(ValueError, match="positive"):
        items_needed(0, 1)
