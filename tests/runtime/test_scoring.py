"""The numbers that every implementation of the score must give."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from clawc.spec.scoring import final_score, gate, score_text, weighted

VECTORS = json.loads((Path(__file__).parents[2] / "spec" / "scoring_vectors.json").read_text())


@pytest.mark.parametrize("row", VECTORS, ids=str)
def test_vector(row: dict[str, str | int | None]) -> None:
    given = {name: Decimal(str(row[name])) for name in ("C", "s")}
    rubric = None if row["R"] is None else Decimal(str(row["R"]))
    value = final_score(given["C"], int(str(row["V"])), given["s"], rubric, int(str(row["G"])))
    assert (None if value is None else score_text(value)) == row["score"]


def test_there_are_enough_vectors() -> None:
    assert len(VECTORS) >= 25


def test_gate_is_over_the_named_checks_or_all() -> None:
    passed = {"a": True, "b": False}
    assert gate(passed) == 0
    assert gate(passed, ["a"]) == 1
    assert gate(passed, ["a", "absent"]) == 0


def test_weighted_mean_of_nothing_is_zero() -> None:
    assert weighted([]) == 0
    assert weighted([(Decimal(2), Decimal(1)), (Decimal(1), Decimal(0))]).quantize(Decimal("0.01")) == Decimal("0.67")
