"""Which tasks are played: by chance, the likelier the less sure it is whether they are solved."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

_FLOOR = 0.02  # of a task that is always, or never, solved: what is never tried is never learned
_KEPT = 0.9  # of what was counted before, each time a task is played


@dataclass(slots=True)
class Curriculum:
    """`counts` are of episodes and of the sum of their rewards, by task, older ones fading."""

    tasks: Sequence[str]
    seed: int
    by_rate: bool = True
    counts: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    def pick(self, step: int, refill: int, count: int, without: Collection[str] = ()) -> list[str]:
        """Different tasks, the same for the same counts; fewer if there are no more."""
        drawn = random.Random(f"{self.seed} {step} {refill}")
        left = [task for task in self.tasks if task not in without]
        found: list[str] = []
        while left and len(found) < count:
            weights = [self._weight(task) for task in left]
            chosen = drawn.choices(range(len(left)), weights)[0]
            found.append(left.pop(chosen))
        return found

    def saw(self, task: str, rewards: Sequence[float]) -> None:
        """Takes rewards of a group, held within 0 and 1."""
        episodes, total = self.counts.get(task, (0.0, 0.0))
        held = [min(1.0, max(0.0, reward)) for reward in rewards]
        self.counts[task] = (_KEPT * episodes + len(held), _KEPT * total + sum(held))

    def rate(self, task: str) -> float:
        """How often it is solved, between what is known and one half."""
        episodes, total = self.counts.get(task, (0.0, 0.0))
        return (total + 1) / (episodes + 2)

    def state(self) -> dict[str, tuple[float, float]]:
        return dict(self.counts)

    def restore(self, state: Mapping[str, Sequence[float]]) -> None:
        self.counts = {task: (float(pair[0]), float(pair[1])) for task, pair in state.items()}

    def _weight(self, task: str) -> float:
        rate = self.rate(task)
        return rate * (1 - rate) + _FLOOR if self.by_rate else 1.0
