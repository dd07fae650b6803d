"""`clawc diff`: what a change of tasks means for scores and hashes. Sources are compiled as `clawc build` does; nothing runs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.compiling import Lot, build_sources
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.past import lay_revision
from clawc.commands.sources import find_sources, require_format
from clawc.compiler.report import as_text
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.runtime.task_changes import TaskChange

FORMATS = ("text", "json", "markdown", "github")
# Tasks whose differences are shown in detail.
_DETAILED = 200


def diff_command(before: str, after: str, format: str, seed: int, out: Path | None) -> int:
    """Compares two versions; exit 1 where they mean something else."""
    require_format(format, FORMATS)
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-diff-") as scratch:
        old, new = (_side(text, Path(scratch) / name, seed) for text, name in ((before, "a"), (after, "b")))
        changes = compared(old, new)
    put(_written(before, after, changes, format), out)
    return exits.FINDINGS if any(change.meaning for change in changes) else exits.OK


def compared(old: Mapping[str, Bundle], new: Mapping[str, Bundle]) -> list[TaskChange]:
    """All tasks of both, by name; renamed ones are found by what they are."""
    from clawc.runtime.task_changes import brief, compare, only_one

    pairs = {name: name for name in old if name in new} | _renamed(old, new)
    found: list[TaskChange] = []
    for name, was in pairs.items():
        change = compare(old[was], new[name])
        found.append(change if len(found) < _DETAILED else brief(change))
    found += [only_one(bundle, added=False) for name, bundle in old.items() if name not in pairs.values()]
    found += [only_one(bundle, added=True) for name, bundle in new.items() if name not in pairs]
    return sorted(found, key=lambda change: change.task)


def _renamed(old: Mapping[str, Bundle], new: Mapping[str, Bundle]) -> dict[str, str]:
    """The names before, by those after, of tasks that only their name parts."""
    from clawc.runtime.task_changes import likeness

    gone = {name: bundle for name, bundle in old.items() if name not in new}
    come = {name: bundle for name, bundle in new.items() if name not in old}
    if len(old) == len(new) == len(gone) == 1:
        return dict(zip(come, gone))
    if not gone or not come:
        return {}
    found: dict[str, str] = {}
    marks = {name: likeness(bundle) for name, bundle in (gone | come).items()}
    for place in (0, 1):
        left_old = [name for name in gone if name not in found.values()]
        left_new = [name for name in come if name not in found]
        by_mark: dict[str, list[str]] = {}
        for name in left_old:
            by_mark.setdefault(marks[name][place], []).append(name)
        new_marks = [marks[name][place] for name in left_new]
        for name, mark in zip(left_new, new_marks):
            if len(by_mark.get(mark, [])) == 1 and new_marks.count(mark) == 1:
                found[name] = by_mark[mark][0]
    return found


def _side(text: str, scratch: Path, seed: int) -> dict[str, Bundle]:
    """The bundles of one version, by task. What is there goes before a revision of the same spelling."""
    scratch.mkdir()
    if os.path.lexists(text):
        return _bundles(Path(text), scratch / "built", seed, str)
    ref, colon, path = text.partition(":")
    if not colon:
        raise UserError(f"there is no file `{text}`", "write a path, or `REF:PATH` for a revision of git")
    source = lay_revision(ref, path, Path.cwd(), scratch / "past")

    def shown(found: str) -> str:
        return f"{ref}:{os.path.relpath(found, scratch / 'past')}"

    return _bundles(source, scratch / "built", seed, shown)


def _bundles(path: Path, out: Path, seed: int, shown: Callable[[str], str]) -> dict[str, Bundle]:
    from clawc.runtime.bundle import load

    given = bundles_at(path)
    if given:
        loaded = [load(each) for each in given]
        by_name = {bundle.manifest.task: bundle for bundle in loaded}
        if len(by_name) < len(loaded):
            raise UserError(f"`{path}` has two bundles of one task", "give one for each task")
        return by_name
    built = build_sources(find_sources([path]), out, lot=Lot(seed))
    wrong = [replace(f, path=shown(f.path)) for f in built.found if f.severity == "error"]
    if wrong:
        sys.stderr.write(as_text(wrong))
        raise UserError(f"`{shown(str(path))}` has mistakes, so there is nothing to compare")
    return {manifest.task: load(out / manifest.task) for manifest in built.manifests}


def _written(before: str, after: str, changes: list[TaskChange], format: str) -> str:
    if format == "json":
        document = {
            "format_version": 1,
            "before": before,
            "after": after,
            "meaning": any(change.meaning for change in changes),
            "tasks": [change.model_dump(mode="json", exclude_defaults=True) for change in changes],
        }
        return json.dumps(document, indent=2, sort_keys=True) + "\n"
    from clawc.commands import diff_text

    if format == "github":
        return diff_text.as_github(changes)
    return diff_text.as_markdown(changes) if format == "markdown" else diff_text.as_text(changes)
