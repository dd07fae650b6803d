"""What a player has played of a campaign, from its run folder: the last attempt of each episode that the campaign asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from clawc.runtime.campaign.folder import Seat
from clawc.runtime.records import EpisodeRecord, RunInfo
from clawc.runtime.store.run_folder import each_attempt, read_info
from clawc.runtime.store.scores import rescored
from clawc.runtime.trajectory.read import Instructions, read_trajectory
from clawc.runtime.trajectory.records import TrajectoryRecord

# Of a record, what nobody here asks for and what takes much memory.
_UNUSED: dict[str, object] = {
    "changes": None,
    "limits": (),
    "enforcers": (),
    "refused": (),
    "final": "",
    "evidence": "",
}


class Played(NamedTuple):
    """`records` by bundle and number of the episode. Tokens are of all attempts at these, None if no engine has counted any."""

    records: Mapping[tuple[str, int], EpisodeRecord]
    prompt_tokens: int | None
    completion_tokens: int | None

    @property
    def finished(self) -> int:
        """Episodes that need not be played any more."""
        return sum(record.outcome != "infra_error" for record in self.records.values())

    def outcomes(self) -> dict[str, int]:
        """Counts by outcome, in the order of names."""
        return dict(sorted(Counter(record.outcome for record in self.records.values()).items()))

    def mean_score(self) -> str | None:
        """Over those that have a score, with six decimals."""
        scores = [Decimal(record.score) for record in self.records.values() if record.score is not None]
        return None if not scores else f"{sum(scores, Decimal(0)) / len(scores):.6f}"


def played(seat: Seat, bundle_ids: frozenset[str], episodes: int) -> Played:
    """Of these bundles the first `episodes` each, as they are judged now. Raises RuntimeFault R0205 and R0206."""
    last: dict[str, EpisodeRecord] = {}
    prompts: list[int] = []
    completions: list[int] = []
    for record in each_attempt(seat.folder):
        if record.bundle_id not in bundle_ids or record.index >= episodes:
            continue
        if record.usage.prompt_tokens is not None:
            prompts.append(record.usage.prompt_tokens)
        if record.usage.completion_tokens is not None:
            completions.append(record.usage.completion_tokens)
        known = last.get(record.episode)
        if known is None or record.attempt >= known.attempt:
            last[record.episode] = record.model_copy(update=_UNUSED)
    judged = rescored(seat.folder, last.values(), "latest") if last else []
    return Played(
        {(record.bundle_id, record.index): record for record in judged},
        sum(prompts) if prompts else None,
        sum(completions) if completions else None,
    )


class Reader:
    """Reads trajectories of one run, one at a time."""

    def __init__(self, seat: Seat) -> None:
        self.info: RunInfo = read_info(seat.folder)
        self._folder = seat.folder
        self._instructions = Instructions(seat.folder, self.info)

    def read(self, record: EpisodeRecord) -> TrajectoryRecord | None:
        """None if the attempt has left none. Raises RuntimeFault R0901 to R0904."""
        return read_trajectory(self._folder, self.info, record, self._instructions.of(record))

    def each(self, records: list[EpisodeRecord]) -> Iterator[TrajectoryRecord]:
        for record in records:
            if (found := self.read(record)) is not None:
                yield found
