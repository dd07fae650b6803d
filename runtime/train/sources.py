"""Rows out of runs, whose calls were captured, and out of bundles, whose oracle teaches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.engine.local.template import Template
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.harness.loop.settings import LoopSettings
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.store.run_folder import FOLDERS, read_run
from clawc.runtime.train.filters import RowSelection
from clawc.runtime.train.rows import Row, rows_of, sampled_calls
from clawc.runtime.train.teacher import Unteachable, lesson


@dataclass(slots=True)
class Without:
    """Episodes and bundles that gave no row, by why: `uncaptured` has no calls with tokens, `unteachable` no lesson; the reasons for the
    latter are counted, too."""

    counts: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])


def run_rows(folder: Path, selection: RowSelection, without: Without, scoring: str = "latest") -> Iterator[Row]:
    """The rows of the last attempts of a run that are taken; answers with parse errors are context only. Raises as `read_run` and
    `read_calls`."""
    _, records = read_run(folder, scoring)
    for record in records:
        rows = attempt_rows(folder, record)
        if not rows:
            without.counts["uncaptured"] += 1
        yield from selection.chosen(rows, record.outcome, record.score, opaque=record.opaque)


def attempt_rows(folder: Path, record: EpisodeRecord, *, parse_errors: bool = False) -> tuple[Row, ...]:
    """The rows of one attempt of a run; none if no call was captured. Without `parse_errors` answers that have one are context only.
    Raises as `read_calls`."""
    try:
        calls = read_calls(folder / FOLDERS / record.key / CAPTURE)
    except FileNotFoundError:
        return ()
    return rows_of(sampled_calls(calls, parse_errors=parse_errors), record.key, record.bundle_id)


def lesson_rows(
    bundles: Iterable[Bundle], template: Template, settings: LoopSettings, selection: RowSelection, without: Without
) -> Iterator[Row]:
    """The rows of what the oracles of bundles teach."""
    for bundle in bundles:
        try:
            taught = asyncio.run(lesson(bundle, template, settings))
        except Unteachable as why:
            without.counts["unteachable"] += 1
            without.reasons[str(why)] += 1
            continue
        yield from selection.chosen(
            rows_of(taught.calls, bundle.manifest.id, bundle.manifest.template), opaque=bool(bundle.manifest.imported)
        )
