"""`clawc bench plan`: from usual variances, from a suite's families, from what a calibration measured."""

from __future__ import annotations

import json
from math import isclose
from pathlib import Path

import pytest

from clawc.cli import run as clawc
from clawc.exits import OK, USAGE
from clawc.runtime.calibrate.power import USUAL, items_needed, minimum_effect
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.planning import basis_of_calibration, basis_of_suite, plan_of, usual_basis
from tests.suite.suites import SIX, calibrated, suite

GOLDEN = Path(__file__).parents[1] / "golden" / "suite"


def test_what_is_said_without_a_suite(capsys: pytest.CaptureFixture[str], update_goldens: bool) -> None:
    assert clawc(["bench", "plan", "--items", "200", "--trials", "3"]) == OK
    found = capsys.readouterr().out
    if update_goldens:
        (GOLDEN / "plan.txt").write_text(found, encoding="utf-8")
    assert found == (GOLDEN / "plan.txt").read_text(encoding="utf-8")


def test_the_plan_is_that_of_the_library() -> None:
    plan = plan_of(usual_basis(), 0.05, trials=3, items=200)
    assert plan.needed == items_needed(0.05, 3)
    assert plan.shown == minimum_effect(200, 3)
    assert plan.trials_needed is not None and plan.trials_needed.count is not None
    assert minimum_effect(200, plan.trials_needed.count).effect <= 0.05


def test_families_of_a_suite_count(tmp_path: Path) -> None:
    record = suite(tmp_path, {"a": "", "b": "", "c": "", "d": ""})
    members = tuple(m.model_copy(update={"template": (m.task in "ab" and "one") or "two"}) for m in record.members)
    basis = basis_of_suite(record.model_copy(update={"members": members}))
    assert (basis.parts, basis.family_size, basis.items, basis.families) == (USUAL, 2.0, 4, 2)
    shown = plan_of(basis, 0.05).shown
    assert shown is not None and (shown.items, shown.families) == (4, 2)


def test_a_calibration_gives_its_own_variances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = calibrated(tmp_path / "suite", SIX)
    basis = basis_of_calibration(record)
    assert basis.source == "variances between `mid` and `strong`" and basis.parts != USUAL
    assert any("synthetic" in note for note in basis.notes) and any("6 tasks are rough" in note for note in basis.notes)
    (tmp_path / "calibration.json").write_text(record.model_dump_json())
    assert (
        clawc(["bench", "plan", str(tmp_path), "--effect", "0.1", "--between", "weak, strong", "--format", "json"])
        == OK
    )
    found = json.loads(capsys.readouterr().out)
    assert found["format_version"] == 1 and found["basis"]["source"] == "variances between `weak` and `strong`"
    shown = plan_of(basis_of_calibration(record, ("weak", "strong")), 0.1).shown
    assert shown is not None and isclose(found["shown"]["effect"], shown.effect, abs_tol=1e-6)
    with pytest.raises(RuntimeFault, match="no two rungs"):
        basis_of_calibration(record, ("weak", "nobody"))


def test_rungs_that_never_differ_give_usual_variances(tmp_path: Path) -> None:
    same = {"weak": (4, 4), "mid": (4, 4), "strong": (4, 4), "null": (0, 4), "oracle": (4, 4)}
    basis = basis_of_calibration(calibrated(tmp_path, {"a": same, "b": same}))
    assert basis.parts == USUAL and any("differ nowhere" in note for note in basis.notes)


@pytest.mark.parametrize(
    "wish",
    [
        ["--effect", "0"],
        ["--effect", "nan"],
        ["--effect", "2"],
        ["--power", "1"],
        ["--items", "1"],
        ["--between", "a,b"],
        ["nowhere"],
    ],
)
def test_wishes_that_cannot_be(wish: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert clawc(["bench", "plan", *wish]) == USAGE
