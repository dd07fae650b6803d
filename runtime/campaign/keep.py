"""Which trajectories of a campaign are kept, and why others are not: every episode that was played is counted once.

The players take turns within a task, so a bound of a task is shared among them; only what is kept uses up a bound, and what is left
out for one never stands in the way of another that says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from clawc.runtime.campaign.played import Played
from clawc.runtime.campaign.settings import KeepSettings
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.trajectory.filter import REASONS as FIRST_REASONS
from clawc.runtime.trajectory.filter import Choice, Reason, Selection
from clawc.runtime.trajectory.records import TrajectoryRecord

CampaignReason = Reason | Literal["per_task_and_model"]
# In the order in which they are looked for.
REASONS: tuple[CampaignReason, ...] = (
    *(reason for reason in FIRST_REASONS if reason not in ("duplicate", "per_task")),
    "per_task_and_model",
    "per_task",
    "duplicate",
)


@dataclass(slots=True)
class Kept:
    """Of one player: the records that are kept, in their order, and how many are left out for which reason."""

    records: list[EpisodeRecord] = field(default_factory=list[EpisodeRecord])
    left: Counter[CampaignReason] = field(default_factory=Counter[CampaignReason])

    def reasons(self) -> dict[str, int]:
        return {reason: self.left[reason] for reason in REASONS if self.left[reason]}


def keep(
    settings: KeepSettings,
    bundle_ids: Sequence[str],
    players: Sequence[Played],
    read: Callable[[int, EpisodeRecord], TrajectoryRecord | None],
) -> tuple[list[Kept], list[tuple[int, EpisodeRecord]]]:
    """For each player what is kept, and all that is kept in its order: by task, by number of the episode, by player. `read` gives the
    trajectory of a record of a player; what outcome or score rule out is not read."""
    fits = [Selection(Choice(frozenset(settings.outcomes), settings.min_score, sound=settings.sound)) for _ in players]
    unique = Selection(Choice(frozenset(), unique=settings.unique))
    kept = [Kept() for _ in players]
    order: list[tuple[int, EpisodeRecord]] = []
    for bundle_id in bundle_ids:
        of_task = 0
        of_player = Counter[int]()
        last = max((index for each in players for id, index in each.records if id == bundle_id), default=-1)
        for index in range(last + 1):
            for player, each in enumerate(players):
                record = each.records.get((bundle_id, index))
                if record is None or not fits[player].judged(record.outcome, record.score):
                    continue
                found = next(fits[player].chosen([read(player, record)]), None)
                if found is None:
                    continue
                if settings.per_task_and_model is not None and of_player[player] >= settings.per_task_and_model:
                    kept[player].left["per_task_and_model"] += 1
                elif settings.per_task is not None and of_task >= settings.per_task:
                    kept[player].left["per_task"] += 1
                elif next(unique.chosen([found]), None) is None:
                    kept[player].left["duplicate"] += 1
                else:
                    of_task += 1
                    of_player[player] += 1
                    kept[player].records.append(record)
                    order.append((player, record))
    for fit, own in zip(fits, kept):
        own.left.update(fit.counts())
    return kept, order
