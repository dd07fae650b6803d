"""What a runner is here: something that plays stored answers to tasks, and says what each is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from clawc.runtime.bundle import Bundle
from clawc.spec.bundle import Solution


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer to a task: steps, whose `source` names one of `files`. `name` tells it from the others of its task."""

    bundle: Bundle
    name: str
    what: str
    solution: Solution
    files: Mapping[str, bytes]

    @property
    def task(self) -> str:
        return self.bundle.manifest.task

    def write(self, folder: Path) -> None:
        """`steps.json` and the files, in the new folder."""
        folder.mkdir(parents=True)
        (folder / "steps.json").write_text(self.solution.model_dump_json(indent=2) + "\n", encoding="utf-8")
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


class Judged(NamedTuple):
    """What a runner says of an answer: a reward, or why there is none."""

    reward: float | None
    problem: str = ""


class RunnerFailed(Exception):
    """A runner did not come to its end; the text is what it said."""


class Runner(Protocol):
    """`version` is that of the framework, `isolation` what it runs the agent and the checker in."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def isolation(self) -> str: ...

    def play(self, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        """Each answer by task and name. `folder` is empty, and the runner's to write to. Raises RunnerFailed."""
        ...
