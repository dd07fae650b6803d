"""Where a review stands, as lines of text."""

from __future__ import annotations

from collections import Counter

from clawc.compiler.report import clean
from clawc.runtime.review.agreement import Figure, LiveAgreement
from clawc.runtime.review.session import Board
from clawc.spec.review import VOTES


def board_text(board: Board) -> list[str]:
    """How many tasks are in which state, and how those that are closed came out."""
    states = Counter(s.state for s in board.standings.values())
    outcomes = Counter(s.outcome for s in board.standings.values() if s.outcome)
    by = Counter(s.by for s in board.standings.values() if s.by)
    current = sum(d.bundle_id in board.subjects for d in board.all_decisions)
    text = [
        f"{counted(len(board.subjects), 'task')}: {states['closed']} closed, {states['disputed']} disputed, {states['open']} open",
        "closed: "
        + ", ".join(f"{outcomes[vote]} {vote}" for vote in VOTES)
        + f"; {by['agreement']} by agreement, {by['adjudicator']} by adjudication",
    ]
    if current < len(board.all_decisions):
        text.append(
            f"{len(board.all_decisions) - current} decisions are of versions that are not here, and count no longer"
        )
    return text


def agreement_text(found: LiveAgreement) -> list[str]:
    """How far reviewers agree."""
    text = [f"{counted(found.units, 'task')} with at least two blind votes"]
    if found.units:
        text += [
            f"  {name:<10} {_shown(f)}"
            for name, f in (("same vote", found.raw), ("AC1", found.ac1), ("alpha", found.alpha))
        ]
    for pair in found.pairs:
        text.append(
            f"{clean(pair.first)} and {clean(pair.second)}, {counted(pair.units, 'task')}: same vote {_shown(pair.raw)}, kappa {_shown(pair.kappa)}, AC1 {_shown(pair.ac1)}"
        )
    text += [f"{clean(g.reviewer)}: {g.right} of {g.met} known verdicts" for g in found.gold]
    return text


def counted(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _shown(found: Figure) -> str:
    value = "undefined" if found.value is None else f"{found.value:.3f}"
    return value if found.bounds is None else f"{value} ({found.bounds.low:.3f} to {found.bounds.high:.3f})"
