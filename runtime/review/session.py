"""One person's review: tasks, decisions and the queue between them. The state is the ledger; all else is computed from it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from clawc.exits import UserError
from clawc.runtime.review.agreement import LiveAgreement, agreement
from clawc.runtime.review.doubt import Doubt
from clawc.runtime.review.forms import Draft, findings_of, key_of, verdict_of
from clawc.runtime.review.ledger import Ledger
from clawc.runtime.review.queue import Item, Standing, as_vote, chosen_gold, ordered, standing
from clawc.runtime.review.rules import Viewer, latest, may_see, refusal, unlocked, visible
from clawc.runtime.review.subject import Subject
from clawc.spec.review import MAX_SECONDS, MOST_LINE, MOST_RUNS, Decision, Gold, Seen, Verdict, Vote, contradiction


@dataclass(frozen=True)
class Board:
    """The review as it stood after some decisions. What is not for the viewer's eyes has names that say so: `all_decisions`, `standings`."""

    subjects: Mapping[str, Subject]
    gold: Mapping[str, Vote]
    all_decisions: Sequence[Decision]
    viewer: Viewer

    @cached_property
    def by_version(self) -> Mapping[str, Sequence[Decision]]:
        """All decisions by the version that they are on."""
        found: dict[str, list[Decision]] = {}
        for decision in self.all_decisions:
            found.setdefault(decision.bundle_id, []).append(decision)
        return found

    @cached_property
    def seen_by_version(self) -> Mapping[str, Sequence[Decision]]:
        """What the viewer may see of them."""
        return {id: some if id in self.open_to else visible(some, self.viewer) for id, some in self.by_version.items()}

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return tuple(Item(id, s.task, self.doubt(id).points, self.gold.get(id)) for id, s in self.subjects.items())

    @cached_property
    def standings(self) -> Mapping[str, Standing]:
        return {item.bundle_id: standing(item, self.by_version.get(item.bundle_id, ())) for item in self.items}

    @cached_property
    def queue(self) -> tuple[str, ...]:
        """The versions that the viewer has still to read, the first first."""
        return tuple(item.bundle_id for item in ordered(self.items, self.standings, self.all_decisions, self.viewer))

    @cached_property
    def seen(self) -> tuple[Decision, ...]:
        """The decisions that the viewer may see."""
        return tuple(visible(self.all_decisions, self.viewer))

    @cached_property
    def open_to(self) -> frozenset[str]:
        """The versions of which the viewer may see what others say."""
        return frozenset(self.subjects) if self.viewer.adjudicates else unlocked(self.all_decisions, self.viewer)

    @cached_property
    def agreement(self) -> LiveAgreement:
        """Over what the viewer may see; of known verdicts a reviewer sees no more than how they themselves met them."""
        found = agreement(self.seen, frozenset(self.subjects), self.gold)
        if self.viewer.adjudicates:
            return found
        own = tuple(line for line in found.gold if line.reviewer == self.viewer.name)
        return LiveAgreement(found.units, found.votes, found.raw, found.ac1, found.alpha, found.pairs, own)

    def doubt(self, bundle_id: str) -> Doubt:
        """Not for blind eyes where it is `by_model`."""
        models: list[Verdict] = [
            d.verdict for d in latest(self.by_version.get(bundle_id, ()), bundle_id) if d.role == "model"
        ]
        return self.subjects[bundle_id].doubt(as_vote(models[0]) if models else None)

    def revealed(self, bundle_id: str) -> bool:
        """Whether the viewer may see what others, models and judges say of a version."""
        return may_see(self.by_version.get(bundle_id, ()), self.viewer, bundle_id)

    def own(self, bundle_id: str) -> Decision | None:
        """The last decision of the viewer in this role."""
        mine = [
            d
            for d in latest(self.by_version.get(bundle_id, ()), bundle_id)
            if self.viewer.is_own(d) and d.role == self.viewer.role
        ]
        return mine[-1] if mine else None

    def others(self, bundle_id: str) -> tuple[Decision, ...]:
        """What others say of a version, if the viewer may see it."""
        return tuple(
            d
            for d in latest(self.seen_by_version.get(bundle_id, ()), bundle_id)
            if not (self.viewer.is_own(d) and d.role == self.viewer.role)
        )

    def older(self, subject: Subject) -> tuple[tuple[Decision, ...], int]:
        """Decisions on other versions of a task that the viewer may see, and how many there are that count no longer."""
        of = [d for d in self.all_decisions if d.task == subject.task and d.bundle_id != subject.id]
        mine = [d for d in self.seen if d.task == subject.task and d.bundle_id != subject.id]
        # Versions that are in the queue themselves are no older ones.
        of, mine = ([d for d in some if d.bundle_id not in self.subjects] for some in (of, mine))
        return tuple(mine), len(of)

    def why_not(self, bundle_id: str) -> str:
        """Why the viewer may not decide on a version; "" if they may."""
        stands = self.standings[bundle_id]
        disputed = stands.state == "disputed" or stands.by == "adjudicator"
        return refusal(self.by_version.get(bundle_id, ()), self.viewer, bundle_id, disputed)


@dataclass
class Review:
    """What a server holds. `clock` is the time of decisions, `timer` measures in seconds how long a task is looked at."""

    subjects: Mapping[str, Subject]
    ledger: Ledger
    viewer: Viewer
    gold: Mapping[str, Vote] = field(default_factory=dict[str, Vote])
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    timer: Callable[[], float] = time.monotonic
    opened: dict[str, float] = field(default_factory=dict[str, float])
    _board: tuple[int, Board] | None = None

    async def board(self) -> Board:
        """The review as it stands now, with what other processes appended."""
        await self.ledger.update()
        count = len(self.ledger.decisions)
        if self._board is None or self._board[0] != count:
            self._board = (count, Board(self.subjects, self.gold, tuple(self.ledger.decisions), self.viewer))
        return self._board[1]

    def look(self, bundle_id: str) -> None:
        """The page of a task was asked for."""
        self.opened.setdefault(bundle_id, self.timer())

    async def decide(self, bundle_id: str, draft: Draft) -> bool:
        """Store what a form says; false where it was stored before. Raises UserError for what cannot be taken, and as `Ledger.append`."""
        board = await self.board()
        against = board.why_not(bundle_id)
        if against:
            raise UserError(against, "see the queue for what waits for you")
        decision = decided(board, bundle_id, draft, self._seconds(bundle_id), stamp(self.clock()))
        stored = await self.ledger.append(decision)
        self.opened.pop(bundle_id, None)
        return stored

    def _seconds(self, bundle_id: str) -> float:
        began = self.opened.get(bundle_id)
        return 0.0 if began is None else round(min(MAX_SECONDS, max(0.0, self.timer() - began)), 1)


def decided(board: Board, bundle_id: str, draft: Draft, seconds: float, at: str) -> Decision:
    """The decision of the viewer. Raises UserError for what contradicts itself or is incomplete."""
    subject = board.subjects[bundle_id]
    checks = [check.name for check in subject.bundle.manifest.scoring.checks]
    verdict, findings = verdict_of(draft), findings_of(draft, checks)
    against = contradiction(verdict, findings)
    if against:
        raise UserError(against, "choose revise or reject, or lower a severity")
    if verdict in ("revise", "reject") and not findings and not draft.notes.strip():
        raise UserError(f"`{verdict}` without a reason helps nobody", "add a finding or a note")
    seen = seen_of(subject, others=board.viewer.adjudicates or board.revealed(bundle_id))
    return Decision(
        key=key_of(draft), task=subject.task, bundle_id=bundle_id, verifier=subject.verifier, reviewer=board.viewer.name,
        role=board.viewer.role, verdict=verdict, findings=findings, notes=draft.notes.strip(), seconds=seconds, at=at, seen=seen,
    )  # fmt: skip


def seen_of(subject: Subject, *, others: bool) -> Seen:
    """What the page of a task holds."""
    runs = tuple(dict.fromkeys(_line(rollout.run) for rollout in subject.rollouts))[:MOST_RUNS]
    return Seen(
        card=_line(subject.standing),
        runs=runs,
        rollouts=len(subject.rollouts),
        calibration=subject.item is not None,
        others=others,
    )


def _line(text: str) -> str:
    """As much as a decision holds of a name; names of folders may hold what no file of text can."""
    return text.encode("utf-8", "replace").decode()[:MOST_LINE]


def known(golds: Sequence[Gold], subjects: Mapping[str, Subject]) -> tuple[dict[str, Subject], dict[str, Vote], int]:
    """The tasks of the queue, the known verdicts among them, and how many known verdicts are of versions that are not here. Tasks with a known
    verdict beyond one in twenty are left out."""
    here: dict[str, Vote] = {gold.bundle_id: gold.verdict for gold in golds if gold.bundle_id in subjects}
    chosen = chosen_gold(here, len(subjects) - len(here))
    kept = {id: subject for id, subject in subjects.items() if id not in here or id in chosen}
    return kept, {id: here[id] for id in sorted(chosen)}, len({g.bundle_id for g in golds} - here.keys())


def stamp(at: datetime) -> str:
    """A time as decisions have it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_key() -> str:
    """The key of a decision that is still to be made."""
    return secrets.token_hex(16)
