"""`clawc bench select`: balanced sets, each task with its reason, and what could not be met."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from clawc.cli import run as clawc
from clawc.exits import OK, USAGE
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.selecting import selection_of, tier_weights
from clawc.spec.calibration import Calibration
from clawc.spec.selection import SelectionRecord
from tests.suite.suites import SIX, calibrated

GOLDEN = Path(__file__).parents[1] / "golden" / "suite"


@pytest.fixture
def six(tmp_path: Path) -> Calibration:
    return calibrated(tmp_path / "suite", SIX)


def test_tiers_by_their_shares(six: Calibration) -> None:
    found = selection_of(six, 4, tier_weights("easy=1,middle=1,hard=2"), exclude_flagged=True)
    assert Counter(task.tier for task in found.tasks) == {"easy": 1, "middle": 1, "hard": 2}
    assert [out.task for out in found.left_out] == ["f_broken"] and "null" in found.left_out[0].reason
    assert any("`e_never`" in wish for wish in found.unmet)
    assert all(task.reason for task in found.tasks)


def test_what_cannot_be_met_is_said(six: Calibration) -> None:
    found = selection_of(six, 9, tier_weights("middle=1"))
    assert len(found.tasks) == 6
    assert any("6 of 9" in wish for wish in found.unmet) and any("flagged" in wish for wish in found.unmet)


def test_at_most_so_many_of_a_family(six: Calibration) -> None:
    one = six.model_copy(update={"items": tuple(i.model_copy(update={"template": "same"}) for i in six.items)})
    assert len(selection_of(one, 4, per_family=2).tasks) == 2


def test_the_same_calibration_gives_the_same_set(six: Calibration) -> None:
    other = six.model_copy(update={"items": tuple(reversed(six.items))})
    assert selection_of(six, 3).tasks == selection_of(other, 3).tasks


def test_the_verb(six: Calibration, tmp_path: Path, capsys: pytest.CaptureFixture[str], update_goldens: bool) -> None:
    (tmp_path / "calibration.json").write_text(six.model_dump_json())
    out = tmp_path / "set.json"
    verb = ["bench", "select", str(tmp_path), "--size", "3", "--out", str(out), "--exclude-flagged"]
    assert clawc(verb) == OK
    said = capsys.readouterr().out.replace(str(out), "set.json")
    if update_goldens:
        (GOLDEN / "selection.txt").write_text(said, encoding="utf-8")
    assert said == (GOLDEN / "selection.txt").read_text(encoding="utf-8")
    record = SelectionRecord.model_validate_json(out.read_text())
    bundles = tmp_path / "suite" / "bundles"
    assert clawc([*verb, "--paths", str(bundles)]) == OK
    paths = capsys.readouterr().out.splitlines()
    assert paths == [str(bundles / task.task) for task in record.tasks]
    assert all(json.loads((Path(path) / "bundle.json").read_text())["id"] for path in paths)


@pytest.mark.parametrize(
    "text", ["easy", "easy=", "easy=-1", "easy=1,easy=1", "steep=1", "easy=0", "easy=9999999", "easy=²", ","]
)
def test_shares_that_are_none(text: str, six: Calibration, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="tier"):
        tier_weights(text)
    (tmp_path / "calibration.json").write_text(six.model_dump_json())
    assert (
        clawc(["bench", "select", str(tmp_path), "--size", "1", "--out", str(tmp_path / "o"), "--tiers", text]) == USAGE
    )


def test_nothing_is_left(six: Calibration) -> None:
    empty = six.model_copy(update={"items": tuple(item for item in six.items if item.flagged)})
    with pytest.raises(RuntimeFault, match="no task is left"):
        selection_of(empty, 1, exclude_flagged=True)
