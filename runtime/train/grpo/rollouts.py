"""The groups of a step: played, rewarded, and made into rows with advantages. What was played stays in a run folder of its own, so that a
training that goes on plays nothing a second time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from pathlib import Path

from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.calls import CallRecord, read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.harness.interface import Harness
from clawc.runtime.player import Player
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, play_all
from clawc.runtime.store.run_folder import FOLDERS
from clawc.runtime.train.grpo.advantages import group_advantages
from clawc.runtime.train.grpo.curriculum import Curriculum
from clawc.runtime.train.grpo.rewards import reward_of
from clawc.runtime.train.grpo.settings import GrpoSettings
from clawc.runtime.train.rows import Row, rows_of, sampled_calls, with_advantage


@dataclass(frozen=True, slots=True)
class Played:
    """What a step has to learn from. `episodes` gave `rows`; `rewards` are all that there were, `unscored` counts episodes without one;
    `groups` taught something, `same` did not; `left_out` counts rows that are too long, `sampled` all tokens that the engine drew."""

    rows: tuple[Row, ...]
    episodes: int
    rewards: tuple[float, ...]
    unscored: int
    groups: int
    same: int
    left_out: int
    seconds: float
    sampled: int = 0

    @property
    def mean(self) -> float | None:
        return fsum(self.rewards) / len(self.rewards) if self.rewards else None


@dataclass(frozen=True, slots=True)
class _Episode:
    """`reward` is None for one that the infrastructure has failed, which `evidence` tells of."""

    key: str
    reward: float | None
    rows: tuple[Row, ...]
    evidence: str
    sampled: int


class Rollouts:
    """`bundles` are the tasks by the ids of their bundles, `folder` gets the runs."""

    def __init__(
        self, bundles: Mapping[str, Path], harness: Harness, player: Player, folder: Path, settings: GrpoSettings, curriculum: Curriculum
    ) -> None:  # fmt: skip
        self._bundles = bundles
        self._harness = harness
        self._player = player
        self._folder = folder
        self._settings = settings
        self._curriculum = curriculum

    async def step(self, step: int) -> Played:
        """Plays groups until enough of them teach something, or the refills are spent. Raises RuntimeFault R0998 if not one episode was
        rewarded, and what `play_all` raises."""
        settings, begun = self._settings, time.monotonic()
        rows: list[Row] = []
        rewards: list[float] = []
        used: set[str] = set()
        unscored = groups = same = episodes = left_out = sampled = 0
        evidence = ""
        for refill in range(1 + settings.refills):
            tasks = self._curriculum.pick(step, refill, settings.tasks - groups, used)
            used.update(tasks)
            for task, group in (await self._play(step, refill, tasks)).items() if tasks else ():
                known = [each.reward for each in group if each.reward is not None]
                rewards += known
                unscored += len(group) - len(known)
                sampled += sum(each.sampled for each in group)
                evidence = next((each.evidence for each in group if each.evidence), evidence)
                if known:
                    self._curriculum.saw(task, known)
                found = group_advantages([each.reward for each in group], settings.scale)
                if found is None:
                    same += 1
                    continue
                groups += 1
                mine = dict(zip([each.key for each in group], found, strict=True))
                every = [row for each in group for row in each.rows]
                kept = [row for row in every if row.old_logprobs is not None and len(row.input_ids) <= settings.longest]
                left_out += len(every) - len(kept)
                rows += with_advantage(kept, mine)
                episodes += sum(advantage is not None for advantage in found)
            if groups >= settings.tasks:
                break
        if not rewards:
            raise RuntimeFault(
                "R0998", f"no episode of step {step} could be scored: {evidence or 'nothing was played'}",
                "See the run folders below `rollouts`; go on by `--resume`.",
            )  # fmt: skip
        return Played(
            tuple(rows), episodes, tuple(rewards), unscored, groups, same, left_out, time.monotonic() - begun, sampled
        )

    async def _play(self, step: int, refill: int, tasks: list[str]) -> dict[str, list[_Episode]]:
        """The group of each task."""
        settings = self._settings
        folder = self._folder / f"step-{step:06d}-{refill}"
        plan = RunPlan(
            [load(self._bundles[task]) for task in tasks], self._harness, folder, settings.group, settings.at_once,
            (settings.seed * 1_000_003 + step) * 64 + refill,
        )  # fmt: skip
        summary = await play_all(plan, self._player)
        found: dict[str, list[_Episode]] = {task: [] for task in tasks}
        for record in summary.records:
            calls = _calls(folder, record)
            rows = rows_of(sampled_calls(calls), record.key, record.bundle_id)
            reward = reward_of(record, calls, rows, settings.reward)
            drawn = sum(len(call.sampled.output_ids) for call in calls if call.sampled is not None)
            found[record.bundle_id].append(_Episode(record.key, reward, rows, record.evidence, drawn))
        return found


class HeldOut:
    """Tasks that are not trained on, one episode each, drawn greedily by the same engine."""

    def __init__(
        self, bundles: Mapping[str, Path], harness: Harness, player: Player, folder: Path, settings: GrpoSettings
    ) -> None:
        self._bundles = bundles
        self._harness = harness
        self._player = player
        self._folder = folder
        self._settings = settings

    async def examine(self, step: int) -> float | None:
        """The mean score before the update of this step."""
        bundles = [load(path) for path in self._bundles.values()]
        plan = RunPlan(
            bundles, self._harness, self._folder / f"step-{step:06d}", 1, self._settings.at_once, self._settings.seed
        )
        summary = await play_all(plan, self._player)
        scores = [float(record.score) for record in summary.records if record.score is not None]
        return fsum(scores) / len(scores) if scores else None


def _calls(folder: Path, record: EpisodeRecord) -> tuple[CallRecord, ...]:
    try:
        return tuple(read_calls(folder / FOLDERS / record.key / CAPTURE))
    except FileNotFoundError:
        return ()
