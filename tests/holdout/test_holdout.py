"""Under 0.5 % of wrong answers are accepted and under 1 % of right ones rejected, by operators that hardened nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.holdout.measure import FAMILIES, OPERATORS, Verdict, subject, verdicts
from tests.holdout.model import Instance

WRONG_ACCEPTED = 0.005
RIGHT_REJECTED = 0.01


def named(found: list[Verdict]) -> str:
    return "\n".join(f"{v.family} {v.seed}: {v.altered.operator}, {v.altered.variant}: {v.why}" for v in found[:20])


def judge(found: list[Verdict], most: float) -> None:
    mistaken = [v for v in found if v.mistaken]
    assert len(mistaken) < most * len(found), named(mistaken)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_a_task_of_each_family(family: Callable[[int], Instance]) -> None:
    found = list(verdicts(subject(family(0))))
    wrong = [v for v in found if v.altered.kind == "wrong"]
    right = [v for v in found if v.altered.kind == "promised"]
    assert len(wrong) >= 20 and right
    assert not [v for v in wrong if v.mistaken], named([v for v in wrong if v.mistaken])
    assert not [v for v in right if v.mistaken], named([v for v in right if v.mistaken])
    assert all(v.agrees for v in right), named([v for v in right if not v.agrees])


def test_there_are_operators_of_each_kind_with_names_of_their_own() -> None:
    assert sum(o.kind == "wrong" for o in OPERATORS) >= 30
    assert sum(o.kind != "wrong" for o in OPERATORS) >= 25
    assert len({o.name for o in OPERATORS}) == len(OPERATORS)


@pytest.mark.nightly
def test_many_tasks_of_each_family() -> None:
    found = [v for family in FAMILIES for seed in range(1, 7) for v in verdicts(subject(family(seed)))]
    wrong = [v for v in found if v.altered.kind == "wrong"]
    right = [v for v in found if v.altered.kind == "promised"]
    assert len(wrong) >= 3_000 and len(right) >= 2_000
    judge(wrong, WRONG_ACCEPTED)
    judge(right, RIGHT_REJECTED)
    assert {o.name for o in OPERATORS} == {v.altered.operator for v in found}
