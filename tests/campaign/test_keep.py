"""What is kept of a campaign, and that every episode is counted once."""

from __future__ import annotations

from typing import Any

from clawc.runtime.campaign.keep import keep
from clawc.runtime.campaign.played import Played
from clawc.runtime.campaign.settings import KeepSettings
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.trajectory.records import Message, TrajectoryRecord

ID = "a" * 64


def record(player: int, index: int, outcome: str = "ok", score: str | None = "1") -> EpisodeRecord:
    fields: dict[str, Any] = {"outcome": outcome, "score": score, "index": index, "key": f"k{player}-{index}"}
    return EpisodeRecord(
        run_id="r", episode=fields["key"], attempt=1, task="t", template="t", bundle_id=ID, agent=f"p{player}", seed=index, started="",
        ended="", seconds={}, **fields,
    )  # fmt: skip


def trajectory(found: EpisodeRecord, text: str) -> TrajectoryRecord:
    said = (Message(role="user", content="do"), Message(role="assistant", content=text))
    return TrajectoryRecord(
        id=found.key, task=found.task, outcome=found.outcome, score=found.score, messages=said, extra={}
    )


def kept(
    settings: KeepSettings, *players: list[EpisodeRecord], same: bool = False
) -> tuple[list[str], list[dict[str, int]]]:
    def read(player: int, one: EpisodeRecord) -> TrajectoryRecord:
        return trajectory(one, "same" if same else one.key)

    each = [Played({(r.bundle_id, r.index): r for r in records}, None, None) for records in players]
    found, order = keep(settings, [ID], each, read)
    for one, records in zip(found, players):
        assert len(one.records) + sum(one.left.values()) == len(records)
    return [each.key for _, each in order], [one.reasons() for one in found]


def test_players_take_turns_within_a_task() -> None:
    players = [record(0, n) for n in range(3)], [record(1, n) for n in range(3)]
    order, left = kept(KeepSettings(per_task=3), *players)
    assert order == ["k0-0", "k1-0", "k0-1"] and left == [{"per_task": 1}, {"per_task": 2}]
    order, left = kept(KeepSettings(per_task_and_model=1), *players)
    assert order == ["k0-0", "k1-0"] and left == [{"per_task_and_model": 2}] * 2


def test_only_what_is_kept_uses_up_a_bound() -> None:
    players = [record(0, 0, score="0"), record(0, 1, "infra_error", None), record(0, 2)], [record(1, 0)]
    order, left = kept(KeepSettings(min_score=1, per_task=2), *players)  # type: ignore[arg-type]
    assert order == ["k1-0", "k0-2"] and left == [{"outcome": 1, "score": 1}, {}]


def test_what_a_bound_leaves_out_is_no_duplicate_of_others() -> None:
    players = [record(0, 0), record(0, 1)], [record(1, 0), record(1, 1)]
    assert kept(KeepSettings(unique=True), *players, same=True) == (["k0-0"], [{"duplicate": 1}, {"duplicate": 2}])
