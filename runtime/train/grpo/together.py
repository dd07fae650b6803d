"""One learner in several processes: the first is told what to do, and tells the others, which do the same.

Each takes its share of the passes of an update; weights that are split among them are written by all.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from clawc.runtime.train.grpo.learner import Figures, Learner
from clawc.runtime.train.rows import Row
from clawc.runtime.train.trainer import processes


class LearnerLike(Protocol):
    """What a session needs of a learner."""

    @property
    def version(self) -> int: ...
    def update(self, rows: Sequence[Row], episodes: int) -> Figures: ...
    def skip(self) -> None: ...
    def write_weights(self, folder: Path) -> None: ...
    def save(self, folder: Path) -> None: ...
    def restore(self, folder: Path) -> None: ...


class First:
    """The learner of the first process."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    @property
    def version(self) -> int:
        return self._learner.version

    def update(self, rows: Sequence[Row], episodes: int) -> Figures:
        _tell(("update", tuple(rows), episodes))
        return self._learner.update(rows, episodes)

    def skip(self) -> None:
        _tell(("skip",))
        self._learner.skip()

    def write_weights(self, folder: Path) -> None:
        _tell(("write_weights", folder))
        self._learner.write_weights(folder)

    def save(self, folder: Path) -> None:
        _tell(("save", folder))
        self._learner.save(folder)

    def restore(self, folder: Path) -> None:
        _tell(("restore", folder))
        self._learner.restore(folder)

    def end(self) -> None:
        """The others end."""
        _tell(None)


def follow(learner: Learner) -> None:
    """Does what the first process does, until that ends."""
    while (said := _hear()) is not None:
        name, *arguments = said
        getattr(learner, name)(*arguments)


def _tell(said: tuple[Any, ...] | None) -> None:
    if processes() > 1:
        import_module("torch.distributed").broadcast_object_list([said], src=0)


def _hear() -> tuple[Any, ...] | None:
    box: list[Any] = [None]
    import_module("torch.distributed").broadcast_object_list(box, src=0)
    found: tuple[Any, ...] | None = box[0]
    return found
