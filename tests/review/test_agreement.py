"""Coefficients against values that were computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pytest

from clawc.runtime.review.agreement import agreement
from clawc.runtime.stats.bootstrap import Resampling
from clawc.spec.review import Decision, Verdict, Vote
from tests.review.conftest import said, version

FEW = Resampling(resamples=200)
ACCEPT: Verdict = "accept"
REVISE: Verdict = "revise"
REJECT: Verdict = "reject"


PairOfVotes: TypeAlias = tuple[Verdict, Verdict]


def both(pairs: Sequence[PairOfVotes]) -> list[Decision]:
    return [
        d for n, (one, two) in enumerate(pairs) for d in (said(version(n), "Ada", one), said(version(n), "Bo", two))
    ]


# 6 accept/accept, 1 accept/revise, 1 revise/accept, 2 revise/revise.
SAME: PairOfVotes = (ACCEPT, ACCEPT)
APART: list[PairOfVotes] = [(ACCEPT, REVISE), (REVISE, ACCEPT), (REVISE, REVISE), (REVISE, REVISE)]
TEN = both([SAME] * 6 + APART)
ALL = frozenset(version(n) for n in range(100))


def test_a_pair_by_hand() -> None:
    found = agreement(TEN, ALL, {}, FEW)
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.units, pair.table) == ("Ada", "Bo", 10, ((6, 1, 0), (1, 2, 0), (0, 0, 0)))
    assert pair.raw.value == pytest.approx(0.8)
    # p_e = 0.7 * 0.7 + 0.3 * 0.3 = 0.58; (0.8 - 0.58) / 0.42
    assert pair.kappa.value == pytest.approx(0.22 / 0.42)
    # p_e = (0.7 * 0.3 + 0.3 * 0.7 + 0) / 2 = 0.21; (0.8 - 0.21) / 0.79
    assert pair.ac1.value == pytest.approx(0.59 / 0.79)
    # Wilson for 8 of 10.
    assert pair.raw.bounds == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert pair.kappa.bounds is not None and pair.kappa.bounds.low <= 0.22 / 0.42 <= pair.kappa.bounds.high
    # alpha = 1 - (n - 1) * sum of o_ck / sum of n_c n_k: n = 20, n_c = 14 and 6, off the diagonal 4.
    assert found.alpha.value == pytest.approx(1 - 19 * 4 / (2 * 14 * 6))
    assert (found.units, found.votes) == (10, 20) and found.ac1.value == pytest.approx(0.59 / 0.79)


def test_where_all_is_of_one_kind_kappa_is_undefined_and_ac1_is_not() -> None:
    found = agreement(both([SAME] * 8), ALL, {}, FEW)
    (pair,) = found.pairs
    assert pair.kappa.value is None and pair.kappa.bounds is None and pair.ac1.value == 1 and found.alpha.value is None


def test_without_tasks_in_common_nothing_is_said() -> None:
    found = agreement([said(version(1), "Ada", ACCEPT), said(version(2), "Bo", ACCEPT)], ALL, {}, FEW)
    assert (found.units, found.pairs, found.raw.value, found.ac1.value, found.alpha.value) == (0, (), None, None, None)


def test_only_the_last_blind_vote_on_versions_that_are_there_counts() -> None:
    decisions = [
        *both([(REJECT, ACCEPT), (ACCEPT, ACCEPT)]),
        said(version(0), "Ada", ACCEPT, note="changed before seeing anything"),
        said(version(1), "Bo", REJECT, others=True),
        said(version(0), "Cy", REJECT, role="adjudicator"),
        said(version(7), "Ada", "defer"),
        said(version(200), "Ada", ACCEPT),
        said(version(200), "Bo", REJECT),
    ]
    (pair,) = agreement(decisions, ALL, {}, FEW).pairs
    assert (pair.units, pair.raw.value) == (2, 1.0)


def test_a_model_is_a_rater_of_its_own_name_and_three_raters_are_three_pairs() -> None:
    decisions = [*both([(ACCEPT, ACCEPT)]), said(version(0), "Ada", REJECT, role="model")]
    found = agreement(decisions, ALL, {}, FEW)
    assert [(p.first, p.second) for p in found.pairs] == [("Ada", "Ada (model)"), ("Ada", "Bo"), ("Ada (model)", "Bo")]
    # Of three ordered pairs of one unit, one agrees.
    assert found.raw.value == pytest.approx(1 / 3)


def test_known_verdicts_are_counted_for_each_reviewer() -> None:
    gold: dict[str, Vote] = {version(0): "accept", version(6): "accept", version(7): "reject"}
    found = agreement(TEN, ALL, gold, FEW)
    assert [(line.reviewer, line.right, line.met) for line in found.gold] == [("Ada", 2, 3), ("Bo", 1, 3)]


def test_intervals_are_the_same_each_time() -> None:
    assert agreement(TEN, ALL, {}, FEW) == agreement(TEN, ALL, {}, FEW)
