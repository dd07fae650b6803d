"""Who reads what next, and when a task is done."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from clawc.runtime.review.doubt import Evidence, doubt
from clawc.runtime.review.queue import SEATS, Item, audited, chosen_gold, ordered, standing
from clawc.runtime.review.rules import Viewer, refusal, visible
from clawc.spec.review import Decision, Finding, Severity, Verdict
from tests.review.conftest import said, version

# Versions that no audit draws, and one that it does.
PLAIN = [version(n) for n in range(60) if not audited(version(n))]
DRAWN = next(version(n) for n in range(1000) if audited(version(n)))
ADA, BO, CY = Viewer("Ada"), Viewer("Bo"), Viewer("Cy", "adjudicator")
A = PLAIN[0]


def test_two_votes_that_agree_close_a_task() -> None:
    item = Item(A, "t")
    assert (standing(item, []).state, standing(item, []).wanted) == ("open", SEATS)
    one = [said(A, "Ada", "accept")]
    assert (standing(item, one).state, standing(item, one).wanted) == ("open", 1)
    two = [*one, said(A, "Bo", "accept")]
    assert (standing(item, two).state, standing(item, two).outcome, standing(item, two).by) == (
        "closed",
        "accept",
        "agreement",
    )


def test_votes_that_differ_go_to_an_adjudicator_who_closes() -> None:
    item, votes = Item(A, "t"), [said(A, "Ada", "accept"), said(A, "Bo", "reject")]
    assert (standing(item, votes).state, standing(item, votes).spread) == ("disputed", 2)
    done = standing(item, [*votes, said(A, "Cy", "revise", role="adjudicator")])
    assert (done.state, done.outcome, done.by) == ("closed", "revise", "adjudicator")


def test_a_model_takes_one_seat_and_never_both() -> None:
    item = Item(A, "t")
    models = [said(A, "m1", "accept", role="model"), said(A, "m2", "accept", role="model")]
    assert (standing(item, models).state, standing(item, models).wanted) == ("open", 1)
    assert standing(item, [*models, said(A, "Ada", "accept")]).state == "closed"
    assert standing(item, [*models, said(A, "Ada", "revise")]).state == "disputed"


def test_a_later_decision_supersedes_and_a_deferral_takes_a_vote_back() -> None:
    item = Item(A, "t")
    votes = [said(A, "Ada", "reject"), said(A, "Bo", "accept"), said(A, "Ada", "accept")]
    assert standing(item, votes).outcome == "accept"
    assert standing(item, [*votes, said(A, "Bo", "defer")]).state == "open"


def test_a_task_that_two_defer_goes_to_an_adjudicator() -> None:
    assert standing(Item(A, "t"), [said(A, "Ada", "defer"), said(A, "Bo", "defer")]).state == "disputed"


def test_decisions_on_another_version_count_for_nothing() -> None:
    assert standing(Item(A, "t"), [said(PLAIN[1], "Ada", "accept"), said(PLAIN[1], "Bo", "accept")]).state == "open"


def test_one_in_twenty_of_the_accepted_is_asked_for_once_more() -> None:
    item, votes = Item(DRAWN, "t"), [said(DRAWN, "Ada", "accept"), said(DRAWN, "Bo", "accept")]
    found = standing(item, votes)
    assert (found.state, found.wanted, found.audit) == ("open", 1, True)
    assert standing(item, [*votes, said(DRAWN, "Di", "accept")]).state == "closed"
    assert standing(item, [*votes, said(DRAWN, "Di", "revise")]).state == "disputed"
    refused = [said(DRAWN, "Ada", "reject"), said(DRAWN, "Bo", "reject")]
    assert standing(item, refused).state == "closed"
    share = sum(audited(version(n)) for n in range(4_000)) / 4_000
    assert 0.04 < share < 0.06


def test_a_reviewer_first_reads_what_others_began_then_what_is_doubted_and_last_what_was_deferred() -> None:
    items = [Item(id, f"t{n}", doubt=10 * n) for n, id in enumerate(PLAIN[:5])]
    decisions = [said(PLAIN[1], "Bo", "accept"), said(PLAIN[4], "Ada", "defer"), said(PLAIN[3], "Ada", "accept")]
    standings = {item.bundle_id: standing(item, decisions) for item in items}
    assert [item.task for item in ordered(items, standings, decisions, ADA)] == ["t1", "t2", "t0", "t4"]


def test_an_adjudicator_reads_the_widest_disagreement_first_and_nothing_of_their_own() -> None:
    items = [Item(id, f"t{n}") for n, id in enumerate(PLAIN[:4])]
    pairs: list[tuple[Verdict, Verdict]] = [
        ("accept", "revise"),
        ("accept", "reject"),
        ("accept", "accept"),
        ("revise", "reject"),
    ]
    decisions = [d for id, (one, two) in zip(PLAIN, pairs) for d in (said(id, "Ada", one), said(id, "Bo", two))]
    decisions.append(said(PLAIN[3], "Cy", "accept"))
    standings = {item.bundle_id: standing(item, decisions) for item in items}
    assert [item.task for item in ordered(items, standings, decisions, CY)] == ["t1", "t0"]
    assert refusal(decisions, CY, PLAIN[3], True) and refusal(decisions, CY, PLAIN[2], False)
    assert not refusal(decisions, CY, PLAIN[1], True)


def test_the_order_is_the_same_whatever_the_order_of_the_tasks_and_another_for_others() -> None:
    items = [Item(id, f"t{n}") for n, id in enumerate(PLAIN[:30])]
    standings = {item.bundle_id: standing(item, []) for item in items}
    ada = ordered(items, standings, [], ADA)
    assert ordered(items[::-1], standings, [], ADA) == ada
    assert ordered(items, standings, [], BO) != ada


def test_known_verdicts_are_one_in_twenty_and_asked_of_everybody() -> None:
    gold = PLAIN[:40]
    few = chosen_gold(gold, 95)
    assert len(few) == 5 and chosen_gold(gold[::-1], 95) == few
    assert len(chosen_gold(gold, 1)) == 1 and chosen_gold(gold, 0) == frozenset(gold)
    item = Item(A, "t", gold="reject")
    votes = [said(A, name, "accept") for name in ("Ada", "Bo", "Di")]
    assert standing(item, votes).state == "open"
    standings = {A: standing(item, votes)}
    assert ordered([item], standings, votes, Viewer("Eve")) and not ordered([item], standings, votes, ADA)


def test_a_reviewer_sees_nothing_of_others_before_a_vote() -> None:
    others = [
        said(A, "Bo", "accept"),
        said(A, "m", "reject", role="model"),
        said(A, "Cy", "revise", role="adjudicator"),
    ]
    assert visible(others, ADA) == []
    deferred = [*others, said(A, "Ada", "defer")]
    assert [d.reviewer for d in visible(deferred, ADA)] == ["Ada"]
    voted = [*others, said(A, "Ada", "reject")]
    assert visible(voted, ADA) == voted
    assert visible([*voted, said(PLAIN[1], "Bo", "accept")], ADA) == voted
    assert len(visible(others, CY)) == 3
    # Somebody of the same name who is a model is somebody else.
    assert visible([*others, said(A, "Ada", "accept", role="model")], ADA) == []


def test_doubt_is_points_for_what_speaks_against_a_task() -> None:
    assert doubt(Evidence(clean=True)) == (0, (), "")
    assert doubt(Evidence()).points == 15
    assert doubt(Evidence(clean=False, survivors=9)).points == 130
    assert doubt(Evidence(clean=True, flagged=True, confirmed=True, shares=(0.0, 1.0))).points == 125
    assert doubt(Evidence(clean=True, model="accept")).points == 0
    assert doubt(Evidence(clean=True, model="reject")) == (40, (), "the model refuses what nothing else speaks against")
    assert doubt(Evidence(clean=True, survivors=1, model="accept")).by_model


@pytest.mark.parametrize(("severities", "ok"), [(("low",) * 9, True), (("medium",), True), (("medium", "medium"), False), (("high",), False), (("low", "medium", "high"), False)])  # fmt: skip
def test_an_acceptance_that_its_findings_contradict_is_refused(severities: tuple[Severity, ...], ok: bool) -> None:
    findings = tuple(Finding(severity=each, tag="wording") for each in severities)
    said(A, "Ada", "revise", findings=findings)
    said(A, "Ada", "defer", findings=findings)
    if ok:
        said(A, "Ada", "accept", findings=findings)
    else:
        with pytest.raises(ValidationError, match="mean `revise` at least"):
            said(A, "Ada", "accept", findings=findings)


def test_a_decision_is_read_as_it_was_written() -> None:
    found = said(A, "Ada", "revise", findings=[Finding(severity="low", tag="wording", check="x", note="…")], note="n")
    assert Decision.model_validate_json(found.model_dump_json()) == found
