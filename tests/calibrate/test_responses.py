"""Tables of counts: nothing is pooled, lost or turned into a zero."""

from __future__ import annotations

import json
import random
from dataclasses import asdict

import pytest

from clawc.runtime.calibrate.responses import (
    Cell,
    ResponseError,
    Responses,
    Trial,
    merged,
    table_of,
    table_of_cells,
    trial_of,
)
from clawc.runtime.records import EpisodeRecord


def _trials() -> list[Trial]:
    return [
        Trial(f"t{i}", f"a{j}", str(k), None if (i + j + k) % 7 == 0 else (i + k) % 2 == 0, f"hash{i}")
        for i in range(4)
        for j in range(3)
        for k in range(5)
    ]


def test_order_of_trials_does_not_matter() -> None:
    trials = _trials()
    table = table_of(trials)
    random.Random(3).shuffle(trials)
    assert table_of(trials) == table
    assert json.loads(json.dumps(asdict(table)))["items"] == ["t0", "t1", "t2", "t3"]


def test_failures_of_the_infrastructure_are_no_zeros() -> None:
    table = table_of(
        [Trial("t", "a", "1", True, "h"), Trial("t", "a", "2", None, "h"), Trial("t", "b", "1", None, "h")]
    )
    assert table.successes == ((1, 0),)
    assert table.trials == ((1, 0),)
    assert table.excluded == ((1, 1),)
    assert table.excluded_share == pytest.approx(2 / 3)


def test_verdicts_of_two_verifiers_are_never_pooled() -> None:
    one, other = Trial("t", "a", "1", True, "1" * 64), Trial("t", "b", "1", True, "2" * 64)
    with pytest.raises(ResponseError, match="`t` was judged by the verifiers `111111111111` and `222222222222`"):
        table_of([one, other])
    with pytest.raises(ResponseError, match="never mixed"):
        merged([table_of([one]), table_of([other])])


def test_a_trial_or_a_cell_given_twice_is_refused() -> None:
    trial = Trial("t", "a", "1", True, "h")
    with pytest.raises(ResponseError, match="given twice"):
        table_of([trial, trial])
    with pytest.raises(ResponseError, match="given twice"):
        table_of_cells([Cell("t", "a", 1, 2), Cell("t", "a", 1, 2)])


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2), (True, 2), (1.0, 2), (float("nan"), 2), (1, 10**9)])
def test_counts_that_are_none_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ResponseError, match="no count"):
        table_of_cells([Cell("t", "a", successes, trials)])


def test_merging_adds_up() -> None:
    trials = _trials()
    whole = table_of(trials)
    assert merged([table_of(trials[:17]), table_of(trials[17:])]) == whole
    assert whole.without(agents=["a1"]).agents == ("a0", "a2")
    assert whole.without(items=["t0"], agents=["nobody"]).items == ("t1", "t2", "t3")


def test_an_empty_table() -> None:
    assert table_of([]) == Responses((), (), (), (), (), ())


def test_records_of_runs() -> None:
    record = EpisodeRecord(
        run_id="r", key="e-a1", episode="e", attempt=1, task="t", template="t", bundle_id="0" * 64, agent="a", index=0,
        seed=1, outcome="ok", score="1.000000", started="", ended="", seconds={},
    )  # fmt: skip
    assert trial_of(record) == Trial("t", "a", "e", True, "0" * 64)
    assert trial_of(record.model_copy(update={"score": "0.9"})).passed is False
    assert trial_of(record.model_copy(update={"score": "0.9"}), passing=0.8, verifier="v") == Trial(
        "t", "a", "e", True, "v"
    )
    assert trial_of(record.model_copy(update={"outcome": "infra_error", "score": None})).passed is None
    with pytest.raises(ResponseError, match="judge its rubric"):
        trial_of(record.model_copy(update={"score": None}))
