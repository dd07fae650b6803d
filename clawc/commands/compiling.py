"""From sources to bundles on disk: each is compiled in a child within bounds, and appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from clawc import exits
from clawc.commands.checking import MAX_JOBS, overrun
from clawc.commands.processors import processors
from clawc.commands.sources import check_file
from clawc.compiler.finding import Finding, restored
from clawc.compiler.pipeline import Compiled, build, write
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.sandbox.bounds import Bounds
from clawc.spec.bundle import MANIFEST, Manifest

BOUNDS = Bounds()


class Built(NamedTuple):
    """What was found in all sources, and the manifests of their bundles: none when something is an error."""

    found: list[Finding]
    manifests: list[Manifest]


def build_sources(sources: Sequence[Path], out: Path) -> Built:
    """Compiles all sources into `out`, one folder a task; an older bundle of the same task is replaced. Raises UserError."""
    import_module("clawc.compiler.emit.bundle")  # before children are forked, so that they share it
    staging = _staging(out)
    try:
        items = [(str(path), str(staging / str(number))) for number, path in enumerate(sources)]
        found: list[Finding] = []
        tasks: list[tuple[str, Path]] = []
        for (shown, folder), reply in zip(
            items, bounded(_build_one, items, jobs=min(processors(), MAX_JOBS), bounds=BOUNDS)
        ):
            if isinstance(reply, Overrun):
                found.append(overrun(shown, reply, BOUNDS))
                continue
            if "refused" in reply:
                raise UserError(*reply["refused"])
            found += [restored(f) for f in reply["found"]]
            tasks += [(str(name), Path(folder) / str(name)) for name in reply["tasks"]]
        if any(f.severity == "error" for f in found):
            return Built(found, [])
        _unique([name for name, _ in tasks])
        return Built(found, [_place(staged, out / name) for name, staged in tasks])
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            out.rmdir()  # one that holds nothing was made for nothing


def build_all(tasks: Sequence[Compiled], out: Path) -> list[Manifest]:
    """Bundles of tasks that were checked in this process; as `build_sources`."""
    _unique([t.task.name for t in tasks])
    staging = _staging(out)
    try:
        for compiled in tasks:
            write(build(compiled), staging / compiled.task.name)
        return [_place(staging / t.task.name, out / t.task.name) for t in tasks]
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            out.rmdir()  # one that holds nothing was made for nothing


def _build_one(item: tuple[str, str]) -> dict[str, Any]:
    """In a child: checks a source, and writes the bundles of a sound one below a folder."""
    from clawc.compiler.finding import finding

    shown, folder = item
    try:
        checked = check_file(Path(shown))
        if checked.ok:
            for compiled in checked.tasks:
                write(build(compiled), Path(folder) / compiled.task.name)
    except UserError as error:
        return {"refused": [error.message, error.help, error.code]}
    except OSError as error:
        return {
            "refused": [
                f"the bundle of `{shown}` cannot be written: {error.strerror}",
                "nothing was changed",
                exits.ENVIRONMENT,
            ]
        }
    tasks = [c.task.name for c in checked.tasks] if checked.ok else []
    return {"found": [finding(d).stored() for d in checked.diagnostics], "tasks": tasks}


def _unique(names: list[str]) -> None:
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise UserError(f"two tasks are called `{twice}`", "build them into different folders")


def _staging(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".building-", dir=out))
    except OSError as error:
        raise UserError(f"`{out}` cannot be written: {error.strerror}", "nothing was changed",
                        exits.ENVIRONMENT) from error  # fmt: skip


def _place(staged: Path, target: Path) -> Manifest:
    """Moves a bundle to where it belongs."""
    if target.exists() and not (target / MANIFEST).is_file():
        raise UserError(f"`{target}` exists and is no bundle", "choose another folder by `--out`, or remove it")
    try:
        os.chmod(staged, 0o755)
        if target.exists():
            os.rename(target, staged.with_name(f"{staged.name}.old"))
        os.rename(staged, target)
        return Manifest.model_validate_json((target / MANIFEST).read_bytes())
    except OSError as error:
        raise UserError(f"`{target}` cannot be written: {error.strerror}", "the bundles before it are complete",
                        exits.ENVIRONMENT) from error  # fmt: skip
