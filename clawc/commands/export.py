"""`clawc build --target`: bundles in the format of another ecosystem, with a report of what that cannot honour."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from clawc import __version__, exits
from clawc.commands.bundles import bundles_of
from clawc.commands.compiling import Lot
from clawc.commands.faults import stopping, user_errors
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.compiler.targets.export import EXPORT_FORMAT_VERSION, BundleParts, Export, ExportOptions, Weakness
from clawc.compiler.targets.table import TARGETS
from clawc.exits import UserError
from clawc.runtime.runners.parts import parts_of

REPORT = "export.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
_MARK = '"clawc_export"'


class TargetOptions(NamedTuple):
    """`target` names the format, `name` the collection of tasks, `image` a container image that has what they need."""

    target: str
    name: str | None
    image: str
    format: str


def export_command(paths: Sequence[Path], out: Path, options: TargetOptions, lot: Lot) -> int:
    """Writes the export of all tasks into the folder `out`, whole or not at all; an older export is replaced."""
    require_format(options.format)
    if options.target not in TARGETS:
        raise UserError(f"unknown target `{clean(options.target)}`", f"targets are {', '.join(TARGETS)}")
    name = options.name or _name_of(out)
    if not _NAME.match(name):
        raise UserError(
            f"`{clean(name)}` is no name for an export", "give one of letters, digits, `_` and `-` by `--name`"
        )
    _require_replaceable(out)
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-export-") as scratch:
        tasks = [parts_of(bundle) for bundle in bundles_of(paths, Path(scratch), lot=lot)]
        _require_distinct(tasks)
        export = TARGETS[options.target].make(tasks, ExportOptions(name, options.image))
        document = _report(options, name, tasks, export)
        _write(export, document, out)
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


def _require_replaceable(out: Path) -> None:
    """Nothing that is no export of ours is overwritten."""
    if not os.path.lexists(out):
        return
    with suppress(OSError):
        if out.is_dir() and (not any(out.iterdir()) or _MARK in (out / REPORT).read_text("utf-8", "replace")[:200]):
            return
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
        "compiler": __version__,
        "run": export.run,
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


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _write(export: Export, document: dict[str, Any], out: Path) -> None:
    """All files in a folder beside the target, which then takes its place. Raises UserError."""
    staged = out.absolute().parent / f".exporting-{secrets.token_hex(4)}"
    old = staged.with_name(f"{staged.name}.old")
    try:
        staged.mkdir(parents=True)
        for path, file in {**export.files}.items():
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.data)
            target.chmod(file.mode)
        (staged / REPORT).write_text(_json(document), encoding="utf-8")
        if out.exists():
            os.rename(out, old)
        os.rename(staged, out)
    except OSError as error:
        raise UserError(
            f"`{out}` cannot be written: {error.strerror}", "nothing was changed", exits.ENVIRONMENT
        ) from error
    finally:
        for folder in (staged, old):
            shutil.rmtree(folder, ignore_errors=True)


def _text(export: Export, tasks: Sequence[BundleParts], target: str, out: Path) -> str:
    """A line for the export, and one for each thing that is weak, with how many tasks it is about."""
    noun = "task" if len(tasks) == 1 else "tasks"
    lines = [f"{out}  {TARGETS[target].title}, {len(tasks)} {noun}; play it there by: {export.run}"]
    by_feature: dict[tuple[str, str], list[Weakness]] = {}
    for one in export.weak:
        by_feature.setdefault((one.level, one.feature), []).append(one)
    for (level, feature), found in by_feature.items():
        names = sorted({one.task for one in found})
        whose = "all tasks" if len(names) == len(tasks) else ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        lines.append(f"  {level}: {feature} ({whose}): {clean(found[0].text)}")
    return "\n".join(lines) + "\n"
