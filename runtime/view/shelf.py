"""The runs that are looked at, and what is read of one of their attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from clawc.exits import UserError
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.records import JudgementRecord
from clawc.runtime.records import EpisodeRecord, LimitUse
from clawc.runtime.store.bundles import Bundles
from clawc.runtime.store.run_folder import RUN
from clawc.runtime.trajectory.read import instruction_of, read_trajectory
from clawc.runtime.view.files import FileDiff, diffs_of
from clawc.runtime.view.index import RunIndex, open_index
from clawc.runtime.view.query import Row, Totals, row_of, totals_of
from clawc.runtime.view.transcript import Turn, turns_of

# Files of an attempt whose differences stand on its page.
FILES = 12
_DEEP = 6
_RUNS = 500


class Volume:
    """One run: its index and its bundles. `label` is its folder's name, with as much of its path as tells it from the others."""

    def __init__(self, label: str, index: RunIndex) -> None:
        self.label = label
        self.index = index
        self.bundles = Bundles(index.folder, index.info)

    @property
    def agent(self) -> str:
        return self.index.info.agent

    def totals(self) -> Totals:
        return totals_of(self.index)


class Attempt(NamedTuple):
    """All that is shown of an attempt. `trouble` says why there is no transcript; phases are in seconds, the longest 1.0."""

    record: EpisodeRecord
    row: Row
    instruction: str
    turns: tuple[Turn, ...]
    trouble: str
    files: tuple[FileDiff, ...]
    more_files: int
    phases: tuple[tuple[str, float], ...]
    hit: tuple[LimitUse, ...]
    judgement: JudgementRecord | None


def found_runs(paths: Sequence[Path]) -> list[Path]:
    """The run folders among the paths and below them, in order, each once. Raises UserError where there is none."""
    found: dict[Path, None] = {}
    for path in paths:
        below = list(_below(path, _DEEP))
        if not below:
            raise UserError(
                f"`{path}` is not a run folder, and there is none below it",
                "give a folder that `clawc run --out` has made",
            )
        found.update(dict.fromkeys(each.resolve() for each in below))
    if len(found) > _RUNS:
        raise UserError(f"there are {len(found)} runs, of at most {_RUNS}", "give fewer")
    return list(found)


def open_shelf(paths: Sequence[Path], told: Callable[[str, int], None] | None = None) -> list[Volume]:
    """The runs, opened; `told` gets a label and how many attempts were taken in. Raises UserError and what `open_index` raises."""
    folders = found_runs(paths)
    labels = labels_of(folders)
    shelf: list[Volume] = []
    for label, folder in zip(labels, folders):
        shelf.append(Volume(label, open_index(folder, partial(told, label) if told else None)))
    return shelf


def labels_of(folders: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that differ from each other."""
    for parts in range(1, max((len(folder.parts) for folder in folders), default=1) + 1):
        labels = ["/".join(folder.parts[-parts:]).lstrip("/") or "/" for folder in folders]
        if len(set(labels)) == len(labels):
            return labels
    return [str(folder) for folder in folders]


def attempt_of(volume: Volume, key: str, files: int = FILES) -> Attempt | None:
    """An attempt of a run; None where it has none of this key. What cannot be read of it is said, not raised."""
    record, row = volume.index.record(key), row_of(volume.index, key)
    if record is None or row is None:
        return None
    bundle = volume.bundles.of(record.bundle_id)
    instruction = instruction_of(bundle)
    turns: tuple[Turn, ...] = ()
    trouble = ""
    try:
        trajectory = read_trajectory(volume.index.folder, volume.index.info, record, instruction)
        if trajectory is None:
            trouble = "This attempt has left no transcript."
        else:
            turns = tuple(turns_of(trajectory))
    except RuntimeFault as fault:
        trouble = f"Its transcript cannot be read: {fault.message} ({fault.code})"
    listed = len(record.changes.listed) if record.changes else 0
    longest = max(record.seconds.values(), default=0.0) or 1.0
    return Attempt(
        record, row, instruction, turns, trouble, tuple(diffs_of(volume.index.folder, record, bundle, files)), max(0, listed - files),
        tuple((name, seconds / longest) for name, seconds in record.seconds.items()), tuple(limit for limit in record.limits if limit.hit),
        volume.index.judgement(key),
    )  # fmt: skip


def _below(path: Path, deep: int) -> Iterator[Path]:
    if (path / RUN).is_file():
        yield path
        return
    if deep and path.is_dir() and not path.is_symlink():
        try:
            inside = sorted(path.iterdir())
        except OSError:
            return
        for each in inside:
            if each.name not in ("episodes", "bundles") and not each.name.startswith("."):
                yield from _below(each, deep - 1)
