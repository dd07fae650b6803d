"""Samples of a set for people to read: tasks over all categories, and drafts that were not taken over all reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from importlib import resources
from pathlib import Path
from typing import TypeVar

import jinja2

from clawc.runtime.synth.authoring.drafts import DraftRecord
from clawc.runtime.synth.export import read_jsonl
from clawc.runtime.synth.rows import SPLITS, TaskFile, TaskRow
from clawc.stdlib.archetypes.draw import Draw

_TEMPLATE = "review.html.j2"
_SHOWN_FILE, _SHOWN_FILES = 2_000, 12
T = TypeVar("T")


def read_rows(folder: Path) -> list[TaskRow]:
    """The tasks of a set that was written as JSONL; none where there is no such file. Raises OSError, and ValueError for what is no row."""
    paths = [folder / "jsonl" / f"{split}.jsonl" for split in SPLITS]
    return [row for path in paths if path.is_file() for row in read_jsonl(path)]


def sample_rows(rows: Sequence[TaskRow], count: int, seed: int) -> list[TaskRow]:
    """So many of them, in turns from each category and provider."""
    return _in_turns(rows, lambda row: (row.category, row.archetype), count, Draw("review", seed))


def sample_drafts(records: Sequence[DraftRecord], count: int, seed: int) -> list[DraftRecord]:
    """So many of them, in turns from each stage and reason."""
    return _in_turns(records, lambda each: (each.stage, each.why), count, Draw("review of dropped", seed))


def page(name: str, rows: Sequence[TaskRow], records: Sequence[DraftRecord], all_rows: int, all_records: int) -> str:
    """One page without scripts, in which everything of a task is escaped."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["told"] = _told
    text = (resources.files("clawc.runtime.synth.authoring") / _TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text).render(
        name=name, rows=rows, records=records, all_rows=all_rows, all_records=all_records, most=_SHOWN_FILES
    )  # fmt: skip


def _in_turns(some: Sequence[T], kind: Callable[[T], Hashable], count: int, draw: Draw) -> list[T]:
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for each in draw.shuffled(some):
        groups[kind(each)].append(each)
    found: list[T] = []
    left = draw.shuffled(sorted(groups.values(), key=len))
    while left and len(found) < count:
        for group in left:
            if len(found) < count:
                found.append(group.pop())
        left = [group for group in left if group]
    return found


def _told(file: TaskFile) -> str:
    try:
        text = file.bytes.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(file.bytes)} bytes that are no text)"
    return (
        text if len(text) <= _SHOWN_FILE else f"{text[:_SHOWN_FILE]}\n(and {len(text) - _SHOWN_FILE} characters more)"
    )
