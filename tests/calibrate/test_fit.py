"""What is recovered of simulated populations, and tables from which little can be."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from clawc.runtime.calibrate.irt import Fit, compared, fit
from clawc.runtime.calibrate.responses import Cell, ResponseError, Responses, table_of, table_of_cells
from clawc.runtime.calibrate.simulate import Population, Simulated, simulated

SMALL = Population(items=80, agents=16, trials=8)


def _errors(drawn: Simulated, found: Fit) -> tuple[float, float]:
    """The mean absolute error of difficulty, and the share of intervals that hold it."""
    zero = float(np.mean(list(drawn.ability.values())))
    true = [drawn.difficulty[item.item] - zero for item in found.items]
    error = float(np.mean([abs(item.difficulty - t) for item, t in zip(found.items, true)]))
    return error, float(np.mean([item.low <= t <= item.high for item, t in zip(found.items, true)]))


@pytest.mark.parametrize(
    ("population", "error"),
    [
        (SMALL, 0.25),
        (replace(SMALL, discrimination_sd=0.4), 0.3),
        (replace(SMALL, ability_mean=2.0, ability_sd=0.6), 0.35),
        (replace(SMALL, missing=0.4, unbalanced=True, difficulty_shape="bimodal"), 0.3),
        (replace(SMALL, difficulty_shape="skewed", difficulty_sd=1.5), 0.35),
        (replace(SMALL, items=30, agents=4), 0.45),
    ],
)
def test_difficulties_are_recovered_and_held_by_their_intervals(population: Population, error: float) -> None:
    found = [
        _errors(drawn, fit(drawn.responses, "2pl", drawn.features))
        for drawn in (simulated(population, seed) for seed in range(3))
    ]
    assert np.mean([e for e, _ in found]) < error
    assert 0.9 < np.mean([held for _, held in found]) < 0.99


def test_equal_tables_have_equal_fits_whatever_the_order() -> None:
    drawn = simulated(SMALL, 5)
    table = drawn.responses
    cells = [
        Cell(item, agent, table.successes[i][j], table.trials[i][j])
        for j, agent in enumerate(table.agents)
        for i, item in enumerate(table.items)
    ]
    assert fit(table_of_cells(reversed(cells)), features=drawn.features) == fit(table, features=drawn.features)


def test_abilities_are_centred_and_slopes_average_one() -> None:
    found = fit(simulated(replace(SMALL, ability_mean=1.0, discrimination_sd=0.3), 2).responses)
    assert abs(sum(a.ability for a in found.agents)) < 1e-9
    assert np.mean([np.log(item.slope) for item in found.items]) == pytest.approx(0, abs=0.03)


def test_swapping_success_and_failure_mirrors_the_scale() -> None:
    table = simulated(SMALL, 4).responses
    mirrored = replace(table, successes=tuple(tuple(n - s for s, n in zip(a, b)) for a, b in zip(table.successes, table.trials)))  # fmt: skip
    one, other = fit(table, "1pl"), fit(mirrored, "1pl")
    assert [i.difficulty for i in one.items] == pytest.approx([-i.difficulty for i in other.items], abs=0.01)


def test_features_tell_what_was_hardly_played() -> None:
    drawn = simulated(replace(SMALL, explained=0.95), 6)
    table, first = drawn.responses, drawn.responses.items[0]
    hidden = replace(table, successes=((0,) * 16, *table.successes[1:]), trials=((0,) * 16, *table.trials[1:]))
    item = fit(hidden, features=drawn.features).items[0]
    assert (item.item, item.trials) == (first, 0)
    zero = float(np.mean(list(drawn.ability.values())))
    assert abs(item.difficulty - (drawn.difficulty[first] - zero)) < 0.6
    assert item.difficulty == pytest.approx(item.expected, abs=0.05)
    assert item.error < fit(hidden).items[0].error


def test_models_are_compared() -> None:
    for spread, preferred in ((0.0, "1pl"), (0.5, "2pl")):
        table = simulated(replace(SMALL, discrimination_sd=spread), 2).responses
        assert compared(fit(table, "1pl"), fit(table, "2pl")).preferred == preferred
    table = simulated(SMALL, 1).responses
    with pytest.raises(ValueError, match="1PL"):
        compared(fit(table), fit(table))


def test_counts_that_vary_too_much_widen_intervals() -> None:
    calm, wild = (fit(simulated(replace(SMALL, interaction=s), 3).responses) for s in (0.0, 1.0))
    assert calm.dispersion < 1.1
    assert wild.dispersion > 1.3
    assert np.mean([i.error for i in wild.items]) > np.mean([i.error for i in calm.items])


def test_agents_as_a_sample_are_less_certain() -> None:
    table = simulated(SMALL, 3).responses
    one, other = fit(table), fit(table, origin="population")
    assert all(a.error < b.error for a, b in zip(one.items, other.items))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_solved_and_none_solved(share: float) -> None:
    cells = [Cell(f"t{i}", f"a{j}", round(8 * share), 8) for i in range(5) for j in range(3)]
    found = fit(table_of_cells(cells))
    assert all(np.isfinite([i.difficulty, i.low, i.high, i.error, i.slope]).all() for i in found.items)
    assert all(i.low <= i.difficulty <= i.high for i in found.items)
    json.loads(json.dumps(asdict(found), allow_nan=False))


def test_tables_that_say_nothing_are_refused() -> None:
    for table in (table_of([]), table_of_cells([Cell("t", "a", 1, 2), Cell("u", "a", 1, 2)])):
        with pytest.raises(ResponseError, match="below two agents and two items"):
            fit(table)
    with pytest.raises(ResponseError, match="no trial has a verdict"):
        fit(table_of_cells([Cell(t, a, 0, 0) for t in "tu" for a in "ab"]))


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({"t": [1.0]}, "has no features"),
        ({"t": [1.0], "u": [1.0, 2.0]}, "different numbers"),
        ({"t": [float("nan")], "u": [1.0]}, "not a finite number"),
    ],
)
def test_features_that_are_none_are_refused(features: dict[str, list[float]], said: str) -> None:
    with pytest.raises(ResponseError, match=said):
        fit(_pair(), features=features)


def test_features_that_do_not_vary_tell_nothing() -> None:
    assert len(fit(_pair(), features={"t": [3.0], "u": [3.0]}).coefficients) == 1


def test_weights_and_levels_out_of_range_are_refused() -> None:
    with pytest.raises(ResponseError, match="weights"):
        fit(_pair(), weights={"t": float("nan")})
    with pytest.raises(ValueError, match="level"):
        fit(_pair(), level=1.0)


def _pair() -> Responses:
    return table_of_cells([Cell("t", "a", 1, 4), Cell("t", "b", 3, 4), Cell("u", "a", 2, 4), Cell("u", "b", 2, 4)])
