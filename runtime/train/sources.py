"""Rows out of runs, whose calls were captured; out of bundles, whose oracle teaches; out of files of rows and of trajectories."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import fsum
from pathlib import Path
from typing import Literal

from clawc.runtime.bundle import Bundle
from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.local.template import Template
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.harness.loop.settings import LoopSettings
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.store.run_folder import FOLDERS, read_run
from clawc.runtime.train.filters import RowSelection
from clawc.runtime.train.records import TrainedTask
from clawc.runtime.train.rendered import Unrenderable, rendered_rows
from clawc.runtime.train.rows import Row, read_rows, rows_of, sampled_calls
from clawc.runtime.train.teacher import Unteachable, lesson
from clawc.runtime.trajectory.from_atif import record_of_atif
from clawc.runtime.trajectory.from_chat import read_chat
from clawc.runtime.trajectory.own import read_records
from clawc.runtime.trajectory.read import Instructions, read_trajectory
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.runtime.trajectory.strangers import each_record, open_file, parsed, read_whole

FileKind = Literal["rows", "atif", "chat", "jsonl"]


@dataclass(slots=True)
class Gathered:
    """What rows were taken of, and what gave none. `counts` are episodes, bundles and trajectories without a row, by why: `uncaptured` has
    no calls with tokens, `unteachable` no lesson, `unrenderable` nothing to be rendered; the reasons for the latter two are counted, too."""

    counts: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    _names: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    _rows: Counter[str] = field(default_factory=Counter[str])
    _scores: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def took(
        self, bundle_id: str, task: str, template: str, rows: Iterable[Row], score: str | None = None
    ) -> Iterator[Row]:
        """Passes on the rows that were taken of a task."""
        taken = 0
        for row in rows:
            taken += 1
            yield row
        if taken:
            self._names.setdefault(bundle_id, (task, template))
            self._rows[bundle_id] += taken
            if score is not None:
                self._scores.setdefault(bundle_id, []).append(float(score))

    def tasks(self) -> tuple[TrainedTask, ...]:
        """Those with rows, by the ids of their bundles."""
        return tuple(
            TrainedTask(
                bundle_id=id,
                task=self._names[id][0],
                template=self._names[id][1],
                rows=self._rows[id],
                score=fsum(scores) / len(scores) if (scores := self._scores.get(id)) else None,
            )
            for id in sorted(self._names)
        )

    def without(self, kind: str, why: str = "") -> None:
        self.counts[kind] += 1
        if why:
            self.reasons[why] += 1


@dataclass(frozen=True, slots=True)
class Rendering:
    """How what has no tokens is rendered. `tools` are those that agents had where a trajectory does not say."""

    template: Template
    tools: tuple[Object, ...] = ()


def run_rows(
    folder: Path,
    selection: RowSelection,
    gathered: Gathered,
    scoring: str = "latest",
    rendering: Rendering | None = None,
) -> Iterator[Row]:
    """The rows of the last attempts of a run that are taken; answers with parse errors are context only. With `rendering` an attempt
    without captured tokens is rendered from what was said. Raises as `read_run`, `read_calls` and `read_trajectory`."""
    info, records = read_run(folder, scoring)
    instructions = Instructions(folder, info)
    for record in records:
        rows = attempt_rows(folder, record)
        if not rows:
            said = None if rendering is None else read_trajectory(folder, info, record, instructions.of(record))
            if said is None or rendering is None:
                gathered.without("uncaptured")
            else:
                rows = _rendered(said, rendering, gathered)
        taken = selection.chosen(rows, record.outcome, record.score, opaque=record.opaque)
        yield from gathered.took(record.bundle_id, record.task, record.template, taken, record.score)


def attempt_rows(folder: Path, record: EpisodeRecord, *, parse_errors: bool = False) -> tuple[Row, ...]:
    """The rows of one attempt of a run; none if no call was captured. Without `parse_errors` answers that have one are context only.
    Raises as `read_calls`."""
    try:
        calls = read_calls(folder / FOLDERS / record.key / CAPTURE)
    except FileNotFoundError:
        return ()
    return rows_of(sampled_calls(calls, parse_errors=parse_errors), record.key, record.bundle_id)


def lesson_rows(
    bundles: Iterable[Bundle], template: Template, settings: LoopSettings, selection: RowSelection, gathered: Gathered
) -> Iterator[Row]:
    """The rows of what the oracles of bundles teach."""
    for bundle in bundles:
        manifest = bundle.manifest
        try:
            taught = asyncio.run(lesson(bundle, template, settings))
        except Unteachable as why:
            gathered.without("unteachable", str(why))
            continue
        taken = selection.chosen(rows_of(taught.calls, manifest.id, manifest.template), opaque=bool(manifest.imported))
        yield from gathered.took(manifest.id, manifest.task, manifest.template, taken)


def file_rows(path: Path, rendering: Rendering, selection: RowSelection, gathered: Gathered) -> Iterator[Row]:
    """The rows of a file: of rows, or of trajectories as clawc, chat formats or ATIF have them. The outcome of a trajectory that has none is
    that somebody kept it. Raises RuntimeFault R0901 to R0904, and R0991."""
    kind = _kind(path)
    if kind == "rows":
        for row in read_rows(path):
            yield from gathered.took(row.group_id, row.group_id, "", selection.chosen([row]))
        return
    for record in _records(path, kind):
        rows = _rendered(record, rendering, gathered)
        taken = selection.chosen(rows, record.outcome or "ok", record.score)
        yield from gathered.took(record.bundle_id or record.id, record.task or record.id, "", taken, record.score)


def _rendered(record: TrajectoryRecord, rendering: Rendering, gathered: Gathered) -> tuple[Row, ...]:
    try:
        return rendered_rows(record, rendering.template, rendering.tools)
    except Unrenderable as why:
        gathered.without("unrenderable", str(why))
        return ()


def _kind(path: Path) -> FileKind:
    """What the first object of a file says."""
    if path.suffix == ".json":
        return "atif"
    stored = open_file(path)
    with stored.file:
        for line in each_record(stored):
            if line.has("input_ids"):
                return "rows"
            return "jsonl" if line.has("format_version") else "chat"
    return "jsonl"


def _records(path: Path, kind: FileKind) -> Iterator[TrajectoryRecord]:
    stored = open_file(path)
    with stored.file:
        if kind == "atif":
            yield record_of_atif(parsed(read_whole(stored), stored.name))
        elif kind == "chat":
            yield from read_chat(stored)
        else:
            yield from read_records(stored)
