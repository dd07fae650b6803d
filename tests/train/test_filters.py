"""Which rows are trained on: each that is offered is counted once."""

from __future__ import annotations

from decimal import Decimal

from clawc.runtime.train.filters import RowChoice, RowSelection
from clawc.runtime.train.rows import Row, SampledCall, rows_of


def row(*output: int, prompt: tuple[int, ...] = (1, 2)) -> Row:
    (made,) = rows_of([SampledCall("c", prompt, output)], "e")
    return made


def test_outcomes_and_scores_are_those_of_the_episode() -> None:
    selection = RowSelection(RowChoice(min_score=Decimal("0.5")))
    assert len(list(selection.chosen([row(3), row(4)], "ok", "0.5"))) == 2
    assert not list(selection.chosen([row(5)], "ok", "0.25"))
    assert not list(selection.chosen([row(5)], "ok", None))
    assert not list(selection.chosen([row(5), row(6)], "infra_error", "1"))
    assert (selection.taken, selection.counts()) == (2, {"outcome": 2, "score": 2})


def test_no_row_is_cut() -> None:
    selection = RowSelection(RowChoice(most_tokens=4))
    assert list(selection.chosen([row(3, 4, 5), row(3, 4)])) == [row(3, 4)]
    assert selection.counts() == {"long": 1}


def test_rows_are_the_same_only_with_the_same_mask() -> None:
    selection = RowSelection(RowChoice())
    longer = row(4, prompt=(1, 2, 3))  # the same tokens as the first, of which it trains one
    assert list(selection.chosen([row(3, 4), row(3, 4), longer])) == [row(3, 4), longer]
    assert selection.counts() == {"duplicate": 1}
    assert len(list(RowSelection(RowChoice(unique=False)).chosen([row(3), row(3)]))) == 2


def test_what_an_opaque_verifier_judged_is_left_unless_asked_for() -> None:
    selection = RowSelection(RowChoice())
    assert not list(selection.chosen([row(3)], opaque=True))
    assert selection.counts() == {"opaque": 1}
    assert len(list(RowSelection(RowChoice(opaque=True)).chosen([row(3)], opaque=True))) == 1
