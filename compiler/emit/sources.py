"""What a bundle was compiled from, laid into the bundle: compiling it again gives the same bundle.

Paths do not tell where in a project the source stands: folders above it go by one name.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Mapping

from clawc.compiler.assets import RecordedAssets
from clawc.compiler.model import Task
from clawc.compiler.paths import path_problem
from clawc.spec.bundle import JOBS, SOURCE, WORKSPACE, SourceIndex

_ABOVE = "task"


def source_files(
    task: Task, assets: RecordedAssets, files: Mapping[str, bytes]
) -> tuple[SourceIndex, dict[str, bytes]]:
    """The index, and the files by path in the bundle that are not among its `files` already."""
    name = posixpath.basename(task.source.path)
    read = {name: (task.source.text.encode("utf-8", "surrogatepass"), False), **assets.files}
    above = _above([*read, *assets.folders])
    placed = {posixpath.normpath(posixpath.join(above, path)): given for path, given in read.items()}
    at = {files[p]: p for p in sorted(files, reverse=True) if p.startswith((f"{WORKSPACE}/", f"{JOBS}/"))}
    main = posixpath.join(above, name)
    kept: dict[str, bytes] = {}
    where: dict[str, str] = {}
    for path, (data, _) in sorted(placed.items()):
        if path == main or data not in at:
            at[data] = f"{SOURCE}/{_stored(path, data)}"
            kept[at[data]] = data
        where[path] = at[data]
    index = SourceIndex(
        main=main, seed=task.seed if task.drawn else 0, files=where,
        programs=tuple(p for p, (_, runs) in sorted(placed.items()) if runs),
        folders=tuple(sorted(posixpath.normpath(posixpath.join(above, f)) for f in assets.folders)),
    )  # fmt: skip
    return index, kept


def _above(paths: Iterable[str]) -> str:
    """The folder of the main source, seen from the folder that holds all: as many levels as a path leads up."""
    parts = [path.split("/") for path in paths]
    levels = max((p.count("..") for p in parts), default=0)
    name = _ABOVE
    while any(name in p for p in parts):
        name += "_"
    return "/".join([name] * levels)


def _stored(path: str, data: bytes) -> str:
    """The path below `private/source`; that of a file whose name not every system can hold is a digest."""
    return path if not path_problem(path) else f"sha256-{hashlib.sha256(data).hexdigest()}"
