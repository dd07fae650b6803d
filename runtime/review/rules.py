"""Who may see and say what. Everything that leaves the server of a reviewer goes through `visible`, so blindness is decided in one place.

A reviewer sees nothing that others say of a version of a task before a vote of their own on that version is stored; to defer is no vote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from clawc.spec.review import Decision


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who sits before the page."""

    name: str
    role: Literal["reviewer", "adjudicator"] = "reviewer"

    @property
    def adjudicates(self) -> bool:
        return self.role == "adjudicator"

    def is_own(self, decision: Decision) -> bool:
        """Whether a decision was made by this person, in whatever role."""
        return decision.reviewer == self.name and decision.role != "model"


def latest(decisions: Iterable[Decision], bundle_id: str) -> list[Decision]:
    """The last decision on a version of a task of each reviewer in each role, in the order in which they were made."""
    found: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        if decision.bundle_id == bundle_id:
            who = (decision.role, decision.reviewer)
            found.pop(who, None)
            found[who] = decision
    return list(found.values())


def unlocked(decisions: Iterable[Decision], viewer: Viewer) -> frozenset[str]:
    """The versions of which a reviewer may see what others say: those with a vote of their own."""
    return frozenset(d.bundle_id for d in decisions if d.is_vote and d.role == "reviewer" and viewer.is_own(d))


def may_see(decisions: Iterable[Decision], viewer: Viewer, bundle_id: str) -> bool:
    """Whether the viewer may see what others, models and judges say of a version."""
    return viewer.adjudicates or bundle_id in unlocked(decisions, viewer)


def visible(decisions: Sequence[Decision], viewer: Viewer) -> list[Decision]:
    """What the viewer may see of all decisions."""
    if viewer.adjudicates:
        return list(decisions)
    open_to = unlocked(decisions, viewer)
    return [d for d in decisions if d.bundle_id in open_to or viewer.is_own(d)]


def refusal(decisions: Sequence[Decision], viewer: Viewer, bundle_id: str, disputed: bool) -> str:
    """Why the viewer may not decide on a version now; "" if they may. `disputed`: it waits for an adjudicator, or one decided."""
    own = [d for d in decisions if d.bundle_id == bundle_id and viewer.is_own(d)]
    if viewer.adjudicates:
        if any(d.role == "reviewer" and d.is_vote for d in own):
            return "you reviewed this task, so somebody else adjudicates it"
        if not disputed:
            return "there is nothing to adjudicate: reviewers have not disagreed on this task"
    elif any(d.role == "adjudicator" for d in own):
        return "you adjudicated this task, so you no longer review it"
    return ""
