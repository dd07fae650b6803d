"""`clawc build --target`: bundles in the format of another ecosystem, with a report of what that cannot honour."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from clawc import __version__, exits
from clawc.commands.bundles import bundles_at, bundles_of
from clawc.commands.compiling import Lot
from clawc.commands.faults import stopping, user_errors
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.compiler.targets.export import EXPORT_FORMAT_VERSION, BundleParts, Export, ExportOptions, Weakness
from clawc.compiler.targets.table import TARGETS
from clawc.exits import UserError
from clawc.runtime.runners.parts import parts_of
from clawc.runtime.runners.processes import write_export

REPORT = "export.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
# Targets whose files say which image a task runs in.
_WITH_IMAGE = ("harbor", "inspect", "verifiers", "openenv")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,299}\Z")


class TargetOptions(NamedTuple):
    """`target` names the format, `name` the collection of tasks, `image` a container image that has what they need."""

    target: str
    name: str | None
    image: str
    format: str


def export_command(paths: Sequence[Path], out: Path, options: TargetOptions, lot: Lot) -> int:
    """Writes the export of all tasks into the folder `out`, whole or not at all; an older export is replaced, and what
    frameworks have left beside its files is kept."""
    require_format(options.format)
    if options.target not in TARGETS:
        raise UserError(f"unknown target `{clean(options.target)}`", f"targets are {', '.join(TARGETS)}")
    name = options.name or _name_of(out)
    if not _NAME.match(name):
        raise UserError(
            f"`{clean(name)}` is no name for an export", "give one of letters, digits, `_` and `-` by `--name`"
        )
    if options.image and options.target not in _WITH_IMAGE:
        raise UserError(
            f"an export to {options.target} names no image", f"leave `--image` out; it is for {', '.join(_WITH_IMAGE)}"
        )
    if options.image and not _IMAGE.match(options.image):
        raise UserError(f"`{clean(options.image)}` is no name of an image", "it looks like `ghcr.io/group/name:tag`")
    if (lot.many is not None or lot.seed) and all(bundles_at(path) for path in paths):
        raise UserError(
            "`-n` and `--seed` are for sources, and these are bundles", "leave them out, or give the sources"
        )
    place = Path(os.path.realpath(out))
    older = _entries(place, out)
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-export-") as scratch:
        tasks = [parts_of(bundle) for bundle in bundles_of(paths, Path(scratch), lot=lot)]
        _require_distinct(tasks)
        export = TARGETS[options.target].make(tasks, ExportOptions(name, options.image))
        document = _report(options, name, tasks, export)
        _write(export, document, place, out, older)
    if options.format == "json":
        sys.stdout.write(_json(document))
    else:
        sys.stdout.write(_text(export, tasks, options.target, out))
    return exits.OK


def _name_of(out: Path) -> str:
    """The name of a collection, from that of its folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", out.absolute().name).strip("-_") or "tasks"


def _require_distinct(tasks: Sequence[BundleParts]) -> None:
    names = [task.manifest.task for task in tasks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"two tasks are called `{twice}`", "export them into different folders")


def _entries(place: Path, out: Path) -> frozenset[str]:
    """The names in the folder `place` that an older export has there. Raises UserError if something else is there."""
    if place == Path.cwd() or place in Path.cwd().parents:
        raise UserError(
            f"`{out}` is the folder that you are in, or above it", "go elsewhere, or choose another by `--out`"
        )
    if not os.path.lexists(place):
        return frozenset()
    with suppress(OSError, ValueError, TypeError, KeyError):
        if place.is_dir():
            if not any(place.iterdir()):
                return frozenset()
            older = json.loads((place / REPORT).read_bytes())
            if older["clawc_export"] == EXPORT_FORMAT_VERSION:
                return frozenset(map(str, older["entries"]))
    raise UserError(f"`{out}` is there, and no export of clawc", "choose another folder by `--out`, or remove it")


def _report(options: TargetOptions, name: str, tasks: Sequence[BundleParts], export: Export) -> dict[str, Any]:
    """What stands in `export.json`."""
    weak: dict[str, list[Weakness]] = {task.manifest.task: [] for task in tasks}
    for one in export.weak:
        weak[one.task].append(one)
    return {
        "clawc_export": EXPORT_FORMAT_VERSION,
        "target": options.target,
        "format": TARGETS[options.target].title,
        "name": name,
        "image": options.image or None,
        "compiler": __version__,
        "run": export.run or None,
        "entries": _top(export),
        "tasks": [
            {
                "task": task.manifest.task,
                "bundle": task.manifest.id,
                "weak": [
                    {"feature": one.feature, "level": one.level, "text": one.text} for one in weak[task.manifest.task]
                ],
            }
            for task in tasks
        ],
    }


def _top(export: Export) -> list[str]:
    """What stands in the folder of an export itself."""
    return sorted({REPORT, *(path.partition("/")[0] for path in export.files)})


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _write(export: Export, document: dict[str, Any], place: Path, out: Path, older: Collection[str]) -> None:
    """All files in a folder beside `place`, which then takes its place. Raises UserError, which calls it `out`."""
    staged = place.parent / f".exporting-{secrets.token_hex(4)}"
    try:
        staged.mkdir(parents=True)
        write_export(export.files, staged)
        (staged / REPORT).write_text(_json(document), encoding="utf-8")
        if place.is_dir():
            _replace(place, staged, older, out)
        else:
            os.rename(staged, place)
    except OSError as error:
        raise UserError(
            f"`{out}` cannot be written: {error.strerror}", "nothing was changed", exits.ENVIRONMENT
        ) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _replace(place: Path, staged: Path, older: Collection[str], out: Path) -> None:
    """`staged` takes the place of an older export, with what else stands there, as results of a framework. Raises UserError
    and OSError; `place` is then as it was."""
    kept = sorted(entry.name for entry in place.iterdir() if entry.name not in older)
    for name in kept:
        if os.path.lexists(staged / name):
            raise UserError(f"`{out / name}` is in the way, and no part of the older export", "move it elsewhere")
    old = staged.with_name(f"{staged.name}.old")
    os.rename(place, old)
    try:
        for name in kept:
            os.rename(old / name, staged / name)
        os.rename(staged, place)
    except BaseException:
        for name in kept:
            if os.path.lexists(staged / name):
                os.rename(staged / name, old / name)
        if not os.path.lexists(place):
            os.rename(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _text(export: Export, tasks: Sequence[BundleParts], target: str, out: Path) -> str:
    """Lines for the export, and one for each thing that is weak, with how many tasks it is about."""
    noun = "task" if len(tasks) == 1 else "tasks"
    lines = [f"{out}  {TARGETS[target].title}, {len(tasks)} {noun}"]
    if export.run:
        lines.append(f"  next, in that folder: {export.run}")
    by_feature: dict[tuple[str, str], list[Weakness]] = {}
    for one in export.weak:
        by_feature.setdefault((one.level, one.feature), []).append(one)
    for (level, feature), found in by_feature.items():
        names = sorted({one.task for one in found})
        whose = "all tasks" if len(names) == len(tasks) else ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        more = f"; others differ, see {REPORT}" if len({one.text for one in found}) > 1 else ""
        lines.append(f"  {level}: {feature} ({whose}): {clean(found[0].text)}{more}")
    return "\n".join(lines) + "\n"
