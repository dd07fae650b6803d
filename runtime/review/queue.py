"""Where each task stands, and who reads what next: pure functions of the decisions, the same on every machine.

Two votes are wanted, of which at most one by a model. Votes that differ go to an adjudicator. One in twenty of the accepted gets a third vote, and
one in twenty of the queue is a task whose verdict is known. Both are drawn by hash, so that nobody chooses them and they stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from clawc.runtime.review.rules import Viewer, latest
from clawc.spec.review import VOTES, Decision, Verdict, Vote

SEATS = 2
AUDITED = 0.05
GOLD = 0.05

State = Literal["open", "disputed", "closed"]


@dataclass(frozen=True, slots=True)
class Item:
    """A task in the queue. `doubt` is how much speaks for looking at it, in points; `gold` the verdict that is known."""

    bundle_id: str
    task: str
    doubt: int = 0
    gold: Vote | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """`open`: further votes are wanted, `wanted` of them; `disputed`: an adjudicator is; `closed`: it has an `outcome`, `by` whom. `votes` are those that
    count, one for each reviewer. `audit`: it was accepted and is asked for once more, or was."""

    state: State
    votes: tuple[Decision, ...] = ()
    wanted: int = 0
    outcome: Vote | None = None
    by: Literal["", "agreement", "adjudicator"] = ""
    audit: bool = False
    deferred: int = 0

    @property
    def spread(self) -> int:
        """How far the votes are apart: 0 for equal ones, 2 for `accept` and `reject`."""
        places = [VOTES.index(d.verdict) for d in self.votes if d.verdict != "defer"]
        return max(places) - min(places) if places else 0


def standing(item: Item, decisions: Sequence[Decision]) -> Standing:
    """Where a task stands by all decisions that were made, of whatever version."""
    now = latest(decisions, item.bundle_id)
    people = [d for d in now if d.role == "reviewer" and d.is_vote]
    models = sorted((d for d in now if d.role == "model" and d.is_vote), key=lambda d: d.reviewer)
    votes = (*people, *models[:1])
    deferred = sum(d.role == "reviewer" and not d.is_vote for d in now)
    if item.gold is not None:  # everybody gets it; nothing hangs on it
        return Standing("open", votes, 1, deferred=deferred)
    final: list[Vote] = [vote for d in now if d.role == "adjudicator" and (vote := as_vote(d.verdict)) is not None]
    if final:
        return Standing("closed", votes, 0, final[-1], "adjudicator", deferred=deferred)
    if not people or len(votes) < SEATS:
        if deferred >= SEATS:
            return Standing("disputed", votes, deferred=deferred)
        return Standing("open", votes, max(1, SEATS - len(votes)), deferred=deferred)
    verdicts = {d.verdict for d in votes}
    audit = audited(item.bundle_id) and ("accept" in verdicts)
    if len(verdicts) > 1:
        return Standing("disputed", votes, audit=audit and len(votes) > SEATS, deferred=deferred)
    if audit and len(votes) <= SEATS:
        return Standing("open", votes, 1, audit=True, deferred=deferred)
    return Standing("closed", votes, 0, as_vote(votes[0].verdict), "agreement", audit, deferred)


def ordered(
    items: Sequence[Item], standings: Mapping[str, Standing], decisions: Sequence[Decision], viewer: Viewer
) -> list[Item]:
    """What the viewer has still to read, the first first. For an adjudicator the widest disagreement, then doubt; for a reviewer what others have begun, then
    doubt, and what they deferred last. Equals stand in an order of the viewer's own, so that two who begin together seldom meet."""
    own = _own(decisions, viewer)
    found: list[tuple[tuple[bool, int, int, str], Item]] = []
    for item in items:
        stands, mine = standings[item.bundle_id], own.get(item.bundle_id, {})
        lot = _lot(f"{viewer.role} {viewer.name}", item.bundle_id)
        if viewer.adjudicates:
            if stands.state != "disputed" or mine.get("reviewer") == "vote":
                continue
            key = (mine.get("adjudicator") == "defer", -stands.spread, -item.doubt, lot)
        else:
            if stands.state != "open" or mine.get("reviewer") == "vote" or "adjudicator" in mine:
                continue
            key = (mine.get("reviewer") == "defer", -min(1, len(stands.votes)), -item.doubt, lot)
        found.append((key, item))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def audited(bundle_id: str) -> bool:
    """Whether a version gets a third vote once it is accepted."""
    return int(_lot("audit", bundle_id)[:8], 16) < AUDITED * 2**32


def chosen_gold(gold: Collection[str], others: int) -> frozenset[str]:
    """Which of the tasks with a known verdict stand in a queue of `others` further ones: one in twenty of all, at least one; all where there are no others."""
    if not others:
        return frozenset(gold)
    many = max(1, ceil(others * GOLD / (1 - GOLD)))
    return frozenset(sorted(gold, key=lambda each: _lot("gold", each))[:many])


def _own(decisions: Sequence[Decision], viewer: Viewer) -> dict[str, dict[str, str]]:
    """What the viewer did last with each version, by role."""
    found: dict[str, dict[str, str]] = {}
    for d in decisions:
        if viewer.is_own(d):
            found.setdefault(d.bundle_id, {})[d.role] = "vote" if d.is_vote else "defer"
    return found


def as_vote(verdict: Verdict) -> Vote | None:
    """The vote that a verdict is; None for `defer`."""
    return None if verdict == "defer" else verdict


def _lot(purpose: str, bundle_id: str) -> str:
    return hashlib.sha256(f"{purpose} {bundle_id}".encode()).hexdigest()
