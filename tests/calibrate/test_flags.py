"""Planted broken verifiers are flagged, sound ones are left alone, and each flag says why."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from clawc.runtime.calibrate.calibration import Calibration, calibrate
from clawc.runtime.calibrate.figures import point_biserial
from clawc.runtime.calibrate.flags import Rule, reference_flags
from clawc.runtime.calibrate.responses import Cell, Responses, table_of, table_of_cells
from clawc.runtime.calibrate.simulate import Population, Simulated, simulated
from clawc.runtime.stats.discovery import benjamini_hochberg

GOLDEN = Path(__file__).parents[1] / "golden" / "calibrate" / "flags.txt"
PLANTED = Population(
    items=100, agents=30, discrimination_sd=0.15, broken=0.1,
    kinds=("coin", "reversed", "accepts_all", "accepts_none", "flips"),
)  # fmt: skip


def _shares(drawn: Simulated, found: Calibration) -> tuple[float, float]:
    broken = {item for item, kind in drawn.breakage.items() if kind is not None}
    flagged = set(found.flags.flagged)
    return len(flagged & broken) / max(1, len(broken)), len(flagged - broken) / (len(drawn.breakage) - len(broken))


def test_broken_are_flagged_and_sound_are_not() -> None:
    found = [_shares(drawn, calibrate(drawn.responses, drawn.features)) for drawn in (simulated(PLANTED, s) for s in range(4))]  # fmt: skip
    assert sum(broken for broken, _ in found) / 4 >= 0.95
    assert sum(sound for _, sound in found) / 4 <= 0.05


def test_where_all_are_sound_few_are_flagged() -> None:
    for population in (replace(PLANTED, broken=0.0), replace(PLANTED, broken=0.0, difficulty_mean=-3.0)):
        drawn = simulated(population, 1)
        assert _shares(drawn, calibrate(drawn.responses, drawn.features))[1] <= 0.05


def test_confirmed_are_a_surer_part_of_the_flagged() -> None:
    drawn = simulated(PLANTED, 2)
    flags = calibrate(drawn.responses, drawn.features).flags
    confirmed = [item for item in flags.items if item.confirmed]
    assert confirmed
    assert all(item.flagged for item in confirmed)
    assert sum(drawn.breakage[item.item] is None for item in confirmed) <= 0.25 * len(confirmed)


def test_the_report(update_goldens: bool) -> None:
    drawn = simulated(PLANTED, 2)
    found = calibrate(drawn.responses, drawn.features)
    lines = [
        f"{item.item} ({drawn.breakage[item.item] or 'sound'}){', confirmed' if item.confirmed else ''}\n"
        + "".join(f"  {flag.kind}: {flag.reason}\n" for flag in item.flags)
        for item in found.flags.items
        if item.flags
    ]
    text = "".join(lines) + "".join(f"note: {note}\n" for note in found.flags.notes)
    if update_goldens:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_results_are_json_and_the_same_again() -> None:
    drawn = simulated(replace(PLANTED, items=30), 3)
    found = calibrate(drawn.responses, drawn.features)
    assert calibrate(drawn.responses, drawn.features) == found
    json.loads(json.dumps(asdict(found), allow_nan=False))


def _with_references(null: int, oracle: int) -> Responses:
    cells = [Cell(f"t{i}", f"a{j}", (i + j) % 4, 4) for i in range(6) for j in range(4)]
    cells += [Cell(f"t{i}", "null", null if i == 2 else 0, 4) for i in range(6)]
    cells += [Cell(f"t{i}", "oracle", oracle if i == 3 else 4, 4) for i in range(6)]
    return table_of_cells(cells)


def test_references_need_no_statistics() -> None:
    table = _with_references(null=1, oracle=3)
    found = calibrate(table, references={"null": "null", "oracle": "oracle", "nobody": "null"})
    assert {"t2", "t3"} <= set(found.flags.flagged)
    assert {i.item: i.confirmed for i in found.flags.items}["t2"]
    assert found.fit is not None
    assert [agent.agent for agent in found.fit.agents] == ["a0", "a1", "a2", "a3"]
    assert not reference_flags(_with_references(null=0, oracle=4), {"null": "null", "oracle": "oracle"})


def test_one_agent_gives_tails_alone() -> None:
    table = table_of_cells(
        [Cell("hard", "a", 0, 16), Cell("new", "a", 0, 4), Cell("easy", "a", 16, 16), Cell("mid", "a", 8, 16)]
    )
    found = calibrate(table)
    assert found.fit is None
    assert found.flags.flagged == ()
    assert found.flags.audits == ("easy", "hard", "new")
    reasons = {item.item: item.flags[0].reason for item in found.flags.items if item.flags}
    assert "below 0.14): audit it" in reasons["hard"]
    assert "play more" in reasons["new"]


def test_an_empty_table_has_no_flags() -> None:
    assert calibrate(table_of([])).flags.items == ()


def test_all_solved_flags_nothing_but_tails() -> None:
    table = table_of_cells([Cell(f"t{i}", f"a{j}", 8, 8) for i in range(12) for j in range(3)])
    flags = calibrate(table).flags
    assert flags.flagged == ()
    assert len(flags.audits) == 12


def test_features_say_which_unsolved_item_is_suspicious() -> None:
    drawn = simulated(replace(PLANTED, broken=0.0, difficulty_sd=2.5, explained=0.95), 1)
    table, features = drawn.responses, dict(drawn.features)
    empty = tuple((0,) * 30 if i < 2 else row for i, row in enumerate(table.successes))
    features[table.items[0]], features[table.items[1]] = (-1.0,), (3.5,)
    flags = calibrate(replace(table, successes=empty), features).flags
    by_item = {item.item: item for item in flags.items}
    assert by_item[table.items[0]].flagged
    assert not by_item[table.items[1]].flagged
    assert table.items[1] in flags.audits


def test_point_biserial_by_hand() -> None:
    """Two items, four agents, one trial each: the rest score is the other item."""
    import numpy as np

    successes = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
    assert point_biserial(successes, np.ones((2, 4))) == pytest.approx([0.0, 0.0])
    assert point_biserial(np.array([[1.0, 0.0], [1.0, 0.0]]), np.ones((2, 2))) == pytest.approx([1.0, 1.0])
    assert point_biserial(np.array([[1.0, 1.0], [1.0, 0.0]]), np.ones((2, 2))) == [None, None]


def test_false_discoveries_as_published() -> None:
    """Benjamini and Hochberg 1995, section 4.1: at 0.05 four of the fifteen are rejected."""
    values = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    found = benjamini_hochberg(values)
    assert [q <= 0.05 for q in found] == [True] * 4 + [False] * 11
    assert list(found) == sorted(found)
    assert benjamini_hochberg([]) == ()


def test_rules_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="shares of a rule"):
        Rule(sound_share=float("nan"))
