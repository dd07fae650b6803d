"""Plays the same answers in several runners, and says where they differ from ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.runners.harbor import Harbor
from clawc.runtime.runners.inspect import Inspect
from clawc.runtime.runners.installed import HARBOR, INSPECT, VERIFIERS, Framework
from clawc.runtime.runners.interface import Answer, Judged, Runner, RunnerFailed
from clawc.runtime.runners.own import Own
from clawc.runtime.runners.verifiers import Verifiers

FRAMEWORKS: Mapping[str, tuple[Framework, Callable[[Path], Runner]]] = {
    "harbor": (HARBOR, Harbor),
    "inspect": (INSPECT, Inspect),
    "verifiers": (VERIFIERS, Verifiers),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One runner's part: what it says of each answer, by task and name, or why it did not come to its end."""

    runner: Runner
    rewards: Mapping[tuple[str, str], Judged]
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`own` is what we say."""

    answers: Sequence[Answer]
    own: Compared
    others: Sequence[Compared]

    def differences(self, other: Compared) -> list[Answer]:
        """The answers that a runner gives another reward than ours, or none."""
        if other.failed:
            return list(self.answers)
        return [one for one in self.answers if not _equal(self._reward(self.own, one), self._reward(other, one))]

    @property
    def equal(self) -> bool:
        """Whether all runners give the same rewards to the last bit."""
        return not any(self.differences(other) for other in self.others)

    @staticmethod
    def _reward(side: Compared, answer: Answer) -> float | None:
        return side.rewards[answer.task, answer.name].reward


def _equal(ours: float | None, theirs: float | None) -> bool:
    """To the last bit; no reward equals nothing."""
    return ours is not None and theirs is not None and float(ours).hex() == float(theirs).hex()


def compare(
    answers: Sequence[Answer], runners: Sequence[Runner], told: Callable[[str], object] = lambda _: None
) -> Comparison:
    """Play all answers here and in each runner, one runner after the other; `told` hears which one is at work. Raises
    SandboxUnavailable."""
    told("clawc")
    own = Compared(Own(), Own().play(answers, Path()))
    others: list[Compared] = []
    for runner in runners:
        told(runner.name)
        folder = Path(tempfile.mkdtemp(prefix=f"clawc-{runner.name}-"))
        try:
            others.append(Compared(runner, runner.play(answers, folder)))
        except RunnerFailed as error:
            others.append(Compared(runner, {}, str(error)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return Comparison(answers, own, others)
